"""The passes that give up nothing: the optimum of each match model, in the lengths allowed."""

from collections.abc import Callable, Collection
from functools import partial

from blockc.addresses.columns import Column
from blockc.addresses.family import Family
from blockc.addresses.partition import Partition
from blockc.addresses.rules import Match, Rules
from blockc.errors import DoesNotFit
from blockc.passes.contract import Contract, ContractScope
from blockc.passes.driver import ByFamily, Pass, RuleState
from blockc.passes.exact.cover import cover, intervals
from blockc.passes.exact.lengths import legal, ordered
from blockc.passes.exact.ortc import longest
from blockc.passes.request import PassRequest
from blockc.passes.tree import with_free

Lengths = Collection[int]
_Maker = Callable[[Partition, Lengths], Rules]


def passes(draft: RuleState, request: PassRequest) -> list[Pass]:
    """Return the passes that make the fewest rules of `draft.match`, in order."""
    if request.most_lengths and draft.match != Match.INTERVALS:
        return disjoint_passes(draft, request)
    name, make = _MAKERS[draft.match]
    if draft.match == Match.TWO_SETS:
        require_one_verdict(draft, "two sets")
    return _with_lengths(draft, request, _each(draft, request, name, make))


def disjoint_passes(draft: RuleState, request: PassRequest) -> list[Pass]:
    """Return the passes that make the fewest disjoint rules, whatever the model."""
    if request.most_lengths and draft.free and draft.match != Match.INTERVALS:
        few = partial(_cover_in_few_lengths, draft.match, request.most_lengths)
        return [_each(draft, request, "cover in few lengths", few)]
    name, make = _MAKERS[draft.match if draft.match == Match.INTERVALS else Match.MEMBER]
    return _with_lengths(draft, request, _each(draft, request, name, make))


def unit_passes(draft: RuleState, request: PassRequest, limit: int) -> list[Pass]:
    """Return the passes for a longest match made of units of at most `limit` entries."""

    def make(wanted: Partition, allowed: Lengths) -> Rules:
        return ordered(draft.match, longest(wanted, allowed, most=limit))

    return _with_lengths(draft, request, _each(draft, request, "longest match in units", make))


def units(draft: RuleState, request: PassRequest, limit: int) -> list[Column]:
    """Return the first addresses of the units that `unit_passes` makes in each family."""
    from blockc.passes.budget.sharding import unit_starts

    return [
        unit_starts(part, allowed_lengths(request, part.family), limit)
        for part in wanted_parts(draft)
    ]


def two_set_passes(draft: RuleState, request: PassRequest) -> list[Pass]:
    """Return the passes for two sets, each within the limit if their prices can achieve that."""
    from blockc.passes.exact.two_sets import balanced_two_sets

    require_one_verdict(draft, "two sets")
    limit = request.max_entries or 0
    parts = wanted_parts(draft)
    groups = [parts] if request.shared else [[part] for part in parts]

    def make(_: RuleState) -> ByFamily:
        lengths = [[allowed_lengths(request, p.family) for p in group] for group in groups]
        found = [balanced_two_sets(*pair, limit) for pair in zip(groups, lengths, strict=True)]
        return {rules.family: rules for group in found for rules in group}

    one = Pass("two sets", _contract(draft), make)
    return _with_lengths(draft, request, one)


def allowed_lengths(request: PassRequest, family: Family) -> Lengths:
    """Return the prefix lengths the platform takes in `family`."""
    return request.lengths.get(family, range(family.width + 1))


def wanted_parts(draft: RuleState) -> list[Partition]:
    """Return what is wanted in every family, with free space marked as such."""
    pairs = zip(draft.intent.parts, draft.free.parts, strict=True)
    return [with_free(part, spare) if spare.labels.any() else part for part, spare in pairs]


def _each(draft: RuleState, request: PassRequest, name: str, make: _Maker) -> Pass:
    """Return the pass that makes every family's rules from what is wanted there."""

    def run(_: RuleState) -> ByFamily:
        return {
            part.family: make(part, allowed_lengths(request, part.family))
            for part in wanted_parts(draft)
        }

    return Pass(name, _contract(draft), run)


def _contract(draft: RuleState) -> ContractScope:
    return draft.terms(Contract.WITHIN_DONT_CARE if draft.free else Contract.EXACT)


def _with_lengths(draft: RuleState, request: PassRequest, first: Pass) -> list[Pass]:
    """Return the pass, and after it the one that cuts prefixes to the lengths allowed."""
    if draft.match == Match.INTERVALS:
        return [first]
    exact = draft.terms(Contract.EXACT)
    passes = [first]
    if request.lengths:
        passes.append(Pass("legal lengths", exact, partial(_legal, request=request)))
    if request.most_lengths:
        passes.append(Pass("few lengths", exact, partial(_few, most=request.most_lengths)))
    return passes


def require_one_verdict(draft: RuleState, what: str) -> None:
    """Raise DoesNotFit if `draft` has more verdicts than the default and another one."""
    if len(draft.intent.names) > 2:
        verdicts = draft.intent.names[1:]
        raise DoesNotFit(
            f"{what} can hold one verdict, this output has {len(verdicts)}: {', '.join(verdicts)}",
            hint="make an output a verdict",
        )


def _legal(draft: RuleState, request: PassRequest) -> ByFamily:
    return {
        family: legal(draft.match, rules, allowed_lengths(request, family))
        for family, rules in draft.rules.items()
    }


def _few(draft: RuleState, most: int) -> ByFamily:
    from blockc.passes.exact.fewer_lengths import in_few_lengths

    return {
        family: ordered(draft.match, in_few_lengths(rules, most))
        for family, rules in draft.rules.items()
    }


def _cover_in_few_lengths(match: Match, most: int, wanted: Partition, allowed: Lengths) -> Rules:
    from blockc.passes.exact.fewer_lengths import cover_in_few_lengths

    return ordered(match, cover_in_few_lengths(wanted, allowed, most))


def _ordered_longest(wanted: Partition, allowed: Lengths) -> Rules:
    return ordered(Match.FIRST, longest(wanted, allowed))


def _two_sets(wanted: Partition, allowed: Lengths) -> Rules:
    from blockc.passes.exact.two_sets import two_sets

    return two_sets(wanted, allowed)


#: By match model: the name of its pass, and what it does.
_MAKERS: dict[Match, tuple[str, _Maker]] = {
    Match.MEMBER: ("cover", cover),
    Match.INTERVALS: ("intervals", lambda wanted, _: intervals(wanted)),
    Match.LONGEST: ("longest match", longest),
    Match.FIRST: ("first match", _ordered_longest),
    Match.TWO_SETS: ("two sets", _two_sets),
}
