"""What an update locked is what every build uses, here and on another machine, byte for byte."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from blockc.addresses.family import FAMILIES
from blockc.fetch.lock import read_lock
from blockc.fetch.store.parsed import Store
from blockc.registries.records import records_from_bytes, records_to_bytes
from blockc.vocabulary import RIRS
from blockc.workspace.inputs import InputOptions
from blockc.workspace.registries import SNAPSHOT
from tests.cli.conftest import Blockc
from tests.cli.test_update import MANY, define, publish
from tests.cli.toy import FAR, POLICY, shown, write_policy
from tests.support.faulty_server import FaultyServer


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer().running() as running:
        yield running


@pytest.fixture
def here(tmp_path: Path, server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a checkout whose registries are on the server of the test."""
    monkeypatch.setenv("BLOCKC_STORE", str(tmp_path / "store"))
    policy = write_policy(tmp_path / "here")
    for registry in RIRS:
        define(policy.parent, registry, f"{server.url}/{registry}")
        publish(server, registry, days_ago=1)
    return policy.parent


def another(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a clean checkout of the same files on a machine with an empty store."""
    there = here.with_name("there")
    there.mkdir()
    for name in ("blockc.toml", "blockc.lock"):
        shutil.copy(here / name, there)
    shutil.copytree(here / "sources", there / "sources")
    monkeypatch.setenv("BLOCKC_STORE", str(there.with_name("other-store")))
    return there


def test_a_second_checkout_builds_the_same_bytes(
    blockc: Blockc, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert blockc("update", "-f", here / "blockc.toml").code == 0
    first = blockc("build", "--locked", "-f", here / "blockc.toml")
    assert first.code == 0, first.err
    made = shown(here / "dist")
    assert made["far.txt"].decode().split("\n")[-6:-1] == FAR
    there = another(here, monkeypatch)
    for _ in range(2):
        done = blockc("build", "--locked", "-f", there / "blockc.toml")
        assert done.code == 0, done.err
        assert shown(there / "dist") == made


def test_what_upstream_publishes_later_changes_no_build(
    blockc: Blockc, here: Path, server: FaultyServer
) -> None:
    blockc("update", "-f", here / "blockc.toml")
    blockc("build", "-f", here / "blockc.toml")
    made = shown(here / "dist")
    publish(server, "apnic", 0, MANY)
    server.asked.clear()
    assert blockc("build", "--locked", "-f", here / "blockc.toml").code == 0
    assert shown(here / "dist") == made
    assert server.asked == []


def test_a_build_never_takes_other_bytes_than_the_lock_names(
    blockc: Blockc, here: Path, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    blockc("update", "-f", here / "blockc.toml")
    there = another(here, monkeypatch)
    offline = blockc("build", "--locked", "--offline", "-f", there / "blockc.toml")
    assert (offline.code, "which the lock names" in offline.err) == (3, True)
    publish(server, "apnic", 0, MANY)
    moved = blockc("build", "--locked", "-f", there / "blockc.toml")
    assert moved.code == 3
    assert "/apnic: has another version now; run `blockc update apnic`" in moved.err
    assert not (there / "dist").exists()


def test_data_older_than_the_guard_allows_is_not_built_from(
    blockc: Blockc, here: Path, server: FaultyServer
) -> None:
    policy = here / "blockc.toml"
    publish(server, "apnic", days_ago=3)
    assert blockc("update", "-f", policy).code == 0
    assert blockc("build", "-f", policy).code == 0
    policy.write_text(f'{POLICY}\n[guard]\nmax_age = "2d"\n', encoding="utf-8")
    made = shown(here / "dist")

    done = blockc("build", "-f", policy)
    assert done.code == 3
    assert "the data of apnic is too old" in done.err
    assert "run `blockc update`, or raise [guard] max_age, now 48 hours" in done.err
    assert shown(here / "dist") == made
    assert blockc("build", "--dry-run", "-f", policy).code == 3
    assert blockc("build", "--dry-run", "-f", policy, "--as-of", "2031-01-01").code == 0


def test_a_build_from_the_lock_is_left_out_until_lock_or_age_say_otherwise(
    blockc: Blockc, here: Path, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("build", "--locked", "-f", here / "blockc.toml")
    assert blockc("update", "-f", here / "blockc.toml").code == 0
    assert "nothing was compiled" not in blockc(*words).err
    assert "nothing was compiled" in blockc(*words).err
    publish(server, "apnic", days_ago=0)
    assert blockc("update", "--force", "-f", here / "blockc.toml").code == 0
    assert "nothing was compiled" not in blockc(*words).err
    assert "nothing was compiled" in blockc(*words).err
    later = datetime.now(UTC) + timedelta(days=400)
    monkeypatch.setattr(InputOptions, "moment", property(lambda _: later))
    done = blockc(*words)
    assert done.code == 3
    assert "too old" in done.err


@pytest.mark.parametrize("lie", ["other registry", "half", "other digest"])
def test_what_was_parsed_is_believed_only_if_it_is_what_the_lock_says(
    blockc: Blockc, here: Path, lie: str
) -> None:
    assert blockc("update", "-f", here / "blockc.toml").code == 0
    assert blockc("build", "--locked", "-f", here / "blockc.toml").code == 0
    made = shown(here / "dist")
    lock, store = read_lock(here / "blockc.lock"), Store.of()
    assert lock
    apnic, arin = (lock.sources[name].sha256 for name in ("apnic", "arin"))
    kept, other = store.get(f"{SNAPSHOT}-apnic", apnic), store.get(f"{SNAPSHOT}-arin", arin)
    assert kept
    assert other
    head, _, body = kept.partition(b"\n")
    records = records_from_bytes(body, FAMILIES).values()
    lies = {
        "other registry": head + b"\n" + other.partition(b"\n")[2],
        "half": head + b"\n" + records_to_bytes([one.take(slice(0, 1)) for one in records]),
        "other digest": other.partition(b"\n")[0] + b"\n" + body,
    }
    assert store.put(f"{SNAPSHOT}-apnic", apnic, lies[lie])
    assert blockc("build", "--locked", "--rebuild", "-f", here / "blockc.toml").code == 0
    assert shown(here / "dist") == made
    assert store.get(f"{SNAPSHOT}-apnic", apnic) == kept
