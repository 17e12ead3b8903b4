"""What to give up for a limit: the curves of a request, and the pass that keeps to the limit."""

from collections.abc import Collection, Mapping
from fractions import Fraction

from blockc.addresses.addrmap import AddrMap
from blockc.addresses.family import Family
from blockc.addresses.partition import Partition
from blockc.addresses.rules import Match, meaning
from blockc.errors import DoesNotFit
from blockc.passes.budget.budget_cover import cover_curve
from blockc.passes.budget.budget_intervals import interval_curve
from blockc.passes.budget.budget_longest import longest_curve
from blockc.passes.budget.cost_curve import IMPOSSIBLE, Curve, shared_split
from blockc.passes.budget.cost_model import CostModel, Mix
from blockc.passes.budget.weights import Weights
from blockc.passes.contract import Change, Contract
from blockc.passes.driver import ByFamily, Pass, RuleState
from blockc.passes.exact.exact_passes import allowed_lengths, require_one_verdict, wanted_parts
from blockc.passes.exact.lengths import ordered
from blockc.passes.request import PassRequest
from blockc.values import replace
from blockc.vocabulary import WhenOver

#: What each way of giving something up may change.
CONTRACTS = {
    WhenOver.COLLATERAL: Contract.WIDENING,
    WhenOver.COVERAGE: Contract.NARROWING,
    WhenOver.BALANCE: Contract.BALANCED,
}


def curves(
    draft: RuleState, request: PassRequest, limit: int, families: Collection[Family]
) -> dict[Family, Curve]:
    """Return the least cost of every number of entries up to `limit`, of each family by itself.

    Raises:
        DoesNotFit: If there are several verdicts, which no limit can choose between.
    """
    require_one_verdict(draft, f"when_over = {request.when_over.value!r}")
    return {
        part.family: _curve(part, draft, request, limit)
        for part in wanted_parts(draft)
        if part.family in families
    }


def curves_of(intent: AddrMap, match: Match, request: PassRequest) -> dict[Family, Curve]:
    """Return the curves of `intent` under `match`, to choose a limit from.

    Args:
        request: `when_over` says which costs, `max_entries` where the curves may end.

    Raises:
        DoesNotFit: If there are several verdicts, which no limit can choose between.
    """
    limit = request.max_entries or IMPOSSIBLE
    return curves(RuleState.of(intent, match, request), request, limit, intent.families)


def outcome(intent: AddrMap, match: Match, rules: ByFamily) -> Change:
    """Return which addresses gain and lose a verdict by `rules`, of any number of entries."""
    got = meaning(match, rules.values(), intent.names, intent.families)
    wanted, said = (one.where(intent.names[1:]) for one in (intent, got))
    return Change(said - wanted, wanted - said)


def budget_pass(draft: RuleState, request: PassRequest, kept: ByFamily) -> Pass:
    """Return the pass that makes the rules of least cost within the limit.

    Args:
        kept: The rules of families that fit as they are; with a shared limit, none.

    Raises:
        DoesNotFit: If no rules within the limit leave protected space alone.
    """
    limit = request.max_entries or IMPOSSIBLE
    over = [family for family in draft.intent.families if family not in kept]
    found = curves(draft, request, limit, over)
    if request.shared and request.max_entries:
        entries = shared_split(list(found.values()), limit)
    else:
        entries = [limit for one in found.values() if one.first <= limit]
    if entries is None or len(entries) < len(found):
        raise _too_few(found, request)

    def make(_: RuleState) -> ByFamily:
        pairs = zip(found.items(), entries, strict=True)
        solved = {family: curve.solve(count) for (family, curve), count in pairs}
        return {family: {**kept, **solved}[family] for family in draft.intent.families}

    contract = CONTRACTS[request.when_over]
    name = f"{request.when_over}" + (f" within {limit:,}" if request.max_entries else "")
    return Pass(name, draft.terms(contract), make)


def _curve(wanted: Partition, draft: RuleState, request: PassRequest, limit: int) -> Curve:
    family = wanted.family
    weights = request.weights or Weights.everything(draft.intent.families)
    protected = draft.protected.part(family)
    mixes: Mapping[WhenOver, Mix] = {
        WhenOver.COLLATERAL: Mix(harm=Fraction(1), missed=None),
        WhenOver.COVERAGE: Mix(harm=None, missed=Fraction(1)),
        WhenOver.BALANCE: Mix(harm=Fraction(1), missed=request.mu),
    }
    mix = mixes[request.when_over]
    intent, free = draft.intent.part(family), draft.free.part(family)
    stakes = CostModel.of(intent, free, protected, weights, mix)
    asked = allowed_lengths(request, family), limit, request.observe
    if draft.match == Match.INTERVALS:
        return interval_curve(wanted, stakes)
    if draft.match not in (Match.LONGEST, Match.FIRST):
        return cover_curve(wanted, stakes, *asked)
    curve = longest_curve(wanted, stakes, *asked)
    return replace(curve, solve=lambda entries: ordered(draft.match, curve.solve(entries)))


def _too_few(found: Mapping[Family, Curve], request: PassRequest) -> DoesNotFit:
    """Return the failure that tells how many entries protected space needs at least."""
    limit = request.max_entries
    needed = {family.name: one.first for family, one in found.items()}
    if request.shared and limit:
        needed = {" and ".join(needed): sum(needed.values())}
    return DoesNotFit(
        ", ".join(
            f"{name}: {count:,} entries are needed to spare protected space"
            if count < IMPOSSIBLE
            else f"{name}: no prefixes of the lengths allowed spare protected space"
            for name, count in needed.items()
            if not limit or count > limit
        )
        + (f", the limit is {limit:,}" if limit else ""),
        hint="choose a target that takes more, or when_over = 'coverage'",
    )
