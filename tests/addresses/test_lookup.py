"""The independent lookup: longest match, and what pytricia would do with bad keys."""

from random import Random

import numpy as np
import pytest

from blockc.addresses import columns
from blockc.addresses.family import FAMILIES, V4, V6, Family, Prefix
from blockc.addresses.longest_match import PrefixIndex
from blockc.addresses.prefixes import Prefixes
from tests.addresses import oracle
from tests.addresses.random_ranges import some_address, some_ranges


def some_prefixes(seed: int, family: Family, *, narrow: bool = False) -> list[Prefix]:
    """Return prefixes that nest and touch, each once."""
    random = Random(seed)
    rows = some_ranges(random, family, narrow=narrow)
    blocks = [block for row in rows for block in oracle.cover([row], family)[:4]]
    return [Prefix(family, first, length) for first, length in dict.fromkeys(blocks)]


def longest(prefixes: list[Prefix], address: int) -> Prefix | None:
    hits = [prefix for prefix in prefixes if prefix.first <= address <= prefix.last]
    return max(hits, key=lambda prefix: prefix.length, default=None)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", range(30))
def test_the_longest_prefix_that_holds_an_address_is_found(family: Family, seed: int) -> None:
    prefixes = some_prefixes(seed, family, narrow=seed % 2 == 0)
    index = PrefixIndex(family, Prefixes.of(family, prefixes), range(1, len(prefixes) + 1))
    assert len(index) == len(prefixes)
    random = Random(seed)
    edges = oracle.edges([(prefix.first, prefix.last) for prefix in prefixes], family.last)
    addresses = [*edges, family.last, *(some_address(random, family) for _ in range(50))]
    wanted = []
    for address in addresses:
        best = longest(prefixes, address)
        label = prefixes.index(best) + 1 if best else None
        assert index.longest(address) == label
        assert index.longest_prefix(address) == (str(best) if best else None)
        wanted.append(label or 0)
    column = columns.column(family, addresses)
    assert index.labels(column).tolist() == wanted
    assert index.labels(columns.column(family, []), default=7).tolist() == []


def test_a_later_label_for_the_same_prefix_replaces_the_first() -> None:
    twice = Prefixes.of(V4, [Prefix(V4, 0, 8), Prefix(V4, 0, 8)])
    index = PrefixIndex(V4, twice, [1, 2])
    assert len(index) == 1
    assert index.longest(5) == 2


def test_an_index_of_nothing_finds_nothing() -> None:
    for family in FAMILIES:
        index = PrefixIndex(family, Prefixes.empty(family), [])
        assert index.longest(0) is None
        assert index.longest_prefix(family.last) is None
        assert index.labels(columns.column(family, [0]), default=-1).tolist() == [-1]


def test_an_index_of_everything_finds_it_everywhere() -> None:
    for family in FAMILIES:
        index = PrefixIndex(family, Prefixes.of(family, [Prefix(family, 0, 0)]), [9])
        assert [index.longest(address) for address in (0, family.last)] == [9, 9]


def test_labels_and_prefixes_must_match_one_to_one() -> None:
    for labels in ([], [1, 2]):
        with pytest.raises(ValueError, match="one label each"):
            PrefixIndex(V4, Prefixes.of(V4, [Prefix(V4, 0, 8)]), labels)


def test_the_end_of_a_narrow_span_is_asked_for_when_it_is_widened() -> None:
    half = Prefix(V6, (1 << 64) | (1 << 63), 65)
    index = PrefixIndex(V6, Prefixes.of(V6, [half]), [1])
    unit = np.array([1], dtype=np.uint64)
    assert index.labels(unit).tolist() == [0]
    assert index.labels(columns.widen_lasts(unit)).tolist() == [1]
