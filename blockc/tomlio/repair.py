"""Tables whose values have the wrong type: each difference noted, and something in its place."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from msgspec import inspect

from blockc.errors import suggestion
from blockc.tomlio.tables import WHEN_WORDS, Findings, Place
from blockc.tomlio.when import When


def repaired(kind: type, table: Mapping[str, Any], place: Place, findings: Findings) -> Any:
    """Return `table` made to fit `kind`, noting each difference."""
    return _Repair(kind, findings).fitted(inspect.type_info(kind), table, place)


@dataclass(frozen=True)
class _Repair:
    """One file whose values do not fit: the type of all of it, and what is noted."""

    whole: type
    findings: Findings

    def fitted(self, kind: inspect.Type, value: Any, place: Place) -> Any:
        """Return `value` made to fit `kind`, noting each difference."""
        member = _member(kind, value)
        if member is None:
            of_tables = any(isinstance(_item(m), inspect.StructType) for m in _members(kind))
            hint = f"write [[{place.key[-1]}]]" if of_tables and isinstance(value, dict) else ""
            said = f"expected {_expected(kind)}, found {_found(value)}"
            self.findings.add(place, said, hint=hint)
            return _zero(kind)
        if isinstance(member, inspect.StructType):
            return self._struct(member, value, place)
        if isinstance(member, inspect.DictType):
            return {k: self.fitted(member.value_type, v, place / k) for k, v in value.items()}
        if isinstance(member, inspect.VarTupleType | inspect.ListType):
            items = enumerate(value)
            return [self.fitted(member.item_type, item, place / n) for n, item in items]
        return self._single(member, value, place)

    def _single(self, member: inspect.Type, value: Any, place: Place) -> Any:
        if isinstance(member, inspect.LiteralType) and value not in member.values:
            choices = [choice for choice in member.values if isinstance(choice, str)]
            hint = suggestion(value, choices) if isinstance(value, str) else ""
            said = f"expected {_expected(member)}, found {_found(value)}{hint}"
            self.findings.add(place, said)
            return member.values[0]
        if isinstance(member, inspect.CustomType):
            try:
                When(value)
            except ValueError as reason:
                self.findings.add(place, str(reason))
                return _zero(member)
        return value

    def _struct(
        self, kind: inspect.StructType, table: Mapping[str, Any], place: Place
    ) -> dict[str, Any]:
        fields = {f.encode_name: f for f in kind.fields}
        if kind.forbid_unknown_fields:
            for name in (name for name in table if name not in fields):
                said = f"unknown key {name!r}{advice_on_key(name, fields, self.whole)}"
                self.findings.add_name(place / name, said)
        good: dict[str, Any] = {}
        for name, one in fields.items():
            if name in table:
                good[name] = self.fitted(one.type, table[name], place / name)
            elif one.required:
                self.findings.add_missing(place / name, hint=_needs(one.type))
                good[name] = _zero(one.type)
        return good


def _needs(kind: inspect.Type) -> str:
    """Return what to write in a table that is missing, if there are keys that it must have."""
    structs = (one for one in _members(kind) if isinstance(one, inspect.StructType))
    needed = [field.encode_name for one in structs for field in one.fields if field.required]
    return f"it needs {', '.join(needed)}" if needed else ""


def advice_on_key(name: str, fields: Iterable[str], whole: type) -> str:
    """Return what an unknown key resembles, or else in which table of `whole` it belongs.

    `never_block` in a list is not a misspelt `block`: who followed that advice would block what is
    to be spared. So a key of another table is only taken for a misspelt one if they are very near.
    """
    near = suggestion(name, fields)
    home = _homes(whole).get(name)
    return f"; it belongs {home}" if home and not suggestion(name, fields, likeness=0.8) else near


@cache
def _homes(whole: type) -> Mapping[str, str]:
    """Return for each key of a file of this type where it stands.

    What an entry may have, which can be a text too, is left out: `owner` is a key of exceptions and
    of edges, and `prefix` in `block` must not lead to `except`, which spares what it holds.
    """
    found: dict[str, list[str]] = {}
    for name, kind in _fields(inspect.type_info(whole)):
        tables = [(f"[{name}]", kind), (f"[[{name}]]", _item(kind))]
        tables += [(f"[{name}.NAME]", getattr(m, "value_type", None)) for m in _members(kind)]
        keys = [one for at, table in tables if table for one in _keys(at, table)]
        for key, at in keys or [(name, "above the first table")]:
            found.setdefault(key, []).append(at)
    return {name: " or ".join(at) for name, at in found.items() if all(at)}


def _keys(name: str, table: inspect.Type) -> Iterable[tuple[str, str]]:
    """Return the keys of a table and of the items of its lists, and where they stand, if known."""
    own = {key: f"in {name}" for key, _ in _fields(table)}
    for key, kind in _fields(table):
        for item in filter(None, map(_item, _members(kind))):
            at = f"in {key} of {name}" if isinstance(item, inspect.StructType) else ""
            for inner, _ in _fields(item):
                own.setdefault(inner, at)
    return own.items()


def _fields(kind: inspect.Type) -> Iterator[tuple[str, inspect.Type]]:
    for one in _members(kind):
        if isinstance(one, inspect.StructType):
            yield from ((field.encode_name, field.type) for field in one.fields)


def _item(kind: inspect.Type) -> inspect.Type | None:
    """Return what a list of this type holds; None if it is not a list."""
    return kind.item_type if isinstance(kind, inspect.VarTupleType | inspect.ListType) else None


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
