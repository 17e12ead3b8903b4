"""Writes files that stand by themselves, in folders that hold others: all of them, or none."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from blockc.errors import Location, OutputError

_FRESH = ".blockc-new"


def write_files(files: Mapping[Path, bytes]) -> None:
    """Make each path a file with the given bytes, replacing what is there.

    Everything is on the disk aside before the first file gets its name, so that a full disk or a
    folder that cannot be written changes nothing.

    Raises:
        OutputError: The disk refuses.
    """
    fresh = {path: path.with_name(f".{path.name}{_FRESH}") for path in files}
    try:
        for path, data in files.items():
            with _reporting(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                _write(fresh[path], data)
        for path, aside in fresh.items():
            with _reporting(path):
                aside.replace(path)
    except OutputError:
        for aside in fresh.values():
            with suppress(OSError):
                aside.unlink()
        raise


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _reporting(path: Path) -> Iterator[None]:
    """Turn what the operating system refuses into an OutputError about the file at `path`."""
    try:
        yield
    except OSError as reason:
        said = (reason.strerror or str(reason)).lower()
        raise OutputError(f"cannot write this file: {said}", at=Location(str(path))) from None
