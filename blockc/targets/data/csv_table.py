"""CSV: a network and what is said of it per row, for data frames, databases and ClickHouse.

The columns: `network`, a prefix; `verdict`, or `country` of the country map; and `list`, which
begins with SAMPLE DATA where the list is made from the sample. No cell needs quotes, and none
begins with a character by which a spreadsheet takes it for a formula. Entries are disjoint.

ClickHouse looks networks up in a dictionary of the layout IP_TRIE, which the second file makes. It
keeps IPv4 in the IPv4-mapped space of IPv6, so IPv6 has no entries there.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import PurePosixPath

from blockc.addresses import FAMILIES, MAPPED
from blockc.addresses.rules import Match, without_space
from blockc.errors import SourceSyntaxError
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import ExtraFile, File
from blockc.targets.core.target import Deployment, EntryForm, Layout, Maturity, Reference, Target
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import ACTIONS, COUNTRY_CODES, ContentKind, Vocabulary
from blockc.targets.syntax.addresses import decode_rules, require_disjoint
from blockc.targets.syntax.delimited import DelimitedGrammar
from blockc.targets.syntax.reading import Found, Ordered, Reading, decoded, each
from blockc.targets.syntax.tokens import Text
from blockc.values import replace

_GRAMMAR = DelimitedGrammar("a reader of CSV", 3)
_ACTIONS = Vocabulary(ACTIONS)
_KINDS = {
    ContentKind.LIST: _ACTIONS,
    ContentKind.VERDICTS: _ACTIONS,
    ContentKind.COUNTRIES: COUNTRY_CODES,
}
_COLUMNS = {"verdict": _ACTIONS, "country": COUNTRY_CODES}
_DICTIONARY = re.compile(
    r"""(?:--\ [^\n]*\n)*+
    CREATE\ OR\ REPLACE\ DICTIONARY\ (?P<name>[a-z][a-z0-9_]*)\ \(\n
    \ \ \ \ network\ String,\n
    \ \ \ \ (?P<column>verdict|country)\ String,\n
    \ \ \ \ list\ String\n
    \)\n
    PRIMARY\ KEY\ network\n
    SOURCE\(FILE\(path\ '(?P<path>/[\w./-]+)'\ format\ 'CSVWithNames'\)\)\n
    LAYOUT\(IP_TRIE\)\n
    LIFETIME\(MIN\ (?P<least>[0-9]+)\ MAX\ (?P<most>[0-9]+)\);\n
    """,
    re.ASCII | re.VERBOSE,
)


def read_csv(text: Text) -> Reading:
    """Return the rules of a table with the columns network, verdict or country, and list.

    Source: RFC 4180, in which a line feed ends a line as most programs write and read it.
    """
    table = _GRAMMAR.read(text)
    head = table.lines[0].split(",") if table.lines else []
    if head[:1] != ["network"] or head[2:] != ["list"] or head[1] not in _COLUMNS:
        raise table.error(0, "expected the columns network, verdict or country, and list")
    networks, words, lists = table.columns(1)
    names, labels = _COLUMNS[head[1]].read(words)

    def where(row: int, why: str) -> SourceSyntaxError:
        return table.error(1 + row, why)

    if -1 in labels:
        at = labels.index(-1)
        raise where(at, f"{words[at]!r} is not a {head[1]}")
    parts = decode_rules(text, networks, labels, where)
    require_disjoint(parts)
    column = Found("column", head[1], text.path, partial(table.error, 0))
    return Reading(parts, names, (column, *table.one_value("list", lists, 1)))


def read_with_dictionary(texts: Sequence[Text]) -> Reading:
    """Return the rules of a table, and the dictionary of ClickHouse that holds them.

    Source: the documentation of the layout and ClickHouse 26 itself, which looks an IPv4 address up
    in ::ffff:0:0/96.
    """
    table, text = read_csv(texts[0]), texts[1]
    match = _DICTIONARY.fullmatch(text.text)
    if match is None:
        raise text.error("expected a dictionary of the layout IP_TRIE over a file", 0)
    path = PurePosixPath(match["path"])
    if path.name != PurePosixPath(texts[0].path).name:
        raise text.error("this is not the file beside it", match.start("path"))
    column = {one.what: one.value for one in table.found}["column"]
    if match["column"] != column:
        raise text.error(f"the file has the column {column}", match.start("column"))
    if any(len(without_space(rules, [MAPPED])) != len(rules) for rules in table.rules.values()):
        raise texts[0].error(f"an entry holds addresses of {MAPPED}, which are IPv4", 0)
    about = {
        "ClickHouse dictionary": (match["name"], "name"),
        "folder of the table": (str(path.parent), "path"),
        "least lifetime": (int(match["least"]), "least"),
        "lifetime": (int(match["most"]), "most"),
    }
    found = [
        Found(what, value, text.path, partial(text.error, at=match.start(group)))
        for what, (value, group) in about.items()
    ]
    return replace(table, found=(*table.found, *found))


def _orders(document: Document, file: File, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    option = document.options
    if file.writer == _SQL.template:
        yield Ordered("ClickHouse dictionary", option["dictionary"], claimed=True)
        yield Ordered("folder of the table", option["folder"])
        yield Ordered("least lifetime", int(option["lifetime"]) // 2)
        yield Ordered("lifetime", option["lifetime"])
        return
    column = "country" if document.kind is ContentKind.COUNTRIES else "verdict"
    sample = "SAMPLE DATA: " if document.provenance.sample else ""
    yield Ordered("column", column)
    filled = any(part.count for part in parts)
    yield Ordered("list", sample + document.provenance.list, required=filled)


_CSV_NOTES = """\
An address is in no more than one row, and one in no row has no verdict. `verdict` is the action of
the list, `list` its name, or the names of several joined by `+`."""

#: In one transaction, and without the rows of before, which would go on blocking.
_INTO_TABLE = """\
psql -1 -v ON_ERROR_STOP=1 -c 'TRUNCATE blocked' \\
  -c '\\copy blocked from {file} csv header'"""

CSV = Target(
    name="csv",
    title="CSV, a network and its verdict or country per row",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.EITHER,
    writer="csv.csv.j2",
    ending="csv",
    reader=each(read_csv),
    orders=_orders,
    words=_KINDS,
    pypi=("duckdb",),
    maturity=Maturity.PROGRAM,
    notes=_CSV_NOTES,
    references=(Reference("https://datatracker.ietf.org/doc/rfc4180", checked="2026-11-27"),),
    deployment=Deployment(
        load=_INTO_TABLE.format(file="list.csv") + "  # as an example",
        rollback=_INTO_TABLE.format(file="PREVIOUS/list.csv"),
    ),
)

_CLICKHOUSE_NOTES = """\
Ask it with `dictGet('NAME', 'verdict', tuple(toIPv4('192.0.2.1')))`; an address that is not listed
gets the empty text. ClickHouse looks IPv4 up in ::ffff:0:0/96, so entries of IPv6 leave that space
out, and an IPv4-mapped address gets the verdict of IPv4.

ClickHouse reads the file again when it is older than `lifetime` seconds and has changed; queries
use the old entries until the new ones are there. The file must lie below `user_files_path`."""

_SQL = ExtraFile("clickhouse.dictionary.sql.j2", ".dictionary.sql", FAMILIES, names_main=True)

CLICKHOUSE = Target(
    name="clickhouse",
    title="ClickHouse dictionary of networks",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="csv.csv.j2",
    ending="csv",
    reader=decoded(read_with_dictionary),
    orders=_orders,
    words=_KINDS,
    extra_files=(_SQL,),
    options=(
        Option(
            "dictionary",
            "blockc_{word}",
            "1 to 64 lower-case letters, digits or _, a letter first",
            pattern=r"[a-z][a-z0-9_]{0,63}",
            part="_{part}",
            by_kind={ContentKind.COUNTRIES: "blockc_country"},
            about="the name of the dictionary",
        ),
        Option(
            "folder",
            "/var/lib/clickhouse/user_files",
            "the folder of the table on the server, from / on",
            pattern=r"/[\w.-]+(?:/[\w.-]+){0,9}",
            about="where ClickHouse finds the table",
        ),
        Option(
            "lifetime",
            300,
            "1 to 86400 seconds",
            within=range(1, 86401),
            about="after how many seconds ClickHouse looks for a new file",
        ),
    ),
    adapt=partial(without_space, space=(MAPPED,)),
    never_consulted=(MAPPED,),
    pypi=("chdb",),
    maturity=Maturity.PROGRAM,
    notes=_CLICKHOUSE_NOTES,
    references=(
        Reference(
            "https://clickhouse.com/docs/sql-reference/statements/create/dictionary/layouts/ip-trie",
            checked="2026-11-27",
        ),
    ),
    deployment=Deployment(
        load="""\
cp list.csv /var/lib/clickhouse/user_files/list.csv.new
mv /var/lib/clickhouse/user_files/list.csv.new /var/lib/clickhouse/user_files/list.csv
clickhouse-client --queries-file list.dictionary.sql  # once, and when that file changes""",
        rollback="""\
cp PREVIOUS/list.csv /var/lib/clickhouse/user_files/list.csv.new
mv /var/lib/clickhouse/user_files/list.csv.new /var/lib/clickhouse/user_files/list.csv
clickhouse-client --query 'SYSTEM RELOAD DICTIONARY NAME'""",
    ),
)
