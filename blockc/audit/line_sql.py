"""SQL that cuts the lines of a format into fields.

A line is cut in two ways. Where a regular expression without groups says that spaces and quotes
alone can cut it, it is split at them: that is nearly every line, and takes a sixth of the time.
Every other line is matched with groups, or read with escapes.
"""

import re
from collections.abc import Iterable, Sequence

from blockc.audit.log_format import LogFormat, WordLine
from blockc.errors import UsageError
from blockc.values import Value, replace

#: Why a line is not read that is longer than `log_files.BLOCK`.
TOO_LONG = "longer than 8 MiB"
#: How names begin under which `column:N` finds words that the format itself does not name.
EXTRA = "extra"
#: A header of several lines is a list in JSON; together they are one list (RFC 9110, 5.3).
_JOINED_HOPS = """CASE WHEN starts_with(hops, '[') AND json_valid(hops)
    THEN array_to_string(json_extract_string(hops, '$[*]'), ', ') ELSE hops END"""
_PIECE = re.compile(r"\bp([0-9]+)\[")


class LineLayout(Value):
    """A format with the columns that the file says it has, if it has columns.

    Attributes:
        types: The type of each column, where the file is a table and not text.
    """

    format: LogFormat
    columns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    def cell(self, number: int) -> str:
        """Return the SQL of a column, counted from 1, as a text."""
        if not self.types:
            is_last = number == len(self.columns)
            return _without_end(f"cut[{number}]") if is_last else f"cut[{number}]"
        text, kind = f"{table_column(number)}::VARCHAR", self.types[number - 1]
        if kind.endswith("[]"):  # a header of several lines, which together are one list
            return f"array_to_string({table_column(number)}::VARCHAR[], ', ')"
        if kind != "BLOB":
            return text
        return f"coalesce(try(decode({table_column(number)})), {text})"  # not said to be a text


def table_layout(
    form: LogFormat, described: Iterable[Sequence[str]], *, row_number: str
) -> tuple[LineLayout, str]:
    """Return the layout of a table, and what its columns are called in SQL.

    Args:
        described: The name and the type of each column.
        row_number: The name of the one that DuckDB adds, which is called `number`.
    """
    columns: list[tuple[str, str]] = []
    heads = []
    for name, kind, *_ in described:
        if name != row_number:
            columns.append((name, kind))
        heads.append("number" if name == row_number else table_column(len(columns)))
    names, types = zip(*columns, strict=True) if columns else ((), ())
    return LineLayout(form, names, types), ", ".join(heads)


class CutSql(Value):
    """How lines become fields.

    Attributes:
        before: Expressions that others use, name -> SQL, computed once for a line.
        readable: Whether the line is of the format.
        fields: Field -> SQL; NULL where the line does not say it.
    """

    before: dict[str, str]
    readable: str
    fields: dict[str, str]


def table_column(number: int) -> str:
    """Return the SQL of a column of a table, counted from 1: no name of its own means another."""
    return f"column_{number:d}"


def literal(text: str) -> str:
    """Return text as a literal of SQL.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def cut_sql(layout: LineLayout) -> CutSql:
    """Return how the lines of a layout are cut."""
    kinds = {"words": _cut_words, "pattern": _cut_pattern, "json": _cut_json}
    found = kinds.get(layout.format.kind, _cut_columns)(layout)
    found = found if layout.types else _once(found)
    fields = {name: f"nullif({sql}, '-')" for name, sql in found.fields.items()}
    for name in layout.format.last_of:
        fields[name] = f"trim(split_part({fields[name]}, ',', -1))"
    return replace(found, fields=fields)


def _once(cut: CutSql) -> CutSql:
    """Return how lines are cut, each field computed once: `nullif` would compute it twice."""
    said = {f"said_{name}": sql for name, sql in cut.fields.items()}
    fields = {name: f"said_{name}" for name in cut.fields}
    return replace(cut, before=cut.before | said, fields=fields)


def client_sql(layout: LineLayout) -> tuple[str, str]:
    """Return the SQL of who connected, and of what proxies wrote about the client.

    Raises:
        UsageError: The lines cannot say who asked.
    """
    fields = cut_sql(layout).fields
    if "client" not in fields:
        wanted = ", ".join(layout.format.fields.get("client", ()))
        raise UsageError("no column holds the client", hint=f"expected one of {wanted}")
    return fields["client"], fields.get("forwarded", "NULL::VARCHAR")


def client_cells(layout: LineLayout) -> dict[str, str]:
    """Return the columns of a table that say who the client is, and the SQL of each as a text.

    Raises:
        UsageError: No column holds the client.
    """
    client_sql(layout)
    numbers = {n for name in ("client", "forwarded") for n in columns_of(layout, name)}
    return {table_column(number): layout.cell(number) for number in sorted(numbers)}


def _cut_words(layout: LineLayout) -> CutSql:
    """Return how lines of words are cut: `form` says which of the forms a line has, and how.

    Forms are numbered from 1; a negative number is the form of a line with escapes.
    """
    lines = layout.format.lines
    names = sorted({name for line in lines for name in line.names})
    tests = [(n, line.pattern(strict=True)) for n, line in enumerate(lines, start=1)]
    tests += [(-n, line.pattern(strict=False)) for n, line in enumerate(lines, start=1)]
    whens = (f"WHEN regexp_full_match(line, {literal(p)}) THEN {n}" for n, p in tests)
    plain = {n: _split(line) for n, line in enumerate(lines, start=1)}
    grouped = {-n: _grouped(line) for n, line in enumerate(lines, start=1)}
    ways = plain | grouped
    fields = {}
    for name in names:
        cases = (f"WHEN {n} THEN {way[name]}" for n, way in ways.items() if name in way)
        fields[name] = f"(CASE form {' '.join(cases)} END)"
    used = sorted(
        {n for way in plain.values() for sql in way.values() for n in _PIECE.findall(sql)}
    )
    before = {"form": f"CASE {' '.join(whens)} END", "q": "string_split(line, '\"')"}
    before |= {f"p{n}": f"string_split(q[{2 * int(n) + 1}], ' ')" for n in used}
    return CutSql(before, "form IS NOT NULL", fields)


def _split(line: WordLine) -> dict[str, str]:
    """Return field -> SQL of a line that spaces and quotes cut."""
    found, piece, at = {}, 0, 1
    for word in line.words:
        if word.quoted:
            found[word.name] = f"q[{2 * piece + 2}]"
            piece, at = piece + 1, 2  # what follows a quote begins with a space
        else:
            parts = [f"p{piece}[{at + n}]" for n in range(word.more + 1)]
            found[word.name] = " || ' ' || ".join(parts)
            at += word.more + 1
    last = line.words[-1]
    if last.name and not last.quoted:
        found[last.name] = _without_end(found[last.name])
    found.pop("", None)
    return found


def _without_end(sql: str) -> str:
    return f"rtrim({sql}, chr(13) || chr(10))"


def _grouped(line: WordLine) -> dict[str, str]:
    """Return field -> SQL of a line with escapes."""
    groups = ", ".join(literal(name) for name in line.names)
    pattern = "^" + line.pattern(strict=False) + "$"
    extracted = f"regexp_extract(line, {literal(pattern)}, [{groups}])"
    return {name: f"{extracted}.{name}" for name in line.names}


def _cut_pattern(layout: LineLayout) -> CutSql:
    names = list(re.compile(layout.format.pattern).groupindex)
    groups = ", ".join(map(literal, names))
    pattern = literal(f"^(?:{layout.format.pattern})[\\r\\n]*$")
    before = {"cut": f"regexp_extract(line, {pattern}, [{groups}])"}
    return CutSql(before, "cut.client <> ''", {name: f"cut.{name}" for name in names})


def _cut_json(layout: LineLayout) -> CutSql:
    pointers = [p for name in layout.format.fields for p in layout.format.fields[name]]
    listed = ", ".join(map(literal, pointers))
    cut = f"CASE WHEN json_valid(line) THEN json_extract_string(line, [{listed}]) END"
    before, fields, at = {"cut": cut}, {}, 1
    for name, mine in layout.format.fields.items():
        parts = ", ".join(f"cut[{at + n}]" for n in range(len(mine)))
        fields[name] = f"coalesce({parts})"
        at += len(mine)
    if "forwarded" in fields:
        before["hops"], fields["forwarded"] = fields["forwarded"], _JOINED_HOPS
    return CutSql(before, "cut IS NOT NULL", fields)


def _cut_columns(layout: LineLayout) -> CutSql:
    fields = _column_fields(layout)
    if layout.types:
        return CutSql({}, "true", fields)
    cut = f"string_split(line, {literal(layout.format.separator)})"  # the last has the line's end
    if layout.format.quoted:
        cut = f"CASE WHEN contains(line, '\"') THEN {_quoted_cells(layout)} ELSE {cut} END"
    return CutSql({"cut": cut}, f"len(cut) = {len(layout.columns)}", fields)


def _column_fields(layout: LineLayout) -> dict[str, str]:
    fields = {}
    for name in layout.format.fields:
        if numbers := columns_of(layout, name):
            fields[name] = " || ' ' || ".join(map(layout.cell, numbers))
    return fields


def columns_of(layout: LineLayout, name: str) -> tuple[int, ...]:
    """Return the columns, counted from 1, that hold a field; none if the file does not have it."""
    known = {column.lower(): n for n, column in enumerate(layout.columns, start=1)}
    for way in layout.format.fields.get(name, ()):
        parts = way.lower().split("+")
        if all(part in known for part in parts):
            return tuple(known[part] for part in parts)
    return ()


def _quoted_cells(layout: LineLayout) -> str:
    """Return the cells of a line by RFC 4180; a cell that holds the end of a line is not read."""
    separator = re.escape(layout.format.separator)
    cell = f'(?:"(?:[^"]|"")*"|[^{separator}"]*){separator}'  # without groups it takes a third
    line = "replace(replace(line, chr(13) || chr(10), chr(10)), chr(10), @separator)"
    line = line.replace("@separator", literal(layout.format.separator))
    cells = f"regexp_extract_all({line}, {literal(cell)})"
    quoted = "replace(x[2:-3], '\"\"', '\"')"
    plain = (
        f"list_transform({cells}, lambda x: CASE WHEN x[1] = chr(34) THEN {quoted} ELSE x[:-2] END)"
    )
    return f"CASE WHEN regexp_full_match({line}, {literal(f'(?:{cell})*')}) THEN {plain} END"


def with_source(layout: LineLayout, spec: str) -> LineLayout:
    """Return a layout whose lines also give the word that `column:N` asks for."""
    kind, _, rest = spec.partition(":")
    if kind != "column" or layout.format.kind != "words" or not rest.isdigit():
        return layout
    lines = tuple(_naming(line, int(rest)) for line in layout.format.lines)
    return replace(layout, format=replace(layout.format, lines=lines))


def _naming(line: WordLine, number: int) -> WordLine:
    words = list(line.words)
    if 1 <= number <= len(words) and not words[number - 1].name:
        words[number - 1] = replace(words[number - 1], name=f"{EXTRA}{number}")
    return replace(line, words=tuple(words))
