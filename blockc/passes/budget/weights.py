"""What harm is measured in: addresses or delegations, some countries counting more."""

from collections.abc import Iterable, Mapping
from fractions import Fraction

import numpy as np

from blockc.addresses import columns
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import FAMILIES, Family
from blockc.addresses.partition import Labels, Partition, paint
from blockc.addresses.totals import sizes
from blockc.registries.records import Records, country_number
from blockc.registries.registry_map import RegistryMap
from blockc.values import Value

#: A delegation is counted in so many parts, so that one that is hit in part counts in part.
PARTS = 1 << 16


class Weights(Value):
    """What an address is worth.

    Invariant: one int32 partition per family, in family order; every label indexes `rates`; rates
    are not negative and rates[0] is 0.

    Attributes:
        parts: The rate of every address, as a label.
        rates: Worth of one address. A span is worth its addresses times their rate, rounded
            down to whole numbers where rates are fractions.
        parts_a_unit: How much worth is one address, or one delegation, in reports.
    """

    parts: tuple[Partition, ...]
    rates: tuple[Fraction, ...]
    parts_a_unit: int = 1

    def __post_init__(self) -> None:
        if self.rates[0] != 0 or min(self.rates) < 0:
            raise ValueError("rates begin with 0 and none is negative")

    @classmethod
    def everything(cls, families: Iterable[Family] = FAMILIES) -> "Weights":
        """Return the weights in which every address counts one, used or not."""
        parts = (Partition.filled(family, np.int32(1)) for family in families)
        return cls(tuple(parts), (Fraction(0), Fraction(1)))

    @classmethod
    def of_addresses(
        cls, world: RegistryMap, factors: Mapping[str, int] | None = None
    ) -> "Weights":
        """Return the weights in which every delegated address counts one.

        Args:
            factors: Countries whose addresses count so many times.
        """
        countries = world.countries()
        worth = [0, *((factors or {}).get(name, 1) for name in countries.names[1:])]
        rates = sorted({0, *worth})
        table = np.array([rates.index(one) for one in worth], dtype=np.int32)
        parts = (part.relabel(table[part.labels]) for part in countries.parts)
        return cls(tuple(parts), tuple(map(Fraction, rates)))

    @classmethod
    def of_delegations(
        cls,
        records: Iterable[Records],
        factors: Mapping[str, int] | None = None,
        families: Iterable[Family] = FAMILIES,
    ) -> "Weights":
        """Return the weights in which every delegation counts one, spread over its addresses.

        Of delegations that share addresses only the first, by address, counts.
        """
        by_number = {country_number(code): factor for code, factor in (factors or {}).items()}
        rows = list(records)
        spread = {
            family: _spread(
                Records.concat([r for r in rows if r.family == family], family), by_number
            )
            for family in families
        }
        rates = sorted({Fraction(0), *(rate for _, found in spread.values() for rate in found)})
        position = {rate: number for number, rate in enumerate(rates)}
        parts = []
        for family, (kept, found) in spread.items():
            labels = np.array([position[rate] for rate in found], dtype=np.int32)
            layer = (kept.start, kept.last, labels)
            parts.append(paint(Partition.filled(family, np.int32(0)), [layer]))
        return cls(tuple(parts), tuple(rates), PARTS)

    def part(self, family: Family) -> Partition:
        """Return the rates of `family`, as labels."""
        return next(part for part in self.parts if part.family == family)


def _spread(records: Records, factors: Mapping[int, int]) -> tuple[Records, list[Fraction]]:
    """Return the delegations that share no address, and the worth of one address of each."""
    kept = records.take(records.delegated)
    kept = kept.take(np.argsort(kept.start, kind="stable"))
    kept = kept.take(_clear_of_others(kept))
    counts = sizes(kept.family, kept.start, kept.last)
    countries = kept.country.tolist()
    worth = (factors.get(number, 1) * PARTS for number in countries)
    return kept, [Fraction(one, size) for one, size in zip(worth, counts, strict=True)]


def _clear_of_others(records: Records) -> Labels:
    """Return which of the records, by address, do not begin inside an earlier one that is kept."""
    if not (records.start[1:] <= records.last[:-1]).any():
        return np.ones(len(records), dtype=bool)
    clear = []
    reach = -1
    firsts = columns.ints(records.family, records.start)
    for first, last in zip(firsts, columns.last_ints(records.family, records.last), strict=True):
        clear.append(first > reach)
        reach = last if first > reach else reach
    return np.array(clear)


def never_blocked(world: RegistryMap, countries: Iterable[str]) -> AddrSet:
    """Return the delegated space of `countries`, to be protected: they are worth any entry."""
    return world.delegated() & world.select(countries=list(countries))
