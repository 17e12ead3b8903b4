"""Terraform for Azure Front Door: a firewall policy with a rule for each shard."""

import re
from collections.abc import Iterator, Sequence

from blockc.addresses import MAPPED
from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
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
    configuration,
    declarations,
    entries,
    require,
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

_POLICY = "azurerm_cdn_frontdoor_firewall_policy"
_ACTIONS = {"Block": "block", "Log": "monitor"}
_STATUSES = frozenset({403, 405, 406, 429})
_MOST_RULES, _MOST_VALUES = 100, 600
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,127}")
_SKUS = ("Premium_AzureFrontDoor", "Standard_AzureFrontDoor")


def read_azure(text: Text) -> Reading:
    """Return the rules of a firewall policy, all of which do the same."""
    whole = configuration(text, (_POLICY,))
    if len(whole.resources[_POLICY]) != 1 or len(whole.outputs) != 1:
        raise text.error("expected one firewall policy and one output", 0)
    ((label, node),) = whole.resources[_POLICY].items()
    keys = {"name": str, "resource_group_name": str, "sku_name": str, "mode": str}
    body = node.fields(
        {**keys, "enabled": bool, "custom_rule": list}, {"custom_block_response_status_code": int}
    )
    for key, value in (("name", label.replace("_", "")), ("mode", "Prevention"), ("enabled", True)):
        require(body[key], value)
    if body["sku_name"].value not in _SKUS or not _NAME.fullmatch(body["name"].value):
        raise body["sku_name"].error(f"expected a name of letters and digits and {_SKUS}")
    group = variable(body["resource_group_name"], whole.variables)
    found = [
        *declarations(whole),
        body["name"].found("Front Door policy"),
        body["sku_name"].found("sku"),
        body["resource_group_name"].found("resource group", group),
    ]
    if "custom_block_response_status_code" in body:
        status = body["custom_block_response_status_code"]
        if status.value not in _STATUSES:
            raise status.error(f"expected one of {sorted(_STATUSES)}")
        found.append(status.found("status"))
    ((name, output),) = whole.outputs.items()
    require(output.only("value", str), f"${{{_POLICY}.{label}.id}}")
    found.append(output.found("output", name))
    parts, action, own = _read_rules(text, body["custom_rule"])
    return acting(Reading(parts, found=(*found, *own, *whole.comments)), action)


def _read_rules(text: Text, rules: JsonNode) -> tuple[tuple[Part, ...], str, list[Found]]:
    """Return what the rules say together; without any the action is of no matter."""
    if len(rules.value) > _MOST_RULES:
        raise rules.error(f"a policy has at most {_MOST_RULES} rules")
    parts = list(entries(text, rules, ()))
    found, actions = list[Found](), set[str]()
    for node in rules.items():
        keys = {"name": str, "enabled": bool, "priority": int, "type": str, "action": str}
        rule = node.fields({**keys, "match_condition": dict})
        require(rule["enabled"], value=True)
        require(rule["type"], "MatchRule")
        if not _NAME.fullmatch(rule["name"].value):
            raise rule["name"].error("Azure takes letters and digits, a letter first")
        action = _ACTIONS.get(rule["action"].value)
        if action is None:
            raise rule["action"].error("expected Block or Log")
        actions.add(action)
        read, variable = _read_condition(text, rule["match_condition"])
        parts += read
        found += [rule["name"].found("rule"), rule["priority"].found("priority"), variable]
    for what in ("rule", "priority"):
        said = [one for one in found if one.what == what]
        if len({one.value for one in said}) < len(said):
            raise rules.error(f"two rules have the same {what}")
    if len(actions) > 1:
        raise rules.error("expected rules that all do the same")
    return tuple(parts), (actions or {"block"}).pop(), found


def _read_condition(text: Text, node: JsonNode) -> tuple[tuple[Part, ...], Found]:
    keys = {"match_variable": str, "operator": str, "negation_condition": bool}
    condition = node.fields({**keys, "match_values": list})
    require(condition["operator"], "IPMatch")
    require(condition["negation_condition"], value=False)
    tokens = condition["match_values"].texts()
    if not 0 < len(tokens) <= _MOST_VALUES:
        raise condition["match_values"].error(f"Azure takes 1 to {_MOST_VALUES} ranges in a rule")
    parts = entries(text, condition["match_values"], tokens)
    return parts, condition["match_variable"].found("match variable")


def _orders(document: Document, file: File, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    option = document.options
    name = str(option["name"])
    filled = [shard for shard in document.shards(TERRAFORM_AZURE, file) if shard.texts]
    yield Ordered("Front Door policy", name.replace("_", ""), claimed=True)
    for at, shard in enumerate(filled):
        yield Ordered("rule", shard.name.replace("_", ""))
        yield Ordered("priority", int(option["priority"]) + at)
    if filled:
        yield Ordered("match variable", option["match_variable"])
    yield from variable_orders(document, "resource_group_name")
    yield Ordered("resource group", f"{name}_resource_group_name")
    yield Ordered("sku", option["sku_name"])
    yield Ordered("output", f"{name}_id")
    if document.action == "block":
        yield from document.answer()
    yield from comment_orders(document, parts)


_LIMITS = Reference(
    "https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits",
    checked="2026-11-27",
    verified=False,
)
_RULES = Reference(
    "https://learn.microsoft.com/azure/web-application-firewall/afds/waf-front-door-custom-rules",
    checked="2026-11-27",
)

_NOTES = """\
A rule of Front Door takes 600 ranges and a policy 100 rules, so a list has at most 60,000 prefixes.
The rules are in the policy, which is one resource: a change of one prefix is planned as a change of
one rule in it, since rules are named after the part of the space they hold. A new shard moves the
priorities of those behind it.

`SocketAddr` is the address of the connection, `RemoteAddr` that in `X-Forwarded-For`.

In `monitor` the rules log and let pass. Front Door answers with 403, 405, 406 or 429, in
`custom_block_response_status_code`, which holds for the whole policy; 451 is not among them."""

TERRAFORM_AZURE = Target(
    name="terraform-azure",
    title="Terraform: Azure Front Door firewall policy",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="terraform-azure.tf.json.j2",
    ending="tf.json",
    reader=each(read_azure),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    options=(
        name_option("the policy, without _"),
        shard_option(_MOST_VALUES, _MOST_VALUES),
        Option(
            "sku_name",
            _SKUS[0],
            " or ".join(_SKUS),
            pattern="|".join(_SKUS),
            about="the tier of Front Door",
        ),
        Option(
            "priority",
            100,
            "a number from 1 to 1000000",
            within=range(1, 1_000_001),
            about="the priority of the first rule; lower numbers decide first",
        ),
        Option(
            "match_variable",
            "SocketAddr",
            "SocketAddr or RemoteAddr",
            pattern="SocketAddr|RemoteAddr",
            about="which address is compared",
        ),
    ),
    sharding=Sharding(_LIMITS, _MOST_RULES, "a firewall policy has rules,"),
    adapt=without_mapped,
    never_consulted=(MAPPED,),
    responses=Responses(actions=frozenset({"monitor"}), statuses=_STATUSES),
    maturity=Maturity.SCHEMA,
    notes=_NOTES,
    references=(
        registry("hashicorp/azurerm", "cdn_frontdoor_firewall_policy"),
        _RULES,
        _LIMITS,
        SYNTAX,
    ),
    deployment=Deployment(
        load=LOAD
        + """
# a policy that is there already: terraform import \\
#   azurerm_cdn_frontdoor_firewall_policy.NAME RESOURCE-ID""",
        rollback=ROLLBACK,
    ),
)
