"""SQL that reads what the fields of lines say: keys, URLs, numbers and times."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from blockc.audit.line_sql import CutSql, LineLayout, columns_of, literal, table_column
from blockc.audit.log_format import FIELDS, LogFormat
from blockc.errors import UsageError
from blockc.values import replace

_KINDS_OF_SPEC = "header:NAME, query:NAME, json:PATH, column:N or user"
_YEARS = 1990, 2100  # what is before the first or not before the second is no time of a request
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_WHOLE = "[0-9]+(?:[.]0*)?"
_BEFORE_LEAP = r"regexp_replace(clock, '(:[0-5][0-9]):60([^0-9:]|$)', '\1:59\2')"


def with_source_sql(layout: LineLayout, cut: CutSql, name: str, spec: str) -> CutSql:
    """Return how lines are cut that also gives what names a key or an account.

    Args:
        name: What the field is called; it is NULL where a line does not say it.
        spec: `header:NAME`, `query:NAME`, `json:PATH`, `column:N` or the name of a field.

    Raises:
        UsageError: The format cannot say that.
    """
    kind, _, rest = spec.partition(":")
    kinds = {"header": _header, "query": _query, "json": _json, "column": _column}
    if kind in kinds and rest:
        ways = {f"{name}_{n}": way for n, way in enumerate(kinds[kind](layout, cut, rest))}
        said = ", ".join(f"nullif(nullif({way}, ''), '-')" for way in ways)
        sql = f"coalesce({said})" if ways else "NULL::VARCHAR"
        return replace(cut, before=cut.before | ways, fields=cut.fields | {name: sql})
    if spec in FIELDS:
        return replace(cut, fields=cut.fields | {name: cut.fields.get(spec, "NULL::VARCHAR")})
    raise UsageError(f"{spec!r} does not name where a key stands", hint=f"write {_KINDS_OF_SPEC}")


def _header(layout: LineLayout, cut: CutSql, name: str) -> list[str]:
    form, said = layout.format, name.lower()
    if form.header_list:
        headers = f"json_extract(line, {literal(form.header_list)})::JSON[]"
        same = f"lower(h->>'name') = {literal(said)}"
        found = f"list_filter({headers}, lambda h: {same})[1]->>'value'"
        return [f"CASE WHEN {cut.readable} THEN {found} END"]
    if not form.header_name:
        hint = "name the column or the field that holds it, or log it as JSON"
        raise UsageError(f"logs of the format {form.name} hold no header {name!r}", hint=hint)
    proper = "-".join(part.capitalize() for part in said.split("-"))
    where = form.header_name.replace("{name}", said).replace("{Name}", proper)
    if form.kind == "json":
        return [f"CASE WHEN {cut.readable} THEN json_extract_string(line, {literal(where)}) END"]
    return _column(layout, cut, where)


def _query(layout: LineLayout, cut: CutSql, name: str) -> list[str]:  # noqa: ARG001  one of several ways
    pattern = literal(rf"(?:^|[?&;]){re.escape(name)}=([^&;#]*)")
    return [
        f"CASE WHEN contains({one}, {literal(name + '=')}) "
        f"THEN regexp_extract({url}, {pattern}, 1) END"
        for one, url in _urls(cut, ("query", "url", "request", "path"))
    ]


def _json(layout: LineLayout, cut: CutSql, path: str) -> list[str]:
    if layout.format.kind != "json":
        raise UsageError(f"logs of the format {layout.format.name} are not JSON")
    pointer = path if path.startswith("/") else "/" + path.replace(".", "/")
    return [f"CASE WHEN {cut.readable} THEN json_extract_string(line, {literal(pointer)}) END"]


def _column(layout: LineLayout, cut: CutSql, which: str) -> list[str]:
    if layout.format.kind == "words" and which.isdigit():
        words = layout.format.lines[0].words
        if not 1 <= int(which) <= len(words):
            raise UsageError(f"column:{which}: a line has {len(words)} words")
        return [cut.fields.get(words[int(which) - 1].name, "NULL::VARCHAR")]
    names, said = [name.lower() for name in layout.columns], which.lower()
    at = int(which) if which.isdigit() else names.index(said) + 1 if said in names else 0
    if not 1 <= at <= len(names):
        hint = f"it has {', '.join(layout.columns)}" if names else ""
        said = f"logs of the format {layout.format.name} have no column {which!r}"
        raise UsageError(said, hint=hint)
    return [layout.cell(at)]


def url_sql(cut: CutSql) -> str:
    """Return the SQL of the URL that was asked for, without its query where that stands apart."""
    ways = [url for _, url in _urls(cut, ("path", "url", "request"))]
    return f"coalesce({', '.join(ways)})" if ways else "NULL::VARCHAR"


def _urls(cut: CutSql, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return the SQL of each text that holds the URL, or a part of it; and of that part."""
    known = [(name, cut.fields[name]) for name in names if name in cut.fields]
    return [
        (text, f"split_part({text}, ' ', 2)" if name == "request" else text) for name, text in known
    ]


def bare_path_sql(url: str) -> str:
    """Return the SQL of the path of a URL: without scheme and host, query, fragment and `;`."""
    whole = f"regexp_replace({url}, '(?s)^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*|[?#;].*$', '', 'g')"
    begin = f"regexp_extract({url}, '^[^?#;]*')"  # takes half the time
    return f"CASE WHEN contains({url}, '://') THEN {whole} ELSE {begin} END"


def path_sql(bare: str, depth: int, groups: Iterable[tuple[str, Sequence[str]]] = ()) -> str:
    """Return the SQL of what a path is counted under: the first group that holds it, or its steps.

    Args:
        bare: The path alone.
        depth: How many of its first steps are told apart.
        groups: Names, and the paths at and below which they hold.
    """
    steps = literal(f"^[^/]*/((?:[^/]*/){{0,{depth - 1}}}[^/]*)")
    rest = f"left('/' || regexp_extract({bare}, {steps}, 1), 80)" if depth else "'/'"
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


def whole_number_sql(layout: LineLayout, cut: CutSql, name: str, kind: str) -> str:
    """Return the SQL of a field as a number of a type, NULL if it is not whole and not negative.

    A cast alone would take `1e3`, `0x1f`, `-5` and `200.6`. A zero behind the point is what
    programs write that keep whole numbers as floats.
    """
    if name not in cut.fields:
        return f"NULL::{kind}"
    text = cut.fields[name]
    if _type_of(layout, name).removeprefix("U") in _INTEGERS:
        number = table_column(*columns_of(layout, name))
        return f"CASE WHEN {number} >= 0 THEN try_cast({number} AS {kind}) END"
    whole = f"regexp_full_match({text}, {literal(_WHOLE)})"
    return f"CASE WHEN {whole} THEN try_cast({text} AS {kind}) END"


def _type_of(layout: LineLayout, name: str) -> str:
    """Return the type of a field that is one column of a table; else nothing."""
    at = columns_of(layout, name)
    return layout.types[at[0] - 1] if layout.types and len(at) == 1 else ""


def with_time_sql(layout: LineLayout, cut: CutSql, zone: str = "") -> CutSql:
    """Return how lines are cut that also gives their `moment`, as a timestamp of UTC.

    A time without an offset is of the zone of the session, or UTC where its format says so. What is
    before 1990 or after 2100 is not when a request came, but a clock that is not set, or a word
    such as `infinity` that the database understands.

    Args:
        zone: That of the session, where it is known: nothing is computed for UTC.
    """
    if "time" not in cut.fields:
        return replace(cut, fields=cut.fields | {"moment": "NULL::TIMESTAMP"})
    steps = {"read_time": _kept_time(layout, zone)}
    if not steps["read_time"]:
        ways = ", ".join(_times("clock", layout.format))
        late = ", ".join(_times(_BEFORE_LEAP, layout.format))  # no cast knows a leap second
        late = f"CASE WHEN contains(clock, ':60') THEN coalesce({late}) END"
        steps = {
            "clock": f"trim({cut.fields['time']}, '[]')",
            "read_time": f"coalesce({ways}, {late})",
        }
    first, end = (f"TIMESTAMP '{year}-01-01'" for year in _YEARS)
    sane = f"CASE WHEN read_time >= {first} AND read_time < {end} THEN read_time END"
    return replace(cut, before=cut.before | steps, fields=cut.fields | {"moment": sane})


def _kept_time(layout: LineLayout, zone: str) -> str:
    """Return the SQL of the time of a table that keeps times as such, or nothing."""
    kept = _type_of(layout, "time")
    if not kept.startswith("TIMESTAMP"):
        return ""
    name = table_column(*columns_of(layout, "time"))
    is_zoned = kept.endswith("TIME ZONE")
    if zone == "UTC" and not is_zoned:
        return f"{name}::TIMESTAMP"
    zoned = name if is_zoned else f"{name}::TIMESTAMPTZ"
    return f"timezone('UTC', {zoned})"


def _times(text: str, form: LogFormat) -> Iterator[str]:
    for one in form.times:
        if one == "epoch":
            yield _epoch(f"try_cast({text} AS DOUBLE)")
        elif one == "iso":
            if form.utc:
                yield f"timezone('UTC', try_cast(rtrim({text}, 'Z') || 'Z' AS TIMESTAMPTZ))"
            yield f"timezone('UTC', try_cast({text} AS TIMESTAMPTZ))"
        else:
            read = f"try_strptime({text}, {literal(one)})"
            naive = "%z" not in one and not form.utc
            yield read if form.utc else f"timezone('UTC', {read}{'::TIMESTAMPTZ' * naive})"


def _epoch(number: str) -> str:
    """Return the SQL of a time that is counted from 1970 on, whose size says its unit."""
    first, end = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in _YEARS)
    whens = (
        f"WHEN {number} >= {first * unit:.0f} AND {number} < {end * unit:.0f} "
        f"THEN make_timestamp(CAST({number} * {1_000_000 / unit!r} AS BIGINT))"
        for unit in (1, 1000, 1_000_000, 1_000_000_000)
    )
    return f"CASE {' '.join(whens)} END"
