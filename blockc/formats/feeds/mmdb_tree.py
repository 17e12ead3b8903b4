"""The networks of a MaxMind DB file as publishers write them: every one of them once."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from blockc.addresses.bit_tree import (
    IPV4_DEPTH,
    WIDTH,
    Branches,
    in_address_order,
    ipv4_branch,
    tree_nodes,
)
from blockc.addresses.columns import U64
from blockc.errors import Location, SourceSyntaxError, SourceUnfit
from blockc.values import Value

_PATHS = 3  # a tree has one path to each node, and some files lead to a part of it twice
_FEW = 1000


class Leaves(NamedTuple):
    """Networks in address order, and the number the tree has for the record about each.

    Columns:
        high, low: The upper and lower half of the first address, IPv4 below `::/96`.
        length: As in IPv6.
    """

    high: U64
    low: U64
    length: NDArray[np.int16]
    record: NDArray[np.int64]


def damaged(name: str, message: str) -> SourceSyntaxError:
    """Return the error of a file that contradicts itself."""
    return SourceSyntaxError(message, at=Location(name), hint="fetch it again")


class Tree(Value, eq=False):
    """The nodes of a tree, and the depth of the first: `IPV4_DEPTH` for IPv4 alone, else 0."""

    nodes: NDArray[np.int64]
    top: int

    @classmethod
    def of(cls, data: bytes, count: int, size: int, top: int) -> "Tree":
        """Return the tree of `count` nodes of so many bytes at the beginning of `data`."""
        return cls(tree_nodes(data, count, size), top)

    def leaves(self, name: str, most: int) -> Leaves:
        """Return every network, each once: trees lead to IPv4 from other places, too.

        Raises:
            SourceUnfit: There are more than `most`, or the tree goes in circles.
            SourceSyntaxError: The tree is deeper than an address, or leads to far more networks
                than it has nodes: one node is then the end of many paths, and a small file could
                stand for any number of them.
        """
        count, branches = len(self.nodes), Branches.root()
        shared = ipv4_branch(self.nodes) if self.top == 0 else count
        found, total = list[tuple[int, Branches]](), 0
        for depth in range(self.top + 1, WIDTH + 1):
            node = self.nodes[branches.node].ravel()
            below = int(np.count_nonzero((node < count) & (node != shared)))
            self._require_few(name, total + below)  # before their addresses are made
            branches = branches.below(node, depth)
            found.append((depth, branches.take(node > count)))
            on = (node < count) & (node != shared)
            if depth == IPV4_DEPTH:
                on |= (node == shared) & (node < count) & (branches.high == 0) & (branches.low == 0)
            branches = branches.take(on)
            total += len(found[-1][1].node)
            if total + len(branches.node) > most:
                message = f"lists more than {most:,} networks, or goes in circles"
                hint = "raise expect.max_records if it is meant"
                raise SourceUnfit(message, at=Location(name), hint=hint)
            self._require_few(name, total + len(branches.node))
        if len(branches.node):
            raise damaged(name, "its tree is deeper than an address")
        (record, high, low), length, _ = in_address_order(found)
        return Leaves(high, low, length, record)

    def _require_few(self, name: str, networks: int) -> None:
        if networks > _PATHS * len(self.nodes) + _FEW:
            raise damaged(name, f"its {len(self.nodes):,} nodes cannot hold so many networks")
