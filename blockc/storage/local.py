"""The only reader of files that an operator names: of regular files, up to a cap, without waiting.

A device never ends, and a pipe that nobody writes to never begins.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
    waits = 0 if pipe else os.O_NONBLOCK
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | waits)) as file:
        kind = os.fstat(file.fileno()).st_mode
        if not (pipe or stat.S_ISREG(kind)):
            what = "a pipe" if stat.S_ISFIFO(kind) else "a device"
            said = f"it is {what} and not a regular file; write what it gives into a file"
            raise Unsuitable(errno.EINVAL, said, str(path))
        data = file.read(-1 if max_bytes is None else max_bytes + 1)
    require_size(data, max_bytes, str(path))
    return data


def require_size(data: bytes, max_bytes: int | None, name: str) -> None:
    """Raise Unsuitable if `data`, which was read from `name`, is longer than `max_bytes`."""
    if max_bytes is not None and len(data) > max_bytes:
        raise Unsuitable(errno.EFBIG, f"it holds more than {max_bytes:,} bytes", name)


@contextmanager
def scratch_folder(prefix: str) -> Iterator[str]:
    """Give a folder that only this user can read, which is gone with all in it afterwards."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix=prefix) as folder:
        yield folder


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
