"""What every verb has in common: help, global options, exit codes, silence and colour."""

import json
import re
import signal
import subprocess
import sys
from collections import Counter
from ctypes import CDLL
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blockc import __version__
from blockc.cli import main
from blockc.cli.main import VERBS
from blockc.errors import BlockcError, DoesNotFit, Mistakes, PolicyError, UnsafeChange
from tests.cli.conftest import Blockc
from tests.cli.toy import environ, on_terminal, program, shell, write_policy

HEAVY = ("numpy", "jinja2", "msgspec", "requests", "rich", "pytricia", "netaddr")


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_help_and_version_import_no_heavy_library(word: str) -> None:
    code = (
        "import sys\nfrom blockc.cli.main import run\n"
        f"assert run([{word!r}]) == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environ(), capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


@pytest.mark.parametrize("name", sorted(VERBS.keys() - {"check"}))
def test_help_of_a_verb_does_not_wait_for_what_computes(name: str) -> None:
    code = (
        "import sys\nfrom blockc.cli.main import run\n"
        f"assert run([{name!r}, '--help']) == 0\n"
        f"print({{*{HEAVY!r}}} & {{*sys.modules}}, file=sys.stderr)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environ(), capture_output=True, text=True, check=True)
    assert done.stderr == "{'msgspec'}\n"


def test_numpy_starts_no_threads_nor_slow_vectors_and_cycles_are_sought_seldom() -> None:
    code = (
        "import gc, os\nfrom blockc.cli import main\n"
        "def run(arguments):\n"
        "    from numpy._core._multiarray_umath import __cpu_features__ as features\n"
        "    print(features.get('X86_V4', False))\n"
        "    print(len(os.listdir('/proc/self/task')), gc.get_threshold()[0])\n"
        "main.run = run\nmain.main()"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environ(), capture_output=True, text=True, check=True)
    assert done.stdout == "False\n1 100000\n"


def test_calls_however_deep_ask_the_system_for_no_memory_again_and_again() -> None:
    code = """
import resource
from blockc.__main__ import main
from blockc.cli import main as command

def nothing(): pass

def faults(depth):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(200):
        nothing()
    here = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    return max(here, faults(depth - 1)) if depth else here

command.main = lambda: print(faults(300))
main()
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environ(), capture_output=True, text=True, check=True)
    assert int(done.stdout) < 50  # 200 where calls begin a piece of memory


@pytest.mark.skipif(not hasattr(CDLL(None), "mallopt"), reason="another C library than glibc")
@pytest.mark.parametrize("asked", ["", "1000000"])
def test_memory_of_arrays_is_kept_for_the_next_ones(asked: str) -> None:
    code = """
import resource
import numpy as np
from blockc.cli.main import run

run(["list", "groups", "-q"])
for round in range(20):
    if round == 10:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    held = [np.ones(3 << 17) for _ in range(6)]
    del held
print("page faults:", resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
    settings = {"MALLOC_TRIM_THRESHOLD_": asked} if asked else {}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=environ(**settings), capture_output=True, text=True, check=True
    )
    faults = int(done.stdout.rpartition(" ")[2])
    assert (faults < 1000) is (not asked)  # 768 pages each, sixty times


def test_a_numpy_that_cannot_do_without_a_level_is_used_with_all_it_has() -> None:
    """Stand in for one with a level below: every numpy needs the first of its own."""
    code = "import sys\nfrom blockc.cli import main\nmain._SLOW = sys.argv.pop(1)\nmain.main()"
    built: Any = np.show_config(mode="dicts")
    needed = built["SIMD Extensions"]["baseline"][0]
    command = [sys.executable, "-c", code, needed, "aggregate", "-"]
    halves = "192.0.2.0/25\n192.0.2.128/25\n"
    done = subprocess.run(
        command, input=halves, env=environ(), capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("192.0.2.0/24\n", "", 0)


@pytest.mark.parametrize(
    ("words", "count", "said"),
    [("blockc b", 1, "plain,build"), ("blockc build --dr", 2, "plain,--dry-run")],
)
def test_completion_imports_no_heavy_library(words: str, count: int, said: str) -> None:
    code = (
        "import sys\nfrom blockc.cli.main import cli\n"
        "try:\n    cli.main([], prog_name='blockc')\n"
        "finally:\n"
        f"    heavy = set({HEAVY!r}) - {{'msgspec'}}\n"
        "    print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    asked = {"_BLOCKC_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(count)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environ(**asked), capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"{said}\n", "[]\n")


def test_the_version_is_told(blockc: Blockc) -> None:
    assert blockc("--version") == (0, f"blockc {__version__}\n", "")


def test_help_names_every_verb_and_every_exit_code(blockc: Blockc) -> None:
    done = blockc("--help")
    assert (done.code, done.err) == (0, "")
    for verb, said in VERBS.items():
        assert re.search(rf"^  {verb} +{re.escape(said)}$", done.out, re.MULTILINE)
    for kind in (BlockcError, UnsafeChange, DoesNotFit):
        assert re.search(rf"\b{kind.exit_code}\b", done.out)
    assert blockc("-h").out == done.out


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_says_what_it_reads_writes_and_returns(blockc: Blockc, verb: str) -> None:
    done = blockc(verb, "--help")
    assert (done.code, done.err) == (0, "")
    text = " ".join(done.out.split())
    for word in ("Reads", "Writes", "Prints", "Exit code"):
        assert word in text, f"{verb} --help does not say what it {word.lower()}"
    assert "--json" in text
    assert all(len(line) <= 80 for line in done.out.splitlines())


def test_no_verb_at_all_is_told_what_there_is(blockc: Blockc) -> None:
    done = blockc()
    assert (done.code, done.out) == (2, "")
    assert "Verbs:" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["biuld"], "no verb 'biuld'; did you mean 'build'?; see `blockc --help`"),
        (["list", "--jsn"], "no such option '--jsn'"),
        (["--jsn", "list"], "no such option '--jsn'"),
        (["list"], "missing argument"),
        (["list", "cows"], "'cows' is not one of"),
        (["build", "--from"], "option '--from' requires an argument"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_code_2(
    blockc: Blockc, words: list[str], said: str
) -> None:
    done = blockc(*words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("blockc: ")
    assert said in done.err
    assert done.err.count("\n") == 1
    assert "--help`" in done.err


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (PolicyError("x"), 2),
        (Mistakes([PolicyError("x"), PolicyError("y")]), 2),
        (UnsafeChange("x"), 4),
        (DoesNotFit("x"), 5),
        (KeyboardInterrupt(), 130),
        (RuntimeError("x"), 70),
    ],
)
def test_who_must_act_is_the_exit_code(
    blockc: Blockc, monkeypatch: pytest.MonkeyPatch, failure: BaseException, code: int
) -> None:
    def fail(_: object) -> None:
        raise failure

    monkeypatch.setattr("blockc.cli.commands.list._LISTINGS", {"targets": fail})
    done = blockc("list", "targets")
    assert (done.code, done.out) == (code, "")
    assert "blockc: " in done.err


def test_a_bug_shows_its_traceback_and_asks_for_a_report(
    blockc: Blockc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blockc.cli.commands.list._LISTINGS", {})
    done = blockc("list", "targets")
    assert done.code == 70
    assert "KeyError: 'targets'" in done.err
    assert done.err.endswith(f"blockc: {main.BUG}\n")


def test_a_global_option_may_stand_before_or_after_the_verb(blockc: Blockc) -> None:
    before, after = blockc("--json", "list", "targets"), blockc("list", "targets", "--json")
    assert before == after
    assert json.loads(before.out)[0]["name"] == "plain"


def test_quiet_leaves_only_the_result_and_verbose_tells_every_step(
    blockc: Blockc, registries: Path, tmp_path: Path
) -> None:
    policy = write_policy(tmp_path)
    words = ("build", "-f", policy, "--from", registries, "-o", tmp_path / "dist")
    assert "published" in blockc(*words).err
    assert blockc(*words, "-q").err == ""
    told = blockc(*words, "-v", "--rebuild").err.splitlines()
    assert [line for line in told if "compile and prove" in line] == [
        "blockc: compile and prove far.txt",
        "blockc: compile and prove nginx/far.conf",
    ]
    assert f"blockc: read policy {policy}" in told
    assert f"blockc: read registries {registries}" in told
    assert told[-2] == "blockc: publish"


def test_a_terminal_gets_colours_and_no_line_is_longer_than_it_is_wide() -> None:
    shown = on_terminal("list", "groups")
    assert shown.startswith("\x1b[1mGroups\x1b[0m\n")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert max(map(len, plain.splitlines())) <= 80
    assert len(on_terminal("list", "groups", columns=120).splitlines()) < len(plain.splitlines())


def test_nothing_is_lost_on_a_narrow_terminal() -> None:
    shown = on_terminal("list", "targets", "--no-color", columns=40)
    wide = program("list", "targets").out
    lost = Counter(re.sub(r"\s+|─", "", wide)) - Counter(re.sub(r"\s+|─", "", shown))
    assert not lost


@pytest.mark.parametrize("how", ["option", "environment"])
def test_colours_can_be_refused(how: str, tmp_path: Path) -> None:
    refuse = ["--no-color"] if how == "option" else []
    no_color = "1" if how == "environment" else ""
    assert "\x1b" not in on_terminal("list", "targets", *refuse, NO_COLOR=no_color)
    assert "\x1b" not in on_terminal("check", tmp_path / "gone", *refuse, NO_COLOR=no_color)
    assert "\x1b[31mblockc:" in on_terminal("check", tmp_path / "gone")


def test_a_pipe_gets_no_colours_and_no_wrapped_or_padded_lines() -> None:
    done = program("list", "sources")
    assert "\x1b" not in done.out
    lines = done.out.splitlines()
    assert lines[0] == "Sources"
    assert lines == [line.rstrip() for line in lines]
    names = [row["name"] for row in json.loads(program("list", "sources", "--json").out)]
    assert [line.split()[0] for line in lines[3:]] == names


def test_an_ascii_terminal_gets_ascii(blockc: Blockc, registries: Path, tmp_path: Path) -> None:
    text = 'version = 1\n[list.a]\ntitle = "Zürich \\u2192 Łódź"\nblock = ["CN"]\n'
    policy = write_policy(tmp_path, text + '[[output]]\nlist="a"\ntarget="json"\npath="a"\n')
    words = ("build", "-f", policy, "--from", registries, "-o", tmp_path / "dist")
    assert blockc(*words).code == 0
    table = program(*words, "--dry-run", PYTHONIOENCODING="ascii")
    assert table.code == 0
    assert "Z\\xfcrich \\u2192" in table.out
    report = program(*words, "--json", PYTHONIOENCODING="ascii")
    assert report.err == ""
    assert json.loads(report.out)["lists"][0]["title"] == "Zürich → Łódź"


@pytest.mark.parametrize("words", ["list targets", "--help", "list --help"])
def test_an_output_that_takes_nothing_is_exit_code_2(words: str) -> None:
    done = shell(f"$blockc {words} > /dev/full")
    assert done == (2, "", "blockc: cannot write to standard output: no space left on device\n")


def test_an_output_that_takes_no_json_is_exit_code_2() -> None:
    done = shell("$blockc list targets --json > /dev/full")
    (error,) = json.loads(done.err)["errors"]
    said = "cannot write to standard output: no space left on device"
    assert (done.code, error["message"]) == (2, said)


def test_a_stderr_that_takes_nothing_changes_nothing() -> None:
    assert shell("$blockc list cows 2> /dev/full; echo $?").out == "2\n"
    assert shell("$blockc list targets -v 2>&- | head -n 1").out == "Targets\n"


def test_an_interrupt_ends_with_130_and_one_line() -> None:
    command = [sys.executable, "-m", "blockc", "aggregate", "-v"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stderr=pipe, env=environ(), text=True) as process:
        assert process.stderr
        assert process.stderr.readline() == "blockc: read stdin\n"
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == "blockc: interrupted; nothing is half-written\n"
        assert process.wait() == 130


def test_with_json_what_went_wrong_is_json_on_stderr(blockc: Blockc, tmp_path: Path) -> None:
    path = tmp_path / "blockc.toml"
    path.write_text('version = 1\n[list.a]\nblock = ["XX", "YY"]\n[output]\nlist = "a"\n')
    done = blockc("build", "-f", path, "--sample", "--json")
    assert (done.code, done.out) == (2, "")
    report = json.loads(done.err)
    assert report["exit_code"] == 2
    assert [(one["line"], one["column"], one["path"]) for one in report["errors"]] == [
        (3, 10, str(path)),
        (3, 16, str(path)),
        (4, 2, str(path)),
    ]
    assert report["errors"][2]["message"] == "expected a list, found a table"
    assert report["errors"][2]["hint"] == "write [[output]]"


def test_with_json_a_wrong_call_is_json_on_stderr(blockc: Blockc) -> None:
    for words in (("build", "--json", "--nonsense"), ("--json", "bild")):
        done = blockc(*words)
        assert (done.code, done.out) == (2, "")
        (error,) = json.loads(done.err)["errors"]
        assert (error["path"], error["line"]) == (None, None)
