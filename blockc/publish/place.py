"""A published folder: what stands in it, which generation it shows, and who may change it now."""

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from blockc.errors import Location, OutputError
from blockc.publish.record import GENERATION, INSIDE, LOCKS, OBJECTS, RECORDS
from blockc.storage.atomic import Advice, remove, sync_folder, write_whole
from blockc.storage.locks import LockWait, held
from blockc.values import Value

GENERATIONS_KEPT = 3
LOCK_SECONDS = 60.0
FRESH = ".new"
_LIVE, _LOCK, _HISTORY, _FRESH_LINK = "live", ".lock", "history", ".new-link"
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


class PublishFolder(Value):
    """A published folder, and the folder inside it that holds the generations."""

    folder: Path
    inside: Path

    @classmethod
    def of(cls, folder: Path) -> "PublishFolder":
        absolute = folder.absolute()
        return cls(absolute, absolute / INSIDE)

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
        return path.is_symlink() and str(path.readlink()) == f"{INSIDE}/{_LIVE}/{path.name}"

    def live(self) -> str:
        """Return the name of the generation that is shown, or nothing."""
        link = self.inside / _LIVE
        name = str(link.readlink()) if link.is_symlink() else ""
        return name if GENERATION.fullmatch(name) and link.is_dir() else ""

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
        while (self.inside / candidate).exists() or self.is_recorded(candidate):
            number += 1
            candidate = f"{name}-{number}"
        return candidate

    def is_recorded(self, generation: str) -> bool:
        """Return whether it is kept what a generation was made from."""
        return (self.inside / RECORDS / f"{generation}.json").is_file()

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
                self._link(f"{INSIDE}/{_LIVE}/{name}", self.folder / name)
        sync_folder(self.folder)
        self._link(generation, self.inside / _LIVE)
        sync_folder(self.inside)

    def _link(self, target: str, path: Path) -> None:
        fresh = self.inside / _FRESH_LINK
        fresh.symlink_to(target)
        fresh.rename(path)

    def sweep(self) -> None:
        """Remove what a stopped writer left, and what nobody can go back to or is led to."""
        shown = set(self.history())
        kept = {_LIVE, _LOCK, _HISTORY, RECORDS, OBJECTS, LOCKS} | shown
        for entry in self.inside.iterdir():
            if entry.name not in kept:
                remove(entry)
        for lock in (self.inside / LOCKS).glob("*"):
            if lock.stem not in shown:
                remove(lock)
        for entry in self.folder.iterdir():
            if self._is_ours(entry) and not entry.exists():
                remove(entry)


def tops(paths: Iterable[str]) -> set[str]:
    """Return the names that paths have at the top of the folder."""
    return {path.partition("/")[0] for path in paths}
