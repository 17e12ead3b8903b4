"""Publishing survives being killed before any system call, and two writers at once."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from blockc.files import publish, rollback

OLD = {"same": b"=", "changed": b"old", "gone/away": b"x"}
NEW = {"same": b"=", "changed": b"new", "deep/er/new": b"y"}

# Runs an action and kills itself before the n-th system call that changes the disk; a write is
# also stopped after half of its bytes. Prints the number of such calls if it comes to the end.
CHILD = """
import os, signal, sys
from pathlib import Path
from blockc.files import publish, rollback

limit, calls = int(sys.argv[2]), 0
CALLS = "open write fsync mkdir rmdir rename replace link symlink unlink remove utime".split()

def stop_at(name, real):
    def call(*arguments, **options):
        global calls
        calls += 1
        if calls == limit:
            if name == "write":
                real(arguments[0], arguments[1][: len(arguments[1]) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **options)
    return call

for name in CALLS:
    setattr(os, name, stop_at(name, getattr(os, name)))
action, folder = sys.argv[1], Path(sys.argv[3])
NEW = {new!r}
publish(folder, NEW) if action == "publish" else rollback(folder)
print(calls)
"""


def child(action: str, limit: int, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CHILD.replace("{new!r}", repr(NEW)), action, str(limit), folder],
        capture_output=True,
        text=True,
        check=False,
    )


def shown(folder: Path) -> dict[str, bytes]:
    """Return what one reader finds who opens the folder once, as a daemon does."""
    top = folder.resolve()
    return {
        path.relative_to(top).as_posix(): path.read_bytes()
        for path in top.rglob("*")
        if path.is_file()
    }


def calls_of(action: str, folder: Path) -> int:
    done = child(action, 0, folder)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def require_killed(action: str, limit: int, folder: Path) -> None:
    done = child(action, limit, folder)
    assert done.returncode == -signal.SIGKILL, (limit, done.stderr)


@pytest.mark.slow
def test_a_publish_killed_before_any_call_leaves_the_old_files_or_the_new(tmp_path: Path) -> None:
    publish(tmp_path / "count", OLD)
    total = calls_of("publish", tmp_path / "count")
    assert total > 25
    outcomes = []
    for limit in range(1, total + 1):
        folder = tmp_path / f"n{limit}" / "dist"
        publish(folder, OLD)
        require_killed("publish", limit, folder)
        found = shown(folder)
        assert found in (OLD, NEW), f"killed before call {limit}: {found}"
        outcomes.append(found == NEW)

        publish(folder, NEW)
        assert shown(folder) == NEW, f"could not go on after call {limit}"
        beside = {entry.name for entry in (folder.parent / ".dist.generations").iterdir()}
        assert len(beside - {".lock", "history"}) == 2, f"leftovers after call {limit}: {beside}"
        rollback(folder)
        assert shown(folder) == OLD, f"could not go back after call {limit}"
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {False, True}


@pytest.mark.slow
@pytest.mark.parametrize("empty", [False, True], ids=["missing", "empty"])
def test_a_first_publish_killed_before_any_call_leaves_nothing_or_everything(
    tmp_path: Path, *, empty: bool
) -> None:
    total = calls_of("publish", tmp_path / "count")
    for limit in range(1, total + 1 + empty):
        folder = tmp_path / f"n{limit}" / "dist"
        folder.parent.mkdir()
        if empty:
            folder.mkdir()
        require_killed("publish", limit, folder)
        found = shown(folder) if folder.exists() else {}
        assert found in ({}, NEW), f"killed before call {limit}: {found}"
        publish(folder, OLD)
        assert shown(folder) == OLD, f"could not go on after call {limit}"


@pytest.mark.slow
def test_a_rollback_killed_before_any_call_leaves_one_of_the_two(tmp_path: Path) -> None:
    def both(folder: Path) -> None:
        publish(folder, NEW)
        publish(folder, OLD)

    both(tmp_path / "count")
    total = calls_of("rollback", tmp_path / "count")
    for limit in range(1, total + 1):
        folder = tmp_path / f"n{limit}" / "dist"
        both(folder)
        require_killed("rollback", limit, folder)
        assert shown(folder) in (OLD, NEW), f"killed before call {limit}"
        publish(folder, OLD)
        assert shown(folder) == OLD


WRITER = """
import sys
from pathlib import Path
from blockc.files import publish
for number in range(25):
    text = f"{sys.argv[2]}-{number}".encode()
    publish(Path(sys.argv[1]), {"a": text, "b/c": text, "same": b"="})
"""


@pytest.mark.slow
def test_two_writers_at_once_never_show_a_mixture(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    publish(folder, {"a": b"", "b/c": b"", "same": b"="})
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(folder), name]) for name in ("x", "y")
    ]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        seen.add(consistent(folder))
    assert [writer.returncode for writer in writers] == [0, 0]
    assert consistent(folder) in (b"x-24", b"y-24")
    assert len(seen) > 2


def consistent(folder: Path) -> bytes:
    """Return the content both files share, read through one open folder."""
    top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        texts = {read(top, "a"), read(top, "b/c")}
    except FileNotFoundError:  # so many publishes later that this generation is gone
        return b""
    finally:
        os.close(top)
    assert len(texts) == 1
    return texts.pop()


def read(top: int, path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY, dir_fd=top)
    with os.fdopen(descriptor, "rb") as file:
        return file.read()
