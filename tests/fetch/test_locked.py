"""A build gets exactly the bytes the lock names, or is told why not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from blockc.errors import SourceUnfit, UsageError
from blockc.fetch.definition import Source
from blockc.fetch.lock import Lock
from blockc.fetch.locked import LockedSource, locked_sources
from blockc.fetch.store.blobs import sha256_of
from blockc.fetch.update.tools import Tools, UpdateOptions
from blockc.fetch.update.update import commit, update
from blockc.values import replace
from tests.fetch.toy import md5, source, tools, toy
from tests.support.faulty_server import FaultyServer, sends, status

FIRST, SECOND = toy("2018-10-12"), toy("2018-10-13")


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer().running() as running:
        yield running


@pytest.fixture
def own(tmp_path: Path) -> Tools:
    return tools(tmp_path / "store")


def locked(own: Tools, *wanted: Source) -> Lock:
    """Return the lock after an update of `wanted`."""
    return commit(own.root, own.root / "blockc.lock", update(own, wanted, None, UpdateOptions()))


def elsewhere(own: Tools) -> Tools:
    """Return the tools of a machine with an empty store."""
    return replace(own, root=own.root.with_name("other"))


def test_the_bytes_come_from_the_store_and_no_server_is_asked(
    server: FaultyServer, own: Tools
) -> None:
    wanted = source(server.plan("/x", sends(FIRST)))
    lock = locked(own, wanted)
    server.plan("/x", sends(SECOND))
    server.asked.clear()
    found = locked_sources(own, lock, {"toy": wanted}, ["toy"])
    assert found == {
        "toy": LockedSource(wanted, lock.sources["toy"], (server.url + "/x", FIRST))  # type: ignore[arg-type]
    }
    assert server.asked == []


def test_only_what_is_needed_is_read_in_the_order_of_names(
    server: FaultyServer, own: Tools
) -> None:
    known = {
        name: source(server.plan(f"/{name}", sends(toy(owner=name))), name=name)
        for name in ("c", "a", "b")
    }
    lock = locked(own, *known.values())
    assert list(locked_sources(own, lock, known, ["c", "a", "c"])) == ["a", "c"]


def test_a_new_machine_fetches_what_a_server_still_has_and_stores_it(
    server: FaultyServer, own: Tools
) -> None:
    server.plan("/mirror.md5", sends(md5(SECOND)))
    wanted = source(server.plan("/x", sends(FIRST)), server.plan("/mirror", sends(FIRST)))
    lock = locked(own, wanted)
    server.plan("/x", sends(SECOND))
    other = elsewhere(own)
    found = locked_sources(other, lock, {"toy": wanted}, ["toy"])
    assert found["toy"].raw.data == FIRST
    assert other.blobs.get(sha256_of(FIRST)) == FIRST
    server.asked.clear()
    assert locked_sources(other, lock, {"toy": wanted}, ["toy"]) == found
    assert server.asked == []


def test_a_damaged_entry_is_fetched_again(server: FaultyServer, own: Tools) -> None:
    wanted = source(server.plan("/x", sends(FIRST)))
    lock = locked(own, wanted)
    own.blobs.path(sha256_of(FIRST)).write_bytes(FIRST[1:])
    assert locked_sources(own, lock, {"toy": wanted}, ["toy"])["toy"].raw.data == FIRST
    assert own.blobs.get(sha256_of(FIRST)) == FIRST


def test_bytes_that_no_server_has_any_more_are_never_replaced_by_others(
    server: FaultyServer, own: Tools
) -> None:
    wanted = source(server.plan("/x", sends(FIRST)), server.plan("/mirror", status(404)))
    lock = locked(own, wanted)
    server.plan("/x", sends(SECOND))
    with pytest.raises(SourceUnfit) as caught:
        locked_sources(elsewhere(own), lock, {"toy": wanted}, ["toy"])
    said = str(caught.value)
    assert f"does not hold {sha256_of(FIRST)[:12]} of toy, which the lock names" in said
    assert "/x: has another version now" in said
    assert "/mirror: answered 404" in said
    assert "run `blockc update toy`, or copy the store" in said


def test_offline_no_server_is_asked(server: FaultyServer, own: Tools) -> None:
    wanted = source(server.plan("/x", sends(FIRST)))
    lock = locked(own, wanted)
    server.asked.clear()
    with pytest.raises(SourceUnfit, match="does not hold"):
        locked_sources(elsewhere(own), lock, {"toy": wanted}, ["toy"], offline=True)
    assert server.asked == []


def test_a_source_that_the_lock_does_not_name_is_named(own: Tools) -> None:
    known = {"a": source("https://a.example/"), "b": source("https://b.example/")}
    with pytest.raises(UsageError, match="does not name a and b; run `blockc update a b`"):
        locked_sources(own, Lock(), known, ["b", "a"])


def test_a_store_that_cannot_be_written_is_no_reason_not_to_build(
    server: FaultyServer, own: Tools, tmp_path: Path
) -> None:
    wanted = source(server.plan("/x", sends(FIRST)))
    lock = locked(own, wanted)
    (tmp_path / "file").write_bytes(b"")
    other = replace(own, root=tmp_path / "file" / "store")
    assert locked_sources(other, lock, {"toy": wanted}, ["toy"])["toy"].raw.data == FIRST
