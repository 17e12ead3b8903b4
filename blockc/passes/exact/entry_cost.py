"""Costs that are compared by entries first and then by the free space they take."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.trie import Nodes, Trie
from blockc.values import Value

Flags = NDArray[np.bool_]


class Cost(Value, eq=False):
    """Entries, and then space, of every node.

    `extra` counts what a column counts: uint64 units, whose sum over a space cannot exceed it, or
    Python integers where leaves are finer than a unit. So neither form can overflow.
    """

    count: NDArray[np.int64]
    extra: NDArray[Any]

    @classmethod
    def of_leaves(
        cls, trie: Trie, count: NDArray[np.int64], taken: NDArray[np.bool_] | None = None
    ) -> "Cost":
        """Return what each leaf costs, with room for the inner nodes.

        Args:
            count: Entries a leaf.
            taken: The leaves that are free space this cost gives away; none if left out.
        """
        kind: Any = object if columns.is_wide(trie.leaves.start) else np.uint64
        cost = cls(np.zeros(len(trie), dtype=np.int64), np.zeros(len(trie), dtype=kind))
        cost.count[: len(count)] = count
        if taken is not None:
            rows = np.flatnonzero(taken)
            cost.extra[rows] = leaf_sizes(trie)[rows]
        return cost

    def take(self, nodes: Nodes) -> "Cost":
        """Return the costs of `nodes`."""
        return Cost(self.count[nodes], self.extra[nodes])

    def put(self, nodes: slice, costs: "Cost") -> None:
        """Set the costs of `nodes`."""
        self.count[nodes], self.extra[nodes] = costs.count, costs.extra

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.count + other.count, self.extra + other.extra)

    def dearer(self, entries: int) -> "Cost":
        """Return the costs with so many entries more."""
        return Cost(self.count + entries, self.extra)

    def less(self, other: "Cost") -> Flags:
        """Return where this cost is smaller than the other."""
        closer: Flags = (self.extra < other.extra).astype(bool)
        smaller: Flags = (self.count < other.count) | ((self.count == other.count) & closer)
        return smaller

    def where(self, chosen: Flags, other: "Cost") -> "Cost":
        """Return this cost where chosen and the other elsewhere."""
        count = np.where(chosen, self.count, other.count)
        return Cost(count, np.where(chosen, self.extra, other.extra))


def leaf_sizes(trie: Trie) -> NDArray[Any]:
    """Return what each leaf counts, in the units of `Cost.extra`."""
    leaves = trie.leaves
    if columns.is_wide(leaves.start):
        bits = leaves.family.width - leaves.length.astype(object)
        return np.array([1 << int(n) for n in bits], dtype=object)
    bits = np.minimum(columns.unit_bits(leaves.family) - leaves.length, 63)
    return np.uint64(1) << bits.astype(np.uint64)
