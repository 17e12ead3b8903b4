"""The fragment for make that `blockc init` writes: it builds exactly when something changed."""

import hashlib
import os
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from blockc.vocabulary import RIRS
from tests.cli.conftest import Blockc
from tests.cli.test_update import define
from tests.cli.toy import PROGRAM, ROWS, delegated, run, shown
from tests.support.machine import require_program


@pytest.fixture
def made(project: Path, registries: Path) -> Path:
    """Return the project with a Makefile that includes the fragment."""
    lines = [f"BLOCKC_OPTIONS := --from {registries} -q --as-of 2026-11-23", f"BLOCKC := {PROGRAM}"]
    lines += ["include blockc.mk", ".DEFAULT_GOAL := blockc", ""]
    (project / "Makefile").write_text("\n".join(lines), encoding="utf-8")
    return project


def make(folder: Path, *words: str) -> bool:
    """Run make and return whether it built."""
    done = run(folder, require_program("make"), *words)
    assert (done.code, done.err) == (0, "")
    return "blockc build" in done.out


def touch(path: Path) -> None:
    """Make a file newer than everything made so far."""
    now = time.time_ns()  # exact, where the clock of the file system is coarse and thus behind
    os.utime(path, ns=(now, now))


def test_make_builds_once_and_again_exactly_when_something_changed(
    made: Path, registries: Path
) -> None:
    assert make(made)
    published = shown(made / "dist")
    assert "nginx-geo/blocked.conf" in published
    assert not make(made)

    link, before = (
        (made / "dist" / ".generations" / "live").readlink(),
        (made / "dist" / "manifest.json").stat().st_mtime_ns,
    )
    touch(made / "blockc.toml")
    assert make(made)
    assert (made / "dist" / ".generations" / "live").readlink() == link
    assert (made / "dist" / "manifest.json").stat().st_mtime_ns == before
    os.utime(made / "blockc.toml", (1, 1))
    assert not make(made)

    touch(registries / "delegated-arin-extended-latest")
    assert make(made)
    os.utime(registries / "delegated-arin-extended-latest", (1, 1))
    assert not make(made)


def test_make_builds_again_when_a_file_changes_that_the_policy_names(made: Path) -> None:
    policy = made / "blockc.toml"
    text = policy.read_text(encoding="utf-8").replace('    #"file:partners', '    "file:partners')
    policy.write_text(text, encoding="utf-8")
    (made / "partners.txt").write_text("1.0.1.0/24\n", encoding="ascii")
    assert make(made)
    assert not make(made)
    os.utime(policy, (1, 1))
    touch(made / "partners.txt")
    assert make(made)


TWO = """version = 1
[guard]
max_added = "100%"
[list.one]
block = ["CN"]
[list.two]
block = ["BR", "file:more.txt"]
[[output]]
list = "one"
target = "plain"
path = "one.txt"
[[output]]
list = "two"
target = "plain"
path = "two.txt"
[[output]]
list = "two"
target = "nginx-geo"
path = "two.conf"
"""


def test_make_writes_exactly_the_files_that_depend_on_what_changed(
    made: Path, registries: Path
) -> None:
    (made / "more.txt").write_text("192.0.2.0/24\n", encoding="ascii")
    policy = made / "blockc.toml"
    policy.write_text(TWO, encoding="utf-8")

    def times() -> dict[str, int]:
        names = ("one.txt", "two.txt", "two.conf", "manifest.json")
        return {name: (made / "dist" / name).stat().st_mtime_ns for name in names}

    def written(changed: Path, old: str, new: str) -> set[str]:
        before = times()
        changed.write_text(changed.read_text("ascii").replace(old, new), encoding="ascii")
        touch(changed)
        assert make(made)
        after = times()
        assert not make(made)
        assert times() == after
        return {name for name, when in after.items() if when != before[name]}

    assert make(made)
    assert not make(made)
    all_of_two = {"two.txt", "two.conf", "manifest.json"}
    assert written(made / "more.txt", "192.0.2.0/24", "192.0.2.0/25") == all_of_two
    assert written(policy, '["CN"]', '["CN", "AU"]') == {"one.txt", "manifest.json"}
    apnic = registries / "delegated-apnic-extended-latest"
    assert written(apnic, "AU|ipv4|1.0.4.0|1024", "AU|ipv4|1.0.4.0|512") == {
        "one.txt", "manifest.json",
    }  # fmt: skip
    assert written(policy, "version = 1", "version = 1  # a remark") == {"manifest.json"}


def test_make_builds_again_on_another_day_and_when_the_result_is_gone(made: Path) -> None:
    assert make(made)
    assert make(made, "blockc_day=2026-11-24")
    assert not make(made, "blockc_day=2026-11-24")
    shutil.rmtree(made / "dist")
    assert make(made, "blockc_day=2026-11-24")
    assert not make(made, "blockc_day=2026-11-24")


def test_make_fails_with_the_build_and_tries_again(made: Path) -> None:
    assert make(made)
    policy = made / "blockc.toml"
    good = policy.read_bytes()
    policy.write_bytes(good.replace(b'"CN"', b'"XQ"'))
    touch(policy)
    for _ in range(2):
        failed = run(made, require_program("make"))
        assert failed.code == 2
        assert "unknown country 'XQ'" in failed.err
    policy.write_bytes(good)
    touch(policy)
    assert make(made)


def test_the_other_rules_of_the_fragment_work_too(made: Path) -> None:
    dry = run(made, require_program("make"), "blockc-dry-run")
    assert (dry.code, dry.err) == (0, "")
    assert "As of 2026-11-23" in dry.out
    assert not (made / "dist").exists()
    assert make(made)
    before = shown(made / "dist")
    policy = made / "blockc.toml"
    policy.write_text(policy.read_text("utf-8").replace('"CN", ', ""), encoding="utf-8")
    touch(policy)
    assert make(made)
    now = shown(made / "dist")
    assert now != before
    assert run(made, require_program("make"), "blockc-rollback").code == 0
    assert shown(made / "dist") == before
    touch(policy)
    pinned = run(made, require_program("make"), "blockc")
    assert (pinned.code, "pinned to" in pinned.err) == (0, True)
    assert shown(made / "dist") == before
    assert run(made, require_program("make"), "blockc-release").code == 0
    assert make(made)
    assert shown(made / "dist") == now


def test_the_fragment_can_be_included_from_another_folder(made: Path) -> None:
    (made.parent / "Makefile").write_text(
        (made / "Makefile")
        .read_text("utf-8")
        .replace("include blockc.mk", "include project/blockc.mk"),
        encoding="utf-8",
    )
    assert make(made.parent)
    assert (made / "dist" / "manifest.json").is_file()
    assert not make(made.parent)


def test_make_asks_for_the_age_of_the_data_as_a_build_does(
    made: Path, blockc: Blockc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too old is too old, whether the day is not named or is today, by make or by hand."""
    store = tmp_path / "store"
    monkeypatch.setenv("BLOCKC_STORE", str(store))
    today = datetime.now(UTC).date()
    for name in RIRS:
        path = tmp_path / f"{name}.txt"
        old = (today - timedelta(days=30)).strftime("%Y%m%d")
        path.write_text(delegated(name, ROWS[name], old), encoding="utf-8")
        md5 = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        path.with_name(f"{name}.txt.md5").write_text(f"{md5}  {name}.txt\n", encoding="utf-8")
        define(made, name, path.as_uri(), max_age_hours=9999)
    policy = made / "blockc.toml"
    policy.write_text(policy.read_text("utf-8") + '[guard]\nmax_age = "9w"\n', encoding="utf-8")
    updated = blockc("update", "-f", policy)
    assert updated.code == 0, updated.err
    (made / "Makefile").write_text(
        f"BLOCKC := {PROGRAM}\nBLOCKC_OPTIONS := -q\ninclude blockc.mk\n", encoding="utf-8"
    )
    assert make(made, "blockc")
    policy.write_text(policy.read_text("utf-8").replace("9w", "9d"), encoding="utf-8")
    for words in ((), ("--as-of", today.isoformat())):
        done = blockc("build", "-f", policy, *words)
        assert (done.code, "too old" in done.err) == (3, True), words
    failed = run(made, require_program("make"), "blockc")
    assert (failed.code, "too old" in failed.err) == (2, True)


def test_what_make_makes_by_itself_is_not_for_the_fragment_to_say(made: Path) -> None:
    (made / "Makefile").write_text(
        f"include blockc.mk\nBLOCKC := {PROGRAM}\nall:\n\t@echo mine\n", encoding="utf-8"
    )
    assert run(made, require_program("make")).out == "mine\n"
    (made / "Makefile").write_text("first:\n\t@echo first\ninclude blockc.mk\n", encoding="utf-8")
    assert run(made, require_program("make")).out == "first\n"
