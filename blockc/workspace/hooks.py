"""Runs what an operator wants done when artifacts changed, such as the reload of a server."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from time import monotonic

from blockc.errors import os_reason, printable
from blockc.policy.model import Hook
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
            said = os_reason(reason) if isinstance(reason, OSError) else str(reason)
            failure = f"cannot be run: {said}"
        else:
            failure = _ended(process, hook.seconds)
        size = output.seek(0, os.SEEK_END)
        output.seek(max(0, size - _MOST_SAID))
        lines = output.read().decode("utf-8", "replace").splitlines()
    return HookRun(
        outputs=outputs,
        words=hook.words,
        failure=failure,
        said=tuple(printable(line) for line in lines if line.strip()),
        seconds=clock() - begin,
    )


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
