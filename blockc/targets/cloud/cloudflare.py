"""Cloudflare: IP lists with the custom rule that uses them, and a custom rule of countries.

The files are the bodies of the API: the items of a list, what makes the list, and the rule.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from blockc.addresses import FAMILIES
from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import ExtraFile, File
from blockc.targets.core.live import LiveForm
from blockc.targets.core.target import (
    CountryCodes,
    Deployment,
    EntryForm,
    Joint,
    Layout,
    Lengths,
    Maturity,
    MaxEntries,
    Reference,
    Responses,
    Target,
)
from blockc.targets.core.target_options import Option, OptionValue
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.addresses import decode_rules
from blockc.targets.syntax.json_tree import JsonNode, json_list, json_object
from blockc.targets.syntax.reading import Found, Ordered, Part, Reading, acting, decoded, each
from blockc.targets.syntax.tokens import Text
from blockc.values import replace

LONGEST_EXPRESSION = 4_096
_NAME = re.compile(r"[a-z0-9_]{1,50}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_OF_LIST = re.compile(r"ip\.src in \$([a-z0-9_]{1,50})", re.ASCII)
_OF_COUNTRIES = re.compile(r'ip\.src\.country in \{((?:"[A-Z]{2}" )*"[A-Z]{2}")\}')
_NOBODY = '(ip.src.country eq "AQ" and ip.src.country ne "AQ")'
_ACTIONS = {"block": "block", "managed_challenge": "warn", "log": "monitor"}
_RULE = {"ref": str, "description": str, "expression": str, "action": str, "enabled": bool}
_RESPONSE = {"status_code": int, "content_type": str, "content": str}
_STATUSES = frozenset(range(400, 500))


def read_list(texts: Sequence[Text]) -> Reading:
    """Return the rules of a list that is used by no rule here: every address of it blocks."""
    items, made = texts
    return _read_list(items, made)[1]


def read_with_rule(texts: Sequence[Text]) -> Reading:
    """Return the rules of all lists, each in two files, as the rule in the last file uses them."""
    pairs = zip(texts[:-1:2], texts[1:-1:2], strict=True)
    lists = [_read_list(*pair) for pair in pairs]
    rule = _read_rule(texts[-1])
    used = _lists_of(rule["expression"])
    if sorted(used) != sorted(name for name, _ in lists):
        raise rule["expression"].error("this does not use every list exactly once")
    action, found = _said(rule)
    every = Reading.joined(reading for _, reading in lists)
    return acting(Reading(every.parts, every.names, (*every.found, *found)), action)


def read_shown(texts: Sequence[Text], _: Mapping[str, OptionValue]) -> Reading:
    """Return the rules of the items that the API lists, in one answer or page by page."""
    items, ends = list[Part](), list[bool]()
    for text in texts:
        answer = json_object(text).value
        node = JsonNode(text, ("result",), answer.get("result"))
        if not isinstance(node.value, list):
            raise text.error("expected the answer of the API with a list of items in `result`", 0)
        items += _items(text, node, may_hold=None)
        cursors = (answer.get("result_info") or {}).get("cursors") or {}
        ends.append("after" not in cursors)
    if ends.count(True) != 1:
        raise texts[-1].error("expected every page of the items, the last one too", 0)
    return Reading(tuple(items))


def _read_list(items: Text, made: Text) -> tuple[str, Reading]:
    """Return the name of a list and its rules, from its items and what makes it.

    Source: the API, "Update all list items" and "Create a list".
    """
    document = json_object(made).fields({"name": str, "kind": str, "description": str})
    name, described = document["name"], document["description"]
    if not _NAME.fullmatch(name.value):
        raise name.error("Cloudflare takes 1 to 50 lower-case letters, digits and _")
    if document["kind"].value != "ip":
        raise document["kind"].error("expected the kind ip")
    if len(described.value) > 500:
        raise described.error("Cloudflare takes 500 characters")
    found = [name.found("Cloudflare list")]
    found += [described.found("policy", one) for one in _DIGEST.findall(described.value)]
    parts = _items(items, json_list(items), may_hold={"ip", "comment"})
    return name.value, Reading(parts, found=tuple(found))


def _items(text: Text, node: JsonNode, *, may_hold: set[str] | None) -> tuple[Part, ...]:
    """Return the rules of the items of a list.

    Args:
        may_hold: The keys of an item; any if None.
    """
    addresses = node.column("ip", may_hold)
    twice = len(set(addresses)) < len(addresses)
    if twice:
        at = next(at for at, one in enumerate(addresses) if one in addresses[:at])
        raise node.where(at, "this item occurs twice")
    return decode_rules(text, addresses, 1, node.where, families=FAMILIES)


def _read_rule(text: Text) -> dict[str, JsonNode]:
    """Return the values of a rule of the phase http_request_firewall_custom."""
    rule = json_object(text).fields(_RULE, {"action_parameters": dict})
    expression, action = rule["expression"], rule["action"]
    if len(expression.value) > LONGEST_EXPRESSION:
        raise expression.error(f"Cloudflare takes {LONGEST_EXPRESSION:,} characters")
    if action.value not in _ACTIONS:
        raise action.error(f"expected one of {', '.join(_ACTIONS)}")
    if not rule["enabled"].value:
        raise rule["enabled"].error("the rule is switched off")
    return rule


def _said(rule: Mapping[str, JsonNode]) -> tuple[str, list[Found]]:
    """Return what a rule does, and what else it says."""
    action, found = _ACTIONS[rule["action"].value], [rule["ref"].found("Cloudflare rule")]
    found += [
        rule["description"].found("policy", one)
        for one in _DIGEST.findall(rule["description"].value)
    ]
    if "action_parameters" in rule:
        if action != "block":
            raise rule["action_parameters"].error("only who is blocked gets a response")
        response = rule["action_parameters"].only("response", dict).fields(_RESPONSE)
        status = response["status_code"]
        if status.value not in _STATUSES:
            raise status.error("Cloudflare takes 400 to 499")
        if response["content_type"].value != "text/plain":
            raise response["content_type"].error("expected text/plain")
        found += [status.found("status"), response["content"].found("body")]
    return action, found


def _lists_of(expression: JsonNode) -> list[str]:
    """Return the names in `ip.src in $a`, or several of them in brackets, joined by `or`."""
    text = expression.value
    alone = _OF_LIST.fullmatch(text)
    if alone:
        return [alone[1]]
    found = [_OF_LIST.fullmatch(one) for one in text[1:-1].split(" or ")]
    names = [one[1] for one in found if one]
    if text[:1] + text[-1:] != "()" or not names or len(names) < len(found):
        raise expression.error("expected lists of source addresses, joined by `or` in brackets")
    return names


def read_country_rule(text: Text) -> Reading:
    """Return what a rule does to which countries; it says nothing about addresses."""
    rule = _read_rule(text)
    expression = rule["expression"]
    codes: list[str] = []
    if expression.value != _NOBODY:
        match = _OF_COUNTRIES.fullmatch(expression.value)
        if match is None:
            raise expression.error("expected `ip.src.country in` and codes in quotes and braces")
        codes = match[1].replace('"', "").split(" ")
    if len(set(codes)) < len(codes):
        raise expression.error("a country occurs twice")
    action, found = _said(rule)
    said = (rule["action"].found("action", action), *found)
    return Reading((), found=(*said, *(expression.found("country", code) for code in codes)))


def _orders(document: Document, file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    """Yield what a file says beside the items; those say nothing."""
    option, policy = document.options, document.provenance.policy
    if file.writer == _CREATE.template:
        yield Ordered("Cloudflare list", option["name"], claimed=True)
        yield Ordered("policy", policy, required=False)
    elif file.writer != CLOUDFLARE_LIST.writer:
        yield Ordered("Cloudflare rule", option["name"], claimed=True)
        yield Ordered("policy", policy, required=False)
        if document.action == "block" and document.response:
            yield from document.answer()
            yield Ordered("body", option["body"])


def _country_orders(
    document: Document, file: File, parts: Sequence[FamilyEntries]
) -> Iterator[Ordered]:
    yield from document.countries()
    yield from _orders(document, file, parts)


_LISTS = Reference("https://developers.cloudflare.com/waf/tools/lists/custom-lists/", "2026-11-27")
_ABOUT_LISTS = Reference(
    "https://developers.cloudflare.com/waf/tools/lists/#availability", checked="2026-11-23"
)
_EXPRESSIONS = Reference(
    "https://developers.cloudflare.com/ruleset-engine/rules-language/expressions/", "2026-11-27"
)
_RULES = Reference("https://developers.cloudflare.com/waf/custom-rules/", checked="2026-11-27")
_FIELDS = Reference(
    "https://developers.cloudflare.com/ruleset-engine/rules-language/fields/reference/ip.src.country/",
    checked="2026-11-23",
)

_NAME_OPTION = Option(
    "name",
    "blockc_{word}",
    "1 to 50 lower-case letters, digits or _",
    pattern=r"[a-z0-9_]{1,50}",
    part="_{part}",
    about="the list, and the `ref` of the rule",
)
_BODY_OPTION = Option(
    "body",
    "Access denied",
    "1 to 200 printable characters of ASCII",
    pattern=r"[ -~]{1,200}",
    about="the text that goes with the status of a stage, as text/plain",
)
_RESPONSES_NOTE = """\
In `monitor` the rule logs, which Cloudflare offers on the Enterprise plan alone: on others write
`until_block = "empty"` and let the first stage be `warn`. In `warn` it is a managed challenge: who
passes it is let through. A stage can answer with 400 to 499, 451 too, and the text in `body`. There
is no header `Link` on this answer, so a stage with `blocked_by` needs `response = "none"` here."""

_NOTES = f"""\
A list holds both families. `ip.src` is the address that connected to Cloudflare, which a client
cannot write. Prefixes wider than a /8 in IPv4 and a /12 in IPv6 are written as several; addresses
and prefixes are spelled as Cloudflare spells them.

The items of all lists of an account count together: 10,000, and 500,000 on the Enterprise plan;
`items = 500000` says so. The number of lists is 1 on the Free plan, 10 on Pro and Business, and
1,000 on Enterprise. A list that is split has one rule over all its parts.

Cloudflare replaces the items of a list in the background and answers 429 to a second change until
that is done. 1,000,000 changes of items are allowed in twelve hours.

{_RESPONSES_NOTE}"""

_COUNTRY_NOTES = f"""\
`ip.src.country` is what Cloudflare believes where an address is used, and that is not what the
registries say: nobody can prove it address by address. What is proved is that the rule names
exactly the countries of the list. So the list must be whole countries and nothing else, without
exceptions, and `never_block` may not hold an address that is registered in one of them. Prefixes
are said by `cloudflare-list`. `T1`, which is Tor, and `XX`, which is unknown, are not countries.

A list that is not in force yet is a rule that matches nobody, so that the rule can be in its place
before the day.

{_RESPONSES_NOTE}"""

_PUT_RULE = """\
api=https://api.cloudflare.com/client/v4; auth="Authorization: Bearer $TOKEN"
# once; the answer tells the id of the rule:
curl -fsS -X POST "$api/zones/$ZONE/rulesets/$RULESET/rules" -H "$auth" --json @{rule}
# when it changed, which is when a stage begins:
curl -fsS -X PATCH "$api/zones/$ZONE/rulesets/$RULESET/rules/$RULE" -H "$auth" --json @{rule}"""

_GET_ITEMS = """\
curl -fsS "$api/accounts/$ACCOUNT/rules/lists/$LIST/items?per_page=500" -H "$auth\""""

_CREATE = ExtraFile("cloudflare-list.create.json.j2", ".create.json", FAMILIES)
_RULE_FILE = ExtraFile("cloudflare-list.rule.json.j2", ".rule.json", FAMILIES)

CLOUDFLARE_LIST = Target(
    name="cloudflare-list",
    title="Cloudflare IP list and the custom rule that uses it",
    maturity=Maturity.SCHEMA,
    match=Match.MEMBER,
    form=EntryForm.HOST,
    layout=Layout.TOGETHER,
    writer="cloudflare-list.json.j2",
    ending="json",
    reader=decoded(read_list),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    options=(
        _NAME_OPTION,
        Option(
            "items",
            10_000,
            "a number from 1 to 500000",
            within=range(1, 500_001),
            about="how many items of the account this list may have, of both families",
        ),
        _BODY_OPTION,
    ),
    max_entries=MaxEntries(10_000, _ABOUT_LISTS, option="items", together=True),
    lengths=Lengths(range(8, 33), range(12, 129), _LISTS),
    extra_files=(_CREATE,),
    responses=Responses(
        actions=frozenset({"monitor", "warn"}),
        statuses=_STATUSES,
        extra_files=(_RULE_FILE,),
        reader=decoded(read_with_rule),
        always=True,
    ),
    joint=Joint(60, _EXPRESSIONS),
    live=LiveForm(
        commands=(_GET_ITEMS,),
        reader=read_shown,
        one_file=False,
        limits="A longer list comes in pages: give each answer with a `--dump` of its own. Which "
        "rule uses the list is not shown.",
    ),
    notes=_NOTES,
    references=(_LISTS, _ABOUT_LISTS, _RULES, _EXPRESSIONS),
    deployment=Deployment(
        load=_PUT_RULE.format(rule="list.rule.json").replace(
            "# once;",
            """\
# once; the answer tells the id of the list:
curl -fsS -X POST "$api/accounts/$ACCOUNT/rules/lists" -H "$auth" --json @list.create.json
# for every change, all items at once:
curl -fsS -X PUT "$api/accounts/$ACCOUNT/rules/lists/$LIST/items" -H "$auth" --json @list.json
# once;""",
        ),
        rollback="""\
curl -fsS -X PUT "$api/accounts/$ACCOUNT/rules/lists/$LIST/items" -H "$auth" \\
    --json @PREVIOUS/list.json""",
    ),
)

CLOUDFLARE_COUNTRY = Target(
    name="cloudflare-country",
    title="Cloudflare custom rule of countries",
    maturity=Maturity.SCHEMA,
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="cloudflare-country.json.j2",
    ending="json",
    reader=each(read_country_rule),
    orders=_country_orders,
    words={ContentKind.CODES: BLOCKS},
    codes=CountryCodes(_FIELDS),
    options=(
        replace(
            _NAME_OPTION, default="blockc_{word}_countries", part="", about="`ref` of the rule"
        ),
        _BODY_OPTION,
    ),
    responses=Responses(actions=frozenset({"monitor", "warn"}), statuses=_STATUSES),
    notes=_COUNTRY_NOTES,
    references=(_FIELDS, _RULES, _EXPRESSIONS),
    deployment=Deployment(
        load=_PUT_RULE.format(rule="list.json"),
        rollback="""\
curl -fsS -X PATCH "$api/zones/$ZONE/rulesets/$RULESET/rules/$RULE" -H "$auth" \\
    --json @PREVIOUS/list.json""",
    ),
)
