"""The driver: the right passes for a model, each held to its contract."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from blockc.addresses import AddrMap, AddrSet
from blockc.addresses.family import Family
from blockc.addresses.rules import Match, Rules, meaning
from blockc.errors import DoesNotFit, Miscompiled
from blockc.passes import plan
from blockc.passes.contract import Contract, ContractScope
from blockc.passes.driver import Pass, RuleState, run
from blockc.passes.exact import cover
from blockc.passes.request import PassRequest
from blockc.vocabulary import WhenOver
from tests.passes.toy import TOY, address_map, address_set, cells, every_labelling


@pytest.mark.parametrize("match", Match)
def test_rules_of_every_model_mean_what_was_asked_on_every_input(match: Match) -> None:
    for labels in every_labelling(2):
        intent = address_map(labels)
        compiled = plan.compile_rules(intent, match, PassRequest())
        told = meaning(compiled.match, compiled.rules.values(), intent.names, [TOY])
        assert cells(told) == labels
        assert told.parts == compiled.meaning.parts


def test_a_pass_that_loses_an_address_is_found_whatever_it_promised() -> None:
    def without_last(draft: RuleState) -> dict[Family, Rules]:
        rules = cover.plain_cover(draft.intent.parts[0])
        return {TOY: rules.take(np.arange(len(rules) - 1))}

    for contract in (Contract.EXACT, Contract.WITHIN_DONT_CARE, Contract.WIDENING):
        draft = RuleState.of(address_map([0, 1, 1, 0, 0, 1, 0, 0]), Match.MEMBER, PassRequest())
        broken = Pass("leaky", draft.terms(contract), without_last)
        with pytest.raises(Miscompiled, match=r"pass leaky .* lost 0x5/3"):
            run(draft, broken)


@pytest.mark.parametrize("contract", Contract)
def test_contracts_allow_exactly_what_they_say_on_every_change(contract: Contract) -> None:
    may_gain = contract in (Contract.WIDENING, Contract.BALANCED)
    may_lose = contract in (Contract.NARROWING, Contract.BALANCED)
    wanted = (1, 1, 2, 0, 0, 0, 0, 0)
    dont_care, protected = (0, 0, 0, 1, 1, 0, 0, 0), (0, 0, 0, 0, 0, 1, 0, 0)
    intent = address_map(wanted)
    request = PassRequest(dont_care=address_set(dont_care), protected=address_set(protected))
    agreed = RuleState.of(intent, Match.MEMBER, request).terms(contract)
    for cell in range(8):
        for label in range(3):
            got = list(wanted)
            got[cell] = label
            free = contract != Contract.EXACT and dont_care[cell]
            gains = not wanted[cell] and (free or (may_gain and not protected[cell]))
            if label == wanted[cell] or (label and gains) or (not label and may_lose):
                change = agreed.require_kept("p", intent, address_map(got, count=2))
                assert change.added.count == int(label != 0 and not wanted[cell])
                assert change.lost.count == int(label == 0 and wanted[cell] != 0)
            else:
                with pytest.raises(Miscompiled, match=f"{cell:#x}/3"):
                    agreed.require_kept("p", intent, address_map(got, count=2))


def complaint(contract: Contract, wanted: Sequence[int], got: Sequence[int], shut: int = -1) -> str:
    """Return what is said of a pass under `contract` that makes `got` of `wanted`."""
    protected = address_set([cell == shut for cell in range(8)])
    scope = ContractScope(contract, address_set([0] * 8), protected)
    with pytest.raises(Miscompiled) as caught:
        scope.require_kept("p", address_map(wanted, count=2), address_map(got, count=2))
    return str(caught.value)


def test_a_broken_contract_says_which_and_where_and_what_to_do() -> None:
    off = [0] * 6
    report = "; this is a mistake in blockc, please report it"
    exact, widening = Contract.EXACT, Contract.WIDENING
    for said, broken in {
        "(exact) changed the verdict of 0x0/3": complaint(exact, [1, 0, *off], [2, 0, *off]),
        "(exact) gave a verdict to 0x1/3": complaint(exact, [1, 0, *off], [1, 1, *off]),
        "(exact) lost 0x0/3": complaint(exact, [1, 1, *off], [0, 1, *off]),
        "(widening) gave a verdict to protected 0x1/3": complaint(
            widening, [1, 0, *off], [1, 1, *off], shut=1
        ),
    }.items():
        assert broken == f"pass p {said}{report}", broken


def test_a_pass_may_neither_rename_verdicts_nor_drop_a_family() -> None:
    scope = ContractScope(Contract.EXACT, AddrSet.of([]), AddrSet.of([]))
    whole = AddrMap.of_set(AddrSet.of([]), "block")
    with pytest.raises(Miscompiled, match=r"^pass p renamed the verdicts$"):
        scope.require_kept("p", whole, AddrMap(whole.parts, ("", "warn")))
    with pytest.raises(ValueError, match="shorter"):
        scope.require_kept("p", whole, AddrMap(whole.parts[:1], whole.names))


def test_too_many_entries_fail_with_the_numbers_and_a_way_out() -> None:
    intent = address_map([1, 0, 1, 0, 1, 0, 1, 0])
    with pytest.raises(DoesNotFit, match=r"ipv0: 4 entries, the limit is 3; choose with when_"):
        plan.compile_rules(intent, Match.MEMBER, PassRequest(max_entries=3))
    assert plan.compile_rules(intent, Match.MEMBER, PassRequest(max_entries=4)).entries == {TOY: 4}


def test_a_request_that_makes_no_sense_cannot_be_made() -> None:
    for wrong in ({"max_entries": 0}, {"most_lengths": 0}, {"mu": Fraction(-1)}):
        with pytest.raises(ValueError, match=r"negative|no room"):
            PassRequest(**wrong)


def test_steps_tell_entries_before_and_after() -> None:
    compiled = plan.compile_rules(
        address_map([1] * 8), Match.MEMBER, PassRequest(lengths={TOY: [2]})
    )
    counts = [(step.name, step.before[TOY], step.after[TOY]) for step in compiled.steps]
    assert counts == [("cover", 1, 1), ("legal lengths", 1, 4)]
    assert all(not step.added and not step.lost for step in compiled.steps)


@pytest.mark.parametrize("match", [Match.MEMBER, Match.LONGEST, Match.FIRST])
def test_prefixes_too_long_for_the_platform_are_widened_or_left_out_on_request(
    match: Match,
) -> None:
    intent = address_map([1, 1, 0, 1, 0, 0, 0, 0])
    lengths = {TOY: [0, 1, 2]}
    with pytest.raises(DoesNotFit, match=r"0x[23]/3 is longer than every prefix"):
        plan.compile_rules(intent, match, PassRequest(lengths=lengths))
    for when_over, got in (
        (WhenOver.COLLATERAL, (1, 1, 1, 1, 0, 0, 0, 0)),
        (WhenOver.COVERAGE, (1, 1, 0, 0, 0, 0, 0, 0)),
    ):
        compiled = plan.compile_rules(
            intent, match, PassRequest(lengths=lengths, when_over=when_over)
        )
        assert cells(compiled.meaning) == got
        assert [step.name for step in compiled.steps] == [when_over.value]
