"""SQL that cuts the lines of a format into fields.

A line is cut in two ways. Where a regular expression without groups says that spaces and quotes
alone can cut it, it is split at them: that is nearly every line, and takes a sixth of the time.
Every other line is matched with groups, or read with escapes.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from blockc.audit.log_format import FIELDS, LogFormat, WordLine
from blockc.errors import UsageError
from blockc.values import Value, replace

#: How names begin under which `column:N` finds words that the format itself does not name.
EXTRA = "extra"
_LAST_SECOND = 4_102_444_800  # 2100: a larger number counts another unit
_PIECE = re.compile(r"\bp([0-9]+)\[")
_KINDS_OF_SPEC = "header:NAME, query:NAME, json:PATH, column:N or user"


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
            return f"cut[{number}]"
        text = f"{table_column(number)}::VARCHAR"
        if self.types[number - 1] != "BLOB":
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
    fields = {name: f"nullif({sql}, '-')" for name, sql in found.fields.items()}
    for name in layout.format.last_of:
        fields[name] = f"trim(split_part({fields[name]}, ',', -1))"
    return replace(found, fields=fields)


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
    fields, at = {}, 1
    for name, mine in layout.format.fields.items():
        parts = ", ".join(f"cut[{at + n}]" for n in range(len(mine)))
        fields[name] = f"coalesce({parts})"
        at += len(mine)
    return CutSql({"cut": cut}, "cut IS NOT NULL", fields)


def _cut_columns(layout: LineLayout) -> CutSql:
    fields = _column_fields(layout)
    if layout.types:
        return CutSql({}, "true", fields)
    cut = f"string_split(rtrim(line, chr(13) || chr(10)), {literal(layout.format.separator)})"
    if layout.format.quoted:
        cut = f"CASE WHEN contains(line, '\"') THEN {_quoted_cells(layout)} ELSE {cut} END"
    return CutSql({"cut": cut}, f"len(cut) = {len(layout.columns)}", fields)


def _column_fields(layout: LineLayout) -> dict[str, str]:
    known = {name.lower(): n for n, name in enumerate(layout.columns, start=1)}
    fields = {}
    for name, ways in layout.format.fields.items():
        parts = [way.lower().split("+") for way in ways]
        there = [part for part in parts if all(one in known for one in part)]
        if there:
            fields[name] = " || ' ' || ".join(layout.cell(known[one]) for one in there[0])
    return fields


def _quoted_cells(layout: LineLayout) -> str:
    """Return the cells of a line by RFC 4180; a cell that holds the end of a line is not read."""
    separator = re.escape(layout.format.separator)
    cell = f'"(?:[^"]|"")*"|[^{separator}"]*'
    line = f"(rtrim(line, chr(13) || chr(10)) || {literal(layout.format.separator)})"
    whole = literal(f"(?:(?:{cell}){separator})*")
    cells = f"regexp_extract_all({line}, {literal(f'({cell}){separator}')}, 1)"
    plain = "replace(x[2:-2], '\"\"', '\"')"
    unquoted = f"list_transform({cells}, lambda x: CASE WHEN x[1] = '\"' THEN {plain} ELSE x END)"
    return f"CASE WHEN regexp_full_match({line}, {whole}) THEN {unquoted} END"


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


def source_sql(layout: LineLayout, cut: CutSql, spec: str) -> str:
    """Return the SQL of what names a key or an account, NULL where a line does not say it.

    Args:
        spec: `header:NAME`, `query:NAME`, `json:PATH`, `column:N` or the name of a field.

    Raises:
        UsageError: The format cannot say that.
    """
    kind, _, rest = spec.partition(":")
    ways = {"header": _header, "query": _query, "json": _json, "column": _column}
    if kind in ways and rest:
        return f"nullif(nullif({ways[kind](layout, cut, rest)}, ''), '-')"
    if spec in FIELDS:
        return cut.fields.get(spec, "NULL::VARCHAR")
    raise UsageError(f"{spec!r} does not name where a key stands", hint=f"write {_KINDS_OF_SPEC}")


def _header(layout: LineLayout, cut: CutSql, name: str) -> str:
    form, said = layout.format, name.lower()
    if form.header_list:
        headers = f"json_extract(line, {literal(form.header_list)})::JSON[]"
        same = f"lower(h->>'name') = {literal(said)}"
        found = f"list_filter({headers}, lambda h: {same})[1]->>'value'"
        return f"CASE WHEN {cut.readable} THEN {found} END"
    if not form.header_name:
        hint = "name the column or the field that holds it, or log it as JSON"
        raise UsageError(f"logs of the format {form.name} hold no header {name!r}", hint=hint)
    proper = "-".join(part.capitalize() for part in said.split("-"))
    where = form.header_name.replace("{name}", said).replace("{Name}", proper)
    if form.kind == "json":
        return f"CASE WHEN {cut.readable} THEN json_extract_string(line, {literal(where)}) END"
    return _column(layout, cut, where)


def _query(layout: LineLayout, cut: CutSql, name: str) -> str:  # noqa: ARG001  one of several ways
    pattern = literal(rf"(?:^|[?&;]){re.escape(name)}=([^&;#]*)")
    ways = [
        f"CASE WHEN contains({one}, {literal(name + '=')}) "
        f"THEN nullif(nullif(regexp_extract({one}, {pattern}, 1), ''), '-') END"
        for one in _urls(cut, ("query", "url", "request", "path"))
    ]
    return f"coalesce({', '.join([*ways, 'NULL::VARCHAR'])})"


def _json(layout: LineLayout, cut: CutSql, path: str) -> str:
    if layout.format.kind != "json":
        raise UsageError(f"logs of the format {layout.format.name} are not JSON")
    pointer = path if path.startswith("/") else "/" + path.replace(".", "/")
    return f"CASE WHEN {cut.readable} THEN json_extract_string(line, {literal(pointer)}) END"


def _column(layout: LineLayout, cut: CutSql, which: str) -> str:
    if layout.format.kind == "words" and which.isdigit():
        words = layout.format.lines[0].words
        if not 1 <= int(which) <= len(words):
            raise UsageError(f"column:{which}: a line has {len(words)} words")
        return cut.fields.get(words[int(which) - 1].name, "NULL::VARCHAR")
    names, said = [name.lower() for name in layout.columns], which.lower()
    at = int(which) if which.isdigit() else names.index(said) + 1 if said in names else 0
    if not 1 <= at <= len(names):
        hint = f"it has {', '.join(layout.columns)}" if names else ""
        said = f"logs of the format {layout.format.name} have no column {which!r}"
        raise UsageError(said, hint=hint)
    return layout.cell(at)


def url_sql(cut: CutSql) -> str:
    """Return the SQL of the URL that was asked for, without its query where that stands apart."""
    ways = _urls(cut, ("path", "url", "request"))
    return f"coalesce({', '.join(ways)})" if ways else "NULL::VARCHAR"


def _urls(cut: CutSql, names: Sequence[str]) -> list[str]:
    """Return the SQL of each text that holds the URL, or a part of it."""
    known = dict(cut.fields)
    if "request" in known:
        known["request"] = f"split_part({known['request']}, ' ', 2)"
    return [known[name] for name in names if name in known]


def path_sql(url: str, depth: int, groups: Iterable[tuple[str, Sequence[str]]] = ()) -> str:
    """Return the SQL of what a path is counted under: the first group that holds it, or its steps.

    The query is left out, with all that it carries.

    Args:
        depth: How many of its first steps are told apart.
        groups: Names, and the paths at and below which they hold.
    """
    bare = f"regexp_replace({url}, '^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*|[?#;].*$', '', 'g')"
    steps = f"string_split({bare}, '/')[2:{depth + 1}]"
    rest = f"left('/' || array_to_string({steps}, '/'), 80)" if depth else "'/'"
    whens = [
        f"WHEN starts_with({bare} || '/', {literal(path.rstrip('/') + '/')}) THEN {literal(name)} "
        for name, paths in groups
        for path in paths
    ]
    return f"CASE {''.join(whens)}ELSE {rest} END" if whens else rest


def agent_sql(agents: Sequence[str]) -> str:
    """Return the SQL of the first of some words that the user agent holds."""
    cases = (f"WHEN contains(agent, {literal(one)}) THEN {literal(one)}" for one in agents)
    return f"CASE {' '.join(cases)} END" if agents else "NULL::VARCHAR"


def time_sql(layout: LineLayout, cut: CutSql, zone: str = "") -> str:
    """Return the SQL of the time of a line, as a timestamp of UTC.

    A time without an offset is of the zone of the session, or UTC where its format says so.

    Args:
        zone: That of the session, where it is known: nothing is computed for UTC.
    """
    if "time" not in cut.fields:
        return "NULL::TIMESTAMP"
    if layout.types:
        kept = _kept_time(layout, zone)
        if kept:
            return kept
    text = f"trim({cut.fields['time']}, '[]')"
    return f"coalesce({', '.join(_times(text, layout.format))})"


def _kept_time(layout: LineLayout, zone: str) -> str:
    """Return the SQL of the time of a table that keeps times as such, or nothing."""
    ways = layout.format.fields["time"]
    known = {name.lower(): n for n, name in enumerate(layout.columns)}
    at = next((known[way] for way in ways if way in known), None)
    if at is None or not layout.types[at].startswith("TIMESTAMP"):
        return ""
    name = table_column(at + 1)
    is_zoned = layout.types[at].endswith("TIME ZONE")
    if zone == "UTC" and not is_zoned:
        return f"{name}::TIMESTAMP"
    zoned = name if is_zoned else f"{name}::TIMESTAMPTZ"
    return f"timezone('UTC', {zoned})"


def _times(text: str, form: LogFormat) -> Iterator[str]:
    units = {"epoch": 1, "epoch_ms": 1000, "epoch_ns": 1_000_000_000}
    for one in form.times:
        if one in units:
            number = f"try_cast({text} AS DOUBLE)"
            micros = f"CAST({number} * {1_000_000 / units[one]!r} AS BIGINT)"
            sane = f"{number} BETWEEN 0 AND {_LAST_SECOND * units[one]}"
            yield f"CASE WHEN {sane} THEN make_timestamp({micros}) END"
        elif one == "iso":
            if form.utc:
                yield f"timezone('UTC', try_cast(rtrim({text}, 'Z') || 'Z' AS TIMESTAMPTZ))"
            yield f"timezone('UTC', try_cast({text} AS TIMESTAMPTZ))"
        else:
            read = f"try_strptime({text}, {literal(one)})"
            naive = "%z" not in one and not form.utc
            yield read if form.utc else f"timezone('UTC', {read}{'::TIMESTAMPTZ' * naive})"
