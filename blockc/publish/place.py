"""A published folder: what stands in it, which generation it shows, and who may change it now."""

import errno
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from blockc.errors import DENIED, Location, OutputError
from blockc.publish.history import (
    HISTORY,
    PREPARED,
    Facts,
    History,
    Pin,
    finish,
    prepare,
    read_history,
)
from blockc.publish.history_place import keep_history_at
from blockc.publish.record import GENERATION, INSIDE, LOCKS, OBJECTS, RECORDS
from blockc.storage.atomic import Advice, remove, sync_folder
from blockc.storage.locks import LockWait, held
from blockc.values import Value

GENERATIONS_KEPT = 30
LOCK_SECONDS = 60.0
FRESH = ".new"
_LIVE, _LOCK, _FRESH_LINK = "live", ".lock", ".new-link"
_PERMISSIONS = "change the permissions of the folder above it, or use --output"
ADVICE = Advice(
    verb="publish",
    steps={
        errno.ENOSPC: "free some space; what was published before is untouched",
        errno.EDQUOT: "raise the quota or free some space; what was published before is untouched",
        errno.EACCES: _PERMISSIONS,
        errno.EPERM: _PERMISSIONS,
        errno.EROFS: "publish into a file system that is mounted writable, with --output",
        errno.ELOOP: "remove that link: a file is to have its name",
        errno.EISDIR: "move that folder away: a file is to have its name",
        errno.ENAMETOOLONG: "shorten the path of the output",
    },
    otherwise="what was published before is untouched",
)


READING = Advice(verb="read what was published", steps={errno.EACCES: DENIED, errno.EPERM: DENIED})
Events = Sequence[tuple[str, Facts]]
State = tuple[str, Pin | None]  # the generation that is live, and the pin


class PublishFolder(Value):
    """A published folder, and the folder inside it that holds the generations."""

    folder: Path
    inside: Path

    @classmethod
    def of(cls, folder: Path) -> "PublishFolder":
        absolute = folder.absolute()
        return cls(absolute, absolute / INSIDE)

    @contextmanager
    def locked(self, keep: int | None = None, history: Path | None = None) -> Iterator[History]:
        """Hold the place alone, and give its history.

        The kernel lets go of the place when the process ends, however it ends.

        Args:
            keep: How many generations stay afterwards; None: all.
            history: Where the history is kept, absolute; None: where it is.
        """
        self.require_ours()
        self.inside.mkdir(parents=True, exist_ok=True)
        wait = LockWait(seconds=LOCK_SECONDS)
        with held(self.inside / _LOCK, "another build has been publishing", wait, ADVICE):
            if history:
                keep_history_at(self.inside, history, ADVICE)
            past = finish(self.inside, self.live())
            self.sweep(past)
            try:
                yield past
            finally:
                with suppress(OSError):  # it was prepared, so that it counts, and is finished later
                    finish(self.inside, self.live())
                self.sweep(self.past(), keep)

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

    def require_published(self) -> None:
        """Raise OutputError unless something was published here; nothing is made."""
        if not self.live():
            raise OutputError("nothing was published here", at=Location(str(self.folder)))

    def named(self, name: str) -> str:
        """Return the kept generation of this name, or that begins so.

        Raises:
            OutputError: There is none, or several.
        """
        names = [one.name for one in self.inside.iterdir() if GENERATION.fullmatch(one.name)]
        found = [name] if name in names else [one for one in names if one.startswith(name)]
        if len(found) == 1:
            return found[0]
        many = f"{len(found)} generations begin" if found else "no generation begins"
        raise OutputError(
            f"{many} with {name!r}, of those whose files are kept",
            at=Location(str(self.folder)),
            hint="`blockc generations` shows them",
        )

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

    def past(self) -> History:
        """Return the history, an append that was cut finished."""
        return read_history(self.inside, self.live())

    def vacant(self, name: str, past: History) -> str:
        """Return `name`, numbered if a generation was called so before: a name means one."""
        number, candidate = 1, name
        while candidate in past.published or (self.inside / candidate).exists():
            number += 1
            candidate = f"{name}-{number}"
        return candidate

    def is_recorded(self, generation: str) -> bool:
        """Return whether it is kept what a generation was made from."""
        return (self.inside / RECORDS / f"{generation}.json").is_file()

    def prepare(self, past: History, events: Events, now: datetime, after: State) -> None:
        """Write down which events are appended once a generation is live; see `history`."""
        prepare(self.inside, past, events, now, after, ADVICE)

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

    def sweep(self, past: History, keep: int | None = None) -> None:
        """Remove what a stopped writer left, and generations nobody can go back to.

        A history that lacks something does not say which generations were ever shown: those it
        does not name stay then.

        Args:
            past: The history.
            keep: How many generations stay, the one that is live and the pinned one besides.
        """
        ever, whole = set(past.published), past.whole
        kept = {self.live(), past.pin.generation if past.pin else ""}
        kept.update(ever if keep is None else past.published[-keep:])
        stays = {_LIVE, _LOCK, RECORDS, OBJECTS, LOCKS, HISTORY, PREPARED}
        for entry in self.inside.iterdir():
            unsure = not whole and entry.name not in ever and GENERATION.fullmatch(entry.name)
            if not unsure and entry.name not in stays | kept:
                remove(entry)
        for record in (self.inside / RECORDS).glob("*") if whole else ():
            if record.stem not in ever:
                remove(record)
        for lock in (self.inside / LOCKS).glob("*"):
            if not (self.inside / lock.stem).is_dir():
                remove(lock)
        self._sweep_links()

    def _sweep_links(self) -> None:
        for entry in self.folder.iterdir():
            if self._is_ours(entry) and not entry.exists():
                remove(entry)


def tops(paths: Iterable[str]) -> set[str]:
    """Return the names that paths have at the top of the folder."""
    return {path.partition("/")[0] for path in paths}
