"""The first minute on a new machine: what is missing is said in one line, and help is complete."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.machine import require_program

CHECKOUT = Path(__file__).resolve().parents[1]
SCRIPT = CHECKOUT / "scripts" / "preflight.py"


@pytest.fixture
def lacking() -> Callable[[], str]:
    """Return what `scripts/preflight.py` asks."""
    spec = importlib.util.spec_from_file_location("preflight", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    ask: Callable[[], str] = module.lacking
    return ask


def make(*words: str, folder: Path = CHECKOUT) -> subprocess.CompletedProcess[str]:
    command = [require_program("make"), "--no-print-directory", *words]
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    return subprocess.run(
        command, cwd=folder, env=inherited, capture_output=True, text=True, check=False
    )


def test_this_machine_lacks_nothing(lacking: Callable[[], str]) -> None:
    assert lacking() == ""


def test_an_old_python_is_named(
    lacking: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    assert lacking().startswith("Python 3.9 is too old; install 3.11 or newer")


def test_a_missing_compiler_is_named_in_one_line_with_exit_code_2() -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT],
        env={**os.environ, "CC": "/nowhere/cc -O2"},
        capture_output=True,
        text=True,
        check=False,
    )
    wanted = "blockc: no C compiler '/nowhere/cc', pytricia needs one; install gcc (Debian)\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", wanted)


@pytest.mark.parametrize("name", ["venv", "ensurepip"])
def test_a_python_without_environments_is_named(
    lacking: Callable[[], str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: None if n == name else find(n))
    assert "install python3-venv" in lacking()


def test_missing_headers_are_named(
    lacking: Callable[[], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    assert "install python3-dev" in lacking()


def test_a_machine_without_python_is_told_what_to_install(tmp_path: Path) -> None:
    shutil.copy(CHECKOUT / "Makefile", tmp_path)
    (tmp_path / "scripts").mkdir()
    shutil.copy(SCRIPT, tmp_path / "scripts")
    for name in ("setup.cfg", "pyproject.toml"):
        shutil.copy(CHECKOUT / name, tmp_path)
    done = make("PYTHON=no-such-python", folder=tmp_path)
    first = done.stderr.splitlines()[0]
    assert first.startswith("blockc: no Python here; install Python 3.11 or newer")
    assert done.returncode == 2
    assert not (tmp_path / ".venv").exists()


def test_help_lists_every_target() -> None:
    lines = (CHECKOUT / "Makefile").read_text(encoding="utf-8").splitlines()
    (phony,) = [line.split()[1:] for line in lines if line.startswith(".PHONY:")]
    listed = [line.split()[0] for line in make("help").stdout.splitlines()]
    assert sorted(listed) == sorted(phony)
