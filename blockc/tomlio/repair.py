"""Tables whose values have the wrong type: each difference noted, and something in its place."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from msgspec import inspect

from blockc.errors import suggestion
from blockc.tomlio.tables import WHEN_WORDS, Findings, Place
from blockc.tomlio.when import When


def repaired(kind: type, table: Mapping[str, Any], place: Place, findings: Findings) -> Any:
    """Return `table` made to fit `kind`, noting each difference."""
    return _repair(inspect.type_info(kind), table, place, findings)


def _repair(kind: inspect.Type, value: Any, place: Place, findings: Findings) -> Any:
    """Return `value` made to fit `kind`, noting each difference."""
    member = _member(kind, value)
    if member is None:
        of_tables = inspect.StructType in [type(getattr(m, "item_type", 0)) for m in _members(kind)]
        hint = f"write [[{place.key[-1]}]]" if of_tables and isinstance(value, dict) else ""
        findings.add(place, f"expected {_expected(kind)}, found {_found(value)}", hint=hint)
        return _zero(kind)
    if isinstance(member, inspect.StructType):
        return _repair_struct(member, value, place, findings)
    if isinstance(member, inspect.DictType):
        return {k: _repair(member.value_type, v, place / k, findings) for k, v in value.items()}
    if isinstance(member, inspect.VarTupleType | inspect.ListType):
        items = enumerate(value)
        return [_repair(member.item_type, item, place / n, findings) for n, item in items]
    return _repair_single(member, value, place, findings)


def _repair_single(member: inspect.Type, value: Any, place: Place, findings: Findings) -> Any:
    if isinstance(member, inspect.LiteralType) and value not in member.values:
        choices = [choice for choice in member.values if isinstance(choice, str)]
        hint = suggestion(value, choices) if isinstance(value, str) else ""
        findings.add(place, f"expected {_expected(member)}, found {_found(value)}{hint}")
        return member.values[0]
    if isinstance(member, inspect.CustomType):
        try:
            When(value)
        except ValueError as reason:
            findings.add(place, str(reason))
            return _zero(member)
    return value


def _repair_struct(
    kind: inspect.StructType, table: Mapping[str, Any], place: Place, findings: Findings
) -> dict[str, Any]:
    fields = {f.encode_name: f for f in kind.fields}
    if kind.forbid_unknown_fields:
        for name in (name for name in table if name not in fields):
            findings.add_name(place / name, f"unknown key {name!r}{suggestion(name, fields)}")
    good: dict[str, Any] = {}
    for name, one in fields.items():
        if name in table:
            good[name] = _repair(one.type, table[name], place / name, findings)
        elif one.required:
            findings.add_missing(place / name)
            good[name] = _zero(one.type)
    return good


_SHAPES: tuple[tuple[type, tuple[type[inspect.Type], ...]], ...] = (
    (dict, (inspect.StructType, inspect.DictType)),
    (list, (inspect.VarTupleType, inspect.ListType)),
    (str, (inspect.StrType, inspect.LiteralType)),
    (bool, (inspect.BoolType,)),
    (int, (inspect.IntType, inspect.LiteralType, inspect.FloatType)),
    (float, (inspect.FloatType,)),
    (date, (inspect.DateType, inspect.CustomType)),
    (datetime, (inspect.CustomType,)),
)


def _member(kind: inspect.Type, value: Any) -> inspect.Type | None:
    """Return the part of `kind` that a value of this shape belongs to, if any."""
    shapes = next((kinds for shape, kinds in _SHAPES if type(value) is shape), ())
    return next((one for one in _members(kind) if isinstance(one, shapes)), None)


def _members(kind: inspect.Type) -> Iterator[inspect.Type]:
    if isinstance(kind, inspect.Metadata):
        yield from _members(kind.type)
    elif isinstance(kind, inspect.UnionType):
        for one in kind.types:
            yield from _members(one)
    elif isinstance(kind, inspect.EnumType):
        yield inspect.LiteralType(tuple(sorted(one.value for one in kind.cls)))
    else:
        yield kind


def _zero(kind: inspect.Type) -> Any:
    """Return the empty value of the first member of `kind`."""
    first = next(_members(kind))
    if isinstance(first, inspect.LiteralType):
        return first.values[0]
    if isinstance(first, inspect.StructType):
        return {f.encode_name: _zero(f.type) for f in first.fields if f.required}
    shape = next(shape for shape, kinds in _SHAPES if isinstance(first, kinds))
    return date.min if shape is date else shape()


_WORDS: Mapping[type[Any], str] = {
    inspect.StructType: "a table",
    inspect.DictType: "a table",
    inspect.VarTupleType: "a list",
    inspect.ListType: "a list",
    inspect.StrType: "text",
    inspect.BoolType: "true or false",
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
    inspect.DateType: "a date such as 2027-03-01 without quotes",
    inspect.CustomType: WHEN_WORDS,
}


def _expected(kind: inspect.Type) -> str:
    words: list[str] = []
    for one in _members(kind):
        if isinstance(one, inspect.LiteralType):
            words.extend(repr(choice) for choice in one.values if choice != "")
        elif type(one) in _WORDS:
            words.append(_WORDS[type(one)])
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def _found(value: Any) -> str:
    if isinstance(value, str):
        return f"the text {value!r}" if len(value) <= 40 else "a long text"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list) else str(value)
