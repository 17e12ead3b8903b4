"""Zip archives of many files: written the same for the same contents, read without trust."""

import os
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from blockc.storage.atomic import FILES, FRESH, reporting, require_no_device, sync_folder
from blockc.storage.decompress import Damaged, TooLong
from blockc.storage.local import open_local

_NEVER = (1980, 1, 1, 0, 0, 0)  # the first day that zip knows
_LEVEL = 6
MOST_MEMBERS = 1_000_000
_MOST_RATIO, _SMALL = 200, 64_000_000  # of texts full of prefixes; a bomb packs a thousand to one


def write_archive(path: Path, members: Iterable[tuple[str, bytes]]) -> None:
    """Write a zip archive in one step; equal members give equal bytes.

    Args:
        path: Where to; what is there is replaced once all is written.
        members: Names and contents, taken one after another.

    Raises:
        OutputError: The disk refuses.
    """
    fresh = path.with_name(f"{FRESH}{path.name[:80]}-{os.urandom(4).hex()}")
    with reporting(path, FILES):
        require_no_device(path)
        try:
            with fresh.open("xb") as file:
                with zipfile.ZipFile(file, "w") as archive:
                    for name, data in members:
                        info = zipfile.ZipInfo(name, _NEVER)
                        info.external_attr = (stat.S_IFREG | 0o644) << 16
                        info.create_system = 3
                        archive.writestr(info, data, zipfile.ZIP_DEFLATED, _LEVEL)
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, path)  # noqa: PTH105  where the tests stop it
            sync_folder(path.parent)
        except BaseException:
            with suppress(OSError):
                fresh.unlink()
            raise


class ArchiveReader:
    """Reads a zip archive that anybody may have made; nothing is written by it."""

    def __init__(self, file: zipfile.ZipFile, size: int) -> None:
        self._file = file
        self._members = _checked(file.infolist(), size)

    @property
    def names(self) -> set[str]:
        """Return the names of its members."""
        return set(self._members)

    def read(self, name: str) -> bytes:
        """Return the bytes of a member.

        Raises:
            Damaged: It cannot be unpacked, or is not as long as it says.
        """
        info = self._members[name]
        try:
            with self._file.open(info) as member:
                data = member.read(info.file_size + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
            raise Damaged(f"{name} cannot be unpacked: {error}") from None
        if len(data) != info.file_size:
            raise Damaged(f"{name} is not as long as the archive says")
        return data


@contextmanager
def open_archive(path: Path) -> Iterator[ArchiveReader]:
    """Open a zip archive that anybody may have made.

    Raises:
        Damaged: It is not one, or has members that no archive of ours has: twice the same name, a
            path that leads out of it, a link, a folder, or something encrypted.
        TooLong: It unpacks to more than such data ever does.
        OSError: It cannot be read.
    """
    try:
        with open_local(path) as opened, zipfile.ZipFile(opened) as file:
            yield ArchiveReader(file, os.fstat(opened.fileno()).st_size)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        if isinstance(error, Damaged | TooLong):
            raise
        raise Damaged(f"it is not a zip archive that can be read: {error}") from None


def _checked(members: list[zipfile.ZipInfo], size: int) -> dict[str, zipfile.ZipInfo]:
    if len(members) > MOST_MEMBERS:
        raise TooLong(f"it has more than {MOST_MEMBERS:,} members")
    found: dict[str, zipfile.ZipInfo] = {}
    for one in members:
        kind = stat.S_IFMT(one.external_attr >> 16)
        if not _is_name(one.filename) or one.filename != one.orig_filename:
            raise Damaged(f"it has a member with the name {one.orig_filename[:100]!r}")
        if kind not in (0, stat.S_IFREG) or one.flag_bits & 1:
            raise Damaged(f"{one.filename} is a link, a device or encrypted")
        if one.filename in found:
            raise Damaged(f"it has {one.filename} twice")
        found[one.filename] = one
    if sum(one.compress_size for one in members) > size:
        raise Damaged("its members overlap")
    if sum(one.file_size for one in members) > _MOST_RATIO * size + _SMALL:
        raise TooLong("it unpacks to more than such data ever does")
    return found


def _is_name(name: str) -> bool:
    path = PurePosixPath(name)
    plain = name.isprintable() and "\\" not in name and str(path) == name != "."
    return plain and not path.is_absolute() and ".." not in path.parts
