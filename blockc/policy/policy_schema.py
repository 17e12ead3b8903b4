"""JSON Schemas of the files an operator writes, for editors that complete and check them."""

from typing import Any

from blockc.policy.model import Known
from blockc.policy.syntax.country_groups import GroupFileTable
from blockc.policy.syntax.policy_tables import PolicyTable
from blockc.tomlio.tables import json_schema


def policy_schema(known: Known) -> dict[str, Any]:
    """Return the schema of a policy file, with the targets there are."""
    schema = json_schema(PolicyTable, identity="urn:blockc:policy:1", title="blockc policy")
    target = schema["$defs"]["OutputTable"]["properties"]["target"]
    target["enum"] = sorted(known.targets)
    return schema


def group_schema() -> dict[str, Any]:
    """Return the schema of a file of country groups."""
    return json_schema(GroupFileTable, identity="urn:blockc:group:1", title="blockc country groups")
