"""The least cost of every number of entries, at every node of a tree, many nodes at a time."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from blockc.addresses.trie import Level, Nodes, Trie
from blockc.passes.budget.limbs import (
    added,
    cut_up,
    impossible,
    impossible_like,
    limbs_for,
    lower,
    whole,
)
from blockc.passes.budget.minplus import Table
from blockc.passes.budget.span_sums import Worth
from blockc.passes.request import Effort, Observer
from blockc.passes.tree import Flags
from blockc.values import Value, replace

Sizes = NDArray[np.int64]

#: More entries than any tree has nodes: what cannot be reached with any number of entries.
UNREACHABLE = 1 << 40
_CELLS = 1 << 15  # costs computed at a time: with their sums they fit the second-level cache

#: From nodes and their costs with no entry of their own, shape (limbs, states, nodes, entries),
#: to their costs if they may have one.
Choose = Callable[[Nodes, Worth], Worth]
#: The same for the fewest entries that are not impossible, shape (states, nodes).
Reach = Callable[[Nodes, Sizes], Sizes]


class Tables(Value, eq=False):
    """The costs of the nodes that are looked at, for each state that a node can inherit.

    Those of a node are a row of `cost` from `begin` on: of at most 0, 1, ... entries, up to as many
    as there are ends below it, or to the limit.

    Attributes:
        begin: Where a node's costs begin; those not looked at have none.
        size: How many they are.
        cost: All costs, shape (limbs, states, sum of sizes), see `limbs`.
    """

    begin: Sizes
    size: Sizes
    cost: Worth

    @classmethod
    def of_ends(
        cls, trie: Trie, seen: Flags, ends: Nodes, costs: Worth, limit: int, most: int
    ) -> "Tables":
        """Return tables with the costs of the nodes where looking ends, and room for the others.

        Args:
            seen: The nodes that are looked at, `ends` among them.
            costs: Cost of no and of one entry at each end, shape (states, ends, 2).
            limit: The most entries there will be, at least 1.
            most: What no possible cost of any node exceeds.
        """
        count = np.zeros(len(trie), dtype=np.int64)
        count[ends] = 1
        for level in trie.levels:
            count[level.node] += count[level.left] + count[level.right]
        size = np.where(seen, np.minimum(count, limit) + 1, 0)
        begin = np.cumsum(size) - size
        none, one = costs[:, :, 0], np.minimum(costs[:, :, 0], costs[:, :, 1])
        known = cut_up(np.stack([none, one]), limbs_for(most))
        cost = np.empty((len(known), len(costs), int(size.sum())), dtype=known.dtype)
        cost[:, :, begin[ends]], cost[:, :, begin[ends] + 1] = known[:, 0], known[:, 1]
        return cls(begin, size, cost)

    def get(self, node: int) -> tuple[Table, ...]:
        """Return the costs of `node`, a row a state."""
        begin = int(self.begin[node])
        return tuple(whole(self.cost[:, :, begin : begin + int(self.size[node])]))

    def fill(self, trie: Trie, inner: Flags, choose: Choose, observe: Observer) -> None:
        """Compute the costs of the `inner` nodes, children before their parents.

        Cost: min(entries of one side, limit) times those of the other, summed up over the nodes:
        at most O(nodes * limit).
        """
        done, sums = 0, self._sums(trie, inner)
        seconds = sums * self.cost.shape[1] * _SECONDS[self.cost.dtype.kind]
        effort = Effort(0.0, seconds, self.cost.nbytes / (1 << 20))
        observe(effort)
        for level in trie.levels:
            for nodes, small, large in self._batches(level, inner):
                width = int(self.size[nodes].max())
                stay = convolve_rows(self._read(small), self._read(large), width)
                self._write(nodes, choose(nodes, stay))
                done += _products(self.size[small], self.size[large])
            observe(replace(effort, share=done / max(sums, 1)))

    def fewest(self, trie: Trie, inner: Flags, ends: Nodes, reach: Reach) -> int:
        """Return the fewest entries with which the root costs less than what must not happen."""
        need = np.full((self.cost.shape[1], len(trie)), UNREACHABLE)
        for entries in (1, 0):
            refused = impossible(self.cost[:, :, self.begin[ends] + entries])
            need[:, ends] = np.where(refused, need[:, ends], entries)
        for level in trie.levels:
            nodes = np.arange(level.node.start, level.node.stop)
            here = inner[nodes]
            nodes, left, right = nodes[here], level.left[here], level.right[here]
            need[:, nodes] = reach(nodes, np.minimum(need[:, left] + need[:, right], UNREACHABLE))
        return int(need[0, trie.root])

    def _sums(self, trie: Trie, inner: Flags) -> int:
        """Return how many sums `fill` compares, those beyond the limit included."""
        left, right = trie.children()
        here = inner[len(trie) - len(left) :]
        return _products(self.size[left[here]], self.size[right[here]])

    def _batches(self, level: Level, inner: Flags) -> Iterator[tuple[Nodes, Nodes, Nodes]]:
        """Yield nodes whose smaller sides, and larger sides, have about as many costs each."""
        nodes = np.arange(level.node.start, level.node.stop)
        here = inner[nodes]
        nodes, left, right = nodes[here], level.left[here], level.right[here]
        swap = self.size[left] > self.size[right]
        small, large = np.where(swap, right, left), np.where(swap, left, right)
        kind = _rounded(self.size[small]) * (1 << 40) + _rounded(self.size[large])
        order = np.argsort(kind, kind="stable")
        edges = [0, *(np.flatnonzero(np.diff(kind[order])) + 1).tolist(), len(order)]
        for start, stop in pairwise(edges):
            if start == stop:
                continue
            rows = _CELLS // int(self.size[nodes[order[start:stop]]].max()) + 1
            for at in range(start, stop, rows):
                picked = order[at : min(at + rows, stop)]
                yield nodes[picked], small[picked], large[picked]

    def _read(self, nodes: Nodes) -> Worth:
        """Return the costs of `nodes`, shape (limbs, states, nodes, entries), the
        last one repeated.

        Whichever of the last two axes is longer is the one that lies together in memory.
        """
        entries = np.arange(int(self.size[nodes].max()))
        if len(nodes) < len(entries):
            last = (self.size[nodes] - 1)[:, np.newaxis]
            at = self.begin[nodes, np.newaxis] + np.minimum(entries, last)
            return np.take(self.cost, at, axis=2)
        at = self.begin[nodes] + np.minimum(entries[:, np.newaxis], self.size[nodes] - 1)
        return np.take(self.cost, at, axis=2).swapaxes(2, 3)

    def _write(self, nodes: Nodes, costs: Worth) -> None:
        entries = np.arange(costs.shape[3])
        inside = entries < self.size[nodes, np.newaxis]
        at = (self.begin[nodes, np.newaxis] + entries)[inside]
        self.cost[:, :, at] = costs[:, :, inside]


#: Seconds that comparing one sum takes, by the kind of numbers costs are.
_SECONDS = {"i": 1.5e-9, "c": 8e-9, "u": 1.2e-8}


def _rounded(sizes: Sizes) -> Sizes:
    """Return sizes up to an eighth larger, so that few differ."""
    step = np.maximum(np.int64(1) << np.maximum(_bits(sizes) - 4, 0), 1)
    rounded: Sizes = (sizes + step - 1) // step * step
    return rounded


def _bits(sizes: Sizes) -> Sizes:
    return np.frexp(sizes.astype(np.float64))[1].astype(np.int64)


def _products(one: Sizes, other: Sizes) -> int:
    return int((one * other).sum())


def convolve_rows(left: Worth, right: Worth, width: int) -> Worth:
    """Return the least cost of sharing at most k entries between two sides, for k < `width`.

    Args:
        left: Costs of one side, shape (limbs, states, nodes, entries); the sooner its entries
            end, the less there is to do.
        right: Costs of the other side.
    """
    _, states, rows, most = left.shape
    if rows < width:
        best = impossible_like(left, (states, rows, width))
    else:
        best = impossible_like(left, (states, width, rows)).swapaxes(2, 3)
    least, other = (int(impossible(side[..., 0]).all()) for side in (left, right))
    for used in range(least, min(most, width)):
        rest = best[..., used + other : used + right.shape[3]]
        lower(rest, added(right[..., other : other + rest.shape[3]], left[..., used : used + 1]))
    return best
