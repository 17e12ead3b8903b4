"""A build whose inputs have not changed compiles nothing; any change of an input builds again."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from blockc.compiler.compile import Build
from blockc.fetch.store.parsed import Store
from blockc.workspace import beside
from blockc.workspace.project import ProjectDay
from tests.cli.conftest import Blockc
from tests.cli.toy import POLICY, environ, shown, write_policy, write_registries

STAGED = POLICY.replace("title =", 'stages = [{ from = 2026-12-24, action = "block" }]\ntitle =')
COMPILES = ("blockc.compiler", "blockc.passes", "blockc.targets", "blockc.verify", "blockc.policy")
LIBRARIES = ("numpy", "jinja2", "requests", "rich", "filelock", "tree_sitter", "pytricia")
#: What a build does without that finds its registries parsed and needs nothing fetched or given up.
SPARED = (
    "blockc.fetch.http.retrieve", "blockc.fetch.update", "blockc.formats.delegated",
    "blockc.formats.feeds.csv_feed", "blockc.passes.budget.limit", "concurrent.futures", "email",
    "logging", "netaddr", "numpy.ma", "platformdirs", "requests", "secrets", "tarfile",
    "urllib3", "zipfile",
)  # fmt: skip

Words = tuple[object, ...]


def compiled(blockc: Blockc, *words: object) -> bool:
    """Build, and return whether anything was compiled."""
    done = blockc(*words, "--json")
    assert done.code == 0, done.err
    said = json.loads(done.out)["compiled"]
    assert isinstance(said, bool)
    return said


def test_a_build_without_a_change_compiles_nothing(blockc: Blockc, words: Words) -> None:
    first = blockc(*words)
    again = blockc(*words)
    assert (again.code, again.out) == (0, "")
    assert "nothing was compiled" in again.err
    assert "nothing was compiled" not in first.err
    assert compiled(blockc, *words, "--rebuild")
    assert not compiled(blockc, *words)


def test_what_was_odd_is_said_again(blockc: Blockc, tmp_path: Path, registries: Path) -> None:
    policy = write_policy(
        tmp_path, POLICY.replace('"BR"]', '"BR", { select = "AQ", allow_empty = true }]')
    )
    words = ("build", "-f", policy, "--from", registries, "-o", tmp_path / "dist")
    said = [line for line in blockc(*words).err.splitlines() if "warning" in line]
    assert said
    again = blockc(*words)
    assert "nothing was compiled" in again.err
    assert [line for line in again.err.splitlines() if "warning" in line] == said


def test_the_report_for_programs_keeps_its_shape(blockc: Blockc, words: Words) -> None:
    first = json.loads(blockc(*words, "--json").out)
    again = json.loads(blockc(*words, "--json").out)
    assert list(again) == list(first)
    assert again["unchanged"] == sorted(first["written"])
    assert (again["written"], again["removed"]) == ([], [])
    for key in ("folder", "generation", "notes", "conflicts", "lists", "artifacts", "harms"):
        assert again[key] == first[key]


def change_policy(folder: Path) -> None:
    path = folder / "blockc.toml"
    path.write_text(path.read_text(encoding="utf-8") + "# a word\n", encoding="utf-8")


def change_registry(folder: Path) -> None:
    write_registries(folder / "registries", apnic=("CN|ipv4|1.0.9.0|256|20110414|allocated",))


def add_source(folder: Path) -> None:
    shipped = Path(__file__).parents[2] / "sources" / "iptoasn.toml"
    (folder / "sources").mkdir()
    shutil.copy(shipped, folder / "sources" / "iptoasn.toml")


def add_group(folder: Path) -> None:
    text = '[group.mine]\ntitle = "t"\nsource = "https://example.org"\ndate = 2026-11-01\n'
    (folder / "groups").mkdir()
    path = folder / "groups" / "mine.toml"
    path.write_text(text + 'countries = ["CN"]\n', encoding="utf-8")


def change_byte(folder: Path) -> None:
    path = (folder / "dist" / "far.txt").resolve()
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)


def remove_file(folder: Path) -> None:
    (folder / "dist" / "far.txt").resolve().unlink()


def add_file(folder: Path) -> None:
    (folder / "dist" / ".generations" / "live" / "foreign.txt").write_text("x", encoding="utf-8")


def change_manifest(folder: Path) -> None:
    path = (folder / "dist" / "manifest.json").resolve()
    path.write_bytes(path.read_bytes() + b" ")


def break_folder(folder: Path) -> None:
    shutil.rmtree(folder / "dist")


@pytest.mark.parametrize(
    "change",
    [
        change_policy,
        change_registry,
        add_source,
        change_byte,
        remove_file,
        add_file,
        change_manifest,
        break_folder,
    ],
)
def test_any_change_is_built(
    blockc: Blockc, words: Words, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    assert compiled(blockc, *words)
    assert not compiled(blockc, *words)
    right = shown(tmp_path / "dist")
    change(tmp_path)
    assert compiled(blockc, *words)
    if change in (change_byte, remove_file, add_file, change_manifest, break_folder):
        assert shown(tmp_path / "dist") == right
    assert not compiled(blockc, *words)


@pytest.mark.parametrize("option", ["--allow-expired", "--sample", "--as-of", "-o"])
def test_other_options_are_another_build(
    blockc: Blockc, words: Words, tmp_path: Path, option: str
) -> None:
    other = list(words)
    if option == "--sample":  # and back: what the sample made is nothing to compare with
        at = other.index("--from")
        words = (*words[:at], "--sample", *words[at + 2 :])
    assert compiled(blockc, *words)
    if option == "-o":
        other[other.index("-o") + 1] = tmp_path / "elsewhere"
    elif option == "--as-of":
        at = other.index("--as-of")
        del other[at : at + 2]
    elif option != "--sample":
        other.append(option)
    assert compiled(blockc, *other)


def test_a_day_that_changes_a_stage_is_built(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    policy = write_policy(tmp_path, STAGED + '[guard]\nmax_removed = "100%"\n')
    words = ("build", "-f", policy, "--from", registries, "-o", tmp_path / "dist", "--as-of")
    assert compiled(blockc, *words, "2026-11-23")
    assert not compiled(blockc, *words, "2026-12-23")
    assert compiled(blockc, *words, "2026-11-22"), "an earlier day is not known"
    assert not compiled(blockc, *words, "2026-11-23")
    assert compiled(blockc, *words, "2026-12-24")
    assert compiled(blockc, *words, "2026-12-23")


def test_an_exception_that_is_about_to_end_is_said_every_day(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    spared = '{ prefix = "1.0.2.128/25", owner = "o", reason = "r", until = 2026-12-31 }'
    policy = write_policy(tmp_path, POLICY.replace('"1.0.2.128/25"', spared))
    words = ("build", "-f", policy, "--from", registries, "-o", tmp_path / "dist", "--as-of")
    assert compiled(blockc, *words, "2026-11-23")
    assert not compiled(blockc, *words, "2026-12-16")
    assert compiled(blockc, *words, "2026-12-17")
    assert compiled(blockc, *words, "2026-12-18")
    assert blockc(*words, "2027-01-01").code == 2


def test_a_build_that_failed_is_not_remembered(
    blockc: Blockc, words: Words, tmp_path: Path
) -> None:
    assert compiled(blockc, *words)
    (tmp_path / "blockc.toml").write_text("version = 1\nwrong = 1\n", encoding="utf-8")
    assert blockc(*words).code == 2
    assert blockc(*words).code == 2


def test_other_code_is_another_build(
    blockc: Blockc, words: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert compiled(blockc, *words)
    monkeypatch.setattr("blockc.workspace.unchanged._code_digest", lambda: "other")
    assert compiled(blockc, *words)


def test_a_record_that_was_changed_is_not_believed(
    blockc: Blockc, words: Words, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BLOCKC_STORE", str(tmp_path / "store"))
    assert compiled(blockc, *words)
    (record,) = (Store.of().root / "built-2").rglob("??/*")
    data = bytearray(record.read_bytes())
    data[10] ^= 1
    record.write_bytes(data)
    assert compiled(blockc, *words)


def test_the_dependency_file_is_the_same(blockc: Blockc, words: Words, tmp_path: Path) -> None:
    made = tmp_path / "made.d"
    assert compiled(blockc, *words, "--depfile", made)
    before = made.read_bytes()
    made.unlink()
    assert not compiled(blockc, *words, "--depfile", made)
    assert made.read_bytes() == before


def imported(names: Iterable[str], words: Words, tmp_path: Path) -> tuple[list[str], str]:
    """Build in a process of its own; return which of `names` it imported, and what it said."""
    code = (
        "import sys\nfrom blockc.cli.main import run\nassert run(sys.argv[1:]) == 0\n"
        f"print(*[name for name in {tuple(names)!r} if name in sys.modules])"
    )
    command = [sys.executable, "-c", code, *map(str, words)]
    ours = environ(BLOCKC_STORE=str(tmp_path / "store"))
    done = subprocess.run(command, env=ours, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].split(), done.stderr


def test_an_unchanged_build_imports_nothing_that_compiles(words: Words, tmp_path: Path) -> None:
    first, _ = imported(COMPILES, words, tmp_path)
    assert first == list(COMPILES)
    again, said = imported(COMPILES + LIBRARIES, words, tmp_path)
    assert "nothing was compiled" in said
    assert again == []
    assert os.path.islink(tmp_path / "dist" / "far.txt")  # noqa: PTH114


def test_a_build_imports_only_what_it_needs(words: Words, tmp_path: Path) -> None:
    split = '[[output]]\nlist = "far"\ntarget = "plain"\npath = "{country}"\nsplit_by = "country"\n'
    write_policy(tmp_path, POLICY + split)
    first, _ = imported(SPARED, words, tmp_path)
    assert "blockc.formats.delegated" in first
    again, said = imported(SPARED, (*words, "--rebuild", "-q"), tmp_path)
    assert "nothing was compiled" not in said
    assert again == []


def test_imports_made_beside_the_policy_are_done_before_anything_is_compiled(
    blockc: Blockc, words: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    compile_day, threads = ProjectDay.compile, list[int]()

    def noted(day: ProjectDay, *words: Any) -> Build:
        threads.append(threading.active_count())
        return compile_day(day, *words)

    monkeypatch.setattr(ProjectDay, "compile", noted)
    monkeypatch.setattr(beside, "_processors", lambda: 2)
    before = threading.active_count()
    assert blockc(*words, "--rebuild").code == 0
    assert threads == [before]  # a copy of the process, which may be made then, has no others
