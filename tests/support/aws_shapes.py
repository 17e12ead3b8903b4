"""Whether AWS could take the input of a call, as far as its own model says.

botocore checks types and lengths when it calls, and neither patterns nor the values of an enum.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import import_module
from typing import Any

from tests.support.machine import absent

_TYPES: Mapping[str, type] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "structure": dict,
    "list": list,
    "map": dict,
}


def input_problems(service: str, operation: str, value: object) -> list[str]:
    """Return why the input of an operation is not as the model of its service demands."""
    shape = model_of(service).operation_model(operation).input_shape
    return list(_problems(shape, value, operation))


def shape_problems(service: str, name: str, value: object) -> list[str]:
    """Return the same about a value of any shape of the service."""
    return list(_problems(model_of(service).shape_for(name), value, name))


@lru_cache
def model_of(service: str) -> Any:  # botocore has no types
    """Return what AWS's own client knows of a service; elsewhere than in CI it may be absent."""
    try:
        session = import_module("botocore.session")
    except ImportError:
        absent("botocore is not installed")
    return session.get_session().get_service_model(service)


def _problems(shape: Any, value: Any, at: str) -> Iterator[str]:
    kind: object = type(value)
    if kind is not _TYPES[shape.type_name]:
        yield f"{at} is not a {shape.type_name}"
        return
    yield from _size_problems(shape, value, at)
    if shape.type_name == "string":
        yield from _text_problems(shape, value, at)
    elif shape.type_name == "list":
        for number, item in enumerate(value):
            yield from _problems(shape.member, item, f"{at}[{number}]")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from _problems(shape.key, key, f"{at}.{key}")
            yield from _problems(shape.value, item, f"{at}.{key}")
    elif shape.type_name == "structure":
        yield from _member_problems(shape, value, at)


def _size_problems(shape: Any, value: Any, at: str) -> Iterator[str]:
    size = value if isinstance(value, int) else len(value)
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", float("inf"))
    if not least <= size <= most:
        yield f"{at} is {size}, expected {least} to {most}"


def _member_problems(shape: Any, value: Any, at: str) -> Iterator[str]:
    yield from (f"{at} has no {key}" for key in shape.required_members if key not in value)
    for key, item in value.items():
        if key in shape.members:
            yield from _problems(shape.members[key], item, f"{at}.{key}")
        else:
            yield f"{at} knows no {key}"


def _text_problems(shape: Any, value: str, at: str) -> Iterator[str]:
    pattern = shape.metadata.get("pattern", "")
    if pattern and "\\p{" not in pattern and not re.search(pattern, value):
        yield f"{at} is {value!r}, expected {pattern}"
    if shape.enum and value not in shape.enum:
        yield f"{at} is {value!r}, expected one of {len(shape.enum)} words"
