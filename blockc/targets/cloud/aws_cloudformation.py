"""CloudFormation for AWS WAF: IP sets in shards, and a rule group over all of them, as a template.

A web ACL refers to the rule group, which says by the stage of the list whether who is in a set is
counted, marked or blocked. A set that goes is deleted after the rule group left it out: a stack
deletes what its template no longer has when all else is done.
"""

from collections.abc import Iterator, Sequence

from blockc.addresses import FAMILIES, MAPPED
from blockc.addresses.rules import Match
from blockc.targets.cloud.aws_wafv2_rule import CAPACITY, MOST_SETS, SCOPE, STATUSES, rule_action
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Lengths,
    Maturity,
    MaxEntries,
    Reference,
    Responses,
    Sharding,
    Target,
)
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.allow_list import without_mapped
from blockc.targets.syntax.json_tree import JsonNode, json_object
from blockc.targets.syntax.reading import Found, Ordered, Part, Reading, acting, each
from blockc.targets.syntax.terraform_json import comments, entries, require, require_used
from blockc.targets.syntax.tokens import Text
from blockc.targets.terraform.common import comment_orders, shard_option

_VERSIONS = {f"IPV{family.version}": family for family in FAMILIES}
_GROUP = "RuleGroup"


def read_template(text: Text) -> Reading:
    """Return the rules of the sets of a template, as the only rule of its rule group uses them.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-wafv2-rulegroup.html
    """
    keys = {"AWSTemplateFormatVersion": str, "Description": str, "Resources": dict}
    root = json_object(text).fields({**keys, "Outputs": dict}, {"Metadata": dict})
    require(root["AWSTemplateFormatVersion"], "2010-09-09")
    said = comments(root["Metadata"].only("blockc", list) if "Metadata" in root else None)
    sets = {name: root["Resources"].child(name) for name in root["Resources"].value}
    if _GROUP not in sets:
        raise root["Resources"].error(f"expected a resource {_GROUP}")
    refers, action, found = _read_group(_properties(sets.pop(_GROUP), "RuleGroup"))
    require_used(sets, refers, root["Resources"])
    parts: list[Part] = []
    for node in sets.values():
        made, own = _read_set(text, _properties(node, "IPSet"))
        parts += made
        found += own
    output = root["Outputs"].only("RuleGroupArn", dict).only("Value", dict)
    require(output, {"Fn::GetAtt": [_GROUP, "Arn"]})
    return acting(Reading(tuple(parts), found=(*found, *said)), action)


def _properties(node: JsonNode, kind: str) -> JsonNode:
    if not isinstance(node.value, dict):
        raise node.error("expected a resource")
    resource = node.fields({"Type": str, "Properties": dict})
    require(resource["Type"], f"AWS::WAFv2::{kind}")
    return resource["Properties"]


def _read_set(text: Text, node: JsonNode) -> tuple[tuple[Part, ...], list[Found]]:
    keys = {"Name": str, "Description": str, "Scope": str, "IPAddressVersion": str}
    body = node.fields({**keys, "Addresses": list})
    family = _VERSIONS.get(body["IPAddressVersion"].value)
    if family is None:
        raise body["IPAddressVersion"].error("expected IPV4 or IPV6")
    tokens = body["Addresses"].texts()
    bare = [at for at, token in enumerate(tokens) if "/" not in token]
    if bare:
        raise body["Addresses"].where(bare[0], "AWS takes prefixes, with their length")
    parts = entries(text, body["Addresses"], tokens, (family,))
    return parts, [body["Scope"].found("scope"), body["Name"].found("AWS IP set")]


def _read_group(node: JsonNode) -> tuple[list[tuple[str, JsonNode]], str, list[Found]]:
    keys = {"Name": str, "Scope": str, "Capacity": int, "Rules": list, "VisibilityConfig": dict}
    group = node.fields(keys)
    if len(group["Rules"].value) != 1:
        raise group["Rules"].error("expected one rule")
    (only,) = group["Rules"].items()
    rule = only.fields(
        {"Name": str, "Priority": int, "Action": dict, "Statement": dict, "VisibilityConfig": dict}
    )
    name = group["Name"].value
    require(rule["Name"], name)
    require(rule["Priority"], 0)
    shown = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": name}
    for visibility in (group["VisibilityConfig"], rule["VisibilityConfig"]):
        require(visibility, shown)
    joined = rule["Statement"].only("OrStatement", dict).only("Statements", list)
    if not 2 <= len(joined.value) <= MOST_SETS:
        raise joined.error(f"expected 2 to {MOST_SETS} statements")
    refers = [_reference(statement) for statement in joined.items()]
    action, answer = rule_action(rule["Action"])
    said = [group["Scope"].found("scope"), group["Capacity"].found("capacity")]
    return refers, action, [group["Name"].found("AWS rule group"), *said, *answer]


def _reference(statement: JsonNode) -> tuple[str, JsonNode]:
    """Return the resource whose ARN a statement refers to, and where it does."""
    arn = statement.only("IPSetReferenceStatement", dict).only("Arn", dict)
    wanted = arn.only("Fn::GetAtt", list)
    named, *attribute = wanted.texts() or [""]
    if attribute != ["Arn"]:
        raise wanted.error("expected the name of a set, and Arn")
    return named, arn


def _orders(document: Document, file: File, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    option = document.options
    for shard in document.shards(AWS_CLOUDFORMATION, file):
        yield Ordered("AWS IP set", f"{option['name']}_{shard.name}", claimed=True)
    yield Ordered("AWS rule group", option["name"], claimed=True)
    yield Ordered("scope", option["scope"])
    yield Ordered("capacity", option["capacity"])
    if document.action == "block":
        yield from document.answer()
    yield from comment_orders(document, parts)


_REFERENCE = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/{}.html"
_SET_PAGE = Reference(_REFERENCE.format("aws-resource-wafv2-ipset"), checked="2026-11-27")
_GROUP_PAGE = Reference(_REFERENCE.format("aws-resource-wafv2-rulegroup"), checked="2026-11-27")
_QUOTAS = Reference(
    "https://docs.aws.amazon.com/waf/latest/developerguide/limits.html", checked="2026-11-27"
)
#: A template has at most 1 MB. The longest entry takes 60 bytes with quotes, comma and blanks.
_TEMPLATE = Reference(
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html",
    checked="2026-11-27",
)
_GUIDE = Reference(
    "https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-ipset-match.html",
    checked="2026-11-23",
)

_NOTES = """\
A template of CloudFormation has 1 MB at most, in a bucket of S3, so it holds 15,000 entries; of a
larger list each part (`when_over = "split"`) is a stack of its own with a rule group of its own.

`shard` is how many entries a set holds at most. A change of the list touches one set, and a set
that gets too full becomes two. AWS gives IPv6 back with all its digits; they are written so here,
so that a stack does not look as if somebody had changed it.

The stack's output `RuleGroupArn` is what a web ACL refers to. A rule group keeps its `capacity` for
ever, and a stack cannot make another one of the same name: 50 is enough for every list.

In `monitor` the rule counts; in `warn` it also gives the request the header
`x-amzn-waf-blockc: warn`. 451 is not among the statuses AWS WAF can answer with. A stack for
`scope = "CLOUDFRONT"` must be in the region us-east-1."""

AWS_CLOUDFORMATION = Target(
    name="aws-cloudformation",
    title="CloudFormation: AWS WAFv2 IP sets and rule group",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="aws-cloudformation.json.j2",
    ending="json",
    reader=each(read_template),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    options=(
        Option(
            "name",
            "blockc-{list}",
            "1 to 64 letters, digits, _ or -, a letter first",
            pattern=r"[A-Za-z][\w-]{0,63}",
            part="-{part}",
            about="the IP sets, to which family and shard are added, the rule group and its metric",
        ),
        shard_option(1000, 10_000),
        SCOPE,
        CAPACITY,
    ),
    lengths=Lengths(range(1, 33), range(1, 129), _GUIDE),
    max_entries=MaxEntries(15_000, _TEMPLATE, together=True),
    sharding=Sharding(_QUOTAS, MOST_SETS, "a rule group refers to IP sets,", long=True),
    adapt=without_mapped,
    never_consulted=(MAPPED,),
    responses=Responses(actions=frozenset({"monitor", "warn"}), statuses=STATUSES, links=True),
    maturity=Maturity.SCHEMA,
    notes=_NOTES,
    references=(_SET_PAGE, _GROUP_PAGE, _QUOTAS, _TEMPLATE),
    deployment=Deployment(
        load="""\
aws cloudformation deploy --stack-name STACK --template-file list.json --s3-bucket BUCKET
# in the web ACL: a rule with the OverrideAction None and a RuleGroupReferenceStatement with
aws cloudformation describe-stacks --stack-name STACK --query 'Stacks[0].Outputs'""",
        rollback="aws cloudformation deploy --stack-name STACK "
        "--template-file PREVIOUS/list.json --s3-bucket BUCKET",
    ),
)
