"""At most m prefix lengths, with the fewest entries of all choices."""

from itertools import combinations

import numpy as np
import pytest

from blockc.addresses.family import V4
from blockc.addresses.rules import Match, meaning
from blockc.passes.exact.cover import plain_cover
from blockc.passes.exact.fewer_lengths import in_few_lengths, kept_lengths
from blockc.passes.plan import compile_rules
from blockc.passes.request import PassRequest
from tests.passes.toy import TOY, address_map, cells, every_labelling, names, partition


def entries(lengths: list[int], counts: list[int], kept: tuple[int, ...]) -> int:
    """Return how many entries there are if only `kept` lengths may be used."""
    return sum(
        count << min(k for k in kept if k >= length) - length
        for length, count in zip(lengths, counts, strict=True)
    )


@pytest.mark.parametrize("most", range(1, 7))
def test_no_other_choice_of_lengths_takes_fewer_entries(most: int) -> None:
    rng = np.random.default_rng(most)
    for _ in range(20):
        lengths = sorted(rng.choice(np.arange(1, 25), 7, replace=False).tolist())
        counts = rng.integers(1, 2000, 7).tolist()
        every = (
            (*chosen, lengths[-1])
            for size in range(most)
            for chosen in combinations(range(lengths[-1]), size)
            if size < 4  # more than three besides the longest, of all lengths, take too long
        )
        kept = kept_lengths(lengths, counts, most)
        assert len(kept) <= most
        best = min(entries(lengths, counts, choice) for choice in every)
        assert entries(lengths, counts, kept) <= best
        among = (
            (*chosen, lengths[-1])
            for size in range(most)
            for chosen in combinations(lengths[:-1], size)
        )
        assert entries(lengths, counts, kept) == min(
            entries(lengths, counts, choice) for choice in among
        )


@pytest.mark.parametrize("match", [Match.MEMBER, Match.LONGEST, Match.FIRST])
@pytest.mark.parametrize("most", [1, 2])
def test_rules_mean_the_same_in_fewer_lengths(match: Match, most: int) -> None:
    for labels in every_labelling(2):
        compiled = compile_rules(address_map(labels), match, PassRequest(most_lengths=most))
        assert (compiled.rules[TOY].verdict == 1).all(), "no prefix inside another one"
        used = set(compiled.rules[TOY].prefixes().length.tolist())
        assert len(used) <= most
        assert cells(meaning(match, compiled.rules.values(), names(2), [TOY])) == labels


def test_rules_of_few_lengths_stay_as_they_are() -> None:
    rules = plain_cover(partition([1, 1, 0, 1, 0, 0, 0, 0], V4))
    assert in_few_lengths(rules, 2) is rules
