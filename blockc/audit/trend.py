"""What an audit remembers from run to run: which lines of which logs are counted, and the days.

It is one file of JSON lines, replaced as a whole: what was counted and where reading ended cannot
disagree. No address and no raw key is in it.

    {"kind":"table","version":1,"secret":"..."}      how keys are named
    {"kind":"log","path":"access.log",...}           one for every log that was ever read
    {"kind":"day","day":"2026-11-01","requests":9}   all requests of a day
    {"kind":"hits","day":...,"lists":["a"],"key":"...","requests":7}
    {"kind":"gap","at":"2026-11-02T00:00:00Z","path":"access.log"}
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from typing import Any

from blockc.values import Value, from_json, line_bytes

VERSION = 1
HEAD, TAIL = 1 << 16, 1 << 12  # bytes at the begin of a log and before a place that tell it apart
_FIRST_MARK = 64


class KnownLog(Value, kw_only=True):
    """A log that was read, and how far. It is known by what is in it, not by its name.

    Attributes:
        path: Where it was first.
        device, inode, size, changed: Of its file when it was last seen; `changed` in nanoseconds.
        read: Bytes that are counted, unpacked: up to the end of a line.
        lines: Lines in those.
        marks: Digests of its first 64, 128, ... bytes, as far as they are counted, up to `HEAD`.
        tail: The digest of the last `TAIL` bytes before `read`.
        format: What its lines are cut by; `columns` are those that it named last.
        settled: Nothing is added to it any more: it is packed, or has not changed for a day.
    """

    kind: str = "log"
    path: str
    device: int
    inode: int
    size: int
    changed: int
    read: int = 0
    lines: int = 0
    marks: tuple[str, ...] = ()
    tail: str = ""
    format: str = ""
    columns: tuple[str, ...] = ()
    settled: bool = False

    @property
    def stamp(self) -> tuple[int, int, int, int]:
        """Return what a file has that was not touched since, wherever it was moved."""
        return self.device, self.inode, self.size, self.changed

    def begins_like(self, marks: Sequence[str]) -> bool:
        """Return whether a file with these marks can be this log, longer or shorter."""
        same = [one == mark for one, mark in zip(marks, self.marks, strict=False)]
        return all(same) and bool(same or not self.marks)


class Hits(Value, kw_only=True):
    """Requests from listed addresses on a day, by those lists, with that key; "" without one."""

    kind: str = "hits"
    day: str
    lists: tuple[str, ...]
    key: str
    requests: int


class Gap(Value, kw_only=True):
    """A log went before its end was read, at `at` or before; somebody accepted that."""

    kind: str = "gap"
    at: datetime
    path: str


class _Day(Value, kw_only=True):
    kind: str = "day"
    day: str
    requests: int


class _Head(Value, kw_only=True):
    kind: str
    version: int
    secret: str


class _Line(Value):
    kind: str


class Memory(Value, kw_only=True):
    """All that is remembered.

    Attributes:
        secret: Tells one secret of keys from another; empty: none was needed yet.
        days: Day -> all requests of it; "" for lines without a time.
    """

    logs: tuple[KnownLog, ...] = ()
    days: Mapping[str, int] = {}
    hits: tuple[Hits, ...] = ()
    gaps: tuple[Gap, ...] = ()
    secret: str = ""


class TrendDay(Value):
    """A day of the trend: all requests, those from listed addresses, and the keys these used."""

    day: str
    requests: int
    listed: int
    keys: int


def marks_of(head: bytes) -> tuple[str, ...]:
    """Return the digests of the first 64, 128, ... bytes of a log, as far as there are bytes."""
    sizes = (_FIRST_MARK << n for n in range(HEAD.bit_length() - _FIRST_MARK.bit_length() + 1))
    return tuple(digest_of(head[:size]) for size in sizes if size <= len(head))


def digest_of(data: bytes) -> str:
    """Return 64 bits of the sha256 of some bytes."""
    return sha256(data).hexdigest()[:16]


def memory_bytes(memory: Memory) -> bytes:
    """Return what is remembered as the lines of a file; equal memories give equal bytes."""
    parts: list[Value] = [
        _Head(kind="table", version=VERSION, secret=memory.secret),
        *sorted(memory.logs, key=lambda one: (one.path, one.stamp, one.read)),
        *(_Day(day=day, requests=count) for day, count in sorted(memory.days.items())),
        *sorted(memory.hits, key=lambda one: (one.day, one.lists, one.key)),
        *memory.gaps,
    ]
    return b"".join(line_bytes(part) + b"\n" for part in parts)


def memory_of(data: bytes) -> Memory:
    """Return what `memory_bytes` wrote.

    Raises:
        ValueError: It is something else, or of a later version.
    """
    lines = BytesIO(data)
    head = from_json(_Head, lines.readline())
    if head.kind != "table" or head.version != VERSION:
        raise ValueError(f"it is not a table of version {VERSION}")
    found: dict[str, list[Any]] = defaultdict(list)
    kinds: Mapping[str, type[Value]] = {"log": KnownLog, "day": _Day, "hits": Hits, "gap": Gap}
    for line in lines:
        kind = from_json(_Line, line).kind
        if kind not in kinds:
            raise ValueError(f"it has a line of an unknown kind {kind!r}")
        found[kind].append(from_json(kinds[kind], line))
    return Memory(
        logs=tuple(found["log"]),
        days={one.day: one.requests for one in found["day"]},
        hits=tuple(found["hits"]),
        gaps=tuple(found["gap"]),
        secret=head.secret,
    )


def added(
    memory: Memory, days: Iterable[tuple[str, int]], hits: Iterable[Hits]
) -> tuple[dict[str, int], tuple[Hits, ...]]:
    """Return the days and the hits of a memory with those of more lines."""
    whole = defaultdict(int, memory.days)
    for day, count in days:
        whole[day] += count
    counts: defaultdict[tuple[str, tuple[str, ...], str], int] = defaultdict(int)
    for one in (*memory.hits, *hits):
        counts[one.day, one.lists, one.key] += one.requests
    summed = (
        Hits(day=day, lists=lists, key=key, requests=count)
        for (day, lists, key), count in counts.items()
    )
    return dict(whole), tuple(summed)


def trend_days(memory: Memory, of_list: str = "") -> list[TrendDay]:
    """Return the days in order, of all lists or one of them; those without a time last, as "-"."""
    listed: defaultdict[str, int] = defaultdict(int)
    keys: defaultdict[str, set[str]] = defaultdict(set)
    for one in memory.hits:
        if not of_list or of_list in one.lists:
            listed[one.day] += one.requests
            keys[one.day] |= {one.key} - {""}
    days = sorted(memory.days, key=lambda day: (day == "", day))
    return [TrendDay(day or "-", memory.days[day], listed[day], len(keys[day])) for day in days]


def lists_of(memory: Memory) -> list[str]:
    """Return the lists that any request came from, in order."""
    return sorted({name for one in memory.hits for name in one.lists})


def keys_that_stopped(memory: Memory, days: Sequence[str]) -> Iterator[str]:
    """Yield the keys that were used from listed addresses, and not on these days."""
    used, lately = set(), set()
    for one in memory.hits:
        used.add(one.key)
        if one.day in days:
            lately.add(one.key)
    yield from sorted(used - lately - {""})
