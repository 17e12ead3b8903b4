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

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from blockc.errors import Location, OutputError, UsageError
from blockc.publish.events import changed_with, published_facts
from blockc.publish.history import (
    PUBLISHED,
    RELEASED,
    ROLLED_BACK,
    Facts,
    History,
    Pin,
    read_history,
    shown_in_turn,
)
from blockc.publish.place import (
    ADVICE,
    FRESH,
    GENERATIONS_KEPT,
    READING,
    PublishFolder,
    tops,
)
from blockc.publish.record import (
    INSIDE,
    Recording,
    keep_recording,
    record_of,
)
from blockc.storage.atomic import (
    reporting,
    write_tree,
)
from blockc.storage.local import read_local
from blockc.values import Value, replace
from blockc.vocabulary import MANIFEST


class Published(Value):
    """What a folder shows now, and how its files compare with what it showed before.

    Invariant: `written` and `unchanged` are disjoint, sorted and together every file; `removed`
    names files of the generation before that are gone. `manifest_before` is the manifest of that
    generation, `manifest` the one that is shown now; each is empty if there is none. `pin` holds
    now: what was to be published was not.
    """

    folder: Path
    generation: str
    written: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    manifest_before: bytes = b""
    manifest: bytes = b""
    pin: Pin | None = None


Judge = Callable[[str], Sequence[tuple[str, Facts]]]


def unjudged(_live: str) -> Sequence[tuple[str, Facts]]:
    """Let everything pass."""
    return ()


class Making(Value, kw_only=True):
    """How files are published, and what is to be known of it later.

    Attributes:
        recording: What they were made from, which is kept beside them.
        now: The present; None: what the clock of the machine says.
        keep: How many generations stay.
        history: Where the history is kept, absolute; None: inside the folder, or where it is.
        judge: Is called with the name of the generation that is live, empty if there is none,
            before another one takes its place, while nobody else can publish. What it raises
            leaves everything as it was; what it returns are events that come before.
    """

    recording: Recording | None = None
    now: datetime | None = None
    keep: int = GENERATIONS_KEPT
    history: Path | None = None
    judge: Judge = unjudged


def publish(folder: Path, files: Mapping[str, bytes], making: Making | None = None) -> Published:
    """Make `folder` show exactly `files`, all or nothing, and say so in its history.

    A file whose bytes are as before keeps its inode and its modification time. If all are, or if
    the folder is pinned, nothing is touched. What else stands in the folder stays there, unless an
    artifact has its name.

    Args:
        folder: Missing, empty, or published before; anything else is refused.
        files: Relative path with forward slashes -> bytes.
        making: What they were made from, and how many generations stay.

    Raises:
        OutputError: A path leaves the folder, the folder is not ours, or the disk refuses. What
            was published stays published.
    """
    _require_paths(folder, files)
    making = making or Making()
    place = PublishFolder.of(folder)
    with reporting(place.folder, ADVICE), place.locked(making.keep, making.history) as past:
        live = place.live()
        before = _contents(place.inside / live) if live else {}
        if past.pin:
            return _pinned(place, live, past.pin, before)
        names = tops(files)
        if live and before == dict(files) and place.shows(names):
            if making.recording and not place.is_recorded(live):
                keep_recording(place.inside, live, making.recording, ADVICE)
            return Published(place.folder, live, unchanged=tuple(sorted(files)))
        place.require_free(names - tops(before))
        events = [*making.judge(live)]
        generation = place.vacant(digest_of(files), past)
        same = {
            path: place.inside / live / path for path in files if before.get(path) == files[path]
        }
        write_tree(place.inside / FRESH, files, same)
        (place.inside / FRESH).rename(place.inside / generation)
        recording, now = making.recording, making.now or datetime.now(UTC)
        if recording:
            keep_recording(place.inside, generation, recording, ADVICE)
        facts = {"generation": generation, "before": live, **published_facts(files, recording)}
        records = record_of(place.inside, live), recording.record if recording else None
        events += [(PUBLISHED, facts), *changed_with(*records)]
        place.prepare(past, events, now, (generation, None))
        place.show(generation, names)
        return _compared(place.folder, generation, before, files)


def _pinned(place: PublishFolder, live: str, pin: Pin, shown: Mapping[str, bytes]) -> Published:
    if live:
        return Published(place.folder, live, unchanged=tuple(sorted(shown)), pin=pin)
    raise OutputError(
        f"is pinned to generation {pin.generation}, which is not here",
        at=Location(str(place.folder)),
        hint="`blockc rollback --release` ends that",
    )


def rollback(
    folder: Path, by: str, name: str = "", *, reason: str = "", now: datetime, hold: bool = True
) -> Published:
    """Make `folder` show an earlier generation, and publish no other until `release`.

    A file that differs from the one shown until now gets the present modification time, so that
    whatever watches it acts.

    Args:
        folder: What a build publishes.
        by: Who does it.
        name: Of the generation, or how it begins; nothing: the one before, again the one before
            that. The one that is live is only pinned.
        reason: Why.
        now: The present.
        hold: Whether the folder is pinned; if not, the next build publishes again.

    Raises:
        OutputError: There is no such generation, or it is not what was once published.
    """
    place = PublishFolder.of(folder)
    with reporting(place.folder, ADVICE):
        place.require_published()
        with place.locked() as past:
            live = place.live()
            wanted = place.named(name) if name else _earlier(place, past)
            before, after = (_contents(place.inside / one) for one in (live, wanted))
            if digest_of(after) != wanted.partition("-")[0]:
                raise OutputError(
                    f"generation {wanted} was changed after it was published",
                    at=Location(str(place.inside / wanted)),
                    hint="go back to another one, or build again instead",
                )
            result = _compared(place.folder, wanted, before, after)
            for path in result.written:
                os.utime(place.inside / wanted / path)
            facts = {"generation": wanted, "before": live, "by": by, "reason": reason}
            at = now.astimezone(UTC).replace(microsecond=0)
            pin = Pin(wanted, by, at, reason) if hold else None
            records = (record_of(place.inside, one) for one in (live, wanted))
            events = [(ROLLED_BACK, facts), *changed_with(*records)]
            place.prepare(past, events, now, (wanted, pin))
            place.show(wanted, tops(after))
            return replace(result, pin=pin)


def pin_of(folder: Path) -> Pin | None:
    """Return the pin of a folder, None if it has none or its history cannot be read."""
    try:
        return history_of(folder)[0].pin
    except OutputError:
        return None


def _earlier(place: PublishFolder, past: History) -> str:
    """Return the generation before the one that is live, of those whose files are still there."""
    found = [one for one in shown_in_turn(past.events()) if (place.inside / one).is_dir()]
    if len(found) < 2:
        raise OutputError("no earlier generation to go back to", at=Location(str(place.folder)))
    return found[-2]


def release(folder: Path, by: str, *, now: datetime) -> Pin:
    """End what `rollback` began: the next build publishes again.

    Raises:
        UsageError: The folder is not pinned.
        OutputError: The disk refuses.
    """
    place = PublishFolder.of(folder)
    with reporting(place.folder, ADVICE):
        place.require_published()
        with place.locked() as past:
            pin, live = past.pin, place.live()
            if pin is None:
                raise UsageError("is not pinned", at=Location(str(place.folder)))
            facts = {"generation": pin.generation, "by": by, "pinned_by": pin.by}
            place.prepare(past, [(RELEASED, facts)], now, (live, None))
            return pin


def append_event(
    folder: Path, kind: str, facts: Facts, now: datetime, history: Path | None = None
) -> None:
    """Append an event to the history of a folder; what is live and pinned stays so.

    Args:
        folder: What a build publishes, or will publish.
        kind: Of the event.
        facts: What it says.
        now: The present.
        history: See `Making`.

    Raises:
        OutputError: The folder is not ours, or the disk refuses.
    """
    place = PublishFolder.of(folder)
    with reporting(place.folder, ADVICE), place.locked(None, history) as past:
        place.prepare(past, [(kind, facts)], now, (place.live(), past.pin))


def history_of(folder: Path) -> tuple[History, str]:
    """Return the history of a folder, and the generation that is live, without waiting for locks.

    Raises:
        OutputError: It cannot be read, or nothing was ever published.
    """
    place = PublishFolder.of(folder)
    with reporting(place.inside, READING):
        while True:  # a build may publish between the two
            live = place.live()
            past = read_history(place.inside, live)
            if place.live() == live:
                break
    if not past.data and not live:
        raise OutputError("nothing was published here", at=Location(str(place.folder)))
    return past, live


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
    folders = {path[:at] for path in files for at, mark in enumerate(path) if mark == "/"}
    for path in files:
        wrong = ""
        if not _is_inside(path):
            wrong = "is not inside the folder, expected a relative path without '..'"
        elif path in folders:
            wrong = "is also the folder of another artifact"
        elif path.partition("/")[0] == INSIDE:
            wrong = f"is in {INSIDE}, where blockc keeps what it published"
        if wrong:
            raise OutputError(f"artifact path {path!r} {wrong}", at=Location(str(folder)))


def _is_inside(path: str) -> bool:
    """Return whether `path` is relative, in its shortest spelling, and names something below."""
    try:
        clean = b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return clean and not {"", ".", ".."}.intersection(path.split("/"))


def _contents(generation: Path) -> dict[str, bytes]:
    """Return every regular file below `generation`."""
    root = str(generation)
    return {path: _read(f"{root}/{path}") for path, regular in files_below(root) if regular}


def _read(path: str) -> bytes:
    """Return the bytes of a file; of hundreds, making paths takes longer than reading them."""
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123  see above
        return file.readall()


def files_below(folder: str, above: str = "") -> Iterator[tuple[str, bool]]:
    """Yield the path of everything below `folder` but folders, and whether it is a regular file."""
    with os.scandir(folder) as entries:
        for entry in entries:
            path = above + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from files_below(entry.path, f"{path}/")
            else:
                yield path, entry.is_file(follow_symlinks=False)


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
        place = PublishFolder.of(folder)
        root = place.inside / generation
        if place.live() != generation:
            return None
        text = read_local(root / MANIFEST)
        if hashlib.sha256(text).hexdigest() != manifest:
            return None
        digests = {MANIFEST: manifest}
        for artifact in json.loads(text)["artifacts"]:
            digests |= {file["path"]: file["sha256"] for file in artifact["files"]}
        found = {path for path, _ in files_below(str(root))}
        if found != digests.keys() or not place.shows(tops(digests)):
            return None
        for path, digest in digests.items():
            if hashlib.sha256(read_local(root / path, None)).hexdigest() != digest:
                return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return tuple(sorted(digests))
