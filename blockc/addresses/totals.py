"""How many addresses spans and runs hold, exactly, for columns of any length."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.columns import Column
from blockc.addresses.family import Family

Labels = NDArray[np.int32] | NDArray[np.bool_]
_Piece = tuple[Column, Column, Labels]
_LOW32 = np.uint64(0xFFFF_FFFF)


def total(family: Family, start: Column, last: Column) -> int:
    """Return the number of addresses in the disjoint spans."""
    return totals(family, start, last, np.broadcast_to(np.False_, len(start)), 1)[0]


def totals(family: Family, start: Column, last: Column, labels: Labels, count: int) -> list[int]:
    """Return the number of addresses in the disjoint spans of each label below `count`."""
    pieces = ((start[rows], last[rows], labels[rows]) for rows in columns.slices(len(labels)))
    return _totals(family, pieces, count)


def run_totals(family: Family, starts: Column, labels: Labels, count: int) -> list[int]:
    """Return the number of addresses in the runs of each label below `count`.

    Args:
        starts: Where each run starts, the first one at address 0; see `columns.run_lasts`.
    """
    rows_of = columns.slices(len(labels))
    pieces = (
        (starts[rows], columns.run_lasts(family, starts, rows), labels[rows]) for rows in rows_of
    )
    return _totals(family, pieces, count)


def sizes(family: Family, start: Column, last: Column) -> list[int]:
    """Return the number of addresses of each span."""
    pairs = zip(columns.ints(family, start), columns.last_ints(family, last), strict=True)
    return [end - first + 1 for first, end in pairs]


def _totals(family: Family, pieces: Iterable[_Piece], count: int) -> list[int]:
    """Return the sums for each label, of few spans at a time.

    They are added 32 bits at a time: a float holds the sum of 2**21 such numbers exactly.
    """
    found = [0] * count
    for start, last, labels in pieces:
        number, grain = labels.astype(np.intp), 0 if columns.is_wide(start) else family.grain
        sums = np.bincount(number, minlength=count).tolist()  # inclusive ends: one more each
        for place, limb in enumerate(_limbs(start, last)):
            more = np.bincount(number, limb, minlength=count).tolist()
            sums = [one + (int(n) << 32 * place) for one, n in zip(sums, more, strict=True)]
        found = [one + (n << grain) for one, n in zip(found, sums, strict=True)]
    return found


def _limbs(start: Column, last: Column) -> Iterator[Column]:
    """Yield the distances of spans from first to last, 32 bits of them after others."""
    if not columns.is_wide(start):
        high, low = None, last - start
    else:
        (start_high, start_low), (last_high, last_low) = columns.split(start), columns.split(last)
        high, low = last_high - start_high - (last_low < start_low), last_low - start_low
    for half in (low,) if high is None else (low, high):
        yield half & _LOW32
        yield half >> np.uint64(32)
