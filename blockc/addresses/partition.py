"""A family's whole space cut into runs with a label each, and the sweep over several of them."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.columns import Column, is_wide
from blockc.addresses.family import Family
from blockc.addresses.totals import run_totals
from blockc.values import Value

Labels = NDArray[Any]


class Pieces(Value, eq=False):
    """Spans cut where the label of a partition changes.

    Attributes:
        span: The position of the span that each piece is of.
        start, last: First and last address of each piece, inclusive.
        labels: The label that holds there.
    """

    span: NDArray[np.intp]
    start: Column
    last: Column
    labels: Labels


class Partition(Value, eq=False):
    """A label for every address of `family`.

    Invariant: `starts[0]` is 0, starts increase strictly, neighbouring labels differ, and the
    column is narrow whenever it can be; so equal partitions have equal arrays. Ends are not
    stored: `2**width` does not fit its column.
    """

    family: Family
    starts: Column
    labels: Labels

    def __post_init__(self) -> None:
        columns.freeze(self.starts, self.labels)
        if len(self.starts) != len(self.labels):
            raise ValueError("a partition has one label a run")
        if not len(self.starts) or columns.ints(self.family, self.starts[:1]) != [0]:
            raise ValueError("a partition starts at address 0")
        if np.count_nonzero(self.starts[1:] <= self.starts[:-1]):
            raise ValueError("the runs of a partition are not in order")
        if np.count_nonzero(self.labels[1:] == self.labels[:-1]):
            raise ValueError("neighbouring runs of a partition have one label")

    @classmethod
    def of(cls, family: Family, starts: Column, labels: Labels) -> "Partition":
        """Return the canonical partition of strictly increasing `starts` with `labels`."""
        changes = np.ones(len(labels), dtype=bool)
        np.not_equal(labels[1:], labels[:-1], out=changes[1:])
        starts, labels = columns.chosen(starts, changes), columns.chosen(labels, changes)
        return cls(family, columns.narrow(starts), labels)

    @classmethod
    def filled(cls, family: Family, label: Any) -> "Partition":
        """Return the space with the one `label` everywhere; its type decides the label type."""
        return cls(family, np.zeros(1, dtype=np.uint64), np.array([label]))

    @property
    def lasts(self) -> Column:
        """Return the inclusive end of every run."""
        return columns.run_lasts(self.family, self.starts)

    def totals(self, count: int) -> list[int]:
        """Return the number of addresses with each label below `count`."""
        return run_totals(self.family, self.starts, self.labels, count)

    def at(self, addresses: Column) -> Labels:
        """Return the label of each address of a column of starts.

        Ends in a narrow column are not addresses: pass them through `columns.widen_lasts`.
        """
        found = np.empty(len(addresses), dtype=self.labels.dtype)
        for rows in columns.slices(len(addresses)):
            found[rows] = self.labels[self.run_of(addresses[rows])]
        return found

    def run_of(self, addresses: Column) -> NDArray[np.intp]:
        """Return the position of the run that holds each address of a column of starts."""
        starts, wanted = columns.alike([self.starts, addresses])
        found: NDArray[np.intp] = np.searchsorted(starts, wanted, side="right") - 1
        return found

    def relabel(self, labels: Labels) -> "Partition":
        """Return the partition with `labels` in place of its own, run by run."""
        return Partition.of(self.family, self.starts, labels)

    def runs(self, chosen: NDArray[np.bool_]) -> tuple[Column, Column]:
        """Return start and inclusive end of the runs where `chosen` is true."""
        start = np.empty(np.count_nonzero(chosen), dtype=self.starts.dtype)
        last, filled = np.empty_like(start), 0
        for starts, lasts in self.run_pieces(chosen):
            here = slice(filled, filled + len(starts))
            start[here], last[here], filled = starts, lasts, here.stop
        return start, last

    def run_pieces(self, chosen: NDArray[np.bool_]) -> Iterator[tuple[Column, Column]]:
        """Yield the same, some runs after others."""
        for rows in columns.slices(len(self.starts)):
            here = chosen[rows]
            yield self.starts[rows][here], columns.run_lasts(self.family, self.starts, rows)[here]

    def cut(self, start: Column, last: Column) -> "Pieces":
        """Return spans cut where the label changes.

        Args:
            start: First addresses of spans, in any order.
            last: Their inclusive ends, in the same form.

        Cost: O(m log n + pieces) for m spans and n runs.
        """
        runs, ends = self.starts, self.lasts
        (runs, ends), (start, last) = columns.spans_alike([(runs, ends), (start, last)])
        first = np.searchsorted(runs, start, side="right") - 1
        final = np.searchsorted(runs, last, side="right") - 1
        counts = final - first + 1
        span = np.repeat(np.arange(len(start)), counts)
        begins = np.cumsum(counts) - counts
        run = first[span] + np.arange(len(span)) - begins[span]
        opens = np.where(run == first[span], start[span], runs[run])
        closes = np.where(run == final[span], last[span], ends[run])
        return Pieces(span, opens, closes, self.labels[run])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Partition):
            return NotImplemented
        return (
            self.family == other.family
            and np.array_equal(self.starts, other.starts)
            and np.array_equal(self.labels, other.labels)
        )

    def __ne__(self, other: object) -> bool:
        return not self == other  # a value's own would compare arrays as objects

    __hash__ = None  # type: ignore[assignment]  # arrays are compared, never looked up


def overlay(*partitions: Partition) -> tuple[Column, list[Labels]]:
    """Return the common slots of `partitions` of one family and each one's labels there.

    Between two neighbouring slot starts every partition is constant: comparing labels slot by
    slot decides a question about the whole space.

    Cost: O(n log n) for n runs in all.
    """
    if len({partition.family for partition in partitions}) != 1:
        raise ValueError("an overlay needs partitions of one family")
    cutting = [partition for partition in partitions if len(partition.starts) > 1]
    if cutting and len(cutting) < len(partitions):  # one run is no boundary, as of an empty set
        slots, found = overlay(*cutting)
        label = iter(found)
        return slots, [
            next(label) if len(one.starts) > 1 else np.broadcast_to(one.labels, len(slots))
            for one in partitions
        ]
    starts = columns.alike([partition.starts for partition in partitions])
    return spread_over_slots(starts, [partition.labels for partition in partitions])


def spread_over_slots(
    starts: Sequence[Column], labels: Sequence[Labels]
) -> tuple[Column, list[Labels]]:
    """Return the common slots of several cuts of one space, and the labels of each there.

    Args:
        starts: Where the runs of each cut start, in one form, the first of each at address 0.
        labels: The labels of its runs.

    Cost: O(n) for the cut with the most runs, O(n log n) for the others.
    """
    distinct: list[Column] = []
    which = [_place(distinct, one) for one in starts]
    if len(distinct) == 1:
        return distinct[0], list(labels)
    slots, added = columns.merged(distinct)
    longest = max(distinct, key=len)
    found = []
    for at, own in zip(which, labels, strict=True):
        if distinct[at] is longest:
            found.append(np.insert(own, added, own[added - 1]) if len(added) else own)
        else:
            found.append(spread(own, np.searchsorted(slots, distinct[at]), len(slots)))
    return slots, found


def _place(known: list[Column], column: Column) -> int:
    """Return the position of an equal column among the known ones, which has it from now on."""
    for at, one in enumerate(known):
        if np.array_equal(one, column):
            return at
    known.append(column)
    return len(known) - 1


def spread(labels: Labels, begins: NDArray[np.intp], slots: int) -> Labels:
    """Return the label of each of many slots of a run's labels.

    Args:
        begins: The slot in which each run begins, the first one in slot 0.
        slots: How many slots there are.
    """
    return np.repeat(labels, np.diff(begins, append=slots))


def paint(background: Partition, layers: Sequence[tuple[Column, Column, Labels]]) -> Partition:
    """Return `background` with spans painted over it, each over all that came before it.

    Args:
        background: What is seen where no span lies.
        layers: Start, inclusive end and label of spans, as any number of pieces.

    Cost: O(n log n) in the sort and O(slots) for each doubling of the longest span, in slots.
    """
    family = background.family
    starts, start, last, labels = _stacked(background, layers)
    columns.require_spans(family, start, last)
    stop = columns.after(family, last)
    slots, (begins, first, end) = columns.ranked([starts, start, stop])
    end[end == 0] = len(slots)  # the end of the space wrapped to address 0
    top = _topmost(len(slots), first, end)
    picture = spread(background.labels, begins, len(slots))
    painted = top >= 0
    picture[painted] = labels[top[painted]]
    return Partition.of(family, slots, picture)


def _stacked(
    background: Partition, layers: Sequence[tuple[Column, Column, Labels]]
) -> tuple[Column, Column, Column, Labels]:
    """Return the background's starts and the spans and labels of all layers, all in one form."""
    none = np.zeros(0, dtype=np.uint64)
    pairs = [(none, none), *((start, last) for start, last, _ in layers)]
    if is_wide(background.starts):
        pairs[0] = columns.widen(none), columns.widen(none)
    pairs = columns.spans_alike(pairs)
    start = np.concatenate([start for start, _ in pairs])
    last = np.concatenate([last for _, last in pairs])
    labels = np.concatenate([background.labels[:0], *(labels for _, _, labels in layers)])
    starts = columns.widen(background.starts) if is_wide(start) else background.starts
    return starts, start, last, labels.astype(background.labels.dtype, casting="same_kind")


def _topmost(slots: int, first: NDArray[np.intp], end: NDArray[np.intp]) -> NDArray[np.int32]:
    """Return for each slot the highest position of a span `first..end` that covers it, else -1.

    A span is the union of two blocks of some power of two slots. So each span enters a table of
    blocks of that size twice, and every table hands its blocks down as halves to the next.
    """
    level = columns.bit_length((end - first).astype(np.uint64))
    top = np.full(slots, -1, dtype=np.int32)
    for height in range(int(level.max(initial=1)) - 1, -1, -1):
        here = np.flatnonzero(level == height + 1).astype(np.int32)
        for at in (first[here], end[here] - (1 << height)):
            top[at] = np.maximum(top[at], here)  # `here` ascends, and the last assignment stays
        if height:
            half = 1 << (height - 1)
            lower = top.copy()
            np.maximum(top[half:], top[:-half], out=lower[half:])
            top = lower
    return top


def merge_spans(family: Family, start: Column, last: Column) -> tuple[Column, Column]:
    """Return the maximal runs of the union of spans in any order, overlapping or touching.

    Starts and ends are sorted apart from each other: a run ends with the i-th end just if the
    next start in order lies beyond it, for then as many spans have ended as have begun.

    Args:
        start: Column of first addresses, shape (n,).
        last: Column of inclusive ends in the same form.

    Returns:
        Sorted, disjoint, non-touching spans in the same form, never views of the input.

    Raises:
        ValueError: If a span is empty or not of the family.

    Cost: O(n log n) in the sort.
    """
    columns.require_spans(family, start, last)
    starts, lasts = columns.ordered_spans(start, last)
    gaps = _gaps(family, starts, lasts)
    if len(gaps) + 1 == len(starts):
        return starts, lasts
    edge = np.arange(min(1, len(starts)))
    opens, closes = np.concatenate([edge, gaps + 1]), np.concatenate([gaps, edge - 1])
    return starts[opens], lasts[closes]


def _gaps(family: Family, starts: Column, lasts: Column) -> NDArray[np.intp]:
    """Return the rows, of sorted starts and ends, whose end does not reach the next start."""
    found = [np.zeros(0, dtype=np.intp)]
    for rows in columns.slices(max(0, len(starts) - 1)):
        start, last = starts[1:][rows], lasts[rows]
        apart = (start > last) & (start != columns.after(family, last))
        found.append(np.flatnonzero(apart) + rows.start)
    return np.concatenate(found)


def set_partition(family: Family, start: Column, last: Column) -> Partition:
    """Return the partition that is true on the union of the spans and false elsewhere."""
    (spans,) = columns.spans_alike([(start, last)])
    start, last = columns.narrow_spans(*merge_spans(family, *spans))
    starts, labels = _laid_out(family, start, last, np.broadcast_to(np.True_, len(start)))
    del start, last  # half as large as what was made of them, which is looked over now
    return Partition.of(family, starts, labels)


def laid_out(family: Family, start: Column, last: Column, labels: Labels) -> Partition:
    """Return the partition with `labels` on spans and the zero of their type elsewhere.

    Args:
        start: First addresses of sorted, disjoint spans.
        last: Their inclusive ends, in the same form.

    Raises:
        ValueError: If the spans are not sorted and disjoint.

    Cost: O(n).
    """
    return Partition.of(family, *_laid_out(family, start, last, labels))


def _laid_out(family: Family, start: Column, last: Column, labels: Labels) -> tuple[Column, Labels]:
    """Return starts and labels of that partition; neighbours may still have one label."""
    columns.require_runs(family, start, last)
    starts = np.empty(2 * len(start) + 1, dtype=start.dtype)
    values = np.empty(2 * len(start) + 1, dtype=labels.dtype)
    filled, stop, label = 0, columns.first_address(start), labels[:1]
    for rows in columns.slices(len(start)):
        stops = np.concatenate([stop, columns.after(family, last[rows])])
        own = np.concatenate([label, labels[rows]])
        # Of each span: a gap where the one before stops, and the span, unless it only goes on.
        gap = stops[:-1] != start[rows]
        keep = np.stack([gap, gap | (own[1:] != own[:-1])], axis=1)
        keep[0, 1] |= not filled
        some = slice(filled, filled + int(np.count_nonzero(keep)))
        starts[some] = np.stack([stops[:-1], start[rows]], axis=1)[keep]
        values[some] = np.stack([np.zeros_like(own[1:]), own[1:]], axis=1)[keep]
        filled, stop, label = some.stop, stops[-1:], own[-1:]
    if not filled or stop != columns.first_address(start):  # else a span ends the space
        starts[filled], values[filled] = stop[0], 0
        filled += 1
    return starts[:filled], values[:filled]
