"""JSON Schemas of the files an operator writes, for editors that complete and check them."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from blockc.policy.model import Known
from blockc.policy.syntax.country_groups import GroupFileTable
from blockc.policy.syntax.policy_tables import PolicyTable
from blockc.tomlio.tables import json_schema

Schemas = Mapping[str, Mapping[str, object]]


def policy_schema(
    known: Known, options: Schemas, key_options: Schemas = MappingProxyType({})
) -> dict[str, Any]:
    """Return the schema of a policy file, with the targets there are.

    Args:
        options: target -> the schema of each of its options.
        key_options: The same of key targets.
    """
    schema = json_schema(PolicyTable, identity="urn:blockc:policy:1", title="blockc policy")
    _with_targets(schema["$defs"]["OutputTable"], sorted(known.targets), options)
    _with_targets(schema["$defs"]["RevokeTable"], sorted(known.key_targets), key_options)
    return schema


def _with_targets(output: dict[str, Any], targets: Sequence[str], options: Schemas) -> None:
    """Say in the schema of a table with a target which there are, and the options of each."""
    if targets:
        output["properties"]["target"]["enum"] = list(targets)
    conditions = [
        {
            "if": {"properties": {"target": {"const": target}}, "required": ["target"]},
            "then": {"properties": properties},
        }
        for target, properties in sorted(options.items())
        if properties
    ]
    output |= {"allOf": conditions} if conditions else {}
    output["unevaluatedProperties"] = False


def group_schema() -> dict[str, Any]:
    """Return the schema of a file of country groups."""
    return json_schema(GroupFileTable, identity="urn:blockc:group:1", title="blockc country groups")
