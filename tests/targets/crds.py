"""Schemas of Kubernetes' objects as their projects publish them, cut by `scripts.crds`."""

import json
from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import celpy
import jsonschema
from celpy.adapter import json_to_cel

Schema = Mapping[str, Any]
#: apiVersion and kind -> what the project says of an object.
CRDS: Mapping[tuple[str, str], Schema] = {
    (one["apiVersion"], one["kind"]): one["schema"]
    for one in json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
}
# What Kubernetes itself says of every object.
_TEXT: Schema = {"type": "string"}
_NAME: Schema = {"type": "string", "maxLength": 253, "pattern": r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"}
_LABEL = {"type": "string", "maxLength": 63, "pattern": r"^(([A-Za-z0-9][\w.-]*)?[A-Za-z0-9])?$"}
_METADATA: Schema = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": _NAME,
        "namespace": _NAME,
        "labels": {"type": "object", "additionalProperties": _LABEL},
        "annotations": {"type": "object", "additionalProperties": _TEXT},
    },
}
_FORMATS = jsonschema.FormatChecker(formats=())
_FORMATS.checkers["cidr"] = (
    lambda text: "/" in text and ip_network(text, strict=False),
    ValueError,
)


def validate(one: Mapping[str, Any]) -> None:
    """Refuse an object that its schema or one of the schema's rules does not take.

    Raises:
        jsonschema.ValidationError: With the place and why, or the rule that does not hold.
    """
    schema = CRDS[one["apiVersion"], one["kind"]]
    own = {"apiVersion": _TEXT, "kind": _TEXT, "metadata": _METADATA}
    whole = {**schema, "properties": {**own, **schema["properties"]}}
    jsonschema.validate(one, whole, format_checker=_FORMATS)
    for rule in _broken(whole, one):
        raise jsonschema.ValidationError(rule)


def _broken(schema: Schema, value: Any) -> Iterator[str]:
    """Yield the rules in CEL that do not hold for a value or for what is in it."""
    environment = celpy.Environment()
    for rule in schema.get("x-kubernetes-validations", ()):
        program = environment.program(environment.compile(rule))
        if not program.evaluate({"self": json_to_cel(value)}):
            yield rule
    if isinstance(value, dict):
        others = schema.get("additionalProperties") or {}
        for key, inner in value.items():
            yield from _broken(schema.get("properties", {}).get(key, others), inner)
    elif isinstance(value, list) and "x-kubernetes-validations" in json.dumps(schema["items"]):
        for inner in value:
            yield from _broken(schema["items"], inner)
