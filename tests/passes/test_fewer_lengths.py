"""At most m prefix lengths, with the fewest entries of all choices."""

from functools import cache
from itertools import chain, combinations

import numpy as np
import pytest

from blockc.addresses.family import V4, Family
from blockc.addresses.partition import Partition
from blockc.addresses.rules import Match, Rules, meaning
from blockc.passes.exact import fewer_lengths
from blockc.passes.exact.cover import Asked, plain_cover
from blockc.passes.exact.fewer_lengths import (
    cover_in_few_lengths,
    in_few_lengths,
    kept_lengths,
)
from blockc.passes.plan import compile_rules
from blockc.passes.request import PassRequest
from blockc.passes.tree import FREE
from tests.passes import oracle
from tests.passes.toy import (
    SMALL,
    TOY,
    Labels,
    address_map,
    address_set,
    cells,
    deep,
    every_labelling,
    names,
    partition,
    some_labellings,
)


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


@cache
def costs_in_few_lengths(width: int, most: int, allowed: tuple[int, ...]) -> dict[Labels, int]:
    """Return every map of a space that some choice of lengths says, and the fewest entries."""
    costs: dict[Labels, int] = {}
    for choice in chain.from_iterable(combinations(allowed, n) for n in range(1, most + 1)):
        for said, count in oracle.member_costs(width, 2, choice).items():
            costs[said] = min(costs.get(said, count), count)
    return costs


def require_cheapest(wanted: Labels, most: int, allowed: tuple[int, ...]) -> None:
    """Fail unless the rules are the fewest of all choices of lengths, with the least free space."""
    family = TOY if len(wanted) == TOY.size else SMALL
    rules = cover_in_few_lengths(partition(wanted, family), allowed, most)
    got = cells(meaning(Match.MEMBER, [rules], names(2), [family]))
    assert list(oracle.served(wanted, [got])), f"{wanted} became {got}"
    used = tuple(sorted(set(rules.prefixes().length.tolist())))
    assert len(used) <= most
    assert set(used) <= set(allowed)
    cheapest = oracle.cheapest(wanted, costs_in_few_lengths(family.width, most, allowed))
    assert (len(rules), oracle.taken(wanted, got)) == cheapest, f"{wanted} in {most} of {allowed}"


@pytest.mark.parametrize("allowed", [(0, 1, 2), (1, 2), (0, 2), (2,)])
@pytest.mark.parametrize("most", [1, 2, 3])
def test_free_space_saves_entries_in_few_lengths_on_every_small_input(
    most: int, allowed: tuple[int, ...]
) -> None:
    for labels in every_labelling(3, SMALL.width):
        require_cheapest(tuple(label - 1 for label in labels), most, allowed)


@pytest.mark.parametrize("allowed", [(0, 1, 2, 3), (1, 3), (0, 2, 3)])
@pytest.mark.parametrize("most", [1, 2, 3])
def test_free_space_saves_entries_in_few_lengths_on_many_inputs(
    most: int, allowed: tuple[int, ...]
) -> None:
    for labels in some_labellings(3, 250):
        require_cheapest(tuple(label - 1 for label in labels), most, allowed)


@pytest.mark.parametrize(
    ("wanted", "most"),
    [
        ((1, 1, 1, -1, 0, 1, 1, 1), 2),  # as many entries of /1 and /3 hold the free address
        ((1, 0, 1, 1, 1, -1, 1, 1), 2),
    ],
)
def test_other_lengths_with_as_many_entries_are_taken_if_they_hold_less(
    wanted: Labels, most: int
) -> None:
    require_cheapest(wanted, most, (0, 1, 2, 3))


@pytest.mark.parametrize("most", [1, 2, 3])
def test_no_choice_of_lengths_has_as_many_entries_that_hold_less(most: int) -> None:
    """A space of 5 bits, in which leaves of several lengths are entries as they are, or not."""
    family, rng = Family(0, 5), np.random.default_rng(5)
    choices = list(chain.from_iterable(combinations(range(6), n) for n in range(1, most + 1)))
    for _ in range(60):
        runs = rng.choice([FREE, 0, 1], 32, p=[0.4, 0.15, 0.45])
        wanted = partition(np.repeat(runs, rng.integers(1, 4, 32))[:32].tolist(), family)
        asked = Asked.of(wanted)
        able = [choice for choice in choices if max(choice) >= asked.widest.max(initial=0)]
        costs = [size(asked.cover(choice)) for choice in able]
        assert size(cover_in_few_lengths(wanted, range(6), most)) == min(costs)


def size(rules: Rules) -> tuple[int, int]:
    """Return the entries, and how many addresses they hold."""
    return len(rules), int((rules.last - rules.start + 1).sum())


def test_entries_stay_the_fewest_where_not_every_way_is_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fewer_lengths, "_MOST_WAYS", 1)
    for labels in some_labellings(3, 250):
        wanted = tuple(label - 1 for label in labels)
        rules = cover_in_few_lengths(partition(wanted), range(4), 2)
        got = cells(meaning(Match.MEMBER, [rules], names(2), [TOY]))
        assert list(oracle.served(wanted, [got]))
        costs = costs_in_few_lengths(TOY.width, 2, (0, 1, 2, 3))
        assert len(rules) == oracle.cheapest(wanted, costs)[0]


@pytest.mark.parametrize("match", [Match.MEMBER, Match.LONGEST, Match.FIRST])
@pytest.mark.parametrize("most", [1, 2])
def test_free_space_never_costs_entries(match: Match, most: int) -> None:
    for labels in some_labellings(3, 60):
        wanted = [int(label == 2) for label in labels]
        free = address_set([int(label == 0) for label in labels])
        counts = []
        for dont_care in (None, free):
            request = PassRequest(dont_care=dont_care, most_lengths=most)
            compiled = compile_rules(address_map(wanted), match, request)
            assert len(set(compiled.rules[TOY].prefixes().length.tolist())) <= most
            counts.append(len(compiled.rules[TOY]))
        assert counts[1] <= counts[0], labels


@pytest.mark.parametrize("bit", [60, 62, 66])
def test_free_space_of_every_depth_of_ipv6_saves_the_same(bit: int) -> None:
    for labels in some_labellings(3, 40):
        wanted = tuple(label - 1 for label in labels)
        plain = cover_in_few_lengths(partition(wanted), range(4), 2)
        lengths = range(125 - bit, 129 - bit)
        inside = cover_in_few_lengths(deep(wanted, bit), lengths, 2)
        assert len(inside) == len(plain), wanted
        assert set(inside.prefixes().length - 125 + bit) == set(plain.prefixes().length)


@pytest.mark.parametrize(
    ("most", "lengths"), [(1, [30, 30, 30]), (2, [31, 31, 30]), (3, [32, 31, 30])]
)
def test_few_lengths_take_no_more_free_space_than_they_must(most: int, lengths: list[int]) -> None:
    """Three free /24s with one, two and four wanted addresses: each is one entry in any length."""
    starts, labels = [0], [0]
    for number, size in enumerate((1, 2, 4)):
        first = (10 << 24) + (number << 9)
        starts += [first, first + size, first + 256]
        labels += [1, -1, 0]
    wanted = Partition.of(V4, np.array(starts, dtype=np.uint64), np.array(labels, dtype=np.int32))
    assert cover_in_few_lengths(wanted, range(33), most).prefixes().length.tolist() == lengths
