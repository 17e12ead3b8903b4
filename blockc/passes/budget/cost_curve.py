"""What every number of entries costs, and the rules at any of them."""

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from blockc.addresses.family import Family
from blockc.addresses.rules import Rules
from blockc.passes.budget.cost_model import CostModel
from blockc.passes.budget.minplus import Table, never
from blockc.passes.exact.pairs import CostPairs
from blockc.values import Value, replace

#: The number of entries that no platform has room for.
IMPOSSIBLE = 1 << 40


class Curve(Value, eq=False):
    """The least cost of at most k entries in one family, for every k up to a limit.

    Invariant: costs do not rise with k; after the last one more entries gain nothing.

    Attributes:
        cost: Least cost at each number of entries, as `CostModel` counts it.
        first: The fewest entries that do not break what must not be broken, or `IMPOSSIBLE`.
            Costs before it mean nothing.
        pairs: How a cost and the extra space with it are one number.
        scale: What one unit of cost is worth (see `weights`).
        total: What all that could be harmed or missed is worth, in units of cost.
        solve: From a number of entries, `first` or more, to the rules.
    """

    family: Family
    cost: Table
    first: int
    pairs: CostPairs
    scale: Fraction
    total: int
    solve: Callable[[int], Rules]

    @property
    def enough(self) -> int:
        """Return the number of entries beyond which nothing is gained."""
        return len(self.cost) - 1

    def at(self, entries: int) -> Fraction:
        """Return the least cost of at most `entries`, in the weights' own units."""
        return self.parts(entries)[0] * self.scale

    def parts(self, entries: int) -> tuple[int, int]:
        """Return the least cost of at most `entries` in its units, and the extra space with it."""
        return self.pairs.split(self.cost[min(entries, self.enough)])


def curve_of(stakes: CostModel, table: Table, solve: Callable[[int], Rules]) -> Curve:
    """Return the curve of a table of costs."""
    feasible = table < never(table.dtype)
    first = int(np.argmax(feasible)) if feasible.any() else IMPOSSIBLE
    return Curve(stakes.family, table, first, stakes.pairs, stakes.scale, stakes.total, solve)


def refused_curve(stakes: CostModel, first: int) -> Curve:
    """Return the curve of a family that needs `first` entries, which are too many to go on."""
    table = np.full(1, never(stakes.kind), dtype=stakes.kind)

    def solve(entries: int) -> Rules:
        raise ValueError(f"{entries} entries are fewer than {first}")

    return replace(curve_of(stakes, table, solve), first=first)


def flat_curve(stakes: CostModel) -> Curve:
    """Return the curve of a family in which nothing is wanted."""
    table = np.zeros(1, dtype=stakes.kind)
    return curve_of(stakes, table, lambda _: Rules.empty(stakes.family))


def shared_split(curves: Sequence[Curve], limit: int) -> list[int] | None:
    """Return how families share `limit` entries at the least cost, or None if they cannot.

    Addresses of different families do not compare, so what is added up are shares of each
    family's total, exactly; of equal sums, the least shares of extra space, and then the fewest
    entries for the first family.
    """
    if len(curves) == 1:
        return [limit] if curves[0].first <= limit else None
    one, two = curves
    most = min(limit - two.first, one.enough)
    if one.first > most:
        return None
    shares = (one.total or 1, two.total or 1), (one.pairs.rank, two.pairs.rank)

    def price(used: int) -> tuple[int, ...]:
        pairs = zip(one.parts(used), two.parts(limit - used), shares, strict=True)
        return tuple(left * b + right * a for left, right, (a, b) in pairs)

    used = min(range(one.first, most + 1), key=price)
    return [used, limit - used]
