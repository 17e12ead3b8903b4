"""Columns of addresses: numpy arrays of unsigned numbers up to 128 bits wide.

A column is *narrow* or *wide*, and its dtype says which:

* narrow: uint64, counting units of `2**family.grain` addresses. For IPv4 a unit is one address,
  for IPv6 a /64, and all the registries' IPv6 data is made of whole /64s.
* wide: `S16`, the 16 bytes of an address in network order, only for IPv6 with something finer
  than a /64. numpy compares, sorts and searches such strings in address order.

Order and equality, which is all that set algebra needs, are the same code for both. Arithmetic
lives in this module alone, so nothing else can truncate. A span is a pair of columns
`start, last`, both inclusive; a narrow `last` stands for the end of its unit.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockc.addresses.family import Family

WIDE = np.dtype("S16")
Column = NDArray[Any]
U64 = NDArray[np.uint64]
ONE = np.uint64(1)
ALL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
Spans = tuple[Column, Column]
_LOW32 = np.uint64(0xFFFF_FFFF)
_PIECE = 1 << 16  # rows at a time: what is computed from them fits the cache and no other memory
_MOST_BITS = 256  # in either direction, of a number of host bits before it is clamped
_HOST_MASKS = np.array(
    [(1 << min(max(bits, 0), 64)) - 1 for bits in range(-_MOST_BITS, _MOST_BITS + 1)],
    dtype=np.uint64,
)


def freeze(*arrays: Column) -> None:
    """Make `arrays` read-only: frozen values own them, and may share them."""
    for array in arrays:
        array.flags.writeable = False


def slices(count: int, size: int = 0) -> Iterator[slice]:
    """Yield slices that cut so many rows into pieces.

    Columns of millions of rows are worked on in pieces where that needs several columns more: those
    fit the cache then, and take no memory beside the result.
    """
    size = size or _PIECE
    return (slice(at, min(at + size, count)) for at in range(0, count, size))


def piecewise(law: Callable[[Column], Column], column: Column) -> Column:
    """Return `law` of a column, of the same type, worked out in pieces; see `slices`."""
    if len(column) <= _PIECE:
        return law(column)
    found = np.empty_like(column)
    for rows in slices(len(column)):
        found[rows] = law(column[rows])
    return found


def is_wide(column: Column) -> bool:
    """Return whether `column` holds 16-byte addresses."""
    return column.dtype.kind == "S"


def join(high: U64, low: U64) -> Column:
    """Return the wide column of `high * 2**64 + low`. Inverse of `split`."""
    pair = np.empty((len(high), 2), dtype=">u8")
    pair[:, 0], pair[:, 1] = high, low
    return pair.view(WIDE).reshape(-1)


def split(wide: Column) -> tuple[U64, U64]:
    """Return the high and low 64 bits of a wide column. Inverse of `join`."""
    if not is_wide(wide):
        raise ValueError("a narrow column has no low half")
    pair = np.ascontiguousarray(wide).view(">u8").reshape(-1, 2)
    return pair[:, 0].astype(np.uint64), pair[:, 1].astype(np.uint64)


def column(family: Family, addresses: Sequence[int]) -> Column:
    """Return the narrowest column that holds `addresses` as starts."""
    if any(address & ((1 << family.grain) - 1) for address in addresses):
        high = np.array([address >> 64 for address in addresses], dtype=np.uint64)
        return join(high, np.array([address & int(ALL) for address in addresses], dtype=np.uint64))
    return np.array([address >> family.grain for address in addresses], dtype=np.uint64)


def ints(family: Family, starts: Column) -> list[int]:
    """Return `starts` as Python integers. Inverse of `column`."""
    if is_wide(starts):
        high, low = split(starts)
        return [(h << 64) | n for h, n in zip(high.tolist(), low.tolist(), strict=True)]
    return [unit << family.grain for unit in starts.tolist()]


def last_ints(family: Family, lasts: Column) -> list[int]:
    """Return the inclusive ends `lasts` as Python integers."""
    more = 0 if is_wide(lasts) else (1 << family.grain) - 1
    return [address + more for address in ints(family, lasts)]


def widen(starts: Column) -> Column:
    """Return `starts` as a wide column."""
    return starts if is_wide(starts) else join(starts, np.zeros_like(starts))


def widen_lasts(lasts: Column) -> Column:
    """Return the inclusive ends `lasts` as a wide column."""
    return lasts if is_wide(lasts) else join(lasts, np.full_like(lasts, ALL))


def first_address(like: Column) -> Column:
    """Return a column of address 0 alone, in the form of another."""
    return np.zeros(1, dtype=like.dtype)


def alike(columns: Sequence[Column]) -> list[Column]:
    """Return columns of starts in one common form: wide if any of them is."""
    return [widen(one) for one in columns] if any(map(is_wide, columns)) else list(columns)


def spans_alike(spans: Sequence[tuple[Column, Column]]) -> list[tuple[Column, Column]]:
    """Return spans in one common form: wide if any of them is."""
    if any(is_wide(one) for pair in spans for one in pair):
        return [(widen(start), widen_lasts(last)) for start, last in spans]
    return list(spans)


def sizes(start: Column, last: Column) -> Column:
    """Return how many addresses or units each span has less one, in the form of the spans."""
    if not is_wide(start):
        return last - start
    (high, low), (last_high, last_low) = split(start), split(last)
    return join(last_high - high - (last_low < low).astype(np.uint64), last_low - low)


def span_columns(family: Family, spans: Sequence[tuple[int, int]]) -> tuple[Column, Column]:
    """Return the narrowest pair of columns for inclusive `spans` of Python integers."""
    unit = (1 << family.grain) - 1
    start, last = [first for first, _ in spans], [last for _, last in spans]
    if any(first & unit for first in start) or any((end + 1) & unit for end in last):
        return widen(column(family, start)), wide_column(last)
    return column(family, start), np.array([end >> family.grain for end in last], dtype=np.uint64)


def wide_column(addresses: Sequence[int]) -> Column:
    """Return a wide column of addresses."""
    return np.array([a.to_bytes(16, "big") for a in addresses], dtype=WIDE)


def narrow_spans(start: Column, last: Column) -> tuple[Column, Column]:
    """Return the same spans narrow if all of them are whole units, else unchanged."""
    if not is_wide(start):
        return start, last
    if _low_half(start).any() or (_low_half(last) != ALL).any():
        return start, last
    return split(start)[0], split(last)[0]


def narrow(starts: Column) -> Column:
    """Return the same starts narrow if every one begins a unit, else unchanged."""
    if not is_wide(starts) or _low_half(starts).any():
        return starts
    return split(starts)[0]


def _first_half(wide: Column) -> U64:
    """Return the high 64 bits, a copy."""
    return np.ascontiguousarray(wide).view(">u8")[::2].astype(np.uint64)


def _low_half(wide: Column) -> Column:
    """Return the low 64 bits as a view: only to look at them, `split` would copy both halves."""
    return np.ascontiguousarray(wide).view(">u8")[1::2]


def chosen(column: Column, mask: NDArray[np.bool_]) -> Column:
    """Return the values where `mask` is true, not copied if it is true everywhere."""
    if mask.all():
        return column
    few = len(mask) < 1 << 20  # by position is several times faster, and takes more memory
    return column.take(np.flatnonzero(mask)) if few else column[mask]


def ordered(column: Column) -> Column:
    """Return the sorted values.

    numpy sorts numbers, small ones above all, faster than strings: wide columns are sorted by their
    high halves, and by the low ones only where those are equal.
    """
    if not is_wide(column):
        small = column.max(initial=0) <= _LOW32
        return np.sort(column.astype(np.uint32)).astype(np.uint64) if small else np.sort(column)
    return column.copy() if is_ordered(column) else column[_order(column)]


def ordered_spans(start: Column, last: Column) -> Spans:
    """Return the sorted starts and the sorted ends; spans that do not overlap keep theirs."""
    if not is_wide(start) or is_ordered(start):
        return ordered(start), ordered(last)
    order = _order(start)
    start, last = start[order], last[order]
    return start, last if is_ordered(last) else ordered(last)


def is_ordered(column: Column) -> bool:
    """Return whether no value is less than the one before it."""
    return not (column[1:] < column[:-1]).any()


def _order(wide: Column) -> NDArray[np.int64]:
    """Return the positions of the values in their order.

    As many of the first bits that differ as there is room for are sorted with their positions, as
    numbers; only where those are equal, whole values are compared.
    """
    bits = len(wide).bit_length()
    key = _first_half(wide) - _first_half(wide).min()
    key >>= np.uint64(max(0, int(key.max()).bit_length() + bits - 64))
    key <<= np.uint64(bits)
    key |= np.arange(len(wide), dtype=np.uint64)
    key.sort()
    order: NDArray[np.int64] = (key & np.uint64((1 << bits) - 1)).view(np.int64)
    key >>= np.uint64(bits)
    same = key[1:] == key[:-1]
    twins = np.zeros(len(wide), dtype=bool)
    twins[1:] |= same
    twins[:-1] |= same
    rows = order[twins]
    high, low = split(wide[rows])
    order[twins] = rows[np.lexsort((low, high))]
    return order


def distinct(column: Column) -> Column:
    """Return the sorted values, each once; numpy's `unique` hashes first and imports much.

    Asked for are a few sorted columns in a row: for wide ones the stable sort, which merges such
    runs, is 40 times faster than any other.
    """
    values = np.sort(column, kind="stable" if is_wide(column) else None)
    keep = np.ones(len(values), dtype=bool)
    keep[1:] = values[1:] != values[:-1]
    return values[keep]


def ranked(parts: Sequence[Column]) -> tuple[Column, list[NDArray[np.intp]]]:
    """Return `distinct` of all parts together, and the position there of each value of each part.

    The parts are in one form. One stable sort, which merges what is in order already: several times
    faster than to look every value up.
    """
    column = np.concatenate(parts)
    order = np.argsort(column, kind="stable")
    values = column[order]
    first = np.ones(len(values), dtype=bool)
    first[1:] = values[1:] != values[:-1]
    position = np.empty(len(values), dtype=np.intp)
    position[order] = np.cumsum(first) - 1
    ends = np.cumsum([len(part) for part in parts])
    return values[first], np.split(position, ends[:-1])


def merged(parts: Sequence[Column]) -> tuple[Column, NDArray[np.intp]]:
    """Return every value of some columns once, in order, and what that added to the longest.

    The parts are in one form, and each in order without a value twice. What others have is put in
    where it belongs: nearly always they are short beside the longest, or have little of their own.

    Returns:
        The values; and for each that the longest (the first of equals) does not have, the position
        there before which it is put.
    """
    base = max(parts, key=len)
    others = distinct(np.concatenate([base[:0], *(part for part in parts if part is not base)]))
    at = np.searchsorted(base, others)
    new = base.take(at, mode="clip") != others
    at = at[new]
    return (np.insert(base, at, others[new]) if len(at) else base), at


def unit_bits(family: Family) -> int:
    """Return how many bits of an address a narrow column holds."""
    return family.width - family.grain


def _unit_mask(family: Family) -> np.uint64:
    return np.uint64((1 << unit_bits(family)) - 1)


def before(family: Family, column: Column) -> Column:
    """Return each value less one; zero wraps to the top of the space."""
    mask = _unit_mask(family)
    return piecewise(_wide_before if is_wide(column) else lambda one: (one - ONE) & mask, column)


def _wide_before(column: Column) -> Column:
    high, low = split(column)
    high -= low == 0
    low -= ONE
    return join(high, low)


def after(family: Family, column: Column) -> Column:
    """Return each value plus one; the top of the space wraps to zero."""
    mask = _unit_mask(family)
    return piecewise(_wide_after if is_wide(column) else lambda one: (one + ONE) & mask, column)


def _wide_after(column: Column) -> Column:
    high, low = split(column)
    low += ONE
    high += low == 0
    return join(high, low)


def run_lasts(family: Family, starts: Column, rows: slice | None = None) -> Column:
    """Return the inclusive ends of runs that cut the whole space, or of some of them in a row.

    Args:
        starts: Where each run starts, the first one at address 0.
        rows: Which runs, without a step; None: all.
    """
    begin, end, _ = (rows or slice(None)).indices(len(starts))
    following = starts[begin + 1 : end + 1]
    if end == len(starts):
        following = np.concatenate([following, starts[:1]])
    return before(family, following)


def bit_length(column: U64) -> NDArray[np.uint8]:
    """Return the position of the highest set bit plus one, 0 for 0.

    Smearing and counting, because a float logarithm is wrong near 2**53 and above.
    """
    smeared = column.copy()
    for shift in (1, 2, 4, 8, 16, 32):
        smeared |= smeared >> np.uint64(shift)
    return np.bitwise_count(smeared)


def common_length(family: Family, left: Column, right: Column) -> NDArray[np.int16]:
    """Return how many leading bits each pair of starts shares.

    For narrow columns that are equal this is the width of a unit's address, not of the family.
    """
    if is_wide(left):
        (left_high, left_low), (right_high, right_low) = split(left), split(right)
        high = 64 - bit_length(left_high ^ right_high).astype(np.int16)
        low = 64 - bit_length(left_low ^ right_low).astype(np.int16)
        return np.where(high < 64, high, 64 + low).astype(np.int16)
    differ: U64 = np.bitwise_xor(left, right)
    return (unit_bits(family) - bit_length(differ).astype(np.int16)).astype(np.int16)


def block_lasts(family: Family, starts: Column, lengths: NDArray[np.int16]) -> Column:
    """Return the inclusive end of the aligned block of each length at each start.

    Lengths beyond 64 need a wide column; a narrow column of IPv6 holds only /64 and shorter.
    """
    if is_wide(starts):
        high, low = split(starts)
        return join(high | _host_mask(64 - lengths), low | _host_mask(128 - lengths))
    return starts | _host_mask(unit_bits(family) - lengths)


def host_bits(family: Family, starts: Column, lengths: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Return which starts are not the start of an aligned block of their length."""
    if is_wide(starts):
        high, low = split(starts)
        inside = (high & _host_mask(64 - lengths)) | (low & _host_mask(128 - lengths))
    else:
        inside = starts & _host_mask(unit_bits(family) - lengths)
    return np.not_equal(inside, 0)


def _host_mask(bits: NDArray[np.int16]) -> U64:
    """Return `2**bits - 1` with `bits` clamped to 0..64. A table: a shift by 64 is undefined."""
    return _HOST_MASKS[bits + _MOST_BITS]


def require_spans(family: Family, start: Column, last: Column) -> None:
    """Raise ValueError unless the columns are spans of `family`: alike, none of them empty."""
    if is_wide(start) != is_wide(last) or len(start) != len(last):
        raise ValueError("start and last of spans differ in form or length")
    if np.count_nonzero(start > last):  # of few rows, any() and max() take several times as long
        raise ValueError("a span ends before it starts")
    if not is_wide(last) and np.count_nonzero(last > _unit_mask(family)):
        raise ValueError(f"a span leaves {family.name}")


def require_runs(family: Family, start: Column, last: Column) -> None:
    """Raise ValueError unless the columns are spans of `family`, sorted and disjoint."""
    require_spans(family, start, last)
    if (start[1:] <= last[:-1]).any():
        raise ValueError("spans are not sorted and disjoint")
