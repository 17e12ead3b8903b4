"""Runs passes over a draft and holds each one to its contract, every time."""

from collections.abc import Callable, Mapping

from blockc.addresses.addrmap import AddrMap
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import Family
from blockc.addresses.rules import Match, Rules, meaning
from blockc.passes.contract import Contract, ContractScope
from blockc.passes.exact.cover import plain_count
from blockc.passes.request import PassRequest, PassStep
from blockc.values import Value, replace

ByFamily = Mapping[Family, Rules]


class RuleState(Value):
    """Rules on their way.

    `meaning` is what the next pass answers for: what `rules` mean under `match`, or for a pass that
    makes rules anew what is asked for. `free` may get any verdict, `protected` must not gain one;
    neither has any space that is wanted or of the other.
    """

    intent: AddrMap
    free: AddrSet
    protected: AddrSet
    match: Match
    rules: ByFamily
    meaning: AddrMap
    steps: tuple[PassStep, ...] = ()

    @classmethod
    def of(cls, intent: AddrMap, match: Match, request: PassRequest) -> "RuleState":
        """Return the draft without a rule, from which the first pass makes them."""
        wanted = AddrSet(tuple(part.relabel(part.labels != 0) for part in intent.parts))
        nothing = AddrSet.empty(intent.families)
        protected = (request.protected or nothing) - wanted
        free = (request.dont_care or nothing) - wanted - protected
        empty = {family: Rules.empty(family) for family in intent.families}
        return cls(intent, free, protected, match, empty, intent)

    def again(self, match: Match) -> "RuleState":
        """Return the draft for a pass that makes the rules anew, for `match`."""
        return replace(self, match=match, meaning=self.intent)

    def only(self, family: Family) -> "RuleState":
        """Return the draft of one family, without a rule."""
        intent = AddrMap((self.intent.part(family),), self.intent.names)
        free, protected = (AddrSet((one.part(family),)) for one in (self.free, self.protected))
        return RuleState(intent, free, protected, self.match, {family: Rules.empty(family)}, intent)

    def terms(self, contract: Contract) -> ContractScope:
        """Return a contract about the space of this draft."""
        return ContractScope(contract, self.free, self.protected)

    @property
    def entries(self) -> dict[Family, int]:
        """Return the number of rules of each family."""
        return {family: len(rules) for family, rules in self.rules.items()}


class Pass(Value):
    """One transformation of rules.

    `terms` hold for the difference between what the draft meant, or for a pass that makes rules
    anew was asked to mean, and what it means after `make`.
    """

    name: str
    terms: ContractScope
    make: Callable[[RuleState], ByFamily]


def run(draft: RuleState, one: Pass) -> RuleState:
    """Return what the pass makes of `draft`, its contract checked over the whole space.

    Raises:
        Miscompiled: If the pass broke its contract.
    """
    rules = one.make(draft)
    got = meaning(draft.match, rules.values(), draft.intent.names, draft.intent.families)
    change = one.terms.require_kept(one.name, draft.meaning, got)
    got = draft.meaning if got == draft.meaning else got  # equal ones of millions of runs once
    before = draft.entries if draft.steps else _plain_counts(draft.intent)
    after = {family: len(part) for family, part in rules.items()}
    step = PassStep(one.name, one.terms.contract, before, after, change.added, change.lost)
    return replace(draft, rules=rules, meaning=got, steps=(*draft.steps, step))


def _plain_counts(intent: AddrMap) -> dict[Family, int]:
    return {part.family: plain_count(part) for part in intent.parts}
