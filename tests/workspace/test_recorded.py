"""A recorded generation is a project again, and makes the same bytes."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from blockc.errors import OutputError, SourceUnfit, UsageError
from blockc.fetch.lock import Lock, write_lock
from blockc.fetch.snapshot import Snapshot
from blockc.fetch.store.blobs import Blobs, sha256_of
from blockc.fetch.store.maintenance import sweep
from blockc.formats.delegated.reader import read_delegated
from blockc.publish.record import OBJECTS, RECORDS, read_generation, recorded_names
from blockc.workspace.fetching import delegated_facts
from blockc.workspace.inputs import InputOptions
from blockc.workspace.project import Project
from blockc.workspace.recorded import publish_day, recorded_day, recorded_lists
from tests.cli.toy import POLICY, write_policy, write_registries

PARTS = """
include = ["../shared/more.toml", "{absolute}"]
[list.near]
block = ["group:near", "file:lists/own.txt"]
allow_empty = true
[[output]]
list = "near"
target = "plain"
path = "near.txt"
template = "own.j2"
"""
MOMENT = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def registries(tmp_path: Path) -> Path:
    return write_registries(tmp_path / "registries")


@pytest.fixture(autouse=True)
def _empty_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCKC_STORE", str(tmp_path / "store"))


def scattered(top: Path) -> Path:
    """Return a policy that is read from many files, also outside its folder."""
    policy = write_policy(top / "conf")
    text = policy.read_text(encoding="utf-8").replace("version = 1\n", "version = 1\n{parts}")
    parts = PARTS.format(absolute=top / "else" / "guard.toml")
    policy.write_text(text.format(parts=parts), encoding="utf-8")
    written = {
        "shared/more.toml": 'version = 1\n[protect]\nnever_block = ["2.16.0.0/24"]\n',
        "else/guard.toml": 'version = 1\n[guard]\nmax_age = "9d"\n',
        "conf/groups/near.toml": 'source = "us"\ndate = 2026-11-01\n'
        '[group.near]\ntitle = "Near"\ncountries = ["FR"]\n',
        "conf/lists/own.txt": "3.0.0.0/24\n",
        "conf/own.j2": "{% for part in parts %}{{ part.texts | join('\\n') }}\n{% endfor %}",
    }
    for name, content in written.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(content, encoding="utf-8")
    return policy


def build(policy: Path, options: InputOptions) -> dict[str, bytes]:
    """Build and publish a policy into `dist` beside it, and return the files."""
    day = Project(policy).on(options)
    made = day.compile()
    publish_day(day, made, policy.parent / "dist")
    return dict(made.files)


def again(dist: Path) -> dict[str, bytes]:
    """Return what the one recorded generation is made into now."""
    (name,) = recorded_names(dist / ".generations")
    return dict(recorded_day(dist, name, Project(offline=True)).compile().files)


@pytest.mark.parametrize("absolute", [True, False])
def test_a_record_makes_the_same_bytes_when_every_file_has_gone(
    tmp_path: Path, registries: Path, monkeypatch: pytest.MonkeyPatch, *, absolute: bool
) -> None:
    policy = scattered(tmp_path / "top")
    monkeypatch.chdir(policy.parent)
    options = InputOptions(folder=registries, at=MOMENT)
    made = build(policy if absolute else Path("blockc.toml"), options)
    dist = tmp_path / "dist"
    shutil.move(policy.parent / "dist", dist)
    shutil.rmtree(tmp_path / "top")
    monkeypatch.chdir(tmp_path)
    assert made["near.txt"]
    assert again(dist) == made


def test_a_record_of_the_sample_makes_the_same_bytes(tmp_path: Path) -> None:
    policy = write_policy(tmp_path)
    made = build(policy, InputOptions(sample=True, at=MOMENT))
    policy.unlink()
    assert again(tmp_path / "dist") == made


def test_a_record_of_a_locked_build_uses_the_bytes_of_its_own_lock(tmp_path: Path) -> None:
    made = locked(tmp_path)
    (tmp_path / "blockc.lock").write_text("not a lock", encoding="utf-8")
    assert again(tmp_path / "dist") == made


def test_the_store_keeps_what_the_lock_of_a_kept_generation_names(tmp_path: Path) -> None:
    locked(tmp_path)
    (tmp_path / "blockc.lock").unlink()
    store, later = Project().store.root, datetime.now(UTC) + timedelta(days=90)
    gone = {one.key for one in sweep(store, 30, later, dry_run=True).entries}
    (lock,) = (tmp_path / "dist" / ".generations" / "locks").iterdir()
    needed = set(Blobs(store).names()) - gone
    assert len(needed) == 5
    lock.unlink()
    assert needed <= {one.key for one in sweep(store, 30, later, dry_run=True).entries}


def test_a_source_that_is_gone_is_named_with_exit_code_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked(tmp_path)
    monkeypatch.setenv("BLOCKC_STORE", str(tmp_path / "empty"))
    with pytest.raises(SourceUnfit, match="of afrinic, which the lock names"):
        again(tmp_path / "dist")


def test_a_folder_that_is_gone_is_named_with_exit_code_3(
    tmp_path: Path, registries: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(write_policy(tmp_path), InputOptions(folder=registries, at=MOMENT))
    monkeypatch.setenv("BLOCKC_STORE", str(tmp_path / "empty"))
    (registries / "delegated-apnic-extended-latest").write_text("other", encoding="utf-8")
    with pytest.raises(SourceUnfit, match=r"the file of apnic with sha256 .* is gone"):
        again(tmp_path / "dist")


def test_the_lists_of_a_generation_are_read_without_its_policy(
    tmp_path: Path, registries: Path
) -> None:
    policy = write_policy(tmp_path)
    day = Project(policy).on(InputOptions(folder=registries, at=MOMENT))
    name = publish_day(day, day.compile(), tmp_path / "dist").generation
    lists = recorded_lists(read_generation(tmp_path / "dist", name[:6]))
    assert {one: past.action for one, past in lists.items()} == {"far": "block"}
    assert lists["far"].addresses == day.resolved.list_of("far").addresses


def test_what_was_recorded_is_never_believed_when_it_was_changed(
    tmp_path: Path, registries: Path
) -> None:
    build(write_policy(tmp_path), InputOptions(folder=registries, at=MOMENT))
    inside = tmp_path / "dist" / ".generations"
    (name,) = recorded_names(inside)
    generation = read_generation(tmp_path / "dist", name)
    (addresses,) = {one.addresses for one in generation.record.lists}
    path = inside / OBJECTS / addresses
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(OutputError, match="does not hold what its name says"):
        recorded_lists(generation)
    record = inside / RECORDS / f"{name}.json"
    record.write_text(record.read_text(encoding="utf-8").replace('"policy":', '"pol":'), "utf-8")
    with pytest.raises(OutputError, match="was damaged"):
        read_generation(tmp_path / "dist", name)
    with pytest.raises(UsageError, match="no generation 'x'"):
        read_generation(tmp_path / "dist", "x")
    record.unlink()
    assert build(tmp_path / "blockc.toml", InputOptions(folder=registries, at=MOMENT))
    assert recorded_names(inside) == [name]


def test_a_file_that_a_policy_names_twice_is_recorded_under_both_its_paths(
    tmp_path: Path, registries: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = tmp_path / "own.txt"
    one.write_text("3.0.0.0/24\n", encoding="utf-8")
    entries = f'block = ["CN", "BR", "file:own.txt", "file:{one}"]'
    write_policy(tmp_path, POLICY.replace('block = ["CN", "BR"]', entries))
    monkeypatch.chdir(tmp_path)
    made = build(Path("blockc.toml"), InputOptions(folder=registries, at=MOMENT))
    one.unlink()
    assert again(tmp_path / "dist") == made


def locked(top: Path) -> dict[str, bytes]:
    """Build in `top` from a lock, with the sources in the store of the test."""
    folder = write_registries(top / "files")
    blobs, sources = Blobs(top / "store"), {}
    for path in folder.iterdir():
        data = path.read_bytes()
        blobs.put(data)
        name = path.name.split("-")[1]
        read = read_delegated(path.name, data, registry=name, today=date(2026, 11, 25))
        url = f"https://example.com/{name}"
        sources[name] = Snapshot(url, sha256_of(data), len(data), delegated_facts(read))
    write_lock(top / "blockc.lock", Lock(sources))
    return build(write_policy(top), InputOptions(at=MOMENT))
