"""What became of delegated space between two days: who holds it now, or who gave it up.

Space that moves to another registry or country is not space that vanishes, and the two need
different answers. Both are decided here, from two worlds and nothing else.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.family import Family
from blockc.addresses.partition import Partition, overlay
from blockc.addresses.totals import totals
from blockc.registries.records import DELEGATED, REGISTRIES, country_text
from blockc.registries.registry_map import RegistryMap
from blockc.values import Value


class Holder(NamedTuple):
    """Who lists space, and whether as somebody's; no registry at all if its name is empty."""

    registry: str
    country: str
    delegated: bool


class Move(Value):
    """Addresses of one family that were delegated and have another holder now."""

    family: Family
    addresses: int
    before: Holder
    after: Holder

    @property
    def is_transfer(self) -> bool:
        """Return whether another registry delegates them now."""
        return self.after.delegated and self.after.registry != self.before.registry

    @property
    def changes_country(self) -> bool:
        """Return whether they are delegated to another country now."""
        return self.after.delegated and self.after.country != self.before.country


class CountryShift(Value):
    """How much of the space of a country is registered in another one now.

    Attributes:
        share: Of the addresses of this family that the country had before.
    """

    family: Family
    before: str
    after: str
    addresses: int
    share: float


def moves(before: RegistryMap, after: RegistryMap) -> tuple[Move, ...]:
    """Return what became of the space that is delegated in `before`, where its holder changed.

    Sorted by family, and the largest first. Both worlds speak about the same families.

    Cost: O(n log n) for n records in both.
    """
    pairs = zip(before.parts, after.parts, strict=True)
    return tuple(move for old, new in pairs for move in _moves_of(old, new))


def country_shifts(before: RegistryMap, changed: Iterable[Move]) -> tuple[CountryShift, ...]:
    """Return for each pair of countries what `changed`, from `before` on, took from the first."""
    had = before.country_counts()
    taken: dict[tuple[Family, str, str], int] = {}
    for move in changed:
        if move.changes_country:
            pair = move.family, move.before.country or "ZZ", move.after.country or "ZZ"
            taken[pair] = taken.get(pair, 0) + move.addresses
    return tuple(
        CountryShift(family, old, new, count, count / had[old][family])
        for (family, old, new), count in sorted(taken.items(), key=lambda one: -one[1])
        if old != new
    )


class Relabelled(Value):
    """Space of a country that one registry's file has under other countries now.

    Attributes:
        countries: The addresses by the country they are registered in now, the largest first.
        share: Of the addresses of this family that the country had before, in all registries.
    """

    family: Family
    registry: str
    before: str
    countries: tuple[tuple[str, int], ...]
    share: float

    @property
    def addresses(self) -> int:
        """Return how many addresses there are."""
        return sum(count for _, count in self.countries)


def relabelled(before: RegistryMap, changed: Iterable[Move]) -> tuple[Relabelled, ...]:
    """Return what each registry calls another country now, of what it delegated before.

    Space that went to another registry is not of it: two files agree about that.
    """
    had = before.country_counts()
    taken: dict[tuple[Family, str, str], dict[str, int]] = {}
    for move in changed:
        if move.changes_country and not move.is_transfer and move.before.country:
            key = move.family, move.before.registry, move.before.country
            to = taken.setdefault(key, {})
            after = move.after.country or "ZZ"
            to[after] = to.get(after, 0) + move.addresses
    return tuple(
        Relabelled(
            family,
            registry,
            country,
            tuple(sorted(to.items(), key=lambda one: -one[1])),
            sum(to.values()) / had[country][family],
        )
        for (family, registry, country), to in taken.items()
    )


def _moves_of(before: Partition, after: Partition) -> Iterator[Move]:
    family = before.family
    starts, (old, new) = overlay(before, after)
    lasts = columns.before(family, np.roll(starts, -1))
    old, new = _holder_number(old), _holder_number(new)
    changed = np.flatnonzero((old & 1 == 1) & (old != new))
    pairs, which = np.unique(np.stack([old[changed], new[changed]]), axis=1, return_inverse=True)
    counts = totals(
        family,
        starts[changed],
        lasts[changed],
        which.reshape(-1).astype(np.int32),
        pairs.shape[1],
    )
    found = [
        Move(family, count, _holder(first), _holder(second))
        for first, second, count in zip(*pairs.tolist(), counts, strict=True)
    ]
    yield from sorted(found, key=lambda move: -move.addresses)


def _holder_number(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return country, registry and whether it is delegated, as one number; see `class_label`."""
    delegated = np.isin(labels & 15, DELEGATED).astype(np.int32)
    return labels >> 4 << 1 | delegated


def _holder(number: int) -> Holder:
    registry = REGISTRIES[number >> 1 & 15]
    return Holder(registry, country_text(number >> 5), bool(number & 1))
