"""Aggregation of a plain list: the fewest prefixes or ranges that mean the same, or fit a limit."""

from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from blockc.addresses.addrset import AddrSet
from blockc.addresses.columns import Spans
from blockc.addresses.family import FAMILIES, Family
from blockc.addresses.lines import address_texts, cover_lines, last_texts, prefix_lines
from blockc.addresses.rules import Match
from blockc.values import Value
from blockc.vocabulary import WhenOver

if TYPE_CHECKING:  # most lists are only merged, and never wait for what fits them into a limit
    from blockc.passes.contract import Change
    from blockc.passes.request import Compiled, Observer


class AggregateOptions(Value, kw_only=True):
    """What form the entries have, and how many there may be.

    Attributes:
        match: MEMBER for prefixes, LONGEST for prefixes with exceptions, INTERVALS for ranges.
        max_entries: The most entries of a family, or of both together if `shared`.
        mu: For BALANCE: what an address of the list is worth, in addresses of others.
        most_lengths: The most different prefix lengths of a family.
    """

    families: tuple[Family, ...] = FAMILIES
    match: Match = Match.MEMBER
    max_entries: int | None = None
    shared: bool = False
    when_over: WhenOver = WhenOver.FAIL
    mu: Fraction = Fraction(1)
    most_lengths: int | None = None


class Space(Value):
    """Which addresses are wanted, which may be covered for nothing, and which must not be."""

    wanted: AddrSet
    free: AddrSet
    spared: AddrSet

    def only(self, families: tuple[Family, ...]) -> "Space":
        """Return the space of some families."""
        sets = (self.wanted, self.free, self.spared)
        return Space(*(AddrSet(tuple(one.part(f) for f in families)) for one in sets))


class Aggregated(Protocol):
    """The entries of each family."""

    def entries(self, family: Family) -> int:
        """Return the number of entries."""

    def addresses(self, family: Family) -> int:
        """Return the number of addresses that the entries cover."""

    def lines(self, family: Family) -> Iterable[bytes]:
        """Return one line per entry, many lines at a time, in address order."""


class Merged(Value):
    """Entries that mean exactly what was wanted, and no exceptions among them."""

    wanted: AddrSet
    ranges: bool

    def entries(self, family: Family) -> int:
        """Return the number of entries."""
        runs = len(self.wanted.spans(family)[0])
        return runs if self.ranges else self.wanted.prefix_count(family)

    def addresses(self, family: Family) -> int:
        """Return the number of addresses."""
        return self.wanted.count_of(family)

    def lines(self, family: Family) -> Iterable[bytes]:
        """Return one line per entry."""
        if self.ranges:
            return [_range_lines(family, self.wanted.spans(family))]
        return cover_lines(family, self.wanted.spans(family))


class Fitted(Value):
    """Entries that may mean something else, and what they cover too much or too little."""

    compiled: "Compiled"
    change: "Change"

    def entries(self, family: Family) -> int:
        """Return the number of entries."""
        return self.compiled.entries[family]

    def addresses(self, family: Family) -> int:
        """Return the number of addresses that the entries cover."""
        return self.compiled.meaning.where(self.compiled.names[1:]).count_of(family)

    def lines(self, family: Family) -> Iterable[bytes]:
        """Return one line per entry; an exception inside a prefix begins with `!`."""
        rules = self.compiled.rules[family]
        if self.compiled.match == Match.INTERVALS:
            return [_range_lines(family, (rules.start, rules.last))]
        lines = prefix_lines(rules.prefixes())
        if rules.verdict.all():
            return [lines]
        texts = lines.decode().splitlines(keepends=True)
        pairs = zip(texts, rules.verdict.tolist(), strict=True)
        return ["".join(text if verdict else f"!{text}" for text, verdict in pairs).encode()]


def aggregate(
    space: Space, options: AggregateOptions, observe: "Observer | None" = None
) -> Merged | Fitted:
    """Return the fewest entries that cover what is wanted, or as much as the limit allows.

    Args:
        observe: Told of computations that take long.

    Raises:
        DoesNotFit: If they are more than the limit in the way that is allowed.
    """
    wanted = space.wanted - space.spared
    limited = options.max_entries or options.most_lengths or space.free
    if options.match is not Match.LONGEST and not limited:
        return Merged(wanted, options.match is Match.INTERVALS)
    return _fitted(Space(wanted, space.free, space.spared).only(options.families), options, observe)


def _fitted(space: Space, options: AggregateOptions, observe: "Observer | None") -> Fitted:
    from blockc.addresses.addrmap import AddrMap
    from blockc.passes.budget.limit import outcome
    from blockc.passes.plan import compile_rules
    from blockc.passes.request import PassRequest, unobserved
    from blockc.registries.special import protected_addresses

    protected = AddrSet(tuple(map(protected_addresses().part, options.families)))
    request = PassRequest(
        dont_care=space.free,
        protected=space.spared | protected,
        max_entries=options.max_entries,
        shared=options.shared,
        when_over=options.when_over,
        mu=options.mu,
        most_lengths=options.most_lengths,
        observe=observe or unobserved,
    )
    intent = AddrMap.of_set(space.wanted)
    compiled = compile_rules(intent, options.match, request)
    return Fitted(compiled, outcome(intent, compiled.match, compiled.rules))


def _range_lines(family: Family, spans: Spans) -> bytes:
    """Return each span as `first-last`, or as one address, one per line."""
    start, last = spans
    pairs = zip(address_texts(family, start), last_texts(family, last), strict=True)
    return "".join(f"{a}-{b}\n" if a != b else f"{a}\n" for a, b in pairs).encode()
