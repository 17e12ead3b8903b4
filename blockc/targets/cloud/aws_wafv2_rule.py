"""The WAFv2 rule over the sets of a list: who is meant, and what happens to them.

Of a list in two sets those are meant who are in one of the first and in none of the others. Of a
list that is split into parts those who are in a set of any part.

AWS gives a set its id only when it is made, so the ARNs here hold `ID-OF-` and the set's name in
that place, to be filled in by whoever makes the sets.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from blockc.targets.core.target_options import Option
from blockc.targets.syntax.json_tree import JsonNode, json_object
from blockc.targets.syntax.reading import Found
from blockc.targets.syntax.tokens import Text

_ARN = re.compile(
    r"(arn:aws[a-z-]*:wafv2:[\w-]+:\w+:(?:regional|global))/ipset/([\w-]{1,128})/[\w-]+", re.ASCII
)
_LINK = re.compile(r'<([^<>"\s]{1,235})>; rel="blocked-by"')
STATUSES = frozenset({*range(400, 417), 421, 429, *range(500, 506)}) - {402, 406, 407, 410}
#: Puts the rule in `rule.json` into a web ACL, in place of the one of its name. What the answer of
#: `get-web-acl` has and `update-web-acl` does not take is left out.
INTO_WEB_ACL = """\
aws wafv2 check-capacity --scope REGIONAL --rules "[$(cat rule.json)]"
aws wafv2 get-web-acl --scope REGIONAL --name "$ACL" --id "$ACL_ID" > acl.json
jq --slurpfile rule rule.json '.LockToken as $token | .WebACL
  | .Rules = [.Rules[] | select(.Name != $rule[0].Name)] + $rule
  | del(.ARN, .Capacity, .LabelNamespace, .ManagedByFirewallManager,
        .PreProcessFirewallManagerRuleGroups, .PostProcessFirewallManagerRuleGroups,
        .RetrofittedByFirewallManager)
  | . + {Scope: "REGIONAL", LockToken: $token}' acl.json > update.json
aws wafv2 update-web-acl --cli-input-json file://update.json"""
MOST_SETS = 50  # that one rule group can refer to
SCOPE = Option(
    "scope",
    "REGIONAL",
    "REGIONAL or CLOUDFRONT",
    pattern="REGIONAL|CLOUDFRONT",
    about="regional resources, or CloudFront",
)
CAPACITY = Option(
    "capacity",
    MOST_SETS,
    "a number from 2 to 1500",
    within=range(2, 1501),
    about="the capacity units of the rule group, of which each set needs one",
)
_KEYS = {"Name": str, "Priority": int, "Statement": dict, "Action": dict, "VisibilityConfig": dict}
_SHOWN = {"SampledRequestsEnabled": bool, "CloudWatchMetricsEnabled": bool, "MetricName": str}


class Rule(NamedTuple):
    """The sets that are meant and those that are spared, by their names, and what else is said.

    `action` is what happens to who is meant: block, or monitor and warn, which let them through.
    """

    block: dict[str, JsonNode]
    spare: dict[str, JsonNode]
    action: str
    found: tuple[Found, ...]


def read_rule(text: Text, *, two_sets: bool) -> Rule:
    """Return which sets a rule names and what it does to them.

    It is And(Or(sets), Not(Or(sets))) if the list is in two sets, else Or(sets).

    Source: https://docs.aws.amazon.com/waf/latest/APIReference/API_Rule.html
    """
    rule = rule_fields(text)
    block, sparing = rule["Statement"], dict[str, JsonNode]()
    if two_sets:
        block, spare = _joined(rule["Statement"], "AndStatement", most=2)
        sparing = dict(_sets(spare.only("NotStatement", dict).only("Statement", dict)))
    blocking = dict(_sets(block))
    arns = (*blocking.values(), *sparing.values())
    owners = (arn.found("ARN of the sets", _parts(arn)[1]) for arn in arns)
    action, answer = rule_action(rule["Action"])
    found = (rule["Name"].found("AWS rule"), *owners, *answer)
    return Rule(blocking, sparing, action, found)


def rule_fields(text: Text) -> dict[str, JsonNode]:
    """Return the members of a rule; AWS takes none without all that is to be seen of it."""
    rule = json_object(text).fields(_KEYS)
    rule["VisibilityConfig"].fields(_SHOWN)
    return rule


def rule_action(action: JsonNode) -> tuple[str, list[Found]]:
    """Return what a rule does, and what blocked clients get.

    Who is only counted may be marked by a header for the origin, which gets `x-amzn-waf-` before
    its name.
    """
    if action.value == {"Count": {}}:
        return "monitor", []
    if "Count" in action.value:
        handling = action.only("Count", dict).only("CustomRequestHandling", dict)
        (header,) = _one(handling.only("InsertHeaders", list))
        if header.value != {"Name": "blockc", "Value": "warn"}:
            raise header.error("expected the header blockc with the value warn")
        return "warn", []
    block = action.only("Block", dict)
    return "block", _answer(block.only("CustomResponse", dict)) if block.value else []


def _answer(custom: JsonNode) -> list[Found]:
    headers: dict[str, type] = (
        {"ResponseHeaders": list} if "ResponseHeaders" in custom.value else {}
    )
    answer = custom.fields({"ResponseCode": int} | headers)
    status = answer["ResponseCode"]
    if status.value not in STATUSES:
        raise status.error(f"AWS WAF cannot answer with {status.value}")
    found = [status.found("status")]
    for header in _one(answer["ResponseHeaders"]) if headers else ():
        value = header.fields({"Name": str, "Value": str})["Value"]
        match = _LINK.fullmatch(value.value)
        if header.value["Name"] != "Link" or match is None:
            raise header.error('expected the header Link with <URL>; rel="blocked-by"')
        found.append(value.found("link", match[1]))
    return found


def _one(items: JsonNode) -> list[JsonNode]:
    if len(items.value) != 1:
        raise items.error("expected one header")
    return items.items()


def _sets(joined: JsonNode) -> Iterator[tuple[str, JsonNode]]:
    """Yield the name and the ARN of each set in an OrStatement."""
    for statement in _joined(joined, "OrStatement"):
        arn = statement.only("IPSetReferenceStatement", dict).only("ARN", str)
        yield _parts(arn)[2], arn


def _parts(arn: JsonNode) -> re.Match[str]:
    match = _ARN.fullmatch(arn.value)
    if match is None:
        raise arn.error(f"{arn.value!r} is not the ARN of an IP set")
    return match


def _joined(node: JsonNode, kind: str, most: int | None = None) -> list[JsonNode]:
    """Return the statements that `kind` joins; AWS takes no fewer than two."""
    found = node.only(kind, dict).only("Statements", list)
    if not 2 <= len(found.value) <= (most or len(found.value)):
        raise found.error(f"expected two statements{'' if most else ' or more'} in {kind}")
    return found.items()
