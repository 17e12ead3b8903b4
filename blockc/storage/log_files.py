"""Access logs as blocks of whole lines, unpacked while they are read; nothing is read whole.

Reads are of regular files, pipes and standard input. A file that ends too early or is damaged gives
the lines before the damage.
"""

import bz2
import lzma
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO, Any

from blockc.storage.decompress import Damaged

BLOCK = 1 << 23
STDIN = "-"
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


def blocks(path: str, size: int = BLOCK) -> Iterator[bytes]:
    """Yield the bytes of a log in blocks that end with the end of a line.

    Args:
        path: A file, or `-` for standard input. How it is packed is seen from its first bytes.
        size: About how many bytes a block has; a longer line is a block of its own.

    Raises:
        Damaged: After the lines before it: the file is damaged, or ends too early.
        OSError: It cannot be read.
    """
    with _opened(path) as file:
        rest: list[bytes] = []
        damage = None
        while damage is None:
            try:
                data = file.read(size)
            except (EOFError, OSError, zlib.error, lzma.LZMAError, _zstd_error()) as reason:
                if isinstance(reason, OSError) and reason.errno is not None:
                    raise
                data, damage = b"", Damaged("damaged, or it ends too early")
            if not data:
                break
            cut = data.rfind(b"\n") + 1
            if cut:
                yield b"".join([*rest, data[:cut]])
                rest = [data[cut:]] if cut < len(data) else []
            else:
                rest.append(data)
        last = b"".join(rest)
        if last:
            yield last + b"\n"
        if damage:
            raise damage


def is_parquet(path: str) -> bool:
    """Return whether a file is Parquet, as its first bytes say."""
    if path == STDIN or not Path(path).is_file():
        return False
    with Path(path).open("rb") as file:
        return file.read(4) == b"PAR1"


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    """Give what reads the plain bytes of a log; standard input is left open."""
    with ExitStack() as stack:
        if path == STDIN:
            given: Any = sys.stdin.buffer
            file = given if hasattr(given, "peek") else BufferedReader(given)
        else:
            file = stack.enter_context(Path(path).open("rb"))
        yield _unpacking(file)


def _unpacking(file: Any) -> Any:
    begin = file.peek(6)
    kind = next((kind for magic, kind in _MAGIC.items() if begin.startswith(magic)), "")
    if kind == "zstd":
        import zstandard

        return zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
    openers = {"gzip": _Gzip, "bzip2": bz2.BZ2File, "xz": lzma.LZMAFile}
    return openers[kind](file) if kind else file


def _zstd_error() -> type[Exception]:
    """Return what zstandard raises; it is imported only where something was packed by it."""
    module = sys.modules.get("zstandard")
    found: type[Exception] = module.ZstdError if module else EOFError
    return found
