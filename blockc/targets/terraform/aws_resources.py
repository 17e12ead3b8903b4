"""Terraform for AWS: WAFv2 IP sets in shards, and a rule group over all of them.

A web ACL refers to the rule group, which says by the stage of the list whether who is in a set is
counted, marked or blocked. A set that goes is deleted after the rule group left it out, which
`create_before_destroy` orders.
"""

from collections.abc import Iterator, Sequence

from blockc.addresses import FAMILIES, MAPPED
from blockc.addresses.rules import Match
from blockc.targets.cloud.aws_wafv2_rule import CAPACITY, MOST_SETS, SCOPE, STATUSES
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
    blocked_by,
    configuration,
    entries,
    literal,
    reference,
    require,
    require_used,
)
from blockc.targets.syntax.tokens import Text
from blockc.targets.terraform.common import comment_orders, name_option, shard_option

_SET, _GROUP = "aws_wafv2_ip_set", "aws_wafv2_rule_group"
_VERSIONS = {f"IPV{family.version}": family for family in FAMILIES}
_LATER = {"create_before_destroy": True}
_METRICS = ("cloudwatch_metrics_enabled", "metric_name", "sampled_requests_enabled")


def read_aws(text: Text) -> Reading:
    """Return the rules of the sets, as the only rule of the rule group uses them.

    Source: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/wafv2_rule_group
    """
    whole = configuration(text, (_SET, _GROUP))
    sets, groups = whole.resources[_SET], whole.resources[_GROUP]
    if len(groups) != 1:
        raise text.error("expected one rule group", 0)
    ((label, group),) = groups.items()
    refers, action, found = _read_group(label, group)
    require_used(sets, refers, group)
    parts: list[Part] = []
    for name, node in sets.items():
        made, own = _read_set(text, name, node)
        parts += made
        found += own
    for name, output in whole.outputs.items():
        if reference(output.fields({"value": str})["value"], _GROUP, "arn") != label:
            raise output.error("expected the ARN of the rule group")
        found.append(output.found("output", name))
    return acting(Reading(tuple(parts), found=(*found, *whole.comments)), action)


def _read_set(text: Text, name: str, node: JsonNode) -> tuple[tuple[Part, ...], list[Found]]:
    keys = {"name": str, "description": str, "scope": str, "ip_address_version": str}
    body = node.fields({**keys, "addresses": list, "lifecycle": dict})
    require(body["name"], name)
    literal(body["description"])
    require(body["lifecycle"], _LATER)
    family = _VERSIONS.get(body["ip_address_version"].value)
    if family is None:
        raise body["ip_address_version"].error("expected IPV4 or IPV6")
    tokens = body["addresses"].texts()
    bare = [at for at, token in enumerate(tokens) if "/" not in token]
    if bare:
        raise body["addresses"].where(bare[0], "AWS takes prefixes, with their length")
    parts = entries(text, body["addresses"], tokens, (family,))
    return parts, [body["scope"].found("scope"), body["name"].found("AWS IP set")]


def _read_group(label: str, node: JsonNode) -> tuple[list[tuple[str, JsonNode]], str, list[Found]]:
    keys = {"name": str, "scope": str, "capacity": int, "rule": list}
    group = node.fields({**keys, "visibility_config": dict, "lifecycle": dict})
    require(group["name"], label)
    require(group["lifecycle"], _LATER)
    if len(group["rule"].value) != 1:
        raise group["rule"].error("expected one rule")
    (only,) = group["rule"].items()
    rule = only.fields(
        {"name": str, "priority": int, "action": dict, "statement": dict, "visibility_config": dict}
    )
    require(rule["name"], label)
    require(rule["priority"], 0)
    for metrics in (group["visibility_config"], rule["visibility_config"]):
        require(metrics, dict(zip(_METRICS, (True, label, True), strict=True)))
    joined = rule["statement"].only("or_statement", dict).only("statement", list)
    if not 2 <= len(joined.value) <= MOST_SETS:
        raise joined.error(f"expected 2 to {MOST_SETS} statements")
    refers = []
    for statement in joined.items():
        arn = statement.only("ip_set_reference_statement", dict).only("arn", str)
        refers.append((reference(arn, _SET, "arn"), arn))
    action, answer = _read_action(rule["action"])
    said = [group["scope"].found("scope"), group["capacity"].found("capacity")]
    return refers, action, [group["name"].found("AWS rule group"), *said, *answer]


def _read_action(node: JsonNode) -> tuple[str, list[Found]]:
    """Return what the rule does, and what blocked clients get."""
    if node.value == {"count": {}}:
        return "monitor", []
    if "count" in node.value:
        handling = node.only("count", dict).only("custom_request_handling", dict)
        require(handling.only("insert_header", list), [{"name": "blockc", "value": "warn"}])
        return "warn", []
    block = node.only("block", dict)
    if not block.value:
        return "block", []
    custom = block.only("custom_response", dict)
    answer = custom.fields({"response_code": int}, {"response_header": list})
    if answer["response_code"].value not in STATUSES:
        raise answer["response_code"].error("AWS WAF cannot answer with this status")
    found = [answer["response_code"].found("status")]
    if "response_header" in answer:
        (header,) = _one(answer["response_header"])
        fields = header.fields({"name": str, "value": str})
        require(fields["name"], "Link")
        found.append(blocked_by(fields["value"]))
    return "block", found


def _one(items: JsonNode) -> list[JsonNode]:
    if len(items.value) != 1:
        raise items.error("expected one header")
    return items.items()


def _orders(document: Document, file: File, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    option = document.options
    name = option["name"]
    for shard in document.shards(TERRAFORM_AWS, file):
        yield Ordered("AWS IP set", f"{name}_{shard.name}", claimed=True)
    yield Ordered("AWS rule group", name, claimed=True)
    yield Ordered("scope", option["scope"])
    yield Ordered("capacity", option["capacity"])
    yield Ordered("output", f"{name}_arn")
    if document.action == "block":
        yield from document.answer()
    yield from comment_orders(document, parts)


_SET_PAGE = Reference(
    "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/wafv2_ip_set",
    checked="2026-11-27",
)
_SOURCE = Reference(
    "https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/wafv2/ip_set.go",
    checked="2026-11-27",
)
_SQUARE = Reference(
    "https://github.com/hashicorp/terraform-provider-aws/issues/48060", checked="2026-11-27"
)
_LONG = Reference(
    "https://github.com/hashicorp/terraform-provider-aws/issues/31178", checked="2026-11-27"
)
_QUOTAS = Reference(
    "https://docs.aws.amazon.com/waf/latest/developerguide/limits.html", checked="2026-11-27"
)
_GUIDE = Reference(
    "https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-ipset-match.html",
    checked="2026-11-23",
)

_NOTES = """\
The provider compares every address of a set with every other when something changed, so a set of
10,000 takes minutes: `shard` is how many a set holds at most. A rule group refers to 50 sets;
with `shard = 10000`, the most that AWS takes, these are up to 500,000 addresses.

AWS gives IPv6 back with all its digits. They are written so here, because the provider is slow,
or plans the same change for ever, where they are spelled otherwise.

`capacity` cannot be changed later without a new rule group: 50 is enough for every list.

In `monitor` the rule counts; in `warn` it also gives the request the header
`x-amzn-waf-blockc: warn`. 451 is not among the statuses AWS WAF can answer with."""

TERRAFORM_AWS = Target(
    name="terraform-aws",
    title="Terraform: AWS WAFv2 IP sets and rule group",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="terraform-aws.tf.json.j2",
    ending="tf.json",
    reader=each(read_aws),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    options=(
        name_option("the IP sets, the rule group and its metric"),
        shard_option(1000, 10_000),
        SCOPE,
        CAPACITY,
    ),
    lengths=Lengths(range(1, 33), range(1, 129), _GUIDE),
    sharding=Sharding(_QUOTAS, MOST_SETS, "a rule group refers to IP sets,", long=True),
    adapt=without_mapped,
    never_consulted=(MAPPED,),
    responses=Responses(actions=frozenset({"monitor", "warn"}), statuses=STATUSES, links=True),
    maturity=Maturity.SCHEMA,
    notes=_NOTES,
    references=(_SET_PAGE, _SOURCE, _SQUARE, _LONG, _QUOTAS),
    deployment=Deployment(
        load="""\
cp list.tf.json blockc.tf/ && cd blockc.tf                 # a folder with the provider in it
terraform init && terraform plan -out=plan && terraform apply plan
# in the web ACL: a rule with override_action { none {} } and
#   rule_group_reference_statement { arn = aws_wafv2_rule_group.NAME.arn }
# a set that is there already: terraform import aws_wafv2_ip_set.LABEL ID/LABEL/REGIONAL""",
        rollback="""\
cp PREVIOUS/list.tf.json blockc.tf/ && cd blockc.tf
terraform plan -out=plan && terraform apply plan""",
    ),
)
