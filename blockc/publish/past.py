"""What was published, looked back at: the generations that are kept, and what was shown when."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from blockc.changes.country_history import Shown
from blockc.errors import BlockcError, OutputError
from blockc.publish.events import DEPLOYED, RELOAD_FAILED, RELOADED
from blockc.publish.generations import history_of
from blockc.publish.history import PUBLISHED, Facts, History, PastEvent, event_of, problems
from blockc.publish.place import PublishFolder
from blockc.publish.record import INSIDE, object_of, read_generation
from blockc.storage.local import read_local
from blockc.values import Value

_A_BUILD = timedelta(minutes=30)  # none takes longer


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
    for line in past.each():
        event = event_of(line)
        if event:
            yield event, json.loads(line)


def shows_its_own_moment(folder: Path) -> bool:
    """Return whether what a folder shows was made for the moment at which it was published.

    So it is one that something is served from, and none for trying another day.
    """
    place = PublishFolder.of(folder)
    live = place.live()
    moment = {
        event.at: datetime.fromisoformat(facts["as_of"])
        for event, facts in told(place.past())
        if live and (event.event, event.generation) == (PUBLISHED, live) and "as_of" in facts
    }
    return any(abs(at - made) < _A_BUILD for at, made in moment.items())


def shown_when(folder: Path, past: History) -> list[Shown]:
    """Return what a folder showed, one after another, with the manifests.

    Raises:
        OutputError: A manifest is missing or was changed.
    """
    found, manifests = list[Shown](), _manifests(folder, past)
    for event in past.events():
        if not found or found[-1].generation != event.live:
            found.append(Shown(event.at, event.live, manifests.get(event.live)))
    return found


def _manifests(folder: Path, past: History) -> dict[str, Any]:
    """Return the manifest of every generation that was published; None where none was kept."""
    inside, found = folder.absolute() / INSIDE, dict[str, Any]()
    for event, facts in told(past):
        if event.event == PUBLISHED:
            digest = facts.get("manifest")
            found[event.generation] = json.loads(object_of(inside, digest)) if digest else None
    return found


class EdgePast(Value, eq=False):
    """What ran on an edge.

    Attributes:
        ran: Of each output that ever protected it, by its path, one after another.
        untold: The outputs of which nobody ever said that they run there: what was shown is taken
            for them.
    """

    ran: Mapping[str, Sequence[Shown]]
    untold: tuple[str, ...]


def edges_of(past: History) -> dict[str, tuple[str, ...]]:
    """Return every edge that any generation had, with every output that ever protected it."""
    found: dict[str, dict[str, None]] = {}
    for _, facts in told(past):
        for edge, paths in facts.get("edges", {}).items():
            found.setdefault(edge, {}).update(dict.fromkeys(paths))
    return {edge: tuple(found[edge]) for edge in sorted(found)}


def ran_when(folder: Path, past: History, edge: str) -> EdgePast:
    """Return what ran on an edge: what was reloaded, or what somebody said was deployed there.

    Before the first generation whose record has edges they are taken to be as in that one.

    Raises:
        OutputError: A manifest is missing or was changed.
    """
    events, paths = list(told(past)), edges_of(past)[edge]
    receipts = [_receipt(event, facts, edge) for event, facts in events]
    spoken = {path for one in receipts for path in one}
    manifests, edges = _manifests(folder, past), dict[str, Any]()
    first = next(facts["edges"] for _, facts in events if "edges" in facts)
    runs: dict[str, str] = {}
    ran: dict[str, list[Shown]] = {path: [] for path in paths}
    for (event, facts), receipt in zip(events, receipts, strict=True):
        if event.event == PUBLISHED:
            edges[event.generation] = facts.get("edges", first)
        runs |= receipt
        protects = edges.get(event.live, {}).get(edge, ())
        for path in paths:
            name = runs.get(path, "") if path in spoken else event.live
            known = bool(name) or path not in spoken or path not in protects
            name = name if path in protects else ""
            if not ran[path] or (ran[path][-1].generation, ran[path][-1].known) != (name, known):
                ran[path].append(Shown(event.at, name, manifests.get(name), known))
    return EdgePast(ran, tuple(path for path in paths if path not in spoken))


def _receipt(event: PastEvent, facts: Mapping[str, Any], edge: str) -> dict[str, str]:
    """Return which generation of each output runs on an edge from an event on; empty: unknown."""
    here = event.event == DEPLOYED and facts["edge"] == edge
    if here or event.event in (RELOADED, RELOAD_FAILED):
        failed = event.event == RELOAD_FAILED  # it may have taken over anything
        return dict.fromkeys(facts["outputs"], "" if failed else event.generation)
    return {}


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
    for number, line in enumerate(past.each(), 1):
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
