"""The policy file as it is written: its tables, their keys and the types of their values."""

from typing import Annotated, Literal

from blockc.tomlio.tables import Table, for_editors, table_field
from blockc.tomlio.when import When
from blockc.vocabulary import DontCare, HeaderForm, UntilBlock, WhenOver

Action = Literal["monitor", "warn", "block"]
Preflight = Literal["warn", "refuse"]
FirstBuild = Literal["allow", "approve"]
NativeTrial = Literal["on", "always", "off"]
Weigh = Literal["addresses", "delegations"]

SelectorText = Annotated[
    str,
    for_editors(
        description="country code, group:NAME, registry:NAME, status:NAME, feed:NAME?key=value, "
        "asn:N, file:PATH, list:NAME, delegated, world, an address, a prefix or a range",
    ),
]
Name = Annotated[str, for_editors(pattern="^[a-z][a-z0-9-]{0,30}$")]
Share = Annotated[str, for_editors(description="a share of addresses", pattern=r"^[0-9.]+%$")]
Number = Annotated[
    int, for_editors(description="addresses of IPv4, or /48 networks of IPv6", minimum=0)
]
Age = Annotated[str, for_editors(description="hours, days or weeks", pattern="^[0-9]+[hdw]$")]


AllowEmpty = Annotated[
    bool, for_editors(description="nothing is wrong if it stands for no address at all")
]


class EntryTable(Table):
    """A selector that may stand for nothing."""

    select: SelectorText
    allow_empty: AllowEmpty = False


class ExceptionTable(Table):
    """An exception that says who wanted it, why and until when."""

    owner: str
    reason: str
    prefix: Annotated[str, for_editors(description="an address, a prefix or a range")] = ""
    select: SelectorText = ""
    until: Annotated[
        When | None,
        for_editors(description="the last UTC day it holds, or the instant it ends; none: no end"),
    ] = None
    allow_empty: AllowEmpty = False


class StageTable(Table):
    """What happens to the list's traffic from a day on."""

    from_: Annotated[
        When, for_editors(description="the first UTC day of the stage, or the instant it begins")
    ]
    action: Action
    status: Annotated[
        int | None, for_editors(description="HTTP status of the refusal, such as 403 or 451")
    ] = None
    blocked_by: Annotated[
        str, for_editors(description="URL of who demands the block (RFC 7725)")
    ] = ""


class ListTable(Table):
    """One named result: what it selects, what it spares and from when."""

    title: str = ""
    reference: Annotated[str, for_editors(description="who wants this, for the audit trail")] = ""
    block: tuple[SelectorText | EntryTable, ...] = ()
    allow: Annotated[
        tuple[SelectorText | EntryTable, ...], for_editors(description="everything else is blocked")
    ] = ()
    except_: tuple[SelectorText | ExceptionTable, ...] = ()
    stages: tuple[StageTable, ...] = ()
    allow_empty: AllowEmpty = False


class ProtectTable(Table):
    """What wins over every list."""

    never_block: tuple[SelectorText | EntryTable, ...] = ()
    must_block: Annotated[
        tuple[str, ...], for_editors(description="canaries: the build fails unless blocked")
    ] = ()
    must_allow: Annotated[
        tuple[str, ...], for_editors(description="canaries: the build fails if blocked")
    ] = ()


class WidestBlockTable(Table):
    """The shortest prefix lengths an operator may write without saying `world`."""

    ipv4: int = 8
    ipv6: int = 16


class LimitsTable(Table):
    """How much of one list, or of one country, may change; what is left out is as in `[guard]`."""

    max_added: Share | Number | None = None
    max_removed: Share | Number | None = None


class IgnoreBelowTable(Table):
    """How few addresses may always change, whatever share of a list or country they are."""

    ipv4: Annotated[int, for_editors(description="addresses")] = 65_536
    ipv6: Annotated[int, for_editors(description="/48 networks")] = 1_048_576


class GuardTable(Table):
    """How much may change, and how old data may be, before somebody must approve."""

    max_added: Share | Number = "2%"
    max_removed: Share | Number = "2%"
    ignore_below: IgnoreBelowTable = IgnoreBelowTable()
    first_build: Annotated[
        FirstBuild,
        for_editors(description="what is done where nothing was published that it compares with"),
    ] = "allow"
    list: Annotated[dict[Name, LimitsTable], for_editors(description="other limits for a list")] = (
        table_field(default_factory=dict)
    )
    country: Annotated[
        dict[str, LimitsTable], for_editors(description="other limits for a country")
    ] = table_field(default_factory=dict)
    max_age: Age = "4d"
    widest_prefix: WidestBlockTable = WidestBlockTable()
    preflight: Annotated[
        Preflight,
        for_editors(description="what a build does that would fail on a coming day, within a year"),
    ] = "warn"
    native: Annotated[
        NativeTrial,
        for_editors(description="whether the real programs are asked before anything is published"),
    ] = "on"


class ReaderTable(Table):
    """How what a template of your own writes is read back, where it is a list of your own form."""

    line: Annotated[
        str | tuple[str, ...],
        for_editors(description="what a line looks like; {address} stands for the addresses"),
    ] = "{address}"
    comments: Annotated[
        tuple[str, ...], for_editors(description="what lines that say nothing begin with")
    ] = ("#",)
    around: Annotated[
        tuple[str, ...], for_editors(description="other lines, as they are, that say nothing")
    ] = ()


class OutputTable(Table, forbid_unknown_fields=False):
    """One artifact, or one per country. Keys not named here are options of the target."""

    target: str
    path: Annotated[
        str,
        for_editors(description="below the output folder; {country}, {family}, {part} are filled"),
    ]
    list: str = ""
    lists: Annotated[
        tuple[str, ...],
        for_editors(description="lists in one map of the actions in force, first match wins"),
    ] = ()
    map: Annotated[Literal["", "country"], for_editors(description="the whole country map")] = ""
    split_by: Literal["", "country"] = ""
    max_entries: Annotated[
        int | None, for_editors(description="the most entries of a family; none: the target's")
    ] = None
    when_over: Annotated[
        WhenOver, for_editors(description="what to do when the exact entries are more")
    ] = WhenOver.FAIL
    mu: Annotated[
        float | None,
        for_editors(description="balance: addresses of others blocked for one more of the list"),
    ] = None
    weigh: Annotated[Weigh, for_editors(description="what harm to others is counted in")] = (
        "addresses"
    )
    factors: Annotated[
        dict[str, int], for_editors(description="countries whose harm counts so many times")
    ] = table_field(default_factory=dict)
    spare: Annotated[
        tuple[str, ...], for_editors(description="countries that a lossy fit must not touch")
    ] = ()
    dont_care: Annotated[
        DontCare, for_editors(description="space that may be blocked to save entries")
    ] = DontCare.OFF
    lengths: Annotated[
        int | None, for_editors(description="the most different prefix lengths, for ipset")
    ] = None
    response: Annotated[
        Literal["", "none"],
        for_editors(description="none: this output carries no status and no link of its lists"),
    ] = ""
    until_block: Annotated[
        UntilBlock,
        for_editors(
            description="empty: a list that does not block yet is left out; monitor: one that "
            "warns is only watched"
        ),
    ] = UntilBlock.SAID
    header: Annotated[
        HeaderForm,
        for_editors(description="full: also dates and digests of sources, which change every day"),
    ] = HeaderForm.SHORT
    parts: Annotated[
        int | None, for_editors(description="split: always so many artifacts, empty ones too")
    ] = None
    template: Annotated[
        str, for_editors(description="a template of your own, from the policy's folder")
    ] = ""
    reader: Annotated[
        Literal["", "lines"] | ReaderTable,
        for_editors(description="what the template writes is a list: addresses, one per line"),
    ] = ""
    on_change: Annotated[
        tuple[str, ...],
        for_editors(description="what `blockc refresh` runs when its files changed, no shell"),
    ] = ()
    on_change_seconds: Annotated[
        int, for_editors(description="how long that may take; then it has failed")
    ] = 60


class EdgeTable(Table):
    """Something the company runs that clients reach, and what protects it."""

    outputs: Annotated[
        tuple[str, ...], for_editors(description="the paths of the outputs that protect it")
    ] = ()
    kind: Annotated[str, for_editors(description="what it is, such as cdn, web, api, mail")] = ""
    owner: Annotated[str, for_editors(description="who runs it")] = ""
    hosts: Annotated[tuple[str, ...], for_editors(description="machines or accounts")] = ()
    domains: Annotated[tuple[str, ...], for_editors(description="names clients reach it by")] = ()
    live: Annotated[
        dict[str, tuple[str | tuple[str, ...], ...]],
        for_editors(description="output -> what `blockc verify --live` runs to ask what is there"),
    ] = table_field(default_factory=dict)
    live_seconds: Annotated[
        int, for_editors(description="how long each of these may take; then it has failed")
    ] = 60


class RefreshTable(Table):
    """What `blockc refresh` does besides building."""

    webhook_env: Annotated[
        str,
        for_editors(description="environment variable with the URL that gets the summary"),
    ] = ""


class PublishTable(Table):
    """What is kept of what was published."""

    keep: Annotated[
        int, for_editors(description="how many generations `blockc rollback` can go back to")
    ] = 30
    history: Annotated[
        str, for_editors(description="file that the history is kept in, from the policy's folder")
    ] = ""


class AuditTable(Table):
    """How `blockc audit` reads access logs, and what it proposes."""

    key: Annotated[
        str,
        for_editors(
            description="where the API key stands: header:NAME, query:NAME, json:PATH, column:N "
            "or user",
        ),
    ] = ""
    key_is: Annotated[
        Literal["secret", "id", "hmac"],
        for_editors(
            description="secret: only its HMAC is ever written; id: it may be written; hmac: the "
            "log has the HMAC in its place",
        ),
    ] = "secret"
    secret_env: Annotated[
        str, for_editors(description="environment variable with the secret of that HMAC")
    ] = "BLOCKC_AUDIT_SECRET"  # noqa: S105  the name of a variable
    account: Annotated[str, for_editors(description="where the account stands, as key")] = ""
    proxies: Annotated[
        tuple[str, ...], for_editors(description="proxies whose word about the client is taken")
    ] = ()
    proxy_header: Literal["x-forwarded-for", "forwarded"] = "x-forwarded-for"
    wanted: Annotated[
        tuple[SelectorText | EntryTable, ...],
        for_editors(description="whose traffic is wanted: partners, monitoring, crawlers"),
    ] = ()
    agents: Annotated[
        tuple[str, ...], for_editors(description="words of user agents that may be wanted")
    ] = ("Googlebot", "bingbot", "Applebot", "DuckDuckBot", "UptimeRobot", "Pingdom", "Stripe")
    known_days: Annotated[
        int, for_editors(description="an account seen on so many days looks wanted")
    ] = 7
    revoke: Annotated[
        Share, for_editors(description="propose to revoke a key with this share of its requests")
    ] = "95%"
    notify: Annotated[
        Share, for_editors(description="propose to notify the owner from this share on")
    ] = "1%"
    min_requests: Annotated[
        int, for_editors(description="keys with fewer requests from listed space are watched")
    ] = 10
    owners: Annotated[
        str, for_editors(description="a CSV file with key, account, contact and language")
    ] = ""
    path_depth: Annotated[
        int, for_editors(description="how many steps of a path are told apart")
    ] = 1
    path_groups: Annotated[
        dict[str, tuple[str, ...]],
        for_editors(description="name -> paths that are counted under it, with all below them"),
    ] = table_field(default_factory=dict)


class RevokeTable(Table, forbid_unknown_fields=False):
    """A plan that revokes keys at one gateway. Keys not named here are options of the target."""

    target: Annotated[str, for_editors(description="which gateway, or which form")]
    path: Annotated[str, for_editors(description="the file of the plan, below the output folder")]
    list: Annotated[
        Name, for_editors(description="whose stages decide: keys go when the list blocks")
    ]
    keys: Annotated[
        str, for_editors(description="keys.csv of an audit, after people went through it")
    ]
    names: Annotated[
        str,
        for_editors(description="CSV: what the gateway calls each key; none: the owners' file"),
    ] = ""
    rule: Annotated[
        str | tuple[str, ...], for_editors(description="the decisions that revoke a key")
    ] = "revoke"
    max_keys: Annotated[
        int, for_editors(description="how many keys may be added without approval", minimum=0)
    ] = 10
    max_share: Annotated[
        str, for_editors(description="and which share of all known keys", pattern=r"^[0-9.]+%$")
    ] = "5%"


class PolicyTable(Table):
    """A whole policy file."""

    version: Literal[1]
    include: tuple[str, ...] = ()
    vars: dict[str, str | tuple[str, ...]] = table_field(default_factory=dict)
    list: dict[Name, ListTable] = table_field(default_factory=dict)
    protect: ProtectTable = ProtectTable()
    guard: GuardTable = GuardTable()
    output: tuple[OutputTable, ...] = ()
    edge: dict[Name, EdgeTable] = table_field(default_factory=dict)
    refresh: RefreshTable = RefreshTable()
    publish: PublishTable = PublishTable()
    audit: AuditTable = AuditTable()
    revoke: tuple[RevokeTable, ...] = ()
