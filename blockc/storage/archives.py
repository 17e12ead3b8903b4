"""The only reader of archives: one file of a zip or tar archive, up to a cap."""

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from io import BytesIO
from pathlib import PurePosixPath

from blockc.storage.decompress import Damaged, TooLong, bounded


class NoMember(ValueError):
    """An archive has not the one file that is wanted of it."""


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
