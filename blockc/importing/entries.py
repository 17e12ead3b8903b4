"""What a file says about addresses: its entries in their order, and what was not understood."""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from sys import intern
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import FAMILIES, AddrSet, Family, columns
from blockc.addresses.human_forms import parse_written
from blockc.addresses.lines import Decoded, decode_texts
from blockc.addresses.partition import Partition, paint
from blockc.addresses.plain_text import lines_one_by_one
from blockc.addresses.rules import Match
from blockc.values import Value, field

MOST_KEPT = 1_000  # lines that could not be read of which more is kept than their number
_SHORT = 8  # characters; shorter texts, of which there are few different ones, are kept once
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


class EntryColumns(Sequence[Entry]):
    """Entries in columns: as an object each they would take several times the file."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.texts: list[str] = []
        self.lines = array("i")
        self.blocking = bytearray()
        self.extend(entries)

    @classmethod
    def joined(cls, several: Iterable[Iterable[Entry]]) -> "EntryColumns":
        """Return entries one behind the other."""
        found = cls()
        for entries in several:
            found.extend(entries)
        return found

    def add(self, line: int, text: str, blocks: bool = True) -> None:  # noqa: FBT001, FBT002  as an Entry is made
        """Add an entry behind the others; short texts, of which there are few, are kept once."""
        self.texts.append(intern(text) if len(text) < _SHORT else text)
        self.lines.append(line)
        self.blocking.append(blocks)

    def extend(self, entries: Iterable[Entry]) -> None:
        """Add several entries."""
        if isinstance(entries, EntryColumns):
            self.texts += entries.texts
            self.lines += entries.lines
            self.blocking += entries.blocking
            return
        for entry in entries:
            self.add(*entry)

    def deciding(self, blocks: Iterable[bool]) -> "EntryColumns":
        """Return these entries, which from now on block or do not."""
        self.blocking = bytearray(blocks)
        return self

    def at(self, positions: NDArray[np.int64]) -> "EntryColumns":
        """Return the entries at some positions."""
        found = EntryColumns()
        for piece in columns.slices(len(positions)):
            found.extend(self[at] for at in positions[piece].tolist())
        return found

    def any_blocks(self) -> bool:
        """Return whether any of them blocks."""
        return 1 in self.blocking

    def blocks(self, positions: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return of the entries at some positions whether they block."""
        return np.frombuffer(self.blocking, dtype=np.bool_)[positions]

    @overload
    def __getitem__(self, at: int) -> Entry: ...

    @overload
    def __getitem__(self, at: slice) -> "EntryColumns": ...

    def __getitem__(self, at: int | slice) -> "Entry | EntryColumns":
        if isinstance(at, slice):
            return EntryColumns(self[n] for n in range(*at.indices(len(self))))
        return Entry(self.lines[at], self.texts[at], bool(self.blocking[at]))

    def __len__(self) -> int:
        return len(self.texts)


class Worded:
    """Entries of a map while it is read, each with the word for those whom it holds."""

    def __init__(self) -> None:
        self._entries, self._words = EntryColumns(), list[str]()

    def add(self, line: int, text: str, word: str) -> None:
        """Add an entry behind the others."""
        self._entries.add(line, text)
        self._words.append(intern(word) if len(word) < _SHORT else word)

    def __iter__(self) -> Iterator[tuple[int, str, str]]:
        """Yield line, text and word of each entry."""
        pairs = zip(self._entries, self._words, strict=True)
        return ((entry.line, entry.text, word) for entry, word in pairs)

    def words(self) -> set[str]:
        """Return the different words."""
        return {*self._words}

    def decided(self, default: str, chosen: Sequence[str]) -> EntryColumns:
        """Return the entries; see `is_blocking`."""
        return self._entries.deciding(is_blocking(word, default, chosen) for word in self._words)


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
    entries: EntryColumns


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
    cleared: EntryColumns
    dead: EntryColumns
    redundant: EntryColumns


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
    lines = enumerate(lines_one_by_one(text), 1)
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

    Cost: O(n log n), and some 150 bytes of memory for an entry while it lasts.
    """
    entries = scope.entries
    decoded, cleared, unread = _decoded(entries)
    spans = {}
    dead, redundant = np.zeros(len(entries), bool), np.zeros(len(entries), bool)
    for family in FAMILIES:
        rows = _Rows(*decoded.spans[family], decoded.positions[family])
        spans[family] = _painted(family, rows, scope, dead)
        if scope.match is not Match.FIRST:
            redundant[rows.entry[_repeating(family, rows, entries)]] = True
    return Decided(
        blocked=AddrSet.of_spans(spans),
        count=decoded.count,
        unread=unread,
        cleared=entries.at(cleared),
        dead=entries.at(np.flatnonzero(dead)),
        redundant=entries.at(np.flatnonzero(redundant & ~dead)),
    )


class _Rows(NamedTuple):
    """Spans of one family, each with the position of its entry."""

    start: columns.Column
    last: columns.Column
    entry: NDArray[np.int64]

    def take(self, chosen: NDArray[Any] | slice) -> "_Rows":
        return _Rows(self.start[chosen], self.last[chosen], self.entry[chosen])


def _decoded(entries: EntryColumns) -> tuple[Decoded, NDArray[np.int64], Unreads]:
    """Return the spans of entries, the positions of those whose host bits went, and the unread."""
    decoded, unread = decode_texts(entries.texts), Unreads()
    strange = decoded.wrong.positions
    if len(strange):
        del decoded
        decoded = decode_texts(entries.texts, truncate=True)
    wrong = decoded.wrong.positions
    for at in wrong[:MOST_KEPT].tolist():
        line, text, _ = entries[at]
        unread.append(Unread(line, text, _why_not(text)))
    unread.extend(Unreads((), max(0, len(wrong) - MOST_KEPT)))
    is_wrong = np.zeros(len(entries), bool)
    is_wrong[wrong] = True
    return decoded, strange[~is_wrong[strange]], unread


def _why_not(text: str) -> str:
    try:
        parse_written(text, truncate=True)
    except ValueError as reason:
        return str(reason)
    return "this is not an address"


def _painted(
    family: Family, rows: _Rows, scope: Scope, dead: NDArray[np.bool_]
) -> tuple[columns.Column, columns.Column]:
    """Return the spans that are blocked, and mark the entries that decide about no address."""
    dead[rows.entry] = True
    rows = _once(_ranked(rows, scope.match))
    blocks = scope.entries.blocks(rows.entry)
    if (rows.start[1:] > rows.last[:-1]).all():  # they share no address, as in most lists
        dead[rows.entry] = False
        return rows.start[blocks], rows.last[blocks]
    rows = _ranked(rows.take(np.argsort(rows.entry)), scope.match)
    rows = rows.take(slice(None, None, -1))  # what decides is painted over the others
    blocks = scope.entries.blocks(rows.entry)
    labels = np.arange(1, len(blocks) + 1, dtype=np.int32)
    picture = paint(Partition.filled(family, np.int32(0)), [(rows.start, rows.last, labels)])
    seen = np.zeros(len(blocks) + 1, bool)
    seen[picture.labels] = True
    dead[rows.entry[seen[1:]]] = False
    return picture.runs(np.concatenate([[False], blocks])[picture.labels])


def _once(rows: _Rows) -> _Rows:
    """Return rows by their starts; of some that are the same span the first one."""
    rows = rows.take(np.lexsort((rows.last, rows.start)))
    first = np.ones(len(rows.start), bool)
    first[1:] = (rows.start[1:] != rows.start[:-1]) | (rows.last[1:] != rows.last[:-1])
    return rows.take(first)


def _ranked(rows: _Rows, match: Match) -> _Rows:
    """Return rows, which are in the order of their entries, from the one that decides first on."""
    if match is Match.FIRST:
        return rows
    sizes = columns.sizes(rows.start, rows.last)
    if match is Match.MEMBER:
        return rows.take(_descending(sizes))
    return rows.take(np.argsort(sizes, kind="stable"))


def _descending(column: columns.Column) -> NDArray[np.intp]:
    """Return the positions of values from the highest down, of equal ones the first one first."""
    return len(column) - 1 - np.argsort(column[::-1], kind="stable")[::-1]


def _repeating(family: Family, rows: _Rows, entries: EntryColumns) -> NDArray[np.intp]:
    """Return the rows that say what the narrowest one around them says, or what none says.

    Invariant: of the rows around, each ends before the one outside of it does.
    """
    order = _descending(rows.last)
    order = order[np.argsort(rows.start[order], kind="stable")]
    around: list[tuple[int, bool]] = []
    found = np.zeros(len(order), bool)
    for piece in columns.slices(len(order)):
        some = rows.take(order[piece])
        starts, lasts = columns.ints(family, some.start), columns.last_ints(family, some.last)
        spoken = zip(starts, lasts, entries.blocks(some.entry).tolist(), strict=True)
        for at, (start, last, blocks) in enumerate(spoken, piece.start):
            while around and around[-1][0] < start:
                around.pop()
            found[at] = blocks == (bool(around) and around[-1][1])
            while around and around[-1][0] <= last:
                around.pop()
            around.append((last, blocks))
    return order[found]


Read = Callable[[str, Sequence[str]], Contents]
