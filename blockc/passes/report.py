"""Whom a lossy pass hits: addresses and delegations, and the countries and holders hit hardest."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from blockc.addresses import columns
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import Family
from blockc.addresses.partition import Partition
from blockc.addresses.records import REGISTRIES, Records, country_text
from blockc.passes.measure import Measure
from blockc.passes.stakes import touches

HARDEST = 10


@dataclass(frozen=True, slots=True)
class Delegation:
    """A delegation that is hit: who holds it, where it is listed, and how much of it is hit."""

    registry: str
    country: str
    first: int
    last: int
    row: int
    addresses: int


@dataclass(frozen=True, slots=True)
class Country:
    """What is hit in a country."""

    code: str
    addresses: int
    delegations: int


@dataclass(frozen=True, slots=True)
class Hit:
    """What a set of addresses hits in one family.

    Attributes:
        addresses: Addresses of the set, delegated or not.
        delegated: How many of them are delegated, out of `all_delegated`.
        delegations: Delegations with an address in the set, out of `all_delegations`.
        countries: Those with the most addresses hit, the hardest hit first.
        hardest: The delegations with the most addresses hit, the hardest hit first.
    """

    family: Family
    addresses: int
    delegated: int
    all_delegated: int
    delegations: int
    all_delegations: int
    countries: tuple[Country, ...]
    hardest: tuple[Delegation, ...]


def hit_by(addresses: AddrSet, records: Iterable[Records], most: int = HARDEST) -> tuple[Hit, ...]:
    """Return what `addresses` hit, a value a family.

    Args:
        addresses: What a pass added, or what it lost.
        records: What the registries delegated; other records are passed over.
        most: How many countries and delegations to name.

    Cost: O(n log n), and exact integers only for the delegations that are hit.
    """
    rows = list(records)
    return tuple(
        _hit(part, Records.concat([r for r in rows if r.family == part.family], part.family), most)
        for part in addresses.parts
    )


def _hit(part: Partition, records: Records, most: int) -> Hit:
    family = part.family
    delegated = records.take(records.delegated)
    found = delegated.take(touches(part.runs(part.labels), (delegated.start, delegated.last)))
    wide = columns.is_wide(found.start) or columns.is_wide(part.starts)
    measure = Measure.of(part.relabel(part.labels.astype(np.int32)), _ONE, wide=wide)
    counts = [int(n) * measure.scale for n in measure.within(found.start, found.last).tolist()]
    return Hit(
        family=family,
        addresses=measure.total * measure.scale,
        delegated=sum(counts),
        all_delegated=sum(columns.sizes(family, delegated.start, delegated.last)),
        delegations=len(found),
        all_delegations=len(delegated),
        countries=_countries(found, counts)[:most],
        hardest=_hardest(found, counts, most),
    )


_ONE = (Fraction(0), Fraction(1))


def _countries(found: Records, counts: list[int]) -> tuple[Country, ...]:
    addresses: Counter[str] = Counter()
    delegations: Counter[str] = Counter()
    for number, count in zip(found.country.tolist(), counts, strict=True):
        addresses[country_text(number) or "ZZ"] += count
        delegations[country_text(number) or "ZZ"] += 1
    ranked = sorted(addresses, key=lambda code: (-addresses[code], code))
    return tuple(Country(code, addresses[code], delegations[code]) for code in ranked)


def _hardest(found: Records, counts: list[int], most: int) -> tuple[Delegation, ...]:
    family = found.family
    firsts = columns.ints(family, found.start)
    ranked = sorted(range(len(counts)), key=lambda at: (-counts[at], firsts[at]))[:most]
    lasts = columns.last_ints(family, found.last)
    return tuple(
        Delegation(
            registry=REGISTRIES[found.registry[at]],
            country=country_text(int(found.country[at])) or "ZZ",
            first=firsts[at],
            last=lasts[at],
            row=int(found.row[at]),
            addresses=counts[at],
        )
        for at in ranked
    )
