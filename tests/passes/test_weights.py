"""What harm is measured in: addresses or delegations, counted exactly, some countries more."""

from fractions import Fraction

import numpy as np
import pytest

from blockc.addresses import columns
from blockc.addresses.family import V4, V6, Family
from blockc.addresses.partition import Partition
from blockc.passes.budget.span_sums import SAFE, SpanSums
from blockc.passes.budget.weights import PARTS, Weights, never_blocked
from blockc.registries.records import Records, country_number
from blockc.registries.registry_map import RegistryMap
from tests.passes.toy import TOY, partition

ALLOCATED, AVAILABLE = 1, 3


def delegations(family: Family, *rows: tuple[int, int, str], status: int = ALLOCATED) -> Records:
    """Return a delegation a `(first, last, country)`, in rows counted from 1."""
    start, last = columns.span_columns(family, [(first, end) for first, end, _ in rows])
    count = len(rows)
    return Records(
        family,
        start,
        last,
        np.array([country_number(code) for _, _, code in rows], dtype=np.uint16),
        np.full(count, 2, dtype=np.uint8),
        np.full(count, status, dtype=np.uint8),
        np.zeros(count, dtype=np.int32),
        np.arange(1, count + 1, dtype=np.int32),
    )


def worth(weights: Weights, family: Family, first: int, last: int) -> int:
    """Return what a span is worth, in the weights' own units."""
    start, end = columns.span_columns(family, [(first, last)])
    part = weights.part(family)
    wide = columns.is_wide(start) or columns.is_wide(part.starts)
    measure = SpanSums.of(part, weights.rates, wide=wide)
    return int(measure.within(start, end)[0]) * measure.scale


ROWS = [(0, 255, "DE"), (256, 1023, "FR"), (1024, 1024, "US")]


def test_addresses_count_one_each_and_some_countries_more() -> None:
    weights = Weights.of_addresses(RegistryMap.of([delegations(V4, *ROWS)]), {"FR": 100})
    assert worth(weights, V4, 0, 255) == 256
    assert worth(weights, V4, 200, 300) == 56 + 45 * 100
    assert worth(weights, V4, 0, V4.last) == 256 + 768 * 100 + 1
    assert worth(weights, V4, 2000, 3000) == 0, "space that is not delegated is worth nothing"


def test_delegations_count_one_each_and_in_part_if_hit_in_part() -> None:
    weights = Weights.of_delegations([delegations(V4, *ROWS)], {"US": 3})
    assert weights.parts_a_unit == PARTS
    assert worth(weights, V4, 0, 1023) == 2 * PARTS
    assert worth(weights, V4, 0, 127) == PARTS // 2
    assert worth(weights, V4, 256, 511) == PARTS // 3
    assert worth(weights, V4, 1024, 1024) == 3 * PARTS
    assert worth(weights, V4, 0, V4.last) == 5 * PARTS


def test_only_the_first_of_delegations_that_share_addresses_counts() -> None:
    rows = delegations(V4, (0, 255, "DE"), (128, 383, "FR"), (384, 511, "FR"))
    weights = Weights.of_delegations([rows])
    assert worth(weights, V4, 0, V4.last) == 2 * PARTS
    assert worth(weights, V4, 256, 383) == 0


def test_space_that_is_not_delegated_is_worth_nothing() -> None:
    rows = delegations(V4, *ROWS, status=AVAILABLE)
    for weights in (Weights.of_addresses(RegistryMap.of([rows])), Weights.of_delegations([rows])):
        assert worth(weights, V4, 0, V4.last) == 0


def test_countries_that_are_never_blocked_are_their_delegated_space() -> None:
    world = RegistryMap.of([delegations(V4, *ROWS), delegations(V6, (0, (1 << 96) - 1, "US"))])
    assert never_blocked(world, ["US", "DE"]).count == 256 + 1 + (1 << 96)


def test_measures_are_exact_where_64_bits_are_not_enough() -> None:
    whole = Weights.everything((V6,))
    assert worth(whole, V6, 0, V6.last) == 1 << 128
    assert worth(whole, V6, 1, V6.last - 1) == (1 << 128) - 2
    odd = Weights((Partition.filled(V6, np.int32(1)),), (Fraction(0), Fraction(10**30 + 1)))
    assert worth(odd, V6, 5, 7) == 3 * (10**30 + 1)


def test_measures_stay_in_64_bits_while_sums_are_safe() -> None:
    small = SpanSums.of(partition([1] * 8), (Fraction(0), Fraction(SAFE // 8 - 1)), wide=False)
    assert small.base.dtype == np.int64
    large = SpanSums.of(partition([1, 2] * 4), (*small_rates(), Fraction(SAFE)), wide=False)
    assert large.base.dtype == object
    assert large.total * large.scale == 4 * (SAFE + 3)


def small_rates() -> tuple[Fraction, Fraction]:
    return Fraction(0), Fraction(3)


def test_spans_add_up_whatever_the_rates_are_rounded_to() -> None:
    rates = (Fraction(0), Fraction(1, 3), Fraction(5, 7))
    measure = SpanSums.of(partition([1, 1, 2, 2, 1, 0, 2, 1]), rates, wide=False)
    for cut in range(1, TOY.size):
        start = np.array([0, cut], dtype=np.uint64)
        last = np.array([cut - 1, TOY.last], dtype=np.uint64)
        assert measure.within(start, last).sum() == measure.total


def test_rates_that_make_no_sense_are_refused() -> None:
    for rates in ((Fraction(1),), (Fraction(0), Fraction(-1))):
        with pytest.raises(ValueError, match="begin with 0 and none is negative"):
            Weights((partition([0] * 8),), rates)
