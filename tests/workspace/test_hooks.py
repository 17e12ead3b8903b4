"""Commands that run when artifacts changed: what they find, how they fail, and that they end."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from blockc.policy.model import Hook
from blockc.workspace.hooks import HookRun, run_hook


def run(folder: Path, *words: str, seconds: int = 60, **environment: str) -> HookRun:
    """Run a command in a folder."""
    return run_hook(Hook(words, seconds), ("a.conf",), folder, environment)


def python(folder: Path, code: str, seconds: int = 60) -> HookRun:
    """Run a program in Python."""
    return run(folder, sys.executable, "-c", code, seconds=seconds)


def is_running(process: int) -> bool:
    """Return whether a process is there; one that ended and that nobody asked about is not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def test_a_command_runs_in_the_folder_without_a_shell_and_finds_what_it_is_told(
    tmp_path: Path,
) -> None:
    done = run(
        tmp_path,
        "sh",
        "-c",
        'pwd; echo "$1 $BLOCKC_FOLDER"; cat',
        "x",
        "$(id); *",
        BLOCKC_FOLDER="d",
    )
    assert (done.failure, done.said) == ("", (str(tmp_path), "$(id); * d"))
    assert done.outputs == ("a.conf",)


@pytest.mark.parametrize(
    ("words", "failure"),
    [
        (("sh", "-c", "echo wrong >&2; exit 3"), "ended with 3"),
        (("sh", "-c", "kill -9 $$"), "was ended by signal 9 (Killed)"),
        (("/nonexistent/program",), "cannot be run: no such file or directory"),
        (("/",), "cannot be run: permission denied"),
    ],
)
def test_a_failure_says_why(words: tuple[str, ...], failure: str, tmp_path: Path) -> None:
    done = run(tmp_path, *words)
    assert done.failure == failure
    assert done.said == (("wrong",) if words[-1].startswith("echo") else ())


def test_what_it_prints_is_cut_and_harmless(tmp_path: Path) -> None:
    done = python(
        tmp_path, r"print('first'); print('x' * 99 + '\n' * 2, end='' ); print('\x1b[31mred')"
    )
    assert done.said == ("first", "x" * 99, "\\x1b[31mred")
    long = python(tmp_path, "[print(n) for n in range(100_000)]")
    assert long.said[-1] == "99999"
    assert sum(map(len, long.said)) < 4096


def test_a_command_that_hangs_is_stopped_with_all_it_started(tmp_path: Path) -> None:
    # A shell is up at once, also on a busy machine; who it starts ignores the signal too.
    done = run(tmp_path, "sh", "-c", "trap '' TERM; sleep 600 & echo $!; wait", seconds=1)
    assert done.failure == "did not end in 1 seconds and was stopped"
    (child,) = done.said
    deadline = time.monotonic() + 60  # a process that was killed ends when the system finds time
    while is_running(int(child)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_running(int(child))


def test_a_server_that_it_leaves_behind_is_not_waited_for(tmp_path: Path) -> None:
    done = run(tmp_path, "sh", "-c", "sleep 600 & echo $!")
    assert done.failure == ""
    assert done.seconds < 60
    os.kill(int(done.said[0]), signal.SIGKILL)


def test_an_interrupt_stops_it(tmp_path: Path) -> None:
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, "sh", "-c", "echo $$ > pid; exec sleep 600")
    finally:
        signal.signal(signal.SIGINT, handler)
    assert not is_running(int((tmp_path / "pid").read_text()))
