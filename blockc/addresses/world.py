"""The whole space as the registries see it: for every address country, registry and status.

Overlapping records are resolved by one rule, whatever the order of the files: delegated beats
available and reserved, then the narrower record, then the newer date, then the order of
`REGISTRIES`, then country. Source: the registries' own files hold no overlaps today; the rule is
a safety net for the days when they do.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.addrmap import AddrMap
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import FAMILIES, Family
from blockc.addresses.partition import Partition, paint
from blockc.addresses.records import (
    DELEGATED,
    REGISTRIES,
    STATUSES,
    Records,
    country_number,
    country_text,
)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two records of different countries that claim the same address; `kept` won."""

    family: Family
    first: int
    last: int
    kept: tuple[str, str, int]  # registry, country, line in its file
    dropped: tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class World:
    """Country, registry and status of every address.

    Invariant: one int32 partition a family whose labels are `class_label`s; 0 is space that no
    registry lists.
    """

    parts: tuple[Partition, ...]
    conflicts: tuple[Conflict, ...]

    @classmethod
    def of(cls, records: Iterable[Records], families: Iterable[Family] = FAMILIES) -> "World":
        """Return the world that `records` describe, in any order and any number of pieces."""
        pieces = list(records)
        parts, conflicts = [], []
        for family in families:
            rows = Records.concat([p for p in pieces if p.family == family], family)
            part, found = _painted(rows)
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
        return AddrSet(
            tuple(
                part.relabel(
                    (part.labels != 0)
                    & _among(part.labels >> 8, map(country_number, countries or ()), countries)
                    & _among(part.labels >> 4 & 15, map(REGISTRIES.index, registries or ()), registries)
                    & _among(part.labels & 15, map(STATUSES.index, statuses or ()), statuses)
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
        codes = np.unique(np.concatenate([self._country_of_runs(part) for part in self.parts]))
        codes = codes[codes != 0]
        names = ("", *(country_text(int(code)) for code in codes))
        parts = tuple(
            part.relabel(_positions(self._country_of_runs(part), codes)) for part in self.parts
        )
        return AddrMap(parts, names)

    def country_counts(self) -> Mapping[str, dict[Family, int]]:
        """Return delegated addresses a country and family, in order of the code."""
        mapped = self.countries()
        return {
            name: {f: mapped.where([name]).count_of(f) for f in self.families}
            for name in mapped.names[1:]
        }

    @staticmethod
    def _country_of_runs(part: Partition) -> NDArray[np.int32]:
        unknown = country_number("ZZ")
        country = np.where(part.labels >> 8 == 0, unknown, part.labels >> 8)
        return np.where(np.isin(part.labels & 15, DELEGATED), country, 0).astype(np.int32)


def class_label(records: Records) -> NDArray[np.int32]:
    """Return country, registry and status of each record packed into one label, never 0."""
    country = records.country.astype(np.int32) << 8
    return country | records.registry.astype(np.int32) << 4 | records.status.astype(np.int32)


def _among(
    values: NDArray[np.int32], wanted: Iterable[int], asked: Collection[str] | None
) -> NDArray[np.bool_]:
    """Return which values are wanted; all of them if nothing was asked."""
    if asked is None:
        return np.ones(len(values), dtype=bool)
    table = np.zeros(1 << 16, dtype=bool)
    table[list(wanted)] = True
    return table[values]


def _positions(values: NDArray[np.int32], codes: NDArray[np.int32]) -> NDArray[np.int32]:
    found = np.searchsorted(codes, values).astype(np.int32) + 1
    return np.where(values == 0, 0, found).astype(np.int32)


def _painted(records: Records) -> tuple[Partition, list[Conflict]]:
    """Return the family's partition; records that overlap are resolved, the rest is one layer."""
    background = Partition.filled(records.family, np.int32(0))
    if not len(records):
        return background, []
    records = records.take(np.argsort(records.start, kind="stable"))
    labels = class_label(records)
    shared = _overlapping(records)
    layers = [(records.start[~shared], records.last[~shared], labels[~shared])]
    contested = records.take(shared)
    order = _by_rank(contested)
    contested = contested.take(order)
    spans = zip(contested.start, contested.last, class_label(contested), strict=True)
    layers += [
        (np.array([s], records.start.dtype), np.array([e], records.last.dtype), np.array([c]))
        for s, e, c in spans
    ]
    return paint(background, layers), _conflicts(contested)


def _overlapping(records: Records) -> NDArray[np.bool_]:
    """Return which of the records, sorted by start, share an address with another one.

    Positions instead of addresses, so that a running maximum exists for both column forms.
    """
    if not (records.start[1:] <= records.last[:-1]).any():
        return np.zeros(len(records), dtype=bool)
    keys = columns.distinct(np.concatenate([records.start, records.last]))
    first, end = np.searchsorted(keys, records.start), np.searchsorted(keys, records.last)
    reach = np.maximum.accumulate(end)
    opens = np.append(True, first[1:] > reach[:-1])
    group = np.cumsum(opens) - 1
    return np.asarray(np.bincount(group)[group] > 1)


def _by_rank(records: Records) -> NDArray[np.intp]:
    """Return positions from the weakest record to the strongest."""
    sizes = columns.sizes(records.family, records.start, records.last)
    ranks = [
        (bool(delegated), -size, date, -registry, -country, -start)
        for delegated, size, date, registry, country, start in zip(
            records.delegated.tolist(),
            sizes,
            records.date.tolist(),
            records.registry.tolist(),
            records.country.tolist(),
            columns.ints(records.family, records.start),
            strict=True,
        )
    ]
    return np.array(sorted(range(len(ranks)), key=ranks.__getitem__), dtype=np.intp)


def _conflicts(ranked: Records) -> list[Conflict]:
    """Return the overlaps between different countries, strongest claims first kept."""
    firsts = columns.ints(ranked.family, ranked.start)
    lasts = columns.last_ints(ranked.family, ranked.last)
    by_start = sorted(range(len(firsts)), key=firsts.__getitem__)
    found = []
    for place, left in enumerate(by_start):
        for right in by_start[place + 1 :]:
            if firsts[right] > lasts[left]:
                break
            if ranked.country[left] != ranked.country[right]:
                weak, strong = sorted((left, right))
                shared = firsts[right], min(lasts[left], lasts[right])
                kept, dropped = _claim(ranked, strong), _claim(ranked, weak)
                found.append(Conflict(ranked.family, *shared, kept, dropped))
    return found


def _claim(records: Records, at: int) -> tuple[str, str, int]:
    registry, country = REGISTRIES[records.registry[at]], country_text(int(records.country[at]))
    return registry, country, int(records.row[at])
