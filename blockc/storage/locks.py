"""The only lock between processes: a file that one of them holds, and says who it is.

The kernel lets go of a lock when its process ends, however it ends. The file stays, with the name
of the last holder in it: removing it would let two processes hold two files of one name.
"""

import fcntl
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path, PurePath

from blockc.errors import Location, OutputError, UsageError, os_reason, printable
from blockc.storage.atomic import FILES, Advice, reporting
from blockc.values import Value

POLL_SECONDS = 0.2
_MOST_BYTES = 400
_ELSEWHERE = "use a local file system, or mount this one with locks"


def _untold(_holder: str) -> None:
    """Nobody is told."""


class LockWait(Value, kw_only=True):
    """How long to wait for a lock.

    Attributes:
        seconds: At most.
        told: Called once, with who holds the lock, before the first wait.
        sleep: Waits for some seconds.
        monotonic: Seconds from any beginning.
    """

    seconds: float
    told: Callable[[str], None] = _untold
    sleep: Callable[[float], object] = time.sleep
    monotonic: Callable[[], float] = time.monotonic


@contextmanager
def held(path: Path, busy: str, wait: LockWait, advice: Advice = FILES) -> Iterator[None]:
    """Hold the lock file at `path` alone; it and its folder are made if they are not there.

    Args:
        busy: What the other process has been doing, for messages.

    Raises:
        UsageError: Another process holds it all that time.
        OutputError: It cannot be made, or its file system has no locks.
    """
    with reporting(path, advice):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        _acquire(descriptor, path, busy, wait)
        with suppress(OSError):  # a full disk is no reason not to work
            os.ftruncate(descriptor, 0)
            os.write(descriptor, _ourselves().encode())
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, busy: str, wait: LockWait) -> None:
    end, waited = wait.monotonic() + wait.seconds, False
    while not _locked(descriptor, path):
        holder = _holder(descriptor)
        if wait.monotonic() >= end:
            raise UsageError(
                f"{busy} for {wait.seconds:,.0f} seconds",
                at=Location(str(path)),
                hint=f"wait for {holder or 'it'}, or stop it",
            )
        if not waited:
            wait.told(holder)
            waited = True
        wait.sleep(POLL_SECONDS)


def _locked(descriptor: int, path: Path) -> bool:
    """Return whether the lock is ours now; False means that another process has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise OutputError(
            f"cannot lock this file: {os_reason(error)}", at=Location(str(path)), hint=_ELSEWHERE
        ) from error
    return True


def _ourselves() -> str:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    program = PurePath(sys.argv[0] if sys.argv else "").name or "python"
    words = " ".join([program, *sys.argv[1:2]])
    return f"process {os.getpid()} on {socket.gethostname()} ({words}, since {now})"


def _holder(descriptor: int) -> str:
    """Return who says that they hold the lock; nothing if they have not said it yet."""
    with suppress(OSError):
        return printable(os.pread(descriptor, _MOST_BYTES, 0).decode(errors="replace"))
    return ""
