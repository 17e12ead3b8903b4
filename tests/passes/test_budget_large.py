"""Curves of larger spaces against plain recursions, and deep inside IPv6."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache

import numpy as np
import pytest

from blockc.addresses.addrmap import AddrMap
from blockc.addresses.family import V4, V6, Family
from blockc.addresses.rules import Match, meaning
from blockc.errors import DoesNotFit
from blockc.passes.budget import limbs
from blockc.passes.budget.cost_curve import Curve
from blockc.passes.budget.limit import curves_of, outcome
from blockc.passes.budget.minplus import NEVER_BIG
from blockc.passes.budget.weights import Weights
from blockc.passes.plan import compile_rules
from blockc.passes.request import Effort, PassRequest
from blockc.values import replace
from blockc.vocabulary import WhenOver
from tests.passes.toy import TOY, address_map, deep, names, partition, some_labellings

WIDE = Family(0, 6)
CELLS = WIDE.size
Never = float("inf")
Costs = tuple[float, float]  # of an address that has no verdict, and of one that has


def address_costs(wanted: list[int], worth: list[int], mode: WhenOver) -> list[Costs]:
    """Return what each address costs without a verdict and with one."""
    missed = {WhenOver.COLLATERAL: Never, WhenOver.COVERAGE: 1, WhenOver.BALANCE: 2}[mode]
    harm = Never if mode == WhenOver.COVERAGE else 1
    return [
        (missed * one if hope else 0, 0 if hope else harm * one)
        for hope, one in zip(wanted, worth, strict=True)
    ]


def member_cost(costs: list[Costs]) -> Callable[[int], float]:
    """Return the least cost of so many disjoint prefixes, by trying all shares at every prefix."""

    @cache
    def best(first: int, stop: int, entries: int) -> float:
        alone = sum(cost[0] for cost in costs[first:stop])
        if not entries:
            return alone
        whole = sum(cost[1] for cost in costs[first:stop])
        if stop - first == 1:
            return min(alone, whole)
        half = (first + stop) // 2
        shares = (
            best(first, half, used) + best(half, stop, entries - used)
            for used in range(entries + 1)
        )
        return min(whole, *shares)

    return lambda entries: best(0, len(costs), entries)


def longest_cost(costs: list[Costs]) -> Callable[[int], float]:
    """Return the least cost of so many nested prefixes, by trying all shares and verdicts."""

    @cache
    def best(first: int, stop: int, verdict: int, entries: int) -> float:
        options = [inside(first, stop, verdict, entries)]
        if entries:
            options.append(inside(first, stop, 1 - verdict, entries - 1))
        return min(options)

    @cache
    def inside(first: int, stop: int, verdict: int, entries: int) -> float:
        if stop - first == 1:
            return costs[first][verdict]
        half = (first + stop) // 2
        return min(
            best(first, half, verdict, used) + best(half, stop, verdict, entries - used)
            for used in range(entries + 1)
        )

    return lambda entries: best(0, len(costs), 0, entries)


def interval_cost(costs: list[Costs]) -> Callable[[int], float]:
    """Return the least cost of so many ranges, address by address."""

    @cache
    def best(at: int, verdict: int, entries: int) -> float:
        if at == len(costs):
            return 0
        options = [costs[at][0] + best(at + 1, 0, entries)]
        if verdict or entries:
            options.append(costs[at][1] + best(at + 1, 1, entries - (not verdict)))
        return min(options)

    return lambda entries: best(0, 0, entries)


PLAIN = {
    Match.MEMBER: member_cost,
    Match.LONGEST: longest_cost,
    Match.INTERVALS: interval_cost,
}
MODES = [WhenOver.COLLATERAL, WhenOver.COVERAGE, WhenOver.BALANCE]


def large_inputs() -> Iterator[tuple[list[int], list[int]]]:
    """Yield what is wanted and what addresses are worth, at several densities."""
    rng = np.random.default_rng(1999)
    for share in (0.1, 0.3, 0.5, 0.8):
        wanted = (rng.random(CELLS) < share).astype(int)
        yield wanted.tolist(), rng.integers(1, 50, CELLS).tolist()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("match", PLAIN)
def test_curves_of_larger_spaces_equal_plain_recursion(match: Match, mode: WhenOver) -> None:
    for wanted, worth in large_inputs():
        rates = tuple(map(Fraction, range(51)))
        weights = Weights((partition(worth, WIDE),), rates)
        request = PassRequest(when_over=mode, mu=Fraction(2), weights=weights)
        intent = address_map(wanted, WIDE)
        curve = curves_of(intent, match, request)[WIDE]
        costs = address_costs(wanted, worth, mode)
        plain = PLAIN[match](costs)
        for entries in range(curve.first, curve.enough + 1):
            assert curve.at(entries) == plain(entries), entries
            rules = curve.solve(entries)
            assert len(rules) <= entries
            got = meaning(match, [rules], names(2), [WIDE]).parts[0]
            seen = got.at(np.arange(CELLS, dtype=np.uint64)).tolist()
            assert sum(cost[v] for cost, v in zip(costs, seen, strict=True)) == plain(entries)


def same_shape(small: Curve, large: Curve, factor: int) -> None:
    assert (large.first, large.enough) == (small.first, small.enough)
    for entries in range(small.first, small.enough + 1):
        assert large.at(entries) == small.at(entries) * factor


@pytest.mark.parametrize("bit", [60, 66, 100])
@pytest.mark.parametrize("match", PLAIN)
def test_curves_deep_inside_ipv6_have_the_same_shape(match: Match, bit: int) -> None:
    """Every cell is `2**bit` addresses there: costs are that much larger, to the last digit."""
    for mode in MODES:
        for labels in some_labellings(2, 12):
            request = PassRequest(when_over=mode)
            small = curves_of(address_map(labels), match, request)[TOY]
            intent = AddrMap((deep(labels, bit),), names(2))
            large = curves_of(intent, match, request)[V6]
            same_shape(small, large, 1 << bit)
            for entries in range(max(small.first, 1), small.enough + 1):
                change = outcome(intent, match, {V6: large.solve(entries)})
                worth = change.added.count + change.lost.count
                assert worth == large.at(entries)


def test_a_limit_below_what_protected_space_needs_is_refused_with_the_number() -> None:
    intent = address_map([1, 0, 1, 0, 1, 0, 1, 0])
    request = PassRequest(
        protected=AddrMap.where(address_map([0, 1, 0, 1, 0, 1, 0, 0]), ["v1"]),
        max_entries=2,
        when_over=WhenOver.COLLATERAL,
    )
    with pytest.raises(DoesNotFit, match=r"ipv0: 4 entries are needed to spare protected space"):
        compile_rules(intent, Match.MEMBER, request)
    with pytest.raises(DoesNotFit, match=r"ipv0: no prefixes of the lengths allowed spare"):
        compile_rules(intent, Match.MEMBER, replace(request, lengths={TOY: [2]}, max_entries=1))


def test_several_verdicts_cannot_be_chosen_between() -> None:
    request = PassRequest(max_entries=1, when_over=WhenOver.COVERAGE)
    with pytest.raises(DoesNotFit, match=r"'coverage' can hold one verdict, .* has 2: v1, v2"):
        compile_rules(address_map([1, 2, 0, 0, 0, 0, 0, 0]), Match.MEMBER, request)


@pytest.mark.parametrize("limit", range(2, 9))
def test_families_share_a_limit_at_the_least_sum_of_shares(limit: int) -> None:
    """One family's curve is the other's; what counts is the share of each family's own total."""
    v4 = [1, 0, 1, 0, 1, 0, 1, 1, 0]
    v6 = [1, 0, 0, 1, 0, 1, 1, 0]
    starts = partition(v4, V4)
    intent = AddrMap((starts, deep(v6, 80)), names(2))
    asked = PassRequest(max_entries=limit, shared=True, when_over=WhenOver.COVERAGE)
    curves = curves_of(intent, Match.MEMBER, asked)
    shares = {
        k: curves[V4].at(k) / 5 + curves[V6].at(limit - k) / (4 << 80) for k in range(limit + 1)
    }
    compiled = compile_rules(intent, Match.MEMBER, asked)
    lost = compiled.steps[-1].lost
    got = Fraction(lost.count_of(V4), 5) + Fraction(lost.count_of(V6), 4 << 80)
    assert sum(compiled.entries.values()) <= limit
    assert got == min(shares.values())


def test_a_shared_limit_weighs_a_loss_by_what_each_list_could_lose() -> None:
    """The family of one entry would lose all of its list, the other one a quarter."""
    v4, v6 = partition([0, 1, 0, 1, 0, 1, 0, 1, 0], V4), deep([1, 0, 0, 0, 0, 0, 0, 0], 80)
    asked = PassRequest(max_entries=4, shared=True, when_over=WhenOver.COVERAGE)
    compiled = compile_rules(AddrMap((v4, v6), names(2)), Match.MEMBER, asked)
    assert compiled.entries == {V4: 3, V6: 1}


def test_an_observer_is_told_the_effort_first_and_then_how_far_it_is() -> None:
    told: list[Effort] = []
    wanted = (np.random.default_rng(7).random(CELLS) < 0.5).astype(int).tolist()
    for match in (Match.MEMBER, Match.LONGEST):
        told.clear()
        asked = PassRequest(max_entries=3, when_over=WhenOver.COLLATERAL, observe=told.append)
        compile_rules(address_map(wanted, WIDE), match, asked)
        shares = [effort.share for effort in told]
        assert (shares[0], shares[-1]) == (0, 1)
        assert shares == sorted(shares)
        assert told[0].seconds > 0
        assert told[0].megabytes > 0


@pytest.mark.parametrize("most", [1, 1 << 62, (1 << 63) - 1, 1 << 63, 1 << 125, 1 << 200])
def test_costs_in_limbs_add_and_compare_as_integers_do(most: int) -> None:
    count = limbs.limbs_for(most)
    numbers = [0, 1, most // 2, most - most // 2, most // 3, most - 1]
    costs = np.array([*numbers, NEVER_BIG], dtype=object)
    cut = limbs.cut_up(costs, count)
    assert limbs.whole(cut).tolist() == costs.tolist()
    assert limbs.impossible(cut).tolist() == [False] * len(numbers) + [True]
    for shift, number in enumerate(numbers):
        other = limbs.cut_up(np.array([number], dtype=object), count)
        lowest = cut.copy()
        limbs.lower(lowest, other)
        assert limbs.whole(lowest).tolist() == [min(one, number) for one in costs.tolist()], shift
        fitting = [one for one in numbers if one + number <= most]
        sums = limbs.added(limbs.cut_up(np.array(fitting, dtype=object), count), other)
        assert limbs.whole(sums).tolist() == [one + number for one in fitting]
