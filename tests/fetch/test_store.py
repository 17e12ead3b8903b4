"""The store gives back what was put, or nothing; it never fails a build."""

import hashlib
import multiprocessing
import os
from pathlib import Path

import pytest
from platformdirs import user_cache_path

from blockc.fetch.store.parsed import Store

KEY = hashlib.sha256(b"raw").hexdigest()


def entry(store: Store) -> Path:
    (found,) = (path for path in store.root.rglob("*") if path.is_file())
    return found


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)) * 1000])
def test_what_was_put_is_given_back(tmp_path: Path, content: bytes) -> None:
    store = Store(tmp_path / "new" / "store")
    assert store.get("records", KEY) is None
    assert store.put("records", KEY, content)
    assert store.get("records", KEY) == content
    assert store.get("raw", KEY) is None
    assert store.put("records", KEY, b"other")
    assert store.get("records", KEY) == b"other"
    assert entry(store).name == KEY


def test_a_corrupt_entry_was_never_there_and_is_removed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put("records", KEY, b"content")
    whole = entry(store).read_bytes()
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 1
        for bad in (bytes(damaged), whole[:position], whole[position + 1 :]):
            path = tmp_path / "records" / KEY[:2] / KEY
            path.write_bytes(bad)
            assert store.get("records", KEY) is None
            assert not path.exists()


@pytest.mark.parametrize("key", ["", "../x", "a/b", "-x", "A", "x\0"])
def test_a_key_cannot_leave_the_store(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="cannot name an entry"):
        Store(tmp_path).put("records", key, b"")
    with pytest.raises(ValueError, match="cannot name an entry"):
        Store(tmp_path).get(key, KEY)


def test_a_store_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = Store(tmp_path / "file" / "store")
    assert not store.put("records", KEY, b"content")
    assert store.get("records", KEY) is None


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_fresh: Path, target: Path) -> None:
        raise OSError(28, "no space left on device", str(target))

    monkeypatch.setattr(os, "replace", full)
    assert not Store(tmp_path).put("records", KEY, b"content")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def put_many(root: Path, content: bytes) -> None:
    store = Store(root)
    for _ in range(100):
        store.put("records", KEY, content)
        if store.get("records", KEY) not in (b"a" * 50_000, b"b" * 50_000):
            raise SystemExit(1)


def test_two_processes_share_a_store(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    workers = [
        spawn.Process(target=put_many, args=(tmp_path, letter * 50_000)) for letter in (b"a", b"b")
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]


def test_the_store_is_where_the_operator_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLOCKC_STORE", str(tmp_path / "environment"))
    assert Store.of().root == tmp_path / "environment"
    assert Store.of(tmp_path / "option").root == tmp_path / "option"
    monkeypatch.setenv("BLOCKC_STORE", "")
    assert Store.of().root == user_cache_path("blockc")


def test_an_entry_copied_over_another_is_not_believed(tmp_path: Path) -> None:
    store, other = Store(tmp_path), "e" + KEY[1:]
    store.put("records", KEY, b"content")
    (original,) = (path for path in tmp_path.rglob("*") if path.is_file())
    for kind, key in (("records", other), ("other", KEY)):
        copy = tmp_path / kind / key[:2] / key
        copy.parent.mkdir(parents=True)
        copy.write_bytes(original.read_bytes())
        assert not store.is_sound(copy)
        assert store.get(kind, key) is None
        assert not copy.exists()
    assert store.get("records", KEY) == b"content"
