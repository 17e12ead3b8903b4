"""The binary prefix tree in arrays, over which the passes optimise."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.columns import Column
from blockc.addresses.family import Family
from blockc.addresses.partition import Labels, Partition
from blockc.addresses.prefixes import Lengths, Prefixes, minimal_cover
from blockc.values import Value

Nodes = NDArray[np.intp]


class Level(Value, eq=False):
    """The inner nodes of one prefix length, with their children."""

    node: slice
    left: Nodes
    right: Nodes


class Trie(Value, eq=False):
    """The tree of the prefixes where two of `leaves` part, and of `leaves` themselves.

    A node is a number. Node `i` below `len(leaves)` is leaf `i`; inner nodes follow, longer
    prefixes first, so that children come before their parents and the root is last. A chain of
    nodes with one child is one node, the longest prefix that holds its leaves; over the leaves of
    a whole space there are no such chains.

    Invariant: leaves are disjoint and in address order, and there is at least one.

    Attributes:
        leaves: The prefixes at the ends, n of them.
        length: Prefix length of every node, shape (2n - 1,).
        first, last: First and last leaf below every node, shape (2n - 1,).
        levels: The inner nodes by length, the longest first.
    """

    leaves: Prefixes
    length: Lengths
    first: Nodes
    last: Nodes
    levels: tuple[Level, ...]

    @classmethod
    def over(cls, leaves: Prefixes) -> "Trie":
        """Return the tree over disjoint `leaves` in address order.

        Between two neighbouring leaves there is one inner node, the longest prefix they share.
        Its children are the widest nodes made so far that end and begin there, because nodes are
        made from the longest prefixes to the shortest.

        Cost: O(n log n) in a sort, and a few numpy calls per prefix length.
        """
        count = len(leaves)
        if not count:
            raise ValueError("a tree has at least one leaf")
        shared = columns.common_length(leaves.family, leaves.start[:-1], leaves.start[1:])
        gaps = np.argsort(-shared, kind="stable")
        length = np.concatenate([leaves.length, shared[gaps]])
        first, last = (np.empty(2 * count - 1, dtype=np.intp) for _ in range(2))
        first[:count] = last[:count] = np.arange(count)
        beginning, ending = np.arange(count), np.arange(count)
        levels = []
        for begin, end in _equal_runs(shared[gaps]):
            gap, node = gaps[begin:end], slice(count + begin, count + end)
            left, right = ending[gap], beginning[gap + 1]
            first[node], last[node] = first[left], last[right]
            beginning[first[left]] = ending[last[right]] = np.arange(node.start, node.stop)
            levels.append(Level(node, left, right))
        return cls(leaves, length, first, last, tuple(levels))

    @property
    def family(self) -> Family:
        """Return the family of the leaves."""
        return self.leaves.family

    @property
    def root(self) -> int:
        """Return the number of the node that holds all leaves."""
        return len(self.length) - 1

    def __len__(self) -> int:
        return len(self.length)

    def prefixes(self, nodes: Nodes) -> Prefixes:
        """Return the prefix of each of `nodes`."""
        start, length = self.leaves.start[self.first[nodes]], self.length[nodes]
        return Prefixes(self.family, block_starts(self.family, start, length), length)

    def children(self) -> tuple[Nodes, Nodes]:
        """Return the left and the right child of every inner node, in order of the nodes."""
        none = np.zeros(0, dtype=np.intp)
        left = np.concatenate([none, *(level.left for level in self.levels)])
        return left, np.concatenate([none, *(level.right for level in self.levels)])


def trie_of(partition: Partition) -> tuple[Trie, Labels]:
    """Return the tree over the whole space and the label of each leaf.

    A leaf is a maximal prefix of one label.
    """
    leaves = minimal_cover(partition.family, partition.starts, partition.lasts)
    return Trie.over(leaves), partition.at(leaves.start)


def block_starts(family: Family, inside: Column, lengths: Lengths) -> Column:
    """Return the start of the aligned block of each length that holds each start."""
    if columns.is_wide(inside):
        high, low = columns.split(inside)
        none = columns.join(np.zeros_like(high), np.zeros_like(high))
        host_high, host_low = columns.split(columns.block_lasts(family, none, lengths))
        return columns.join(high & ~host_high, low & ~host_low)
    return inside & ~columns.block_lasts(family, np.zeros_like(inside), lengths)


def _equal_runs(values: Lengths) -> Iterator[tuple[int, int]]:
    """Yield begin and end (exclusive) of the runs of equal values."""
    edges = np.flatnonzero(np.diff(values)) + 1
    stops = [*edges.tolist(), len(values)] if len(values) else []
    return zip([0, *stops], stops, strict=False)
