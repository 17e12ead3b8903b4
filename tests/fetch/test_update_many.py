"""Many sources at once: all or nothing for the lock, and one that is slow holds up no other."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from blockc.errors import OutputError, SourceUnfit
from blockc.fetch.definition import Source
from blockc.fetch.lock import Lock, read_lock, write_lock
from blockc.fetch.snapshot import Facts
from blockc.fetch.update import update as module
from blockc.fetch.update.decision import UpdateResult
from blockc.fetch.update.tools import Tools, UpdateOptions, UpdateStep
from blockc.fetch.update.update import Update, commit, update
from blockc.values import replace
from tests.fetch.fault_cases import ended
from tests.fetch.toy import Watched, source, tools, toy
from tests.support.faulty_server import FaultyServer, sends, stalls, status

FIRST = toy("2018-10-12")


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer().running() as running:
        yield running


@pytest.fixture
def own(tmp_path: Path) -> Tools:
    return tools(tmp_path / "store")


def five(server: FaultyServer) -> list[Source]:
    """Return five sources whose servers are well."""
    return [
        source(server.plan(f"/{name}", sends(toy(owner=name))), name=name)
        for name in ("one", "two", "three", "four", "five")
    ]


def test_outcomes_come_in_the_order_they_were_asked_for(server: FaultyServer, own: Tools) -> None:
    events = Watched()
    done = update(replace(own, watch=events), five(server), None, UpdateOptions())
    assert [one.source.name for one in done.outcomes] == ["one", "two", "three", "four", "five"]
    assert {event.source for event in events if event.step is UpdateStep.DONE} == {
        one.source.name for one in done.outcomes
    }
    steps = [event.step for event in events if event.source == "one"]
    assert steps == [UpdateStep.ASKING, UpdateStep.RECEIVING, UpdateStep.CHECKING, UpdateStep.DONE]


def test_one_unfit_source_leaves_the_lock_as_it_was(
    server: FaultyServer, own: Tools, tmp_path: Path
) -> None:
    path = tmp_path / "blockc.lock"
    sources = five(server)
    commit(own.root, path, update(own, sources, None, UpdateOptions()))
    before = path.read_bytes()
    for name in ("one", "two"):
        server.plan(f"/{name}", sends(toy("2018-10-14", owner=name)))
    server.plan("/three", status(404))
    server.plan("/four", status(404))
    sources[2:4] = [replace(one, max_age_hours=24) for one in sources[2:4]]
    done = update(own, sources, read_lock(path), UpdateOptions())
    with pytest.raises(SourceUnfit, match="three and four have no data that may be used") as caught:
        commit(own.root, path, done)
    assert caught.value.exit_code == 3
    assert path.read_bytes() == before
    server.plan("/three", sends(toy("2018-10-14", owner="three")))
    server.plan("/four", sends(toy("2018-10-14", owner="four")))
    lock = commit(own.root, path, update(own, sources, read_lock(path), UpdateOptions()))
    assert {str(one.facts.date) for one in lock.sources.values()} == {"2018-10-14", "2018-10-13"}


def test_an_update_of_some_leaves_the_others_in_the_lock(
    server: FaultyServer, own: Tools, tmp_path: Path
) -> None:
    path = tmp_path / "blockc.lock"
    sources = five(server)
    commit(own.root, path, update(own, sources, None, UpdateOptions()))
    server.plan("/two", sends(toy("2018-10-14", owner="two")))
    lock = commit(own.root, path, update(own, sources[1:2], read_lock(path), UpdateOptions()))
    assert list(lock.sources) == ["five", "four", "one", "three", "two"]
    assert str(lock.sources["two"].facts.date) == "2018-10-14"
    again = update(own, sources[1:2], read_lock(path), UpdateOptions())
    assert list(commit(own.root, path, again, only=["two"]).sources) == ["two"]


def test_two_updates_at_once_lose_no_source_from_the_lock(
    server: FaultyServer, own: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one writes the lock another waits, and then adds to what the first one wrote."""
    path, (one, two, *_) = tmp_path / "blockc.lock", five(server)
    first, second = (update(own, [each], None, UpdateOptions()) for each in (one, two))
    rival = Thread(target=commit, args=(own.root, path, second))

    def slowly(where: Path, lock: Lock) -> bool:
        monkeypatch.setattr(module, "write_lock", write_lock)
        rival.start()
        rival.join(0.2)
        assert rival.is_alive()
        return write_lock(where, lock)

    monkeypatch.setattr(module, "write_lock", slowly)
    commit(own.root, path, first)
    rival.join(10)
    lock = read_lock(path)
    assert lock
    assert list(lock.sources) == ["one", "two"]


def test_a_mistake_of_ours_is_not_taken_for_one_of_upstream(
    server: FaultyServer, own: Tools
) -> None:
    def broken(_asked: Source, _name: str, _data: bytes) -> Facts:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        update(replace(own, read=broken), five(server), None, UpdateOptions())


def test_a_store_that_cannot_be_written_is_no_fault_of_upstream(
    server: FaultyServer, own: Tools, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="not a directory") as caught:
        update(replace(own, root=tmp_path / "file" / "store"), five(server), None, UpdateOptions())
    assert caught.value.exit_code == 2


def test_an_outcome_cannot_be_unfit_and_usable(server: FaultyServer, own: Tools) -> None:
    good = ended(own, source(server.plan("/x", sends(FIRST))))
    with pytest.raises(ValueError, match="toy is no data with Snapshot"):
        replace(good, result=UpdateResult.NO_DATA)
    assert Update((good,)).without_data == ()


def test_a_stalled_server_does_not_hold_the_others_up(server: FaultyServer, own: Tools) -> None:
    sources = five(server)
    server.plan("/three", stalls())
    done = update(own, sources, None, UpdateOptions())
    assert [one.result for one in done.outcomes].count(UpdateResult.ORIGIN) == 4
    assert done.outcomes[2].result is UpdateResult.NO_DATA
