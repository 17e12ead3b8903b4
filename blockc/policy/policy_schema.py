"""JSON Schemas of the files an operator writes, for editors that complete and check them."""

from collections.abc import Mapping
from typing import Any

from blockc.policy.model import Known
from blockc.policy.syntax.country_groups import GroupFileTable
from blockc.policy.syntax.policy_tables import PolicyTable
from blockc.tomlio.tables import json_schema


def policy_schema(known: Known, options: Mapping[str, Mapping[str, object]]) -> dict[str, Any]:
    """Return the schema of a policy file, with the targets there are.

    Args:
        options: target -> the schema of each of its options.
    """
    schema = json_schema(PolicyTable, identity="urn:blockc:policy:1", title="blockc policy")
    output = schema["$defs"]["OutputTable"]
    output["properties"]["target"]["enum"] = sorted(known.targets)
    output["allOf"] = [
        {
            "if": {"properties": {"target": {"const": target}}, "required": ["target"]},
            "then": {"properties": properties},
        }
        for target, properties in sorted(options.items())
        if properties
    ]
    output["unevaluatedProperties"] = False
    return schema


def group_schema() -> dict[str, Any]:
    """Return the schema of a file of country groups."""
    return json_schema(GroupFileTable, identity="urn:blockc:group:1", title="blockc country groups")
