"""What a limit costs: every number is that of the rules themselves."""

import numpy as np

from blockc.addresses import V4, V6, AddrMap, AddrSet
from blockc.addresses.rules import Match
from blockc.compiler.limits import Limits
from blockc.explain.curve import FamilyCurve, Question, chosen_limits, family_curves
from blockc.passes.budget.limit import curves_of
from blockc.passes.request import PassRequest
from blockc.policy.model import Fit
from blockc.registries.records import Records
from blockc.registries.registry_map import RegistryMap
from blockc.targets.data.plain import PLAIN
from blockc.values import replace
from blockc.vocabulary import WhenOver
from tests.passes.test_weights import delegations
from tests.policy.toy import addresses

BASE = 0x0B000000  # 11.0.0.0


def some_records() -> list[Records]:
    """Return 400 delegations of 16 addresses, in turns of three countries."""
    codes = ("CN", "US", "DE")
    chance = np.random.default_rng(4).integers(0, 3, 400).tolist()
    rows = [(BASE + 16 * n, BASE + 16 * n + 15, codes[at]) for n, at in enumerate(chance)]
    return [delegations(V4, *rows), delegations(V6, (1 << 125, (1 << 125) + (1 << 80), "US"))]


RECORDS = some_records()
WORLD = RegistryMap.of(RECORDS)
CHINA = AddrMap.of_set(WORLD.select(countries=["CN"]))


def question(fit: Fit, **limits: int) -> Question:
    request = Limits(WORLD, RECORDS, AddrSet.empty()).fitting(fit, PLAIN)
    return Question(CHINA, Match.MEMBER, request, RECORDS, limits)


def china(fit: Fit, **limits: int) -> FamilyCurve:
    """Return the curve of China in IPv4."""
    return family_curves(question(fit, **limits))[0]


def test_harm_falls_to_nothing_while_all_is_covered() -> None:
    one = china(Fit(when_over=WhenOver.COLLATERAL))
    harm = [point.added.delegated for point in one.points]
    assert harm == sorted(harm, reverse=True)
    assert harm[0] > 0 == harm[-1]
    assert all(p.lost.addresses == 0 and p.entries <= p.limit for p in one.points)
    last = one.points[-1]
    cover = CHINA.where(["block"]).prefix_count(V4)
    assert (last.names, last.limit, last.added.addresses) == (("enough",), cover, 0)


def test_coverage_rises_to_all_while_nobody_is_harmed() -> None:
    one = china(Fit(when_over=WhenOver.COVERAGE))
    missed = [point.lost.addresses for point in one.points]
    assert missed == sorted(missed, reverse=True)
    assert (one.points[0].limit, missed[-1]) == (1, 0)
    assert all(point.added.addresses == 0 for point in one.points)


def test_costs_are_what_the_points_count() -> None:
    for fit, side in (
        (Fit(when_over=WhenOver.COLLATERAL), "added"),
        (Fit(when_over=WhenOver.COVERAGE), "lost"),
    ):
        one = china(fit)
        assert one.counted == side
        costs = dict(one.breakpoints())
        for point in one.points:
            cost = costs[max(entries for entries in costs if entries <= point.limit)]
            assert cost == getattr(point, side).delegated
    assert china(Fit(when_over=WhenOver.BALANCE)).counted == ""
    assert china(Fit(when_over=WhenOver.COLLATERAL, weigh="delegations")).counted == ""


def test_shares_are_of_what_the_list_and_others_hold() -> None:
    one = china(Fit(when_over=WhenOver.COLLATERAL))
    mine = one.wanted.delegations
    assert one.wanted.addresses == one.wanted.delegated == 16 * mine
    assert (one.others.delegated, one.others.delegations) == (16 * (400 - mine), 400 - mine)


def test_limits_are_points_of_their_own_or_that_of_enough() -> None:
    one = china(Fit(when_over=WhenOver.COLLATERAL), tight=33, roomy=10**6)
    found = {name: point.limit for point in one.points for name in point.names}
    assert found["tight"] == 33
    assert found["roomy"] == found["enough"] == one.curve.enough
    assert not one.refused


def test_limits_below_what_protected_space_needs_are_refused() -> None:
    spared = replace(Fit(when_over=WhenOver.COLLATERAL), spare=("US",))
    one = china(spared, tight=2)
    assert one.refused == {"tight": 2}
    assert one.points[0].names == ("fewest",)
    assert one.points[0].limit == one.curve.first > 2


def test_a_family_without_a_listed_address_has_nothing_to_choose() -> None:
    (_, six) = family_curves(question(Fit(when_over=WhenOver.COLLATERAL)))
    assert [(point.limit, point.entries) for point in six.points] == [(0, 0)]
    assert six.wanted.addresses == 0


def test_round_numbers_are_looked_at_as_far_as_they_make_a_difference() -> None:
    intent = AddrMap.of_set(addresses(*(f"11.0.{n}.0/24" for n in range(0, 250, 2))))
    curve = curves_of(intent, Match.MEMBER, PassRequest(when_over=WhenOver.COVERAGE))[V4]
    chosen = chosen_limits(curve, {"mine": 50, "theirs": 7})
    assert list(chosen) == [1, 2, 5, 7, 10, 20, 50, 100, 125]
    assert (chosen[7], chosen[50], chosen[125]) == (["theirs"], ["mine"], ["enough"])


def test_lists_that_cannot_be_said_without_harm_have_no_point() -> None:
    intent = AddrMap.of_set(addresses("11.0.0.0/24"))
    request = PassRequest(
        when_over=WhenOver.COLLATERAL, protected=addresses("11.0.1.0/24"), lengths={V4: [8]}
    )
    four, _ = family_curves(Question(intent, Match.MEMBER, request, [], {"mine": 5}))
    assert four.points == ()
    assert four.refused == {"mine": 5}


def test_weighed_by_delegations_fewer_of_them_are_hit() -> None:
    by_address = china(Fit(when_over=WhenOver.COLLATERAL, weigh="addresses"))
    by_delegation = china(Fit(when_over=WhenOver.COLLATERAL, weigh="delegations"))
    pairs = zip(by_address.points, by_delegation.points, strict=True)
    assert all(two.added.delegations <= one.added.delegations for one, two in pairs)
