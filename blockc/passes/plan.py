"""Chooses the passes for a match model, and what to do when the result does not fit."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from blockc.addresses import columns
from blockc.addresses.addrmap import AddrMap
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import Family
from blockc.addresses.piece_map import PieceMap
from blockc.addresses.rules import Match, Rules
from blockc.errors import DoesNotFit
from blockc.passes.driver import ByFamily, Pass, RuleState, run
from blockc.passes.exact import exact_passes
from blockc.passes.exact.cover import plain_cover
from blockc.passes.exact.lengths import ordered
from blockc.passes.request import Compiled, PassRequest, PassStep
from blockc.vocabulary import WhenOver


def compile_rules(intent: AddrMap, match: Match, request: PassRequest) -> Compiled:
    """Return the fewest rules that say `intent` under `match`, as `request` allows.

    Args:
        intent: The verdict every address should get; label 0 is the default and needs no rule.
        match: How the platform decides.
        request: What the platform takes, and what may be given up.

    Raises:
        DoesNotFit: If the platform's limits cannot be met in the way the request allows.
        Miscompiled: If a pass broke its contract.
    """
    begun = RuleState.of(intent, match, request)
    try:
        draft = _rerun(begun, match, exact_passes.passes(begun, request))
    except DoesNotFit:
        # Prefixes longer than the platform takes can only be widened or left out.
        if _WAYS_OUT[request.when_over] is not _give_up:
            raise
        return _give_up(begun, request)
    if fits(draft, request):
        return _compiled(draft, [draft.rules])
    return _WAYS_OUT[request.when_over](draft, request)


def compile_pieces(
    pieces: PieceMap, match: Match, request: PassRequest
) -> tuple[Compiled, ...] | None:
    """Return what `compile_rules` returns for each piece, all of them compiled at once.

    Disjoint exact rules of one piece do not depend on other pieces: each lies in a run of one
    label. None where that is not so: where entries are nested, space is free, the lengths of all
    entries count together, or a piece is over the limit.

    Raises:
        DoesNotFit: If the prefix lengths the platform takes cannot say it.
        Miscompiled: If a pass broke its contract.
    """
    disjoint = match in (Match.MEMBER, Match.INTERVALS)
    if not disjoint or request.dont_care or request.most_lengths or request.shared:
        return None
    draft = RuleState.of(pieces.together, match, request)
    entries = []
    for one in exact_passes.passes(draft, request):
        draft = run(draft, one)
        entries.append({f: pieces.tally(rules.verdict) for f, rules in draft.rules.items()})
    plain = entries[0]  # of a set the first pass makes the plain cover, since no space is free
    if match is Match.INTERVALS:
        wanted = (plain_cover(part) for part in pieces.together.parts)
        plain = {rules.family: pieces.tally(rules.verdict) for rules in wanted}
    entries.insert(0, plain)
    limit = request.max_entries
    if limit is not None and any(max(counts) > limit for counts in entries[-1].values()):
        return None
    return tuple(_compiled_pieces(pieces, draft, entries))


def _compiled_pieces(
    pieces: PieceMap, draft: RuleState, entries: Sequence[Mapping[Family, Sequence[int]]]
) -> Iterator[Compiled]:
    """Yield each piece of a draft.

    Args:
        entries: How many each piece has in each family, before the first pass and after each.
    """
    nothing = AddrSet.empty(draft.intent.families)
    rules = {family: _rules_of_pieces(pieces, found) for family, found in draft.rules.items()}
    said = {family: pieces.addresses(family) for family in rules}
    for number, meaning in enumerate(pieces.maps):
        counts = [{family: one[family][number] for family in rules} for one in entries]
        steps = tuple(
            PassStep(step.name, step.contract, before, after, nothing, nothing)
            for step, before, after in zip(draft.steps, counts, counts[1:], strict=False)
        )
        own = {family: found[number] for family, found in rules.items()}
        addresses = {family: found[number] for family, found in said.items()}
        yield Compiled(draft.match, pieces.verdicts, own, (own,), steps, meaning, addresses)


def _rules_of_pieces(pieces: PieceMap, rules: Rules) -> list[Rules]:
    """Return the rules of each piece in their order, with the verdicts of a piece."""
    inner, empty = pieces.inner(rules.verdict), Rules.empty(rules.family)
    rows, bounds = pieces.rows(rules.verdict)
    named = Rules(rules.family, rules.start, rules.last, inner).take(rows)
    return [named.take(slice(*one)) if one[0] < one[1] else empty for one in pairwise(bounds)]


def fits(draft: RuleState, request: PassRequest) -> bool:
    """Return whether the rules are within the limit of `request`."""
    limit = request.max_entries
    return limit is None or all(count <= limit for count in _loads(draft, request).values())


def _loads(draft: RuleState, request: PassRequest) -> dict[str, int]:
    """Return the counts that are limited: by family or in all, and of two sets each by itself."""
    loads: Counter[str] = Counter()
    for family, rules in draft.rules.items():
        exceptions = int((rules.verdict == 0).sum()) if draft.match == Match.TWO_SETS else 0
        where = "both families" if request.shared else family.name
        loads[f"{where}: {{:,}} entries"] += len(rules) - exceptions
        loads[f"{where}: {{:,}} exceptions"] += exceptions
    return loads


def _fail(draft: RuleState, request: PassRequest) -> Compiled:
    limit = request.max_entries or 0
    over = [what.format(n) for what, n in _loads(draft, request).items() if n > limit]
    raise DoesNotFit(
        f"{', '.join(over)}, the limit is {limit:,}",
        hint="choose with when_over what to give up, or a target that takes more",
    )


def _split(draft: RuleState, request: PassRequest) -> Compiled:
    """Cut rules into artifacts: nested ones between units, disjoint ones where few are moved."""
    from blockc.passes.budget import sharding

    limit = request.max_entries or 0
    if draft.match in (Match.LONGEST, Match.FIRST):
        draft = _rerun(draft, draft.match, exact_passes.unit_passes(draft, request, limit))
        units = exact_passes.units(draft, request, limit)
    else:
        if draft.match == Match.TWO_SETS:
            draft = _rerun(draft, draft.match, exact_passes.disjoint_passes(draft, request))
        units = []
    rules = list(draft.rules.values())
    if draft.match != Match.INTERVALS:
        rules = [ordered(Match.LONGEST, part) for part in rules]
    try:
        if units:
            parts = sharding.pack(rules, units, limit, shared=request.shared)
        else:
            parts = sharding.pack_disjoint(rules, limit, request.most_parts, shared=request.shared)
    except ValueError:  # a unit grew when its prefixes were cut to the lengths the platform takes
        return _fail(draft, request)
    return _compiled(draft, [_in_order(draft, part) for part in parts])


def _two_sets(draft: RuleState, request: PassRequest) -> Compiled:
    draft = _rerun(draft, Match.TWO_SETS, exact_passes.two_set_passes(draft, request))
    return _compiled(draft, [draft.rules]) if fits(draft, request) else _fail(draft, request)


def _give_up(draft: RuleState, request: PassRequest) -> Compiled:
    from blockc.passes.budget.limit import budget_pass

    kept = {} if _divides(request) else dict(_fitting(draft, request))
    draft = _rerun(draft, draft.match, [budget_pass(draft, request, kept)])
    _require_few_lengths(draft, request)
    return _compiled(draft, [draft.rules])


def _require_few_lengths(draft: RuleState, request: PassRequest) -> None:
    """Raise DoesNotFit if the rules at the least cost have more prefix lengths than allowed."""
    for family, rules in draft.rules.items():
        if not request.most_lengths or draft.match == Match.INTERVALS:
            return
        used = len(columns.distinct(rules.prefixes().length))
        if used > request.most_lengths:
            raise DoesNotFit(
                f"{family.name}: {used} prefix lengths, the limit is {request.most_lengths}",
                hint=f"when_over = {request.when_over.value!r} does not choose lengths; "
                "allow more of them, or more entries",
            )


def _divides(request: PassRequest) -> bool:
    """Return whether what one family gives up is room for the other one."""
    return request.shared and request.max_entries is not None


def _fitting(draft: RuleState, request: PassRequest) -> Iterator[tuple[Family, Rules]]:
    """Yield the rules of the families that fit by themselves and so need to give up nothing."""
    for family in draft.intent.families:
        alone = draft.only(family)
        try:
            alone = _rerun(alone, alone.match, exact_passes.passes(alone, request))
        except DoesNotFit:  # prefixes longer than the platform takes
            continue
        if fits(alone, request):
            yield family, alone.rules[family]


def _rerun(draft: RuleState, match: Match, passes: Iterable[Pass]) -> RuleState:
    draft = draft.again(match)
    for one in passes:
        draft = run(draft, one)
    return draft


def _in_order(draft: RuleState, parts: Iterable[Rules]) -> ByFamily:
    return {
        part.family: ordered(Match.FIRST, part) if draft.match == Match.FIRST else part
        for part in parts
    }


def _compiled(draft: RuleState, parts: Sequence[ByFamily]) -> Compiled:
    return Compiled(
        match=draft.match,
        names=draft.intent.names,
        rules=draft.rules,
        shards=tuple(parts),
        steps=draft.steps,
        meaning=draft.meaning,
        addresses=draft.meaning.spoken_for(),
    )


_WAYS_OUT: dict[WhenOver, Callable[[RuleState, PassRequest], Compiled]] = {
    WhenOver.FAIL: _fail,
    WhenOver.SPLIT: _split,
    WhenOver.TWO_SETS: _two_sets,
    WhenOver.COLLATERAL: _give_up,
    WhenOver.COVERAGE: _give_up,
    WhenOver.BALANCE: _give_up,
}
