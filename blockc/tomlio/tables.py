"""From TOML text to typed frozen values, every mistake of a file with its place.

With `repair` the only door to msgspec. Start at `read_definition`; the policy takes the steps one
by one.
"""

import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, TypeVar, dataclass_transform

import msgspec

from blockc.errors import BlockcError, DefinitionError, Location, Mistakes
from blockc.tomlio import positions
from blockc.tomlio.positions import Key
from blockc.tomlio.toml_errors import explained, line_of
from blockc.tomlio.when import When
from blockc.values import Value, replace

T = TypeVar("T")
MAX_CHARACTERS = 2_000_000  # of a file
MAX_TABLES = 5_000  # each takes up to 4 kB and 200 us, an output above all
MAX_VALUES = 50_000  # each takes up to 400 bytes and 10 us, an entry of a list above all
MOST_PLACED = 20_000  # nodes of a file whose mistakes have places; each takes up to 430 bytes
MAX_DEPTH = 30  # tables and lists within each other; ours have five
MOST_MISTAKES = 100  # that are told; there is no use in finding more
_TOO_LARGE = "the number is too large, expected one of at most 64 bits"
_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+"""
_LONG_KEY = re.compile(
    rf"(?:^[ \t\[]*+|[{{,]\s*+){_PART}(?:\.[ \t]*+{_PART}){{{MAX_DEPTH}}}", re.ASCII | re.MULTILINE
)
_DIGITS = sys.get_int_max_str_digits() or 4300  # Python reads no number of more
_LONG_NUMBER = re.compile(  # a number or a date, and not a text
    rf"[=,\[\s]([+-]?[0-9][0-9A-Za-z._+-]{{{_DIGITS}}}[0-9A-Za-z._+-]*+)"
)
_HEADER = re.compile(r"^[ \t]*+\[", re.MULTILINE)
_BYTE_ORDER_MARK = "\ufeff"
WHEN_WORDS = (
    "a date such as 2027-03-01, or a date-time with its offset such as "
    "2027-03-01T00:00:00+01:00, without quotes"
)
NAME = -1  # the step from a key to its own name: no list has this index


def _spelling(name: str) -> str:
    """Return the key of a field: Python cannot spell `except`, so the field is `except_`."""
    return name.rstrip("_")


table_field = msgspec.field


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,))
class Table(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename=_spelling
):
    """A TOML table of known keys.

    Only types are checked here. What a value may say is checked where it is understood, with words
    of its own; a pattern meant for editors goes into `for_editors`.
    """


def described(meaning: str, **facts: Any) -> Any:
    """Return an annotation that says in the JSON Schema what a key means, and here more of it."""
    return msgspec.Meta(description=meaning, extra=facts)


def for_editors(**keywords: Any) -> Any:
    """Return an annotation that appears in the JSON Schema and is not enforced on reading."""
    return msgspec.Meta(
        description=keywords.pop("description", None),
        extra_json_schema=keywords or None,
    )


class TomlDocument(Value):
    """The text of one TOML file, without a byte order mark, and what it is called in messages."""

    path: str
    text: str

    def __post_init__(self) -> None:
        if self.text.startswith(_BYTE_ORDER_MARK):  # as editors of Windows write it
            msgspec.structs.force_setattr(self, "text", self.text[1:])  # type: ignore[arg-type]  # it is a struct

    def table(self, error: type[BlockcError] = DefinitionError) -> dict[str, Any]:
        """Return the file as TOML's own values.

        Raises:
            Mistakes: With the one `error` TOML reports for a text it cannot read, or with every
                value that is out of all bounds.
        """
        for said, hint in _too_much(self.text):
            raise Mistakes([error(said, at=Location(self.path), hint=hint)])
        long_key = _LONG_KEY.search(self.text)
        if long_key:  # what reads TOML keeps the beginnings of a key, all of them
            said = f"nested too deeply, a key of more than {MAX_DEPTH} parts"
            raise Mistakes([error(said, at=replace(self._of_match(long_key), column=0, width=1))])
        long_number = _LONG_NUMBER.search(self.text)
        if long_number:  # it takes 120 bytes for each digit to see that it is too long for Python
            raise Mistakes([error(_TOO_LARGE, at=self._of_match(long_number))])
        try:
            table = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as mistake:
            said, at = explained(str(mistake), self.path, self.text)
            raise Mistakes([error(said, at=at)]) from None
        except RecursionError:
            raise Mistakes([error("nested too deeply", at=Location(self.path))]) from None
        if _is_extreme(table):
            findings = Findings(error)
            _find_extremes(table, Place(self), findings)
            findings.require_none()
        return table

    def _of_match(self, found: re.Match[str]) -> Location:
        """Return the place of the last line of what was found."""
        text, end = self.text, found.end()
        begin = max(text.rfind("\n", 0, end) + 1, found.start(found.lastindex or 0))
        line = text.count("\n", 0, end) + 1
        column = begin - text.rfind("\n", 0, begin)
        return Location(self.path, line, column, line_of(text, line), end - begin)

    def location(self, key: Key, *, name: bool = False) -> Location:
        """Return where the value at `key` stands, or its name; else the nearest table around it."""
        if positions.nodes(self.text) > MOST_PLACED:
            found = positions.by_its_words(self.text, key, name=name)
            return self._of_match(found) if found else Location(self.path)
        values, names = positions.of(self.text)
        for known in (key[:n] for n in range(len(key), 0, -1)):
            first, second = (names, values) if name or known != key else (values, names)
            span = first.get(known) or second.get(known)
            if span:
                line, column, width = span
                return Location(self.path, line, column, line_of(self.text, line), width)
        return Location(self.path)


class Place(Value):
    """A key of a document: cheap to carry, found in the text only when an error needs it."""

    document: TomlDocument
    key: Key = ()

    def __truediv__(self, step: str | int) -> "Place":
        return Place(self.document, (*self.key, step))

    def location(self, part: str = "", *, name: bool = False) -> Location:
        """Return the place in the text, narrowed to `part` if that stands in its line."""
        at = self.document.location(self.key, name=name)
        found = at.text.find(part, at.column - 1) if part and at.column else -1
        return at if found < 0 else replace(at, column=found + 1, width=len(part))


class Findings:
    """The mistakes found so far. Checking goes on after one, so that a run reports them all.

    It does not go on for ever: after `MOST_MISTAKES` they are raised.

    Invariant: a key is reported once; what is checked later on a value already refused is noise.
    """

    def __init__(self, error: type[BlockcError] = DefinitionError) -> None:
        self._error = error
        self._found: dict[tuple[str, Key], BlockcError] = {}

    def add(self, place: Place, message: str, *, hint: str = "", part: str = "") -> None:
        """Note a mistake in the value at `place`."""
        self._note(place, lambda: place.location(part), message, hint)

    def add_name(self, place: Place, message: str, *, hint: str = "") -> None:
        """Note a mistake in the name of the key at `place`; its value is checked all the same."""
        self._note(place / NAME, lambda: place.location(name=True), message, hint)

    def add_missing(self, place: Place, message: str = "", *, hint: str = "") -> None:
        """Note that the key at `place` is not there."""
        table = Place(place.document, place.key[:-1])
        said = message or f"{place.key[-1]!r} is missing"
        self._note(place, lambda: table.location(name=True), said, hint)

    def add_error(self, place: Place, mistake: BlockcError) -> None:
        """Note a mistake raised while `place` was read, where it says or else at `place`."""
        if mistake.at is None:
            self.add(place, mistake.message, hint=mistake.hint)
            return
        self._keep((place.document.path, place.key), mistake)

    def require_none(self) -> None:
        """Raise every mistake found, in the order of the file."""
        if self._found:
            raise Mistakes(sorted(self._found.values(), key=_reading_order))

    def _note(self, place: Place, at: Callable[[], Location], message: str, hint: str) -> None:
        path, key = place.document.path, place.key
        if not any((path, key[:n]) in self._found for n in range(1, len(key) + 1)):
            self._keep((path, key), self._error(message, at=at(), hint=hint))

    def _keep(self, key: tuple[str, Key], mistake: BlockcError) -> None:
        self._found.setdefault(key, mistake)
        if len(self._found) >= MOST_MISTAKES:
            said = f"there may be more than these {MOST_MISTAKES} mistakes, the check ends here"
            end = self._error(said, at=Location(key[0]))
            raise Mistakes([*sorted(self._found.values(), key=_reading_order), end])


def _too_much(text: str) -> Iterator[tuple[str, str]]:
    """Yield what a text has more of than is read in little memory and time, and what to do.

    It is counted before anything is read: tables by the brackets at the beginning of lines, values
    by their marks. Real policies have a tenth of it, and long lists of addresses are files.
    """
    parts = "put parts of it into other files; a policy names them under include"
    lists = "put long lists of addresses into plain files; a policy names one as file:PATH"
    tables = sum(1 for _ in _HEADER.finditer(text)) if text.count("[") > MAX_TABLES else 0
    for count, limit, what, hint in (
        (len(text), MAX_CHARACTERS, "characters", lists),
        (tables, MAX_TABLES, "tables", parts),
        (sum(map(text.count, ",=[{")), MAX_VALUES, "values, lists and tables", lists),
    ):
        if count > limit:
            yield f"{count:,} {what}, expected at most {limit:,}", hint


def _is_extreme(table: Mapping[str, Any]) -> bool:
    """Return whether a number has more than 64 bits, or tables stand in tables without end."""
    level: list[Any] = [table]
    for _ in range(MAX_DEPTH):
        values = [v for one in level for v in (one.values() if isinstance(one, dict) else one)]
        if any(isinstance(value, int) and not _is_short(value) for value in values):
            return True
        level = [value for value in values if isinstance(value, dict | list)]
    return bool(level)


def _is_short(number: int) -> bool:
    return -(1 << 63) <= number < 1 << 63


def _find_extremes(table: Mapping[str, Any], place: Place, findings: Findings) -> None:
    """Note what `_is_extreme` saw."""
    waiting: list[tuple[Place, Any]] = [(place, table)]
    while waiting:
        at, value = waiting.pop()
        if isinstance(value, int) and not _is_short(value):
            findings.add(at, _TOO_LARGE)
        elif isinstance(value, dict | list) and len(at.key) >= MAX_DEPTH:
            findings.add_name(Place(at.document, at.key[:1]), "nested too deeply")
        elif isinstance(value, dict | list):
            steps = value if isinstance(value, dict) else range(len(value))
            waiting += [(at / step, value[step]) for step in steps]


def read_definition(
    kind: type[T], path: str, text: str, *, error: type[BlockcError] = DefinitionError
) -> T:
    """Return `text` as a `kind`.

    Args:
        kind: A `Table`.
        path: The name of the file, for messages only.
        text: TOML.
        error: What each mistake is raised as.

    Raises:
        Mistakes: All that is wrong, each with line, column and caret.
    """
    document = TomlDocument(path, text)
    findings = Findings(error)
    value = from_table(kind, document.table(error), Place(document), findings)
    findings.require_none()
    return value


def from_table(kind: type[T], table: Mapping[str, Any], place: Place, findings: Findings) -> T:
    """Return `table` as a `kind`, with what is wrong noted and left out.

    A missing or mistyped value becomes the empty one of its type, so that the rest can be checked
    in the same run. The result is worth nothing unless `findings.require_none()` passes.
    """
    try:
        return msgspec.convert(table, kind, dec_hook=_when)
    except msgspec.ValidationError:
        from blockc.tomlio.repair import repaired

        return msgspec.convert(repaired(kind, table, place, findings), kind, dec_hook=_when)


def _when(kind: type, value: Any) -> When:
    """Return a day or an instant; it is the only type that msgspec does not know itself."""
    if kind is not When or not isinstance(value, date):
        raise TypeError(f"expected {WHEN_WORDS}")
    return When(value)


def json_schema(kind: type[Table], *, identity: str, title: str) -> dict[str, Any]:
    """Return the JSON Schema of `kind`, with which editors complete and check the file."""
    schema = msgspec.json.schema(kind, schema_hook=lambda _: _WHEN_SCHEMA)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": identity,
        "title": title,
        **schema,
    }


_WHEN_SCHEMA = {
    "anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]
}


def _reading_order(mistake: BlockcError) -> tuple[str, int, int, str]:
    at = mistake.at or Location("")
    return (at.path, at.line, at.column, mistake.message)
