"""What a limit makes us choose between: harm to others, and what is wanted but missed."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.columns import Column, Spans
from blockc.addresses.family import Family
from blockc.addresses.partition import Partition, overlay
from blockc.passes.measure import SAFE, Measure, Worth
from blockc.passes.minplus import never
from blockc.passes.weights import Weights

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Mix:
    """How much a unit of harm and a unit of what is missed cost; None: neither may happen."""

    harm: Fraction | None
    missed: Fraction | None

    @property
    def prices(self) -> tuple[int, int]:
        """Return both in whole multiples of one fraction, so that no sum needs rounding."""
        harm, missed = (Fraction(1) if one is None else one for one in (self.harm, self.missed))
        return harm.numerator * missed.denominator, missed.numerator * harm.denominator

    @property
    def unit(self) -> int:
        """Return how many of these multiples are 1."""
        one, two = (Fraction(1) if one is None else one for one in (self.harm, self.missed))
        return one.denominator * two.denominator


@dataclass(frozen=True, slots=True, eq=False)
class Stakes:
    """The cost of giving or not giving a verdict to any prefix of a family.

    `unwanted` is space that must not get a verdict; `wanted` what should. Costs are whole
    multiples of `scale`.
    """

    family: Family
    mix: Mix
    harm: Measure
    missed: Measure
    unwanted: Spans
    wanted: Spans

    @classmethod
    def of(
        cls, wanted: Partition, free: Partition, protected: Partition, weights: Weights, mix: Mix
    ) -> "Stakes":
        """Return the stakes of one family.

        Wanted space that `weights` value at nothing counts as what they value least.
        """
        family, rates = wanted.family, weights.part(wanted.family)
        slots, (label, spare, rate) = overlay(wanted, free, rates)
        count = len(weights.rates)
        least = min((one for one in weights.rates if one), default=Fraction(1))
        worth = [one * mix.prices[0] for one in weights.rates]
        worth += [(one or least) * mix.prices[1] for one in weights.rates]
        others = (label == 0) & ~spare
        harm, missed = (
            Measure.of(Partition.of(family, slots, labels), worth, wide=columns.is_wide(slots))
            for labels in (np.where(others, rate, 0), np.where(label != 0, rate + count, 0))
        )
        shut = protected if mix.harm is not None else Partition.of(family, slots, others)
        asked = wanted.relabel(wanted.labels != 0)
        unwanted, hoped = shut.runs(shut.labels), asked.runs(asked.labels)
        return cls(family, mix, harm, missed, unwanted, hoped)

    @property
    def kind(self) -> np.dtype[Any]:
        """Return the type of costs: Python integers where 64 bits might not hold a sum."""
        fits = self.harm.total + self.missed.total < SAFE and self.harm.base.dtype != object
        return np.dtype(np.int64 if fits and self.missed.base.dtype != object else object)

    @property
    def scale(self) -> Fraction:
        """Return what one unit of cost is worth."""
        return Fraction(self.harm.scale, self.mix.unit)

    @property
    def total(self) -> int:
        """Return the worth of all that can be harmed or missed."""
        return self.harm.total + self.missed.total

    def harm_of(self, start: Column, last: Column) -> Worth:
        """Return what giving a verdict to each span costs."""
        cost = self.harm.within(start, last).astype(self.kind)
        cost[touches(self.unwanted, (start, last))] = never(self.kind)
        return cost

    def missed_of(self, start: Column, last: Column) -> Worth:
        """Return what not giving a verdict to each span costs."""
        cost = self.missed.within(start, last).astype(self.kind)
        if self.mix.missed is None:
            cost[touches(self.wanted, (start, last))] = never(self.kind)
        return cost


def touches(spans: Spans, asked: Spans) -> Flags:
    """Return which of `asked` share an address with disjoint `spans` in address order."""
    (start, last), (first, final) = columns.spans_alike([spans, asked])
    if not len(start):
        return np.zeros(len(first), dtype=bool)
    nearest = np.searchsorted(last, first)
    inside = nearest < len(start)
    return np.asarray(inside & (start[np.minimum(nearest, len(start) - 1)] <= final))
