"""The store, as its verb lists, proves and tidies it."""

import json
from pathlib import Path

from blockc.fetch.lock import read_lock
from blockc.fetch.store.blobs import Blobs
from blockc.vocabulary import RIRS
from tests.cli.conftest import Blockc
from tests.cli.test_update import policy, server

__all__ = ["policy", "server"]


# ---- the store --------------------------------------------------------------------------------


def test_the_store_is_listed_proved_and_tidied(blockc: Blockc, policy: Path) -> None:
    empty = blockc("store", "ls")
    assert (empty.code, "0 files" in empty.err) == (0, True)
    blockc("update", "-f", policy)
    listed = blockc("store", "ls")
    assert [line.split()[0] for line in listed.out.splitlines()[3:]] == sorted(RIRS)
    report = json.loads(blockc("store", "ls", "--json").out)
    assert report["files"] == 10
    assert [one["name"] for one in report["sources"]] == sorted(RIRS)
    assert blockc("store", "verify") == (0, "", "blockc: 10 files, all sound\n")
    assert "0 files removed" in blockc("store", "gc").out
    assert json.loads(blockc("store", "gc", "--json", "--dry-run").out)["removed"] == []
    assert blockc("store", "gc", "--older-than", "0").code == 2
    assert blockc("store", "ls", "--dry-run").code == 2


def test_damage_in_the_store_is_exit_1_and_healed_by_an_update(
    blockc: Blockc, policy: Path
) -> None:
    blockc("update", "-f", policy)
    lock = read_lock(policy.parent / "blockc.lock")
    assert lock
    blobs = Blobs(policy.parent / "store")
    path = blobs.path(lock.sources["arin"].sha256)
    path.write_bytes(b"changed")
    done = blockc("store", "verify")
    assert (done.code, done.out) == (1, f"{path}: does not hold what its name says\n")
    (damaged,) = json.loads(blockc("store", "verify", "--json").out)["damaged"]
    assert damaged["path"] == str(path)
    assert blockc("update", "-f", policy).code == 0
    assert blockc("store", "verify").code == 0


# ---- progress ---------------------------------------------------------------------------------
