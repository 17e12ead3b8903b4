"""What the store holds, whether it is sound, and what nobody needs any more."""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from blockc.errors import (
    BlockcError,
    Location,
    Mistakes,
    OutputError,
    UsageError,
    os_reason,
)
from blockc.fetch.http.messages import one_line
from blockc.fetch.lock import read_lock
from blockc.fetch.store import state as states
from blockc.fetch.store.blobs import FOLDER as RAW
from blockc.fetch.store.blobs import STORE_ADVICE, STORE_READING, Blobs
from blockc.fetch.store.parsed import Store
from blockc.fetch.store.state import State, load_state
from blockc.storage.atomic import FRESH, reporting, sweep_unfinished, write_whole
from blockc.storage.local import read_local
from blockc.values import Value

KNOWN_LOCKS = "known-locks"
_KIND = re.compile(r"[a-z][a-z0-9-]*")
_DIGEST, _MARK = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{2}")


class StoreEntry(Value):
    """A file of the store that is named by a digest: fetched bytes, or what was made of them."""

    kind: str
    key: str
    path: Path
    bytes: int
    changed: float


class Damage(Value):
    """Something in the store is not what it should be."""

    path: Path
    reason: str


class Swept(Value):
    """What was removed from the store, or would be."""

    entries: tuple[StoreEntry, ...]

    @property
    def bytes(self) -> int:
        """Return how much room that makes."""
        return sum(entry.bytes for entry in self.entries)


def mark_of(path: Path) -> str:
    """Return what stands for the absolute path of a file in the store's own file names."""
    return hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:16]


def remember_lock(root: Path, path: Path) -> None:
    """Note that a lock needs what it names, so that `sweep` leaves that alone.

    Args:
        root: Of the store.
        path: The lock, or a folder of locks: those of the generations that are kept.
    """
    note = root / KNOWN_LOCKS / mark_of(path)
    if not note.is_file():
        write_whole(note, os.fsencode(path.absolute()), STORE_ADVICE)


def remembered(root: Path) -> Iterator[State]:
    """Return what is remembered of each source, sorted by name; damaged states are left out."""
    for path in _state_files(root):
        with suppress(Mistakes):
            found = load_state(path)
            if found:
                yield found


def sweep_killed(root: Path) -> None:
    """Remove what writers left in the store that were killed, once it is so old that none is."""
    for kind in _listed(root):
        with suppress(OutputError):  # it may be none of ours
            sweep_unfinished(kind)
            for folder in _listed(kind):
                if _MARK.fullmatch(folder.name):
                    sweep_unfinished(folder)


def entries(root: Path) -> Iterator[StoreEntry]:
    """Return every entry of the store, by kind and key, and what stopped updates left unfinished.

    A store may stand in a folder that holds other things too: what has not the name of an entry is
    none of ours.

    Raises:
        OutputError: What was fetched may not be read.
    """
    for folder in (path for path in _listed(root) if _KIND.fullmatch(path.name)):
        try:
            paths = _entry_paths(folder)
        except OutputError:
            if folder.name == RAW:
                raise
            continue  # made from that again at any time, or none of ours
        for path in paths:
            with suppress(OSError):
                found = path.stat()
                yield StoreEntry(folder.name, path.name, path, found.st_size, found.st_mtime)


def _entry_paths(folder: Path) -> list[Path]:
    inside = _listed(folder)
    unfinished = [path for path in inside if path.name.startswith(FRESH)]
    marks = [path for path in inside if _MARK.fullmatch(path.name)]
    return unfinished + [path for mark in marks for path in _listed(mark) if _is_entry(path)]


def _is_entry(path: Path) -> bool:
    in_place = path.parent.name == path.name[:2] and _DIGEST.fullmatch(path.name)
    unfinished = _MARK.fullmatch(path.parent.name) and path.name.startswith(FRESH)
    return bool(in_place or unfinished)


def needed(root: Path) -> set[str]:
    """Return the digest of everything that a state or a known lock needs.

    Raises:
        BlockcError: A state or a lock cannot be read: nobody knows then what it needs.
    """
    found = {digest for path in _state_files(root) for digest in _digests(load_state(path))}
    for note in _listed(root / KNOWN_LOCKS):
        if note.name.startswith(FRESH):
            continue
        for path in _locks_at(Path(os.fsdecode(_note_bytes(note)))):
            lock = read_lock(path)
            found |= {one.sha256 for one in lock.sources.values()} if lock else set()
    return found


def _locks_at(path: Path) -> list[Path]:
    return [one for one in _listed(path) if one.suffix == ".lock"] if path.is_dir() else [path]


def _note_bytes(note: Path) -> bytes:
    try:
        return read_local(note)
    except OSError as reason:
        raise UsageError(
            f"cannot read this note of a lock: {os_reason(reason)}",
            at=Location(str(note)),
            hint="remove it and run `blockc update` where that lock is",
        ) from None


def verify(root: Path) -> Iterator[Damage]:
    """Return everything in the store that is damaged; nothing is changed."""
    blobs, store = Blobs(root), Store(root)
    for entry in entries(root):
        if entry.key.startswith(FRESH):
            continue
        try:
            raw = entry.kind == RAW
            sound = blobs.has(entry.key) if raw else store.is_sound(entry.path)
        except OSError as reason:
            yield Damage(entry.path, f"cannot be read: {os_reason(reason)}")
            continue
        except OutputError as reason:
            yield Damage(entry.path, reason.message)
            continue
        if not sound:
            yield Damage(entry.path, "does not hold what its name says")
    for path in _state_files(root):
        try:
            found = load_state(path)
        except BlockcError as error:
            yield Damage(path, one_line(error))
            continue
        for snapshot in (found.good, found.refused) if found else ():
            if snapshot and not blobs.path(snapshot.sha256).is_file():
                yield Damage(path, f"{snapshot.short} is not in the store")


def sweep(root: Path, days: int, now: datetime, *, dry_run: bool = False) -> Swept:
    """Remove what no state and no known lock needs and nobody touched for `days`.

    Raises:
        UsageError: `days` is less than one: an update that runs now may need it.
        BlockcError: A state or a lock cannot be read; nothing is removed.
        OutputError: The disk refuses.
    """
    if days < 1:
        raise UsageError(f"expected at least one day, found {days}")
    keep, oldest = needed(root), (now - timedelta(days=days)).timestamp()
    old = [one for one in entries(root) if one.key not in keep and one.changed < oldest]
    for entry in [] if dry_run else old:
        with reporting(entry.path, STORE_ADVICE):
            entry.path.unlink(missing_ok=True)
    return Swept(tuple(old))


def _digests(found: State | None) -> set[str]:
    return found.digests if found else set()


def _state_files(root: Path) -> list[Path]:
    found = _listed(root / states.FOLDER)
    return [path for path in found if path.suffix == ".toml" and not path.name.startswith(FRESH)]


def _listed(folder: Path) -> list[Path]:
    """Return what is in a folder: nothing if there is none, which is not to be told by a refusal.

    Raises:
        OutputError: It may not be read.
    """
    with reporting(folder, STORE_READING), suppress(FileNotFoundError, NotADirectoryError):
        return sorted(folder.iterdir())
    return []
