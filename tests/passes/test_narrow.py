"""What keeps to a limit leaves free space out of its entries wherever that costs nothing."""

import pytest

from blockc.addresses.rules import Match
from blockc.passes.budget.limit import curves_of, outcome
from blockc.passes.plan import compile_rules
from blockc.passes.request import PassRequest
from blockc.vocabulary import WhenOver
from tests.passes.toy import TOY, address_map, address_set

FREE = (0, 1, 1, 1, 0, 0, 1, 0)
WANTED = (1, 0, 0, 0, 0, 1, 0, 0)
MODES = [WhenOver.COLLATERAL, WhenOver.COVERAGE, WhenOver.BALANCE]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("match", [Match.MEMBER, Match.LONGEST, Match.INTERVALS])
def test_an_entry_for_one_address_takes_no_free_space_around_it(
    match: Match, mode: WhenOver
) -> None:
    intent = address_map(WANTED)
    asked = PassRequest(dont_care=address_set(FREE), when_over=mode)
    curve = curves_of(intent, match, asked)[TOY]
    assert curve.at(2) == 0
    change = outcome(intent, match, {TOY: curve.solve(2)})
    assert not change.added
    assert not change.lost


def test_of_ranges_that_cost_the_same_those_without_free_space_are_taken() -> None:
    intent = address_map((1, 0, 0, 1, 0, 1, 0, 0))
    asked = PassRequest(
        dont_care=address_set((0, 0, 1, 0, 0, 0, 0, 0)),
        max_entries=2,
        when_over=WhenOver.COLLATERAL,
    )
    compiled = compile_rules(intent, Match.INTERVALS, asked)
    assert compiled.meaning == address_map((1, 0, 0, 1, 1, 1, 0, 0))


def test_free_space_between_is_taken_where_it_saves_an_entry() -> None:
    intent = address_map((1, 0, 1, 1, 0, 0, 0, 1))
    asked = PassRequest(
        dont_care=address_set((0, 1, 0, 0, 0, 0, 0, 0)),
        max_entries=2,
        when_over=WhenOver.COVERAGE,
    )
    compiled = compile_rules(intent, Match.LONGEST, asked)
    assert not compiled.steps[-1].lost
    assert compiled.meaning == address_map((1, 1, 1, 1, 0, 0, 0, 1))
