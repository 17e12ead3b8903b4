"""A store on a disk that is full or read-only: a clear message, and what was there still is."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fetch.toy import toy
from tests.support.faulty_server import FaultyServer, sends
from tests.support.machine import require_mounts

CHECKOUT = Path(__file__).resolve().parents[2]
OLD = toy("2018-10-12")
NEW = toy("2018-10-13")

CHILD = """
import sys
from pathlib import Path
from blockc.errors import OutputError
from blockc.fetch.lock import read_lock
from blockc.fetch.locked import locked_sources
from blockc.fetch.update.tools import UpdateOptions
from blockc.fetch.update.update import commit, update
from tests.fetch.toy import source, tools

root, url, verb = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
own, path, wanted = tools(root / "store"), root / "blockc.lock", source(url)
try:
    if verb == "use":
        found = locked_sources(own, read_lock(path), {"toy": wanted}, ["toy"], offline=True)
        print(found["toy"].snapshot.facts.date)
    else:
        wish = UpdateOptions(dry_run=verb == "try", offline=verb == "offline")
        done = update(own, [wanted], read_lock(path), wish)
        if verb == "update":
            commit(own.root, path, done)
        print(done.outcomes[0].result)
except OutputError as error:
    print(error)
    sys.exit(error.exit_code)
"""

# One tmpfs in a mount namespace of its own: it goes when the shell ends.
SHELL = """
set -eu
mount -t tmpfs -o size=256k tmpfs "$DISK"
run() { code=0; "$PYTHON" -c "$CHILD" "$DISK" "$URL" "$1" || code=$?; echo "code $code"; }
"""


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer().running() as running:
        yield running


def in_small_disk(disk: Path, url: str, then: str) -> list[str]:
    """Run the shell commands `then` beside a disk of 256 KiB and return the lines they print."""
    require_mounts()
    disk.mkdir()
    environment = {"DISK": str(disk), "PYTHON": sys.executable, "CHILD": CHILD, "URL": url}
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", SHELL + then],
        cwd=CHECKOUT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.real
def test_a_full_disk_keeps_what_is_stored_and_says_so(server: FaultyServer, tmp_path: Path) -> None:
    url = server.plan("/x", sends(OLD), sends(NEW))
    first, _, message, code, kept, _, left, again, *_ = in_small_disk(
        tmp_path / "disk",
        url,
        """
        run update
        cat /dev/zero > "$DISK/ballast" 2>/dev/null || true
        run update
        run use
        find "$DISK/store" -name ".new-*" | wc -l
        rm "$DISK/ballast"
        run update
        """,
    )
    assert first == "new"
    assert message.startswith(f"{tmp_path}/disk/store/raw/")
    assert "no space left on device; free some space; what was stored before is unt" in message
    assert code == "code 2"
    assert (kept, left, again) == ("2018-10-12", "0", "new")


@pytest.mark.real
def test_a_read_only_store_serves_builds_and_says_what_it_cannot(
    server: FaultyServer, tmp_path: Path
) -> None:
    url = server.plan("/x", sends(OLD), sends(NEW))
    lines = in_small_disk(
        tmp_path / "disk",
        url,
        """
        run update
        mount -o remount,ro "$DISK"
        run update
        run try
        run offline
        run use
        """,
    )
    assert lines[:2] == ["new", "code 0"]
    assert "read-only file system; name a store that can be written with --store or" in lines[2]
    assert lines[3:] == [
        "code 2", "new", "code 0", "kept", "code 0", "2018-10-12", "code 0",
    ]  # fmt: skip
