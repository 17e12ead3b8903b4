"""Ctrl-C, from the first import of ours to the last line: one line, exit code 130, no traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.toy import environ

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
