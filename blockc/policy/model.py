"""A policy that has been checked: every name exists, every selector is understood."""

from collections.abc import Hashable, Mapping
from fractions import Fraction

from blockc.addresses.family import V4, V6, Family
from blockc.policy.syntax.country_groups import CountryGroup
from blockc.policy.syntax.policy_tables import Action, FirstBuild, NativeTrial, Preflight, Weigh
from blockc.policy.syntax.selectors import AddressRange, ListSelector, Selector
from blockc.tomlio.tables import Place
from blockc.tomlio.when import When
from blockc.values import Value, field, field_names
from blockc.vocabulary import DontCare, HeaderForm, LineForm, UntilBlock, WhenOver

KEEP = 30
Option = str | int | bool | tuple[str, ...]


class TargetFacts(Value):
    """What a policy may ask of a target.

    `options`: the keys of an output that are the target's own.
    `one_family`: an artifact holds one family, so each output is a file per family.
    `several_lists`: one artifact can hold `lists = [...]`.
    `country_map`: one artifact can hold `map = "country"`.
    `template`: its text can be written by a template of the operator's own.
    `lines`: what that writes may be a list in a form of the operator's own.
    `actions`: what one list may do in an artifact. `actions_of_lists`: the same with `lists`.
    `statuses`, `links`: what it can answer to clients that are blocked.
    `comments`: an artifact can have a header, and so can be without one.
    `whole`: an artifact holds a whole list, which cannot be split.
    `unknown_codes`: it says countries by their codes, these excepted; None if it says addresses.
    """

    options: frozenset[str] = frozenset()
    one_family: bool = False
    several_lists: bool = False
    country_map: bool = False
    template: bool = True
    lines: bool = False
    actions: frozenset[str] = frozenset({"block"})
    actions_of_lists: frozenset[str] = frozenset()
    statuses: frozenset[int] = frozenset()
    links: bool = False
    comments: bool = True
    whole: bool = False
    unknown_codes: frozenset[str] | None = None


class FeedFacts(Value):
    """What a policy may ask of a feed: the filters of its rows, and whether it may list nothing."""

    filters: frozenset[str] = frozenset()
    may_be_empty: bool = False


class Known(Value):
    """The names a policy can use, gathered by whoever knows the other layers.

    `targets`: target -> what it can do.
    `key_targets`: key target -> its options.
    `groups`: group -> its countries, their source and date.
    `sources`: feed -> what a policy may ask of it.
    """

    targets: Mapping[str, TargetFacts]
    groups: Mapping[str, CountryGroup] = field(default_factory=dict)
    sources: Mapping[str, FeedFacts] = field(default_factory=dict)
    key_targets: Mapping[str, frozenset[str]] = field(default_factory=dict)


class _Placed(Value, eq=False):
    """What stands somewhere in a policy. Two that differ in nothing but `place` are equal."""

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and _said(self) == _said(other)

    def __hash__(self) -> int:
        return hash(_said(self))


def _said(value: object) -> tuple[object, ...]:
    return tuple(getattr(value, name) for name in field_names(value) if name != "place")


class LocatedSelector(_Placed, eq=False):
    """A selector and where it was written.

    Attributes:
        spares: It frees addresses, so nothing limits how wide it may be.
        allow_empty: The policy, or the definition of its source, says that it may be nothing.
    """

    selector: Selector
    place: Place
    spares: bool = False
    allow_empty: bool = False


class Exemption(Value):
    """An exception of a list. Without a table it has no owner, reason or end."""

    located: LocatedSelector
    owner: str = ""
    reason: str = ""
    until: When | None = None


class Stage(Value):
    """What happens to a list's traffic from `start` on."""

    start: When
    action: Action
    status: int | None = None
    blocked_by: str = ""


class List(_Placed, eq=False):
    """One named result of a policy.

    Invariant: exactly one of `block` and `allow` is not empty; stages are in order of `start`.

    `words`: its table as the policy has it, as JSON; equal words, equal text.
    """

    name: str
    title: str
    reference: str
    block: tuple[LocatedSelector, ...]
    allow: tuple[LocatedSelector, ...]
    exemptions: tuple[Exemption, ...]
    stages: tuple[Stage, ...]
    place: Place
    allow_empty: bool = False
    words: str = ""

    @property
    def selectors(self) -> tuple[LocatedSelector, ...]:
        """Return every selector of the list, exceptions last."""
        return (*self.block, *self.allow, *(one.located for one in self.exemptions))

    @property
    def references(self) -> tuple[str, ...]:
        """Return the names of the lists it refers to."""
        chosen = (located.selector for located in self.selectors)
        return tuple(one.name for one in chosen if isinstance(one, ListSelector))


class Canary(_Placed, eq=False):
    """An address that must come out one way, and where that was demanded."""

    addresses: AddressRange
    place: Place


class Protect(Value):
    """What wins over every list, and the addresses that prove it."""

    never_block: tuple[LocatedSelector, ...] = ()
    must_block: tuple[Canary, ...] = ()
    must_allow: tuple[Canary, ...] = ()


Limit = Fraction | int  # a share, 0 to 1, or addresses of IPv4 and /48 networks of IPv6


class ChangeLimits(Value):
    """How much may change where it is named; None: as `Guard` says."""

    max_added: Limit | None = None
    max_removed: Limit | None = None


class Guard(Value):
    """How much may change without approval.

    `max_added`, `max_removed`: of every list and of every country that `lists` and `countries` do
    not name.
    `ignore_below`: changes of fewer exceed no share.
    `first_build`: what is done where there is nothing to compare with.
    `preflight`: what a build does that will fail on a coming day.
    `native`: whether the real programs that are installed are asked before anything is published:
        `on` by a refresh, `always` by a build too.

    Units: shares of addresses, 0 to 1, or addresses of IPv4 and /48 networks of IPv6; hours;
    prefix lengths by family.
    """

    max_added: Limit = Fraction(2, 100)
    max_removed: Limit = Fraction(2, 100)
    lists: Mapping[str, ChangeLimits] = field(default_factory=dict)
    countries: Mapping[str, ChangeLimits] = field(default_factory=dict)
    ignore_below_ipv4: int = 65_536
    ignore_below_ipv6: int = 1_048_576
    first_build: FirstBuild = "allow"
    max_age_hours: int = 96
    widest_ipv4: int = 8
    widest_ipv6: int = 16
    preflight: Preflight = "warn"
    native: NativeTrial = "on"

    def widest(self, family: Family) -> int:
        """Return the shortest prefix length that needs no `world`."""
        return {V4: self.widest_ipv4, V6: self.widest_ipv6}.get(family, 0)

    def ignore_below(self, family: Family) -> int:
        """Return below how many a change exceeds no share: of addresses, or of /48 networks."""
        return {V4: self.ignore_below_ipv4, V6: self.ignore_below_ipv6}.get(family, 0)


class Fit(Value, kw_only=True):
    """How the entries of an output may look, and what to give up when they are too many.

    Invariant: numbers are positive; `factors` and `spare` name countries.

    Attributes:
        max_entries: The most entries of a family; None leaves it to the target.
        mu: How many addresses of others may be blocked for one more of the list.
        weigh: What harm to others is counted in.
        factors: Countries whose harm counts so many times.
        spare: Countries that are never harmed.
        dont_care: Space that may get any verdict where that saves entries.
        lengths: The most different prefix lengths a family may use.
        parts: How many artifacts a list is split into, whatever it needs today; None: those.
    """

    max_entries: int | None = None
    when_over: WhenOver = WhenOver.FAIL
    mu: Fraction = Fraction(1)
    weigh: Weigh = "addresses"
    factors: Mapping[str, int] = field(default_factory=dict)
    spare: tuple[str, ...] = ()
    dont_care: DontCare = DontCare.OFF
    lengths: int | None = None
    parts: int | None = None

    @property
    def key(self) -> Hashable:
        """Return something equal for equal values; mappings have no hash of their own."""
        return *(getattr(self, name) for name in field_names(self) if name != "factors"), *(
            self.factors.items()
        )


class Hook(Value):
    """A program with its arguments, run without a shell, and how many seconds it may take."""

    words: tuple[str, ...]
    seconds: int


class Output(_Placed, eq=False):
    """One artifact a policy asks for, or one per country.

    Invariant: `lists` names one list, or several where the target can hold them, or none where
    the artifact is the country map.

    `says_action`: it was written with `lists`, so an entry says which action is in force, and not
    only that an address is listed.
    `answers`: it carries the status and the link of its lists.
    `until_block`: what it does about lists that do not block yet.
    `reader`: how what its template writes is read, where the target's reader does not.
    `on_change`: what is run when its files changed; nothing if empty. It decides no byte.
    """

    target: str
    path: str
    lists: tuple[str, ...]
    says_action: bool
    country_map: bool
    split_by_country: bool
    fit: Fit
    header: HeaderForm
    template: str
    options: Mapping[str, Option]
    place: Place
    answers: bool = True
    until_block: UntilBlock = UntilBlock.SAID
    on_change: Hook | None = None
    reader: LineForm | None = None


class Edge(Value):
    """Something the company runs that clients reach.

    Attributes:
        outputs: The paths of the outputs that protect it, each of which the policy has.
        kind: What it is, in a word of the operator's.
        hosts: Machines or accounts. `domains`: the names that clients reach it by.
        live: Output -> the commands that print what is there, each run without a shell.
        live_seconds: How long each may take.
    """

    name: str
    outputs: tuple[str, ...]
    kind: str
    owner: str
    hosts: tuple[str, ...]
    domains: tuple[str, ...]
    place: Place
    live: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    live_seconds: int = 60


class Note(Value):
    """Something understood that the operator may not have meant, and where."""

    place: Place
    message: str

    def __str__(self) -> str:
        return f"{self.place.location()}: {self.message}"


class Audit(Value, kw_only=True):
    """How access logs are read, and what is proposed; see `AuditTable`.

    Units: `revoke` and `notify` are shares of a key's requests, 0 to 1.
    """

    key: str = ""
    key_is: str = "secret"
    secret_env: str = "BLOCKC_AUDIT_SECRET"  # noqa: S105  the name of a variable
    account: str = ""
    proxies: tuple[str, ...] = ()
    proxy_header: str = "x-forwarded-for"
    wanted: tuple[LocatedSelector, ...] = ()
    agents: tuple[str, ...] = ()
    known_days: int = 7
    revoke: Fraction = Fraction(95, 100)
    notify: Fraction = Fraction(1, 100)
    min_requests: int = 10
    owners: str = ""
    path_depth: int = 1
    path_groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Revoke(Value, kw_only=True):
    """A plan that revokes keys; see `RevokeTable`.

    `keys`, `names`: files, from the folder of the policy's file that says so.
    """

    target: str
    path: str
    list: str
    keys: str
    names: str
    rule: tuple[str, ...]
    max_keys: int
    max_share: Fraction
    options: Mapping[str, Option]
    place: Place


class Policy(Value):
    """Everything one build is asked to do.

    Invariant: lists and edges are in order of name and outputs in order of path, whatever the order
    of the files; every name in it exists.

    `webhook_env`: the environment variable with the URL that gets the summary of a refresh.
    `keep`: how many generations stay. `history`: the file that keeps what was published, as the
    policy has it; nothing: the published folder does.
    """

    files: tuple[str, ...]
    lists: tuple[List, ...]
    outputs: tuple[Output, ...]
    protect: Protect
    guard: Guard
    groups: Mapping[str, CountryGroup]
    notes: tuple[Note, ...] = ()
    edges: tuple[Edge, ...] = ()
    webhook_env: str = ""
    keep: int = KEEP
    history: str = ""
    audit: Audit = Audit()
    revokes: tuple[Revoke, ...] = ()

    def list_of(self, name: str) -> List:
        """Return the list called `name`."""
        return next(one for one in self.lists if one.name == name)
