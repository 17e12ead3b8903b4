"""Whom a lossy pass hits: addresses and delegations, and the countries and holders hit hardest."""

from collections.abc import Iterable
from fractions import Fraction

import numpy as np

from blockc.addresses import columns
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import Family
from blockc.addresses.partition import Partition
from blockc.addresses.totals import total
from blockc.passes.budget.cost_model import touches
from blockc.passes.budget.span_sums import SpanSums, Worth
from blockc.registries.records import REGISTRIES, Records, country_text
from blockc.values import Value

HARDEST = 10


class Delegation(Value):
    """A delegation that is hit: who holds it, where it is listed, and how much of it is hit."""

    registry: str
    country: str
    first: int
    last: int
    row: int
    addresses: int


class CountryImpact(Value):
    """What is hit in a country."""

    code: str
    addresses: int
    delegations: int


class Impact(Value):
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
    countries: tuple[CountryImpact, ...]
    hardest: tuple[Delegation, ...]


def impact_of(
    addresses: AddrSet, records: Iterable[Records], most: int = HARDEST
) -> tuple[Impact, ...]:
    """Return what `addresses` hit, a value per family.

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


def _hit(part: Partition, records: Records, most: int) -> Impact:
    family = part.family
    delegated = records.take(records.delegated)
    found = delegated.take(touches(part.runs(part.labels), (delegated.start, delegated.last)))
    wide = columns.is_wide(found.start) or columns.is_wide(part.starts)
    measure = SpanSums.of(part.relabel(part.labels.astype(np.int32)), _ONE, wide=wide)
    counts = measure.within(found.start, found.last)
    return Impact(
        family=family,
        addresses=measure.total * measure.scale,
        delegated=int(counts.sum()) * measure.scale,
        all_delegated=total(family, delegated.start, delegated.last),
        delegations=len(found),
        all_delegations=len(delegated),
        countries=_countries(found, counts, measure.scale)[:most],
        hardest=_hardest(found, counts, measure.scale, most),
    )


_ONE = (Fraction(0), Fraction(1))


def _countries(found: Records, counts: Worth, scale: int) -> tuple[CountryImpact, ...]:
    numbers, place, delegations = np.unique(found.country, return_inverse=True, return_counts=True)
    addresses = np.zeros(len(numbers), dtype=counts.dtype)
    np.add.at(addresses, place, counts)
    found_ = numbers.tolist(), addresses.tolist(), delegations.tolist()
    rows = [
        CountryImpact(country_text(number) or "ZZ", count * scale, hit)
        for number, count, hit in zip(*found_, strict=True)
    ]
    return tuple(sorted(rows, key=lambda one: (-one.addresses, one.code)))


def _hardest(found: Records, counts: Worth, scale: int, most: int) -> tuple[Delegation, ...]:
    by_address = np.argsort(found.start, kind="stable")
    ranked = by_address[np.argsort(-counts[by_address], kind="stable")][:most]
    chosen = found.take(ranked)
    firsts = columns.ints(found.family, chosen.start)
    lasts = columns.last_ints(found.family, chosen.last)
    return tuple(
        Delegation(
            registry=REGISTRIES[chosen.registry[at]],
            country=country_text(int(chosen.country[at])) or "ZZ",
            first=firsts[at],
            last=lasts[at],
            row=int(chosen.row[at]),
            addresses=int(counts[number]) * scale,
        )
        for at, number in enumerate(ranked.tolist())
    )
