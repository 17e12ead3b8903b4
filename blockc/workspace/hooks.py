"""Runs what an operator wants done when artifacts changed, such as the reload of a server."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from time import monotonic
from typing import IO

from blockc.errors import os_reason, printable
from blockc.policy.model import Hook
from blockc.storage.local import MAX_BYTES
from blockc.values import Value

_MOST_SAID = 4096  # bytes of what a program said that are kept, the last ones
_SECONDS_TO_END = 5  # between asking a program to end and ending it


class HookRun(Value, kw_only=True):
    """What came of running a command.

    Attributes:
        outputs: The paths of the outputs that it was run for.
        failure: Why it failed; nothing if it did not.
        said: The end of what it printed, line by line.
        seconds: How long it took.
    """

    outputs: tuple[str, ...]
    words: tuple[str, ...]
    failure: str
    said: tuple[str, ...]
    seconds: float


def run_hook(
    hook: Hook,
    outputs: tuple[str, ...],
    folder: Path,
    environment: Mapping[str, str],
    clock: Callable[[], float] = monotonic,
) -> HookRun:
    """Run a command without a shell, and stop it with all it started when its time is over.

    Args:
        hook: What to run, and how long it may take.
        outputs: The paths of the outputs that it is run for.
        folder: Where it runs.
        environment: What it finds in its environment besides that of this process.
        clock: Tells seconds that only grow.
    """
    begin = clock()
    # Into a file: a server that it leaves behind holds a pipe open for ever.
    with TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                hook.words,
                cwd=folder,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except (OSError, ValueError) as reason:
            why = os_reason(reason) if isinstance(reason, OSError) else str(reason)
            failure = f"cannot be run: {why}"
        else:
            failure = _ended(process, hook.seconds)
        said = _last_lines(output)
    return HookRun(
        outputs=outputs,
        words=hook.words,
        failure=failure,
        said=said,
        seconds=clock() - begin,
    )


class CommandFailed(Exception):
    """A command that was to be read failed; the text says how, and what it said."""


def read_command(words: Sequence[str], seconds: int, folder: Path) -> bytes:
    """Return what a command prints, run without a shell in a folder.

    Raises:
        CommandFailed: It cannot be run, ends with another code than 0, takes longer, or prints
            more than a file may hold that blockc reads.
    """
    with TemporaryFile() as output, TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                words,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )
        except OSError as reason:
            raise CommandFailed(f"cannot be run: {os_reason(reason)}") from None
        failure = _ended(process, seconds)
        if failure:
            said = _last_lines(errors)
            raise CommandFailed(f"{failure}: {said[-1]}" if said else failure)
        if output.seek(0, os.SEEK_END) > MAX_BYTES:
            raise CommandFailed(f"printed more than {MAX_BYTES:,} bytes")
        output.seek(0)
        return output.read()


def _last_lines(file: IO[bytes]) -> tuple[str, ...]:
    """Return the end of what a program printed into a file, line by line."""
    file.seek(max(0, file.seek(0, os.SEEK_END) - _MOST_SAID))
    lines = file.read().decode("utf-8", "replace").splitlines()
    return tuple(printable(line) for line in lines if line.strip())


def _ended(process: "subprocess.Popen[bytes]", seconds: float) -> str:
    """Return why a program failed, once it has ended; nothing if it did not."""
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        _stop(process)
        return f"did not end in {seconds:g} seconds and was stopped"
    except BaseException:
        _stop(process)
        raise
    if code < 0:
        return f"was ended by signal {-code} ({signal.strsignal(-code) or 'unknown'})"
    return f"ended with {code}" if code else ""


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End a program and all it started, first by asking."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_SECONDS_TO_END)
