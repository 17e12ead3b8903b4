"""What an output asks of the passes, and what it gets."""

from collections.abc import Callable, Collection, Mapping
from fractions import Fraction

from blockc.addresses.addrmap import AddrMap
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import Family
from blockc.addresses.rules import Match, Rules
from blockc.passes.budget.weights import Weights
from blockc.passes.contract import Contract
from blockc.values import Value, field
from blockc.vocabulary import WhenOver


class Effort(Value):
    """How much of a computation is done, and what all of it takes.

    Units: `seconds` of one core of 2020, within a factor of about two; megabytes of 2**20 bytes.
    """

    share: float
    seconds: float
    megabytes: float


Observer = Callable[[Effort], None]


def unobserved(effort: Effort) -> None:
    """Take no notice."""


class PassRequest(Value, kw_only=True):
    """How the rules of one output may look, and what to give up when they cannot.

    Invariant: limits are positive, `mu` is not negative.

    Attributes:
        dont_care: Space that may get any verdict if that saves entries; what is wanted or
            protected is taken out of it. None: no address is free.
        protected: Space that must not gain a verdict, whatever it saves.
        max_entries: The most entries a family may have, or both together if `shared`.
        when_over: What to do when they do not fit.
        mu: For BALANCE, how much harm to others one missed unit is worth.
        weights: What harm and what is missed are measured in; None: in addresses, used or not.
        lengths: The prefix lengths the platform takes; a family left out takes all.
        most_parts: Into how many artifacts they may be split; None: into any number.
        most_lengths: The most different prefix lengths a family may use, for ipset, which looks
            up once a length.
        observe: Told how far a computation is that may take long, and before it what it takes.
    """

    dont_care: AddrSet | None = None
    protected: AddrSet | None = None
    max_entries: int | None = None
    shared: bool = False
    when_over: WhenOver = WhenOver.FAIL
    mu: Fraction = Fraction(1)
    weights: Weights | None = None
    lengths: Mapping[Family, Collection[int]] = field(default_factory=dict)
    most_parts: int | None = None
    most_lengths: int | None = None
    observe: Observer = unobserved

    def __post_init__(self) -> None:
        if self.mu < 0:
            raise ValueError(f"mu {self.mu} is negative")
        for limit in (self.max_entries, self.most_lengths):
            if limit is not None and limit < 1:
                raise ValueError(f"a limit of {limit} leaves no room for an entry")


class PassStep(Value):
    """What one pass did: entries before and after, addresses that gained or lost a verdict."""

    name: str
    contract: Contract
    before: Mapping[Family, int]
    after: Mapping[Family, int]
    added: AddrSet
    lost: AddrSet


class Compiled(Value):
    """The rules of an output.

    Invariant: `meaning` is what `rules` mean under `match`, and every step kept its contract.

    Attributes:
        match: The model of the rules: the one asked for, or TWO_SETS where that was the way out.
        names: The names of the verdicts; names[0] is the default.
        rules: Every family's rules in the order of the artifact.
        shards: The rules of each artifact; one of them unless they were split.
        steps: The passes in the order they ran.
        meaning: The verdict every address gets.
        addresses: How many addresses of each family get a verdict.
    """

    match: Match
    names: tuple[str, ...]
    rules: Mapping[Family, Rules]
    shards: tuple[Mapping[Family, Rules], ...]
    steps: tuple[PassStep, ...]
    meaning: AddrMap
    addresses: Mapping[Family, int]

    @property
    def entries(self) -> Mapping[Family, int]:
        """Return the number of rules of each family."""
        return {family: len(rules) for family, rules in self.rules.items()}
