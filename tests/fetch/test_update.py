"""One update after another: what is asked, what is kept, what the operator decides."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from blockc.errors import UsageError
from blockc.fetch.definition import Source
from blockc.fetch.snapshot import Amount, Facts
from blockc.fetch.store.blobs import sha256_of
from blockc.fetch.store.state import load_state, state_path
from blockc.fetch.update.decision import UpdateResult
from blockc.fetch.update.tools import Tools, UpdateOptions
from blockc.values import replace
from tests.fetch.fault_cases import ended
from tests.fetch.toy import NOW, Watched, clock, md5, read_toy, source, tools, toy
from tests.support.faulty_server import FaultyServer, sends, status, unless_known

FIRST, SECOND = toy("2018-10-12"), toy("2018-10-13")
SHRUNK = toy("2018-10-13", addresses=200_000)


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer().running() as running:
        yield running


@pytest.fixture
def own(tmp_path: Path) -> Tools:
    return tools(tmp_path / "store")


def at(own: Tools, days: float) -> Tools:
    """Return the tools so many days later."""
    return replace(own, clock=clock(NOW + timedelta(days=days)))


def files(root: Path) -> dict[str, bytes]:
    """Return every file below `root` but the guards of its locks."""
    found = (path for path in root.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


# ---- what is asked ----------------------------------------------------------------------------


def test_an_unchanged_source_costs_one_question_and_no_reading(
    server: FaultyServer, own: Tools
) -> None:
    read: list[str] = []

    def reader(asked: Source, name: str, data: bytes) -> Facts:
        read.append(name)
        return read_toy(asked, name, data)

    own = replace(own, read=reader)
    server.plan("/x.md5", sends(md5(FIRST)))
    wanted = source(server.plan("/x", unless_known(FIRST, etag='"1"')), checksum=True)
    assert ended(own, wanted).result is UpdateResult.ORIGIN
    assert [one.path for one in server.asked] == ["/x", "/x.md5"]
    again = ended(at(own, 1), wanted)
    assert again.result is UpdateResult.UNCHANGED
    assert again.checked_at == NOW + timedelta(days=1)
    assert [one.path for one in server.asked] == ["/x", "/x.md5", "/x"]
    assert len(read) == 1


def test_the_same_bytes_sent_again_are_not_read_again(server: FaultyServer, own: Tools) -> None:
    server.plan("/x.md5", sends(md5(FIRST)))
    wanted = source(server.plan("/x", sends(FIRST)), checksum=True)
    ended(own, wanted)
    events = Watched()
    assert ended(replace(own, watch=events), wanted).result is UpdateResult.UNCHANGED
    assert server.times("/x.md5") == 1


def test_force_asks_and_reads_as_if_nothing_were_known(server: FaultyServer, own: Tools) -> None:
    server.plan("/x.md5", sends(md5(FIRST)))
    wanted = source(server.plan("/x", unless_known(FIRST, etag='"1"')), checksum=True)
    read: list[str] = []

    def reader(asked: Source, name: str, data: bytes) -> Facts:
        read.append(name)
        return read_toy(asked, name, data)

    own = replace(own, read=reader)
    first = ended(own, wanted)
    again = ended(own, wanted, UpdateOptions(force=True))
    assert len(read) == 2
    assert "If-None-Match" not in server.asked[-2].headers
    assert server.times("/x.md5") == 2
    assert (again.result, again.snapshot) == (UpdateResult.UNCHANGED, first.snapshot)


def test_a_server_that_says_not_modified_for_ever_is_asked_outright(
    server: FaultyServer, own: Tools
) -> None:
    """Halfway to being too old the condition is dropped: a wrong 304 cannot freeze a source."""
    wanted = source(server.plan("/x", unless_known(FIRST, etag='"1"')))
    ended(own, wanted)
    server.plan("/x", unless_known(toy("2018-10-16"), etag='"1"'))
    assert ended(at(own, 1), wanted).result is UpdateResult.UNCHANGED
    found = ended(at(own, 3), wanted)
    assert found.result is UpdateResult.ORIGIN
    assert found.snapshot
    assert str(found.snapshot.facts.date) == "2018-10-16"


def test_a_mirror_is_not_asked_with_the_etag_of_the_origin(
    server: FaultyServer, own: Tools
) -> None:
    origin = server.plan("/x", sends(FIRST, ETag='"1"'))
    wanted = source(origin, server.plan("/mirror", sends(FIRST, ETag='"m"')))
    ended(own, wanted)
    server.plan("/x", status(404))
    assert ended(own, wanted).result is UpdateResult.UNCHANGED
    assert "If-None-Match" not in server.asked[-1].headers
    server.plan("/x", sends(FIRST))
    ended(own, wanted)
    assert "If-None-Match" not in server.asked[-1].headers


def test_offline_asks_nobody(server: FaultyServer, own: Tools) -> None:
    wanted = source(server.plan("/x", sends(FIRST)))
    nothing = ended(own, wanted, UpdateOptions(offline=True))
    assert (nothing.result, server.asked) == (UpdateResult.NO_DATA, [])
    said = "there is no last good snapshot on this machine, and --offline fetches none"
    assert nothing.problems == (said,)
    first = ended(own, wanted)
    kept = ended(own, wanted, UpdateOptions(offline=True))
    assert (kept.result, kept.snapshot, kept.problems) == (UpdateResult.KEPT, first.snapshot, ())
    assert len(server.asked) == 1
    assert ended(at(own, 8), wanted, UpdateOptions(offline=True)).result is UpdateResult.NO_DATA


def test_a_dry_run_tells_and_changes_nothing(server: FaultyServer, own: Tools) -> None:
    wanted = source(server.plan("/x", sends(FIRST)))
    told = ended(own, wanted, UpdateOptions(dry_run=True))
    assert told.result is UpdateResult.ORIGIN
    assert not own.root.exists()
    ended(own, wanted)
    before = files(own.root)
    for data, came in (
        (SECOND, UpdateResult.ORIGIN),
        (SHRUNK, UpdateResult.REFUSED),
        (b"?", UpdateResult.KEPT),
    ):
        server.plan("/x", sends(data))
        assert ended(own, wanted, UpdateOptions(dry_run=True)).result is came
    assert files(own.root) == before


# ---- what is refused, and accepted ------------------------------------------------------------


def test_a_refused_snapshot_is_accepted_by_its_digest_without_asking_again(
    server: FaultyServer, own: Tools
) -> None:
    wanted = source(server.plan("/x", sends(FIRST)))
    ended(own, wanted)
    server.plan("/x", sends(SHRUNK))
    refused = ended(own, wanted)
    assert (refused.result, refused.refused and refused.refused.sha256) == (
        UpdateResult.REFUSED,
        sha256_of(SHRUNK),
    )
    command = f"`blockc update toy --accept {sha256_of(SHRUNK)[:12]}`"
    assert command in refused.problems[0]
    assert ended(own, wanted).result is UpdateResult.REFUSED
    server.plan("/x", status(500))
    server.asked.clear()
    accepted = ended(own, wanted, UpdateOptions(accept=(sha256_of(SHRUNK)[:12],)))
    assert accepted.result is UpdateResult.ACCEPTED
    assert accepted.snapshot == refused.refused
    assert server.asked == []
    server.plan("/x", sends(SHRUNK))
    assert ended(own, wanted).result is UpdateResult.UNCHANGED


def test_a_snapshot_is_accepted_while_it_comes(server: FaultyServer, own: Tools) -> None:
    wanted = source(server.plan("/x", sends(FIRST)))
    ended(own, wanted)
    server.plan("/x", sends(SHRUNK))
    wish = UpdateOptions(accept=(sha256_of(SHRUNK)[:12],))
    assert ended(own, wanted, wish).result is UpdateResult.ORIGIN


def test_what_the_origin_was_refused_for_may_still_be_accepted_after_a_mirror_helped_out(
    server: FaultyServer, own: Tools
) -> None:
    wanted = source(server.plan("/x", sends(FIRST)), server.plan("/mirror", sends(SECOND)))
    ended(own, wanted)
    server.plan("/x", sends(SHRUNK))
    found = ended(own, wanted)
    assert (found.result, len(found.problems)) == (UpdateResult.MIRROR, 1)
    server.plan("/x", status(404))
    digest = sha256_of(SHRUNK)[:12]
    assert digest in found.problems[0]
    assert ended(own, wanted, UpdateOptions(accept=(digest,))).result is UpdateResult.ACCEPTED


def test_an_acceptance_is_for_one_snapshot_alone(server: FaultyServer, own: Tools) -> None:
    wanted = source(server.plan("/x", sends(FIRST)))
    ended(own, wanted)
    server.plan("/x", sends(toy("2018-10-13", addresses=100)))
    assert (
        ended(own, wanted, UpdateOptions(accept=(sha256_of(SHRUNK),))).result
        is UpdateResult.REFUSED
    )


def test_an_accepted_snapshot_that_grew_too_old_is_not_used(
    server: FaultyServer, own: Tools
) -> None:
    wanted = source(server.plan("/x", sends(FIRST)))
    ended(own, wanted)
    server.plan("/x", sends(SHRUNK))
    ended(own, wanted)
    found = ended(at(own, 30), wanted, UpdateOptions(accept=(sha256_of(SHRUNK),)))
    assert found.result is UpdateResult.NO_DATA
    assert "what was accepted cannot be used: its data is 31 days old" in found.problems[0]


@pytest.mark.parametrize("digest", ["", "abc", "0123456789aB", "../../../../x", "0123456789ag"])
def test_what_is_no_digest_cannot_be_accepted(digest: str) -> None:
    with pytest.raises(UsageError, match="is not a digest of a snapshot; copy the 12 digits"):
        UpdateOptions(accept=(digest,))


def test_half_of_a_file_may_go_if_none_of_it_was_delegated(
    server: FaultyServer, own: Tools
) -> None:
    def reader(_asked: Source, _name: str, data: bytes) -> Facts:
        return Facts(len(data), {"ipv6": Amount(900, 10**33)}, NOW.date(), "")

    own = replace(own, read=reader)
    wanted = source(server.plan("/x", sends(b"line\n" * 8188)))
    ended(own, wanted)
    server.plan("/x", sends(b"line\n" * 3529))
    assert ended(own, wanted).result is UpdateResult.ORIGIN


@pytest.mark.parametrize("damage", [b"", FIRST[:-1], FIRST + b"\n", None])
def test_a_damaged_blob_is_fetched_again(
    server: FaultyServer, own: Tools, damage: bytes | None
) -> None:
    wanted = source(server.plan("/x", unless_known(FIRST, etag='"1"')))
    first = ended(own, wanted)
    path = own.blobs.path(sha256_of(FIRST))
    path.unlink() if damage is None else path.write_bytes(damage)
    again = ended(own, wanted)
    assert (again.result, again.snapshot) == (UpdateResult.UNCHANGED, first.snapshot)
    assert "If-None-Match" not in server.asked[-1].headers
    assert own.blobs.get(sha256_of(FIRST)) == FIRST


def test_a_damaged_blob_is_not_kept_when_the_network_fails(
    server: FaultyServer, own: Tools
) -> None:
    wanted = source(server.plan("/x", sends(FIRST)))
    ended(own, wanted)
    own.blobs.path(sha256_of(FIRST)).write_bytes(b"changed")
    server.plan("/x", status(500))
    assert ended(own, wanted).result is UpdateResult.NO_DATA


def test_data_of_a_day_to_come_is_for_a_person_to_look_at(server: FaultyServer, own: Tools) -> None:
    ahead = toy("2018-10-17")
    wanted = source(server.plan("/x", sends(FIRST), sends(ahead)))
    ended(own, wanted)
    found = ended(own, wanted)
    assert found.result is UpdateResult.REFUSED
    said = "its data is of 2018-10-17, and the clock of this machine says 2018-10-14"
    assert said in found.problems[0]
    accepted = ended(own, wanted, UpdateOptions(accept=(sha256_of(ahead),)))
    assert (accepted.result, accepted.warnings) == (UpdateResult.ACCEPTED, (said,))
    assert ended(own, wanted).result is UpdateResult.UNCHANGED


def test_a_day_ahead_is_that_of_another_part_of_the_world(server: FaultyServer, own: Tools) -> None:
    found = ended(own, source(server.plan("/x", sends(toy("2018-10-16")))))
    assert (found.result, found.warnings) == (UpdateResult.ORIGIN, ())


def test_a_damaged_state_is_told_and_written_anew(server: FaultyServer, own: Tools) -> None:
    wanted = source(server.plan("/x", sends(FIRST)))
    ended(own, wanted)
    path = state_path(own.root, wanted)
    path.write_text("version = 1\nname", encoding="utf-8")
    found = ended(own, wanted)
    assert found.result is UpdateResult.ORIGIN
    assert found.problems[0].startswith("what was remembered is damaged and starts anew: ")
    state = load_state(path)
    assert state
    assert state.good == found.snapshot


# ---- age --------------------------------------------------------------------------------------


def test_a_last_good_snapshot_stands_until_it_is_too_old(server: FaultyServer, own: Tools) -> None:
    wanted = source(server.plan("/x", sends(FIRST)))
    ended(own, wanted)
    server.plan("/x", status(404))
    assert ended(at(own, 1), wanted).result is UpdateResult.KEPT
    late = ended(at(own, 3), wanted)
    assert late.result is UpdateResult.KEPT
    assert late.warnings == ("its data is 5 days old, though it is published every 24 hours",)
    unfit = ended(at(own, 6), wanted)
    assert (unfit.result, unfit.snapshot) == (UpdateResult.NO_DATA, None)
    assert "max_age_hours = 168" in unfit.problems[-1]


def test_a_server_that_confirms_too_old_data_makes_it_no_younger(
    server: FaultyServer, own: Tools
) -> None:
    wanted = source(server.plan("/x", unless_known(FIRST, etag='"1"')))
    ended(own, wanted)
    assert ended(at(own, 6), wanted).result is UpdateResult.NO_DATA


def test_undated_data_is_as_old_as_its_last_confirmation(server: FaultyServer, own: Tools) -> None:
    data = toy("", serial=1)
    wanted = source(server.plan("/x", unless_known(data, etag='"1"')))
    ended(own, wanted)
    for day in (6, 12, 18):
        assert ended(at(own, day), wanted).result is UpdateResult.UNCHANGED
    server.plan("/x", status(500))
    assert ended(at(own, 24), wanted).result is UpdateResult.KEPT
    assert ended(at(own, 26), wanted).result is UpdateResult.NO_DATA


# ---- files of this machine --------------------------------------------------------------------


def test_a_file_is_a_source_too(own: Tools, tmp_path: Path) -> None:
    own = replace(own, folder=tmp_path)
    (tmp_path / "list").write_bytes(FIRST)
    (tmp_path / "list.md5").write_bytes(md5(FIRST))
    for url in ("file:list", f"file://{tmp_path}/list"):
        assert (
            ended(own, source(url, checksum=True), UpdateOptions(force=True)).result
            is UpdateResult.ORIGIN
        )
    (tmp_path / "list.md5").write_bytes(md5(SECOND))
    found = ended(own, source("file:list", checksum=True), UpdateOptions(force=True))
    assert found.result is UpdateResult.KEPT
    assert "file:list: does not match its checksum" in found.problems[0]


@pytest.mark.parametrize(
    ("name", "said"),
    [("gone", "cannot be read: no such file"), ("huge", "is longer than"), ("out", "leaves the")],
)
def test_a_file_that_will_not_do_says_why(own: Tools, tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "huge").write_bytes(b"x" * 200_000)
    (tmp_path / "out").symlink_to("/etc/passwd")
    found = ended(replace(own, folder=tmp_path), source(f"file:{name}"))
    assert found.result is UpdateResult.NO_DATA
    assert said in found.problems[0]
