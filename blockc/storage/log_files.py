"""Access logs as blocks of whole lines, unpacked while they are read; nothing is read whole.

Reads are of regular files, pipes and standard input. A file that ends too early or is damaged gives
the lines before the damage.
"""

import bz2
import lzma
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import IO, Any

from blockc.storage.decompress import Damaged

BLOCK = 1 << 23  # bytes; a longer line is never held whole
STDIN = "-"
_LONGEST = 1 << 30  # bytes of a line, not held: what never ends one, as /dev/zero, is no log
_PIECE = 1 << 12  # packed bytes of zstd at once: what it unpacks to is held, 30,000 times as much
PARQUET = b"PAR1"  # what such a file begins with
_MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zstd"}


class _Gzip:
    """Unpacks gzip, also of several members, at the speed of zlib: no copy for each line."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._inner, self._left = file, zlib.decompressobj(31), b""

    def read(self, size: int) -> bytes:
        while True:
            packed = self._left or self._file.read(size >> 3)
            if not packed:
                if not self._inner.eof:
                    raise EOFError
                return b""
            if self._inner.eof:
                if not packed.strip(b"\0"):  # padding of tapes and blocks
                    self._left = b""
                    continue
                self._inner = zlib.decompressobj(31)
            plain = self._inner.decompress(packed, size)
            self._left = self._inner.unused_data or self._inner.unconsumed_tail
            if plain:
                return plain


class _Zstd:
    """Unpacks zstd, also of several frames; zstandard's own reader takes a cut file as whole."""

    def __init__(self, file: IO[bytes]) -> None:
        import zstandard

        self._file, self._frames = file, zstandard.ZstdDecompressor()
        self._inner, self._left = self._frames.decompressobj(), b""
        self._within = False  # a frame
        self._wrong: Exception | None = None  # behind what was read

    def read(self, size: int) -> bytes:
        found, count = [], 0
        while count < size and self._wrong is None:
            try:
                piece = self._piece()
            except (EOFError, _zstd_error()) as reason:
                self._wrong = reason
                break
            if piece is None:
                break
            found.append(piece)
            count += len(piece)
        if self._wrong and not count:
            raise self._wrong
        return b"".join(found)

    def _piece(self) -> bytes | None:
        packed = self._left or self._file.read(_PIECE)
        if not packed:
            if self._within:
                raise EOFError
            return None
        plain: bytes = self._inner.decompress(packed)
        self._within, self._left = not self._inner.eof, self._inner.unused_data
        if not self._within:
            self._inner = self._frames.decompressobj()
        return plain


class _Chunks(RawIOBase):
    """What arrives in pieces, as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            more = next(self._chunks, None)
            if more is None:
                return 0
            self._rest = memoryview(more)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def blocks(
    source: str | Iterator[bytes], size: int = BLOCK, *, start: int = 0, resumable: bool = False
) -> Iterator[bytes]:
    """Yield the bytes of a log as `whole_lines` does; a last line without an end gets one.

    Args:
        source: A file, `-` for standard input, or the bytes of a file in pieces. How it is packed
            is seen from its first bytes.
        size: About how many bytes a block has.
        start: Leave out so many bytes, unpacked.
        resumable: Leave out a last line without an end that may still get one, but for pieces of
            a very long one; in a packed file that is whole it does not.

    Raises:
        Damaged: After the lines before it: the file is damaged, or ends too early.
        OSError: It cannot be read.
    """
    with _opened(source) as file:
        damage: Damaged | None = None

        def reads() -> Iterator[bytes]:
            nonlocal damage
            left, begun = _sought(file, start), 0  # bytes of a line whose end is to come
            while damage is None:
                data, damage = _read(file, size)
                if not data:
                    break
                left, data = max(0, left - len(data)), data[left:]
                end = data.rfind(b"\n") + 1
                begun = len(data) - end + (0 if end else begun)
                yield data
                if begun > _LONGEST:
                    damage = Damaged(f"damaged: a line of it has more than {_LONGEST:,} bytes")
                    return
            final = not isinstance(file, BufferedReader) and not damage
            if begun and (final or not resumable):
                yield b"\n"

        yield from whole_lines(reads())
        if damage:
            raise damage


def whole_lines(reads: Iterable[bytes]) -> Iterator[bytes]:
    """Yield bytes in blocks that end with the end of a line; what follows the last one is left out.

    A line of more than `BLOCK` bytes comes in several pieces, of which only the last has its end.
    """
    rest, held, is_long = list[bytes](), 0, False
    for data in (read[at : at + BLOCK] for read in reads for at in range(0, len(read), BLOCK)):
        first, begin = data.find(b"\n") + 1, 0
        if is_long or held + (first - 1 if first else len(data)) > BLOCK:
            begin = first or len(data)
            yield from rest
            yield data[:begin]
            rest, held, is_long = [], 0, not first
        cut = max(data.rfind(b"\n") + 1, begin)
        if cut > begin:
            yield b"".join([*rest, data[begin:cut]])
            rest, held = [], 0
        if cut < len(data):
            rest.append(data[cut:])
            held += len(data) - cut


def _read(file: Any, size: int) -> tuple[bytes, Damaged | None]:
    """Return the next bytes, and what is wrong with the file where there are no more."""
    try:
        return file.read(size), None
    except (EOFError, OSError, zlib.error, lzma.LZMAError, _zstd_error()) as reason:
        if isinstance(reason, OSError) and reason.errno is not None:
            raise
        return b"", Damaged("damaged, or it ends too early")


def _sought(file: Any, start: int) -> int:
    """Go to a place of a file that is not packed, and return how many bytes to leave out still."""
    if start and isinstance(file, BufferedReader) and file.seekable():
        file.seek(start)
        return 0
    return start


def begins_packed(begin: bytes) -> bool:
    """Return whether a file that begins so is packed in a way that `blocks` unpacks."""
    return begin.startswith(tuple(_MAGIC))


def is_parquet(path: str) -> bool:
    """Return whether a file is Parquet, as its first bytes say."""
    if path == STDIN or not Path(path).is_file():
        return False
    with Path(path).open("rb") as file:
        return file.read(4) == PARQUET


def is_packed(path: str) -> bool:
    """Return whether a file is packed, as its first bytes say."""
    with Path(path).open("rb") as file:
        return begins_packed(file.read(6))


def first_bytes(path: str, size: int) -> bytes:
    """Return the first bytes of a log, unpacked; fewer if it is shorter, or damaged there."""
    found = b""
    for data in _raw(path, 0, size):
        found += data
        if len(found) >= size:
            break
    return found[:size]


def last_bytes(path: str, places: Sequence[int], size: int) -> dict[int, bytes]:
    """Return place -> the last bytes before it, at most `size`, where a log is that long.

    Args:
        places: In order; how many bytes of the log, unpacked, are before each.
    """
    found: dict[int, bytes] = {}
    if places and not is_packed(path):
        with Path(path).open("rb") as file:
            for place in places:
                begin = max(0, place - size)
                file.seek(begin)
                data = file.read(place - begin)
                if len(data) == place - begin:
                    found[place] = data
        return found
    at, tail, waiting = 0, b"", list(places)
    for data in _raw(path, 0) if places else ():
        while waiting and waiting[0] <= at + len(data):
            found[waiting[0]] = (tail + data[: waiting[0] - at])[-size:]
            waiting.pop(0)
        if not waiting:
            break
        at, tail = at + len(data), (tail + data)[-size:]
    return found


def same_so_far(one: str, other: str, start: int) -> int | None:
    """Return how two logs compare that one of them begins with the other, behind `start` bytes.

    Returns:
        -1 if the first is the shorter one, 1 if the second is, 0 if they are equal; None if neither
        begins with the other.
    """
    mine, theirs = _raw(one, start), _raw(other, start)
    left, right = b"", b""
    while True:
        left, right = left or next(mine, b""), right or next(theirs, b"")
        size = min(len(left), len(right))
        if not size:
            return (len(left) > 0) - (len(right) > 0)
        if left[:size] != right[:size]:
            return None
        left, right = left[size:], right[size:]


def _raw(path: str, start: int, size: int = 1 << 20) -> Iterator[bytes]:
    """Yield the bytes of a log behind the first ones, unpacked, up to its end or its damage."""
    with _opened(path) as file:
        left = _sought(file, start)
        while data := _read(file, size)[0]:
            if left < len(data):
                yield data[left:]
            left = max(0, left - len(data))


@contextmanager
def _opened(source: str | Iterator[bytes]) -> Iterator[Any]:
    """Give what reads the plain bytes of a log; standard input is left open."""
    with ExitStack() as stack:
        if not isinstance(source, str):
            file: Any = BufferedReader(_Chunks(source))
        elif source == STDIN:
            given: Any = sys.stdin.buffer
            file = given if hasattr(given, "peek") else BufferedReader(given)
        else:
            file = stack.enter_context(Path(source).open("rb"))
        yield _unpacking(file)


def _unpacking(file: Any) -> Any:
    begin = file.peek(6)
    kind = next((kind for magic, kind in _MAGIC.items() if begin.startswith(magic)), "")
    openers = {"gzip": _Gzip, "bzip2": bz2.BZ2File, "xz": lzma.LZMAFile, "zstd": _Zstd}
    return openers[kind](file) if kind else file


def _zstd_error() -> type[Exception]:
    """Return what zstandard raises; it is imported only where something was packed by it."""
    module = sys.modules.get("zstandard")
    found: type[Exception] = module.ZstdError if module else EOFError
    return found
