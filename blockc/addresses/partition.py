"""A family's whole space cut into runs with a label each, and the sweep over several of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.columns import Column
from blockc.addresses.family import Family

Labels = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Partition:
    """A label for every address of `family`.

    Invariant: `starts[0]` is 0, starts increase strictly, neighbouring labels differ, and the
    column is narrow whenever it can be; so equal partitions have equal arrays. Ends are not
    stored: `2**width` does not fit its column.
    """

    family: Family
    starts: Column
    labels: Labels

    @classmethod
    def of(cls, family: Family, starts: Column, labels: Labels) -> "Partition":
        """Return the canonical partition of strictly increasing `starts` with `labels`."""
        if not len(starts) or columns.ints(family, starts[:1]) != [0]:
            raise ValueError("a partition starts at address 0")
        changes = np.empty(len(labels), dtype=bool)
        changes[0] = True
        np.not_equal(labels[1:], labels[:-1], out=changes[1:])
        return cls(family, columns.narrow(starts[changes]), labels[changes])

    @classmethod
    def filled(cls, family: Family, label: Any) -> "Partition":
        """Return the space with the one `label` everywhere; its type decides the label type."""
        return cls(family, np.zeros(1, dtype=np.uint64), np.array([label]))

    @property
    def lasts(self) -> Column:
        """Return the inclusive end of every run."""
        return columns.before(self.family, np.roll(self.starts, -1))

    def at(self, addresses: Column) -> Labels:
        """Return the label of each address."""
        starts, wanted = columns.alike([self.starts, addresses])
        return self.labels[np.searchsorted(starts, wanted, side="right") - 1]

    def relabel(self, labels: Labels) -> "Partition":
        """Return the partition with `labels` in place of its own, run by run."""
        return Partition.of(self.family, self.starts, labels)

    def runs(self, chosen: NDArray[np.bool_]) -> tuple[Column, Column]:
        """Return start and inclusive end of the runs where `chosen` is true."""
        return self.starts[chosen], self.lasts[chosen]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Partition):
            return NotImplemented
        return (
            self.family == other.family
            and np.array_equal(self.starts, other.starts)
            and np.array_equal(self.labels, other.labels)
        )

    __hash__ = None  # type: ignore[assignment]  # arrays are compared, never looked up


def overlay(*partitions: Partition) -> tuple[Column, list[Labels]]:
    """Return the common slots of `partitions` of one family and each one's labels there.

    Between two neighbouring slot starts every partition is constant: comparing labels slot by
    slot decides a question about the whole space.

    Cost: O(n log n) for n runs in all.
    """
    aligned = columns.alike([partition.starts for partition in partitions])
    if len(partitions) == 1:
        return aligned[0], [partitions[0].labels]
    slots = columns.distinct(np.concatenate(aligned))
    labels = [
        partition.labels[np.searchsorted(starts, slots, side="right") - 1]
        for starts, partition in zip(aligned, partitions, strict=True)
    ]
    return slots, labels


def paint(
    background: Partition, layers: Sequence[tuple[Column, Column, Labels]]
) -> Partition:
    """Return `background` with each layer of spans painted over it, later layers on top.

    Args:
        background: What is seen where no span lies.
        layers: Start, inclusive end and label of spans; the spans of one layer are disjoint.

    Raises:
        ValueError: If two spans of one layer overlap.

    Cost: O(n log n) in the sort and O(slots covered) a layer.
    """
    family = background.family
    flat = columns.spans_alike([(background.starts, background.starts)] + [
        (start, last) for start, last, _ in layers
    ])
    stops = [columns.after(family, last) for _, last in flat[1:]]
    slots = columns.distinct(np.concatenate([start for start, _ in flat] + stops))
    picture = background.labels[np.searchsorted(flat[0][0], slots, side="right") - 1]
    for (start, _), stop, (_, _, labels) in zip(flat[1:], stops, layers, strict=True):
        first = np.searchsorted(slots, start)
        end = np.searchsorted(slots, stop)
        end[end == 0] = len(slots)
        _paint_layer(picture, first, end, labels)
    return Partition.of(family, slots, picture)


def _paint_layer(
    picture: Labels, first: NDArray[np.intp], end: NDArray[np.intp], labels: Labels
) -> None:
    """Write each label over the slots `first..end` (exclusive) of `picture`, in place."""
    order = np.argsort(first, kind="stable")
    first, end, labels = first[order], end[order], labels[order]
    if (first[1:] < end[:-1]).any():
        raise ValueError("spans of one layer overlap")
    lengths = end - first
    offsets = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    picture[np.repeat(first, lengths) + offsets] = np.repeat(labels, lengths)


def merge_spans(family: Family, start: Column, last: Column) -> tuple[Column, Column]:
    """Return the maximal runs of the union of spans in any order, overlapping or touching.

    Args:
        start: Column of first addresses, shape (n,).
        last: Column of inclusive ends in the same form.

    Returns:
        Sorted, disjoint, non-touching spans, never views of the input.

    Cost: O(n log n) in the sort.
    """
    if columns.is_wide(start):
        return _merge_wide(family, start, last)
    order = np.argsort(start)
    start, last = start[order], last[order]
    if not len(start):
        return start, last
    reach = np.maximum.accumulate(last)
    opens = np.empty(len(start), dtype=bool)
    opens[0] = True
    # Touching spans are one run. `start > reach` rules out the wrap of zero before it matters.
    opens[1:] = (start[1:] > reach[:-1]) & (start[1:] - np.uint64(1) != reach[:-1])
    closes = np.append(np.flatnonzero(opens)[1:], len(start)) - 1
    return start[opens], reach[closes]


def _merge_wide(family: Family, start: Column, last: Column) -> tuple[Column, Column]:
    """Merge by rank: the same merge over the positions of the boundaries in address order."""
    stop = columns.after(family, last)
    keys = columns.distinct(np.concatenate([start, stop]))
    first = np.searchsorted(keys, start).astype(np.uint64)
    end = np.searchsorted(keys, stop).astype(np.uint64)
    end[end == 0] = len(keys)  # the end of the space wrapped to address 0
    first, final = merge_spans(Family(0, 64), first, end - np.uint64(1))
    runs = keys[first], columns.before(family, keys[(final + np.uint64(1)) % len(keys)])
    return columns.narrow_spans(*runs)


def set_partition(family: Family, start: Column, last: Column) -> Partition:
    """Return the partition that is true on the union of the spans and false elsewhere."""
    start, last = columns.narrow_spans(*merge_spans(family, start, last))
    stop = columns.after(family, last)
    starts = np.empty(2 * len(start), dtype=start.dtype)
    starts[0::2], starts[1::2] = start, stop
    labels = np.tile(np.array([True, False]), len(start))
    if len(start) and not columns.ints(family, stop[-1:])[0]:
        starts, labels = starts[:-1], labels[:-1]
    if not len(start) or columns.ints(family, start[:1]) != [0]:
        zero = np.zeros(1, dtype=np.uint64)
        starts = np.concatenate(columns.alike([zero, starts]))
        labels = np.concatenate([[False], labels])
    return Partition.of(family, starts, labels)
