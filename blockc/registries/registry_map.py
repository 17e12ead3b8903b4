"""The whole space as the registries see it: for every address country, registry and status.

Overlapping records are resolved by one rule, whatever the order of the files: delegated beats
available and reserved, then the narrower record, then the newer date, then the order of
`REGISTRIES`, then country, status and row. Source: the registries' own files hold no overlaps
today; the rule is a safety net for the days when they do.
"""

from collections.abc import Callable, Collection, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.addrmap import AddrMap
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import FAMILIES, Family
from blockc.addresses.partition import Partition, laid_out, paint
from blockc.addresses.totals import sizes
from blockc.registries.records import (
    DELEGATED,
    REGISTRIES,
    STATUSES,
    Records,
    country_number,
    country_text,
)
from blockc.values import Value


class Conflict(Value):
    """A record that lost addresses to a record of another country, which is `kept`.

    `first..last` is what both claim. Of several winners only that of the lowest address is named.
    """

    family: Family
    first: int
    last: int
    kept: tuple[str, str, int]  # registry, country, line in its file
    dropped: tuple[str, str, int]


class RegistryMap(Value):
    """Country, registry and status of every address.

    Invariant: one int32 partition per family whose labels are `class_label`s; 0 is space that no
    registry lists.
    """

    parts: tuple[Partition, ...]
    conflicts: tuple[Conflict, ...]

    @classmethod
    def of(cls, records: Iterable[Records], families: Iterable[Family] = FAMILIES) -> "RegistryMap":
        """Return the world that `records` describe, in any order and any number of pieces."""
        pieces = list(records)
        if not {piece.family for piece in pieces} <= set(families):
            raise ValueError("records of a family that was not asked for")
        parts, conflicts = [], []
        for family in families:
            rows = Records.concat([p for p in pieces if p.family == family], family)
            part, found = _painted(rows, class_label(rows))
            parts.append(part)
            conflicts += found
        return cls(tuple(parts), tuple(conflicts))

    @property
    def families(self) -> tuple[Family, ...]:
        """Return the families this world speaks about."""
        return tuple(part.family for part in self.parts)

    def select(
        self,
        *,
        countries: Collection[str] | None = None,
        registries: Collection[str] | None = None,
        statuses: Collection[str] | None = None,
    ) -> AddrSet:
        """Return the listed addresses that satisfy every condition given."""
        country = _table(countries, country_number, 1 << 16)
        registry = _table(registries, REGISTRIES.index, 16)
        status = _table(statuses, STATUSES.index, 16)
        return AddrSet(
            tuple(
                part.relabel(
                    (part.labels != 0)
                    & country[part.labels >> 8]
                    & registry[part.labels >> 4 & 15]
                    & status[part.labels & 15]
                )
                for part in self.parts
            )
        )

    def delegated(self) -> AddrSet:
        """Return all allocated and assigned addresses."""
        return self.select(statuses=[STATUSES[number] for number in DELEGATED])

    def countries(self) -> AddrMap:
        """Return the map from every delegated address to its registered country.

        Delegated space without a country, or with the code ZZ, is labelled `ZZ`; what is not
        delegated is labelled with the empty name.
        """
        registered = [_registered(part) for part in self.parts]
        known = np.zeros(1 << 16, dtype=bool)
        for country in registered:
            known[country] = True
        known[0] = True  # what is not delegated
        codes = np.flatnonzero(known)
        position = np.cumsum(known, dtype=np.int32) - np.int32(1)
        pairs = zip(self.parts, registered, strict=True)
        parts = tuple(part.relabel(position[country]) for part, country in pairs)
        return AddrMap(parts, tuple(country_text(int(code)) for code in codes))

    def country_counts(self) -> Mapping[str, dict[Family, int]]:
        """Return delegated addresses per country and family, in order of the code."""
        mapped = self.countries()
        counts = {family: mapped.counts(family) for family in self.families}
        return {
            name: {family: counts[family][label] for family in self.families}
            for label, name in enumerate(mapped.names)
            if label
        }


def _registered(part: Partition) -> NDArray[np.int32]:
    """Return the country of each run as a number: that of `ZZ` for no country, 0 if undelegated."""
    delegated = np.zeros(16, dtype=bool)
    delegated[list(DELEGATED)] = True
    country = part.labels >> 8
    country[country == 0] = country_number("ZZ")
    return np.where(delegated[part.labels & 15], country, np.int32(0))


def class_label(records: Records) -> NDArray[np.int32]:
    """Return country, registry and status of each record packed into one label, never 0."""
    country = records.country.astype(np.int32) << 8
    return country | records.registry.astype(np.int32) << 4 | records.status.astype(np.int32)


def _table(
    wanted: Collection[str] | None, number: Callable[[str], int], size: int
) -> NDArray[np.bool_]:
    """Return for each number whether it is wanted; every one is if nothing was asked."""
    table = np.full(size, wanted is None)
    table[[number(word) for word in wanted or ()]] = True
    return table


def holders(records: Records) -> Partition:
    """Return the position plus one of the record that holds each address, 0 where none does.

    Of records that overlap the one holds an address that a `RegistryMap` goes by.
    """
    return _painted(records, np.arange(1, len(records) + 1, dtype=np.int32))[0]


def deciding_rows(
    records: Records, start: columns.Column, last: columns.Column
) -> tuple[NDArray[np.intp], Partition]:
    """Return the records that have to do with some spans, and which of them holds what.

    Returns:
        Positions in `records`, and `holders` of those alone. Outside the spans that says nothing.

    Cost: O(n log m) for n records and m spans, and what painting the records found costs.
    """
    spans = [(records.start, records.last), (start, last)]
    (first, end), (start, last) = columns.spans_alike(spans)
    begun = np.searchsorted(np.sort(start), end, side="right")
    over = np.searchsorted(np.sort(last), first, side="left")
    rows = np.flatnonzero(begun > over)
    return rows, holders(records.take(rows))


def _painted(records: Records, labels: NDArray[np.int32]) -> tuple[Partition, list[Conflict]]:
    """Return the family's partition and the conflicts; only records that overlap are ranked."""
    order = np.argsort(records.start, kind="stable")
    start, last = records.start[order], records.last[order]
    shared = _overlapping(start, last)
    if not shared.any():
        return laid_out(records.family, start, last, labels[order]), []
    calm, contested = order[~shared], order[shared]
    part = laid_out(records.family, records.start[calm], records.last[calm], labels[calm])
    contested = contested[_by_rank(records.take(contested))]
    ranked = records.take(contested)
    return paint(part, [(ranked.start, ranked.last, labels[contested])]), _conflicts(ranked)


def _overlapping(start: columns.Column, last: columns.Column) -> NDArray[np.bool_]:
    """Return which of the spans, sorted by start, share an address with another one.

    Positions instead of addresses, so that a running maximum exists for both column forms.
    """
    if not (start[1:] <= last[:-1]).any():
        return np.zeros(len(start), dtype=bool)
    _, (first, end) = columns.ranked([start, last])
    reach = np.maximum.accumulate(end)
    opens = np.append(True, first[1:] > reach[:-1])
    group = np.cumsum(opens) - 1
    return np.asarray(np.bincount(group)[group] > 1)


def _by_rank(records: Records) -> NDArray[np.intp]:
    """Return positions from the weakest record to the strongest.

    A total order of everything a record says, so that the order of the files never decides.
    No country is weaker than any.
    """
    country = records.country.astype(np.int32)
    ranks = zip(
        records.delegated.tolist(),
        (-size for size in sizes(records.family, records.start, records.last)),
        records.date.tolist(),
        (-records.registry.astype(np.int32)).tolist(),
        np.where(country == 0, -(1 << 16), -country).tolist(),
        (-records.status.astype(np.int32)).tolist(),
        columns.ints(records.family, records.start),
        records.row.tolist(),
        strict=True,
    )
    keys = list(ranks)
    return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.intp)


def _conflicts(ranked: Records) -> list[Conflict]:
    """Return what records lost to records of another country, each loser once, by address.

    Args:
        ranked: Records that overlap others, from the weakest to the strongest.

    Cost: O(n log n), however deeply records are nested.
    """
    runs = Partition.filled(ranked.family, np.int32(0))
    place = np.arange(1, len(ranked) + 1, dtype=np.int32)
    runs = paint(runs, [(ranked.start, ranked.last, place)])
    starts, start, last = columns.alike([runs.starts, ranked.start, ranked.last])
    country = np.append(-1, ranked.country.astype(np.int32))[runs.labels]
    changes = np.append(np.flatnonzero(country[1:] != country[:-1]) + 1, len(country))
    run = np.searchsorted(starts, start, side="right") - 1
    agrees = country[run] == ranked.country
    run = np.where(agrees, changes[np.searchsorted(changes, run, side="right")], run)
    lost = np.flatnonzero(run < np.searchsorted(starts, last, side="right"))
    pairs = zip(lost.tolist(), (runs.labels[run[lost]] - 1).tolist(), strict=True)
    found = [_conflict(ranked, weak, strong) for weak, strong in pairs]
    return sorted(found, key=lambda conflict: (conflict.first, conflict.last))


def _conflict(ranked: Records, weak: int, strong: int) -> Conflict:
    both = ranked.take(np.array([weak, strong]))
    first = max(columns.ints(both.family, both.start))
    last = min(columns.last_ints(both.family, both.last))
    return Conflict(both.family, first, last, _claim(both, 1), _claim(both, 0))


def _claim(records: Records, at: int) -> tuple[str, str, int]:
    registry, country = REGISTRIES[records.registry[at]], country_text(int(records.country[at]))
    return registry, country, int(records.row[at])
