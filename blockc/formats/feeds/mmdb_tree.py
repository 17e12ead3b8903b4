"""The search tree of a MaxMind DB file, walked a level at a time for all branches at once.

Source: MaxMind DB file format, https://maxmind.github.io/MaxMind-DB/, binary search tree section
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from blockc.addresses.columns import U64
from blockc.errors import Location, SourceSyntaxError, SourceUnfit
from blockc.values import Value

WIDTH = 128
V4_DEPTH = 96  # IPv4 stands below `::/96`
_PATHS = 8  # a tree has one path to each node, and some files lead to a part of it twice
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
    """Where each node leads to on a 0 and on a 1: to a node, nowhere (`count`) or to a record.

    Attributes:
        top: The depth of node 0.
    """

    count: int
    top: int
    zero: NDArray[np.int64]
    one: NDArray[np.int64]

    @classmethod
    def of(cls, data: bytes, count: int, size: int, top: int) -> "Tree":
        """Return the tree at the beginning of `data`.

        Args:
            count: How many nodes it has.
            size: The bytes of a node.
            top: The depth of its first node: `V4_DEPTH` for a tree of IPv4 alone, else 0.
        """
        raw = np.frombuffer(data, dtype=np.uint8, count=count * size).reshape(count, size)
        half = [list(range(size // 2)), list(range((size + 1) // 2, size))]
        zero, one = (_big_endian(raw, places) for places in half)
        if size % 2:  # the byte between them has the upper four bits of both
            zero |= (raw[:, size // 2] >> 4).astype(np.int64) << 24
            one |= (raw[:, size // 2] & 15).astype(np.int64) << 24
        return cls(count, top, zero, one)

    def leaves(self, name: str, most: int) -> Leaves:
        """Return every network, each once: trees lead to IPv4 from other places, too.

        Raises:
            SourceUnfit: There are more than `most`, or the tree goes in circles.
            SourceSyntaxError: The tree is deeper than an address, or leads to far more networks
                than it has nodes: one node is then the end of many paths, and a small file could
                stand for any number of them.
        """
        node = np.zeros(1, dtype=np.int64)
        high, low = np.zeros(1, dtype=np.uint64), np.zeros(1, dtype=np.uint64)
        shared, found, total = self._v4_node(), [_no_leaves()], 0
        for depth in range(self.top, WIDTH):
            node = np.concatenate([self.zero[node], self.one[node]])
            below = np.count_nonzero((node < self.count) & (node != shared))
            if total + below > _PATHS * self.count + _FEW:  # before their addresses are made
                raise damaged(name, f"its {self.count:,} nodes cannot hold so many networks")
            bit = np.uint64(1) << np.uint64(63 - depth % 64)
            high, low = (
                (np.concatenate([high, high | bit]), np.concatenate([low, low]))
                if depth < 64
                else (np.concatenate([high, high]), np.concatenate([low, low | bit]))
            )
            told = node > self.count
            length = np.full(np.count_nonzero(told), depth + 1, dtype=np.int16)
            found.append(Leaves(high[told], low[told], length, node[told]))
            here = (depth + 1 == V4_DEPTH) & (high == 0) & (low == 0)
            on = (node < self.count) & ((node != shared) | here)
            node, high, low = node[on], high[on], low[on]
            total += len(length)
            if total + len(node) > most:
                message = f"lists more than {most:,} networks, or goes in circles"
                hint = "raise expect.max_records if it is meant"
                raise SourceUnfit(message, at=Location(name), hint=hint)
            if total + len(node) > _PATHS * self.count + _FEW:
                raise damaged(name, f"its {self.count:,} nodes cannot hold so many networks")
        if len(node):
            raise damaged(name, "its tree is deeper than an address")
        return _in_order(found)

    def _v4_node(self) -> int:
        """Return the node of `::/96`, or -1 if the tree has none or is of IPv4 alone."""
        node = 0
        for _ in range(self.top, V4_DEPTH):
            if node >= self.count:
                return -1
            node = int(self.zero[node])
        return node if self.top == 0 else -1


def _in_order(parts: Sequence[Leaves]) -> Leaves:
    high, low = (np.concatenate([getattr(p, half) for p in parts]) for half in ("high", "low"))
    order = np.lexsort((low, high))
    length = np.concatenate([part.length for part in parts])[order]
    record = np.concatenate([part.record for part in parts])[order]
    return Leaves(high[order], low[order], length, record)


def _no_leaves() -> Leaves:
    none = np.zeros(0, dtype=np.uint64)
    return Leaves(none, none, np.zeros(0, dtype=np.int16), np.zeros(0, dtype=np.int64))


def _big_endian(raw: NDArray[np.uint8], places: Sequence[int]) -> NDArray[np.int64]:
    number = np.zeros(len(raw), dtype=np.int64)
    for place in places:
        number = number << 8 | raw[:, place]
    return number
