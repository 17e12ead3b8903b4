"""An evidence archive answers on another machine, years later, and no change to it goes unseen."""

import hashlib
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from blockc.errors import OutputError, UsageError
from blockc.publish.generations import release, rollback
from blockc.storage.zip_archive import open_archive, write_archive
from blockc.values import replace
from blockc.workspace.evidence import write_evidence
from blockc.workspace.evidence_check import check_evidence, span_of
from blockc.workspace.inputs import InputOptions
from blockc.workspace.project import Project
from blockc.workspace.recorded import publish_day
from tests.cli.toy import POLICY, write_policy, write_registries

Members = dict[str, bytes]
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
EVER = span_of("", "")


@pytest.fixture(autouse=True)
def _empty_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCKC_STORE", str(tmp_path / "store"))


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """Return a folder that published twice and went back."""
    registries = write_registries(tmp_path / "registries")
    for text in (POLICY, POLICY.replace('"BR"', '"AU"')):
        day = Project(write_policy(tmp_path, text)).on(InputOptions(folder=registries, at=NOW))
        publish_day(day, day.compile(), tmp_path / "dist")
    rollback(
        tmp_path / "dist", "mika", reason="<b>locked out</b>\x1b[31m \u202e", now=datetime.now(UTC)
    )
    return tmp_path / "dist"


@pytest.fixture
def archive(dist: Path, tmp_path: Path) -> Path:
    path = tmp_path / "evidence.zip"
    assert write_evidence(dist, EVER, path, Project()).missing == []
    return path


def members(path: Path) -> Members:
    with open_archive(path) as opened:
        return {name: opened.read(name) for name in opened.names}


def test_another_machine_compiles_every_generation_again_with_the_same_bytes(
    archive: Path, dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLOCKC_STORE", str(tmp_path / "elsewhere"))
    for folder in (dist, tmp_path / "registries", tmp_path / "store"):
        shutil.rmtree(folder)
    done = check_evidence(archive, rebuild=True)
    assert (done.problems, done.notes) == ((), ())
    assert len(done.generations) == 2
    assert done.rebuilt == done.generations
    assert not (tmp_path / "elsewhere").exists()


def test_the_same_history_makes_the_same_archive(archive: Path, dist: Path, tmp_path: Path) -> None:
    write_evidence(dist, EVER, tmp_path / "again.zip", Project())
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()
    today = span_of("", datetime.now(UTC).date().isoformat())
    write_evidence(dist, today, tmp_path / "today.zip", Project())
    assert check_evidence(tmp_path / "today.zip").problems == ()
    release(dist, "mika", now=datetime(2090, 1, 1, tzinfo=UTC))
    write_evidence(dist, today, tmp_path / "later.zip", Project())
    assert (tmp_path / "later.zip").read_bytes() == (tmp_path / "today.zip").read_bytes()


def test_only_what_was_shown_in_that_time_is_in_it(dist: Path, tmp_path: Path) -> None:
    path = tmp_path / "e.zip"
    write_evidence(dist, span_of("2090-01-01", ""), path, Project())
    assert len(check_evidence(path).generations) == 1
    write_evidence(dist, span_of("", "2001-01-01"), path, Project())
    assert check_evidence(path).generations == ()
    with pytest.raises(OutputError, match="nothing was published"):
        write_evidence(tmp_path / "other", EVER, path, Project())


def test_the_page_needs_nothing_else_and_believes_no_text(archive: Path) -> None:
    held = members(archive)
    page = held["index.html"].decode()
    assert r"&lt;b&gt;locked out&lt;/b&gt;\x1b[31m \u202e" in page
    assert "<script" not in page
    assert "http" not in page
    for link in page.split('href="')[1:]:
        assert link.partition('"')[0] in held


def test_a_source_that_is_gone_is_named(dist: Path, tmp_path: Path) -> None:
    (tmp_path / "registries" / "delegated-apnic-extended-latest").unlink()
    path = tmp_path / "e.zip"
    missing = write_evidence(dist, EVER, path, Project()).missing
    assert [one.startswith("the bytes of source apnic of") for one in missing] == [True, True]
    done = check_evidence(path)
    assert (done.problems, len(done.notes)) == ((), 2)
    assert all("apnic" in said for said in check_evidence(path, rebuild=True).problems)


def sealed(held: Members) -> Members:
    """Return members whose index agrees with them again, as a forger would make it."""
    index = json.loads(held["index.json"])
    index["files"] = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        for name, data in held.items()
        if name != "index.json"
    }
    return {**held, "index.json": json.dumps(index).encode()}


def history_edited(held: Members) -> Members:
    return {**held, "history.jsonl": held["history.jsonl"].replace(b"mika", b"nobody")}


def first_line_edited(held: Members) -> Members:
    changed = held["history.jsonl"].replace(b'"before":""', b'"before":"x"', 1)
    return sealed({**held, "history.jsonl": changed})


def history_cut(held: Members) -> Members:
    lines = held["history.jsonl"].splitlines(keepends=True)
    return sealed({**held, "history.jsonl": b"".join(lines[:-1])})


def generation_left_out(held: Members) -> Members:
    index = json.loads(held["index.json"])
    name = index["generations"].pop()["name"]
    kept = {path: data for path, data in held.items() if name not in path}
    return sealed({**kept, "index.json": json.dumps(index).encode()})


def artifact_edited(held: Members) -> Members:
    path = next(name for name in sorted(held) if name.endswith("far.txt"))
    return sealed({**held, path: held[path] + b"192.0.2.1/32\n"})


def record_edited(held: Members) -> Members:
    path = next(name for name in sorted(held) if name.startswith("records/"))
    return sealed({**held, path: held[path].replace(b'"block"', b'"warn"')})


def object_edited(held: Members) -> Members:
    path = next(name for name in sorted(held) if name.startswith("objects/"))
    return sealed({**held, path: b""})


def source_left_out(held: Members) -> Members:
    path = next(name for name in sorted(held) if name.startswith("sources/"))
    return sealed({name: data for name, data in held.items() if name != path})


def file_put_in(held: Members) -> Members:
    return {**held, "more": b""}


def page_edited(held: Members) -> Members:
    return {**held, "index.html": b""}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (history_edited, "history.jsonl is not what the index says"),
        (first_line_edited, "line 2: does not follow the line before"),
        (history_cut, "the index says that the history ends with"),
        (generation_left_out, "was not shown when the index says it was"),
        (artifact_edited, "far.txt is not what the history says was published"),
        (record_edited, "is not the record that the history names"),
        (object_edited, "does not hold what its name says"),
        (source_left_out, "is missing, from which"),
        (file_put_in, "more is not in the index"),
        (page_edited, "index.html is not what the index says"),
    ],
)
def test_every_change_is_found(
    archive: Path, change: Callable[[Members], Members], said: str
) -> None:
    write_archive(archive, sorted(change(members(archive)).items()))
    found = check_evidence(archive).problems
    assert any(said in problem for problem in found), found


@pytest.mark.parametrize(
    "index", [b"", b"[]", b"{}", b'{"schema":"blockc-evidence/1"}', b"[" * 100_000]
)
def test_what_is_no_evidence_is_refused(archive: Path, index: bytes) -> None:
    write_archive(archive, sorted({**members(archive), "index.json": index}.items()))
    with pytest.raises(UsageError, match="is not an archive of `blockc evidence`"):
        check_evidence(archive)
    archive.write_bytes(b"x")
    with pytest.raises(UsageError, match="is not an archive of `blockc evidence`"):
        check_evidence(archive)
    archive.unlink()
    with pytest.raises(UsageError, match="cannot be read"):
        check_evidence(archive)


def test_what_another_version_made_is_not_compiled_again(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blockc.workspace.evidence_check.__version__", "99")
    done = check_evidence(archive, rebuild=True)
    assert (done.problems, done.rebuilt, len(done.notes)) == ((), (), 2)


def test_a_build_that_comes_out_another_way_is_found(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from blockc.workspace import recorded

    def other(project: recorded.RecordedProject) -> InputOptions:
        return replace(real(project), sample=True, folder=None)

    real = recorded.RecordedProject.options
    monkeypatch.setattr(recorded.RecordedProject, "options", other)
    found = check_evidence(archive, rebuild=True).problems
    assert any("manifest.json comes out another way" in said for said in found)
