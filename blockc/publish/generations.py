"""The only writer: all files of a build are written aside, then one rename shows them.

The folder a build publishes is a real folder, so that it can be mounted, and what it shows is in
`.generations` inside it, as in the volumes of Kubernetes:

    dist/.generations/3f0c.../nginx/a.conf   a *generation*, written whole and never changed
    dist/.generations/live -> 3f0c...        the one that is shown; moving this link publishes
    dist/nginx -> .generations/live/nginx    a link for every name at the top

Readers see the old generation or the new one, never a mixture, whenever the writer is stopped. A
name that one of the two does not have leads nowhere while that one is shown. Every system call that
changes the disk is made through `os`, where the tests stop it.
"""

import errno
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from blockc.errors import Location, OutputError
from blockc.storage.atomic import (
    Advice,
    remove,
    reporting,
    sync_folder,
    write_tree,
    write_whole,
)
from blockc.storage.local import read_local
from blockc.storage.locks import LockWait, held
from blockc.values import Value
from blockc.vocabulary import MANIFEST

GENERATIONS_KEPT = 3
LOCK_SECONDS = 60.0
_GENERATION = re.compile(r"[0-9a-f]{16}(-[0-9]+)?")
_INSIDE, _LIVE, _LOCK, _HISTORY = ".generations", "live", ".lock", "history"
_FRESH, _FRESH_LINK = ".new", ".new-link"


class Published(Value):
    """What a folder shows now, and how its files compare with what it showed before.

    Invariant: `written` and `unchanged` are disjoint, sorted and together every file; `removed`
    names files of the generation before that are gone. `manifest_before` is the manifest of that
    generation, `manifest` the one that is shown now; each is empty if there is none.
    """

    folder: Path
    generation: str
    written: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    manifest_before: bytes = b""
    manifest: bytes = b""


def publish(folder: Path, files: Mapping[str, bytes]) -> Published:
    """Make `folder` show exactly `files`, all or nothing.

    A file whose bytes are as before keeps its inode and its modification time. If all are, nothing
    is touched. The last three generations stay for `rollback`. What else stands in the folder stays
    there, unless an artifact has its name.

    Args:
        folder: Missing, empty, or published before; anything else is refused.
        files: Relative path with forward slashes -> bytes.

    Raises:
        OutputError: A path leaves the folder, the folder is not ours, or the disk refuses. What
            was published stays published.
    """
    _require_paths(folder, files)
    place = _Place.of(folder)
    with reporting(place.folder, ADVICE), place.locked():
        live = place.live()
        before = _contents(place.inside / live) if live else {}
        names = _tops(files)
        if live and before == dict(files) and place.shows(names):
            return Published(place.folder, live, unchanged=tuple(sorted(files)))
        place.require_free(names - _tops(before))
        generation = place.vacant(digest_of(files))
        same = {
            path: place.inside / live / path for path in files if before.get(path) == files[path]
        }
        write_tree(place.inside / _FRESH, files, same)
        (place.inside / _FRESH).rename(place.inside / generation)
        place.record(generation)
        place.show(generation, names)
        return _compared(place.folder, generation, before, files)


def rollback(folder: Path) -> Published:
    """Make `folder` show the generation before; again, the one before that.

    A file that differs from the one shown until now gets the present modification time, so that
    whatever watches it acts.

    Raises:
        OutputError: There is no earlier generation, or it is not what was once published.
    """
    place = _Place.of(folder)
    with reporting(place.folder, ADVICE):
        place.require_earlier()
        with place.locked():
            return _go_back(place, place.live(), place.require_earlier())


def digest_of(files: Mapping[str, bytes]) -> str:
    """Return the name of the generation that holds `files`: a digest of paths and bytes.

    >>> digest_of({"a": b"1"}) == digest_of({"a": b"2"})
    False
    """
    digest = hashlib.sha256()
    for path in sorted(files):
        name = os.fsencode(path)
        digest.update(b"%d:%s%d:" % (len(name), name, len(files[path])))
        digest.update(files[path])
    return digest.hexdigest()[:16]


class _Place(Value):
    """A published folder, and the folder inside it that holds the generations."""

    folder: Path
    inside: Path

    @classmethod
    def of(cls, folder: Path) -> "_Place":
        absolute = folder.absolute()
        return cls(absolute, absolute / _INSIDE)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the place alone; the kernel lets go of it when the process ends, however it ends."""
        self.require_ours()
        self.inside.mkdir(parents=True, exist_ok=True)
        wait = LockWait(seconds=LOCK_SECONDS)
        with held(self.inside / _LOCK, "another build has been publishing", wait, ADVICE):
            self.sweep()
            try:
                yield
            finally:
                self.sweep()

    def require_ours(self) -> None:
        """Raise OutputError unless the folder may become, or is, one that blockc publishes into."""
        wrong, hint = "", "move it away, or publish elsewhere with --output"
        if self.folder.name in ("", "..") or self.inside.is_symlink():
            wrong = "cannot be published into"
        elif self._is_of_old():
            wrong = "was published by an earlier blockc, as a link"
            hint = f"remove it and .{self.folder.name}.generations beside it, then build again"
        elif self.folder.is_dir():
            if not self.inside.is_dir() and any(self.folder.iterdir()):
                wrong = "is a folder that blockc did not make, and not empty"
        elif self.folder.exists() or self.folder.is_symlink():
            wrong = "is not a folder"
        if wrong:
            said = f"{wrong}, expected a new or an empty folder"
            raise OutputError(said, at=Location(str(self.folder)), hint=hint)

    def _is_of_old(self) -> bool:
        """Return whether the folder is the link that blockc made before folders were real."""
        link = self.folder.readlink() if self.folder.is_symlink() else Path()
        return link.parent == Path(f".{self.folder.name}.generations")

    def require_free(self, names: Iterable[str]) -> None:
        """Raise OutputError if something of another maker stands where an artifact belongs."""
        for name in sorted(names):
            path = self.folder / name
            if (path.exists() or path.is_symlink()) and not self._is_ours(path):
                raise OutputError(
                    "is not an artifact, and an artifact is to have its name",
                    at=Location(str(path)),
                    hint="move it away, or publish elsewhere with --output",
                )

    def _is_ours(self, path: Path) -> bool:
        return path.is_symlink() and str(path.readlink()) == f"{_INSIDE}/{_LIVE}/{path.name}"

    def live(self) -> str:
        """Return the name of the generation that is shown, or nothing."""
        link = self.inside / _LIVE
        name = str(link.readlink()) if link.is_symlink() else ""
        return name if _GENERATION.fullmatch(name) and link.is_dir() else ""

    def shows(self, names: Iterable[str]) -> bool:
        """Return whether each name at the top is the link that it should be."""
        return all(self._is_ours(self.folder / name) for name in names)

    def history(self) -> list[str]:
        """Return the generations up to the one that is shown, oldest first.

        A generation after it was recorded by a writer that was stopped before it could show it.
        """
        live, book = self.live(), self.inside / _HISTORY
        names = book.read_text(encoding="ascii").split() if book.exists() else []
        return names[: names.index(live) + 1] if live in names else [live] * bool(live)

    def require_earlier(self) -> str:
        """Return the generation before the one that is shown, or raise OutputError."""
        history = self.history()
        if len(history) < 2:
            raise OutputError("no earlier generation to go back to", at=Location(str(self.folder)))
        return history[-2]

    def vacant(self, name: str) -> str:
        """Return `name`, numbered if a generation of that name stands already."""
        number, candidate = 1, name
        while (self.inside / candidate).exists():
            number += 1
            candidate = f"{name}-{number}"
        return candidate

    def record(self, generation: str) -> None:
        """Write `generation` into the history, before it is shown."""
        names = [*self.history(), generation][-GENERATIONS_KEPT:]
        book = "".join(f"{name}\n" for name in names).encode("ascii")
        write_whole(self.inside / _HISTORY, book, ADVICE)

    def show(self, generation: str, names: Iterable[str]) -> None:
        """Show `generation`, whose names at the top are `names`, in one step.

        Links to new names are made first and lead nowhere until then.
        """
        for name in sorted(names):
            if not self._is_ours(self.folder / name):
                self._link(f"{_INSIDE}/{_LIVE}/{name}", self.folder / name)
        sync_folder(self.folder)
        self._link(generation, self.inside / _LIVE)
        sync_folder(self.inside)

    def _link(self, target: str, path: Path) -> None:
        fresh = self.inside / _FRESH_LINK
        fresh.symlink_to(target)
        fresh.rename(path)

    def sweep(self) -> None:
        """Remove what a stopped writer left, and what nobody can go back to or is led to."""
        kept = {_LIVE, _LOCK, _HISTORY, *self.history()}
        for entry in self.inside.iterdir():
            if entry.name not in kept:
                remove(entry)
        for entry in self.folder.iterdir():
            if self._is_ours(entry) and not entry.exists():
                remove(entry)


def _tops(paths: Iterable[str]) -> set[str]:
    """Return the names that paths have at the top of the folder."""
    return {path.partition("/")[0] for path in paths}


def _go_back(place: _Place, live: str, earlier: str) -> Published:
    before = _contents(place.inside / live)
    after = _contents(place.inside / earlier)
    if digest_of(after) != earlier.partition("-")[0]:
        raise OutputError(
            "the earlier generation was changed after it was published",
            at=Location(str(place.inside / earlier)),
            hint="build again instead",
        )
    result = _compared(place.folder, earlier, before, after)
    for path in result.written:
        os.utime(place.inside / earlier / path)
    place.show(earlier, _tops(after))
    return result


def _compared(
    folder: Path, generation: str, before: Mapping[str, bytes], after: Mapping[str, bytes]
) -> Published:
    same = {path for path in after if before.get(path) == after[path]}
    return Published(
        folder,
        generation,
        written=tuple(sorted(after.keys() - same)),
        unchanged=tuple(sorted(same)),
        removed=tuple(sorted(before.keys() - after.keys())),
        manifest_before=before.get(MANIFEST, b""),
        manifest=after.get(MANIFEST, b""),
    )


def _require_paths(folder: Path, files: Mapping[str, bytes]) -> None:
    """Raise OutputError unless every path is a file below `folder` and none is another's folder."""
    folders = {str(parent) for path in files for parent in PurePosixPath(path).parents}
    for path in files:
        wrong = ""
        if not _is_inside(path):
            wrong = "is not inside the folder, expected a relative path without '..'"
        elif path in folders:
            wrong = "is also the folder of another artifact"
        elif path.partition("/")[0] == _INSIDE:
            wrong = f"is in {_INSIDE}, where blockc keeps what it published"
        if wrong:
            raise OutputError(f"artifact path {path!r} {wrong}", at=Location(str(folder)))


def _is_inside(path: str) -> bool:
    """Return whether `path` is relative, in its shortest spelling, and names something below."""
    pure = PurePosixPath(path)
    try:
        clean = b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return clean and str(pure) == path != "." and not pure.is_absolute() and ".." not in pure.parts


def _contents(generation: Path) -> dict[str, bytes]:
    """Return every regular file below `generation`."""
    paths = (path for path, regular in _files_below(str(generation)) if regular)
    return {path: Path(generation, path).read_bytes() for path in paths}


def _files_below(folder: str, above: str = "") -> Iterator[tuple[str, bool]]:
    """Yield the path of everything below `folder` but folders, and whether it is a regular file."""
    with os.scandir(folder) as entries:
        for entry in entries:
            path = above + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from _files_below(entry.path, f"{path}/")
            else:
                yield path, entry.is_file(follow_symlinks=False)


_PERMISSIONS = "change the permissions of the folder above it, or use --output"
ADVICE = Advice(
    verb="publish",
    steps={
        errno.ENOSPC: "free some space; what was published before is untouched",
        errno.EDQUOT: "raise the quota or free some space; what was published before is untouched",
        errno.EACCES: _PERMISSIONS,
        errno.EPERM: _PERMISSIONS,
        errno.EROFS: "publish into a file system that is mounted writable, with --output",
        errno.EISDIR: "move that folder away: an artifact is to have its name",
        errno.ENAMETOOLONG: "shorten the path of the output",
    },
    otherwise="what was published before is untouched",
)


def shown_files(folder: Path, generation: str, manifest: str) -> tuple[str, ...] | None:
    """Return the files that `folder` shows, sorted, if they are exactly those of a generation.

    Args:
        folder: What a build published.
        generation: The name of the generation it must show.
        manifest: The sha256 of its manifest, which has the digest of every other file.

    Returns:
        None if the folder shows another generation, a byte differs, a file is missing, or a file
        stands there that the manifest does not name.
    """
    try:
        place = _Place.of(folder)
        root = place.inside / generation
        if place.live() != generation:
            return None
        text = read_local(root / MANIFEST)
        if hashlib.sha256(text).hexdigest() != manifest:
            return None
        digests = {MANIFEST: manifest}
        for artifact in json.loads(text)["artifacts"]:
            digests |= {file["path"]: file["sha256"] for file in artifact["files"]}
        found = {path for path, _ in _files_below(str(root))}
        if found != digests.keys() or not place.shows(_tops(digests)):
            return None
        for path, digest in digests.items():
            if hashlib.sha256(read_local(root / path, None)).hexdigest() != digest:
                return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return tuple(sorted(digests))
