"""At most k ranges at the least cost: gaps closed, runs dropped."""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import numpy as np

from blockc.addresses import columns
from blockc.addresses.partition import Partition
from blockc.addresses.rules import Rules
from blockc.passes.budget.cost_curve import Curve, curve_of, flat_curve
from blockc.passes.budget.cost_model import CostModel
from blockc.passes.budget.minplus import cut, never
from blockc.passes.exact.cover import intervals

#: The cost of what must not happen. Costs are Python integers here, and compare with it exactly.
NEVER = float("inf")


def interval_curve(wanted: Partition, stakes: CostModel) -> Curve:
    """Return the least cost of every number of ranges.

    Runs of what is wanted and the gaps between them take turns. To have one range less, a gap
    is closed or a run is dropped: the cheapest of all, which joins it with its two neighbours to
    a gap or run whose own cost is what undoing the choice would add. As costs are the same on
    every step or higher, each number of ranges is reached at its least cost.

    Source: the k disjoint segments of the largest sum, by merging from all segments down.
    Cost: O(n log n) for the curve, and again for the rules of one number of entries.
    """
    stakes = stakes.whole()
    rules = intervals(wanted)
    if not len(rules):
        return flat_curve(stakes)
    steps = list(_Path.of(rules, stakes))
    table = np.full(len(rules) + 1, never(stakes.kind), dtype=stakes.kind)
    costs = np.cumsum(np.array([0, *steps], dtype=stakes.kind))
    table[len(rules) - len(steps) :] = costs[::-1]

    def solve(entries: int) -> Rules:
        path = _Path.of(rules, stakes)
        for _ in zip(range(len(rules) - entries), path, strict=False):
            pass
        first, last = np.array(list(path.ranges()), dtype=np.intp).reshape(-1, 2).T
        return Rules.of_spans(rules.family, rules.start[first], rules.last[last])

    return curve_of(stakes, cut(table), solve)


@dataclass(slots=True)
class _Path:
    """Gaps and runs in turn, with a gap at either end that nothing can close.

    Run n is at position 2n + 1. What is merged lives on at the first of its positions.
    Iterating takes one range less at every step, and yields what that costs.
    """

    cost: list[float]  # whole numbers, or NEVER
    before: list[int]
    after: list[int]
    end: list[int]  # the last position merged into this one; -1 if it is merged into another
    queue: list[tuple[float, int]]

    @classmethod
    def of(cls, rules: Rules, stakes: CostModel) -> "_Path":
        """Return the path of all runs, none of them dropped."""
        family, worst = rules.family, never(stakes.kind)
        runs = stakes.missed_of(rules.start, rules.last)
        start = columns.after(family, rules.last[:-1])
        gaps = stakes.harm_of(start, columns.before(family, rules.start[1:]))
        cost = [NEVER] * (2 * len(rules) + 1)
        cost[1::2] = [one if one < worst else NEVER for one in runs.tolist()]
        cost[2:-1:2] = [one if one < worst else NEVER for one in gaps.tolist()]
        places = list(range(len(cost)))
        queue = list(zip(cost, places, strict=True))
        heapify(queue)
        after = [*places[1:], -1]
        return cls(cost, [place - 1 for place in places], after, places, queue)

    def __iter__(self) -> Iterator[int]:
        while self.queue[0][0] < NEVER:
            cost, place = heappop(self.queue)
            if self.end[place] >= 0 and self.cost[place] == cost:
                self._merge(place)
                yield int(cost)

    def _merge(self, place: int) -> None:
        """Join a run or gap with both its neighbours."""
        left, right = self.before[place], self.after[place]
        self.cost[left] += self.cost[right] - self.cost[place]
        self.end[left], self.end[place], self.end[right] = self.end[right], -1, -1
        self.after[left] = self.after[right]
        if self.after[right] >= 0:
            self.before[self.after[right]] = left
        heappush(self.queue, (self.cost[left], left))

    def ranges(self) -> Iterator[tuple[int, int]]:
        """Yield the first and the last run of every range left."""
        run = self.after[0]
        while run >= 0:
            yield run // 2, self.end[run] // 2
            run = self.after[self.after[run]]
