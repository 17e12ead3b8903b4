"""Builds that fail: the right exit code, and what was published before stays untouched."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from blockc.passes.exact import cover
from blockc.targets.core.render import render_each
from blockc.targets.syntax.tokens import ArtifactFile, Text
from blockc.values import replace
from blockc.workspace.registries import shipped_templates
from tests.cli.conftest import Blockc
from tests.cli.toy import POLICY, Done, environ, program, shown, write_policy
from tests.support.machine import require_mounts
from tests.targets.artifacts import changed

Fails = Callable[..., Done]
OURS = 'target = "plain"\npath = "far.txt"\ntemplate = "own.j2"\n'


@pytest.fixture
def fails(blockc: Blockc, tmp_path: Path, registries: Path) -> Fails:
    """Return a function that builds, and checks that nothing that was published changed."""
    policy, dist = write_policy(tmp_path), tmp_path / "dist"
    words = ("build", "-f", policy, "--from", registries, "-o", dist)
    assert blockc(*words).code == 0
    before, link = shown(dist), (dist / ".generations" / "live").readlink()

    def build(*more: object) -> Done:
        done = blockc(*words, *more, "--rebuild")
        assert shown(dist) == before
        inside = dist / ".generations"
        assert (inside / "live").readlink() == link
        assert {one.name for one in inside.iterdir()} == {
            link.name, "live", "history.jsonl", "prepared", "records", "objects", ".lock",
        }  # fmt: skip
        assert done.out == ""
        return done

    return build


# blockc is wrong.


def test_a_template_that_loses_an_entry_is_exit_code_70(
    fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong() -> dict[str, Text]:
        texts = shipped_templates()
        good = texts["plain.txt.j2"]
        assert "{{ part.lines() }}" in good.text
        lines = "{{ part.texts[1:] | join('\\n') }}"
        bad = replace(good, text=good.text.replace("{{ part.lines() }}", lines))
        return {**texts, "plain.txt.j2": bad}

    monkeypatch.setattr("blockc.workspace.project.shipped_templates", wrong)
    done = fails()
    assert done.code == 70
    assert done.err.startswith("blockc: far.txt: target plain, list far: 1.0.1.0/24 is allowed, ")


def test_a_template_that_adds_an_entry_is_exit_code_70(
    fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong() -> dict[str, Text]:
        texts = shipped_templates()
        good = texts["plain.txt.j2"]
        return {**texts, "plain.txt.j2": replace(good, text=good.text + "9.9.9.9/32\n")}

    monkeypatch.setattr("blockc.workspace.project.shipped_templates", wrong)
    done = fails()
    assert done.code == 70
    assert ": target plain, list far: 9.9.9.9/32 is blocked, the policy allows it" in done.err
    line = done.err.splitlines()[0].split(":")
    assert (line[1], line[3]) == (" far.txt", "1")
    assert "    9.9.9.9/32\n    ^" in done.err


def test_a_template_whose_text_nothing_can_read_is_exit_code_70(
    fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "blockc.workspace.project.shipped_templates",
        lambda: {name: replace(text, text="hello") for name, text in shipped_templates().items()},
    )
    done = fails()
    assert done.code == 70
    assert done.err.startswith("blockc: far.txt:1:1: target plain, list far: cannot be read back: ")


def test_a_pass_that_loses_a_prefix_is_exit_code_70(
    fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = cover.plain_cover

    def wrong(wanted: Any) -> Any:
        rules = right(wanted)
        return rules.take(slice(1, None)) if len(rules) else rules

    monkeypatch.setattr(cover, "plain_cover", wrong)
    done = fails()
    assert done.code == 70
    assert "lost 1.0.1.0/24" in done.err


def test_a_text_changed_after_the_template_is_exit_code_70(
    fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*given: Any) -> Iterator[tuple[ArtifactFile, ...]]:
        for files in render_each(*given):
            yield tuple(changed(file, "1.0.1.0/24", "1.0.0.0/24") for file in files)

    monkeypatch.setattr("blockc.compiler.artifacts.render_each", wrong)
    done = fails()
    assert done.code == 70
    assert "1.0.0.0/24" in done.err


def test_a_bug_anywhere_is_exit_code_70_with_its_traceback(
    fails: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bytes:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("blockc.compiler.compile.manifest_bytes", broken)
    done = fails()
    assert done.code == 70
    assert "ZeroDivisionError: planted" in done.err


# The operator's template.


@pytest.mark.parametrize(
    ("template", "code", "said"),
    [
        ("{{ nothing }}", 2, "own.j2:1: the template cannot be filled: 'nothing' is undefined"),
        ("ok\n{% for %}", 2, "own.j2:2: the template cannot be filled: "),
        (
            "{{ '\\ud800' }}",
            2,
            "own.j2: the template cannot be filled: it writes U+D800, which is ",
        ),
        ("{% for a in parts %}", 2, "own.j2:1: the template cannot be filled: "),
        ("{{ parts.__class__.__mro__ }}", 2, "own.j2:1: the template cannot be filled: "),
        ("# nobody is blocked\n", 2, "far.txt: target plain, list far: 1.0.1.0/24 is allowed, "),
        ("\n0.0.0.0/0\n", 2, "far.txt:2:1: target plain, list far: 0.0.0.0/8 is blocked, "),
        ("{{ header }}", 2, "target plain, list far: cannot be read back"),
    ],
)
def test_a_wrong_template_is_named(
    fails: Fails, tmp_path: Path, template: str, code: int, said: str
) -> None:
    write_policy(tmp_path, POLICY.replace('target = "plain"\npath = "far.txt"\n', OURS))
    (tmp_path / "own.j2").write_text(template, encoding="utf-8")
    done = fails()
    assert done.code == code
    assert said in done.err


def test_the_place_that_names_a_lying_template_is_told_and_what_it_wrote_is_kept(
    fails: Fails, tmp_path: Path
) -> None:
    policy = write_policy(tmp_path, POLICY.replace('target = "plain"\npath = "far.txt"\n', OURS))
    (tmp_path / "own.j2").write_text("0.0.0.0/0\n", encoding="utf-8")
    kept = tmp_path / "failed"
    done = fails("--keep-failed", kept)
    assert done.code == 2
    line = policy.read_text(encoding="utf-8").split("[[output]]")[0].count("\n") + 1
    assert f"the template own.j2, named in {policy}:{line}, wrote this" in done.err
    assert [*kept.iterdir()] == [kept / "far.txt"]
    assert (kept / "far.txt").read_text(encoding="utf-8") == "0.0.0.0/0\n"


def test_a_template_for_what_is_not_text_is_refused_where_it_is_named(
    fails: Fails, tmp_path: Path
) -> None:
    binary = OURS.replace("plain", "mmdb")
    policy = write_policy(tmp_path, POLICY.replace('target = "plain"\npath = "far.txt"\n', binary))
    done = fails()
    assert done.code == 2
    line = policy.read_text(encoding="utf-8").split("template =")[0].count("\n") + 1
    said = f"{policy}:{line}:1: an artifact of mmdb is not text, so no template can write it"
    assert said in done.err


def test_a_true_that_would_have_to_say_a_country_is_refused(fails: Fails, tmp_path: Path) -> None:
    countries = 'map = "country"\ntarget = "mmdb"\nboolean = true\npath = "c.mmdb"\n'
    write_policy(tmp_path, f"{POLICY}[[output]]\n{countries}")
    done = fails()
    assert done.code == 2
    assert "with boolean = true a record says block and nothing else, not " in done.err


# It does not fit.


def test_every_output_that_does_not_fit_is_named_and_exit_code_5(
    fails: Fails, tmp_path: Path
) -> None:
    policy = write_policy(tmp_path, POLICY.replace("path =", "max_entries = 3\npath ="))
    done = fails()
    assert done.code == 5
    heads = [line for line in done.err.splitlines() if line.startswith("blockc: ")]
    assert [head.split(":")[1].strip() for head in heads] == [str(policy)] * 2
    assert "far.txt: " in heads[0]
    assert "nginx/far.conf: " in heads[1]
    assert "ipv4: 4 entries, the limit is 3" in heads[0]


def test_what_cannot_be_said_is_reported_before_what_does_not_fit(
    fails: Fails, tmp_path: Path
) -> None:
    warned = '[list.near]\nblock = ["AU"]\nstages = [{ from = 2020-01-01, action = "warn" }]\n'
    output = '[[output]]\nlist = "near"\ntarget = "plain"\npath = "near.txt"\n'
    text = POLICY.replace("path =", "max_entries = 3\npath =")
    write_policy(tmp_path, text + warned + output)
    done = fails()
    assert done.code == 2
    assert done.err.startswith("blockc: ")
    assert "plain cannot say 'warn'" in done.err
    assert "limit" not in done.err


# The disk.


def test_an_output_that_is_a_file_or_somebody_elses_folder_is_refused(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    words = ("build", "-f", write_policy(tmp_path), "--from", registries, "-o")
    (tmp_path / "file").write_bytes(b"mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine").write_bytes(b"mine")
    for name, said in (
        ("file", "is not a folder"),
        ("folder", "is a folder that blockc did not make"),
    ):
        done = blockc(*words, tmp_path / name)
        assert (done.code, done.out) == (2, "")
        assert said in done.err
        assert "--output" in done.err
    assert (tmp_path / "file").read_bytes() == b"mine"
    assert (tmp_path / "folder" / "mine").read_bytes() == b"mine"


def test_an_output_below_a_file_cannot_be_written(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    policy = write_policy(tmp_path)
    done = blockc("build", "-f", policy, "--from", registries, "-o", tmp_path / "file" / "dist")
    assert (done.code, done.out) == (2, "")
    assert "cannot publish" in done.err


DISK = """
set -eu
mount -t tmpfs -o size=160k tmpfs "$1"
cd "$1"
code=0
"$2" -m blockc build -f "$3" --from "$4" -o dist -q >/dev/null || code=$?
echo "$code"; find . -name far.txt -type f | wc -l
head -c 90000 /dev/zero > ballast
code=0
"$2" -m blockc build -f "$5" --from "$4" -o dist -q || code=$?
echo "$code"; ls dist; ls dist/.generations | grep -c -E '^[0-9a-f]{16}$'
mount -o remount,ro "$1"
code=0
"$2" -m blockc build -f "$5" --from "$4" -o dist -q || code=$?
echo "$code"; ls dist
"""


@pytest.mark.real
def test_a_full_or_read_only_disk_keeps_what_was_published(
    tmp_path: Path, registries: Path
) -> None:
    require_mounts()
    disk = tmp_path / "disk"
    disk.mkdir()
    small = write_policy(tmp_path / "small")
    more = "".join(f'"10.{n % 256}.{n // 256}.7",' for n in range(3000))
    large = write_policy(tmp_path / "large", POLICY.replace("block = [", f"block = [{more}"))
    words = [str(disk), sys.executable, str(small), str(registries), str(large)]
    done = subprocess.run(
        ["unshare", "--mount", "bash", "-c", DISK, "bash", *words],
        env=environ(),
        capture_output=True,
        text=True,
        check=False,
    )
    listing = ["far.txt", "manifest.json", "nginx"]
    assert done.stdout.split() == ["0", "1", "2", *listing, "1", "2", *listing], done.stderr
    assert "no space left on device; free some space" in done.stderr
    assert "read-only file system" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_store_that_cannot_be_written_does_not_fail_a_build(
    tmp_path: Path, registries: Path
) -> None:
    (tmp_path / "store").write_bytes(b"a file is not a folder")
    words = ("build", "-f", write_policy(tmp_path), "--from", registries)
    assert program(*words, "--store", tmp_path / "store", "-q").code == 0
