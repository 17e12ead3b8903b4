"""What entries of one scope come to: who is blocked, and which entries are dead or redundant."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import FAMILIES, AddrSet, Family, columns
from blockc.addresses.human_forms import parse_written
from blockc.addresses.lines import Decoded, decode_texts
from blockc.addresses.partition import Partition, paint
from blockc.addresses.rules import Match
from blockc.importing.entries import MOST_KEPT, EntryColumns, Scope, Unread, Unreads
from blockc.values import Value

_SHORT = 6  # characters; of shorter texts there are few different ones


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


def decide(scope: Scope) -> Decided:
    """Return what the entries of a scope come to.

    Cost: O(n log n), and some 150 bytes of memory for an entry while it lasts.
    """
    entries = scope.entries
    decoded, cleared, dead, unread = _decoded(entries)
    spans = {}
    redundant = np.zeros(len(entries), bool)
    for family in FAMILIES:
        rows = _Rows(*decoded.spans[family], decoded.positions[family])
        spans[family] = _painted(family, rows, scope, dead)
        if scope.match is not Match.FIRST:
            redundant[rows.entry[_repeating(family, rows, entries)]] = True
    return Decided(
        blocked=AddrSet.of_spans(spans),
        count=len(entries) - len(unread),
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


class _Once:
    """Entries of which those of a short text that stood before are not decoded again.

    Attributes:
        places: The positions of those that are.
        texts: What they say.
        is_again: Which are not.
    """

    def __init__(self, entries: EntryColumns) -> None:
        known: dict[str, int] = {}
        same = (
            known.setdefault(text, at) if len(text) < _SHORT else at
            for at, text in enumerate(entries.texts)
        )
        self._same = np.fromiter(same, np.int32, len(entries))
        self.is_again = self._same != np.arange(len(entries), dtype=np.int32)
        self.places = np.flatnonzero(~self.is_again)
        self.texts = entries.texts
        if len(self.places) < len(entries):
            self.texts = [self.texts[at] for at in self.places.tolist()]

    def marked(self, positions: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return of all entries which say what the texts at some positions do."""
        found = np.zeros(len(self._same), bool)
        found[self.places[positions]] = True
        return found[self._same]


def count_unread(entries: EntryColumns) -> int:
    """Return how many entries cannot be read."""
    once = _Once(entries)
    wrong = decode_texts(once.texts, truncate=True).wrong
    return int(once.marked(wrong.positions).sum()) + wrong.more


def _decoded(
    entries: EntryColumns,
) -> tuple[Decoded, NDArray[np.int64], NDArray[np.bool_], Unreads]:
    """Return the spans of entries, each span of a short text once.

    And the positions of those whose host bits went, which decide nothing since an entry before them
    says the same, and the unread.
    """
    once, unread = _Once(entries), Unreads()
    decoded = decode_texts(once.texts)
    strange = decoded.wrong.positions
    if len(strange):
        del decoded
        decoded = decode_texts(once.texts, truncate=True)
    is_wrong = once.marked(decoded.wrong.positions)
    wrong = np.flatnonzero(is_wrong)
    for at in wrong[:MOST_KEPT].tolist():
        line, text, _ = entries[at]
        unread.append(Unread(line, text, _why_not(text)))
    unread.extend(Unreads((), max(0, len(wrong) - MOST_KEPT) + decoded.wrong.more))
    cleared = np.flatnonzero(once.marked(strange) & ~is_wrong)
    places = {family: once.places[at] for family, at in decoded.positions.items()}
    return Decoded(decoded.spans, places), cleared, once.is_again & ~is_wrong, unread


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
    rows = _without_twins(_ranked(rows, scope.match))
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


def _without_twins(rows: _Rows) -> _Rows:
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
