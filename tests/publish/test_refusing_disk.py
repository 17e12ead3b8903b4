"""A disk that is full, read-only or not ours: a clear message, and the old files stay."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from blockc.errors import OutputError
from blockc.publish.generations import publish
from tests.support.machine import require_mounts, require_program

CHECKOUT = Path(__file__).resolve().parents[2]
OLD = {"a": b"old", "b/c": b"x" * 5000}

CHILD = """
import sys
from pathlib import Path
from blockc.errors import OutputError
from blockc.errors import OutputError
from blockc.publish.generations import publish
folder, size = Path(sys.argv[1]), int(sys.argv[2])
try:
    publish(folder, {"a": b"new", "b/c": b"y" * size})
except OutputError as error:
    print(error)
    sys.exit(error.exit_code)
"""

# One tmpfs in a mount namespace of its own: it goes when the shell ends.
SHELL = """
set -eu
mount -t tmpfs -o size=128k tmpfs "$1"
"$2" -c "$3" "$1/dist" 5000
"""


def in_small_disk(disk: Path, then: str) -> subprocess.CompletedProcess[str]:
    """Publish once onto a disk of 128 KiB, then run the shell commands `then` beside it."""
    disk.mkdir()
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", SHELL + then, "sh", disk, sys.executable, CHILD],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.real
@pytest.mark.parametrize("size", [60_000, 200_000, 5_000_000])
def test_a_full_disk_keeps_the_old_files_and_says_so(tmp_path: Path, size: int) -> None:
    require_mounts()
    fill = "" if size > 100_000 else 'head -c 80000 /dev/zero > "$1/ballast";'
    done = in_small_disk(
        tmp_path / "disk",
        f"""
        {fill} code=0; "$2" -c "$3" "$1/dist" {size} || code=$?
        echo "code $code"; cat "$1/dist/a"; echo; wc -c < "$1/dist/b/c"
        ls -A "$1/dist/.generations"
        rm -f "$1/ballast"; "$2" -c "$3" "$1/dist" 4000; cat "$1/dist/a"
        """,
    )
    message, code, *rest = done.stdout.splitlines()
    assert message.startswith(str(tmp_path / "disk")), done
    assert "no space left on device; free some space; what was published before" in message
    assert code == "code 2"
    assert rest[:2] == ["new", "5000"]
    assert ".new" not in rest
    assert rest[-1] == "new"
    assert done.returncode == 0


@pytest.mark.real
def test_a_read_only_disk_keeps_the_old_files_and_says_so(tmp_path: Path) -> None:
    require_mounts()
    done = in_small_disk(
        tmp_path / "disk",
        """
        mount -o remount,ro "$1"
        code=0; "$2" -c "$3" "$1/dist" 4000 || code=$?
        echo "code $code"; wc -c < "$1/dist/b/c"
        """,
    )
    message, code, size = done.stdout.splitlines()
    assert "read-only file system; publish into a file system that is mounted writable" in message
    assert (code, size) == ("code 2", "5000")


def test_a_folder_without_permission_keeps_the_old_files_and_says_so(tmp_path: Path) -> None:
    """Root may write anywhere, so root gives that privilege up for this."""
    publish(tmp_path / "dist", OLD)
    drop = "-dac_override,-dac_read_search"
    humble = [require_program("setpriv"), "--bounding-set", drop, "--inh-caps", drop]
    child = [sys.executable, "-c", CHILD, str(tmp_path / "dist"), "4000"]
    (tmp_path / "dist").chmod(0o555)
    (tmp_path / "dist" / ".generations").chmod(0o555)
    done = subprocess.run(
        [*(humble if os.geteuid() == 0 else []), *child],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    (tmp_path / "dist").chmod(0o755)

    assert "permission denied; change the permissions" in done.stdout, done
    assert done.returncode == 2
    assert (tmp_path / "dist" / "a").read_bytes() == b"old"


@pytest.mark.real
def test_what_was_published_on_a_read_only_disk_can_be_read_and_not_be_taken_back(
    tmp_path: Path,
) -> None:
    require_mounts()
    done = in_small_disk(
        tmp_path / "disk",
        """
        "$2" -c "$3" "$1/dist" 4000
        mount -o remount,ro "$1"
        for words in generations history "history verify" \
            "rollback --by me" "rollback --release --by me"
        do
            code=0; "$2" -m blockc $words -o "$1/dist" 2>&1 || code=$?
            echo "$words: $code"
        done
        cat "$1/dist/a"
        """,
    )
    said = done.stdout
    assert [line for line in said.splitlines() if line.endswith((": 0", ": 2"))] == [
        "generations: 0",
        "history: 0",
        "history verify: 0",
        "rollback --by me: 2",
        "rollback --release --by me: 2",
    ], done
    assert "read-only file system" in said
    assert "2 events" in said
    assert said.endswith("new")


def test_a_folder_in_the_place_of_a_link_is_named_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    publish(folder, {"nginx/a": b"1"})
    (folder / "nginx").unlink()
    (folder / "nginx").mkdir()
    with pytest.raises(OutputError, match="move that folder away") as refused:
        publish(folder, {"nginx/a": b"2"})
    assert str(refused.value.at) == str(folder / "nginx")
