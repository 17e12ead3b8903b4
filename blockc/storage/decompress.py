"""The only unpacker of packed files: gzip, xz and bzip2, each up to a cap.

A file of several members one after the other is unpacked whole. Archives: see `archives`.
"""

from collections.abc import Callable, Mapping
from contextlib import closing
from io import BytesIO
from pathlib import PurePath
from typing import Any

SUFFIXES: Mapping[str, str] = {
    ".gz": "gzip",
    ".tgz": "gzip",
    ".xz": "xz",
    ".txz": "xz",
    ".bz2": "bzip2",
    ".tbz2": "bzip2",
}
_MAGIC: Mapping[bytes, str] = {b"\x1f\x8b\x08": "gzip", b"\xfd7zXZ\0": "xz", b"BZh": "bzip2"}


class Damaged(ValueError):
    """Packed data was cut short or changed."""


class TooLong(ValueError):
    """What is packed is longer than it may be. Unpacking stopped there."""


def kind_by_name(name: str) -> str:
    """Return how a file of this name is packed, or nothing.

    >>> kind_by_name("list.txt.xz"), kind_by_name("list.txt")
    ('xz', '')
    """
    return SUFFIXES.get(PurePath(name).suffix, "")


def kind_by_content(data: bytes) -> str:
    """Return how `data` is packed, as its first bytes say, or nothing."""
    return next((kind for magic, kind in _MAGIC.items() if data.startswith(magic)), "")


def decompressed(data: bytes, kind: str, max_bytes: int) -> bytes:
    """Return what `data` holds.

    Args:
        kind: `gzip`, `xz`, `bzip2`, or nothing for what is not packed.

    Raises:
        Damaged: It cannot be unpacked.
        TooLong: It is longer than `max_bytes`.
    """
    if not kind:
        return bounded(data, max_bytes)
    import bz2
    import gzip
    import lzma
    import zlib

    openers: Mapping[str, Callable[[BytesIO], Any]] = {
        "gzip": lambda packed: gzip.GzipFile(fileobj=packed),
        "xz": lzma.LZMAFile,
        "bzip2": bz2.BZ2File,
    }
    try:
        with closing(openers[kind](BytesIO(data))) as file:
            plain: bytes = file.read(max_bytes + 1)
    except EOFError:
        raise Damaged(f"the {kind} data ends too early") from None
    except (OSError, lzma.LZMAError, zlib.error):
        raise Damaged(f"the {kind} data is damaged") from None
    return bounded(plain, max_bytes)


def bounded(data: bytes, max_bytes: int) -> bytes:
    """Return `data`; raise TooLong if it is longer than `max_bytes`."""
    if len(data) > max_bytes:
        raise TooLong(f"is longer than {max_bytes:,} bytes")
    return data
