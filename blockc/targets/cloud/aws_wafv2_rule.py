"""The WAFv2 rule of a list in two sets: block who is in one of the first and in none of the others.

AWS gives a set its id only when it is made, so the ARNs here hold `ID-OF-` and the set's name in
that place, to be filled in by whoever makes the sets.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from blockc.targets.syntax.json_tree import JsonNode, json_object
from blockc.targets.syntax.reading import Found
from blockc.targets.syntax.tokens import Text

_ARN = re.compile(
    r"(arn:aws[a-z-]*:wafv2:[\w-]+:\w+:(?:regional|global))/ipset/([\w-]{1,128})/[\w-]+", re.ASCII
)
_KEYS = {"Name": str, "Priority": int, "Statement": dict, "Action": dict, "VisibilityConfig": dict}


class Rule(NamedTuple):
    """The sets that block and those that spare, by their names, and what else the rule says."""

    block: dict[str, JsonNode]
    spare: dict[str, JsonNode]
    found: tuple[Found, ...]


def read_rule(text: Text) -> Rule:
    """Return which sets a rule names, if it is And(Or(sets), Not(Or(sets))) and blocks.

    Source: https://docs.aws.amazon.com/waf/latest/APIReference/API_Rule.html
    """
    rule = json_object(text).fields(_KEYS)
    if rule["Action"].value != {"Block": {}}:
        raise rule["Action"].error(f"'Action' is {rule['Action'].value!r}, expected a block")
    block, spare = _two(rule["Statement"], "AndStatement")
    negated = spare.only("NotStatement", dict).only("Statement", dict)
    blocking, sparing = dict(_sets(block)), dict(_sets(negated))
    arns = (*blocking.values(), *sparing.values())
    owners = (arn.found("ARN of the sets", _parts(arn)[1]) for arn in arns)
    return Rule(blocking, sparing, (rule["Name"].found("AWS rule"), *owners))


def _sets(joined: JsonNode) -> Iterator[tuple[str, JsonNode]]:
    """Yield the name and the ARN of each set in an OrStatement."""
    for statement in _two(joined, "OrStatement"):
        arn = statement.only("IPSetReferenceStatement", dict).only("ARN", str)
        yield _parts(arn)[2], arn


def _parts(arn: JsonNode) -> re.Match[str]:
    match = _ARN.fullmatch(arn.value)
    if match is None:
        raise arn.error(f"{arn.value!r} is not the ARN of an IP set")
    return match


def _two(node: JsonNode, kind: str) -> list[JsonNode]:
    """Return the two statements that `kind` joins; AWS takes more, and no fewer."""
    found = node.only(kind, dict).only("Statements", list)
    if len(found.value) != 2:
        raise found.error(f"expected two statements in {kind}")
    return found.items()
