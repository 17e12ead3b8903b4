"""Columns: both forms say the same, and no arithmetic wraps, rounds or truncates."""

import itertools
from random import Random

import numpy as np
import pytest

from blockc.addresses import columns
from blockc.addresses.family import V4, V6, Family
from blockc.addresses.totals import sizes, total, totals
from tests.addresses.random_ranges import some_address, some_range
from tests.addresses.toy import EDGES, TOY, pairs, spans

FORMS = [(TOY, False), (V4, False), (V6, False), (V6, True)]
WORDS = (0, 1, 2, 2**32 - 1, 2**32, 2**53 - 1, 2**53 + 1, 2**63, 2**64 - 2, 2**64 - 1)


def starts(family: Family, addresses: list[int], *, wide: bool) -> columns.Column:
    found = columns.column(family, addresses)
    return columns.widen(found) if wide else found


def some_units(seed: int, family: Family, *, wide: bool) -> list[int]:
    """Return addresses that both forms can hold, edges first."""
    random = Random(seed)
    found = [*EDGES[family], *(some_address(random, family) for _ in range(200))]
    drop = family.grain if not wide else 0
    return [address >> drop << drop for address in found]


@pytest.mark.parametrize(("family", "wide"), FORMS)
def test_a_column_gives_back_the_addresses_it_was_made_of(family: Family, *, wide: bool) -> None:
    addresses = some_units(1, family, wide=wide)
    found = starts(family, addresses, wide=wide)
    assert columns.ints(family, found) == addresses
    assert columns.is_wide(found) == wide


@pytest.mark.parametrize("top", WORDS)
def test_numbers_of_every_size_are_sorted_whole(top: int) -> None:
    column = np.array([top, 0, top // 2, 1], dtype=np.uint64)
    assert columns.ordered(column).tolist() == sorted(column.tolist())


@pytest.mark.parametrize("spread", [0, 1, 5, 40, 60, 63, 64])
def test_wide_addresses_are_sorted_whole_however_far_apart_they_are(spread: int) -> None:
    """Few and many bits in front of those that differ, and many addresses with equal ones."""
    random = np.random.default_rng(spread)
    high = random.integers(0, 1 << spread, 3000, dtype=np.uint64, endpoint=spread < 64)
    high[::3] = high[1::3]
    low = random.integers(0, 1 << 64, 3000, dtype=np.uint64)
    low[::6] = low[1::6]
    found = columns.join(high, low)
    addresses = columns.ints(V6, found)
    assert columns.ints(V6, columns.ordered(found)) == sorted(addresses)
    length = random.integers(0, 1 << 20, 3000, dtype=np.uint64)
    last = columns.join(high, np.maximum(low, low + length))
    starts, lasts = columns.ordered_spans(found, last)
    assert columns.ints(V6, starts) == sorted(addresses)
    assert columns.ints(V6, lasts) == sorted(columns.ints(V6, last))


def test_a_column_is_narrow_just_if_every_address_begins_a_unit() -> None:
    assert not columns.is_wide(columns.column(V6, [1 << 64, 0]))
    assert columns.is_wide(columns.column(V6, [1 << 64, 1]))
    assert not columns.is_wide(columns.column(V4, [1, V4.last]))


@pytest.mark.parametrize(("family", "wide"), FORMS)
def test_before_and_after_wrap_only_at_the_ends_of_the_space(family: Family, *, wide: bool) -> None:
    addresses = some_units(2, family, wide=wide)
    unit = 1 << (0 if wide else family.grain)
    found = starts(family, addresses, wide=wide)
    after = columns.ints(family, columns.after(family, found))
    before = columns.ints(family, columns.before(family, found))
    assert after == [(address + unit) % family.size for address in addresses]
    assert before == [(address - unit) % family.size for address in addresses]


@pytest.mark.parametrize(("family", "wide"), FORMS)
def test_columns_sort_search_and_compare_in_address_order(family: Family, *, wide: bool) -> None:
    addresses = some_units(3, family, wide=wide)
    found = starts(family, addresses, wide=wide)
    assert columns.ints(family, columns.ordered(found)) == sorted(addresses)
    distinct = columns.distinct(found)
    assert columns.ints(family, distinct) == sorted(set(addresses))
    places = np.searchsorted(distinct, found)
    assert places.tolist() == [sorted(set(addresses)).index(address) for address in addresses]
    assert (found[1:] < found[:-1]).tolist() == [b < a for a, b in itertools.pairwise(addresses)]


@pytest.mark.parametrize("family", [TOY, V4, V6])
@pytest.mark.parametrize("seed", range(20))
def test_totals_are_exact_and_the_same_in_both_forms(family: Family, seed: int) -> None:
    random = Random(seed)
    rows = [some_range(random, family) for _ in range(9)]
    labels = np.array([random.randrange(3) for _ in rows], dtype=np.int32)
    for wide in {False, bool(family.grain)}:
        start, last = spans(family, rows, wide=wide)
        counts = [last - first + 1 for first, last in rows]
        assert total(family, start, last) == sum(counts)
        assert sizes(family, start, last) == counts
        assert totals(family, start, last, labels, 4) == [
            sum(size for size, label in zip(counts, labels, strict=True) if label == wanted)
            for wanted in range(4)
        ]


def test_the_whole_of_ipv6_is_counted_exactly() -> None:
    for wide in (False, True):
        start, last = spans(V6, [(0, V6.last)], wide=wide)
        assert total(V6, start, last) == 2**128


def test_bit_length_is_exact_where_a_float_is_not() -> None:
    found = columns.bit_length(np.array(WORDS, dtype=np.uint64))
    assert found.tolist() == [word.bit_length() for word in WORDS]


@pytest.mark.parametrize(("family", "wide"), FORMS)
def test_common_length_counts_the_leading_bits_of_both(family: Family, *, wide: bool) -> None:
    left = some_units(4, family, wide=wide)
    right = [*left[:20], *some_units(5, family, wide=wide)[20:]]
    found = columns.common_length(
        family, starts(family, left, wide=wide), starts(family, right, wide=wide)
    )
    width = family.width if wide else columns.unit_bits(family)
    drop = family.width - width
    assert found.tolist() == [
        width - ((a ^ b) >> drop).bit_length() for a, b in zip(left, right, strict=True)
    ]


@pytest.mark.parametrize(("family", "wide"), FORMS)
def test_blocks_end_where_integers_say_for_every_length(family: Family, *, wide: bool) -> None:
    width = family.width if wide else columns.unit_bits(family)
    lengths = list(range(width + 1))
    wanted = [EDGES[family][-1] >> (family.width - n) << (family.width - n) for n in lengths]
    found = starts(family, wanted, wide=wide)
    length = np.array(lengths, dtype=np.int16)
    assert pairs(family, (found, columns.block_lasts(family, found, length))) == [
        (first, first + (1 << (family.width - n)) - 1)
        for first, n in zip(wanted, lengths, strict=True)
    ]
    assert not columns.host_bits(family, found, length).any()


@pytest.mark.parametrize(("family", "wide"), FORMS)
def test_host_bits_are_seen_for_every_length(family: Family, *, wide: bool) -> None:
    width = family.width if wide else columns.unit_bits(family)
    unit = 1 << (family.width - width)
    found = starts(family, [unit] * (width + 1), wide=wide)
    length = np.arange(width + 1, dtype=np.int16)
    assert columns.host_bits(family, found, length).tolist() == [True] * width + [False]


def test_spans_of_whole_units_become_narrow_and_others_stay_wide() -> None:
    whole = [(1 << 64, (3 << 64) - 1), (0, (1 << 64) - 1)]
    narrow = columns.narrow_spans(*spans(V6, whole, wide=True))
    assert not any(map(columns.is_wide, narrow))
    assert pairs(V6, narrow) == whole
    for finer in ([(0, 0)], [(1, (1 << 64) - 1)], [*whole, (V6.last, V6.last)]):
        kept = columns.narrow_spans(*spans(V6, finer, wide=True))
        assert all(map(columns.is_wide, kept))
        assert pairs(V6, kept) == finer


@pytest.mark.parametrize(
    "broken",
    [
        (V4, [0], [1, 2]),
        (V4, [2], [1]),
        (V4, [0], [1 << 32]),
        (TOY, [8], [8]),
    ],
)
def test_spans_that_cannot_be_are_refused(broken: tuple[Family, list[int], list[int]]) -> None:
    family, start, last = broken
    with pytest.raises(ValueError, match="span"):
        columns.require_spans(family, np.array(start, np.uint64), np.array(last, np.uint64))


def test_spans_of_two_forms_are_refused_and_aligned_on_request() -> None:
    start, last = columns.column(V6, [0]), columns.column(V6, [7])
    with pytest.raises(ValueError, match="form"):
        columns.require_spans(V6, start, last)
    (joined,) = columns.spans_alike([(start, last)])
    assert pairs(V6, joined) == [(0, 7)]


def test_a_narrow_column_is_never_split_by_mistake() -> None:
    with pytest.raises(ValueError, match="no low half"):
        columns.split(columns.column(V6, [0, 1 << 64]))


@pytest.mark.parametrize("family", [TOY, V4, V6])
def test_nothing_is_a_column_too(family: Family) -> None:
    for wide in {False, bool(family.grain)}:
        start, last = spans(family, [], wide=wide)
        assert columns.is_wide(start) == wide
        assert total(family, start, last) == 0
        assert len(columns.distinct(start)) == len(columns.after(family, last)) == 0
        assert columns.ints(family, start) == columns.last_ints(family, last) == []
