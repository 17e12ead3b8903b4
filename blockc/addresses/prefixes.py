"""The fewest prefixes that cover spans exactly, computed for all spans at once."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.columns import ONE, U64, Column
from blockc.addresses.family import Family, Prefix
from blockc.values import Value

Lengths = NDArray[np.int16]


class Prefixes(Value, eq=False):
    """Prefixes of one family as columns, in the order they were made (address order for covers).

    Invariant: `start` and `length` (bits) have equal length and no start has host bits.
    """

    family: Family
    start: Column
    length: Lengths

    def __post_init__(self) -> None:
        columns.freeze(self.start, self.length)
        if len(self.start) != len(self.length):
            raise ValueError("prefixes have one length a start")
        longest = 128 if columns.is_wide(self.start) else columns.unit_bits(self.family)
        for rows in columns.slices(len(self)):
            start, length = self.start[rows], self.length[rows]
            if ((length < 0) | (length > longest)).any():
                raise ValueError(f"a prefix length is outside 0..{longest}")
            if columns.host_bits(self.family, start, length).any():
                raise ValueError("a prefix has host bits set")

    @classmethod
    def of(cls, family: Family, prefixes: Iterable[Prefix]) -> "Prefixes":
        """Return `prefixes`, all of `family`, as columns in the same order."""
        rows = list(prefixes)
        if any(row.family != family for row in rows):
            raise ValueError(f"not all prefixes are of {family.name}")
        start, _ = columns.span_columns(family, [(row.first, row.last) for row in rows])
        return cls(family, start, np.array([row.length for row in rows], dtype=np.int16))

    @classmethod
    def empty(cls, family: Family) -> "Prefixes":
        """Return no prefixes."""
        return cls(family, np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int16))

    @property
    def last(self) -> Column:
        """Return the inclusive end of each prefix."""
        found = np.empty_like(self.start)
        for rows in columns.slices(len(self)):
            found[rows] = columns.block_lasts(self.family, self.start[rows], self.length[rows])
        return found

    def texts(self) -> list[str]:
        """Return the canonical text of each prefix, `first/length`."""
        from blockc.addresses.lines import prefix_texts

        return prefix_texts(self)

    def __len__(self) -> int:
        return len(self.start)

    def __iter__(self) -> Iterator[Prefix]:
        firsts = columns.ints(self.family, self.start)
        for first, length in zip(firsts, self.length.tolist(), strict=True):
            yield Prefix(self.family, first, length)


def minimal_cover(family: Family, start: Column, last: Column) -> Prefixes:
    """Return the fewest prefixes that each lie in one span and together are all of them.

    Args:
        start: First addresses of sorted, disjoint spans. Touching ones, such as runs of
            different labels, are covered apart from each other.
        last: Their inclusive ends, in the same form.

    Returns:
        Prefixes in address order.

    Raises:
        ValueError: If the spans are not sorted and disjoint.

    Minimal because a prefix inside a span lies inside one of the span's maximal aligned blocks;
    those are disjoint and each needs an entry. They are the binary digits of the distances from
    the span's roundest inner boundary to its two ends.

    Cost: O(n + output) and a few numpy calls a bit of width.
    """
    columns.require_runs(family, start, last)
    starts, lengths = [start[:0]], [np.zeros(0, dtype=np.int16)]
    for rows in columns.slices(len(start)):
        block, length = _cover(family, start[rows], last[rows])
        starts.append(block)
        lengths.append(length)
    return Prefixes(family, np.concatenate(starts), np.concatenate(lengths))


def _cover(family: Family, start: Column, last: Column) -> tuple[Column, Lengths]:
    if columns.is_wide(start):
        return _wide_cover(start, last)
    block, length, _ = _narrow_cover(start, last, columns.unit_bits(family))
    return block, length


def cover_size(family: Family, start: Column, last: Column) -> int:
    """Return `len(minimal_cover(...))`; for narrow columns without making the prefixes."""
    columns.require_runs(family, start, last)
    if columns.is_wide(start):
        return len(_cover(family, start, last)[0])
    return int(_Digits.of(start, last).count.sum())


class _Digits(Value):
    """The maximal aligned blocks of 64-bit spans, as the binary digits of two distances.

    `mid` is the roundest boundary inside a span; `left` and `right` are the distances from it to
    the span's two ends. A span that is itself one block is `single` and has no other digit: its
    size might be 2**64, which does not fit.
    """

    mid: U64
    left: U64
    right: U64
    single: NDArray[np.bool_]

    @classmethod
    def of(cls, start: U64, last: U64) -> "_Digits":
        differ = start ^ last
        single = (differ & (differ + ONE) == 0) & (start & differ == 0)
        height = np.maximum(columns.bit_length(differ).astype(np.uint64), ONE) - ONE
        below = (ONE << height) - ONE
        mid = last & ~below
        zero = np.uint64(0)
        left = np.where(single, zero, mid - start)
        return cls(mid, left, np.where(single, zero, (last & below) + ONE), single)

    @property
    def count(self) -> NDArray[np.int64]:
        """Return how many blocks each span has."""
        left = np.bitwise_count(self.left).astype(np.int64)
        return left + np.bitwise_count(self.right) + self.single


def _narrow_cover(start: U64, last: U64, width: int) -> tuple[U64, Lengths, NDArray[np.int64]]:
    """Return the blocks and lengths of all spans in their order, and how many each span has.

    Every block is written straight to its place, one pass a bit of width.
    """
    digits = _Digits.of(start, last)
    count = digits.count
    offset = np.cumsum(count) - count
    out_start = np.repeat(start, count)
    out_length = np.empty(len(out_start), dtype=np.int16)
    out_length[offset] = width - columns.bit_length(start ^ last).astype(np.int16)
    many = np.flatnonzero(~digits.single)
    start, offset, left, right = start[many], offset[many], digits.left[many], digits.right[many]
    middle, offset_right = digits.mid[many], offset + np.bitwise_count(left)
    for bit in range(width):
        flag = ONE << np.uint64(bit)
        lower = flag - ONE
        rows = np.flatnonzero(left & flag)
        done = left[rows] & lower
        place = offset[rows] + np.bitwise_count(done)
        out_start[place], out_length[place] = start[rows] + done, width - bit
        rows = np.flatnonzero(right & flag)
        done = right[rows] & ~(lower | flag)
        place = offset_right[rows] + np.bitwise_count(done)
        out_start[place], out_length[place] = middle[rows] + done, width - bit
    return out_start, out_length, count


def _wide_cover(start: Column, last: Column) -> tuple[Column, Lengths]:
    """Cover 128-bit spans with the 64-bit routine, each cut into a front, whole /64s and a tail.

    Exact because a maximal aligned block is a union of whole /64s or lies strictly inside one.
    """
    (start_high, start_low), (last_high, last_low) = columns.split(start), columns.split(last)
    one, zero = start_high == last_high, np.zeros_like(start_low)
    front = (start_low != 0) | (one & (last_low != columns.ALL))
    tail = (last_low != columns.ALL) & ~one
    first, final = start_high + front, last_high - tail
    pieces = np.stack([front, (first <= final) & ~(one & front), tail], axis=1)
    top = np.where(one, last_low, columns.ALL)
    begin = np.stack([start_low, first, zero], axis=1)[pieces]
    end = np.stack([top, final, last_low], axis=1)[pieces]
    high = np.stack([start_high, zero, last_high], axis=1)[pieces]
    block, length, count = _narrow_cover(begin, end, 64)
    fine = np.repeat(np.broadcast_to([True, False, True], pieces.shape)[pieces], count)
    starts = columns.join(np.where(fine, np.repeat(high, count), block), np.where(fine, block, 0))
    return starts, (length + np.int16(64) * fine).astype(np.int16)


def spaces(family: Family, starts: list[int], most: int) -> Iterator[tuple[Prefix, slice]]:
    """Yield the widest prefixes that hold some addresses and at most `most`, and which.

    Where they begin depends on the addresses and not on how many come before: one more moves no
    other into another prefix, unless its own is full and becomes two.

    Args:
        starts: Addresses in order.

    Cost: O(log n) for each prefix.
    """
    waiting = [(Prefix(family, 0, 0), 0, len(starts))]
    while waiting:
        prefix, begin, end = waiting.pop()
        if end - begin <= most:
            if begin < end:
                yield prefix, slice(begin, end)
            continue
        length = prefix.length + 1
        half = prefix.first | 1 << (family.width - length)
        middle = bisect_left(starts, half, begin, end)
        waiting.append((Prefix(family, half, length), middle, end))
        waiting.append((Prefix(family, prefix.first, length), begin, middle))
