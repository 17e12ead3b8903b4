"""Sets of addresses of every family, canonical, so that equal sets compare equal."""

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from blockc.addresses import columns
from blockc.addresses.columns import Spans
from blockc.addresses.family import FAMILIES, Family, Prefix
from blockc.addresses.partition import Labels, Partition, overlay, set_partition
from blockc.addresses.prefixes import Prefixes, cover_size, minimal_cover
from blockc.values import Value


class AddrSet(Value):
    """A set of addresses, true or false for every address of every family it knows.

    Invariant: one boolean partition per family, in family order.
    """

    parts: tuple[Partition, ...]

    def __post_init__(self) -> None:
        if any(one.family >= other.family for one, other in pairwise(self.parts)):
            raise ValueError("the parts of a set are not in family order")
        if any(part.labels.dtype != bool for part in self.parts):
            raise ValueError("the labels of a set are not booleans")

    @classmethod
    def empty(cls, families: Iterable[Family] = FAMILIES) -> "AddrSet":
        """Return the set of no address."""
        return cls(tuple(Partition.filled(family, np.False_) for family in families))

    @classmethod
    def everything(cls, families: Iterable[Family] = FAMILIES) -> "AddrSet":
        """Return the set of all addresses."""
        return cls(tuple(Partition.filled(family, np.True_) for family in families))

    @classmethod
    def of(cls, prefixes: Iterable[Prefix], families: Iterable[Family] = FAMILIES) -> "AddrSet":
        """Return the union of `prefixes`."""
        return cls.of_ranges(((p.family, p.first, p.last) for p in prefixes), families)

    @classmethod
    def of_ranges(
        cls, ranges: Iterable[tuple[Family, int, int]], families: Iterable[Family] = FAMILIES
    ) -> "AddrSet":
        """Return the union of inclusive ranges `(family, first, last)`."""
        spans: dict[Family, list[tuple[int, int]]] = {family: [] for family in families}
        for family, first, last in ranges:
            if family not in spans or not 0 <= first <= last <= family.last:
                raise ValueError(f"{first:#x}-{last:#x} is not a range of {family.name}")
            spans[family].append((first, last))
        return cls.of_spans(
            {family: columns.span_columns(family, rows) for family, rows in spans.items()}
        )

    @classmethod
    def of_spans(cls, spans: Mapping[Family, Spans]) -> "AddrSet":
        """Return the union of `(start, inclusive end)` columns per family, in any order."""
        return cls(tuple(set_partition(f, *spans[f]) for f in sorted(spans)))

    @property
    def families(self) -> tuple[Family, ...]:
        """Return the families this set speaks about."""
        return tuple(part.family for part in self.parts)

    @property
    def count(self) -> int:
        """Return the number of addresses of all families."""
        return sum(map(self.count_of, self.families))

    def count_of(self, family: Family) -> int:
        """Return the number of addresses of `family`."""
        part = self.part(family)
        if len(part.labels) == 1:  # nothing or everything, as most of what passes change
            return int(part.labels[0]) << family.width
        return part.totals(2)[1]

    def part(self, family: Family) -> Partition:
        """Return the partition of `family`."""
        for part in self.parts:
            if part.family == family:
                return part
        raise ValueError(f"the set does not speak about {family.name}")

    def only(self, family: Family) -> "AddrSet":
        """Return the addresses of `family` in this set, and none of the other families."""
        return AddrSet(
            tuple(
                part if part.family == family else Partition.filled(part.family, np.False_)
                for part in self.parts
            )
        )

    def spans(self, family: Family) -> Spans:
        """Return start and inclusive end of the maximal runs of `family`, in address order."""
        part = self.part(family)
        return part.runs(part.labels)

    def prefixes(self, family: Family) -> Prefixes:
        """Return the fewest prefixes that cover exactly the addresses of `family`."""
        return minimal_cover(family, *self.spans(family))

    def prefix_count(self, family: Family) -> int:
        """Return `len(self.prefixes(family))` without making them."""
        part = self.part(family)
        return sum(cover_size(family, *piece) for piece in part.run_pieces(part.labels))

    def isdisjoint(self, other: "AddrSet") -> bool:
        """Return whether no address is in both sets."""
        return not self & other

    def __contains__(self, prefix: Prefix) -> bool:
        """Return whether every address of `prefix` is in the set."""
        return not AddrSet.of([prefix], self.families) - self

    def __or__(self, other: "AddrSet") -> "AddrSet":
        return self._combine(other, np.logical_or)

    def __and__(self, other: "AddrSet") -> "AddrSet":
        return self._combine(other, np.logical_and)

    def __xor__(self, other: "AddrSet") -> "AddrSet":
        return self._combine(other, np.logical_xor)

    def __sub__(self, other: "AddrSet") -> "AddrSet":
        return self._combine(other, np.greater)  # true and not false

    def __invert__(self) -> "AddrSet":
        return AddrSet(tuple(part.relabel(~part.labels) for part in self.parts))

    def __bool__(self) -> bool:
        return any(part.labels.any() for part in self.parts)

    def _combine(self, other: "AddrSet", law: Callable[[Any, Any], Labels]) -> "AddrSet":
        if self.families != other.families:
            raise ValueError("sets of different families")
        pairs = zip(self.parts, other.parts, strict=True)
        return AddrSet(tuple(_combined(a, b, law) for a, b in pairs))


def union(sets: Iterable[AddrSet], families: Iterable[Family] = FAMILIES) -> AddrSet:
    """Return the union of any number of sets in one sweep, not one sweep a set."""
    gathered = list(sets)
    return AddrSet.of_spans({family: _gather(gathered, family) for family in families})


def _gather(sets: list[AddrSet], family: Family) -> Spans:
    spans = columns.spans_alike([one.spans(family) for one in sets])
    if not spans:
        return columns.span_columns(family, [])
    return np.concatenate([s for s, _ in spans]), np.concatenate([e for _, e in spans])


def _combined(a: Partition, b: Partition, law: Callable[[Any, Any], Labels]) -> Partition:
    if len(a.labels) == 1 or len(b.labels) == 1:  # sets are often built up from nothing
        return max(a, b, key=lambda part: len(part.labels)).relabel(law(a.labels, b.labels))
    slots, (left, right) = overlay(a, b)
    return Partition.of(a.family, slots, law(left, right))
