"""Every model's rules are the fewest there are, and take the least free space, on every input."""

from collections.abc import Callable

import numpy as np
import pytest

from blockc.addresses.family import V6
from blockc.addresses.partition import Partition
from blockc.addresses.rules import Match, Rules, meaning
from blockc.passes.exact.cover import cover, intervals
from blockc.passes.exact.lengths import legal
from blockc.passes.exact.ortc import longest
from blockc.passes.exact.two_sets import balanced_two_sets, two_sets
from tests.passes import oracle
from tests.passes.toy import (
    SMALL,
    TOY,
    Labels,
    cells,
    deep,
    every_labelling,
    names,
    partition,
    some_labellings,
)

Make = Callable[[Partition], Rules]
Costs = dict[Labels, int]

MAKERS: dict[str, tuple[Match, Make, Callable[[int, int], Costs]]] = {
    "cover": (Match.MEMBER, cover, oracle.member_costs),
    "intervals": (Match.INTERVALS, intervals, oracle.interval_costs),
    "longest": (
        Match.LONGEST,
        lambda p: longest(p, range(p.family.width + 1)),
        oracle.longest_costs,
    ),
    "first": (
        Match.FIRST,
        lambda p: legal(Match.FIRST, longest(p, range(p.family.width + 1)), range(129)),
        oracle.longest_costs,
    ),
    "two sets": (
        Match.TWO_SETS,
        lambda p: two_sets(p, range(p.family.width + 1)),
        lambda width, _: oracle.two_set_costs(width),
    ),
}
SEVERAL = sorted(set(MAKERS) - {"two sets"})


def told(match: Match, rules: Rules) -> Labels:
    return cells(meaning(match, [rules], names(4), [rules.family]))


def require_cheapest(name: str, wanted: Labels, labels: int, *, least: bool) -> None:
    """Fail unless the rules for `wanted` say it with the fewest entries and free space."""
    match, make, costs_of = MAKERS[name]
    family = TOY if len(wanted) == TOY.size else SMALL
    rules = make(partition(wanted, family))
    got = told(match, rules)
    costs = costs_of(family.width, labels)
    assert list(oracle.served(wanted, [got])), f"{name}: {wanted} became {got}"
    count, extra = oracle.cheapest(wanted, costs)
    assert len(rules) == count, f"{name}: {wanted} took {len(rules)} entries, not {count}"
    if least:
        assert oracle.taken(wanted, got) == extra, f"{name}: {wanted} became {got}"


@pytest.mark.parametrize("name", MAKERS)
def test_one_verdict_takes_the_fewest_entries_on_every_input(name: str) -> None:
    for wanted in every_labelling(2):
        require_cheapest(name, wanted, 2, least=True)


@pytest.mark.parametrize("name", MAKERS)
def test_free_space_is_used_to_the_least_on_every_small_input(name: str) -> None:
    for wanted in every_labelling(3, SMALL.width):
        require_cheapest(name, tuple(label - 1 for label in wanted), 2, least=True)


@pytest.mark.parametrize("name", MAKERS)
def test_free_space_is_used_to_the_least_on_many_inputs(name: str) -> None:
    for wanted in some_labellings(3, 400):
        require_cheapest(name, tuple(label - 1 for label in wanted), 2, least=True)


@pytest.mark.parametrize("name", SEVERAL)
def test_several_verdicts_take_the_fewest_entries_on_every_small_input(name: str) -> None:
    for wanted in every_labelling(4, SMALL.width):
        require_cheapest(name, tuple(label - 1 for label in wanted), 3, least=False)


@pytest.mark.parametrize("name", SEVERAL)
def test_several_verdicts_take_the_fewest_entries_on_many_inputs(name: str) -> None:
    for wanted in some_labellings(4, 80):
        require_cheapest(name, tuple(label - 1 for label in wanted), 3, least=False)


def test_hundreds_of_verdicts_need_no_more_entries_than_a_few() -> None:
    renamed = {0: 0, 1: 63, 2: 64, 3: 190}
    for wanted in some_labellings(4, 60):
        few = longest(partition(wanted), range(4))
        many = longest(partition([renamed[label] for label in wanted]), range(4))
        assert many.verdict.tolist() == [renamed[label] for label in few.verdict.tolist()]
        assert np.array_equal(many.start, few.start)


@pytest.mark.parametrize("bit", [60, 62, 64, 126 - 3])
@pytest.mark.parametrize("name", MAKERS)
def test_ipv6_of_every_depth_takes_what_the_small_space_takes(name: str, bit: int) -> None:
    """The same pattern deep inside IPv6 is as cheap: no bit is lost on the way to 128."""
    match, make, costs_of = MAKERS[name]
    for wanted in some_labellings(2, 60):
        pattern = deep(wanted, bit)
        rules = make(pattern)
        assert meaning(match, [rules], names(2), [V6]).parts == (pattern,)
        assert len(rules) == costs_of(TOY.width, 2)[wanted]


@pytest.mark.parametrize("name", ["cover", "longest", "two sets"])
@pytest.mark.parametrize("bit", [60, 66])
def test_free_space_finer_than_a_64_is_counted_exactly(name: str, bit: int) -> None:
    match, make, costs_of = MAKERS[name]
    cell_starts = deep(range(1, 9), bit)
    where = cell_starts.starts[cell_starts.labels != 0]
    for labels in some_labellings(3, 60):
        wanted = tuple(label - 1 for label in labels)
        rules = make(deep(wanted, bit))
        got = tuple(meaning(match, [rules], names(2), [V6]).parts[0].at(where).tolist())
        cheapest = oracle.cheapest(wanted, costs_of(TOY.width, 2))
        assert (len(rules), oracle.taken(wanted, got)) == cheapest, wanted


@pytest.mark.parametrize("shortest", [1, 2, 3])
def test_a_shortest_length_keeps_the_longest_match_the_fewest(shortest: int) -> None:
    for wanted in every_labelling(2):
        rules = longest(partition(wanted), range(shortest, 4))
        assert told(Match.LONGEST, rules) == wanted
        assert rules.prefixes().length.min(initial=3) >= shortest
        step = TOY.size >> shortest
        blocks = [wanted[at : at + step] for at in range(0, TOY.size, step)]
        costs = oracle.longest_costs(TOY.width - shortest, 2)
        assert len(rules) == sum(costs[block] for block in blocks)


@pytest.mark.parametrize("shortest", [1, 2, 3])
def test_free_space_is_used_to_the_least_from_a_shortest_length_on(shortest: int) -> None:
    allowed = tuple(range(shortest, TOY.width + 1))
    nested = oracle.longest_costs(TOY.width, 2, allowed)
    differences = oracle.two_set_costs(TOY.width, allowed)
    for labels in some_labellings(3, 80):
        wanted = tuple(label - 1 for label in labels)
        for match, rules, costs in (
            (Match.LONGEST, longest(partition(wanted), allowed), nested),
            (Match.TWO_SETS, two_sets(partition(wanted), allowed), differences),
        ):
            got = told(match, rules)
            assert rules.prefixes().length.min(initial=TOY.width) >= shortest
            assert list(oracle.served(wanted, [got]))
            assert (len(rules), oracle.taken(wanted, got)) == oracle.cheapest(wanted, costs)


def test_prices_trade_one_set_for_the_other() -> None:
    wanted = (1, 1, 1, 0, 1, 1, 0, 1)
    dear_exceptions = two_sets(partition(wanted), range(4), (1, 9))
    dear_block = two_sets(partition(wanted), range(4), (9, 1))
    assert (dear_exceptions.verdict != 0).all()
    assert (dear_block.verdict != 0).sum() == 1
    for rules in (dear_exceptions, dear_block):
        assert told(Match.TWO_SETS, rules) == wanted


def test_two_sets_fit_a_limit_whenever_some_price_does() -> None:
    wanted = partition((1, 1, 1, 0, 1, 1, 0, 1))
    for limit in (2, 3, 4):
        (rules,) = balanced_two_sets([wanted], [range(4)], limit)
        block = int((rules.verdict != 0).sum())
        assert max(block, len(rules) - block) <= limit


def test_ties_are_broken_the_same_way_every_time() -> None:
    for wanted in some_labellings(3, 50):
        for name in SEVERAL:
            _, make, _ = MAKERS[name]
            one, two = make(partition(wanted)), make(partition(list(wanted)))
            for column in ("start", "last", "verdict"):
                assert np.array_equal(getattr(one, column), getattr(two, column))
