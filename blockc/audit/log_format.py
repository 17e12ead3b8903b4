"""A format of access logs as data: how a line is cut into named fields, and what tells it apart.

A format is one TOML file, shipped in `log-formats/` or an operator's own. There are four kinds:

* `words`: a line of words with one space between them, some in quotes. `{name}` stands for a word,
  `"{name}"` for one in quotes, `{name+1}` for a word and the next one, `{}` for a word that nobody
  asks for, and `{*}` at the end for whatever follows.
* `pattern`: a regular expression with named groups, for what is not words.
* `json`: a JSON object on each line; fields are JSON pointers (RFC 6901).
* `columns`: separated values whose names stand in a line of the file.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any, Literal

from blockc.errors import DefinitionError
from blockc.tomlio.tables import Findings, Place, Table, TomlDocument, from_table, table_field
from blockc.tomlio.when import When
from blockc.values import Value, field

#: What a line can say. `client` is who connected, `forwarded` what a proxy wrote about the client.
FIELDS = (
    "client", "forwarded", "time", "host", "request", "url", "path", "query", "status", "bytes",
    "user", "agent",
)  # fmt: skip
#: How a time may be written besides by a pattern. `epoch` is since 1970, in seconds, milli-, micro-
#: or nanoseconds: its size says which.
TIMES = ("iso", "epoch")
_WORD = re.compile(r'(?P<quote>"?)\{(?P<name>[a-z_]*|\*)(?:\+(?P<more>[0-9]))?\}(?P=quote)')
_SAMPLE_LINES = 50


class HeadersTable(Table):
    """Where the headers of a request stand: by name, or in a list of names and values."""

    name: str = ""
    list: str = ""


class LogFormatTable(Table):
    """The keys of a format file."""

    title: str
    reference: str
    read_on: When
    kind: Literal["words", "pattern", "json", "columns"]
    time: tuple[str, ...]
    lines: tuple[str, ...] = ()
    pattern: str = ""
    marks: tuple[str, ...] = ()
    separator: str = ""
    header: str = ""
    quoted: bool = False
    utc: bool = False
    last_of: tuple[str, ...] = ()
    fields: dict[str, tuple[str, ...]] = table_field(default_factory=dict)
    headers: HeadersTable = HeadersTable()


class Word(Value):
    """A word of a line: `name` is empty where nobody asks for it; `more` words belong to it."""

    name: str
    quoted: bool = False
    more: int = 0
    literal: str = ""


class WordLine(Value):
    """A form that a line of words may have. `open_end`: anything may follow."""

    words: tuple[Word, ...]
    open_end: bool = False

    def pattern(self, *, strict: bool) -> str:
        """Return the regular expression of the whole line.

        Args:
            strict: Of lines that can be cut at spaces and quotes alone: without escapes, and
                without groups. Else escapes are understood, and fields are named groups.
        """
        parts = [_pattern_of(word, strict=strict) for word in self.words]
        end = r"(?: .*)?" if self.open_end else " ?"
        return " ".join(parts) + end + r"[\r\n]*"

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of its fields."""
        return tuple(word.name for word in self.words if word.name)


def _pattern_of(word: Word, *, strict: bool) -> str:
    if word.literal:
        return re.escape(word.literal)
    if word.quoted:
        inner = r'[^"\\]*' if strict else r'(?:[^"\\]|\\.)*'
    else:
        # A backslash may be anywhere; a quote within a word would be taken for the begin of one.
        inner = " ".join([r'[^ "\r\n]+'] * (word.more + 1))
    named = inner if strict or not word.name else f"(?P<{word.name}>{inner})"
    return f'"{named}"' if word.quoted else named


class LogFormat(Value):
    """A format of access logs.

    Attributes:
        times: How its times may be written: patterns of strptime, or a word of `TIMES`.
        utc: Times without an offset are UTC, whatever zone the operator names.
        last_of: Fields that hold a list with commas, of which the last one counts.
        fields: Field -> JSON pointers or names of columns, of which the first that is there counts;
            `a+b` is two columns with a space between them.
        header: What the line with the names of the columns begins with; empty: it is the first.
    """

    name: str
    title: str
    reference: str
    kind: str
    times: tuple[str, ...]
    lines: tuple[WordLine, ...] = ()
    pattern: str = ""
    marks: tuple[str, ...] = ()
    separator: str = ""
    header: str = ""
    quoted: bool = False
    utc: bool = False
    last_of: tuple[str, ...] = ()
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    header_name: str = ""
    header_list: str = ""

    def columns_in(self, line: str) -> tuple[str, ...]:
        """Return the names of columns that a line gives; none if it is not such a line."""
        text = line.rstrip("\r\n")
        if self.kind != "columns" or not text.startswith(self.header):
            return ()
        text = text.removeprefix("\ufeff").removeprefix(self.header)
        names = text.split() if self.header else text.split(self.separator)
        return tuple(name.strip().strip('"') for name in names)

    def share(self, lines: Sequence[str]) -> float:
        """Return the share of the first lines of a file that are of this format."""
        shown = [line.rstrip("\r\n") for line in lines[:_SAMPLE_LINES]]
        shown = [line for line in shown if line]
        if self.kind == "columns":
            return self._share_of_columns(shown)
        found = [self._fits(line) for line in shown if not line.startswith("#")]
        return sum(found) / len(found) if found else 0.0

    def _share_of_columns(self, lines: Sequence[str]) -> float:
        names = next(filter(None, map(self.columns_in, lines)), ())
        known = {name.lower() for name in names}
        if not known & {name.lower() for name in self.fields.get("client", ())}:
            return 0.0
        rows = [line for line in lines if not line.startswith("#")]
        rows = rows if self.header else rows[1:]
        fit = [self.quoted or len(line.split(self.separator)) == len(names) for line in rows]
        return sum(fit) / len(fit) if fit else 0.5

    def _fits(self, line: str) -> bool:
        if self.kind == "json":
            return self._fits_json(line)
        patterns = [self.pattern] if self.pattern else [w.pattern(strict=False) for w in self.lines]
        return any(re.fullmatch(pattern, line) for pattern in patterns)

    def _fits_json(self, line: str) -> bool:
        try:
            value = json.loads(line) if line.startswith("{") else None
        except (ValueError, RecursionError):
            return False
        wanted = self.marks or self.fields["client"]
        there = [_at(value, pointer) is not None for pointer in wanted]
        return all(there) if self.marks else any(there)


def _at(value: Any, pointer: str) -> Any:
    """Return what a JSON pointer names, or None."""
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, dict):
            value = value.get(key)
        else:
            return None
    return value


def read_log_format(path: str, text: str) -> LogFormat:
    """Return the format that a file describes; the stem of the file is its name.

    Raises:
        Mistakes: All that is wrong with it, each with its place.
    """
    document, findings = TomlDocument(path, text), Findings(DefinitionError)
    table = from_table(LogFormatTable, document.table(), Place(document), findings)
    findings.require_none()
    place = Place(document)
    lines = tuple(
        _word_line(one, place / "lines" / n, findings) for n, one in enumerate(table.lines)
    )
    _check(table, lines, place, findings)
    findings.require_none()
    return LogFormat(
        name=PurePath(path).stem,
        title=table.title,
        reference=table.reference,
        kind=table.kind,
        times=table.time,
        lines=lines,
        pattern=table.pattern,
        marks=table.marks,
        separator=table.separator,
        header=table.header,
        quoted=table.quoted,
        utc=table.utc,
        last_of=table.last_of,
        fields=table.fields,
        header_name=table.headers.name,
        header_list=table.headers.list,
    )


def _check(
    table: LogFormatTable, lines: Sequence[WordLine], place: Place, findings: Findings
) -> None:
    """Note what types cannot say: that the key of its kind is there, and a client in each line."""
    needed = {"words": "lines", "pattern": "pattern", "json": "fields", "columns": "separator"}
    if not getattr(table, needed[table.kind]):
        findings.add_missing(place / needed[table.kind])
    for name in table.fields:
        if name not in FIELDS:
            hint = f"expected one of {', '.join(FIELDS)}"
            findings.add_name(place / "fields" / name, f"no field {name!r}", hint=hint)
    for n, way in enumerate(table.time):
        if way not in TIMES and "%" not in way:
            hint = f"write a pattern of strptime, or {' or '.join(TIMES)}"
            findings.add(place / "time" / n, f"{way!r} says no time", hint=hint)
    named = [one.names for one in lines] or [tuple(table.fields)]
    if table.pattern:
        try:
            named = [tuple(re.compile(table.pattern).groupindex)]
        except re.error as reason:
            findings.add(place / "pattern", f"not a regular expression: {reason}")
    if not all("client" in names for names in named):
        findings.add(place / "kind", "no field `client`, so nobody knows who asked")


def _word_line(text: str, place: Place, findings: Findings) -> WordLine:
    return WordLine(
        tuple(word for word in _words(text, place, findings) if word.name != "*"),
        open_end=text.endswith("{*}"),
    )


def _words(text: str, place: Place, findings: Findings) -> Iterator[Word]:
    for part in text.split(" "):
        found = _WORD.fullmatch(part)
        if found is None and re.search(r'[{}"]', part):
            findings.add(
                place, f"{part!r} is not a word of a line", hint='write {name} or "{name}"'
            )
        elif found is None:
            yield Word("", literal=part)
        else:
            yield Word(found["name"], bool(found["quote"]), int(found["more"] or 0))


def detect(formats: Sequence[LogFormat], lines: Sequence[str]) -> LogFormat | None:
    """Return the format that most of the first lines of a file are of, or None.

    Of formats that fit alike it is the first, and one with `marks` before one without.
    """
    ranked = [(one.share(lines), bool(one.marks), -n) for n, one in enumerate(formats)]
    best = max(ranked, default=(0.0, False, 0))
    return formats[-best[2]] if best[0] >= 0.5 else None
