"""The only unpacker of packed files: gzip, xz and bzip2, each up to a cap.

A file of several members one after the other is unpacked whole. Behind the last one there may be
zero bytes, which fill blocks, and nothing else: it may be a member whose head is damaged, and what
comes before is half of the file then. Archives: see `archives`.
"""

from collections.abc import Callable, Iterator, Mapping
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
_PIECE = 1 << 13  # bytes given to an unpacker at a time
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

    unpackers = {"xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ), "bzip2": bz2.BZ2Decompressor}
    try:
        if kind == "gzip":
            with gzip.GzipFile(fileobj=BytesIO(data)) as file:
                plain = file.read(max_bytes + 1)
        else:
            plain = b"".join(_members(data, unpackers[kind], max_bytes + 1))
    except EOFError:
        raise Damaged(f"the {kind} data ends too early") from None
    except (OSError, lzma.LZMAError, zlib.error):
        raise Damaged(f"the {kind} data is damaged") from None
    return bounded(plain, max_bytes)


def _members(data: bytes, unpacker_of: Callable[[], Any], room: int) -> Iterator[bytes]:
    """Yield what all members hold, `room` bytes at most.

    Pieces are small, since each end of a member copies what is left of its piece.

    Raises:
        EOFError: The last member has no end, or there is none.
    """
    at, rest, unpacker, members = 0, b"", None, 0
    while room:
        if not rest and (unpacker is None or unpacker.needs_input):
            rest = data[at : at + _PIECE]
            at += _PIECE
            if not rest and (unpacker or not members):
                raise EOFError
            if not rest:
                return
        if unpacker is None:
            rest = rest.lstrip(b"\0") if members else rest
            if not rest:
                continue
            unpacker = unpacker_of()
            members += 1
        plain = unpacker.decompress(rest, room)
        rest = b""
        room -= len(plain)
        yield plain
        if unpacker.eof:
            rest, unpacker = unpacker.unused_data, None


def bounded(data: bytes, max_bytes: int) -> bytes:
    """Return `data`; raise TooLong if it is longer than `max_bytes`."""
    if len(data) > max_bytes:
        raise TooLong(f"is longer than {max_bytes:,} bytes")
    return data
