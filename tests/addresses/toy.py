"""Small families of which every input can be tried, and ways from plain values to columns."""

from collections.abc import Iterable, Sequence

import numpy as np

from blockc.addresses import columns
from blockc.addresses.addrset import AddrSet
from blockc.addresses.columns import Spans
from blockc.addresses.family import V4, V6, Family
from blockc.addresses.partition import Partition
from tests.addresses.oracle import Range

TOY = Family(0, 3)
#: Addresses around which off-by-one and wrap mistakes live, a family.
EDGES = {
    TOY: (0, 3, 4, 7),
    V4: (0, 1 << 16, 1 << 31, (1 << 32) - 1),
    V6: (0, 1 << 32, 1 << 64, 0x2001_0DB8 << 96, (1 << 127) + (1 << 64), (1 << 128) - 1),
}


def every_subset(width: int = TOY.width) -> list[frozenset[int]]:
    """Return every set of addresses of a family of `width` bits, the bits of its own number."""
    cells = range(1 << width)
    return [frozenset(c for c in cells if bits >> c & 1) for bits in range(1 << (1 << width))]


def ranges(cells: Iterable[int]) -> list[Range]:
    """Return single addresses as ranges of one."""
    return [(cell, cell) for cell in cells]


def every_range(family: Family = TOY) -> list[Range]:
    """Return every range of a small family."""
    return [(first, last) for first in range(family.size) for last in range(first, family.size)]


def spans(family: Family, pairs: Sequence[Range], *, wide: bool = False) -> Spans:
    """Return ranges as columns, wide if asked although they need not be."""
    start, last = columns.span_columns(family, pairs)
    return (columns.widen(start), columns.widen_lasts(last)) if wide else (start, last)


def pairs(family: Family, found: Spans) -> list[Range]:
    """Return columns as ranges of Python integers."""
    first, last = columns.ints(family, found[0]), columns.last_ints(family, found[1])
    return list(zip(first, last, strict=True))


def address_set(family: Family, found: Sequence[Range]) -> AddrSet:
    """Return the union of ranges of one family."""
    return AddrSet.of_spans({family: spans(family, found)})


def labelled(part: Partition) -> list[tuple[int, int]]:
    """Return start and label of every run of a partition."""
    starts = columns.ints(part.family, part.starts)
    return list(zip(starts, part.labels.tolist(), strict=True))


def int32(values: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Return labels as a column."""
    return np.array(values, dtype=np.int32)
