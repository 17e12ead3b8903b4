"""`--json`: whatever a command says on stderr, each line is a JSON value."""

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Blockc
from tests.cli.toy import POLICY, ROWS, Done, delegated, environ, write_policy

REFUSED = delegated("apnic", ROWS["apnic"]).replace("1.0.2.0", "1.0.2.999")
ODD = POLICY + '[[output]]\nlist = "far"\ntarget = "plain"\npath = "less.txt"\n'
ODD += 'when_over = "coverage"\nmax_entries = 2\n'


def said(done: Done) -> list[dict[str, Any]]:
    """Return what each line of stderr says."""
    lines: list[dict[str, Any]] = [json.loads(line) for line in done.err.splitlines()]
    kinds = [next(iter(line)) for line in lines]
    assert set(kinds) <= {"warning", "message", "errors"}
    assert all(kind != "errors" for kind in kinds[:-1])
    if done.code in (0, 1):
        assert "errors" not in kinds
    else:
        assert lines[-1]["exit_code"] == done.code
    return lines


def test_files_that_are_refused_are_all_in_one_value(blockc: Blockc, tmp_path: Path) -> None:
    good, bad, worse = (tmp_path / name for name in ("good", "bad", "worse"))
    good.write_text(delegated("apnic", ROWS["apnic"]), encoding="ascii")
    bad.write_text(REFUSED, encoding="ascii")
    worse.write_text("<html>\n", encoding="ascii")
    done = blockc("check", "--json", bad, good, worse, tmp_path / "gone")
    assert [one["accepted"] for one in json.loads(done.out)] == [False, True, False, False]
    (end,) = said(done)
    assert end["exit_code"] == done.code == 3
    paths = [error["path"] for error in end["errors"]]
    assert paths == [str(path) for path in (bad, worse, tmp_path / "gone")]
    assert (end["errors"][0]["line"], end["errors"][0]["column"]) == (6, 15)


@pytest.mark.parametrize(
    ("words", "ends"),
    [
        ("build -v", (0, {"message", "warning"})),
        ("build", (0, {"warning"})),
        ("build --dry-run", (0, set())),
        ("build --sample", (0, {"warning"})),
        ("build --from nowhere", (2, {"errors"})),
        ("build --rollback", (2, {"errors"})),
        ("build --nonsense", (2, {"errors"})),
        ("curve far", (0, set())),
        ("curve nobody", (2, {"errors"})),
        ("check bad", (3, {"errors"})),
        ("check gone bad", (3, {"errors"})),
        ("aggregate entries", (0, set())),
        ("aggregate bad", (3, {"errors"})),
        ("aggregate entries --max-entries 1 --when-over coverage", (0, {"warning"})),
        ("list sources", (0, set())),
        ("list groups nobody nothing", (2, {"errors"})),
        ("list sources -f broken.toml", (0, {"warning"})),
        ("list", (2, {"errors"})),
        ("", (2, {"errors"})),
        ("store ls", (0, set())),
        ("store verify", (0, {"message"})),
        ("store gc", (0, set())),
        ("init new --country CN", (0, {"message"})),
        ("init . --country CN", (2, {"errors"})),
        ("update --offline", (3, {"warning", "errors"})),
        ("update nobody", (2, {"errors"})),
    ],
)
def test_no_command_says_text(
    blockc: Blockc,
    tmp_path: Path,
    registries: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    ends: tuple[int, set[str]],
) -> None:
    code, kinds = ends
    write_policy(tmp_path, ODD)
    (tmp_path / "bad").write_text(REFUSED, encoding="ascii")
    (tmp_path / "entries").write_text("192.0.2.0/25\n198.51.100.0/24\n", encoding="ascii")
    (tmp_path / "broken.toml").write_text("version = 2\n", encoding="ascii")
    monkeypatch.chdir(tmp_path)
    asked: Sequence[object] = words.split()
    if (
        words.startswith(("build", "curve"))
        and "--sample" not in words
        and "roll" not in words
        and "nowhere" not in words
    ):
        asked = [*asked, "--from", registries]
    done = blockc("--json", *asked)
    assert done.code == code, done.err
    assert kinds <= {next(iter(line)) for line in said(done)}
    if code == 0:
        json.loads(done.out)


def test_an_interrupt_is_a_value_too() -> None:
    command = [sys.executable, "-m", "blockc", "aggregate", "-v", "--json"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stderr=pipe, env=environ(), text=True) as process:
        assert process.stderr
        assert json.loads(process.stderr.readline()) == {"message": "read stdin"}
        process.send_signal(signal.SIGINT)
        end = json.loads(process.stderr.read())
        assert (process.wait(), end["exit_code"]) == (130, 130)
        assert end["errors"][0]["message"] == "interrupted; nothing is half-written"


def test_a_bug_is_a_value_with_its_trace(blockc: Blockc, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        raise RuntimeError("planted")

    monkeypatch.setattr("blockc.cli.commands.list.show_json", broken)
    (end,) = said(blockc("list", "targets", "--json"))
    assert end["exit_code"] == 70
    assert end["errors"][0]["message"].endswith("RuntimeError: planted")
    assert "bug in blockc" in end["errors"][0]["hint"]
