"""The five registries' files from one folder: all of them, or none."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from blockc.errors import Location, SourceUnfit, UsageError, listed, os_reason
from blockc.storage.decompress import Damaged, TooLong, decompressed, kind_by_name
from blockc.storage.local import MAX_BYTES, local_digest, read_local
from blockc.vocabulary import RIRS

_NAME = re.compile(
    rf"delegated-({'|'.join(RIRS)})(-extended)?-[A-Za-z0-9-]+(?:\.txt)?(\.xz|\.gz|\.bz2)?"
)


class Raw(NamedTuple):
    """The bytes of a registry's file, unpacked, and the name the file goes by in messages."""

    name: str
    data: bytes


def read_folder(folder: Path) -> dict[str, Raw]:
    """Return registry -> its file in `folder`, unpacked, the five registries in order of name.

    Raises:
        SourceUnfit: A registry is missing, or a file cannot be unpacked.
        UsageError: The folder cannot be read, or two files claim one registry.
    """
    return {registry: read_packed(path) for registry, path in registry_files(folder).items()}


def registry_files(folder: Path) -> dict[str, Path]:
    """Return registry -> where its file in `folder` is, the five registries in order of name.

    Files are found by name, `delegated-REGISTRY-extended-ANYTHING`, plain or packed (.xz, .gz,
    .bz2). An extended file is preferred to a plain one: the two do not say the same.

    Raises:
        SourceUnfit: A registry is missing.
        UsageError: The folder cannot be read, or two files claim one registry.
    """
    found = {registry: _the_one(folder, names) for registry, names in _candidates(folder).items()}
    missing = sorted(set(RIRS) - found.keys())
    if missing:
        raise SourceUnfit(
            f"no file of {listed(missing)}, expected all five registries",
            at=Location(str(folder)),
            hint=f"put delegated-{missing[0]}-extended-latest there; four are never used as five",
        )
    return {registry: found[registry] for registry in RIRS}


def _candidates(folder: Path) -> dict[str, list[str]]:
    """Return registry -> the files of its best kind, extended or plain."""
    kinds: dict[tuple[str, bool], list[str]] = {}
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise UsageError(
            f"cannot read this folder: {os_reason(error)}",
            at=Location(str(folder)),
            hint="name a folder with the five registries' files",
        ) from None
    for name in names:
        match = _NAME.fullmatch(name)
        if match:
            kinds.setdefault((match[1], match[2] is None), []).append(name)
    return {registry: kinds[registry, plain] for registry, plain in sorted(kinds, reverse=True)}


def _the_one(folder: Path, names: list[str]) -> Path:
    if len(names) > 1:
        raise UsageError(
            f"two files for one registry, {names[0]} and {names[1]}",
            at=Location(str(folder)),
            hint="keep the one you mean",
        )
    return folder / names[0]


def read_packed(path: Path) -> Raw:
    """Return the file at `path`, unpacked if its name ends like a packed one.

    Raises:
        SourceUnfit: It cannot be unpacked, or is larger than `MAX_BYTES`.
        UsageError: It cannot be read.
    """
    return unpack(path, read_bytes(path))


def read_bytes(path: Path) -> bytes:
    """Return the bytes of the file at `path` as they are, of at most `MAX_BYTES`.

    Raises:
        UsageError: It cannot be read, or is larger.
    """
    with _telling(path):
        return read_local(path)


def packed_digest(path: Path) -> str:
    """Return the sha256 of the bytes at `path` as they are; see `local_digest`.

    Raises:
        UsageError: They cannot be read, or are more than `MAX_BYTES`.
    """
    with _telling(path):
        return local_digest(path)


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    """Tell as an error of the call that a file cannot be read."""
    try:
        yield
    except OSError as error:
        said = f"cannot read this file: {os_reason(error)}"
        raise UsageError(said, at=Location(str(path))) from None


def unpack(path: Path, packed: bytes) -> Raw:
    """Return what `packed`, the bytes of the file at `path`, holds.

    Raises:
        SourceUnfit: It cannot be unpacked, or is larger than `MAX_BYTES`.
    """
    try:
        return Raw(str(path), decompressed(packed, kind_by_name(path.name), MAX_BYTES))
    except (Damaged, TooLong) as error:
        if isinstance(error, TooLong):
            said = f"more than {MAX_BYTES:,} bytes, expected a registry's file"
        else:
            said = f"cannot read this file: {error}"
        raise SourceUnfit(said, at=Location(str(path)), hint="fetch it again") from None
