"""Updates beside a lock: what another machine or project knows and accepted."""

from blockc.fetch.definition import Source
from blockc.fetch.lock import Lock
from blockc.fetch.snapshot import Amount
from blockc.fetch.store.blobs import sha256_of
from blockc.fetch.update.decision import UpdateResult
from blockc.fetch.update.tools import Tools, UpdateOptions
from blockc.fetch.update.update import commit, update
from blockc.values import replace
from tests.fetch.fault_cases import ended
from tests.fetch.test_update import FIRST, SECOND, SHRUNK, own, server
from tests.fetch.toy import source, toy
from tests.support.faulty_server import FaultyServer, sends, status, unless_known

__all__ = ["own", "server"]


def locked(own: Tools, wanted: Source, server: FaultyServer) -> Lock:
    """Return the lock that another machine wrote for the first snapshot."""
    done = update(replace(own, root=own.root / "other"), [wanted], None, UpdateOptions())
    server.asked.clear()
    return commit(own.root / "other", own.root / "other" / "blockc.lock", done)


def test_a_new_machine_compares_with_the_lock(server: FaultyServer, own: Tools) -> None:
    wanted = source(server.plan("/x", sends(FIRST)))
    lock = locked(own, wanted, server)
    for data, said in (
        (SHRUNK, "shrink by 21.9 %"),
        (toy("2018-10-11"), "older than that of 2018-10-12"),
    ):
        server.plan("/x", sends(data))
        found = ended(own, wanted, lock=lock)
        assert (found.result, found.before) == (UpdateResult.NO_DATA, lock.sources["toy"])
        assert said in found.problems[0]
    server.plan("/x", sends(SECOND))
    found = ended(own, wanted, lock=lock)
    assert found.result is UpdateResult.ORIGIN
    assert found.change("ipv4") == Amount(0, 0)


def test_a_new_machine_that_gets_the_locked_bytes_changes_no_lock(
    server: FaultyServer, own: Tools
) -> None:
    wanted = source(server.plan("/x", sends(FIRST)), server.plan("/mirror", sends(FIRST)))
    lock = locked(own, wanted, server)
    server.plan("/x", status(404))
    found = ended(own, wanted, lock=lock)
    assert (found.result, found.snapshot) == (UpdateResult.UNCHANGED, lock.sources["toy"])
    assert own.blobs.get(sha256_of(FIRST)) == FIRST


def test_what_another_project_accepted_is_not_accepted_here(
    server: FaultyServer, own: Tools
) -> None:
    """The store is shared, the decision is not: this project's lock is what it compares with."""
    wanted = source(server.plan("/x", sends(FIRST)))
    lock = locked(own, wanted, server)
    ended(own, wanted)
    server.plan("/x", sends(SHRUNK, ETag='"2"'))
    ended(own, wanted, UpdateOptions(accept=(sha256_of(SHRUNK),)))
    server.plan("/x", unless_known(SHRUNK, etag='"2"'))
    found = ended(own, wanted, lock=lock)
    assert (found.result, found.snapshot) == (UpdateResult.REFUSED, lock.sources["toy"])
    server.plan("/x", status(500))
    assert ended(own, wanted, lock=lock).snapshot == lock.sources["toy"]


def test_a_lock_newer_than_what_is_remembered_is_not_undone(
    server: FaultyServer, own: Tools
) -> None:
    wanted = source(server.plan("/x", sends(SECOND)))
    lock = locked(own, wanted, server)
    server.plan("/x", unless_known(FIRST, etag='"1"'))
    ended(own, wanted)
    found = ended(own, wanted, lock=lock)
    assert found.result is UpdateResult.NO_DATA
    assert "older than that of 2018-10-13 before" in found.problems[0]


# ---- what is in the store ---------------------------------------------------------------------


def test_undated_data_that_only_a_lock_knows_cannot_be_judged(
    server: FaultyServer, own: Tools
) -> None:
    wanted = source(server.plan("/x", sends(toy(""))))
    lock = locked(own, wanted, server)
    own.blobs.put(toy(""))
    found = ended(own, wanted, UpdateOptions(offline=True), lock)
    assert found.result is UpdateResult.NO_DATA
    assert "nothing tells how old it is" in found.problems[-1]
