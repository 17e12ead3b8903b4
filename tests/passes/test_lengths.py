"""Lengths a platform refuses become longer ones, and mean the same."""

import numpy as np
import pytest

from blockc.addresses import columns
from blockc.addresses.family import V4, V6, Prefix
from blockc.addresses.prefixes import Prefixes
from blockc.addresses.rules import Match, Rules, meaning
from blockc.errors import DoesNotFit
from blockc.passes.exact.cover import plain_cover
from blockc.passes.exact.lengths import legal
from tests.passes.toy import TOY, cells, every_labelling, names, partition

ALLOWED = [(0, 1, 2, 3), (1, 2, 3), (1, 3), (2, 3), (3,)]


@pytest.mark.parametrize("allowed", ALLOWED)
def test_pieces_mean_the_same_and_are_the_fewest_on_every_input(allowed: tuple[int, ...]) -> None:
    for labels in every_labelling(2):
        rules = plain_cover(partition(labels))
        pieces = legal(Match.MEMBER, rules, allowed)
        assert cells(meaning(Match.MEMBER, [pieces], names(2), [TOY])) == labels
        assert set(pieces.prefixes().length.tolist()) <= set(allowed)
        fewest = sum(
            1 << min(a - length for a in allowed if a >= length)
            for length in rules.prefixes().length.tolist()
        )
        assert len(pieces) == fewest


@pytest.mark.parametrize("match", [Match.LONGEST, Match.FIRST])
@pytest.mark.parametrize("allowed", ALLOWED)
def test_narrower_prefixes_keep_their_pieces(match: Match, allowed: tuple[int, ...]) -> None:
    starts = np.array([0, 0, 0, 4, 6, 7], dtype=np.uint64)
    lengths = np.array([0, 1, 2, 2, 2, 3], dtype=np.int16)
    rules = Rules.of_prefixes(Prefixes(TOY, starts, lengths), np.array([1, 0, 2, 0, 2, 1], "i4"))
    wanted = cells(meaning(Match.LONGEST, [rules], names(3), [TOY]))
    pieces = legal(match, rules, allowed)
    assert cells(meaning(match, [pieces], names(3), [TOY])) == wanted
    assert set(pieces.prefixes().length.tolist()) <= set(allowed)


def test_each_of_two_sets_keeps_its_own_pieces() -> None:
    prefixes = Prefixes(TOY, np.array([0, 0], "u8"), np.array([0, 1], "i2"))
    rules = Rules.of_prefixes(prefixes, np.array([1, 0], "i4"))
    pieces = legal(Match.TWO_SETS, rules, [2])
    assert len(pieces) == 6
    assert cells(meaning(Match.TWO_SETS, [pieces], names(2), [TOY])) == (0, 0, 0, 0, 1, 1, 1, 1)


def test_the_whole_of_ipv6_splits_into_halves_and_into_wide_pieces() -> None:
    everything = Rules.of_prefixes(Prefixes(V6, np.zeros(1, "u8"), np.zeros(1, "i2")))
    halves = legal(Match.MEMBER, everything, range(1, 129))
    assert list(halves.prefixes()) == [Prefix(V6, 0, 1), Prefix(V6, 1 << 127, 1)]
    one = Rules.of_prefixes(Prefixes(V6, columns.column(V6, [1 << 66]), np.array([62], "i2")))
    pieces = list(legal(Match.MEMBER, one, [66]).prefixes())
    assert pieces == [Prefix(V6, (1 << 66) + (n << 62), 66) for n in range(16)]


def test_a_prefix_longer_than_the_platform_takes_is_named() -> None:
    host = Rules.of_prefixes(Prefixes(V4, np.array([0x0A000001], "u8"), np.array([32], "i2")))
    with pytest.raises(DoesNotFit, match=r"10\.0\.0\.1/32 is longer .* \(at most /24\)"):
        legal(Match.MEMBER, host, range(8, 25))


def test_an_absurd_number_of_pieces_is_refused_before_it_is_made() -> None:
    everything = Rules.of_prefixes(Prefixes(V6, np.zeros(1, "u8"), np.zeros(1, "i2")))
    with pytest.raises(DoesNotFit, match=r"1 prefixes become 18,446,744,073,709,551,616"):
        legal(Match.MEMBER, everything, [64])
