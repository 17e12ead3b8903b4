"""The best of several times, the contenders taking turns so that noise hits them alike."""

import gc
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

CHECKOUT = Path(__file__).resolve().parents[2]
LAUNCH = Path(__file__).with_name("launch.py")


class Run(NamedTuple):
    """What a process took: wall seconds, and megabytes of its largest resident size.

    `processor`: seconds of the processor, of the processes that it started too.
    """

    seconds: float
    megabytes: float
    processor: float = 0


def in_turns(rounds: int, contenders: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Return the best time of each contender, called in turns, the collector off meanwhile."""
    best = dict.fromkeys(contenders, float("inf"))
    for _ in range(rounds):
        for name, call in contenders.items():
            gc.collect()
            gc.disable()
            begin = perf_counter()
            call()
            best[name] = min(best[name], perf_counter() - begin)
            gc.enable()
    return best


def processes_in_turns(
    rounds: int, commands: Mapping[str, Sequence[str]], output: Path
) -> dict[str, Run]:
    """Return the best time and the largest size of each command, run in turns.

    Args:
        output: A folder; what a command prints last is in a file of its name there.

    Raises:
        RuntimeError: If a command fails.
    """
    best = dict.fromkeys(commands, Run(float("inf"), 0))
    for _ in range(rounds):
        for name, command in commands.items():
            once = run(command, output / name)
            known = best[name]
            best[name] = Run(min(known.seconds, once.seconds), max(known[1], once.megabytes))
    return best


def run(command: Sequence[str], output: Path) -> Run:
    """Run a command in the checkout, with its output in a file, and return what it took.

    Raises:
        RuntimeError: If it fails.
    """
    launched = subprocess.run(
        [sys.executable, "-I", "-S", str(LAUNCH), str(output), *command],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, processor, kilobytes, code = launched.stdout.split()
    if code != "0":
        raise RuntimeError(f"{' '.join(command)} ended with {code}: {launched.stderr}")
    return Run(float(seconds), int(kilobytes) / 1024, float(processor))


@cache
def python() -> str:
    """Return the interpreter of an environment that starts as a user's does.

    It has this checkout and the packages that are installed here, and none of the hooks that an
    editable install and tools for tests run at each start of Python.
    """
    folder = _folder()
    venv.create(folder.name, symlinks=True)
    places = {
        name: sysconfig.get_path(name, "venv", {"base": folder.name})
        for name in ("purelib", "scripts")
    }
    packages = f"{CHECKOUT}\n{sysconfig.get_path('purelib')}\n"
    Path(places["purelib"], "packages.pth").write_text(packages, encoding="utf-8")
    return str(Path(places["scripts"], "python"))


@cache
def _folder() -> "TemporaryDirectory[str]":
    return TemporaryDirectory(prefix="blockc-bench-")  # goes when this process ends


def blockc(*arguments: str) -> list[str]:
    """Return the command that runs this checkout's `blockc`."""
    return [python(), "-m", "blockc", *arguments]
