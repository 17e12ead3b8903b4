"""The store tells what it holds and what is damaged, and loses only what nobody needs."""

import errno
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from blockc.errors import Mistakes, OutputError, UsageError
from blockc.fetch.lock import Lock, read_lock, write_lock
from blockc.fetch.store.blobs import sha256_of
from blockc.fetch.store.maintenance import entries, remembered, sweep, verify
from blockc.fetch.store.parsed import Store
from blockc.fetch.store.state import state_path
from blockc.fetch.update.tools import Tools, UpdateOptions
from blockc.fetch.update.update import commit, update
from tests.fetch.fault_cases import ended
from tests.fetch.toy import NOW, source, tools, toy
from tests.support.faulty_server import FaultyServer, sends

FIRST, SECOND, SHRUNK = toy("2018-10-12"), toy("2018-10-13"), toy(addresses=1000)
LATER = NOW + timedelta(days=60)


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer().running() as running:
        yield running


@pytest.fixture
def own(tmp_path: Path) -> Tools:
    return tools(tmp_path / "store")


def age(root: Path) -> None:
    """Make everything in the store as old as the toy's world."""
    for path in root.rglob("*"):
        os.utime(path, (NOW.timestamp(), NOW.timestamp()))


def keys(root: Path) -> set[str]:
    return {entry.key for entry in entries(root)}


def test_an_empty_or_missing_store_holds_nothing_and_is_sound(tmp_path: Path) -> None:
    for root in (tmp_path, tmp_path / "nowhere"):
        assert list(remembered(root)) == []
        assert list(entries(root)) == []
        assert list(verify(root)) == []
        assert sweep(root, 30, LATER).entries == ()


def test_the_store_lists_what_it_holds(server: FaultyServer, own: Tools) -> None:
    ended(own, source(server.plan("/x", sends(FIRST)), name="toy"))
    other = toy(owner="another")
    ended(own, source(server.plan("/y", sends(other)), name="another"))
    Store(own.root).put("records-1", sha256_of(FIRST), b"parsed")
    assert [state.name for state in remembered(own.root)] == ["another", "toy"]
    found = [(entry.kind, entry.key, entry.bytes) for entry in entries(own.root)]
    assert found == [
        *sorted([("raw", sha256_of(data), len(data)) for data in (FIRST, other)]),
        ("records-1", sha256_of(FIRST), len(b"parsed") + 32),
    ]


def test_what_is_damaged_is_named_and_left_alone(server: FaultyServer, own: Tools) -> None:
    wanted = source(server.plan("/x", sends(FIRST)))
    ended(own, wanted)
    store = Store(own.root)
    store.put("records-1", sha256_of(FIRST), b"parsed")
    assert list(verify(own.root)) == []

    raw = own.blobs.path(sha256_of(FIRST))
    raw.write_bytes(FIRST[:-1])
    (parsed,) = (entry.path for entry in entries(own.root) if entry.kind == "records-1")
    parsed.write_bytes(parsed.read_bytes()[1:])
    state = state_path(own.root, wanted)
    found = list(verify(own.root))
    assert [damage.path for damage in found] == [raw, parsed]
    assert {damage.reason for damage in found} == {"does not hold what its name says"}

    raw.unlink()
    parsed.unlink()
    (damage,) = verify(own.root)
    assert (damage.path, damage.reason) == (
        state,
        f"{sha256_of(FIRST)[:12]} is not in the store",
    )
    state.write_text("version = 1\n", encoding="utf-8")
    (damage,) = verify(own.root)
    assert "'name' is missing" in damage.reason


def test_what_nobody_needs_is_removed_once_it_is_old(server: FaultyServer, own: Tools) -> None:
    wanted = source(server.plan("/x", sends(FIRST)))
    ended(own, wanted)
    server.plan("/x", sends(SECOND))
    ended(own, wanted)
    server.plan("/x", sends(SHRUNK))
    ended(own, wanted)
    store = Store(own.root)
    for data in (FIRST, SECOND):
        store.put("records-1", sha256_of(data), b"parsed")
    (own.root / "raw" / "00").mkdir()
    (own.root / "raw" / "00" / ".new-x").write_bytes(b"left by a killed update")
    everything = keys(own.root)
    age(own.root)

    assert sweep(own.root, 30, NOW + timedelta(days=29)).entries == ()
    told = sweep(own.root, 30, LATER, dry_run=True)
    assert keys(own.root) == everything
    done = sweep(own.root, 30, LATER)
    assert [entry.path for entry in done.entries] == [entry.path for entry in told.entries]
    assert {entry.key for entry in done.entries} == {".new-x", sha256_of(FIRST)}
    assert done.bytes == len(FIRST) + len(b"parsed") + 32 + len(b"left by a killed update")
    assert keys(own.root) == {sha256_of(SECOND), sha256_of(SHRUNK)}
    assert list(verify(own.root)) == []


def test_a_store_in_a_folder_with_other_things_leaves_them_alone(own: Tools) -> None:
    own.blobs.put(b"data")
    for name in ("notes.txt", "letters/2018/notes.txt", "raw/ab/notes.txt", "raw/00/" + "ab" * 32):
        path = own.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"precious")
    left = own.root / "state" / ".new-x"
    left.parent.mkdir()
    left.write_bytes(b"half")
    age(own.root)
    assert {entry.path for entry in sweep(own.root, 30, LATER).entries} == {
        left,
        own.blobs.path(sha256_of(b"data")),
    }
    assert len([path for path in own.root.rglob("*") if path.is_file()]) == 4


def test_what_a_lock_needs_stays(server: FaultyServer, own: Tools, tmp_path: Path) -> None:
    wanted = source(server.plan("/x", sends(FIRST)))
    path = tmp_path / "project" / "blockc.lock"
    path.parent.mkdir()
    commit(own.root, path, update(own, [wanted], None, UpdateOptions()))
    server.plan("/x", sends(SECOND))
    ended(own, wanted)
    age(own.root)
    assert sweep(own.root, 30, LATER).entries == ()
    assert own.blobs.has(sha256_of(FIRST))

    write_lock(path, Lock())
    (removed,) = sweep(own.root, 30, LATER).entries
    assert removed.key == sha256_of(FIRST)
    path.unlink()
    assert sweep(own.root, 30, LATER).entries == ()
    assert read_lock(path) is None


def test_nothing_is_removed_while_nobody_knows_what_is_needed(
    server: FaultyServer, own: Tools, tmp_path: Path
) -> None:
    wanted = source(server.plan("/x", sends(FIRST)))
    path = tmp_path / "blockc.lock"
    commit(own.root, path, update(own, [wanted], None, UpdateOptions()))
    own.blobs.put(b"old")
    age(own.root)
    path.write_text("<<<<<<< HEAD\n", encoding="utf-8")
    with pytest.raises(Mistakes, match="a mark of a merge conflict"):
        sweep(own.root, 30, LATER)
    write_lock(path, Lock())
    state_path(own.root, wanted).write_text("version", encoding="utf-8")
    with pytest.raises(Mistakes, match="not TOML"):
        sweep(own.root, 30, LATER)
    assert own.blobs.has(sha256_of(b"old"))


def deny(monkeypatch: pytest.MonkeyPatch, top: Path) -> None:
    """Let nobody list or read what is in a folder; root may always, so its modes do not."""
    listing, opening = Path.iterdir, os.open

    def listed(path: Path) -> Iterator[Path]:
        if path.is_relative_to(top):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listing(path)

    def opened(path: str, *flags: int, **more: int) -> int:
        if Path(path).is_relative_to(top):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opening(path, *flags, **more)

    monkeypatch.setattr(Path, "iterdir", listed)
    monkeypatch.setattr(os, "open", opened)


@pytest.mark.parametrize("part", ["state", "known-locks", "raw"])
def test_a_part_of_the_store_that_may_not_be_read_is_not_taken_for_empty(
    server: FaultyServer, own: Tools, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    wanted = source(server.plan("/x", sends(FIRST)))
    ended(own, wanted)
    age(own.root)
    before = keys(own.root)
    said = f"{part}: cannot read this part of the store: permission denied; change its permissions"
    with monkeypatch.context() as patch:
        deny(patch, own.root / part)
        with pytest.raises(OutputError, match=said):
            sweep(own.root, 30, LATER)
        if part == "raw":
            with pytest.raises(OutputError, match=said):
                list(verify(own.root))
        if part != "known-locks":
            with pytest.raises(OutputError, match="cannot read this part of the store"):
                ended(own, wanted)
    assert keys(own.root) == before


def test_a_file_of_the_store_that_may_not_be_read_is_named(
    server: FaultyServer, own: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(own, source(server.plan("/x", sends(FIRST))))
    path = own.blobs.path(sha256_of(FIRST))
    deny(monkeypatch, path)
    (damage,) = verify(own.root)
    assert (damage.path, damage.reason) == (
        path,
        "cannot read this part of the store: permission denied",
    )


def test_a_folder_of_others_in_the_store_that_may_not_be_read_is_none_of_ours(
    server: FaultyServer, own: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = source(server.plan("/x", sends(FIRST)))
    (own.root / "private").mkdir(parents=True)
    deny(monkeypatch, own.root / "private")
    ended(own, wanted)
    assert keys(own.root) == {sha256_of(FIRST)}
    assert sweep(own.root, 30, LATER).entries == ()


def test_what_may_be_in_use_this_moment_is_never_removed(own: Tools) -> None:
    with pytest.raises(UsageError, match="at least one day, found 0"):
        sweep(own.root, 0, LATER)


def test_bytes_stored_again_are_young_again(own: Tools) -> None:
    own.blobs.put(b"data")
    age(own.root)
    own.blobs.put(b"data")
    assert own.blobs.path(sha256_of(b"data")).stat().st_mtime > LATER.timestamp()


@pytest.mark.parametrize("name", ["", "x", "AB" * 32, "../" * 20, "a" * 63])
def test_only_a_digest_names_a_blob(own: Tools, name: str) -> None:
    with pytest.raises(ValueError, match="is not a sha256"):
        own.blobs.get(name)
