"""Every entry of a policy over one common cut of the space, so that a list is a row of bits.

A policy has dozens of lists over the same few countries and thousands of small exceptions. The
space is cut once, at every boundary of anything the policy names; after that a list is a vector
over the slots, and its algebra is that of bits.
"""

from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.addrset import AddrSet
from blockc.addresses.columns import Column
from blockc.addresses.family import Family
from blockc.addresses.partition import Partition, spread_over_slots
from blockc.policy.meaning.selector_sets import SelectorSets
from blockc.policy.model import LocatedSelector
from blockc.policy.syntax.selectors import (
    AddressRange,
    CountrySelector,
    GroupSelector,
    ListSelector,
)
from blockc.values import Changing, Value, field

Row = NDArray[np.bool_]
Rows = tuple[Row, ...]
Span = tuple[int, int]


class Cut(Value):
    """One family, cut at every boundary a policy needs.

    Invariant: `countries` and every row of `sets` have a value for each slot; `edges` holds the
    first slot of each span and the one after its last.
    """

    family: Family
    slots: Column
    countries: NDArray[np.int32]
    sets: dict[str, Row]
    edges: dict[Span, tuple[int, int]]

    def row(self, codes: Row, sets: Iterable[str], spans: Iterable[Span]) -> Row:
        """Return the slots of any country that `codes` marks, any named set and any span."""
        row = codes[self.countries] if codes.any() else np.zeros(len(self.slots), dtype=bool)
        for name in sets:
            row |= self.sets[name]
        for span in spans:
            first, end = self.edges[span]
            row[first:end] = True
        return row


class SlotMatrix(Changing):
    """The cuts of all families, and the rows of the lists that are finished.

    `lists`: what each list selects.
    """

    selectors: SelectorSets
    cuts: tuple[Cut, ...]
    lists: dict[str, Rows] = field(default_factory=dict)

    @classmethod
    def of(cls, selectors: SelectorSets, entries: Sequence[LocatedSelector]) -> "SlotMatrix":
        """Return the matrix on which each of `entries` can be drawn."""
        sets = dict(selectors.set_of(located) for located in entries if _is_set(located))
        spans = _spans(entries)
        cuts = (_cut(selectors, f, sets, spans.get(f.version, ())) for f in selectors.families)
        return cls(selectors, tuple(cuts))

    def union(self, entries: Sequence[LocatedSelector]) -> Rows:
        """Return what any of `entries` stands for; lists among them must be finished."""
        codes = np.zeros(len(self.selectors.countries.names), dtype=bool)
        wanted = set(chain.from_iterable(map(self._codes, entries)))
        codes[[n for n, name in enumerate(self.selectors.countries.names) if name in wanted]] = True
        sets = {self.selectors.set_of(located)[0] for located in entries if _is_set(located)}
        spans = _spans(entries)
        rows = (cut.row(codes, sets, spans.get(cut.family.version, ())) for cut in self.cuts)
        names = [one.selector.name for one in entries if isinstance(one.selector, ListSelector)]
        return either(tuple(rows), *(self.lists[name] for name in names))

    def addresses(self, rows: Rows) -> AddrSet:
        """Return a row of every family as a set."""
        pairs = zip(self.cuts, rows, strict=True)
        return AddrSet(tuple(Partition.of(cut.family, cut.slots, row) for cut, row in pairs))

    def slots_of(self, at: int, addresses: Column) -> NDArray[np.intp]:
        """Return the slot of the family at position `at` that holds each address of a column."""
        slots, asked = columns.alike([self.cuts[at].slots, addresses])
        found: NDArray[np.intp] = np.searchsorted(slots, asked, side="right") - 1
        return found

    def holds(self, located: LocatedSelector, at: int, slots: NDArray[np.intp]) -> Row:
        """Return which of some slots of a family an entry stands for.

        Args:
            located: One of the entries that the matrix was made for.
            at: The position of the family.
        """
        selector, cut = located.selector, self.cuts[at]
        if isinstance(selector, AddressRange):
            if selector.family.version != cut.family.version:
                return np.zeros(len(slots), dtype=bool)
            first, end = cut.edges[selector.first, selector.last]
            return (slots >= first) & (slots < end)
        if isinstance(selector, ListSelector):
            return self.lists[selector.name][at][slots]
        if isinstance(selector, CountrySelector | GroupSelector):
            codes = self._codes(located)
            wanted = np.array([name in codes for name in self.selectors.countries.names])
            found: Row = wanted[cut.countries[slots]]
            return found
        return cut.sets[self.selectors.set_of(located)[0]][slots]

    def country_of(self, at: int, slots: NDArray[np.intp]) -> list[str]:
        """Return the registered country of each of some slots of a family, empty for none."""
        names = self.selectors.countries.names
        return [names[number] for number in self.cuts[at].countries[slots].tolist()]

    def _codes(self, located: LocatedSelector) -> tuple[str, ...]:
        selector = located.selector
        return (
            self.selectors.codes(selector)
            if isinstance(selector, CountrySelector | GroupSelector)
            else ()
        )


def either(rows: Rows, *others: Rows) -> Rows:
    """Return the slots of any of the rows."""
    for other in others:
        rows = tuple(one | two for one, two in zip(rows, other, strict=True))
    return rows


def without(rows: Rows, other: Rows) -> Rows:
    """Return the slots of `rows` that are not in `other`."""
    return tuple(one & ~two for one, two in zip(rows, other, strict=True))


def inverse(rows: Rows) -> Rows:
    """Return all other slots."""
    return tuple(~row for row in rows)


def _is_set(located: LocatedSelector) -> bool:
    return not isinstance(
        located.selector, CountrySelector | GroupSelector | AddressRange | ListSelector
    )


def _spans(entries: Iterable[LocatedSelector]) -> dict[int, list[Span]]:
    """Return the ends of all literal entries by version of their family."""
    found: dict[int, list[Span]] = {}
    for located in entries:
        literal = located.selector
        if isinstance(literal, AddressRange):
            found.setdefault(literal.family.version, []).append((literal.first, literal.last))
    return found


def _cut(
    selectors: SelectorSets, family: Family, sets: dict[str, AddrSet], literals: Sequence[Span]
) -> Cut:
    spans = sorted(set(literals))
    start, last = columns.span_columns(family, spans)
    stop = columns.after(family, last)
    parts = [selectors.countries.part(family), *(one.part(family) for one in sets.values())]
    start, stop, *starts = columns.alike([start, stop, *(part.starts for part in parts)])
    starts.append(columns.distinct(np.concatenate([columns.first_address(start), start, stop])))
    labels = [*(part.labels for part in parts), np.zeros(len(starts[-1]), dtype=bool)]
    slots, (countries, *rows, _) = spread_over_slots(starts, labels)
    first, end = np.searchsorted(slots, start), np.searchsorted(slots, stop)
    end[end == 0] = len(slots)  # the end of the space wrapped to address 0
    edges = dict(zip(spans, zip(first.tolist(), end.tolist(), strict=True), strict=True))
    return Cut(family, slots, countries, dict(zip(sets, rows, strict=True)), edges)
