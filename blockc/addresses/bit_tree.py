"""Binary trees of networks as MaxMind DB files hold them, walked a level at a time.

A node leads on for a 0 and for a 1: to a node, to nowhere (the number of nodes) or to what is
said about a network (a larger number). All branches of a level are columns, so a walk takes at
most 128 steps. Who walks decides what a tree may look like.

Source: MaxMind DB file format, https://maxmind.github.io/MaxMind-DB/, binary search tree section
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from blockc.addresses.columns import U64

WIDTH, IPV4_DEPTH = 128, 96  # IPv4 stands below `::/96`
Numbers = NDArray[np.int64]


def tree_nodes(data: bytes, count: int, size: int) -> Numbers:
    """Return where each node leads on a 0 and on a 1, shape (count, 2).

    Args:
        data: The file, which begins with the tree.
        size: The bytes of a node: 6, 7 or 8.
    """
    raw = np.frombuffer(data, np.uint8, count * size).reshape(count, size)
    half, odd = divmod(size, 2)
    found = np.zeros((count, 2), np.int64)
    for branch in (0, 1):
        if odd:  # the byte between them has the upper four bits of both
            found[:, branch] = raw[:, half] >> 4 * (1 - branch) & 15
        for column in range(half):
            found[:, branch] = found[:, branch] << 8 | raw[:, branch * (half + odd) + column]
    return found


def ipv4_branch(nodes: Numbers) -> int:
    """Return where `::/96` leads, or the number of nodes where the tree ends above it."""
    node = 0
    for _ in range(IPV4_DEPTH):
        if node >= len(nodes):
            return len(nodes)
        node = int(nodes[node, 0])
    return node


class Branches(NamedTuple):
    """Branches of a tree.

    Columns:
        node: Where each leads.
        high, low: The upper and lower half of its first address, IPv4 below `::/96`.
    """

    node: Numbers
    high: U64
    low: U64

    @classmethod
    def root(cls) -> "Branches":
        """Return the one that leads to the first node."""
        return cls(np.zeros(1, np.int64), np.zeros(1, np.uint64), np.zeros(1, np.uint64))

    def below(self, node: Numbers, depth: int) -> "Branches":
        """Return both branches of each node, `depth` bits long, the first behind the other.

        Args:
            node: Where they lead.
        """
        pair = np.array([0, 1 << (-depth % 64)], np.uint64)
        upper, lower = (pair, pair[:1]) if depth <= 64 else (pair[:1], pair)
        high, low = (
            np.broadcast_to(half[:, None] | bit, (len(half), 2)).ravel()
            for half, bit in ((self.high, upper), (self.low, lower))
        )
        return Branches(node, high, low)

    def take(self, chosen: NDArray[np.bool_]) -> "Branches":
        """Return those that a mask picks."""
        return Branches(self.node[chosen], self.high[chosen], self.low[chosen])


def in_address_order(
    found: Sequence[tuple[int, Branches]],
) -> tuple[Branches, NDArray[np.int16], NDArray[np.intp]]:
    """Return branches of several lengths in one, the length of each, and which place each had."""
    none = Branches.root().take(np.zeros(1, bool))
    high, low = (np.concatenate([none[n], *(one[n] for _, one in found)]) for n in (1, 2))
    order = np.lexsort((low, high))
    node = np.concatenate([none.node, *(one.node for _, one in found)])[order]
    lengths = np.array([length for length, _ in found], np.int16)
    length = np.repeat(lengths, [len(one.node) for _, one in found])[order]
    return Branches(node, high[order], low[order]), length, order
