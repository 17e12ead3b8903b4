"""SQL: two tables of address ranges, filled anew in one transaction.

Portable: SQLite, PostgreSQL, MySQL and DuckDB read the file as it is. An IPv4 address is a number;
one of IPv6 is its 32 hexadecimal digits, which sort as the addresses do in every database and need
no type that only some have. The rows are replaced and not the tables, so that their grants, views
and indexes stay and a reader sees all of the old rows or all of the new ones.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from blockc.addresses import V4, V6, Family, columns
from blockc.addresses.rules import Match, Rules
from blockc.errors import SourceSyntaxError
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.target import Deployment, EntryForm, Layout, Maturity, Reference, Target
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import ACTIONS, COUNTRY_CODES, ContentKind, Vocabulary
from blockc.targets.syntax.addresses import require_disjoint
from blockc.targets.syntax.reading import Found, Ordered, Part, Reading, decoded
from blockc.targets.syntax.tokens import Text

_EMPTY = "DELETE FROM"
_ROWS_AT_ONCE = 1000  # SQLite takes a million characters in a statement, MySQL 16 MB
_ACTIONS = Vocabulary(ACTIONS)
_COLUMNS = {"verdict": _ACTIONS, "country": COUNTRY_CODES}
_TYPES = {V4: "BIGINT", V6: "CHAR(32)"}
_COMMENT = re.compile(r"^[ \t]*--[^\n]*$", re.MULTILINE)
_ROW = {
    V4: r"\(([0-9]{1,10}), ([0-9]{1,10}), '([A-Za-z]+)'\)",
    V6: r"\('([0-9a-f]{32})', '([0-9a-f]{32})', '([A-Za-z]+)'\)",
}
_ROWS = {family: re.compile(rf"{row}(?:,\s*+{row})*+") for family, row in _ROW.items()}


def write_sql(document: Document, _: File, parts: Sequence[FamilyEntries]) -> bytes:
    """Return the file of a document."""
    column, table = _column(document.kind), document.options["table"]
    lines = [f"-- {line}" for line in document.header(list(parts))]
    for part in parts:
        kind = _TYPES[part.family]
        lines += [
            f"CREATE TABLE IF NOT EXISTS {table}_{part.name} (",
            f"    first_address {kind} NOT NULL PRIMARY KEY,",
            f"    last_address {kind} NOT NULL,",
            f"    {column} VARCHAR(16) NOT NULL",
            ");",
        ]
    lines.append("BEGIN;")
    for part in parts:
        lines.append(f"{_EMPTY} {table}_{part.name};")
        rows = list(_rows(part))
        for at in range(0, len(rows), _ROWS_AT_ONCE):
            values = ",\n".join(rows[at : at + _ROWS_AT_ONCE])
            insert = f"INSERT INTO {table}_{part.name} (first_address, last_address, {column})"
            lines.append(f"{insert} VALUES\n{values};")
    lines.append("COMMIT;\n")
    return "\n".join(lines).encode()


def _column(kind: ContentKind) -> str:
    return "country" if kind is ContentKind.COUNTRIES else "verdict"


def _rows(part: FamilyEntries) -> Iterator[str]:
    """Yield the row of each entry."""
    rules, words = part.rules, [part.words.word(name) or "" for name in part.names]
    firsts = columns.ints(rules.family, rules.start)
    lasts = columns.last_ints(rules.family, rules.last)
    spelled = "({}, {}, '{}')" if rules.family == V4 else "('{:032x}', '{:032x}', '{}')"
    for first, last, label in zip(firsts, lasts, rules.verdict.tolist(), strict=True):
        yield spelled.format(first, last, words[label])


class _Statements:
    """The statements of a file while they are read, with their positions."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self._bare = _COMMENT.sub(lambda comment: " " * len(comment[0]), text.text)
        self._at = 0

    def take(self, pattern: str, expected: str) -> tuple[int, re.Match[str]]:
        """Step over the next statement, and return where it begins and how it matches.

        Raises:
            SourceSyntaxError: If it does not match.
        """
        begin, statement = self._next()
        match = re.fullmatch(pattern, statement, re.ASCII)
        if match is None:
            raise self.error(f"expected {expected}")
        self._at = begin + len(statement) + 1
        return begin, match

    def begins_with(self, words: str) -> bool:
        """Return whether the next statement does."""
        return self._next()[1].startswith(words)

    def _next(self) -> tuple[int, str]:
        """Return the position and the words of the next statement, nothing past the last."""
        end = self._bare.find(";", self._at)
        statement = self._bare[self._at : end if end >= 0 else self._at]
        return self._at + len(statement) - len(statement.lstrip()), statement.lstrip()

    def end(self) -> None:
        """Raise SourceSyntaxError unless there is nothing more."""
        if self._bare[self._at :].strip():
            raise self.error("expected nothing after the transaction")

    def error(self, why: str) -> SourceSyntaxError:
        """Return the error to raise about the next statement."""
        return self.text.error(why, self._next()[0])


def read_sql(texts: Sequence[Text]) -> Reading:
    """Return the rules of two tables that a file makes, empties and fills in one transaction.

    What is understood is the SQL that databases have in common, written as it is here.
    """
    (text,) = texts
    script = _Statements(text)
    table, column = _tables(script, text)
    script.take("BEGIN", "BEGIN")
    parts, words = list[Part](), list[list[str]]()
    for family in text.families:
        part, said = _filled(script, f"{table.value}_{family.name}", str(column.value), family)
        parts.append(part)
        words.append(said)
    script.take("COMMIT", "COMMIT")
    script.end()
    names, labels = _COLUMNS[str(column.value)].read([word for said in words for word in said])
    labelled, begin = list[Part](), 0
    for part in parts:
        rules, own = part.rules, labels[begin : begin + len(part.rules)]
        if -1 in own:
            raise part.where(own.index(-1), f"the row says no {column.value}")
        verdict = np.array(own, np.int32)
        rules = Rules(rules.family, rules.start, rules.last, verdict)
        labelled.append(Part(rules, part.where))
        begin += len(own)
    require_disjoint(labelled)
    return Reading(tuple(labelled), names, (table, column))


def _tables(script: _Statements, text: Text) -> tuple[Found, Found]:
    """Step over the statements that make the tables; return their name and their third column."""
    found: list[tuple[Found, Found]] = []
    for family in text.families:
        kind = re.escape(_TYPES[family])
        begin, match = script.take(
            rf"CREATE TABLE IF NOT EXISTS ([a-z][a-z0-9_]*)_{family.name} \(\s+"
            rf"first_address {kind} NOT NULL PRIMARY KEY,\s+last_address {kind} NOT NULL,\s+"
            r"(verdict|country) VARCHAR\(16\) NOT NULL\s+\)",
            f"a table of {family.name} addresses",
        )
        said = ("SQL tables", match[1]), ("column", match[2])
        table, column = (
            Found(what, value, text.path, partial(text.error, at=begin)) for what, value in said
        )
        if found and found[0][1].value != column.value:
            raise column.error(f"the other table has the column {found[0][1].value}")
        if found and found[0][0].value != table.value:
            raise table.error(f"the other table begins with {found[0][0].value}")
        found.append((table, column))
    return found[0]


def _filled(script: _Statements, table: str, column: str, family: Family) -> tuple[Part, list[str]]:
    """Step over the statements that fill a table; return the ranges and the word of each row."""
    script.take(f"{_EMPTY} {table}", f"{_EMPTY} {table}")
    head = re.escape(f"INSERT INTO {table} (first_address, last_address, {column}) VALUES")
    rows = list[tuple[str, ...]]()
    places = list[int]()
    while script.begins_with("INSERT"):
        begin, match = script.take(rf"{head}\s+({_ROWS[family].pattern})", f"rows of {table}")
        for row in re.finditer(_ROW[family], match[1]):
            rows.append(row.groups())
            places.append(begin + match.start(1) + row.start())

    def where(at: int, why: str) -> SourceSyntaxError:
        return script.text.error(why, places[at])

    base = 10 if family == V4 else 16
    firsts, lasts = ([int(row[end], base) for row in rows] for end in (0, 1))
    for at, (first, last) in enumerate(zip(firsts, lasts, strict=True)):
        if last < first or last >> family.width:
            raise where(at, "a range that ends before it starts, or after the last address")
    start = np.array([n.to_bytes(16, "big") for n in firsts], columns.WIDE)
    last_ = np.array([n.to_bytes(16, "big") for n in lasts], columns.WIDE)
    spans = (
        columns.narrow_spans(start, last_)
        if family == V6
        else (np.array(firsts, np.uint64), np.array(lasts, np.uint64))
    )
    return Part(Rules.of_spans(family, *spans), where), [row[2] for row in rows]


def _orders(document: Document, _file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    yield Ordered("SQL tables", document.options["table"], claimed=True)
    yield Ordered("column", _column(document.kind))


_NOTES = """\
The tables are `TABLE_ipv4` and `TABLE_ipv6`. `first_address` and `last_address` are the ends of a
range, both of them in it: of IPv4 as a number, of IPv6 as 32 hexadecimal digits in lower case
(`ipaddress.ip_address(text).packed.hex()`). Ranges share no address, so one row decides, and the
primary key finds it:

`SELECT verdict FROM (SELECT last_address, verdict FROM TABLE_ipv4 WHERE first_address <= :a
ORDER BY first_address DESC LIMIT 1) AS nearest WHERE last_address >= :a`

All rows are replaced in one transaction. Let the client stop at the first error, as below, or it
goes on to COMMIT with what it has. In MySQL the tables must be of an engine with transactions."""

SQL = Target(
    name="sql",
    title="SQL tables of address ranges",
    match=Match.INTERVALS,
    form=EntryForm.RANGE,
    layout=Layout.TOGETHER,
    writer=write_sql,
    ending="sql",
    reader=decoded(read_sql),
    orders=_orders,
    words={
        ContentKind.LIST: _ACTIONS,
        ContentKind.VERDICTS: _ACTIONS,
        ContentKind.COUNTRIES: COUNTRY_CODES,
    },
    comment="--",
    options=(
        Option(
            "table",
            "blockc_{word}",
            "1 to 50 lower-case letters, digits or _, a letter first",
            pattern=r"[a-z][a-z0-9_]{0,49}",
            part="_{part}",
            by_kind={ContentKind.COUNTRIES: "blockc_country"},
            about="the names of the tables, before _ipv4 and _ipv6",
        ),
    ),
    pypi=("duckdb",),
    maturity=Maturity.PROGRAM,
    notes=_NOTES,
    references=(
        Reference("https://www.sqlite.org/c3ref/c_limit_attached.html", checked="2026-11-27"),
    ),
    deployment=Deployment(
        load="""\
psql -v ON_ERROR_STOP=1 -f list.sql    # PostgreSQL
sqlite3 -bail lists.db < list.sql      # SQLite
mysql lists < list.sql                 # MySQL stops by itself""",
        rollback="psql -v ON_ERROR_STOP=1 -f PREVIOUS/list.sql",
    ),
)
