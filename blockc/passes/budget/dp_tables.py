"""The tables of all nodes of a tree: short ones together, long ones one by one."""

from collections.abc import Callable

import numpy as np

from blockc.addresses.trie import Nodes, Trie
from blockc.passes.budget.minplus import Table, convolve, cut, never
from blockc.passes.budget.span_sums import Worth
from blockc.passes.tree import Flags
from blockc.values import Value

#: Tables of nodes with fewer ends below them than this are computed many at a time.
WIDTH = 8

#: From nodes and their tables if they have no entry of their own, shape (states, nodes, WIDTH), to
#: their tables if they may have one.
Choose = Callable[[Nodes, Worth], Worth]


class Tables(Value, eq=False):
    """The tables of the nodes that are looked at, one a state that a node can inherit.

    Attributes:
        row: Position of a node in `short`, or -1.
        short: Costs of at most 0, 1, ... entries, shape (states, rows, WIDTH).
        long: The tables of the other nodes.
    """

    row: Nodes
    short: Worth
    long: dict[int, tuple[Table, ...]]

    @classmethod
    def of_ends(cls, trie: Trie, seen: Flags, ends: Nodes, costs: Worth) -> "Tables":
        """Return the tables of the nodes where looking ends.

        Args:
            seen: The nodes that are looked at, `ends` among them.
            costs: Cost of no and of one entry at each end, shape (states, ends, 2).
        """
        count = np.zeros(len(trie), dtype=np.int64)
        count[ends] = 1
        for level in trie.levels:
            count[level.node] += count[level.left] + count[level.right]
        chosen = np.flatnonzero(seen & (count < WIDTH))
        row = np.full(len(trie), -1, dtype=np.intp)
        row[chosen] = np.arange(len(chosen))
        short = np.zeros((len(costs), len(chosen), WIDTH), dtype=costs.dtype)
        short[:, row[ends], 0] = costs[:, :, 0]
        short[:, row[ends], 1:] = np.minimum(costs[:, :, :1], costs[:, :, 1:])
        return cls(row, short, {})

    def get(self, node: int) -> tuple[Table, ...]:
        """Return the tables of `node`, one a state; short ones repeat their last cost."""
        row = self.row[node]
        return self.long[node] if row < 0 else tuple(self.short[:, row])

    def fill_short(self, trie: Trie, inner: Flags, choose: Choose) -> None:
        """Make the tables of the inner nodes that are short, many at a time."""
        for level in trie.levels:
            nodes = np.arange(level.node.start, level.node.stop)
            picked = inner[nodes] & (self.row[nodes] >= 0)
            left, right = self.row[level.left[picked]], self.row[level.right[picked]]
            stay = convolve_rows(self.short[:, left], self.short[:, right])
            self.short[:, self.row[nodes[picked]]] = choose(nodes[picked], stay)

    def stay(self, left: int, right: int, limit: int) -> tuple[Table, ...]:
        """Return the tables of a node without an entry of its own."""
        sides = zip(self.get(left), self.get(right), strict=True)
        return tuple(convolve(cut(one), cut(two), limit) for one, two in sides)


def convolve_rows(left: Worth, right: Worth) -> Worth:
    """Return `convolve` of every two rows, for as many entries as a row has."""
    width = left.shape[-1]
    best = np.full_like(left, never(left.dtype))
    for used in range(width):
        shared = left[..., used : used + 1] + right[..., : width - used]
        np.minimum(best[..., used:], shared, out=best[..., used:])
    return best
