"""Costs with a tie-break, as numbers that numpy adds and compares in one step."""

from typing import Any

import numpy as np

from blockc.passes.budget.minplus import NEVER
from blockc.passes.budget.span_sums import Worth
from blockc.values import Value

#: Whole numbers of so many bits are exact as floats, and so are their sums while these are.
EXACT_BITS = 53


class CostPairs(Value):
    """How a pair of whole numbers, a worth and some extra space, is held as one number.

    Pairs are added part by part; the one with less worth is less, and of equal worths the one with
    less extra. Three forms do that, the quickest that cannot overflow is taken: the worth `rank`
    times plus the extra in 64 bits; a complex number, which numpy orders by its real part
    first; the first form in Python integers.
    """

    kind: np.dtype[Any]
    rank: int

    @classmethod
    def of(cls, worth: int, extra: int) -> "CostPairs":
        """Return the form for pairs that add up to at most `worth` and `extra`."""
        rank = extra + 1
        if worth * rank + extra < NEVER:
            return cls(np.dtype(np.int64), rank)
        if extra and max(worth, extra) < 1 << EXACT_BITS:
            return cls(np.dtype(np.complex128), rank)
        return cls(np.dtype(object), rank)

    def whole(self) -> "CostPairs":
        """Return the form with the same order in whole numbers, where Python is to compare them."""
        return CostPairs(np.dtype(object), self.rank) if self.kind.kind == "c" else self

    def join(self, worth: Worth, extra: Worth) -> Worth:
        """Return the pairs of every worth and its extra."""
        pairs: Worth = worth.astype(self.kind)
        if self.kind.kind == "c":
            pairs.imag = extra
        else:
            pairs = pairs * self.rank + extra.astype(self.kind)
        return pairs

    def split(self, pair: Any) -> tuple[int, int]:
        """Return worth and extra of a pair.

        >>> forms = map(CostPairs.of, (9, 1 << 52, 1 << 60), (9, 1 << 52, 9))
        >>> [form.split(form.join(np.array([3]), np.array([4]))[0]) for form in forms]
        [(3, 4), (3, 4), (3, 4)]
        """
        if self.kind.kind == "c":
            return int(pair.real), int(pair.imag)
        return divmod(int(pair), self.rank)
