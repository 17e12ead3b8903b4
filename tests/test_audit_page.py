"""The page of the audit: every command on it is run in order, and says what the page says.

`pytest tests/test_audit_page.py --update-golden` writes the outputs anew.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.toy import CHECKOUT, environ

PAGE = CHECKOUT / "docs" / "audit.md"
_CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
_PROGRAMS = {"blockc": "-m blockc", "python": ""}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a copy of the example, and programs beside it."""
    folder = tmp_path / "audit"
    shutil.copytree(CHECKOUT / "examples" / "audit", folder)
    (tmp_path / "bin").mkdir()
    for name, words in _PROGRAMS.items():
        program = tmp_path / "bin" / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {words} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
    return folder


def run(command: str, place: Path) -> str:
    """Return what a command says, stderr among stdout as on a terminal."""
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=place,
        env=environ(
            PATH=f"{place.parent / 'bin'}:{os.environ['PATH']}",
            PYTHONPATH=str(CHECKOUT),
            BLOCKC_AUDIT_SECRET="a secret of the example",  # noqa: S106  of an example
            BLOCKC_STORE=str(place.parent / "store"),
            PYTHONUTF8="1",
            TZ="UTC",
        ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout.decode().replace("\r\n", "\n")


def test_every_command_says_what_the_page_says(place: Path, request: pytest.FixtureRequest) -> None:
    text = PAGE.read_text(encoding="utf-8")

    def said(block: re.Match[str]) -> str:
        commands = [line[2:] for line in block[1].splitlines() if line.startswith("$ ")]
        outputs = [f"$ {command}\n{run(command, place)}" for command in commands]
        return f"```console\n{''.join(outputs)}```"

    found = _CONSOLE.sub(said, text)
    if request.config.getoption("--update-golden"):
        PAGE.write_text(found, encoding="utf-8")
    assert found == PAGE.read_text(encoding="utf-8")
