"""Of rules that harm and miss the same, those with the least space nobody asked for."""

from fractions import Fraction

import numpy as np
import pytest

from blockc.addresses.addrmap import AddrMap
from blockc.addresses.family import V4, V6
from blockc.addresses.rules import Match, meaning
from blockc.errors import DoesNotFit
from blockc.passes.budget.limit import curves_of
from blockc.passes.budget.weights import Weights
from blockc.passes.exact.pairs import CostPairs
from blockc.passes.plan import compile_rules
from blockc.passes.request import PassRequest
from blockc.vocabulary import WhenOver
from tests.passes import oracle
from tests.passes.toy import (
    TOY,
    Labels,
    address_map,
    address_set,
    cells,
    deep,
    names,
    partition,
    some_labellings,
)

WORTH = (0, 1, 0, 2, 0, 0, 1, 0)  # what each address of the toy space is worth
WEIGHTS = Weights((partition(WORTH),), tuple(map(Fraction, range(3))))
COSTS = {
    Match.MEMBER: oracle.member_costs(TOY.width, 2),
    Match.LONGEST: oracle.longest_costs(TOY.width, 2),
    Match.INTERVALS: oracle.interval_costs(TOY.width, 2),
}
FORMS = {"64 bits": np.int64, "complex": np.complex128, "Python": object}


def price(wanted: Labels, got: Labels, mu: int | None) -> tuple[int, int] | None:
    """Return harm and misses, then extra space that is worth nothing; None if it must not be."""
    rows = list(zip(wanted, got, WORTH, strict=True))
    missed = sum(worth or 1 for hope, blocked, worth in rows if hope and not blocked)
    if mu is None and missed:
        return None
    added = [worth for hope, blocked, worth in rows if blocked and not hope]
    return sum(added) + missed * (mu or 0), added.count(0)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mu", [None, 1, 3])
@pytest.mark.parametrize("match", COSTS)
def test_no_rules_of_the_least_cost_have_less_extra_space(
    match: Match, mu: int | None, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = np.dtype(FORMS[form])
    monkeypatch.setattr(CostPairs, "of", lambda _, extra: CostPairs(kind, extra + 1))
    mode = WhenOver.COLLATERAL if mu is None else WhenOver.BALANCE
    for wanted in some_labellings(2, 40):
        request = PassRequest(when_over=mode, mu=Fraction(mu or 1), weights=WEIGHTS)
        curve = curves_of(address_map(wanted), match, request)[TOY]
        options = [(n, price(wanted, got, mu)) for got, n in COSTS[match].items()]
        for entries in range(curve.first, 9):
            best = min(cost for count, cost in options if cost is not None and count <= entries)
            rules = curve.solve(min(entries, curve.enough))
            got = cells(meaning(match, [rules], names(2), [TOY]))
            assert (price(wanted, got, mu), curve.parts(entries)) == (best, best), wanted


def test_enough_entries_leave_space_alone_that_is_worth_nothing() -> None:
    wanted = (1, 0, 1, 0, 1, 0, 1, 0)
    asked = PassRequest(max_entries=4, when_over=WhenOver.COLLATERAL, weights=WEIGHTS)
    compiled = compile_rules(address_map(wanted), Match.MEMBER, asked)
    assert cells(compiled.meaning) == wanted


def both(v4: Labels, v6: Labels) -> AddrMap:
    """Return the map with one pattern at the start of IPv4, another one inside IPv6."""
    return AddrMap((partition(v4, V4), deep(v6, 80)), names(2))


def test_a_family_that_fits_stays_exact_when_the_other_one_does_not() -> None:
    intent = both((1, 0, 1, 0, 1, 0, 1, 0), (1, 0, 1, 0, 0, 0, 0, 0))
    for mode in (WhenOver.COLLATERAL, WhenOver.COVERAGE, WhenOver.BALANCE):
        asked = PassRequest(max_entries=2, when_over=mode)
        for match in (Match.MEMBER, Match.LONGEST, Match.FIRST, Match.INTERVALS):
            compiled = compile_rules(intent, match, asked)
            assert compiled.meaning.part(V6) == intent.part(V6)
            assert compiled.meaning.part(V4) != intent.part(V4)
            assert compiled.entries[V6] == 2


def test_a_family_whose_prefixes_are_too_long_does_not_widen_the_other_one() -> None:
    intent = both((1, 0, 1, 0, 0, 0, 0, 0), (1, 0, 1, 0, 0, 0, 0, 0))
    lengths = {V4: range(33), V6: range(44)}  # a cell of `deep` is a /48
    for shared in (False, True):
        asked = PassRequest(when_over=WhenOver.COLLATERAL, lengths=lengths, shared=shared)
        compiled = compile_rules(intent, Match.MEMBER, asked)
        assert compiled.meaning.part(V4) == intent.part(V4)
        assert compiled.entries == {V4: 2, V6: 1}


def test_protected_space_of_no_worth_is_not_counted_as_extra() -> None:
    asked = PassRequest(
        max_entries=8,
        when_over=WhenOver.COLLATERAL,
        weights=WEIGHTS,
        protected=address_set([0, 0, 0, 0, 1, 1, 0, 0]),
    )
    curve = curves_of(address_map([1, 0, 1, 0, 0, 0, 0, 0]), Match.MEMBER, asked)[TOY]
    assert curve.pairs.rank == 2, "of addresses 4, 5 and 7, which count nothing, 7 is free"


@pytest.mark.parametrize("bits", [20, 40])
def test_unused_ipv6_space_is_told_apart_in_units_that_stay_exact(bits: int) -> None:
    """Costs of a real IPv6 list take more than 64 bits, and are quick all the same."""
    intent = AddrMap((deep((1, 0, 1, 0, 1, 1, 1, 0), 90),), names(2))
    worth = deep((1, 0, 2, 0, 0, 0, 0, 0), 90)
    weights = Weights((worth,), (Fraction(0), Fraction(1), Fraction(1 << bits)))
    asked = PassRequest(when_over=WhenOver.COLLATERAL, weights=weights)
    curve = curves_of(intent, Match.MEMBER, asked)[V6]
    assert curve.cost.dtype == (np.complex128 if bits == 20 else object)
    assert curve.at(3) == 0
    got = meaning(Match.MEMBER, [curve.solve(3)], names(2), [V6]).parts[0]
    assert got == deep((1, 0, 1, 0, 1, 1, 1, 1), 90), "the smaller gap is closed"


def test_a_limit_that_needs_more_lengths_than_allowed_is_refused() -> None:
    asked = PassRequest(max_entries=2, most_lengths=1, when_over=WhenOver.COLLATERAL)
    wanted = address_map((1, 1, 0, 1, 0, 1, 0, 0))
    with pytest.raises(DoesNotFit, match=r"ipv0: 2 prefix lengths, the limit is 1; when_over"):
        compile_rules(wanted, Match.MEMBER, asked)
    assert compile_rules(wanted, Match.INTERVALS, asked).entries == {TOY: 2}
