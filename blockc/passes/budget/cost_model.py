"""What a limit makes us choose between: harm to others, and what is wanted but missed."""

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.columns import Column, Spans
from blockc.addresses.family import Family
from blockc.addresses.partition import Partition, overlay
from blockc.passes.budget.minplus import never
from blockc.passes.budget.span_sums import SpanSums, Worth
from blockc.passes.budget.weights import Weights
from blockc.passes.exact.pairs import EXACT_BITS, CostPairs
from blockc.values import Value, replace

Flags = NDArray[np.bool_]


class Mix(Value):
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


class CostModel(Value, eq=False):
    """The cost of giving or not giving a verdict to any prefix of a family.

    `unwanted` is space that must not get a verdict; `wanted` what should. Costs are pairs: whole
    multiples of `scale`, and the `extra` addresses in it whose harm counts nothing, free space
    among them, so that of equal costs the one with less of such space is lower.
    """

    family: Family
    mix: Mix
    harm: SpanSums
    missed: SpanSums
    extra: SpanSums
    unwanted: Spans
    wanted: Spans
    pairs: CostPairs

    @classmethod
    def of(
        cls, wanted: Partition, free: Partition, protected: Partition, weights: Weights, mix: Mix
    ) -> "CostModel":
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
        wide = columns.is_wide(slots)
        harm, missed = (
            SpanSums.of(Partition.of(family, slots, labels), worth, wide=wide)
            for labels in (np.where(others, rate, 0), np.where(label != 0, rate + count, 0))
        )
        shut = protected if mix.harm is not None else Partition.of(family, slots, others)
        nothing = spare | np.isin(rate, _worthless(weights))
        idle = Partition.of(family, slots, (label == 0) & nothing)
        asked = wanted.relabel(wanted.labels != 0)
        unwanted, hoped = shut.runs(shut.labels), asked.runs(asked.labels)
        extra = _extra(idle, shut, wide=wide)
        pairs = CostPairs.of(harm.total + missed.total, extra.total)
        return cls(family, mix, harm, missed, extra, unwanted, hoped, pairs)

    def whole(self) -> "CostModel":
        """Return the stakes with costs that are whole numbers, in Python too."""
        return replace(self, pairs=self.pairs.whole())

    @property
    def kind(self) -> np.dtype[Any]:
        """Return the type of costs."""
        return self.pairs.kind

    @property
    def scale(self) -> Fraction:
        """Return what one unit of cost is worth."""
        return Fraction(self.harm.scale, self.mix.unit)

    @property
    def total(self) -> int:
        """Return the worth of all that may be harmed or missed, in units of cost."""
        sides = (self.mix.harm, self.harm), (self.mix.missed, self.missed)
        return sum(side.total for price, side in sides if price is not None)

    def most(self, start: Column, last: Column) -> int:
        """Return what no choice inside one span, the only row of each column, can cost more."""
        worth = int(self.harm.within(start, last)[0]) + int(self.missed.within(start, last)[0])
        return worth * self.pairs.rank + int(self.extra.within(start, last)[0])

    def harm_of(self, start: Column, last: Column) -> Worth:
        """Return what giving a verdict to each span costs."""
        cost = self.pairs.join(self.harm.within(start, last), self.extra.within(start, last))
        cost[touches(self.unwanted, (start, last))] = never(self.kind)
        return cost

    def missed_of(self, start: Column, last: Column) -> Worth:
        """Return what not giving a verdict to each span costs."""
        if self.mix.missed is None:
            hit = touches(self.wanted, (start, last))
            return np.where(hit, never(self.kind), np.zeros(1, dtype=self.kind)).astype(self.kind)
        worth = self.missed.within(start, last)
        return self.pairs.join(worth, np.zeros_like(worth))


def _worthless(weights: Weights) -> list[int]:
    return [label for label, rate in enumerate(weights.rates) if not rate]


def _extra(idle: Partition, shut: Partition, *, wide: bool) -> SpanSums:
    """Return the measure of the addresses which are `idle` and not `shut`, worth the same each.

    Vast space, such as all that is unused in IPv6, is counted in larger units, rounded down.
    """
    slots, (chosen, closed) = overlay(idle, shut)
    labels = Partition.of(idle.family, slots, (chosen & ~closed).astype(np.int32))
    wide |= columns.is_wide(slots)
    count = SpanSums.of(labels, (Fraction(0), Fraction(1)), wide=wide)
    unit = Fraction(count.scale << max(0, count.total.bit_length() - EXACT_BITS))
    return SpanSums.of(labels, (Fraction(0), 1 / unit), wide=wide)


def touches(spans: Spans, asked: Spans) -> Flags:
    """Return which of `asked` share an address with disjoint `spans` in address order."""
    (start, last), (first, final) = columns.spans_alike([spans, asked])
    if not len(start):
        return np.zeros(len(first), dtype=bool)
    nearest = np.searchsorted(last, first)
    inside = nearest < len(start)
    return np.asarray(inside & (start[np.minimum(nearest, len(start) - 1)] <= final))
