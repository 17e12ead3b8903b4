"""Maps from every address to a named label: a country, a verdict, a source."""

from collections.abc import Iterable, Mapping
from itertools import pairwise

import numpy as np

from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import FAMILIES, Family
from blockc.addresses.partition import Partition, overlay
from blockc.values import Value


class AddrMap(Value):
    """A label for every address.

    Invariant: one int32 partition per family, in family order; every label indexes `names`;
    label 0 is what holds where nothing was said.
    """

    parts: tuple[Partition, ...]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if any(one.family >= other.family for one, other in pairwise(self.parts)):
            raise ValueError("the parts of a map are not in family order")
        for part in self.parts:
            if part.labels.dtype != np.int32:
                raise ValueError("the labels of a map are not int32")
            if np.count_nonzero(part.labels.view(np.uint32) >= len(self.names)):  # -1 is large
                raise ValueError("a label of a map has no name")

    @classmethod
    def of_set(cls, addresses: AddrSet, name: str = "block", default: str = "") -> "AddrMap":
        """Return the map that says `name` on `addresses` and `default` elsewhere."""
        parts = (part.relabel(part.labels.astype(np.int32)) for part in addresses.parts)
        return cls(tuple(parts), (default, name))

    @classmethod
    def layered(
        cls,
        layers: Mapping[str, AddrSet],
        default: str = "",
        families: Iterable[Family] = FAMILIES,
    ) -> "AddrMap":
        """Return the map where the first of `layers` that holds an address names it."""
        sets = list(layers.values())
        parts = (_layered([one.part(family) for one in sets], family) for family in families)
        return cls(tuple(parts), (default, *layers))

    @property
    def families(self) -> tuple[Family, ...]:
        """Return the families this map speaks about."""
        return tuple(part.family for part in self.parts)

    def part(self, family: Family) -> Partition:
        """Return the partition of `family`."""
        return self.parts[self.families.index(family)]

    def counts(self, family: Family) -> list[int]:
        """Return the number of addresses of `family` with each label, in the order of `names`."""
        return self.part(family).totals(len(self.names))

    def spoken_for(self) -> dict[Family, int]:
        """Return how many addresses of each family have another label than the default."""
        return {family: sum(self.counts(family)[1:]) for family in self.families}

    def where(self, names: Iterable[str]) -> AddrSet:
        """Return the addresses whose label is one of `names`."""
        wanted = set(names)
        table = np.array([name in wanted for name in self.names])
        return AddrSet(tuple(part.relabel(table[part.labels]) for part in self.parts))


def _layered(sets: list[Partition], family: Family) -> Partition:
    """Return the number, from 1, of the first of some sets that holds an address, 0 for none."""
    slots, rows = overlay(Partition.filled(family, np.False_), *sets)
    labels = np.zeros(len(slots), dtype=np.int32)
    for number, row in reversed([*enumerate(rows)]):
        labels[row] = number
    return Partition.of(family, slots, labels)
