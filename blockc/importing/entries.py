"""What a file says about addresses: its entries in their order, and what was not understood."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from blockc.addresses import FAMILIES, AddrSet, Family, columns
from blockc.addresses.human_forms import parse_written
from blockc.addresses.lines import decode_texts
from blockc.addresses.partition import Partition, paint
from blockc.addresses.plain_text import line_batches
from blockc.addresses.rules import Match
from blockc.values import Value, field

MOST_KEPT = 1_000  # lines that could not be read of which more is kept than their number
_LONGEST = 200  # characters of such a line
_MOST_OF_SETS = 2_000_000  # entries that rules get by the sets that they name
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


class Unreads:
    """Lines that could not be read: all are counted, and the first of them kept."""

    def __init__(self, first: Iterable[Unread] = (), count: int | None = None) -> None:
        self._first = list(first)
        self._count = len(self._first) if count is None else count

    @classmethod
    def joined(cls, several: Iterable["Unreads"]) -> "Unreads":
        """Return what several tell together, in the order of lines."""
        found = cls()
        for one in several:
            found.extend(one)
        return cls(sorted(found), len(found))

    def append(self, unread: Unread) -> None:
        """Count a line, and keep it if it is one of the first."""
        self._count += 1
        if len(self._first) < MOST_KEPT:
            self._first.append(unread._replace(text=unread.text[:_LONGEST]))

    def extend(self, others: "Unreads") -> None:
        """Count what others count, and keep the first of theirs."""
        for one in others:
            self.append(one)
        self._count += len(others) - len([*others])

    def __iter__(self) -> Iterator[Unread]:
        """Yield the first ones."""
        return iter(self._first)

    def __len__(self) -> int:
        """Return how many there are."""
        return self._count


class Scope(Value):
    """Entries that are decided together: a chain, a set, a block of rules.

    `match`: how: FIRST in order, LONGEST prefix, or MEMBER, where all of them block.
    """

    name: str
    match: Match
    entries: Sequence[Entry]


class Contents(Value, eq=False):
    """What a file says.

    Attributes:
        scopes: Each decides by itself; what any of them blocks is blocked.
        unread: What was not understood.
        others: How many statements are about something else than addresses of clients.
    """

    scopes: Sequence[Scope]
    unread: Unreads = field(default_factory=Unreads)
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
    unread: Unreads
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


class TooMuch(ValueError):
    """A file has more of something than can be evaluated."""


def require_few_of_sets(count: int) -> None:
    """Raise TooMuch if rules get more than so many entries by the sets that they name."""
    if count > _MOST_OF_SETS:
        raise TooMuch(f"its rules name sets that have more than {_MOST_OF_SETS:,} entries together")


def numbered(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text that are not blank with their numbers, some cut at a time."""
    lines = enumerate(chain.from_iterable(line_batches(text)), 1)
    return ((number, line) for number, line in lines if line and not line.isspace())


class LineCounter:
    """Tells in which line a position of a text is, of one position after another."""

    def __init__(self, text: str) -> None:
        self._text, self._position, self._line = text, 0, 1

    def at(self, position: int) -> int:
        """Return the number of the line; no position is before the last one."""
        self._line += self._text.count("\n", self._position, position)
        self._position = position
        return self._line


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
        unread=unread,
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


def _decoded(entries: Sequence[Entry]) -> tuple[list[_Row], Unreads, set[int]]:
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
    unread, cleared = Unreads(), set[int]()
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
