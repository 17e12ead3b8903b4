"""The history of a published folder: one event per line, each with the digest of the line before.

    dist/.generations/history.jsonl   the events; nothing is ever changed or removed
    dist/.generations/prepared        the last append: where it belongs, its lines, and what is live
                                      once it counts

Publishing moves the link `live`, and then appends. The lines are prepared before: whoever comes
next sees by `live` whether they count, and finishes an append that was cut. So the history and
what is shown agree whenever a process is stopped. `prepared` also says how long the history must
be: who cuts its end off is found out.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from blockc.storage.atomic import Advice, append_whole, write_whole
from blockc.storage.local import read_local
from blockc.values import Value, from_json, line_bytes

HISTORY, PREPARED = "history.jsonl", "prepared"
PUBLISHED, ROLLED_BACK, RELEASED, DAMAGED = "published", "rolled-back", "released", "damaged"
APPROVED, REFUSED = "approved", "refused"
_MOST_TOLD = 100  # lines that are wrong
_SHORTEST = 50  # bytes of an event
Facts = Mapping[str, Any]


class Pin(Value):
    """A folder that shows one generation and publishes no other: which, by whom, since when, why.

    `at` is an instant in UTC.
    """

    generation: str
    by: str
    at: datetime
    reason: str = ""


class PastEvent(Value, kw_only=True):
    """What every line of the history says, whatever else stands in it.

    Attributes:
        n: Counts the events from 1; it gives the order, whatever the clock said.
        at: By the clock of the machine, UTC.
        event: Its kind.
        live: The generation that is shown after it; nothing if none is.
        pin: The pin that holds after it.
        previous: The sha256 of the line before; nothing in the first one.
        generation: What it is about, if it is about one.
    """

    n: int
    at: datetime
    event: str
    previous: str
    live: str = ""
    pin: Pin | None = None
    generation: str = ""


class Prepared(Value, kw_only=True):
    """An append.

    Attributes:
        offset: The bytes of the history before it.
        head: The sha256 of the last line before it; nothing if there was none.
        live: The generation that is shown once it counts.
        lines: What is appended.
    """

    offset: int
    head: str
    live: str
    lines: str


class LostEnd(Value):
    """The end of the history is not what was written: how many bytes were, and the last line's."""

    size: int
    sha256: str


class History(Value):
    """The history as it counts, an append that was cut finished.

    Attributes:
        data: Its lines.
        size: How many bytes of them are on the disk.
        missing: What the end must be and is not.
    """

    data: bytes = b""
    size: int = 0
    missing: LostEnd | None = None

    @property
    def count(self) -> int:
        """Return how many lines it has."""
        return self.data.count(b"\n") + bool(self.data and not self.data.endswith(b"\n"))

    @property
    def lines(self) -> list[bytes]:
        """Return its lines, the last one also if it was cut."""
        return self.data.removesuffix(b"\n").split(b"\n") if self.data else []

    def each(self) -> Iterator[bytes]:
        """Yield its lines; a list of all of them may be many times the history."""
        return (line.removesuffix(b"\n") for line in BytesIO(self.data))

    def events(self) -> Iterator[PastEvent]:
        """Yield the events that can be read; `problems` says which cannot."""
        yield from filter(None, map(event_of, self.each()))

    @property
    def head(self) -> str:
        """Return the sha256 of the last line, which stands for all lines; nothing without one."""
        return sha256_of_last(self.data)

    @property
    def last(self) -> PastEvent | None:
        """Return the last event that can be read."""
        return next(filter(None, map(event_of, self._backwards())), None)

    def _backwards(self) -> Iterator[bytes]:
        end = len(self.data)
        while end:
            begin = self.data.rfind(b"\n", 0, end - 1) + 1
            yield self.data[begin:end].removesuffix(b"\n")
            end = begin

    @property
    def published(self) -> list[str]:
        """Return the generations that were ever published, oldest first."""
        return [one.generation for one in self.events() if one.event == PUBLISHED]

    @property
    def whole(self) -> bool:
        """Return whether it has something, and never lacked anything as far as it says."""
        return bool(self.data) and not (self.missing or self.was_damaged)

    @property
    def was_damaged(self) -> bool:
        """Return whether it says that something was missing once."""
        return any(one.event == DAMAGED for one in self.events())

    @property
    def pin(self) -> Pin | None:
        """Return the pin that holds now."""
        return self.last.pin if self.last else None


def event_of(line: bytes) -> PastEvent | None:
    """Return what a line of the history says, None if it is not one."""
    if not line.startswith(b"{") or len(line) < _SHORTEST:
        return None
    try:
        return from_json(PastEvent, line)
    except ValueError:
        return None


def read_history(inside: Path, live: str) -> History:
    """Return the history of a published folder.

    Args:
        inside: The folder that holds the generations.
        live: The generation that is shown.

    Raises:
        OSError: It cannot be read.
    """
    data, prepared = history_bytes(inside / HISTORY), _prepared(inside)
    if prepared is None:
        return History(data, len(data))
    lines = prepared.lines.encode() if prepared.live == live else b""
    before, rest = data[: prepared.offset], data[prepared.offset :]
    kept = len(before) == prepared.offset and sha256_of_last(before) == prepared.head
    if kept and lines.startswith(rest):
        return History(before + lines, len(data))
    head = sha256_of_last(lines) if lines else prepared.head
    return History(data, len(data), LostEnd(prepared.offset + len(lines), head))


def history_bytes(path: Path) -> bytes:
    """Return what a file of the history holds, nothing if it is not there.

    Raises:
        OSError: It cannot be read, or is kept in a folder that is not there: on a disk, perhaps,
            that is not mounted.
    """
    try:
        return read_local(path, None)
    except FileNotFoundError:
        if path.is_symlink() and not path.readlink().parent.is_dir():
            raise
        return b""


def _prepared(inside: Path) -> Prepared | None:
    try:
        return from_json(Prepared, history_bytes(inside / PREPARED))
    except ValueError:
        return None


def sha256_of_last(data: bytes) -> str:
    """Return the sha256 of the last line of `data`; nothing if there is none."""
    last = data.removesuffix(b"\n").rpartition(b"\n")[2]
    return hashlib.sha256(last).hexdigest() if data else ""


def prepare(
    inside: Path,
    past: History,
    events: Sequence[tuple[str, Facts]],
    now: datetime,
    state: tuple[str, Pin | None],
    advice: Advice,
) -> None:
    """Write down what `finish` will append, once `live` leads to the generation of `state`.

    Args:
        inside: The folder that holds the generations.
        past: The history until now.
        events: Kind and facts of each event.
        now: The present; a clock that went back since the last event is noted in the event.
        state: What is live, and pinned, after the events.
        advice: What to say where the disk refuses.
    """
    live, pin = state
    last, head = past.last, past.head
    number, lines = last.n if last else 0, []
    if past.missing:
        expected = {"bytes": past.missing.size, "sha256": past.missing.sha256}
        events = [(DAMAGED, {"expected": expected}), *events]
    now = now.astimezone(UTC).replace(microsecond=0)
    for kind, facts in events:
        number += 1
        said: dict[str, Any] = {"n": number, "at": now, "event": kind, **facts}
        behind = (last.at - now).total_seconds() if last else 0
        if behind > 0:
            said["clock_behind_seconds"] = int(behind)
        line = line_bytes(said | {"live": live, "pin": pin, "previous": head})
        head = hashlib.sha256(line).hexdigest()
        lines.append(line + b"\n")
    torn = b"\n" if past.data and not past.data.endswith(b"\n") else b""
    prepared = Prepared(
        offset=len(past.data),
        head=past.head,
        live=live,
        lines=(torn + b"".join(lines)).decode(),
    )
    write_whole(inside / PREPARED, line_bytes(prepared), advice)


def finish(inside: Path, live: str) -> History:
    """Append what was prepared and counts, as far as it is not there yet; return the history.

    Raises:
        OSError: The disk refuses.
    """
    past = read_history(inside, live)
    if past.size < len(past.data):
        append_whole(inside / HISTORY, past.data[past.size :])
    return past


def problems(past: History, live: str) -> Iterator[tuple[int, str]]:
    """Yield the number of each line that is wrong and why; the end of the history is line 0.

    Of a great many lines the first ones are told, and how many more there are.

    Args:
        past: The history.
        live: The generation that is shown.
    """
    told, more = 0, 0
    for at, said in _problems(past, live):
        if told < _MOST_TOLD or not at:
            yield at, said
            told += 1
        else:
            more += 1
    if more:
        yield 0, f"{more:,} more lines are wrong"


def _problems(past: History, live: str) -> Iterator[tuple[int, str]]:
    head, number = "", 0
    for at, line in enumerate(past.each(), 1):
        event = event_of(line)
        if event is None:
            yield at, "is not an event"
        elif event.previous != head:
            yield at, "does not follow the line before: a line was changed, removed or put in"
        elif event.n != number + 1:
            yield at, f"is event {event.n}, expected {number + 1}"
        elif event.event == DAMAGED:
            yield at, f"says that lines before it were changed or removed: {_expected(line)}"
        head, number = hashlib.sha256(line).hexdigest(), event.n if event else number
    missing, last = past.missing, past.last
    if missing:
        said = (
            f"{missing.size:,} bytes were written, the last line with the sha256 {missing.sha256}"
        )
        yield 0, f"the end was changed or removed: {said}"
    elif past.data and not past.data.endswith(b"\n"):
        yield 0, "the last line was cut"
    elif last and last.live != live:
        yield (
            0,
            f"it ends with {last.live or 'nothing'} live, and the folder shows {live or 'nothing'}",
        )


def _expected(line: bytes) -> str:
    expected = json.loads(line).get("expected")
    if not isinstance(expected, dict):
        return "it does not say which"
    size, sha256 = expected.get("bytes"), expected.get("sha256")
    return f"{size} bytes were there, the last line with the sha256 {sha256}"


def shown_in_turn(events: Iterable[PastEvent]) -> list[str]:
    """Return the generations that lead to the one that is live, oldest first.

    What was rolled back is forgotten, so that a second step back goes further.
    """
    found: list[str] = []
    for event in events:
        if event.live in found:
            del found[found.index(event.live) + 1 :]
        elif event.live:
            found.append(event.live)
    return found
