"""Rules of Google Cloud Armor: of ranges, of countries, and address groups with the rule over them.

A basic rule holds ten ranges and an expression five conditions, so a list is as many rules as it
needs, one after the other in priority. Address groups hold many more, and need the Enterprise tier.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from blockc.addresses import FAMILIES
from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.facts import (
    CountryCodes,
    Deployment,
    EntryForm,
    Joint,
    Layout,
    Maturity,
    MaxEntries,
    Reference,
    Responses,
)
from blockc.targets.core.layout import ExtraFile, File
from blockc.targets.core.live import LiveForm, json_entries
from blockc.targets.core.target import Target
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.json_shape import (
    COUNTRY,
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
from blockc.targets.syntax.reading import Found, Ordered, Reading, acting, decoded, each
from blockc.targets.syntax.tokens import Text
from blockc.values import replace

STATUSES = frozenset({403, 404, 502})
_RANGES, _CONDITIONS, _RULES = 10, 5, 200
_NAME = r"[A-Za-z][A-Za-z0-9_-]{0,55}"
_CODE = r"origin\.region_code == '([A-Z]{2})'"
_CODES = rf"{_CODE}(?: \|\| {_CODE}){{0,{_CONDITIONS - 1}}}".replace("([A-Z]{2})", "[A-Z]{2}")
_GROUP = r"[A-Za-z][A-Za-z0-9-]{0,57}"
_HOME = r"projects/[A-Za-z0-9-]{1,63}/locations/global/addressGroups/"
_IN_GROUP = re.compile(r"evaluateAddressGroup\('([A-Za-z0-9-]{1,63})', origin\.ip\)", re.ASCII)
_ACTION = {
    "action": Says("status", r"deny\((403|404|502)\)", number=True),
    "preview": Either((False, Doing("monitor", True))),
}


def _rule(match: Shape) -> Shape:
    return {
        "priority": Says("priority", kind=int),
        **_ACTION,
        "description": Says("Cloud Armor rule", rf"{_NAME}_[0-9]{{1,7}}"),
        "match": match,
    }


_BASIC = {"versionedExpr": "SRC_IPS_V1", "config": {"srcIpRanges": Entries(most=_RANGES)}}
_OF_COUNTRIES = {"expr": {"expression": Says("expression", _CODES)}}


def _reader(match: Shape) -> Callable[[Text], Reading]:
    rules = Each(_rule(match))
    read = shaped({"list": Says("list"), "policy": Says("policy"), "rules": rules})
    return lambda text: numbered(read(text), "Cloud Armor rule", "priority")


def read_countries(text: Text) -> Reading:
    """Return which countries rules name, and what they do to them; they say no address.

    Raises:
        SourceSyntaxError: If they are no such rules, or name a country twice.
    """
    reading = _reader(_OF_COUNTRIES)(text)
    said: list[Found] = []
    for one in reading.found:
        if one.what != "expression":
            said.append(one)
            continue
        for code in re.findall(_CODE, str(one.value)):
            if code in [other.value for other in said if other.what == COUNTRY]:
                raise one.error(f"{code} occurs twice")
            said.append(replace(one, what=COUNTRY, value=code))
    return of_countries(replace(reading, found=tuple(said)))


def read_group(text: Text) -> Reading:
    """Return what an address group holds: every address of it blocks.

    Raises:
        SourceSyntaxError: If it is no such group, or holds more than its capacity.
    """
    (family,) = text.families
    reading = shaped(
        {
            "name": Says("address group", _HOME + _GROUP),
            "description": Says("description"),
            "type": f"IPV{family.version}",
            "capacity": Says("capacity", kind=int),
            "purpose": ["CLOUD_ARMOR"],
            "items": Entries(families=(family,)),
        }
    )(text)
    (capacity,) = [one for one in reading.found if one.what == "capacity"]
    if sum(len(part.rules) for part in reading.parts) > int(str(capacity.value)):
        raise capacity.error("the group holds more than that")
    return reading


def read_with_rule(texts: Sequence[Text]) -> Reading:
    """Return what the groups hold, as the rule in the last file uses them.

    Raises:
        SourceSyntaxError: If the rule does not use every group exactly once.
    """
    groups = [read_group(text) for text in texts[:-1]]
    expression = {"expr": {"expression": Says("expression")}}
    rule = _reader(expression)(texts[-1])
    names = [
        str(one.value).rpartition("/")[2]
        for group in groups
        for one in group.found
        if one.what == "address group"
    ]
    (used,) = [one for one in rule.found if one.what == "expression"]
    wanted = " || ".join(f"evaluateAddressGroup('{name}', origin.ip)" for name in names)
    if used.value != wanted or not _IN_GROUP.match(wanted):
        raise used.error(f"expected {wanted}")
    found = tuple(one for one in rule.found if one.what != "expression")
    both = Reading.joined(groups)
    action = "monitor" if "monitor" in rule.names else "block"
    return acting(replace(both, found=(*both.found, *found)), action)


def _orders(document: Document, _: File, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    yield from _rule_orders(document, some=any(part.count for part in parts))


def _country_orders(document: Document, _: File, __: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    some = bool(document.codes)
    yield from _rule_orders(document, some=some)
    if document.codes:
        yield from document.countries()


def _rule_orders(document: Document, *, some: bool) -> Iterator[Ordered]:
    option, made_of = document.options, document.provenance
    yield Ordered("list", ("SAMPLE DATA, " if made_of.sample else "") + made_of.list)
    yield Ordered("policy", made_of.policy)
    yield Ordered("Cloud Armor rule", option["name"], claimed=True, required=some)
    yield Ordered("priority", option["priority"], required=some)
    yield from (replace(one, required=some) for one in document.refusal())


def _group_orders(document: Document, file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    option, made_of = document.options, document.provenance
    if file.writer != CLOUD_ARMOR_GROUP.writer:
        yield from _rule_orders(document, some=True)
        return
    (family,) = file.families
    home = f"projects/{option['project']}/locations/global/addressGroups"
    sample = "SAMPLE DATA, " if made_of.sample else ""
    said = f"list {made_of.list}, policy {made_of.policy}, by country of registration"
    yield Ordered("address group", f"{home}/{option['name']}-{family.name}", claimed=True)
    yield Ordered("description", sample + said + document.waiting)
    yield Ordered("capacity", option["capacity"])


_POLICIES = Reference(
    "https://docs.cloud.google.com/armor/docs/create-security-policy-rules", "2026-11-27"
)
_QUOTAS = Reference("https://docs.cloud.google.com/armor/quotas", "2026-11-27", verified=False)
_GROUPS = Reference("https://cloud.google.com/armor/docs/address-groups-overview", "2026-11-27")
_CHANGE = """\
gcloud compute security-policies export POLICY --file-name policy.json --file-format json
jq --slurpfile new {file} '.rules |= $new[0].rules + map(select(
  (.description // "") | test("^NAME_[0-9]+$") | not))' policy.json > changed.json
gcloud compute security-policies import POLICY --file-name changed.json --file-format json"""
_LOAD = Deployment(
    load=_CHANGE.format(file="list.json"), rollback=_CHANGE.format(file="PREVIOUS/list.json")
)
_NOTES = """\
`list` and `policy` beside the rules are for people and are not part of the policy of Google. The
description of a rule is the option `name` with a number; a load takes the old rules of that name
out of the security policy, puts the new ones in and leaves all others, in one call. `priority` is
that of the first rule, and the next ones follow: choose it so that no rule of another kind stands
between.

Cloud Armor denies with 403, 404 or 502, and with nothing else; 451 is not among them, and there is
no `Link`. In `monitor` the rules have `preview`: they deny nobody, and the log of the load balancer
says whom they would have denied."""


def _name_option(most: int, pattern: str, about: str) -> Option:
    return Option(
        "name",
        "blockc-{list}",
        f"1 to {most} letters, digits or -, a letter first",
        pattern=pattern,
        part="-{part}",
        about=about,
        by_kind={ContentKind.CODES: "blockc-{list}-countries"},
    )


_PRIORITY = Option(
    "priority",
    1_000,
    "0 to 2147000000",
    within=range(2_147_000_001),
    about="the priority of the first rule; the least is asked first",
)
_RULE_OPTIONS = (_name_option(50, r"[A-Za-z][A-Za-z0-9-]{0,49}", "the rules"), _PRIORITY)
_RESPONSES = Responses(actions=frozenset({"monitor"}), statuses=STATUSES)

CLOUD_ARMOR = Target(
    name="cloud-armor",
    title="Google Cloud Armor rules of ranges",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="cloud-armor.json.j2",
    ending="json",
    reader=each(_reader(_BASIC)),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    options=_RULE_OPTIONS,
    max_entries=MaxEntries(_RULES * _RANGES, _QUOTAS, together=True),
    whole=True,
    responses=_RESPONSES,
    maturity=Maturity.SCHEMA,
    pypi=("cel-python",),
    notes="A rule holds ten ranges. How many rules there can be is a quota of the project; 200 are "
    f"counted on here. Larger lists are said by `cloud-armor-group`.\n\n{_NOTES}",
    references=(_POLICIES, _QUOTAS),
    deployment=_LOAD,
)
CLOUD_ARMOR_COUNTRY = replace(
    CLOUD_ARMOR,
    name="cloud-armor-country",
    title="Google Cloud Armor rules of countries",
    writer="cloud-armor-country.json.j2",
    reader=each(read_countries),
    orders=_country_orders,
    words={ContentKind.CODES: BLOCKS},
    codes=CountryCodes(_POLICIES),
    max_entries=None,
    whole=False,
    notes=f"""\
Google decides by its own data who is in a country (`origin.region_code`). That is not what the
registries say, and nobody can prove it address by address: what is proved is that the rules name
exactly the countries of the list. An expression has five conditions, so more countries are more
rules.

{_NOTES}""",
)

_RULE = ExtraFile("cloud-armor-group.rule.json.j2", ".rule.json", FAMILIES)
CLOUD_ARMOR_GROUP = replace(
    CLOUD_ARMOR,
    name="cloud-armor-group",
    title="Google Cloud Armor address groups",
    layout=Layout.APART,
    writer="cloud-armor-group.json.j2",
    reader=each(read_group),
    orders=_group_orders,
    options=(
        _name_option(40, r"[A-Za-z][A-Za-z0-9-]{0,39}", "the groups, and the rule over them"),
        _PRIORITY,
        Option(
            "project",
            "PROJECT",
            "the id of the project, 1 to 63 letters, digits or -",
            pattern=r"[A-Za-z0-9-]{1,63}",
            about="where the groups are",
        ),
        Option(
            "capacity",
            10_000,
            "1 to 150000",
            within=range(1, 150_001),
            about="how many entries a group can hold; it cannot be changed once the group is made",
        ),
    ),
    max_entries=MaxEntries(10_000, replace(_GROUPS, verified=False), option="capacity"),
    whole=False,
    responses=replace(_RESPONSES, extra_files=(_RULE,), reader=decoded(read_with_rule)),
    joint=Joint(_CONDITIONS // len(FAMILIES), _POLICIES),
    live=LiveForm(
        commands=tuple(
            f"gcloud network-security address-groups describe NAME-{family.name} --location=global"
            " --format=json"
            for family in FAMILIES
        ),
        reader=json_entries("items"),
        one_file=False,
        alone=True,
        limits="Give each answer with a `--dump` of its own. Which rules use the groups is not "
        "shown.",
    ),
    notes=f"""\
An address group holds one family, and needs Cloud Armor Enterprise. Its capacity is set when it is
made, and cannot be raised later; what Google allows depends on the project. An expression asks five
groups at most, so a list can be split into two parts.

A list with a stage before `block`, or with a stage that says what blocked clients get, and one that
is split have a rule over the groups in a file of its own; else write one:
`evaluateAddressGroup('NAME-ipv4', origin.ip) || evaluateAddressGroup('NAME-ipv6', origin.ip)`.

{_NOTES}""",
    references=(_GROUPS, _POLICIES),
    deployment=Deployment(
        load="""\
# once for each family; then, for every change:
curl -fsS -X POST -H "Authorization: Bearer $TOKEN" --json @list.ipv4.json \\
  "https://networksecurity.googleapis.com/v1/projects/PROJECT/locations/global/addressGroups?\\
addressGroupId=NAME-ipv4"
curl -fsS -X PATCH -H "Authorization: Bearer $TOKEN" --json @list.ipv4.json \\
  "https://networksecurity.googleapis.com/v1/projects/PROJECT/locations/global/addressGroups/\\
NAME-ipv4?updateMask=items,description\"""",
        rollback="""\
curl -fsS -X PATCH -H "Authorization: Bearer $TOKEN" --json @PREVIOUS/list.ipv4.json \\
  "https://networksecurity.googleapis.com/v1/projects/PROJECT/locations/global/addressGroups/\\
NAME-ipv4?updateMask=items,description\"""",
    ),
)
