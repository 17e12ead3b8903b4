"""The minimal cover: exact, minimal against brute force, and what the peers say."""

from functools import cache
from importlib import import_module
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from itertools import combinations
from random import Random
from typing import Any

import numpy as np
import pytest

from blockc.addresses import columns
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import FAMILIES, V4, V6, Family, Prefix
from blockc.addresses.partition import set_partition
from blockc.addresses.prefixes import Prefixes, cover_size, minimal_cover
from tests.addresses import oracle
from tests.addresses.random_ranges import some_ranges
from tests.addresses.toy import TOY, address_set, every_range, every_subset, ranges, spans

NETADDR: Any = import_module("netaddr")  # publishes no type information
NETWORK: dict[Family, Any] = {V4: IPv4Network, V6: IPv6Network}
BLOCKS = [(first, n) for n in range(4) for first in range(0, 8, 8 >> n)]


def found_in(prefixes: Prefixes) -> list[tuple[int, int]]:
    return [(prefix.first, prefix.length) for prefix in prefixes]


def cheapest() -> dict[frozenset[int], int]:
    """Return for every toy set the least number of blocks whose union it is, by trying all."""
    least: dict[frozenset[int], int] = {}
    cells = [frozenset(range(first, first + (8 >> n))) for first, n in BLOCKS]
    for count in range(9):
        for chosen in combinations(cells, count):
            least.setdefault(frozenset().union(*chosen), count)
    return least


def test_covers_are_exact_and_as_small_as_any_on_every_toy_set() -> None:
    least = cheapest()
    for cells in every_subset():
        found = address_set(TOY, ranges(cells)).prefixes(TOY)
        assert frozenset(c for p in found for c in range(p.first, p.last + 1)) == cells
        assert len(found) == least[cells]
        assert found_in(found) == oracle.cover(ranges(cells), TOY)


def test_covers_are_the_full_nodes_of_the_tree_on_every_set_of_four_bits() -> None:
    """All 65,536 sets side by side, each in 32 addresses of which the upper half stays empty."""
    family = Family(0, 21)
    cells = np.arange(1 << 16)[:, None] >> np.arange(32) & 1
    chosen = np.flatnonzero(cells.reshape(-1)).astype(np.uint64)
    part = set_partition(family, chosen, chosen)
    found = minimal_cover(family, *part.runs(part.labels))
    places = np.searchsorted(found.start, np.arange((1 << 16) + 1, dtype=np.uint64) * 32)
    begins, length = places.tolist(), (found.length - 17).tolist()
    rows = list(zip((found.start % 32).tolist(), length, strict=True))
    for bits in range(1 << 16):
        assert rows[begins[bits] : begins[bits + 1]] == full_nodes(bits, 4)
    assert cover_size(family, *part.runs(part.labels)) == len(rows)


@cache
def full_nodes(bits: int, width: int) -> list[tuple[int, int]]:
    """Return the blocks `(first, length)` of a set given as bits that are full, topmost first."""
    if bits in (0, (1 << (1 << width)) - 1):
        return [(0, 0)] if bits else []
    half = 1 << (width - 1)
    low, high = bits & ((1 << half) - 1), bits >> half
    left = [(first, length + 1) for first, length in full_nodes(low, width - 1)]
    return left + [(first + half, length + 1) for first, length in full_nodes(high, width - 1)]


def test_every_single_range_is_covered_at_the_width_of_a_word() -> None:
    for low in every_range():
        for family, base in ((V4, 0), (V4, (1 << 32) - 8), (V6, (1 << 64) - 4), (V6, 0)):
            row = [(base + low[0], base + low[1])]
            found = minimal_cover(family, *spans(family, row))
            assert found_in(found) == oracle.cover(row, family)


@pytest.mark.parametrize("family", [V4, V6, Family(0, 64)])
def test_the_whole_space_is_one_prefix(family: Family) -> None:
    everything = spans(family, [(0, family.last)])
    assert found_in(minimal_cover(family, *everything)) == [(0, 0)]
    assert cover_size(family, *everything) == 1
    wide = [(0, V6.last)], True
    assert found_in(minimal_cover(V6, *spans(V6, wide[0], wide=wide[1]))) == [(0, 0)]


@pytest.mark.parametrize("family", FAMILIES)
def test_all_but_one_end_takes_a_prefix_for_every_bit(family: Family) -> None:
    for row in ((1, family.last), (0, family.last - 1)):
        found = minimal_cover(family, *spans(family, [row]))
        assert sorted(found.length.tolist()) == list(range(1, family.width + 1))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", range(30))
def test_covers_are_what_ipaddress_and_netaddr_say(family: Family, seed: int) -> None:
    random = Random(seed)
    rows = some_ranges(random, family, narrow=seed % 2 == 0)
    addresses = address_set(family, rows)
    found = [str(prefix) for prefix in addresses.prefixes(family)]
    pieces = [piece for row in rows for piece in oracle.cover([row], family)]
    networks = [NETWORK[family](piece) for piece in pieces]
    assert found == [str(network) for network in collapse_addresses(networks)]
    merged = NETADDR.cidr_merge([NETADDR.IPNetwork(str(network)) for network in networks])
    assert [(p.first, p.length) for p in addresses.prefixes(family)] == [
        (network.first, network.prefixlen) for network in merged
    ]
    assert addresses.prefix_count(family) == len(found)
    assert AddrSet.of(addresses.prefixes(family), [family]) == addresses


@pytest.mark.parametrize("seed", range(20))
def test_wide_spans_of_whole_units_are_covered_like_narrow_ones(seed: int) -> None:
    rows = oracle.union(some_ranges(Random(seed), V6, narrow=True))
    narrow = minimal_cover(V6, *spans(V6, rows))
    wide = minimal_cover(V6, *spans(V6, rows, wide=True))
    assert found_in(narrow) == found_in(wide)


def test_touching_spans_are_covered_apart() -> None:
    found = minimal_cover(TOY, *spans(TOY, [(0, 3), (4, 5), (6, 7)]))
    assert found_in(found) == [(0, 1), (4, 2), (6, 2)]


@pytest.mark.parametrize("rows", [[(4, 5), (0, 1)], [(0, 4), (4, 5)], [(0, 7), (1, 2)]])
def test_spans_out_of_order_are_refused(rows: list[oracle.Range]) -> None:
    start, last = (np.array(column, dtype=np.uint64) for column in zip(*rows, strict=True))
    for ask in (minimal_cover, cover_size):
        with pytest.raises(ValueError, match="sorted and disjoint"):
            ask(TOY, start, last)


def test_prefixes_are_the_same_as_columns_and_one_by_one() -> None:
    for rows in (
        [Prefix(V6, 1 << 64, 64), Prefix(V6, 0, 0)],
        [Prefix(V6, 1 << 64, 65), Prefix(V6, 0, 128), Prefix(V6, 0, 0)],
        [Prefix(V4, 0, 0), Prefix(V4, V4.last, 32)],
    ):
        found = Prefixes.of(rows[0].family, rows)
        assert list(found) == rows
        assert columns.last_ints(found.family, found.last) == [row.last for row in rows]
        assert found.texts() == [str(row) for row in rows]


@pytest.mark.parametrize(
    ("family", "start", "length", "reason"),
    [
        (V6, [1], [128], "outside 0..64"),
        (V4, [0], [33], "outside 0..32"),
        (V4, [0], [-1], "outside 0..32"),
        (V4, [1], [31], "host bits"),
        (V6, [1], [63], "host bits"),
        (V4, [1, 2], [32], "one length a start"),
    ],
)
def test_prefixes_cannot_be_built_wrong(
    family: Family, start: list[int], length: list[int], reason: str
) -> None:
    columns = np.array(start, dtype=np.uint64), np.array(length, dtype=np.int16)
    with pytest.raises(ValueError, match=reason):
        Prefixes(family, *columns)


def test_prefixes_of_another_family_are_refused() -> None:
    with pytest.raises(ValueError, match="not all prefixes are of ipv4"):
        Prefixes.of(V4, [Prefix(V6, 0, 0)])
