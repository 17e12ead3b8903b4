"""Fits a merged list into few entries, and says what that covers too much or too little."""

from collections.abc import Iterator
from fractions import Fraction

from blockc.addresses.addrmap import AddrMap
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import Family
from blockc.addresses.lines import prefix_lines
from blockc.addresses.rules import Match
from blockc.cli.commands.aggregate import Aggregate, range_lines
from blockc.cli.console import amount_text, info, warn
from blockc.cli.options import Settings
from blockc.errors import DoesNotFit
from blockc.passes.budget.dp_tables import Effort, Observer
from blockc.passes.budget.limit import outcome
from blockc.passes.contract import HARMLESS, Change
from blockc.passes.plan import compile_rules
from blockc.passes.request import Compiled, PassRequest
from blockc.registries.special import protected_addresses
from blockc.values import Value
from blockc.vocabulary import WhenOver

SOON, LONG = 5, 90  # seconds: what takes less is not talked about, or not in minutes


class Space(Value):
    """Which addresses are wanted, which may be covered for nothing, and which must not be."""

    wanted: AddrSet
    free: AddrSet
    spared: AddrSet

    def only(self, families: tuple[Family, ...]) -> "Space":
        """Return the space of some families."""
        sets = (self.wanted, self.free, self.spared)
        return Space(*(AddrSet(tuple(one.part(f) for f in families)) for one in sets))


class Fitted(Value):
    """The entries that were found, and the addresses they cover too much or too little."""

    compiled: Compiled
    change: Change

    def entries(self, family: Family) -> int:
        """Return the number of lines."""
        return self.compiled.entries[family]

    def addresses(self, family: Family) -> int:
        """Return the number of addresses that the lines cover."""
        return self.compiled.meaning.where(self.compiled.names[1:]).count_of(family)

    def lines(self, family: Family) -> list[bytes]:
        """Return a prefix or a range a line; an exception inside a prefix begins with `!`."""
        rules = self.compiled.rules[family]
        if self.compiled.match == Match.INTERVALS:
            return [range_lines(family, (rules.start, rules.last))]
        lines = prefix_lines(rules.prefixes())
        if rules.verdict.all():
            return [lines]
        texts = lines.decode().splitlines(keepends=True)
        pairs = zip(texts, rules.verdict.tolist(), strict=True)
        return ["".join(text if verdict else f"!{text}" for text, verdict in pairs).encode()]

    def more(self, family: Family) -> dict[str, object]:
        """Return the numbers of addresses that are covered too much and too little."""
        sets = {"added": self.change.added, "lost": self.change.lost}
        return {name: str(one.count_of(family)) for name, one in sets.items()}


def fitted(settings: Settings, space: Space, asked: Aggregate) -> Fitted:
    """Return the entries that are asked for.

    Raises:
        DoesNotFit: If they are more than the limit in the way that is allowed.
    """
    match = Match.LONGEST if asked.longest else Match.MEMBER
    chosen = space.only(asked.families)
    request = PassRequest(
        dont_care=chosen.free,
        protected=chosen.spared | AddrSet(tuple(map(protected_addresses().part, asked.families))),
        max_entries=asked.max_entries,
        shared=asked.shared,
        when_over=WhenOver(asked.when_over),
        mu=Fraction(1) if asked.mu is None else asked.mu,
        most_lengths=asked.lengths,
        observe=effort_lines(settings),
    )
    intent = AddrMap.of_set(chosen.wanted)
    try:
        compiled = compile_rules(intent, Match.INTERVALS if asked.ranges else match, request)
    except DoesNotFit as problem:
        hint = "raise the limit, or choose with --when-over what to give up"
        raise DoesNotFit(problem.message, hint=hint) from None
    return Fitted(compiled, outcome(intent, compiled.match, compiled.rules))


def effort_lines(settings: Settings) -> Observer:
    """Return what says before a long computation what it takes, and then how far it is."""
    told = 0

    def observe(effort: Effort) -> None:
        nonlocal told
        if effort.seconds < SOON:
            return
        if not effort.share:
            told = 0
            minutes = f"about {effort.seconds / 60:,.0f} minutes"
            time = minutes if effort.seconds > LONG else "a while"
            room = f"{effort.megabytes:,.0f} MB of memory"
            info(settings, f"finding the least cost takes {time} and {room}")
        elif (tenths := int(effort.share * 10)) > told:
            told = tenths
            info(settings, f"{tenths * 10} % of it is done")

    return observe


def tell_change(settings: Settings, found: Fitted) -> None:
    """Say what the entries cover too much or too little, loudly where it is not free space."""
    lossy = found.compiled.steps[-1].contract not in HARMLESS
    for text in _changes(found.change):
        if lossy:
            warn(text)
        else:
            info(settings, text)


def _changes(change: Change) -> Iterator[str]:
    for family in change.added.families:
        if added := change.added.count_of(family):
            yield f"covered though not listed: {amount_text(family, added)}"
        if lost := change.lost.count_of(family):
            yield f"listed but not covered: {amount_text(family, lost)}"
