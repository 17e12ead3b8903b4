"""Frozen values: what nearly every class of blockc is.

A value is made once, by its constructor, which checks its invariant in `__post_init__`; it has no
other attributes than its fields, and equal fields make equal values. These are msgspec's structs
and not dataclasses, because a class of theirs is made forty times faster, and a command that has
two hundred of them to make should not need half of its time for it.
"""

import dataclasses
import json
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform

import msgspec
from msgspec import field, structs

__all__ = [
    "Changing", "TooDense", "Value", "field", "field_names", "from_json", "json_bytes",
    "line_bytes", "loads_json", "replace",
]  # fmt: skip
V = TypeVar("V")
_LIST, _OBJECT, _KEY, _OWN_KEY = 80, 120, 80, 190  # bytes that Python takes for each
_KEYS_ALIKE = 64  # of an object; more of them are hardly the keys of other objects too
_MOST_TAKEN, _FREE = 18, 8_000_000  # bytes for each character, and beside these


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class _Values(type(msgspec.Struct)):  # type: ignore[misc]  # the metaclass has no public name
    """Tells type checkers that values are frozen without each saying so."""


class Changing(msgspec.Struct, eq=False):
    """What changes while it works: a builder, or what remembers. Each equals only itself."""


if TYPE_CHECKING:

    class Value(metaclass=_Values):
        """A frozen value; see the module."""

        def __init_subclass__(
            cls,
            *,
            frozen: bool = True,
            eq: bool = True,
            order: bool = False,
            kw_only: bool = False,
            dict: bool = False,  # noqa: A002  msgspec's word
        ) -> None: ...

else:

    class Value(msgspec.Struct, frozen=True):
        """A frozen value; see the module."""


def replace(value: V, /, **changes: Any) -> V:
    """Return a value like `value` with other fields, its invariant checked."""
    if dataclasses.is_dataclass(value):
        return dataclasses.replace(value, **changes)  # type: ignore[type-var]
    changed: V = structs.replace(value, **changes)  # type: ignore[type-var]
    return changed


def field_names(value: object) -> tuple[str, ...]:
    """Return the names of the fields of a value or of its class, in order."""
    found: tuple[str, ...] = value.__struct_fields__  # type: ignore[attr-defined]
    return found


def json_bytes(value: object) -> bytes:
    """Return a value of lists, tables with texts as keys, texts and numbers as JSON, for reading.

    The same bytes as `json.dumps(value, indent=1, ensure_ascii=False)`, forty times faster.
    """
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"


def line_bytes(value: object) -> bytes:
    """Return a value as JSON in one line without its end, for a file of lines."""
    return msgspec.json.encode(value)


class TooDense(ValueError):
    """A JSON text of so many lists, objects and keys that there is room for nothing else."""


def loads_json(text: str, **hooks: Any) -> Any:
    """Return the value of a JSON text that somebody else may have written, as `json.loads` does.

    `[]` takes two characters and 80 bytes: a text that has hardly anything but brackets and keys,
    as no list of addresses does, is refused before it is read.

    Raises:
        ValueError: If it is none; a json.JSONDecodeError where its place is known, and TooDense.
        RecursionError: If it is nested too deeply.
    """
    lists, objects, keys = text.count("["), text.count("{"), text.count('":')
    taken = _LIST * lists + _OBJECT * objects + _KEY * keys
    taken += _OWN_KEY * max(0, keys - _KEYS_ALIKE * objects)
    if taken > _MOST_TAKEN * len(text) + _FREE:
        raise TooDense(
            f"{lists + objects:,} lists and objects with {keys:,} keys in {len(text):,} characters:"
            " hardly anything but brackets and keys"
        )
    return json.loads(text, **hooks)


def from_json(kind: type[V], data: bytes) -> V:
    """Return the value of a class that `json_bytes` wrote.

    Raises:
        ValueError: It is not that: a field is missing, or has another type.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, RecursionError) as reason:
        raise ValueError(str(reason)) from None
