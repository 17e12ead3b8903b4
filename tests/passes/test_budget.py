"""At every number of entries no rules cost less: harm, what is missed, or both, on every input."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from blockc.addresses.rules import Match, meaning
from blockc.passes.budget.cost_curve import Curve
from blockc.passes.budget.limit import curves
from blockc.passes.budget.weights import Weights
from blockc.passes.driver import RuleState
from blockc.passes.request import PassRequest
from blockc.vocabulary import WhenOver
from tests.passes import oracle
from tests.passes.toy import (
    TOY,
    Labels,
    address_map,
    address_set,
    cells,
    every_labelling,
    names,
    partition,
    some_labellings,
)

WORTH = (3, 1, 4, 1, 5, 9, 2, 6)  # what each address of the toy space is worth
WEIGHTS = Weights((partition(WORTH),), tuple(map(Fraction, range(10))))
LIMIT = 8

Lengths = tuple[int, ...]
ANY: Lengths = (0, 1, 2, 3)

COSTS: dict[Match, Callable[[Lengths], dict[Labels, int]]] = {
    Match.MEMBER: lambda allowed: oracle.member_costs(TOY.width, 2, allowed),
    Match.LONGEST: lambda allowed: oracle.longest_costs(TOY.width, 2, allowed),
    Match.FIRST: lambda allowed: oracle.longest_costs(TOY.width, 2, allowed),
    Match.INTERVALS: lambda _: oracle.interval_costs(TOY.width, 2),
}
WANTED, UNWANTED, FREE, PROTECTED = 1, 0, -1, -2
MODES = [
    (WhenOver.COLLATERAL, Fraction(1)),
    (WhenOver.COVERAGE, Fraction(1)),
    (WhenOver.BALANCE, Fraction(1)),
    (WhenOver.BALANCE, Fraction(1, 3)),
    (WhenOver.BALANCE, Fraction(0)),
]


def curve_for(
    kinds: Labels,
    match: Match,
    mode: tuple[WhenOver, Fraction],
    weights: Weights | None = WEIGHTS,
    allowed: Lengths = ANY,
) -> Curve:
    """Return the curve for a space whose addresses are wanted, unwanted, free or protected."""
    request = PassRequest(
        dont_care=address_set([kind == FREE for kind in kinds]),
        protected=address_set([kind == PROTECTED for kind in kinds]),
        when_over=mode[0],
        mu=mode[1],
        weights=weights,
        lengths={TOY: allowed},
    )
    intent = address_map([kind == WANTED for kind in kinds])
    return curves(RuleState.of(intent, match, request), request, LIMIT, [TOY])[TOY]


def price(kinds: Labels, got: Labels, mode: tuple[WhenOver, Fraction]) -> Fraction | None:
    """Return what a set costs for which the rules were asked, or None if it must not be."""
    rows = list(zip(kinds, got, WORTH, strict=True))
    harm = sum(worth for kind, blocked, worth in rows if blocked and kind == UNWANTED)
    harm += sum(worth for kind, blocked, worth in rows if blocked and kind == PROTECTED)
    missed = sum(worth for kind, blocked, worth in rows if not blocked and kind == WANTED)
    refused = any(blocked and kind == PROTECTED for kind, blocked, _ in rows)
    if mode[0] == WhenOver.COLLATERAL:
        return None if missed or refused else Fraction(harm)
    if mode[0] == WhenOver.COVERAGE:
        return None if harm or refused else Fraction(missed)
    return None if refused else harm + mode[1] * missed


def require_optimal(
    kinds: Labels, match: Match, mode: tuple[WhenOver, Fraction], allowed: Lengths = ANY
) -> None:
    """Fail unless every number of entries costs as little as can be, and its rules cost that."""
    curve = curve_for(kinds, match, mode, allowed=allowed)
    cheapest: dict[int, Fraction] = {}
    for got, count in COSTS[match](allowed).items():
        cost = price(kinds, got, mode)
        if cost is not None:
            cheapest[count] = min(cost, cheapest.get(count, cost))
    for entries in range(LIMIT + 1):
        affordable = [cost for count, cost in cheapest.items() if count <= entries]
        if not affordable:
            assert entries < curve.first, f"{kinds} {entries}: nothing is allowed"
            continue
        assert entries >= curve.first, f"{kinds} {entries}: {min(affordable)} is possible"
        rules = curve.solve(min(entries, curve.enough))
        got = cells(meaning(match, [rules], names(2), [TOY]))
        cost = price(kinds, got, mode)
        assert len(rules) <= entries
        assert cost == min(affordable), f"{kinds} {entries}: {got} costs {cost}"
        assert curve.at(entries) == cost


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("match", COSTS)
def test_no_rules_cost_less_on_many_inputs(match: Match, mode: tuple[WhenOver, Fraction]) -> None:
    for labels in some_labellings(4, 50):
        require_optimal(tuple(label - 2 for label in labels), match, mode)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES[:3])
@pytest.mark.parametrize("match", [Match.MEMBER, Match.LONGEST, Match.INTERVALS])
def test_no_rules_cost_less_on_every_input(match: Match, mode: tuple[WhenOver, Fraction]) -> None:
    for labels in every_labelling(2):
        require_optimal(labels, match, mode)


@pytest.mark.parametrize("mode", MODES[:3])
@pytest.mark.parametrize("allowed", [(1, 2, 3), (2, 3), (0, 1), (0, 2), (1, 3), (2,), (0,)])
def test_disjoint_prefixes_of_any_lengths_cost_no_less(
    allowed: Lengths, mode: tuple[WhenOver, Fraction]
) -> None:
    for labels in some_labellings(4, 25):
        kinds = tuple(label - 2 for label in labels)
        require_optimal(kinds, Match.MEMBER, mode, allowed)


@pytest.mark.parametrize("mode", MODES[:3])
@pytest.mark.parametrize("allowed", [(1, 2, 3), (2, 3), (3,)])
def test_nested_prefixes_from_a_shortest_length_on_cost_no_less(
    allowed: Lengths, mode: tuple[WhenOver, Fraction]
) -> None:
    for labels in some_labellings(4, 25):
        kinds = tuple(label - 2 for label in labels)
        require_optimal(kinds, Match.LONGEST, mode, allowed)


@pytest.mark.parametrize("match", COSTS)
def test_costs_that_do_not_fit_64_bits_choose_the_same(match: Match) -> None:
    """Scaled up beyond any machine word, every choice and every cost stays what it was."""
    huge = 10**30
    # The odd one keeps a common factor from bringing the numbers back into 64 bits.
    vast = Weights(WEIGHTS.parts, (*(rate * huge for rate in WEIGHTS.rates), Fraction(1)))
    for labels in some_labellings(4, 20):
        kinds = tuple(label - 2 for label in labels)
        for mode in MODES[:3]:
            plain, large = (curve_for(kinds, match, mode, w) for w in (WEIGHTS, vast))
            assert plain.cost.dtype == np.int64
            assert large.cost.dtype == object or not large.total
            for entries in range(plain.first, plain.enough + 1):
                assert large.at(entries) == plain.at(entries) * huge
                one, two = plain.solve(entries), large.solve(entries)
                assert np.array_equal(one.start, two.start)
                assert np.array_equal(one.verdict, two.verdict)


def test_a_range_of_weight_nothing_is_closed_before_any_other() -> None:
    weights = Weights((partition([1, 1, 1, 0, 1, 1, 1, 1]),), (Fraction(0), Fraction(1)))
    kinds = (1, 0, 1, 0, 1, 0, 1, 0)
    curve = curve_for(kinds, Match.INTERVALS, MODES[0], weights)
    assert [curve.at(k) for k in range(1, 5)] == [2, 1, 0, 0]
    assert [curve.parts(k)[1] for k in range(1, 5)] == [1, 1, 1, 0]
    assert curve.enough == 4, "an entry more spares the range that is worth nothing"


def test_wanted_space_of_no_worth_counts_as_the_least_worth() -> None:
    rates = (Fraction(0), Fraction(5), Fraction(7))
    weights = Weights((partition([0, 0, 0, 0, 0, 0, 1, 2]),), rates)
    curve = curve_for((1, 0, 1, 0, 0, 0, 0, 1), Match.MEMBER, MODES[1], weights)
    assert [curve.at(entries) for entries in range(4)] == [17, 10, 5, 0]
