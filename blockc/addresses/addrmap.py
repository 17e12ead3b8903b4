"""Maps from every address to a named label: a country, a verdict, a source."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import FAMILIES, Family
from blockc.addresses.partition import Partition, overlay


@dataclass(frozen=True, slots=True)
class AddrMap:
    """A label for every address.

    Invariant: one int32 partition a family, in family order; every label indexes `names`;
    label 0 is what holds where nothing was said.
    """

    parts: tuple[Partition, ...]
    names: tuple[str, ...]

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
        names = (default, *layers)
        sets = list(layers.values())
        return cls(tuple(_layered(family, sets) for family in families), names)

    @property
    def families(self) -> tuple[Family, ...]:
        """Return the families this map speaks about."""
        return tuple(part.family for part in self.parts)

    def part(self, family: Family) -> Partition:
        """Return the partition of `family`."""
        return self.parts[self.families.index(family)]

    def where(self, names: Iterable[str]) -> AddrSet:
        """Return the addresses whose label is one of `names`."""
        wanted = set(names)
        table = np.array([name in wanted for name in self.names])
        return AddrSet(tuple(part.relabel(table[part.labels]) for part in self.parts))


def _layered(family: Family, sets: list[AddrSet]) -> Partition:
    if not sets:
        return Partition.filled(family, np.int32(0))
    slots, labels = overlay(*(one.part(family) for one in sets))
    stacked = np.vstack(labels)
    first = np.argmax(stacked, axis=0) + 1
    return Partition.of(family, slots, np.where(stacked.any(axis=0), first, 0).astype(np.int32))
