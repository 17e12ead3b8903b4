"""What every number of entries costs, and the rules at any of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from blockc.addresses.family import Family
from blockc.addresses.rules import Rules
from blockc.passes.minplus import Table, never
from blockc.passes.stakes import Stakes

#: The number of entries that no platform has room for.
IMPOSSIBLE = 1 << 40


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """The least cost of at most k entries in one family, for every k up to a limit.

    Invariant: costs do not rise with k; after the last one more entries gain nothing.

    Attributes:
        cost: Least cost at each number of entries, in multiples of `scale`.
        first: The fewest entries that do not break what must not be broken, or `IMPOSSIBLE`.
            Costs before it mean nothing.
        scale: What one unit of cost is worth (see `weights`).
        total: What all that could be harmed or missed is worth, in the same multiples.
        solve: From a number of entries, `first` or more, to the rules.
    """

    family: Family
    cost: Table
    first: int
    scale: Fraction
    total: int
    solve: Callable[[int], Rules]

    @property
    def enough(self) -> int:
        """Return the number of entries beyond which nothing is gained."""
        return len(self.cost) - 1

    def at(self, entries: int) -> Fraction:
        """Return the least cost of at most `entries`, in the weights' own units."""
        return int(self.cost[min(entries, self.enough)]) * self.scale


def curve_of(stakes: Stakes, table: Table, solve: Callable[[int], Rules]) -> Curve:
    """Return the curve of a table of costs."""
    feasible = table < never(table.dtype)
    first = int(np.argmax(feasible)) if feasible.any() else IMPOSSIBLE
    return Curve(stakes.family, table, first, stakes.scale, stakes.total, solve)


def flat_curve(stakes: Stakes) -> Curve:
    """Return the curve of a family in which nothing is wanted."""
    table = np.zeros(1, dtype=stakes.kind)
    return curve_of(stakes, table, lambda _: Rules.empty(stakes.family))


def shared_split(curves: Sequence[Curve], limit: int) -> list[int] | None:
    """Return how families share `limit` entries at the least cost, or None if they cannot.

    Addresses of different families do not compare, so what is added up are shares of each
    family's total, exactly. Ties give the first family fewer entries.
    """
    if len(curves) == 1:
        return [limit] if curves[0].first <= limit else None
    one, two = curves
    best: tuple[int, int] | None = None
    for used in range(one.first, limit - two.first + 1):
        left = int(one.cost[min(used, one.enough)]) * max(two.total, 1)
        right = int(two.cost[min(limit - used, two.enough)]) * max(one.total, 1)
        if best is None or left + right < best[0]:
            best = left + right, used
    return [best[1], limit - best[1]] if best else None
