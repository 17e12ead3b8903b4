"""What a file says about addresses: its entries in their order, and what was not understood."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from sys import intern
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.plain_text import lines_one_by_one
from blockc.addresses.rules import Match
from blockc.values import Value, field

MOST_KEPT = 1_000  # lines that could not be read of which more is kept than their number
_SHORT = 8  # characters; shorter texts, of which there are few different ones, are kept once
_LONGEST = 200  # characters of such a line
_MOST_SCOPES = 5_000  # each takes a millisecond
_MOST_NAMES = 20_000  # chains and sets, those that block nobody too; each takes 450 bytes
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
        if entries:
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
            at = positions[piece]
            found.texts += [self.texts[n] for n in at.tolist()]
            found.lines.frombytes(np.frombuffer(self.lines, dtype=np.intc)[at].tobytes())
            found.blocking += self.blocks(at).tobytes()
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


class EntriesByName(dict[str, EntryColumns]):
    """The entries of each chain or set, of one that is new none so far.

    Raises:
        TooMuch: There are very many.
    """

    def __missing__(self, name: str) -> EntryColumns:
        if len(self) == _MOST_NAMES:
            raise TooMuch(f"more than {_MOST_NAMES:,} chains or sets hold addresses")
        self[name] = found = EntryColumns()
        return found


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


def require_few_scopes(count: int) -> None:
    """Raise TooMuch if so many chains, sets or blocks decide about addresses."""
    if count > _MOST_SCOPES:
        said = f"more than {_MOST_SCOPES:,} chains, sets or blocks decide about addresses"
        raise TooMuch(f"{said}; import it in parts")


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
