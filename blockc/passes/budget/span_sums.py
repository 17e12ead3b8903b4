"""How much some space is worth: weights summed up over a family, exactly."""

from collections.abc import Sequence
from fractions import Fraction
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.columns import Column
from blockc.addresses.family import Family
from blockc.addresses.partition import Partition
from blockc.values import Value

Worth = NDArray[Any]

#: Sums below this are kept in 64 bits, anything larger in Python integers.
SAFE = 1 << 60


class SpanSums(Value, eq=False):
    """The worth of every span of a family, in whole multiples of `scale`.

    `base` is what lies before each run, `num / den` the worth of one number of its column: an
    address, or with narrow IPv6 columns a /64. Columns and sums are uint64 and int64 where no sum
    or product can leave 60 bits, else arrays of Python integers; so nothing can overflow, and
    lists finer than a /64 are slower but as exact.
    """

    family: Family
    scale: int
    starts: Column
    numbers: Worth
    base: Worth
    num: Worth
    den: Worth
    total: int

    @classmethod
    def of(cls, labels: Partition, rates: Sequence[Fraction], *, wide: bool) -> "SpanSums":
        """Return the measure in which an address labelled n is worth `rates[n]`.

        Args:
            wide: Whether spans will be asked for that are finer than a unit of narrow columns.
        """
        family = labels.family
        unit = 1 if wide else 1 << family.grain
        worth = [rate * unit for rate in rates]
        scale = _common(worth)
        num = np.array([one.numerator // scale for one in worth], dtype=object)[labels.labels]
        den = np.array([one.denominator for one in worth], dtype=object)[labels.labels]
        starts = columns.widen(labels.starts) if wide else labels.starts
        numbers = _numbers(family, starts)
        counts = np.append(numbers[1:], family.size // unit) - numbers
        base = np.cumsum(np.insert(counts * num // den, 0, 0))
        total = int(base[-1])
        if wide or max(int((counts * num).max()), total) >= SAFE:
            return cls(family, scale, starts, numbers, base[:-1], num, den, total)
        base, num, den = (one.astype(np.int64) for one in (base, num, den))
        return cls(family, scale, starts, starts, base[:-1], num, den, total)

    def within(self, start: Column, last: Column) -> Worth:
        """Return what each span is worth."""
        if not self.total:
            return np.zeros(len(start), dtype=self.base.dtype)
        stop = columns.after(self.family, last)
        worth = self._before(stop)
        worth[stop <= start] = self.total  # the end of the space wrapped to address 0
        return worth - self._before(start)

    def _before(self, addresses: Column) -> Worth:
        """Return what lies before each address."""
        known, asked = columns.alike([self.starts, addresses])
        run = np.searchsorted(known, asked, side="right") - 1
        numbers = _numbers(self.family, asked) if self.numbers.dtype == object else asked
        offset = (numbers - self.numbers[run]).astype(self.base.dtype)
        inside: Worth = self.base[run] + offset * self.num[run] // self.den[run]
        return inside


def _common(worth: Sequence[Fraction]) -> int:
    """Return what all of `worth` are whole multiples of; 1 where fractions must be rounded."""
    whole = all(one.denominator == 1 for one in worth)
    return (gcd(*(one.numerator for one in worth)) or 1) if whole else 1


def _numbers(family: Family, starts: Column) -> Worth:
    """Return what a column counts as Python integers."""
    if columns.is_wide(starts):
        return np.array(columns.ints(family, starts), dtype=object)
    return starts.astype(object)
