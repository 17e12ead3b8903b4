"""Terraform for Google Cloud Armor: address groups in shards, and the rules that use them.

A rule has at most five subexpressions, so there is a rule for each five groups.
"""

import re
from collections.abc import Iterator, Sequence

from blockc.addresses import FAMILIES, MAPPED
from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.response import Response
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Maturity,
    Reference,
    Responses,
    Sharding,
    Target,
)
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.allow_list import without_mapped
from blockc.targets.syntax.json_tree import JsonNode
from blockc.targets.syntax.reading import Found, Ordered, Part, Reading, acting, each
from blockc.targets.syntax.terraform_json import (
    Configuration,
    configuration,
    declarations,
    entries,
    literal,
    require,
    require_used,
    variable,
)
from blockc.targets.syntax.tokens import Text
from blockc.targets.terraform.common import (
    LOAD,
    ROLLBACK,
    SYNTAX,
    comment_orders,
    name_option,
    registry,
    shard_option,
    variable_orders,
)

_GROUP, _RULE = "google_network_security_address_group", "google_compute_security_policy_rule"
_VERSIONS = {f"IPV{family.version}": family for family in FAMILIES}
_STATUSES = frozenset({403, 404, 502})
_MOST = 5  # subexpressions of a rule
_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_CALL = re.compile(
    rf"evaluateAddressGroup\('\$\{{{_GROUP}\.(\w+)\.name\}}', origin\.ip\)", re.ASCII
)


def read_google(text: Text) -> Reading:
    """Return the rules of the address groups, as the rules of the policy use them."""
    whole = configuration(text, (_GROUP, _RULE))
    groups, rules = whole.resources[_GROUP], whole.resources[_RULE]
    found, parts = declarations(whole), list[Part]()
    for label, node in groups.items():
        read, own = _read_group(text, whole, label, node)
        parts += read
        found += own
    refers, actions = list[tuple[str, JsonNode]](), set[str]()
    for label, node in rules.items():
        used, action, own = _read_rule(whole, label, node)
        refers += used
        actions.add(action)
        found += own
    if len(actions) != 1:
        raise text.error("expected rules that all do the same", 0)
    require_used(groups, refers, None)
    reading = Reading(tuple(parts), found=(*found, *whole.comments))
    return acting(reading, actions.pop())


def _read_group(
    text: Text, whole: Configuration, label: str, node: JsonNode
) -> tuple[tuple[Part, ...], list[Found]]:
    texts = ("provider", "name", "parent", "location", "type", "description")
    keys: dict[str, type] = dict.fromkeys(texts, str)
    keys |= {"purpose": list, "capacity": int, "items": list, "lifecycle": dict}
    body = node.fields(keys)
    require(body["name"], label.replace("_", "-"))
    if not _NAME.fullmatch(body["name"].value):
        raise body["name"].error("Google takes 1 to 63 letters, digits or -")
    for key, value in (("provider", "google-beta"), ("location", "global")):
        require(body[key], value)
    require(body["purpose"], ["CLOUD_ARMOR"])
    require(body["lifecycle"], {"create_before_destroy": True})
    literal(body["description"])
    family = _VERSIONS.get(body["type"].value)
    if family is None:
        raise body["type"].error("expected IPV4 or IPV6")
    tokens = body["items"].texts()
    if len(tokens) > body["capacity"].value:
        raise body["capacity"].error(f"the group has {len(tokens)} items")
    parent = variable(body["parent"], whole.variables)
    said = [body["name"].found("address group"), body["parent"].found("parent", parent)]
    return entries(text, body["items"], tokens, (family,)), [
        *said,
        body["capacity"].found("capacity"),
    ]


def _read_rule(
    whole: Configuration, label: str, node: JsonNode
) -> tuple[list[tuple[str, JsonNode]], str, list[Found]]:
    keys = {"security_policy": str, "priority": int, "action": str, "preview": bool}
    body = node.fields({**keys, "description": str, "match": dict})
    literal(body["description"])
    if len(body["description"].value) > 64:
        raise body["description"].error("Google takes 64 characters")
    status = re.fullmatch(r"deny\((403|404|502)\)", body["action"].value)
    if status is None:
        raise body["action"].error("expected deny with 403, 404 or 502")
    expression = body["match"].only("expr", dict).only("expression", str)
    calls = [_CALL.fullmatch(call) for call in expression.value.split(" || ")]
    if len(calls) > _MOST:
        raise expression.error(f"a rule has at most {_MOST} subexpressions")
    used = [(call[1], expression) for call in calls if call]
    if len(used) < len(calls):
        raise expression.error("expected evaluateAddressGroup with a group of this file")
    policy = variable(body["security_policy"], whole.variables)
    monitor = body["preview"].value
    said = [
        node.found("Cloud Armor rule", label),
        body["security_policy"].found("policy of the rule", policy),
        body["priority"].found("priority"),
    ]
    answer = [] if monitor else [body["action"].found("status", int(status[1]))]
    return used, "monitor" if monitor else "block", [*said, *answer]


def _orders(document: Document, file: File, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    option = document.options
    name, shards = str(option["name"]), document.shards(TERRAFORM_GOOGLE, file)
    for shard in shards:
        yield Ordered("address group", f"{name}_{shard.name}".replace("_", "-"), claimed=True)
    for at in range(-(-len(shards) // _MOST)):
        yield Ordered("Cloud Armor rule", f"{name}_{at}", claimed=True)
        yield Ordered("priority", int(option["priority"]) + at)
    yield Ordered("capacity", option["shard"])
    yield from variable_orders(document, "parent", "security_policy")
    yield Ordered("parent", f"{name}_parent")
    yield Ordered("policy of the rule", f"{name}_security_policy")
    if document.action == "block":
        yield Ordered("status", (document.response or Response()).status)
    yield from comment_orders(document, parts)


_GROUPS = Reference(
    "https://cloud.google.com/armor/docs/address-groups-overview", checked="2026-11-27"
)
_LANGUAGE = Reference(
    "https://cloud.google.com/armor/docs/rules-language-reference", checked="2026-11-27"
)
_SPELLING = Reference(
    "https://github.com/hashicorp/terraform-provider-google/issues/23470", checked="2026-11-27"
)

_NOTES = """\
Address groups of Cloud Armor need the Enterprise tier, and the provider `google-beta`, which alone
knows their purpose. The capacity of a group cannot be changed later: it is `shard`, so another
number there makes all groups anew.

A rule has five subexpressions at most, so the first rule has `priority` and each five groups more
a rule with the next one. In `monitor` the rules are in preview, which logs and lets pass. Cloud
Armor denies with 403, 404 or 502 and with nothing else.

The items of a group are a list with an order to Terraform, and are written in the order of the
addresses. IPv6 is written short: the provider compares texts, so another spelling is a change."""

TERRAFORM_GOOGLE = Target(
    name="terraform-google",
    title="Terraform: Google address groups and Cloud Armor rules",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="terraform-google.tf.json.j2",
    ending="tf.json",
    reader=each(read_google),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    options=(
        name_option("the address groups, with - for _, and the rules"),
        shard_option(1000, 10_000),
        Option(
            "priority",
            1000,
            "a number from 0 to 2000000000",
            within=range(2_000_000_001),
            about="the priority of the first rule; lower numbers decide first",
        ),
    ),
    sharding=Sharding(_GROUPS, longest=63),
    adapt=without_mapped,
    never_consulted=(MAPPED,),
    responses=Responses(actions=frozenset({"monitor"}), statuses=_STATUSES),
    maturity=Maturity.SCHEMA,
    notes=_NOTES,
    references=(
        registry("hashicorp/google-beta", "network_security_address_group"),
        registry("hashicorp/google", "compute_security_policy_rule"),
        _GROUPS,
        _LANGUAGE,
        _SPELLING,
        SYNTAX,
    ),
    deployment=Deployment(
        load=LOAD
        + """
# a group that is there already:
# terraform import google_network_security_address_group.LABEL \\
#   projects/PROJECT/locations/global/addressGroups/NAME""",
        rollback=ROLLBACK,
    ),
)
