"""The only writer: bytes are written aside, brought down to the disk, and then get their name.

So a file is there whole or not at all, whenever the process is stopped. Every system call that
changes the disk is made through `os`, where the tests stop it.
"""

import errno
import os
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from blockc.errors import Location, OutputError, os_reason
from blockc.values import Value, field

FRESH = ".new-"  # how the name of a file begins that is still written
_WRITERS, _MANY = 8, 32  # threads that write, and how many files are worth starting them
_DEVICES = Path("/dev")
_LEFT_SECONDS = 3600.0  # nobody writes one file for that long: its writer was stopped
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS)


class Advice(Value):
    """What to say where the operating system refuses.

    Attributes:
        verb: What cannot be done.
        steps: What to do next, by errno.
        otherwise: What to do, or to know, for any other errno.
    """

    verb: str = "write this file"
    steps: Mapping[int, str] = field(default_factory=dict)
    otherwise: str = "what was there before is untouched"


FILES = Advice(
    steps={
        errno.ENOSPC: "free some space; what was there before is untouched",
        errno.EDQUOT: "raise the quota or free some space; what was there before is untouched",
        errno.EROFS: "name a place that can be written",
        errno.ELOOP: "remove that link: a file is to have its name",
        errno.EINVAL: "name a file",
        errno.EACCES: "change the permissions, or name another place",
        errno.EPERM: "change the permissions, or name another place",
    }
)


@contextmanager
def reporting(path: Path, advice: Advice = FILES) -> Iterator[None]:
    """Turn what the operating system refuses at `path` into an OutputError that says what to do.

    Of a rename within it that is the name that could not be given.
    """
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"cannot {advice.verb}: {os_reason(error)}",
            at=Location(str(error.filename2 or path)),
            hint=advice.steps.get(error.errno or 0, advice.otherwise),
        ) from error


def write_whole(path: Path, data: bytes, advice: Advice = FILES, *, lasting: bool = True) -> None:
    """Make `data` the content of the file at `path`, in one step that lasts.

    Raises:
        OutputError: The disk refuses; what was there before still is.
    """
    write_files({path: data}, advice, lasting=lasting)


def write_files(
    files: Mapping[Path, bytes], advice: Advice = FILES, *, lasting: bool = True
) -> None:
    """Make each path a file with the given bytes, replacing what is there.

    Everything is on the disk aside before the first file gets its name, so that a full disk or a
    folder that cannot be written changes nothing.

    Args:
        lasting: Wait for the disk; a cache that is checked on reading need not.

    Raises:
        OutputError: The disk refuses.
    """
    aside = {path: path.with_name(f"{FRESH}{path.name[:80]}-{_mark()}") for path in files}
    try:
        for path, data in files.items():
            with reporting(path, advice):
                require_no_device(path)
                path.parent.mkdir(parents=True, exist_ok=True)
                write_new(aside[path], data, lasting=lasting)
        for path, fresh in aside.items():
            with reporting(path, advice):
                os.replace(fresh, path)  # noqa: PTH105  where the tests stop it
        for folder in {path.parent for path in files} if lasting else ():
            with reporting(folder, advice):
                sync_folder(folder)
    except BaseException:
        for fresh in aside.values():
            with suppress(OSError):
                os.unlink(fresh)  # noqa: PTH108  the same
        raise


def require_no_device(path: Path) -> None:
    """Raise if a file would take the place of a device or pipe, or of a link to one.

    Root can put a file in the place of /dev/null, and everybody who writes there fills the disk.

    Raises:
        OSError: It would.
    """
    with suppress(FileNotFoundError):
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):  # /dev/stdout may lead to a file
            mode = stat.S_IFCHR if path.absolute().parent == _DEVICES else path.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise OSError(errno.EINVAL, "a device or pipe is there, and no file")


def write_new(path: Path, data: bytes, *, lasting: bool = True) -> None:
    """Write a file that must not exist yet, down to the disk unless it need not be `lasting`.

    Raises:
        OSError: The disk refuses, or there is something at `path`.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        if lasting:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def append_whole(path: Path, data: bytes) -> None:
    """Write `data` behind what the file at `path` holds, down to the disk.

    Stopped half-way it leaves a part of `data`: the caller knows how to go on from there.

    Raises:
        OSError: The disk refuses.
    """
    new = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if new:
        sync_folder(path.parent)


def write_tree(fresh: Path, files: Mapping[str, bytes], same: Mapping[str, Path]) -> None:
    """Write `files` into the new folder `fresh`, down to the disk.

    Args:
        files: Relative path with forward slashes -> bytes.
        same: Path -> a file elsewhere that holds these very bytes. It gets a second name, so that
            it keeps its inode and its time; where that is impossible, a copy has its time.

    Raises:
        OSError: The disk refuses; what was written until then is left in `fresh`.
    """
    fresh.mkdir()
    folders = {fresh}
    for path, data in sorted(files.items()):
        for parent in reversed(PurePosixPath(path).parents[:-1]):
            folder = fresh / parent
            if folder not in folders:
                folder.mkdir()
                folders.add(folder)
        if path in same:
            _keep(same[path], fresh / path, data)
    _write_all({fresh / path: data for path, data in sorted(files.items()) if path not in same})
    for folder in sorted(folders, reverse=True):
        sync_folder(folder)


def _write_all(files: Mapping[Path, bytes]) -> None:
    """Write new files, down to the disk; many of them side by side, which is what disks like."""
    if len(files) < _MANY:
        for path, data in files.items():
            write_new(path, data)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_WRITERS) as writers:
        tasks = [writers.submit(write_new, path, data) for path, data in files.items()]
        try:
            for task in tasks:
                task.result()
        except BaseException:
            writers.shutdown(wait=True, cancel_futures=True)
            raise


def sync_folder(path: Path) -> None:
    """Bring the names in a folder down to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path: Path) -> None:
    """Remove a file, a link or a whole folder, as far as the disk lets us."""
    if path.is_dir() and not path.is_symlink():
        import shutil

        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def sweep_unfinished(folder: Path, name: str = "", *, now: float | None = None) -> None:
    """Remove what writers that were stopped left in `folder`.

    Args:
        name: Of the file they were writing; the caller is its only writer now. Without it only
            files go that are so old that nobody writes them any more.
        now: The present in seconds since 1970.
    """
    oldest = (time.time() if now is None else now) - _LEFT_SECONDS
    with suppress(OSError):
        for path in folder.iterdir():
            if path.name.startswith(f"{FRESH}{name[:80]}"):
                with suppress(OSError):
                    if name or path.lstat().st_mtime < oldest:
                        path.unlink()


def _keep(old: Path, new: Path, data: bytes) -> None:
    try:
        new.hardlink_to(old)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        write_new(new, data)
        found = old.stat()
        os.utime(new, ns=(found.st_atime_ns, found.st_mtime_ns))


def _mark() -> str:
    return os.urandom(4).hex()
