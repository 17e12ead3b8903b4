"""JSON Schema of a source definition, for editors that complete and check it."""

from collections.abc import Iterable
from typing import Any

from blockc.fetch.definition import REGISTRIES, SourceTable
from blockc.tomlio.tables import json_schema


def source_schema(formats: Iterable[str]) -> dict[str, Any]:
    """Return the schema of the definition of a source, with the formats there are."""
    schema = json_schema(SourceTable, identity="urn:blockc:source:1", title="blockc source")
    properties = schema["$defs"]["SourceTable"]["properties"]
    properties["format"]["enum"] = sorted(formats)
    properties["registry"]["enum"] = ["", *REGISTRIES]
    return schema
