"""Every map of a small space, and the slow obvious optimum over every list of prefixes."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product

import numpy as np

from blockc.addresses import columns
from blockc.addresses.addrmap import AddrMap
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import V6, Family
from blockc.addresses.partition import Partition

TOY = Family(0, 3)
SMALL = Family(0, 2)
Labels = tuple[int, ...]


def names(count: int) -> tuple[str, ...]:
    """Return the names of `count` labels, the default first."""
    return ("", *(f"v{label}" for label in range(1, count)))


def every_labelling(labels: int, width: int = TOY.width) -> Iterator[Labels]:
    """Yield every assignment of `labels` labels to the addresses of a space."""
    return product(range(labels), repeat=1 << width)


def some_labellings(labels: int, count: int) -> Iterator[Labels]:
    """Yield seeded random assignments, the same ones every time."""
    rows = np.random.default_rng(20181013).integers(0, labels, (count, TOY.size))
    yield from map(tuple, rows.tolist())


def partition(labels: Sequence[int], family: Family = TOY) -> Partition:
    """Return the partition with a label an address."""
    starts = np.arange(len(labels), dtype=np.uint64)
    return Partition.of(family, starts, np.array(labels, dtype=np.int32))


def address_map(labels: Sequence[int], family: Family = TOY, count: int = 0) -> AddrMap:
    """Return the map of one family with a label an address."""
    return AddrMap((partition(labels, family),), names(max(count, *labels, 1) + 1))


def address_set(bits: Sequence[int], family: Family = TOY) -> AddrSet:
    """Return the set of the addresses whose bit is not zero."""
    flags = partition(bits, family)
    return AddrSet((flags.relabel(flags.labels != 0),))


def cells(one: AddrMap) -> Labels:
    """Return the label of every address of a map of one small family."""
    part = one.parts[0]
    return tuple(part.at(np.arange(part.family.size, dtype=np.uint64)).tolist())


def deep(labels: Sequence[int], bit: int = 62) -> Partition:
    """Return the same pattern inside IPv6, one cell `2**bit` addresses.

    With bits 63 and less the pattern is finer than a /64, which takes wide columns.
    """
    base = (0x2001_0DB8 << 96) >> (bit + TOY.width) << (bit + TOY.width)
    firsts = [base + (cell << bit) for cell in range(len(labels) + 1)]
    starts, values = columns.column(V6, firsts), np.array([*labels, 0], dtype=np.int32)
    if base:
        starts = np.concatenate(columns.alike([np.zeros(1, dtype=np.uint64), starts]))
        values = np.append(np.int32(0), values)
    return Partition.of(V6, starts, values)


@cache
def prefixes(width: int, allowed: tuple[int, ...] = ()) -> tuple[tuple[int, int], ...]:
    """Return every prefix of a space as `(first, stop)`, shorter ones first.

    Args:
        allowed: The lengths a prefix may have; none: any.
    """
    return tuple(
        (first, first + (1 << (width - length)))
        for length in sorted(allowed or range(width + 1))
        for first in range(0, 1 << width, 1 << (width - length))
    )
