"""An update survives being killed before any call that changes the disk, and two at once."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from blockc.errors import UsageError
from blockc.fetch.lock import read_lock
from blockc.fetch.store.maintenance import verify
from blockc.fetch.store.state import state_path
from blockc.fetch.update.decision import UpdateResult
from blockc.fetch.update.tools import Tools, UpdateOptions, UpdateStep
from blockc.fetch.update.update import commit, update
from blockc.storage.locks import LockWait, held
from blockc.values import replace
from tests.fetch.toy import Watched, clock, source, tools, toy
from tests.support.faulty_server import FaultyServer, sends

CHECKOUT = Path(__file__).resolve().parents[2]
OLD, NEW = toy("2018-10-12"), toy("2018-10-13")

# For each number and folder forks a process that updates the toy there and kills itself before the
# call of that number that changes the disk; a write is also stopped after half of its bytes. Prints
# how each process ended, and with number 0, which is not killed, how many calls it made.
CHILD = """
import os, signal, sys
from pathlib import Path
from blockc.fetch.lock import read_lock
from blockc.fetch.update.tools import UpdateOptions
from blockc.fetch.update.update import commit, update
from tests.fetch.toy import source, tools

CALLS = "open write fsync fchmod mkdir rename replace unlink utime".split()
calls = limit = 0

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

def act(root):
    own, lock = tools(root / "store"), root / "blockc.lock"
    for name in CALLS:
        setattr(os, name, stop_at(name, getattr(os, name)))
    commit(own.root, lock, update(own, [source(sys.argv[1])], read_lock(lock), UpdateOptions()))
    if limit == 0:
        print(calls, flush=True)
    os._exit(0)

for number, root in zip(sys.argv[2::2], sys.argv[3::2]):
    limit = int(number)
    child = os.fork()
    if child == 0:
        act(Path(root))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def act(url: str, folders: dict[int, Path]) -> list[int]:
    """Return what the child prints for an update in each folder, stopped at its number."""
    pairs = [str(word) for pair in folders.items() for word in pair]
    done = subprocess.run(
        [sys.executable, "-c", CHILD, url, *pairs],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [int(line) for line in done.stdout.split()]


def killed_everywhere(url: str, prepare: Callable[[Path], object], top: Path) -> list[Path]:
    """Return prepared folders in which an update was killed before its first call, its second..."""
    prepare(top / "n0")
    total, code = act(url, {0: top / "n0"})
    assert code == 0
    folders = {number: top / f"n{number}" for number in range(1, total + 1)}
    for folder in folders.values():
        prepare(folder)
    assert act(url, folders) == [-signal.SIGKILL] * total
    return list(folders.values())


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer().running() as running:
        yield running


def begin(server: FaultyServer, root: Path) -> Tools:
    """Return the tools of a project that was updated once."""
    own = tools(root / "store")
    wanted = source(server.plan("/x", sends(OLD)))
    commit(own.root, root / "blockc.lock", update(own, [wanted], None, UpdateOptions()))
    server.plan("/x", sends(NEW))
    return own


def what_builds_use(own: Tools, root: Path) -> bytes:
    """Return the bytes that the lock names, proved."""
    lock = read_lock(root / "blockc.lock")
    assert lock
    data = own.blobs.get(lock.sources["toy"].sha256)
    assert data is not None
    return data


@pytest.mark.slow
def test_an_update_killed_before_any_call_leaves_the_old_data_or_the_new(
    server: FaultyServer, tmp_path: Path
) -> None:
    url = server.url + "/x"
    roots = killed_everywhere(url, lambda root: begin(server, root), tmp_path)
    assert len(roots) > 15
    outcomes = []
    for root in roots:
        own = tools(root / "store")
        found = what_builds_use(own, root)
        assert found in (OLD, NEW), f"killed in {root}"
        assert list(verify(own.root)) == [], f"killed in {root}"
        outcomes.append(found == NEW)

        again = update(own, [source(url)], read_lock(root / "blockc.lock"), UpdateOptions())
        assert again.outcomes[0].problems == ()
        commit(own.root, root / "blockc.lock", again)
        assert what_builds_use(own, root) == NEW, f"could not go on in {root}"
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {False, True}


@pytest.mark.slow
def test_a_first_update_killed_before_any_call_leaves_nothing_or_everything(
    server: FaultyServer, tmp_path: Path
) -> None:
    url = server.plan("/x", sends(NEW))
    for root in killed_everywhere(url, Path.mkdir, tmp_path):
        own = tools(root / "store")
        if (root / "blockc.lock").exists():
            assert what_builds_use(own, root) == NEW, f"killed in {root}"
        assert list(verify(own.root)) == [], f"killed in {root}"
        done = update(own, [source(url)], read_lock(root / "blockc.lock"), UpdateOptions())
        commit(own.root, root / "blockc.lock", done)
        assert what_builds_use(own, root) == NEW, f"could not go on in {root}"


@pytest.mark.slow
def test_two_updates_at_once_end_with_one_lock_and_one_store(
    server: FaultyServer, tmp_path: Path
) -> None:
    own = begin(server, tmp_path)
    command = [sys.executable, "-c", CHILD, server.url + "/x", "0", str(tmp_path)]
    both = [subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL) for _ in range(4)]
    assert [one.wait(60) for one in both] == [0] * 4
    assert what_builds_use(own, tmp_path) == NEW
    assert list(verify(own.root)) == []
    assert sorted(path.name for path in (own.root / "raw").rglob("*") if path.is_file()) == sorted(
        own.blobs.names()
    )


@pytest.fixture
def other(server: FaultyServer, tmp_path: Path) -> Iterator[ExitStack]:
    """Hold the toy as another update would."""
    wanted = source(server.plan("/x", sends(NEW)))
    guard = tmp_path / "locks" / f"{state_path(tmp_path, wanted).stem}.lock"
    with ExitStack() as stack:
        stack.enter_context(held(guard, "", LockWait(seconds=0)))
        yield stack


def test_the_second_of_two_updates_waits_and_says_so(
    server: FaultyServer, tmp_path: Path, other: ExitStack
) -> None:
    events = Watched()
    own = tools(tmp_path, watch=events, clock=clock(pause=lambda _seconds: other.close()))
    (outcome,) = update(own, [source(server.url + "/x")], None, UpdateOptions()).outcomes
    assert outcome.result is UpdateResult.ORIGIN
    waits = [event.text for event in events if event.step is UpdateStep.WAITING]
    assert len(waits) == 1
    assert waits[0].startswith(f"another update is at it: process {os.getpid()} on ")


@pytest.mark.usefixtures("other")
def test_a_second_update_does_not_wait_for_ever(server: FaultyServer, tmp_path: Path) -> None:
    waited: list[float] = []
    patient = replace(clock(pause=waited.append), monotonic=lambda: sum(waited))
    own = tools(tmp_path, clock=patient)
    with pytest.raises(UsageError, match="another update of toy has been running for 5 seconds"):
        update(own, [source(server.url + "/x")], None, UpdateOptions())
    assert sum(waited) == pytest.approx(5.0, abs=0.3)
    assert server.asked == []
