"""Rows that overlap, cut so that everywhere only the narrowest of them counts."""

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.columns import ALL, Column, Spans
from blockc.addresses.family import Family
from blockc.addresses.partition import Partition, paint

Order = NDArray[np.intp]


def narrowest_rows(family: Family, spans: Spans) -> tuple[Spans, Order]:
    """Return disjoint spans in address order, and for each the row of `spans` it is a part of.

    Of two rows of one size that overlap the later one counts.

    Cost: O(n log n) for n rows.
    """
    order = _widest_first(*spans)
    start, last = (end[order] for end in spans)
    background = Partition.filled(family, np.int32(0))
    labels = np.arange(1, len(order) + 1, dtype=np.int32)
    picture = paint(background, [(start, last, labels)])
    seen = picture.labels > 0
    runs = columns.narrow_spans(*columns.spans_alike([picture.runs(seen)])[0])
    return runs, order[picture.labels[seen] - 1]


def twins(spans: Spans) -> tuple[Order, Order]:
    """Return pairs of rows with the same span, the first of which comes first."""
    start, last = spans
    order = np.lexsort((last, start))
    same = (start[order][1:] == start[order][:-1]) & (last[order][1:] == last[order][:-1])
    return order[:-1][same], order[1:][same]


def _widest_first(start: Column, last: Column) -> Order:
    """Return the rows by size, the widest first; those of one size in their own order."""
    if not columns.is_wide(start):
        return np.argsort(~(last - start), kind="stable")
    (start_high, start_low), (last_high, last_low) = columns.split(start), columns.split(last)
    borrow = (last_low < start_low).astype(np.uint64)
    high, low = last_high - start_high - borrow, last_low - start_low
    return np.lexsort((ALL - low, ALL - high))
