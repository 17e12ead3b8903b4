"""Files for the time of a run: what arrives in pieces, and what programs that we start say."""

import fcntl
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_MADE_SECONDS = 60.0  # a folder that is younger may not be locked yet


def write_chunks(path: Path, chunks: Iterable[bytes]) -> int:
    """Write chunks one after the other into a file, and return how many bytes they are.

    Raises:
        OSError: It cannot be written.
    """
    with path.open("wb") as file:
        return sum(file.write(chunk) for chunk in chunks)


@contextmanager
def child_stderr_in(path: Path) -> Iterator[None]:
    """Let programs that are started in the block say what they say on stderr into a file.

    They do so until they end. Standard error of this process is as it was after the block.

    Raises:
        OSError: The file cannot be written.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.dup2(file, 2)
        finally:
            os.close(file)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextmanager
def scratch_folder(purpose: str) -> Iterator[Path]:
    """Give a folder that only this user can read, which is gone with all in it afterwards.

    A process that was killed leaves its own, with what its logs say of people: that goes before.
    """
    import tempfile

    begin, end = f"blockc-{purpose}-", ".tmp"
    with suppress(OSError):  # a folder that nobody may list is no reason not to work
        _remove_abandoned(Path(tempfile.gettempdir()), rf"{begin}\w{{8}}{re.escape(end)}")
    with tempfile.TemporaryDirectory(prefix=begin, suffix=end) as name:
        descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _locked(descriptor)
            yield Path(name)
        finally:
            os.close(descriptor)


def _remove_abandoned(top: Path, name: str) -> None:
    """Remove our scratch folders whose process is gone, and with it its lock."""
    import shutil

    oldest = time.time() - _MADE_SECONDS
    for path in [one for one in top.iterdir() if re.fullmatch(name, one.name)]:
        with suppress(OSError):  # it is another user's, or gone
            found = path.lstat()
            if found.st_uid != os.geteuid() or found.st_mtime > oldest:
                continue
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if _locked(descriptor):
                    shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(descriptor)


def _locked(descriptor: int) -> bool:
    """Return whether the lock of a folder is ours; there are file systems without locks."""
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
