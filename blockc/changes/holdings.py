"""Who is hit by a change: the delegations with the most addresses that are treated differently."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from blockc.addresses import columns
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import Family
from blockc.addresses.partition import Partition
from blockc.addresses.totals import totals
from blockc.changes.change import PolicyChange, PolicyState, grouped
from blockc.registries.countries import NO_COUNTRY
from blockc.registries.records import REGISTRIES, Records, country_text
from blockc.registries.registry_map import holders
from blockc.values import Value

MOST = 20


class Holding(Value):
    """A delegation, or a range that none covers, of which addresses of a list changed alike.

    Attributes:
        first, last: The delegation; the changed range itself where none covers it.
        registry, country, date, line: What its record says; empty or 0 where there is none.
        addresses: How many of its addresses changed so.
    """

    list: str
    kind: str
    family: Family
    first: int
    last: int
    registry: str
    country: str
    date: int
    line: int
    addresses: int


def largest(
    found: PolicyChange, before: PolicyState, after: PolicyState, most: int = MOST
) -> dict[Family, tuple[Holding, ...]]:
    """Return the delegations of each family with the most addresses that changed.

    What was removed is looked up in the records before, all else in those after.
    """
    families = after.countries.families
    held: dict[Family, list[Holding]] = {family: [] for family in families}
    maps = {id(state): _Delegations.of(state.records, families) for state in (before, after)}
    for one in found.lists:
        for kind, addresses in one.parts():
            known = maps[id(before if kind == "removed" else after)]
            for family in families:
                held[family] += known.holdings(one.name, kind, addresses, family, most)
    return {family: tuple(sorted(rows, key=_by_size)[:most]) for family, rows in held.items()}


def _by_size(one: Holding) -> tuple[Any, ...]:
    return -one.addresses, one.first, one.list, one.kind


class _Delegations(Value, eq=False):
    """Which record of which registry holds each address.

    Attributes:
        records: By family, those that are delegated.
        parts: By family, the position of the record that holds an address plus one; 0 for none.
    """

    records: Mapping[Family, Records]
    parts: Mapping[Family, Partition]

    @classmethod
    def of(cls, records: Iterable[Records], families: Iterable[Family]) -> "_Delegations":
        """Return the map of what is delegated in `records`, in any number of pieces."""
        pieces = list(records)
        joined = {f: Records.concat([p for p in pieces if p.family == f], f) for f in families}
        given = {f: part.take(part.delegated) for f, part in joined.items()}
        return cls(given, {f: holders(part) for f, part in given.items()})

    def holdings(
        self, name: str, kind: str, addresses: AddrSet, family: Family, most: int
    ) -> Iterator[Holding]:
        """Yield the delegations that hold the most of these addresses."""
        start, last = addresses.spans(family)
        pieces = self.parts[family].cut(start, last)
        # Each delegation is one group, and so is each piece that none covers.
        alone = len(self.records[family]) + 1 + np.arange(len(pieces.labels))
        groups, which = grouped([np.where(pieces.labels, pieces.labels, alone)])
        spans = pieces.start, pieces.last
        counts = totals(family, *spans, which, len(groups))
        for number in sorted(range(len(groups)), key=lambda at: -counts[at])[:most]:
            at = int(groups[number][0])
            if at <= len(self.records[family]):
                yield self._holding(name, kind, family, at - 1, counts[number])
                continue
            row = np.flatnonzero(which == number)
            (first,) = columns.ints(family, pieces.start[row])
            (end,) = columns.last_ints(family, pieces.last[row])
            yield Holding(name, kind, family, first, end, "", "", 0, 0, counts[number])

    def _holding(self, name: str, kind: str, family: Family, row: int, addresses: int) -> Holding:
        one = self.records[family].take(slice(row, row + 1))
        return Holding(
            list=name,
            kind=kind,
            family=family,
            first=columns.ints(family, one.start)[0],
            last=columns.last_ints(family, one.last)[0],
            registry=REGISTRIES[one.registry[0]],
            country=country_text(int(one.country[0])) or NO_COUNTRY,
            date=int(one.date[0]),
            line=int(one.row[0]),
            addresses=addresses,
        )
