"""Chooses the passes for a match model, runs them, and holds each one to its contract."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from blockc.addresses.addrmap import AddrMap
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import Family
from blockc.addresses.partition import Partition
from blockc.addresses.rules import Match, Rules, meaning
from blockc.errors import DoesNotFit
from blockc.passes import cover, lengths
from blockc.passes.contract import Contract, Terms
from blockc.passes.request import Compiled, Request, Step


@dataclass(frozen=True, slots=True)
class Draft:
    """Rules on their way: what every address should get, the rules so far and their meaning."""

    intent: AddrMap
    match: Match
    rules: Mapping[Family, Rules]
    meaning: AddrMap
    steps: tuple[Step, ...] = ()

    @property
    def entries(self) -> dict[Family, int]:
        """Return the number of rules of each family."""
        return {family: len(rules) for family, rules in self.rules.items()}


Make = Callable[[Draft], Mapping[Family, Rules]]


@dataclass(frozen=True, slots=True)
class Pass:
    """One transformation of rules.

    `terms` holds for the difference between what the rules meant before, or for the first pass
    should mean, and what they mean after it.
    """

    name: str
    terms: Terms
    make: Make


def compile_rules(intent: AddrMap, match: Match, request: Request) -> Compiled:
    """Return the fewest rules that say `intent` under `match`, as `request` allows.

    Args:
        intent: The verdict every address should get; label 0 is the default and needs no rule.
        match: How the platform decides.
        request: What the platform takes, and what may be given up.

    Raises:
        DoesNotFit: If the platform's limits cannot be met, in the way the request allows.
        Miscompiled: If a pass broke its contract.
    """
    draft = start(intent, match)
    for one in passes_for(draft, request):
        draft = run(draft, one)
    _require_fit(draft, request)
    rules = draft.rules
    return Compiled(draft.match, intent.names, rules, (rules,), draft.steps, draft.meaning)


def start(intent: AddrMap, match: Match) -> Draft:
    """Return the draft without a rule, from which the first pass makes them."""
    return Draft(
        intent, match, {part.family: Rules.empty(part.family) for part in intent.parts}, intent
    )


def run(draft: Draft, one: Pass) -> Draft:
    """Return what the pass makes of `draft`, its contract checked over the whole space.

    Raises:
        Miscompiled: If the pass broke its contract.
    """
    rules = one.make(draft)
    got = meaning(draft.match, rules.values(), draft.intent.names, draft.intent.families)
    change = one.terms.require_kept(one.name, draft.meaning, got)
    after = {family: len(part) for family, part in rules.items()}
    before = draft.entries if draft.steps else _plain_counts(draft.intent)
    step = Step(one.name, one.terms.contract, before, after, change.added, change.lost)
    return replace(draft, rules=rules, meaning=got, steps=(*draft.steps, step))


def passes_for(draft: Draft, request: Request) -> list[Pass]:
    """Return the passes that make the rules of `draft.match`, in order."""
    exact = terms(Contract.EXACT, draft.intent, request)
    if draft.match == Match.INTERVALS:
        return [Pass("intervals", exact, _each(cover.intervals))]
    passes = [Pass("cover", exact, _each(cover.cover))]
    if request.lengths or draft.match == Match.FIRST:
        passes.append(Pass("legal lengths", exact, partial(_legal, request=request)))
    return passes


def terms(contract: Contract, intent: AddrMap, request: Request) -> Terms:
    """Return the contract with the space it speaks about, apart from what is wanted."""
    wanted = AddrSet(tuple(part.relabel(part.labels != 0) for part in intent.parts))
    nothing = AddrSet.empty(intent.families)
    protected = (request.protected or nothing) - wanted
    return Terms(contract, (request.dont_care or nothing) - wanted - protected, protected)


def _each(make: Callable[[Partition], Rules]) -> Make:
    """Return the pass that makes every family's rules from what is wanted there."""
    return lambda draft: {part.family: make(part) for part in draft.intent.parts}


def _legal(draft: Draft, request: Request) -> dict[Family, Rules]:
    return {
        family: lengths.legal(
            draft.match, rules, request.lengths.get(family, range(family.width + 1))
        )
        for family, rules in draft.rules.items()
    }


def _plain_counts(intent: AddrMap) -> dict[Family, int]:
    return {part.family: cover.plain_count(part) for part in intent.parts}


def _require_fit(draft: Draft, request: Request) -> None:
    """Raise DoesNotFit if there are more rules than `request` allows."""
    limit = request.max_entries
    if limit is None:
        return
    counts = {family.name: count for family, count in draft.entries.items()}
    if request.shared:
        counts = {" and ".join(counts): sum(counts.values())}
    for name, count in counts.items():
        if count > limit:
            raise DoesNotFit(
                f"{name}: {count:,} entries are needed, the limit is {limit:,}",
                hint="choose a when_over that says what to give up, or a target that takes more",
            )
