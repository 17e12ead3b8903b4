"""What was published, looked back at: the generations that are kept, and what was shown when."""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from blockc.changes.country_history import Shown
from blockc.errors import BlockcError, OutputError
from blockc.publish.generations import history_of
from blockc.publish.history import PUBLISHED, Facts, History, PastEvent, event_of, problems
from blockc.publish.record import INSIDE, object_of, read_generation
from blockc.storage.local import read_local
from blockc.values import Value


class KeptGeneration(Value, kw_only=True):
    """A generation whose files are kept.

    Attributes:
        facts: What the history says of its publication.
        size: The bytes of its files.
        live: It is the one that is shown.
        pinned: The folder is pinned to it.
    """

    name: str
    at: datetime
    facts: Facts
    size: int
    live: bool
    pinned: bool


class Problem(Value):
    """Something is wrong with a line of a history; line 0 is its end, or what stands beside it."""

    line: int
    said: str


def kept_generations(folder: Path) -> list[KeptGeneration]:
    """Return the generations of a folder whose files are kept, oldest first.

    Raises:
        OutputError: The history cannot be read.
    """
    past, live = history_of(folder)
    pin, inside = past.pin, folder.absolute() / INSIDE
    return [
        KeptGeneration(
            name=event.generation,
            at=event.at,
            facts=facts,
            size=sum(one.stat().st_size for one in _files(inside / event.generation)),
            live=event.generation == live,
            pinned=pin is not None and pin.generation == event.generation,
        )
        for event, facts in told(past)
        if event.event == PUBLISHED and (inside / event.generation).is_dir()
    ]


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def told(past: History) -> Iterator[tuple[PastEvent, dict[str, Any]]]:
    """Yield each event of a history with everything that its line says."""
    for line in past.lines:
        event = event_of(line)
        if event:
            yield event, json.loads(line)


def shown_when(folder: Path, past: History) -> list[Shown]:
    """Return what a folder showed, one after another, with the manifests.

    Raises:
        OutputError: A manifest is missing or was changed.
    """
    inside, found = folder.absolute() / INSIDE, list[Shown]()
    manifests: dict[str, Any] = {}
    for event, facts in told(past):
        if event.event == PUBLISHED:
            digest = facts.get("manifest")
            manifests[event.generation] = json.loads(object_of(inside, digest)) if digest else None
        if not found or found[-1].generation != event.live:
            found.append(Shown(event.at, event.live, manifests.get(event.live)))
    return found


class Turn(Value):
    """A time in which a folder showed one generation, or none.

    Attributes:
        generation: Its name; nothing if none was shown.
        begin: When it began.
        end: When it ended; None: it goes on.
    """

    generation: str
    begin: datetime
    end: datetime | None


def shown_within(past: History, begin: datetime, end: datetime) -> list[Turn]:
    """Return what was shown one after another in a time that ends before `end`."""
    changes = list[PastEvent]()
    for event in past.events():
        if not changes or changes[-1].live != event.live:
            changes.append(event)
    ends = [*(one.at for one in changes[1:]), None]
    turns = [Turn(one.live, one.at, stop) for one, stop in zip(changes, ends, strict=True)]
    return [one for one in turns if one.begin < end and (one.end is None or one.end > begin)]


def verified(folder: Path) -> list[Problem]:
    """Return everything that is wrong with the history of a folder and with what it names.

    Raises:
        OutputError: The history cannot be read.
    """
    past, live = history_of(folder)
    found = [Problem(line, said) for line, said in problems(past, live)]
    for number, line in enumerate(past.lines, 1):
        event = event_of(line)
        wanted = json.loads(line).get("record") if event and event.event == PUBLISHED else None
        if event and wanted:
            found += [Problem(number, said) for said in _wrong(folder, event.generation, wanted)]
    return found


def _wrong(folder: Path, name: str, wanted: str) -> Iterator[str]:
    """Yield what is wrong with the record of a generation, whose digest the history has."""
    try:
        generation = read_generation(folder, name)
        path = generation.inside / "records" / f"{generation.name}.json"
        if hashlib.sha256(read_local(path, None)).hexdigest() != wanted:
            raise OutputError(f"the record of generation {name} is not the one that was written")
        for sha256 in sorted(generation.record.objects):
            generation.object(sha256)
    except BlockcError as error:
        yield str(error)
