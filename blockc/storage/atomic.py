"""Writes a file of the store or the lock so that it is there whole or not at all."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from blockc.errors import Location, OutputError

FRESH = ".new-"
_NEXT_STEP = {
    errno.ENOSPC: "free some space; what was stored before is untouched",
    errno.EDQUOT: "raise the quota or free some space; what was stored before is untouched",
    errno.EROFS: "name a store that can be written with --store or BLOCKC_STORE",
    errno.EACCES: "change its permissions, or name another store with --store or BLOCKC_STORE",
    errno.EPERM: "change its permissions, or name another store with --store or BLOCKC_STORE",
}


def write_whole(path: Path, data: bytes) -> None:
    """Make `data` the content of the file at `path`, in one step that lasts.

    Every system call that changes the disk is made through `os`, where the tests stop it.

    Raises:
        OutputError: The disk refuses; what was there before still is.
    """
    with reporting(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=FRESH)
        try:
            _fill(descriptor, data)
            os.replace(name, path)  # noqa: PTH105  where the tests stop it
        except BaseException:
            with suppress(OSError):
                os.unlink(name)  # noqa: PTH108  the same
            raise
        _sync_folder(path.parent)


def _fill(descriptor: int, data: bytes) -> None:
    try:
        os.fchmod(descriptor, 0o644)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def reporting(path: Path) -> Iterator[None]:
    """Turn what the operating system refuses at `path` into an OutputError that says what to do."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"cannot write this file: {(error.strerror or str(error)).lower()}",
            at=Location(str(path)),
            hint=_NEXT_STEP.get(error.errno or 0, "what was stored before is untouched"),
        ) from error
