"""The table `[rows]` of a definition, whose types are right, as options, with every mistake."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from blockc.addresses.family import FAMILIES, Family
from blockc.addresses.lines import Commas
from blockc.formats.parsing.format_options import ADDRESS_COLUMNS, COUNTRY, TAG, End, FormatOptions
from blockc.formats.parsing.json_paths import Path, parse_path
from blockc.formats.parsing.tags import ASN, COUNTRIES, is_as_number
from blockc.values import replace

Key = tuple[str | int, ...]
_NAMES = {family.name: family for family in FAMILIES}
_SEPARATORS = {"tab": "\t", "\\t": "\t"}
_COMMAS = (",", ";", "|")
_WIDEST = {"ipv4": 32, "ipv6": 64}
_WAYS = (
    {"prefix"},
    {"prefix", "length"},
    {"start", "last"},
)


class RowsMistake(NamedTuple):
    """Something wrong in a definition.

    Attributes:
        key: Where, from the top of the file.
        name: It is the key itself that is wrong, not its value.
        missing: The key is not there.
    """

    key: Key
    message: str
    hint: str = ""
    name: bool = False
    missing: bool = False


@dataclass(slots=True)
class _Reading:
    """A form in the making, and what is wrong so far."""

    form: FormatOptions
    wrong: list[RowsMistake] = field(default_factory=list)

    def add(self, key: Key, message: str, hint: str = "") -> None:
        self.wrong.append(RowsMistake(("rows", *key), message, hint))

    def set(self, **values: Any) -> None:
        self.form = replace(self.form, **values)


def form_of_rows(
    base: FormatOptions, rows: Mapping[str, Any]
) -> tuple[FormatOptions, list[RowsMistake]]:
    """Return `base` with what `rows` says, and everything that is wrong with it."""
    reading = _Reading(base)
    for key, value in rows.items():
        _KEYS[key](reading, value)
    _check_tags(reading)
    return reading.form, reading.wrong


def tag_names(form: FormatOptions) -> frozenset[str]:
    """Return what a form calls its rows."""
    columns = form.columns
    names = columns.keys() if isinstance(columns, Mapping) else columns
    return frozenset({*names, *form.tags, *form.labels} - {"", *ADDRESS_COLUMNS})


def _read_widest(reading: _Reading, value: Mapping[str, int]) -> None:
    widest: dict[Family, int] = dict(reading.form.widest)
    for name, length in value.items():
        if not 0 <= length <= _WIDEST[name]:
            said = f"expected 0 to {_WIDEST[name]}, found {length}"
            reading.add(("widest_prefix", name), said)
        widest[_NAMES[name]] = length
    reading.set(widest=widest)


def _read_labels(reading: _Reading, value: Mapping[str, str]) -> None:
    for name, text in value.items():
        if name in COUNTRIES and not COUNTRY.fullmatch(text):
            reading.add(("labels", name), f"{text!r} is no country code", "expected such as DE")
        if name == ASN and not is_as_number(text):
            reading.add(("labels", name), f"{text!r} is no AS number", "expected such as 64500")
        if not text.strip() or text != text.strip():
            reading.add(("labels", name), "a label is a text without blanks around it")
    reading.set(labels=dict(value))


def _read_columns(reading: _Reading, value: list[str] | Mapping[str, str]) -> None:
    columns = dict(value) if isinstance(value, Mapping) else tuple(value)
    names = [name for name in value if name]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        reading.add(("columns",), f"two columns are called {twice[0]!r}")
    found = set(names) & set(ADDRESS_COLUMNS)
    if found not in _WAYS:
        hint = "expected prefix, prefix and length, or start and last"
        told = ", ".join(sorted(found)) or "none"
        reading.add(("columns",), f"no columns of addresses: {told}", hint)
    reading.set(columns=columns)


def _read_separator(reading: _Reading, value: str) -> None:
    separator = _SEPARATORS.get(value, value)
    if len(separator) != 1 or separator in '"\r\n' or separator.isalnum():
        reading.add(("separator",), f"{value!r} separates nothing", 'expected such as "," or "tab"')
        separator = ","
    reading.set(separator=separator)


def _read_comment(reading: _Reading, value: str) -> None:
    if len(value) > 1 or value.isalnum():
        reading.add(("comment",), f"{value!r} begins no comment", 'expected such as "#" or ""')
    reading.set(comment=value)


def _read_comma(name: str) -> Callable[[_Reading, str], None]:
    """Return what reads the mark between the ends of a range, or between addresses."""

    def read(reading: _Reading, value: str) -> None:
        if value not in _COMMAS:
            reading.add((name,), f"{value!r} separates no addresses", 'expected such as ","')
        commas = replace(reading.form.commas or Commas(), **{name: value})
        if commas.range == commas.split:
            reading.add((name,), f"{value!r} cannot both join a range and separate entries")
        reading.set(commas=commas)

    return read


def _read_prefix(reading: _Reading, value: str | list[str]) -> None:
    texts = [value] if isinstance(value, str) else value
    paths = []
    for number, text in enumerate(texts):
        key: Key = ("prefix",) if isinstance(value, str) else ("prefix", number)
        path = _path(reading, key, text)
        if path and (path.named or any("*" in step.keys for step in path.steps)):
            reading.add(key, f"{text!r} leads to no prefix", "`*` and `~` are for tags")
        elif path:
            paths.append(path)
    if not texts:
        reading.add(("prefix",), "no path to the prefixes")
    reading.set(prefixes=tuple(paths))


def _read_tags(reading: _Reading, value: Mapping[str, str]) -> None:
    paths = {name: _path(reading, ("tags", name), text) for name, text in value.items()}
    reading.set(tags={name: path for name, path in paths.items() if path})


def _read_end(reading: _Reading, value: Mapping[str, str]) -> None:
    reading.set(end=End(**value))


def _path(reading: _Reading, key: Key, text: str) -> Path | None:
    try:
        return parse_path(text)
    except ValueError as reason:
        reading.add(key, str(reason), "expected such as prefixes[].ip_prefix")
    return None


def _read_top(name: str) -> Callable[[_Reading, str], None]:
    """Return what reads a path to one text of the whole file."""

    def read(reading: _Reading, value: str) -> None:
        path = _path(reading, (name,), value)
        if path and (path.named or any(step.each or "*" in step.keys for step in path.steps)):
            reading.add((name,), f"{value!r} does not lead to one text")
        reading.set(**{name: path})

    return read


def _check_tags(reading: _Reading) -> None:
    """Note the tags that cannot be selected, or that no row would have."""
    form = reading.form
    for table in ("columns", "tags", "labels"):
        names = getattr(form, table)
        for name in names if isinstance(names, Mapping) else filter(None, names):
            if not TAG.fullmatch(name):
                said = f"{name!r} is no name of a tag"
                hint = "lower-case letters, digits, - and _, a letter first"
                key = ("rows", table, name) if isinstance(names, Mapping) else ("rows", table)
                reading.wrong.append(RowsMistake(key, said, hint, name=len(key) == 3))
    for name in sorted(form.labels.keys() & (tag_names(replace(form, labels={})))):
        reading.add(("labels", name), f"the tag {name!r} is told by the rows, too")
    for name, tag in form.tags.items():
        if not form.prefixes and (tag.named or any("*" in step.keys for step in tag.steps)):
            reading.add(("tags", name), f"{str(tag)!r} leads to no text", "name its keys")
        for path in form.prefixes:
            if not _leads_on(tag, path):
                said = f"{str(tag)!r} does not go the way of the prefix {str(path)!r}"
                reading.add(("tags", name), said, "begin both paths with the same steps")
                break


def _leads_on(tag: Path, path: Path) -> bool:
    """Return whether a tag says one thing for a prefix: it parts from its way before any list."""
    shared = tag.shared(path)
    rest = tag.steps[shared:]
    lost = any("*" in step.keys for step in rest) or (tag.named and bool(rest))
    return not lost and not (shared == 0 and any(step.each for step in rest))


def _simple(name: str, change: Callable[[Any], Any]) -> Callable[[_Reading, Any], None]:
    """Return what sets one field of the form to what `change` makes of a value."""

    def read(reading: _Reading, value: Any) -> None:
        reading.set(**{name: change(value)})

    return read


_KEYS: Mapping[str, Callable[[_Reading, Any], None]] = {
    "bad_rows": _simple("skip_wrong", lambda value: value == "skip"),
    "columns": _read_columns,
    "comment": _read_comment,
    "date": _read_top("date"),
    "empty": _simple("empty", tuple),
    "end": _read_end,
    "family": _simple("family", _NAMES.__getitem__),
    "final_newline": _simple("newline_optional", lambda value: value == "optional"),
    "host_bits": _simple("truncate", lambda value: value == "clear"),
    "labels": _read_labels,
    "overlap": _simple("narrowest", lambda value: value == "narrowest"),
    "prefix": _read_prefix,
    "quotes": _simple("quotes", bool),
    "range": _read_comma("range"),
    "separator": _read_separator,
    "serial": _read_top("serial"),
    "special": _simple("keep_special", lambda value: value == "keep"),
    "split": _read_comma("split"),
    "tags": _read_tags,
    "widest_prefix": _read_widest,
}
