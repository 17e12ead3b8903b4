"""Zones are what holds for the rows of all lists and maps, however many there are."""

import numpy as np
import pytest

from blockc.audit.zones import Zones, distinct_rows
from tests.audit.test_exact import set_of


@pytest.mark.parametrize("lists", [0, 1, 50, 200])
def test_rows_are_told_apart_as_by_all_of_their_columns(lists: int) -> None:
    rng = np.random.default_rng(lists)
    some = rng.integers(0, 2, (300, lists)), rng.integers(0, 70_000, (300, 3))
    rows = np.concatenate(some, axis=1).astype(np.int32)[rng.integers(0, 300, 5000)]
    found, numbers = np.unique(rows, axis=0, return_inverse=True)
    firsts, ours = distinct_rows(rows)
    assert np.array_equal(rows[firsts], found)
    assert np.array_equal(ours, numbers.reshape(-1))


def test_each_of_seventy_lists_has_its_own_zone() -> None:
    lists = {f"l{n:02}": set_of([f"10.{n}.0.0/16", "10.99.0.0/16"]) for n in range(70)}
    zones = Zones.of(lists, [])
    at = np.array([(10 << 24) | (n << 16) | 7 for n in (0, 69, 99, 70)], dtype=np.uint64)
    held = [zones.zones[number].lists for number in zones.of_ipv4(at)]
    assert held == [("l00",), ("l69",), tuple(sorted(lists)), ()]
