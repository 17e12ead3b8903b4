"""Writes files that stand by themselves, in folders that hold others: all of them, or none."""

import os
from collections.abc import Mapping
from contextlib import suppress
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
    fresh = {path.with_name(f".{path.name}{_FRESH}"): path for path in files}
    try:
        for aside, path in fresh.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(aside, files[path])
        for aside, path in fresh.items():
            aside.replace(path)
    except OSError as reason:
        for aside in fresh:
            with suppress(OSError):
                aside.unlink()
        wanted = fresh.get(Path(reason.filename or ""), Path(reason.filename or next(iter(files))))
        said = (reason.strerror or str(reason)).lower()
        raise OutputError(f"cannot write this file: {said}", at=Location(str(wanted))) from None


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
