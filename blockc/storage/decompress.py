"""The only unpacker: gzip, xz, bzip2, and one file of a zip or tar archive, each up to a cap.

A file of several members one after the other is unpacked whole.
"""

import bz2
import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from io import BytesIO
from pathlib import PurePath, PurePosixPath
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
_OPENERS: Mapping[str, Callable[[BytesIO], Any]] = {
    "gzip": lambda packed: gzip.GzipFile(fileobj=packed),
    "xz": lzma.LZMAFile,
    "bzip2": bz2.BZ2File,
}


class Damaged(ValueError):
    """Packed data was cut short or changed."""


class NoMember(ValueError):
    """An archive has not the one file that is wanted of it."""


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
    try:
        with closing(_OPENERS[kind](BytesIO(data))) as file:
            plain: bytes = file.read(max_bytes + 1)
    except EOFError:
        raise Damaged(f"the {kind} data ends too early") from None
    except (OSError, lzma.LZMAError, zlib.error):
        raise Damaged(f"the {kind} data is damaged") from None
    return bounded(plain, max_bytes)


def member_of(data: bytes, wanted: str, max_bytes: int) -> bytes:
    """Return the one file that is wanted of a zip or tar archive; other data as it is.

    Args:
        wanted: Its name, or how its path ends, with `*` for any part of a name; nothing if the
            archive holds a single file.

    Raises:
        NoMember: There is no such file, or there are several.
        Damaged: The archive cannot be read, or is encrypted.
        TooLong: The file is longer than `max_bytes`.
    """
    kind = next((kind for kind, magic, at in _ARCHIVES if data.startswith(magic, at)), "")
    if not kind:
        return data
    try:
        with closing(_MEMBERS[kind](BytesIO(data))) as archive:
            name = _the_one(kind, archive.names(), wanted)
            return bounded(archive.read(name, max_bytes + 1), max_bytes)
    except (Damaged, NoMember, TooLong):
        raise
    except NotImplementedError as reason:  # zipfile's word for a method it does not know
        raise Damaged(f"the zip data cannot be unpacked: {str(reason).lower()}") from None
    except _BROKEN_ARCHIVE:
        raise Damaged(f"the {kind} data is damaged") from None


class _Zip:
    def __init__(self, packed: BytesIO) -> None:
        self._file = zipfile.ZipFile(packed)

    def names(self) -> list[str]:
        return [one.filename for one in self._file.infolist() if not one.is_dir()]

    def read(self, name: str, size: int) -> bytes:
        if self._file.getinfo(name).flag_bits & 1:
            raise Damaged("the zip data is encrypted")
        with self._file.open(name) as member:
            return member.read(size)

    def close(self) -> None:
        self._file.close()


class _Tar:
    def __init__(self, packed: BytesIO) -> None:
        self._file = tarfile.open(fileobj=packed, mode="r:")  # noqa: SIM115  see `close`

    def names(self) -> list[str]:
        return [one.name for one in self._file.getmembers() if one.isreg()]

    def read(self, name: str, size: int) -> bytes:
        member = self._file.extractfile(name)
        return member.read(size) if member else b""

    def close(self) -> None:
        self._file.close()


_ARCHIVES = (("zip", b"PK\3\4", 0), ("zip", b"PK\5\6", 0), ("tar", b"ustar", 257))
_MEMBERS: Mapping[str, Callable[[BytesIO], "_Zip | _Tar"]] = {"zip": _Zip, "tar": _Tar}
_BROKEN_ARCHIVE = (
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    ValueError,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)
_SHOWN = 3  # files of an archive that a message names


def _the_one(kind: str, names: Sequence[str], wanted: str) -> str:
    found = [name for name in names if not wanted or PurePosixPath(name).match(wanted)]
    if len(found) == 1:
        return found[0]
    shown = ", ".join(repr(name[:100]) for name in (found or names)[:_SHOWN])
    more = len(found or names) - _SHOWN
    told = f"{shown} and {more:,} more" if more > 0 else shown or "no file"
    if wanted and not found:
        raise NoMember(f"the {kind} archive has no {wanted!r}, it has {told}")
    which = f"files that match {wanted!r}" if wanted else "files"
    raise NoMember(f"the {kind} archive has {len(found):,} {which}: {told}")


def bounded(data: bytes, max_bytes: int) -> bytes:
    """Return `data`; raise TooLong if it is longer than `max_bytes`."""
    if len(data) > max_bytes:
        raise TooLong(f"is longer than {max_bytes:,} bytes")
    return data
