"""Custom rules of Azure's web application firewalls, of Front Door and of Application Gateway.

A rule holds few ranges, so a list is as many rules as it needs, one after the other in priority.
"""

from collections.abc import Callable, Iterator, Sequence

from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.facts import (
    CountryCodes,
    Deployment,
    EntryForm,
    Layout,
    Maturity,
    MaxEntries,
    Reference,
    Responses,
)
from blockc.targets.core.layout import File
from blockc.targets.core.target import Target
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.json_shape import (
    Codes,
    Doing,
    Each,
    Either,
    Entries,
    Says,
    Shape,
    numbered,
    of_countries,
    shaped,
)
from blockc.targets.syntax.reading import Ordered, Reading, each
from blockc.targets.syntax.tokens import Text
from blockc.values import replace

_NAME = r"[A-Za-z][A-Za-z0-9_]{0,119}"
_VARIABLES = r"SocketAddr|RemoteAddr"
_RULES = 100  # in a policy
_FRONT_RANGES, _GATEWAY_RANGES, _FRONT_CODES = 600, 540, 10
_ACTION = Either(("Block", Doing("monitor", "Log")))
_FRONT_RULE, _GATEWAY_RULE = "Front Door rule", "Application Gateway rule"
_COMMON = {
    "priority": Says("priority", kind=int),
    "ruleType": "MatchRule",
    "action": _ACTION,
}
_FRONT: Shape = {
    "name": Says(_FRONT_RULE, _NAME),
    **_COMMON,
    "enabledState": "Enabled",
    "matchConditions": [
        {
            "matchVariable": Says("variable", _VARIABLES),
            "operator": "IPMatch",
            "negateCondition": False,
            "transforms": [],
            "matchValue": Entries(most=_FRONT_RANGES),
        }
    ],
}
_COUNTRIES = {
    **_FRONT,
    "matchConditions": [
        {
            **_FRONT["matchConditions"][0],
            "operator": "GeoMatch",
            "matchValue": Codes(_FRONT_CODES),
        }
    ],
}
_GATEWAY = {
    "name": Says(_GATEWAY_RULE, _NAME),
    **_COMMON,
    "state": "Enabled",
    "matchConditions": [
        {
            "matchVariables": [{"variableName": "RemoteAddr"}],
            "operator": "IPMatch",
            "negationConditon": False,  # as the API spells it
            "transforms": [],
            "matchValues": Entries(most=_GATEWAY_RANGES),
        }
    ],
}


def _reader(rule: Shape, last: int) -> Callable[[Text], Reading]:
    """Return the reader of rules of a shape, with priorities up to `last`."""
    read = shaped({"list": Says("list"), "policy": Says("policy"), "customRules": Each(rule)})

    def read_rules(text: Text) -> Reading:
        reading = read(text)
        for one in reading.found:
            if one.what == "priority" and int(str(one.value)) > last:
                raise one.error(f"the last priority is {last}, set `priority` to a lower number")
        return numbered(reading, str(rule["name"].what), "priority")

    return read_rules


def read_countries(text: Text) -> Reading:
    """Return which countries rules of Front Door name, and what they do to them."""
    return of_countries(_reader(_COUNTRIES, 2**31 - 1)(text))


def _orders(document: Document, _file: File, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    option, made_of = document.options, document.provenance
    some = any(part.count for part in parts) or bool(document.codes)
    kind = _FRONT_RULE if "variable" in option else _GATEWAY_RULE
    yield Ordered(kind, option["name"], claimed=True, required=some)
    yield Ordered("priority", option["priority"], required=some)
    yield Ordered("list", ("SAMPLE DATA, " if made_of.sample else "") + made_of.list)
    yield Ordered("policy", made_of.policy)
    if "variable" in option:
        yield Ordered("variable", option["variable"], required=some)
    if document.codes:
        yield from document.countries()


def _limit(ranges: int, page: str) -> MaxEntries:
    return MaxEntries(_RULES * ranges, Reference(page, "2026-11-27"), together=True)


_LIMITS = "https://raw.githubusercontent.com/MicrosoftDocs/azure-docs/main/includes/"
_NOTES = """\
The file holds the custom rules of one list; `list` and `policy` beside them are for people and are
not part of the policy of Azure. Rules are called after the option `name`, with a number; a load
takes the old ones of that name out of the policy and puts the new ones in, and leaves all others.
`priority` is that of the first rule, and the next ones follow: choose it so that no rule of another
kind stands between. A policy has 100 custom rules, so a list cannot be split over several files.

Azure compares `SocketAddr`, the address of the connection, or `RemoteAddr`, which clients can name
in `X-Forwarded-For` unless a proxy of your own overwrites it. In `monitor` the action is `Log`. The
status of blocked requests, 403 or one of 200, 405, 406 and 429, is a setting of the whole policy
and not of a rule, and 451 is not among them. A policy in the mode `Detection` blocks nobody."""

_PUT = """\
az rest --method get --url "$POLICY" > policy.json
jq --slurpfile new {file} '.properties.{rules} |= (map(select(.name | test("^NAME_[0-9]+$") | not))
  + $new[0].customRules)' policy.json > changed.json
az rest --method put --url "$POLICY" --body @changed.json"""


def _deployment(rules: str) -> Deployment:
    return Deployment(
        load=_PUT.format(file="list.json", rules=rules),
        rollback=_PUT.format(file="PREVIOUS/list.json", rules=rules),
    )


_PRIORITY = Option(
    "priority",
    100,
    "1 to 10000",
    within=range(1, 10_001),
    about="the priority of the first rule; the least is asked first",
)
AZURE_FRONTDOOR = Target(
    name="azure-frontdoor",
    title="Azure Front Door WAF rules",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="azure-frontdoor.json.j2",
    ending="json",
    reader=each(_reader(_FRONT, 2**31 - 1)),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    options=(
        Option(
            "name",
            "blockc_{word}",
            "1 to 100 letters, digits or _, a letter first; _ and a number are added to it",
            pattern=r"[A-Za-z][A-Za-z0-9_]{0,99}",
            about="the rules",
            by_kind={ContentKind.CODES: "blockc_{word}_countries"},
        ),
        _PRIORITY,
        Option(
            "variable",
            "SocketAddr",
            "SocketAddr or RemoteAddr",
            pattern=_VARIABLES,
            about="whose address is compared: who is connected, or what X-Forwarded-For says",
        ),
    ),
    max_entries=_limit(_FRONT_RANGES, f"{_LIMITS}front-door-limits.md"),
    whole=True,
    responses=Responses(actions=frozenset({"monitor"})),
    maturity=Maturity.SCHEMA,
    notes=f"Each rule holds up to 600 ranges, so 60,000 are the most.\n\n{_NOTES}",
    references=(
        Reference(
            "https://learn.microsoft.com/en-us/azure/web-application-firewall/afds/"
            "waf-front-door-custom-rules",
            "2026-11-27",
        ),
    ),
    deployment=_deployment("customRules.rules"),
)
AZURE_APPGATEWAY = replace(
    AZURE_FRONTDOOR,
    name="azure-appgateway",
    title="Azure Application Gateway WAF rules",
    writer="azure-appgateway.json.j2",
    reader=each(_reader(_GATEWAY, _RULES)),
    options=(
        AZURE_FRONTDOOR.options[0],
        replace(_PRIORITY, default=1, expects="1 to 100", within=range(1, 101)),
    ),
    max_entries=_limit(_GATEWAY_RANGES, f"{_LIMITS}application-gateway-limits.md"),
    notes=f"""\
Each rule holds up to 540 ranges, so 54,000 are the most, if `priority` is 1; with CRS 3.2 or newer
Azure takes 600 a rule, which is not used. Priorities end at 100.

{_NOTES}""",
    references=(
        Reference(
            "https://learn.microsoft.com/en-us/azure/web-application-firewall/ag/custom-waf-rules-"
            "overview",
            "2026-11-27",
        ),
    ),
    deployment=_deployment("customRules"),
)
AZURE_FRONTDOOR_GEO = replace(
    AZURE_FRONTDOOR,
    name="azure-frontdoor-geo",
    title="Azure Front Door WAF rules of countries",
    writer="azure-frontdoor-geo.json.j2",
    reader=each(read_countries),
    words={ContentKind.CODES: BLOCKS},
    codes=CountryCodes(
        Reference(
            "https://learn.microsoft.com/en-us/azure/web-application-firewall/afds/"
            "waf-front-door-geo-filtering",
            "2026-11-23",
            verified=False,
        )
    ),
    max_entries=None,
    whole=False,
    notes=f"""\
Azure decides by its own data who is in a country. That is not what the registries say, and nobody
can prove it address by address: what is proved is that the rules name exactly the countries of the
list. A rule names ten, so more countries are more rules.

{_NOTES}""",
)
