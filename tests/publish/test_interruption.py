"""Publishing survives being killed before any system call, and two writers at once."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from blockc.errors import OutputError
from blockc.publish.generations import (
    Making,
    append_event,
    history_of,
    publish,
    rollback,
)
from blockc.publish.history import problems
from tests.publish.toy import MADE, NOW

CHECKOUT = Path(__file__).resolve().parents[2]
OLD = {"same": b"=", "changed": b"old", "gone/away": b"x"}
NEW = {"same": b"=", "changed": b"new", "deep/er/new": b"y"}
MANY = {"same": b"=", **{f"zones/{n}": b"%d" % n for n in range(40)}}

# For each number and folder forks a process that does the action there and kills itself before
# the call of that number that changes the disk; a write is also stopped after half of its bytes.
# Prints how each process ended, and with number 0, which is not killed, how many calls it made.
CHILD = """
import os, signal, sys, threading
from pathlib import Path
from blockc.publish.generations import Making, append_event, publish, release, rollback
from tests.publish.toy import MADE, NOW

CALLS = "open write fsync mkdir rmdir rename replace link symlink unlink remove utime".split()
NEW = {new!r}
ACTIONS = {
    "publish": lambda folder: publish(folder, NEW, Making(now=NOW)),
    "publish elsewhere": lambda folder: publish(
        folder, NEW, Making(now=NOW, history=folder.parent / "kept" / "history.jsonl")
    ),
    "publish recorded": lambda folder: publish(folder, NEW, MADE),
    "rollback": lambda folder: rollback(folder, "me", now=NOW),
    "release": lambda folder: release(folder, "me", now=NOW),
    "event": lambda folder: append_event(folder, "refused", {"rule": "max_added"}, NOW),
}
calls = limit = 0
one_by_one = threading.Lock()

def stop_at(name, real):
    def call(*arguments, **options):
        global calls
        with one_by_one:
            calls += 1
            number = calls
        if number == limit:
            if name == "write":
                real(arguments[0], arguments[1][: len(arguments[1]) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **options)
    return call

def act(folder):
    for name in CALLS:
        setattr(os, name, stop_at(name, getattr(os, name)))
    ACTIONS[sys.argv[1]](folder)
    if limit == 0:
        print(calls, flush=True)
    os._exit(0)

for number, folder in zip(sys.argv[2::2], sys.argv[3::2]):
    limit = int(number)
    child = os.fork()
    if child == 0:
        act(Path(folder))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def act(
    action: str, folders: dict[int, Path], new: Mapping[str, bytes] = MappingProxyType(NEW)
) -> list[int]:
    """Return what the child prints for the action in each folder, stopped at its number."""
    pairs = [str(word) for pair in folders.items() for word in pair]
    done = subprocess.run(
        [sys.executable, "-c", CHILD.replace("{new!r}", repr(dict(new))), action, *pairs],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [int(line) for line in done.stdout.split()]


def killed_everywhere(action: str, prepare: Callable[[Path], None], top: Path) -> dict[int, Path]:
    """Return number -> a prepared folder in which the action was killed before that call."""
    prepare(top / "n0" / "dist")
    total, code = act(action, {0: top / "n0" / "dist"})
    assert code == 0
    folders = {number: top / f"n{number}" / "dist" for number in range(1, total + 1)}
    for folder in folders.values():
        prepare(folder)
    assert act(action, folders) == [-signal.SIGKILL] * total
    return folders


def shown(folder: Path) -> dict[str, bytes]:
    """Return what a reader finds under every name at the top that leads somewhere."""
    tops = [path for path in folder.iterdir() if path.name != ".generations"]
    found = (path for top in tops for path in (top, *top.rglob("*")))
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in found if p.is_file()}


def old(folder: Path) -> None:
    publish(folder, OLD)


def old_after_new(folder: Path) -> None:
    publish(folder, NEW)
    publish(folder, OLD)


def missing(folder: Path) -> None:
    folder.parent.mkdir()


def empty(folder: Path) -> None:
    folder.mkdir(parents=True)


def test_a_publish_killed_before_any_call_leaves_the_old_files_or_the_new(tmp_path: Path) -> None:
    folders = killed_everywhere("publish", old, tmp_path)
    assert len(folders) > 25
    outcomes = []
    for number, folder in folders.items():
        found = shown(folder)
        assert found in (OLD, NEW), f"killed before call {number}: {found}"
        outcomes.append(found == NEW)

        assert agrees(folder) == ["published"] * (1 + outcomes[-1]), f"killed before call {number}"

        publish(folder, NEW)
        assert shown(folder) == NEW, f"could not go on after call {number}"
        assert agrees(folder) == ["published"] * 2
        inside = {entry.name for entry in (folder / ".generations").iterdir()} - {".lock"}
        ours = {"history.jsonl", "prepared", "live"}
        assert len(inside - ours) == 2, f"leftovers after call {number}: {inside}"
        tops = {entry.name for entry in folder.iterdir()}
        assert tops == {".generations", "same", "changed", "deep"}, f"after call {number}: {tops}"
        rollback(folder, "me", now=NOW)
        assert shown(folder) == OLD, f"could not go back after call {number}"
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {False, True}


def test_a_publish_of_many_files_killed_in_any_thread_leaves_the_old_files_or_the_new(
    tmp_path: Path,
) -> None:
    old(tmp_path / "n0")
    total, code = act("publish", {0: tmp_path / "n0"}, MANY)
    assert code == 0
    assert shown(tmp_path / "n0") == MANY
    assert total > 3 * len(MANY)
    numbers = [*range(5, total - 12, 9), *range(total - 12, total + 1)]
    folders = {number: tmp_path / f"n{number}" for number in numbers}
    for folder in folders.values():
        old(folder)
    assert act("publish", folders, MANY) == [-signal.SIGKILL] * len(folders)
    for number, folder in folders.items():
        assert shown(folder) in (OLD, MANY), f"killed before call {number}"
        publish(folder, MANY)
        assert shown(folder) == MANY, f"could not go on after call {number}"


def test_one_of_many_files_that_the_disk_refuses_leaves_the_old_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old(tmp_path / "dist")
    real = os.write

    def full(descriptor: int, data: bytes) -> int:
        if bytes(data) == MANY["zones/17"]:
            raise OSError(errno.ENOSPC, "full")
        return real(descriptor, data)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OutputError, match="free some space"):
            publish(tmp_path / "dist", MANY)
    assert shown(tmp_path / "dist") == OLD
    assert publish(tmp_path / "dist", MANY).unchanged == ("same",)
    assert shown(tmp_path / "dist") == MANY


@pytest.mark.parametrize("prepare", [missing, empty])
def test_a_first_publish_killed_before_any_call_leaves_nothing_or_everything(
    tmp_path: Path, prepare: Callable[[Path], None]
) -> None:
    for number, folder in killed_everywhere("publish", prepare, tmp_path).items():
        found = shown(folder) if folder.exists() else {}
        assert found in ({}, NEW), f"killed before call {number}: {found}"
        publish(folder, OLD)
        assert shown(folder) == OLD, f"could not go on after call {number}"


def test_a_recorded_publish_killed_before_any_call_has_its_record_or_nothing(
    tmp_path: Path,
) -> None:
    for number, folder in killed_everywhere("publish recorded", old, tmp_path).items():
        new = shown(folder) == NEW
        expected = ["published", "published", "stage-begun", "exception-begun"][: 4 if new else 1]
        assert agrees(folder) == expected, f"killed before call {number}"
        assert bool(new) <= (len(records(folder)) == 1), f"killed before call {number}"
        assert publish(folder, NEW, MADE).generation == records(folder)[0]
        assert agrees(folder) == ["published", "published", "stage-begun", "exception-begun"]


def test_a_history_that_moves_elsewhere_is_whole_whenever_the_move_is_killed(
    tmp_path: Path,
) -> None:
    moved = []
    for number, folder in killed_everywhere("publish elsewhere", old, tmp_path).items():
        new = shown(folder) == NEW
        assert agrees(folder) == ["published"] * (1 + new), f"killed before call {number}"
        moved.append((folder / ".generations" / "history.jsonl").is_symlink())
        kept = folder.parent / "kept" / "history.jsonl"
        publish(folder, NEW, Making(now=NOW, history=kept))
        assert agrees(folder) == ["published"] * 2, f"could not go on after call {number}"
        assert kept.read_bytes() == history_of(folder)[0].data
    assert moved == sorted(moved)
    assert set(moved) == {False, True}


def records(folder: Path) -> list[str]:
    return [path.stem for path in (folder / ".generations" / "records").glob("*.json")]


def test_a_rollback_killed_before_any_call_leaves_one_of_the_two(tmp_path: Path) -> None:
    outcomes = []
    for number, folder in killed_everywhere("rollback", old_after_new, tmp_path).items():
        assert shown(folder) in (OLD, NEW), f"killed before call {number}"
        outcomes.append(shown(folder) == NEW)
        events = ["published", "published", *["rolled-back"] * outcomes[-1]]
        assert agrees(folder) == events, f"killed before call {number}"
        assert (history_of(folder)[0].pin is not None) == outcomes[-1]
        assert publish(folder, {"other": b""}).pin is None or outcomes[-1]
        assert shown(folder) == (NEW if outcomes[-1] else {"other": b""})
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {False, True}


def pinned(folder: Path) -> None:
    old_after_new(folder)
    rollback(folder, "me", now=NOW)


@pytest.mark.parametrize(("action", "kind"), [("release", "released"), ("event", "refused")])
def test_what_moves_nothing_killed_before_any_call_is_in_the_history_or_not(
    tmp_path: Path, action: str, kind: str
) -> None:
    outcomes = []
    for number, folder in killed_everywhere(action, pinned, tmp_path).items():
        before, kinds = ["published", "published", "rolled-back"], agrees(folder)
        assert kinds in (before, [*before, kind]), f"killed before call {number}"
        outcomes.append(kinds != before)
        assert shown(folder) == NEW
        released = outcomes[-1] and action == "release"
        assert (history_of(folder)[0].pin is None) == released, f"killed before call {number}"
        append_event(folder, "reloaded", {}, NOW)
        assert agrees(folder) == [*kinds, "reloaded"], f"could not go on after call {number}"
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {False, True}


def agrees(folder: Path) -> list[str]:
    """Return the kinds of the events of a folder, whose history must agree with what it shows."""
    past, live = history_of(folder)
    assert list(problems(past, live)) == []
    return [event.event for event in past.events()]


WRITER = """
import sys
from collections.abc import Callable
from pathlib import Path
from blockc.publish.generations import publish
for number in range(25):
    text = f"{sys.argv[2]}-{number}".encode()
    publish(Path(sys.argv[1]), {"a": text, "b/c": text, "same": b"="})
"""


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
    assert agrees(folder) == ["published"] * 51
    assert len(seen) > 2


def consistent(folder: Path) -> bytes:
    """Return the content both files share, read through one open folder."""
    top = os.open(folder / ".generations" / "live", os.O_RDONLY | os.O_DIRECTORY)
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
