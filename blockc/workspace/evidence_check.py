"""Checks an evidence archive that anybody may have made: digests, the chain, and a new build."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from blockc import __version__
from blockc.errors import BlockcError, Location, UsageError, os_reason
from blockc.fetch.store.blobs import Blobs
from blockc.publish.history import PUBLISHED, History, problems
from blockc.publish.past import told
from blockc.publish.record import INSIDE, OBJECTS, RECORDS, Record, read_generation
from blockc.storage.atomic import write_files
from blockc.storage.decompress import Damaged, TooLong
from blockc.storage.spool import scratch_folder
from blockc.storage.zip_archive import ArchiveReader, open_archive
from blockc.values import Value, from_json
from blockc.workspace.audit.replanning import replanned
from blockc.workspace.evidence import HISTORY, INDEX, Span, index_of, shown_spans
from blockc.workspace.project import Project
from blockc.workspace.recorded import recorded_day

_NOT_OURS = (  # what reading a file of anybody's may end with
    Damaged,
    TooLong,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
)
_BEGINNING, _END = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class Checked(Value):
    """What was found out about an archive.

    Attributes:
        problems: What is wrong.
        notes: What could not be checked, and what the archive says that it lacks.
        rebuilt: The generations that were compiled again and came out the same.
    """

    head: str
    events: int
    generations: tuple[str, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    rebuilt: tuple[str, ...]


def day_begin(day: date) -> datetime:
    """Return the first instant of a UTC day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def span_of(first: str, last: str) -> Span:
    """Return the time from the first day to the last, both of them in it; nothing: no bound.

    Raises:
        ValueError: A day is not a date.
    """
    begin = day_begin(date.fromisoformat(first)) if first else _BEGINNING
    end_day = date.fromisoformat(last) if last else date.max
    end = day_begin(end_day) + timedelta(days=1) if end_day < date.max else _END
    return Span(begin, end, first, last)


def check_evidence(path: Path, *, rebuild: bool = False) -> Checked:
    """Return what is wrong with an archive; nothing outside it is believed or needed.

    Args:
        path: Of the archive.
        rebuild: Compile each generation again, and compare with the digests in the history.

    Raises:
        UsageError: The file cannot be read, or is not such an archive.
    """
    try:
        with open_archive(path) as archive:
            return _Check(archive).run(rebuild=rebuild)
    except _NOT_OURS as error:
        said = f"is not an archive of `blockc evidence`: {error}"
        raise UsageError(said, at=Location(str(path))) from None
    except OSError as error:
        raise UsageError(f"cannot be read: {os_reason(error)}", at=Location(str(path))) from None


class _Check:
    def __init__(self, archive: ArchiveReader) -> None:
        self._archive = archive
        self._index = index_of(archive.read(INDEX))
        data = archive.read(HISTORY)
        self._past = History(data, len(data))
        self._made = {
            event.generation: facts for event, facts in told(self._past) if event.event == PUBLISHED
        }
        self._notes: list[str] = []
        self._rebuilt: list[str] = []

    def run(self, *, rebuild: bool) -> Checked:
        found = [*self._files(), *self._chain(), *self._shown()]
        records = dict[str, Record]()
        for one in self._index["generations"]:
            found += self._generation(one, records)
        self._notes += [
            f"the archive lacks {one['what']} of generation {one['of']}"
            for one in self._index["missing"]
        ]
        if rebuild and not found:
            found += [said for name in records for said in self._rebuild(name, records[name])]
        return Checked(
            self._past.head,
            self._past.count,
            tuple(one["name"] for one in self._index["generations"]),
            tuple(found),
            tuple(self._notes),
            tuple(self._rebuilt),
        )

    def _files(self) -> Iterator[str]:
        """Yield what is wrong with the files as the index has them."""
        listed: Mapping[str, Any] = self._index["files"]
        for name in sorted(self._archive.names ^ {*listed, INDEX}):
            there = "is not in the index" if name in self._archive.names else "is missing"
            yield f"{name} {there}"
        for name in sorted(self._archive.names & listed.keys()):
            try:
                data = self._archive.read(name)
            except Damaged as error:
                yield str(error)
                continue
            digest = hashlib.sha256(data).hexdigest()
            folder, _, base = name.rpartition("/")
            if digest != listed[name]["sha256"] or len(data) != listed[name]["bytes"]:
                yield f"{name} is not what the index says"
            elif folder in (OBJECTS, "sources") and base != digest:
                yield f"{name} does not hold what its name says"

    def _chain(self) -> Iterator[str]:
        last = self._past.last
        for line, said in problems(self._past, last.live if last else ""):
            yield f"{HISTORY}, {f'line {line}' if line else 'at the end'}: {said}"
        if self._index["head"] != self._past.head:
            yield f"the index says that the history ends with {self._index['head']}"

    def _shown(self) -> Iterator[str]:
        """Yield the generations that the history shows in that time and the index does not."""
        span = span_of(self._index["from"] or "", self._index["to"] or "")
        expected = {
            name: [(begin, end or None) for begin, end in spans]
            for name, spans in shown_spans(self._past, span).items()
        }
        said = {
            one["name"]: [(span["from"], span["to"]) for span in one["shown"]]
            for one in self._index["generations"]
        }
        for name in sorted(expected.keys() | said.keys()):
            if expected.get(name) != said.get(name):
                yield f"generation {name} was not shown when the index says it was"

    def _generation(self, one: Mapping[str, Any], records: dict[str, Record]) -> Iterator[str]:
        name, made = one["name"], self._made.get(one["name"], {})
        for path in one["files"]:
            file = f"generations/{name}/{path}"
            if self._sha256(file) != made.get("artifacts", {}).get(path):
                yield f"{file} is not what the history says was published"
        if not one["recorded"]:
            return
        file = f"{RECORDS}/{name}.json"
        if self._sha256(file) != made.get("record"):
            yield f"{file} is not the record that the history names"
            return
        record = records[name] = from_json(Record, self._archive.read(file))
        for sha256 in sorted(record.objects):
            if f"{OBJECTS}/{sha256}" not in self._archive.names:
                yield f"{OBJECTS}/{sha256} is missing, which the record of {name} names"
        for source in one["sources"]:
            if source["file"] and f"sources/{source['file']}" not in self._archive.names:
                yield f"sources/{source['file']} is missing, from which {name} was made"

    def _sha256(self, name: str) -> str:
        return self._index["files"].get(name, {}).get("sha256") or "nothing"

    def _rebuild(self, name: str, record: Record) -> Iterator[str]:
        """Yield the files that come out another way when a generation is compiled again."""
        if record.blockc != __version__:
            self._notes.append(
                f"{name} was made by blockc {record.blockc} and not compiled again: this is "
                f"{__version__}"
            )
            return
        with scratch_folder("evidence") as scratch:
            self._unpack(name, record, scratch)
            try:
                project = Project(store_root=scratch / "store", offline=True)
                files = _made_again(scratch / "dist", name, project)
            except BlockcError as error:
                yield f"{name} cannot be compiled again: {error}"
                return
        made = {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}
        expected = self._made[name]["artifacts"]
        different = [
            path for path in made.keys() | expected.keys() if made.get(path) != expected.get(path)
        ]
        yield from (f"{name}: {path} comes out another way" for path in sorted(different))
        self._rebuilt += [name] * (not different)

    def _unpack(self, name: str, record: Record, scratch: Path) -> None:
        inside, archive = scratch / "dist" / INSIDE, self._archive
        wanted = [f"{RECORDS}/{name}.json", *(f"{OBJECTS}/{one}" for one in record.objects)]
        write_files({inside / one: archive.read(one) for one in wanted}, lasting=False)
        sources = {
            one["file"]
            for gen in self._index["generations"]
            for one in gen["sources"]
            if gen["name"] == name
        }
        blobs = Blobs(scratch / "store")
        for sha256 in sorted(sources - {None}):
            blobs.put(archive.read(f"sources/{sha256}"))


def _made_again(folder: Path, name: str, project: Project) -> Mapping[str, bytes]:
    """Return the files of a recorded generation, compiled or planned again."""
    generation = read_generation(folder, name)
    if generation.holds_plans:
        return replanned(generation, project)
    return recorded_day(folder, name, project).compile().files
