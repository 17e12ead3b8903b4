"""Ctrl-C, from the first import of ours to the last line: one line, exit code 130, no traceback.

And SIGTERM of a service manager, or SIGHUP of a terminal: one line, and nothing is left behind.
"""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from blockc.cli import main
from tests.cli.conftest import Blockc
from tests.cli.toy import environ, write_policy

# Sends itself an interrupt when the n-th module is imported after ours began, or at the end.
SENDER = """
import os, runpy, signal, sys
count = 0
def hook(event, arguments):
    global count
    if event == "import" and "blockc" in sys.modules:
        count += 1
        if count == {number}:
            os.kill(os.getpid(), signal.SIGINT)
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.addaudithook(hook)
sys.argv = ["blockc", "list", "countries", *{more!r}]
runpy.run_module("blockc", run_name="__main__", alter_sys=True)
"""

#: Run Python with a signal that is not ignored, as `nohup` and background jobs have it.
HEEDING = """
import os, signal, sys
signal.signal(int(sys.argv[1]), signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""


@pytest.mark.parametrize("more", [[], ["--json"]])
@pytest.mark.parametrize("number", [8, 20, 35, 50, 65, 80])
def test_an_interrupt_at_any_import_is_a_line(number: int, more: list[str], tmp_path: Path) -> None:
    code = SENDER.format(number=number, more=more)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environ(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert (done.returncode, len(done.stderr.splitlines())) == (130, 1)
    assert "interrupted; nothing is half-written" in done.stderr
    assert done.stderr.startswith("{" if more else "blockc: ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_an_audit_that_is_stopped_leaves_no_scratch_folder(
    number: signal.Signals, tmp_path: Path, registries: Path
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    audit = ["audit", "-v", "-", "-f", str(write_policy(tmp_path)), "--from", str(registries)]
    with subprocess.Popen(
        [sys.executable, "-c", HEEDING, str(int(number)), "-m", "blockc", *audit],
        env=environ(TMPDIR=str(scratch)),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        assert any("read logs" in line for line in process.stderr)
        assert [path.name[:13] for path in scratch.iterdir()] == ["blockc-audit-"]
        process.send_signal(number)
        said = process.stderr.read().splitlines()[-1]
        code = process.wait()
    interrupted = number == signal.SIGINT
    reason = "interrupted" if interrupted else f"stopped by {number.name}"
    assert said == f"blockc: {reason}; nothing is half-written"
    assert code == (130 if interrupted else -number)
    assert list(scratch.iterdir()) == []


def test_a_signal_that_is_ignored_stays_so(tmp_path: Path) -> None:
    code = SENDER.format(number=20, more=[]).replace("SIGINT", "SIGHUP")
    command = [sys.executable, "-c", code.replace("signal.default_int_handler", "signal.SIG_IGN")]
    assert subprocess.run(command, env=environ(), cwd=tmp_path, check=False).returncode == 0


@pytest.mark.parametrize(
    ("number", "said"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "stopped by SIGTERM")]
)
def test_a_library_that_makes_a_failure_of_its_own_of_a_signal_is_no_bug(
    blockc: Blockc, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, said: str
) -> None:
    before = signal.getsignal(number)

    def query(_: object) -> None:
        try:
            main.stop(number)
        except KeyboardInterrupt:
            raise RuntimeError("Query interrupted") from None

    monkeypatch.setattr(main, "_came", [])
    monkeypatch.setattr("blockc.cli.commands.list._LISTINGS", {"targets": query})
    try:
        done = blockc("list", "targets", "--json")
    finally:
        signal.signal(number, before)
    (error,) = json.loads(done.err)["errors"]
    assert (done.code, error["message"]) == (128 + number, f"{said}; nothing is half-written")
