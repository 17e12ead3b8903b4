"""The oracle itself, against sets of single addresses."""

from itertools import pairwise, product

from tests.addresses import oracle
from tests.addresses.toy import TOY, every_subset, ranges


def cells(found: oracle.Ranges) -> frozenset[int]:
    return frozenset(cell for first, last in found for cell in range(first, last + 1))


def test_the_oracle_is_set_algebra_on_every_pair() -> None:
    everything = every_subset(2)
    for a, b in product(everything, repeat=2):
        assert cells(oracle.union(ranges(a), ranges(b))) == a | b
        assert cells(oracle.intersection(ranges(a), ranges(b), 3)) == a & b
        assert cells(oracle.difference(ranges(a), ranges(b), 3)) == a - b


def test_the_oracle_keeps_runs_maximal_and_covers_whole() -> None:
    for subset in every_subset():
        found = oracle.union(ranges(subset))
        assert all(b[0] > a[1] + 1 for a, b in pairwise(found))
        blocks = oracle.cover(ranges(subset), TOY)
        inside = [(first, first + (8 >> length) - 1) for first, length in blocks]
        assert cells(inside) == subset
        assert oracle.complement(oracle.complement(found, 7), 7) == found


def test_the_oracle_paints_later_rules_over_earlier_ones() -> None:
    painted = oracle.last_wins([(0, 5, 1), (2, 3, 2), (3, 3, 0)], 7)
    assert painted == [(0, 1), (2, 2), (3, 0), (4, 1), (6, 0)]
