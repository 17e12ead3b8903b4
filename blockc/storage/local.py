"""The only reader of files that an operator names: of regular files, up to a cap, without waiting.

A device never ends, and a pipe that nobody writes to never begins.
"""

import errno
import hashlib
import os
import stat
import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

_SETTLED_NS = 2_000_000_000  # after a write; the times of some file systems are of whole seconds
_PIECE = 1 << 18  # bytes that are read at a time: they stay in the cache until they are digested
MAX_BYTES = 256_000_000  # the largest real source has 18 million; a bomb has more


class Unsuitable(OSError):
    """There is something at the path, and it is not a file to read."""


def read_local(path: str | Path, max_bytes: int | None = MAX_BYTES, *, pipe: bool = False) -> bytes:
    """Return the bytes of the file at `path`.

    Args:
        path: Where it is.
        max_bytes: The most it may hold; None for a file that blockc wrote itself.
        pipe: Read a pipe or a device too, and wait for it.

    Raises:
        Unsuitable: It is not a regular file, or is longer than `max_bytes`.
        OSError: It cannot be read.
    """
    with open_local(path, pipe=pipe) as file:
        data = file.read(-1 if max_bytes is None else max_bytes + 1)
    require_size(len(data), max_bytes, str(path))
    return data


def read_stdin(max_bytes: int = MAX_BYTES) -> bytes:
    """Return what comes from standard input, which may be a device that never ends.

    Raises:
        Unsuitable: It is closed, or gives more than `max_bytes`.
        OSError: It cannot be read.
    """
    if sys.stdin is None:
        raise Unsuitable(errno.EBADF, "it is closed", "standard input")
    data = sys.stdin.buffer.read(max_bytes + 1)
    require_size(len(data), max_bytes, "standard input")
    return data


def local_digest(path: str | Path) -> str:
    """Return the sha256 of the file at `path`; one that nobody writes is read once a process.

    That nobody does is told by its times, which a write changes; by those of the last moments not
    yet, since two writes may have one time.

    Raises:
        Unsuitable: It is not a regular file, or is longer than `MAX_BYTES`.
        OSError: It cannot be read.
    """
    found = Path(path).stat()
    if time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) < _SETTLED_NS:
        return _digest(str(path))
    state = found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
    return _kept_digest(str(path), state)


def _digest(path: str, *_: object) -> str:
    digest, size, piece = hashlib.sha256(), 0, bytearray(_PIECE)
    with open_local(path) as file:
        while count := file.readinto(piece):  # type: ignore[attr-defined]
            digest.update(memoryview(piece)[:count])
            size += count
            require_size(size, MAX_BYTES, path)
    return digest.hexdigest()


_kept_digest = lru_cache(maxsize=64)(_digest)


def open_local(path: str | Path, *, pipe: bool = False) -> BinaryIO:
    """Return the file at `path`, open to be read.

    Raises:
        Unsuitable: It is not a regular file, and no pipe or device is asked for.
        OSError: It cannot be read.
    """
    waits = 0 if pipe else os.O_NONBLOCK
    file = open(  # noqa: SIM115  the caller closes it
        path, "rb", opener=lambda name, flags: os.open(name, flags | waits)
    )
    kind = os.fstat(file.fileno()).st_mode
    if not (pipe or stat.S_ISREG(kind)):
        file.close()
        what = "a pipe" if stat.S_ISFIFO(kind) else "a device"
        said = f"it is {what} and not a regular file; write what it gives into a file"
        raise Unsuitable(errno.EINVAL, said, str(path))
    return file


def require_size(size: int, max_bytes: int | None, name: str) -> None:
    """Raise Unsuitable if what was read from `name` has more bytes than `max_bytes`."""
    if max_bytes is not None and size > max_bytes:
        raise Unsuitable(errno.EFBIG, f"it holds more than {max_bytes:,} bytes", name)


def open_to_others(folder: Path) -> Path | None:
    """Return the folder by which any user can change what is in `folder`, or None.

    That is `folder` or one above it that we own, where everybody may write: in it they can, and
    above it they can put another one in its place, unless the sticky bit keeps them from that.
    """
    absolute = folder.absolute()
    for path in (absolute, *absolute.parents):
        try:
            found = path.stat()
        except OSError:
            continue  # not made yet
        sticky = path != absolute and found.st_mode & stat.S_ISVTX
        if found.st_uid == os.geteuid() and found.st_mode & stat.S_IWOTH and not sticky:
            return path
    return None
