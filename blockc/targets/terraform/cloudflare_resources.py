"""Terraform for Cloudflare, provider version 5: lists in shards, and the rule that uses them.

A zone has one ruleset for its custom rules, which is the operator's: the rule is an output, to be
put into it.
"""

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
    Lengths,
    Maturity,
    Reference,
    Responses,
    Sharding,
    Target,
)
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
    rows,
    variable,
)
from blockc.targets.syntax.tokens import Text
from blockc.targets.terraform.common import (
    LOAD,
    ROLLBACK,
    SYNTAX,
    comment_orders,
    name_option,
    object_orders,
    registry,
    shard_option,
    variable_orders,
)

_LIST = "cloudflare_list"
_ACTIONS = {"block": "block", "managed_challenge": "warn", "log": "monitor"}
_STATUSES = frozenset(range(400, 500))
_NAME = re.compile(r"[a-z0-9_]{1,50}")
_EXPRESSION = re.compile(
    r'\$\{format\("(ip\.src in \$%s(?: or ip\.src in \$%s)*)"'
    r"((?:, cloudflare_list\.\w+\.name)+)\)\}",
    re.ASCII,
)


def read_cloudflare(text: Text) -> Reading:
    """Return the rules of the lists, as the rule in the only output uses them."""
    whole = configuration(text, (_LIST,))
    lists = whole.resources[_LIST]
    found, parts = declarations(whole), list[Part]()
    for label, node in lists.items():
        read, own = _read_list(text, whole, label, node)
        parts += read
        found += own
    if len(whole.outputs) != 1:
        raise text.error("expected one output, the rule", 0)
    ((name, output),) = whole.outputs.items()
    rule = output.only("value", dict)
    refers, action, answer = _read_rule(rule)
    require_used(lists, refers, rule)
    found += [output.found("output", name), *answer, *whole.comments]
    return acting(Reading(tuple(parts), found=tuple(found)), action)


def _read_list(
    text: Text, whole: Configuration, label: str, node: JsonNode
) -> tuple[tuple[Part, ...], list[Found]]:
    keys = {"account_id": str, "name": str, "kind": str, "description": str}
    body = node.fields({**keys, "items": list, "lifecycle": dict})
    require(body["name"], label)
    if not _NAME.fullmatch(label):
        raise body["name"].error("Cloudflare takes 1 to 50 lower-case letters, digits or _")
    require(body["kind"], "ip")
    require(body["lifecycle"], {"create_before_destroy": True})
    literal(body["description"])
    account = variable(body["account_id"], whole.variables)
    tokens = [row["ip"] for row in rows(body["items"], {"ip": str})]
    said = [body["name"].found("Cloudflare list"), body["account_id"].found("account", account)]
    return entries(text, body["items"], tokens), said


def _read_rule(rule: JsonNode) -> tuple[list[tuple[str, JsonNode]], str, list[Found]]:
    """Return the labels of the lists, what the rule does, and what blocked clients get."""
    keys = {"action": str, "expression": str, "description": str, "enabled": bool}
    body = rule.fields(keys, {"action_parameters": dict})
    require(body["enabled"], value=True)
    literal(body["description"])
    action = _ACTIONS.get(body["action"].value)
    if action is None:
        raise body["action"].error(f"expected one of {', '.join(_ACTIONS)}")
    expression = _EXPRESSION.fullmatch(body["expression"].value)
    if expression is None:
        raise body["expression"].error("expected ip.src in one list or another")
    labels = re.findall(r"cloudflare_list\.(\w+)\.name", expression[2])
    if expression[1].count("%s") != len(labels):
        raise body["expression"].error("expected as many %s as names")
    found = list[Found]()
    if "action_parameters" in body:
        response = body["action_parameters"].only("response", dict)
        answer = response.fields({"status_code": int, "content_type": str, "content": str})
        require(answer["content_type"], "text/plain")
        literal(answer["content"])
        if action != "block" or answer["status_code"].value not in _STATUSES:
            raise answer["status_code"].error("Cloudflare blocks with a status of 400 to 499")
        found.append(answer["status_code"].found("status"))
    return [(label, body["expression"]) for label in labels], action, found


def _orders(document: Document, file: File, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    name = document.options["name"]
    yield from object_orders(TERRAFORM_CLOUDFLARE, document, file, "Cloudflare list")
    yield from variable_orders(document, "account_id")
    yield Ordered("account", f"{name}_account_id")
    yield Ordered("output", f"{name}_rule")
    if document.action == "block":
        yield from document.answer()
    yield from comment_orders(document, parts)


_LISTS = Reference(
    "https://developers.cloudflare.com/waf/tools/lists/custom-lists/", checked="2026-11-27"
)
_EXPRESSIONS = Reference(
    "https://developers.cloudflare.com/ruleset-engine/rules-language/expressions/",
    checked="2026-11-27",
    verified=False,
)
_SQUARE = Reference(
    "https://github.com/cloudflare/terraform-provider-cloudflare/issues/7264", checked="2026-11-27"
)
_ZEROS = Reference(
    "https://github.com/cloudflare/terraform-provider-cloudflare/issues/6244", checked="2026-11-27"
)

_NOTES = """\
The provider compares each item of a list with every other on every plan: 3,251 items in one list
took ten minutes, and half as many take a quarter of that. `shard` is how many a list holds at most;
accounts have few lists (one on the Free plan, 10 on Pro and Business, 1,000 on
Enterprise), so raise it where you have not enough. A change of one item sends its whole list.

The output `NAME_rule` is a rule for `rules` of your own `cloudflare_ruleset` of the phase
`http_request_firewall_custom`, of which a zone has one: `rules = [module.blockc.NAME_rule, ...]`.
In `monitor` it logs, which the Enterprise plan can; in `warn` clients get a managed challenge. A
blocked client gets a status of 400 to 499; the header `Link` needs a rule of another phase.

IPv6 is written short and without leading zeros, and single addresses without a length, as
Cloudflare gives them back: the provider fails where they are spelled otherwise."""

TERRAFORM_CLOUDFLARE = Target(
    name="terraform-cloudflare",
    title="Terraform: Cloudflare lists and rule",
    match=Match.MEMBER,
    form=EntryForm.HOST,
    layout=Layout.TOGETHER,
    writer="terraform-cloudflare.tf.json.j2",
    ending="tf.json",
    reader=each(read_cloudflare),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    options=(name_option("the lists", 24), shard_option(500, 10_000)),
    lengths=Lengths(range(8, 33), range(12, 129), _LISTS),
    sharding=Sharding(
        _EXPRESSIONS, 60, "an expression of 4,096 characters has room for lists,", longest=50
    ),
    adapt=without_mapped,
    never_consulted=(MAPPED,),
    responses=Responses(actions=frozenset({"monitor", "warn"}), statuses=_STATUSES),
    maturity=Maturity.SCHEMA,
    notes=_NOTES,
    references=(registry("cloudflare/cloudflare", "list"), _LISTS, _SQUARE, _ZEROS, SYNTAX),
    deployment=Deployment(
        load=LOAD
        + """
# a list that is there already: terraform import cloudflare_list.LABEL ACCOUNT/ID""",
        rollback=ROLLBACK,
    ),
)
