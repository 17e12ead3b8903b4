"""The WAFv2 rule of a list in two sets: block who is in one of the first and in none of the others.

AWS gives a set its id only when it is made, so the ARNs here hold `ID-OF-` and the set's name in
that place, to be filled in by whoever makes the sets.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from blockc.targets.syntax.json_text import JsonText
from blockc.targets.syntax.tokens import Text

_ARN = re.compile(
    r"arn:aws[a-z-]*:wafv2:[\w-]+:\w+:(?:regional|global)/ipset/([\w-]{1,128})/[\w-]+", re.ASCII
)
_KEYS = {"Name": str, "Priority": int, "Statement": dict, "Action": dict, "VisibilityConfig": dict}


class Rule(NamedTuple):
    """The names of the sets that block, and of those that spare."""

    block: Sequence[str]
    spare: Sequence[str]


def read_rule(text: Text) -> Rule:
    """Return which sets a rule names, if it is And(Or(sets), Not(Or(sets))) and blocks.

    Source: https://docs.aws.amazon.com/waf/latest/APIReference/API_Rule.html
    """
    document = JsonText(text)
    document.require_keys(_KEYS)
    document.require_value("Action", {"Block": {}})
    block, spare = _statements(text, document.value("Statement"), "AndStatement")
    negated = _only(text, _only(text, spare, "NotStatement"), "Statement")
    return Rule(_sets(text, block), _sets(text, negated))


def _sets(text: Text, value: Any) -> list[str]:
    """Return the names of the sets in an OrStatement."""
    names = []
    for statement in _statements(text, value, "OrStatement"):
        arn = _only(text, _only(text, statement, "IPSetReferenceStatement"), "ARN")
        match = _ARN.fullmatch(arn) if isinstance(arn, str) else None
        if match is None:
            raise text.error(f"{arn!r} is not the ARN of an IP set", _place(text, str(arn)))
        names.append(match[1])
    return names


def _statements(text: Text, value: Any, kind: str) -> list[Any]:
    """Return the two statements that `kind` joins; AWS takes more, and no fewer."""
    found = _only(text, _only(text, value, kind), "Statements")
    if not isinstance(found, list) or len(found) != 2:
        raise text.error(f"expected two statements in {kind}", _place(text, kind))
    return found


def _only(text: Text, value: Any, key: str) -> Any:
    if not isinstance(value, dict) or list(value) != [key]:
        raise text.error(f"expected {key} and nothing beside it", _place(text, key))
    return value[key]


def _place(text: Text, word: str) -> int:
    return max(0, text.text.find(word))
