"""What a file says about addresses: its entries in their order, and what was not understood."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from blockc.addresses import FAMILIES, AddrSet, Family, columns
from blockc.addresses.human_forms import parse_written
from blockc.addresses.lines import decode_texts
from blockc.addresses.partition import Partition, paint
from blockc.addresses.rules import Match
from blockc.values import Value

SET = "@"  # begins the name of a set of addresses that stands in another file
EVERYTHING = ("0.0.0.0/0", "::/0")
_BLOCKING = frozenset(
    ["1", "block", "blocked", "deny", "denied", "drop", "reject", "yes", "true", "on", "bad"]
)
_PASSING = frozenset(
    ["0", "allow", "allowed", "accept", "pass", "none", "no", "false", "off", "good"]
) | {""}


class Entry(NamedTuple):
    """One entry: where it stands, the addresses as they are written, and whether it blocks them."""

    line: int
    text: str
    blocks: bool = True


class Unread(NamedTuple):
    """A line, or a part of one, that could not be read, and why."""

    line: int
    text: str
    why: str


class Scope(Value):
    """Entries that are decided together: a chain, a set, a block of rules.

    `match`: how: FIRST in order, LONGEST prefix, or MEMBER, where all of them block.
    """

    name: str
    match: Match
    entries: Sequence[Entry]


class Contents(Value):
    """What a file says.

    Attributes:
        scopes: Each decides by itself; what any of them blocks is blocked.
        unread: What was not understood.
        others: How many statements are about something else than addresses of clients.
    """

    scopes: Sequence[Scope]
    unread: Sequence[Unread] = ()
    others: int = 0


class Decided(Value, eq=False):
    """What the entries of a scope come to.

    Attributes:
        blocked: The addresses that are blocked.
        count: How many entries were read.
        cleared: Entries with host bits set, which programs clear.
        dead: Entries that decide about no address, because others come before them or hold more.
        redundant: Entries that say what is said without them.
    """

    blocked: AddrSet
    count: int
    unread: tuple[Unread, ...]
    cleared: tuple[Entry, ...]
    dead: tuple[Entry, ...]
    redundant: tuple[Entry, ...]


def is_blocking(value: str, default: str, chosen: Sequence[str]) -> bool:
    """Return whether a word of a map means that clients are blocked.

    Args:
        default: The word of whom no entry holds.
        chosen: The words that do, where somebody said so.

    >>> [is_blocking(word, "0", []) for word in ("1", "0", "allow", "CN")]
    [True, False, False, True]
    """
    if chosen:
        return value in chosen
    return value in _BLOCKING or (value not in _PASSING and value != default)


def for_all(line: int, *, blocks: bool) -> list[Entry]:
    """Return the entries of a rule about everybody."""
    return [Entry(line, text, blocks) for text in EVERYTHING]


def decide(scope: Scope) -> Decided:
    """Return what the entries of a scope come to.

    Cost: O(n log n).
    """
    rows, unread, cleared = _decoded(scope.entries)
    spans = {}
    dead, redundant = set[int](), set[int]()
    for family in FAMILIES:
        mine = [row for row in rows if row.family == family]
        decided, live = _painted(family, mine, scope)
        spans[family] = decided
        ids = {row.entry for row in mine}
        dead |= ids - live
        if scope.match is not Match.FIRST:
            redundant |= {mine[at].entry for at in _repeating(mine, scope)} - dead

    def pick(found: set[int]) -> tuple[Entry, ...]:
        return tuple(scope.entries[at] for at in sorted(found))

    return Decided(
        blocked=AddrSet.of_spans(spans),
        count=len({row.entry for row in rows}),
        unread=tuple(unread),
        cleared=pick(cleared),
        dead=pick(dead),
        redundant=pick(redundant),
    )


class _Row(NamedTuple):
    """One entry as a span; `entry` is its position."""

    family: Family
    first: int
    last: int
    entry: int


def _decoded(entries: Sequence[Entry]) -> tuple[list[_Row], list[Unread], set[int]]:
    """Return the spans of entries in their order, what cannot be read, and whose host bits went."""
    decoded = decode_texts([entry.text for entry in entries])
    rows = []
    for family in FAMILIES:
        start, last = decoded.spans[family]
        firsts, lasts = columns.ints(family, start), columns.last_ints(family, last)
        places = decoded.positions[family].tolist()
        rows += [
            _Row(family, first, end, at)
            for first, end, at in zip(firsts, lasts, places, strict=True)
        ]
    unread, cleared = [], set[int]()
    for at in decoded.wrong.positions.tolist():
        line, text, _ = entries[at]
        try:
            rows.append(_Row(*parse_written(text, truncate=True), at))
            cleared.add(at)
        except ValueError as reason:
            unread.append(Unread(line, text, str(reason)))
    return sorted(rows, key=lambda row: row.entry), unread, cleared


def _painted(
    family: Family, rows: Sequence[_Row], scope: Scope
) -> tuple[tuple[columns.Column, columns.Column], set[int]]:
    """Return the spans that are blocked, and the entries that decide about an address."""
    if not rows:
        return columns.span_columns(family, []), set()
    order = _by_rank(rows, scope.match)
    lower_first = [rows[at] for at in reversed(order)]
    start, last = columns.span_columns(family, [(row.first, row.last) for row in lower_first])
    labels = np.arange(1, len(rows) + 1, dtype=np.int32)
    picture = paint(Partition.filled(family, np.int32(0)), [(start, last, labels)])
    blocks = np.array([False, *(scope.entries[row.entry].blocks for row in lower_first)])
    spans = picture.runs(blocks[picture.labels])
    return spans, {lower_first[at - 1].entry for at in set(picture.labels.tolist()) - {0}}


def _by_rank(rows: Sequence[_Row], match: Match) -> list[int]:
    """Return the positions of rows from the one that decides first to the one that does last."""
    order = range(len(rows))
    if match is Match.LONGEST:
        return sorted(order, key=lambda at: rows[at].last - rows[at].first)
    if match is Match.MEMBER:
        return sorted(order, key=lambda at: rows[at].first - rows[at].last)
    return list(order)


def _repeating(rows: Sequence[_Row], scope: Scope) -> Iterator[int]:
    """Yield the rows that say what the narrowest one around them says, or what none says."""
    around: list[_Row] = []
    for at in sorted(range(len(rows)), key=lambda at: (rows[at].first, -rows[at].last)):
        row = rows[at]
        while around and around[-1].last < row.first:
            around.pop()
        said = bool(around) and scope.entries[around[-1].entry].blocks
        if scope.entries[row.entry].blocks == said:
            yield at
        around.append(row)


Read = Callable[[str, Sequence[str]], Contents]
