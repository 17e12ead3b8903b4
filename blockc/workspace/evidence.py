"""Evidence: one archive of what was published in a time and of all that it was made from.

index.json  index.html            what is in it, for programs and for people
history.jsonl                     the chain, up to the last event of that time
records/NAME.json                 what each generation was made from
objects/SHA256  sources/SHA256    the bytes that records and locks name
generations/NAME/...              the files of those generations that are kept
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from blockc import __version__
from blockc.errors import BlockcError, SourceUnfit
from blockc.fetch.lock import parse_lock
from blockc.fetch.store.blobs import Blobs
from blockc.publish.generations import history_of
from blockc.publish.history import History, PastEvent
from blockc.publish.past import told
from blockc.publish.record import OBJECTS, RECORDS, Generation, read_generation
from blockc.report.evidence_page import evidence_page
from blockc.storage.local import read_local
from blockc.storage.zip_archive import write_archive
from blockc.values import Value, json_bytes, loads_json
from blockc.workspace.inputs import sample_folder
from blockc.workspace.project import Project
from blockc.workspace.recorded import RecordedProject

SCHEMA = "blockc-evidence/1"
INDEX, PAGE, HISTORY = "index.json", "index.html", "history.jsonl"


class Span(Value):
    """The time an archive is about: `begin` to before `end`, and how both were asked for."""

    begin: datetime
    end: datetime
    first: str = ""
    last: str = ""


class Evidence(Value):
    """What an archive holds, and what could not be put into it."""

    index: Mapping[str, Any]

    @property
    def missing(self) -> list[str]:
        """Return what is not in the archive."""
        return [f"{one['what']} of generation {one['of']}" for one in self.index["missing"]]


def history_until(past: History, end: datetime) -> History:
    """Return the history up to the last event before an instant; it is a chain of its own."""
    kept = [at for at, (event, _) in enumerate(told(past), 1) if event.at < end]
    lines = past.lines[: kept[-1]] if kept and kept[-1] < len(past.lines) else past.lines
    data = b"".join(line + b"\n" for line in lines) if kept else b""
    return History(data, len(data))


def shown_spans(past: History, span: Span) -> dict[str, list[tuple[str, str]]]:
    """Return when each generation was shown that was in a time, in order.

    Returns:
        Name -> pairs of the beginning and the end, which is empty while it goes on.
    """
    events = [event for event, _ in told(past)]
    found: dict[str, list[tuple[str, str]]] = {}
    for begin, name, end in _turns(events):
        if name and begin < span.end and (end is None or end > span.begin):
            times = begin.isoformat(), end.isoformat() if end else ""
            found.setdefault(name, []).append(times)
    return found


def _turns(events: list[PastEvent]) -> Iterator[tuple[datetime, str, datetime | None]]:
    """Yield what was live one after another: since when, its name, and until when."""
    changes = [
        event
        for before, event in zip([None, *events], events, strict=False)
        if before is None or before.live != event.live
    ]
    for at, event in enumerate(changes):
        yield event.at, event.live, changes[at + 1].at if at + 1 < len(changes) else None


def write_evidence(folder: Path, span: Span, path: Path, project: Project) -> Evidence:
    """Write the evidence of a time into one archive; equal histories give equal bytes.

    What is no longer there, such as the bytes of an old source, is named in the index.

    Args:
        folder: What a build publishes.
        span: The time.
        path: Of the archive.
        project: Whose store has the sources' bytes.

    Raises:
        OutputError: Nothing was published, a record was damaged, or the disk refuses.
    """
    past, _ = history_of(folder)
    gathering = _Gathering(folder, history_until(past, span.end), span, project)
    write_archive(path, gathering.members())
    return Evidence(gathering.index)


class _Gathering:
    """Collects the members of an archive, one after another, and what its index says of them."""

    def __init__(self, folder: Path, past: History, span: Span, project: Project) -> None:
        self._folder, self._past, self._span, self._project = folder, past, span, project
        self._files: dict[str, dict[str, Any]] = {}
        self._missing: list[dict[str, str]] = []
        self.index: Mapping[str, Any] = {}

    def members(self) -> Iterator[tuple[str, bytes]]:
        """Yield the name and the bytes of each member, the indexes last."""
        yield from self._new(HISTORY, self._past.data)
        generations = []
        for name, spans in shown_spans(self._past, self._span).items():
            said: dict[str, Any] = {
                "name": name,
                "shown": [{"from": begin, "to": end or None} for begin, end in spans],
                "recorded": False,
                "sources": [],
                "files": [],
            }
            generations.append(said)
            yield from self._generation(name, said)
        self.index = {
            "schema": SCHEMA,
            "blockc": __version__,
            "from": self._span.first or None,
            "to": self._span.last or None,
            "head": self._past.head,
            "events": self._past.count,
            "generations": generations,
            "missing": self._missing,
        }
        page = evidence_page(self.index, [facts for _, facts in told(self._past)])
        yield from self._new(PAGE, page.encode())
        yield INDEX, json_bytes({**self.index, "files": self._files})

    def _new(self, name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
        if name not in self._files:
            digest = hashlib.sha256(data).hexdigest()
            self._files[name] = {"sha256": digest, "bytes": len(data)}
            yield name, data

    def _generation(self, name: str, said: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
        files = self._folder.absolute() / ".generations" / name
        for path in sorted(one for one in files.rglob("*") if one.is_file()):
            below = path.relative_to(files).as_posix()
            said["files"].append(below)
            yield from self._new(f"generations/{name}/{below}", path.read_bytes())
        try:
            generation = read_generation(self._folder, name)
        except BlockcError:
            self._missing.append({"what": "the record", "of": name})
            return
        said["recorded"] = True
        record = read_local(generation.inside / RECORDS / f"{name}.json", None)
        yield from self._new(f"{RECORDS}/{name}.json", record)
        for sha256 in sorted(generation.record.objects):
            yield from self._new(f"{OBJECTS}/{sha256}", generation.object(sha256))
        for source, date, sha256, data in sources_of(generation, self._project):
            file = sha256 if data is not None else None
            said["sources"].append({"name": source, "date": date, "file": file})
            if data is None:
                self._missing.append({"what": f"the bytes of source {source}", "of": name})
            else:
                yield from self._new(f"sources/{sha256}", data)


def sources_of(
    generation: Generation, project: Project
) -> Iterator[tuple[str, str, str, bytes | None]]:
    """Yield name, date, sha256 and bytes of each source of a generation; None: they are gone."""
    record, blobs = generation.record, Blobs(project.store.root)
    past = RecordedProject.of(generation, project)
    dates = {one.name: one.date for one in record.sources}
    read_there = {one.name for one in record.registries}
    for one in record.registries:
        path = sample_folder() / one.path if record.sample else Path(one.path)
        data: bytes | None = None
        with suppress(SourceUnfit):
            data = past.registry_bytes(one, path)
        yield one.name, dates[one.name], one.sha256, data
    if record.lock:
        lock = parse_lock("blockc.lock", generation.object(record.lock).decode())
        for name in sorted(dates.keys() - read_there):
            sha256 = lock.sources[name].sha256
            yield name, dates[name], sha256, blobs.get(sha256)


def index_of(data: bytes) -> Mapping[str, Any]:
    """Return the index of an archive.

    Raises:
        ValueError: It is not one that this blockc writes.
    """
    found = loads_json(data.decode())
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise ValueError(f"it is not {SCHEMA}")
    return found
