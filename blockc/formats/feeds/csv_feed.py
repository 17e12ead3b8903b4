"""Feeds that are tables, such as CSV: a definition says what each column is.

A column called `prefix` holds an address, prefix, range, netmask or wildcard; `start` and `last`
are the ends of a range; `length` beside `prefix` is its length. `asn` and `country` are checked,
every other name is a tag, and an empty name a column that is not read. Of a table of AS numbers
the column `asn` alone is read; a row whose cell is empty lists none.

Geofeeds are such tables with columns of their own. Source: RFC 8805, section 2. Nested prefixes are
allowed, the narrowest counts, and one listed twice is an error; an entry that cannot be read is
left out; cells that are missing at the end are empty, and further ones are ignored. An empty
country means: do not locate this prefix. An address behind the first cell is never part of a row,
but of another one whose line break was lost: such an entry cannot be read.
"""

import re
from array import array
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from blockc.addresses import columns
from blockc.addresses.columns import Spans
from blockc.addresses.family import FAMILIES, V6, Family
from blockc.addresses.human_forms import begins_entry, without_zeros
from blockc.addresses.lines import (
    BLANKS,
    NOTHING,
    Decoded,
    decode_texts,
)
from blockc.addresses.parse import parse_range
from blockc.addresses.plain_text import TextLines, warning
from blockc.addresses.wrong_texts import MOST_SHOWN, Positions, Wrong, WrongTexts
from blockc.errors import Location, SourceSyntaxError, SourceUnfit, suggestion
from blockc.formats.feeds.feed import Feed
from blockc.formats.parsing.assembly import ParsedRows, feed_of
from blockc.formats.parsing.cells import CsvTable, Dialect
from blockc.formats.parsing.format_options import ADDRESS_COLUMNS, GEOFEED_COLUMNS, FormatOptions
from blockc.formats.parsing.tags import ASN
from blockc.values import replace

_COMMENT = re.compile(r"\s*(//|[;!%'])")  # what begins one elsewhere
_LATER_ADDRESS = re.compile(
    rb",[ \t\"]*+(?=[0-9A-Fa-f]*[.:])([0-9A-Fa-f.:/-]{2,60}+)[ \t\"]*+(?=[,\r\n])"
)
_HEADERS = ("prefix", "ip_prefix", "ip prefix", "network", "cidr", "ip", "subnet", "ip_range")


def read_csv(name: str, data: bytes, options: FormatOptions) -> Feed:
    """Read a table whose columns are those of `options`.

    Raises:
        SourceSyntaxError: At the first row that cannot be read.
        SourceUnfit: The table has other columns, or is not to be believed.
    """
    dialect = Dialect(options.separator, quotes=options.rows.quotes, comment=options.rows.comment)
    lines = TextLines.of(name, data).require_complete(optional=options.may_be_unended)
    table = CsvTable.of(lines, dialect)
    parsed = parse_table(table, options)
    if options.family == V6 and _has_numbers(table, options):
        # IPv4 may be there as the numbers of IPv4-mapped addresses.
        options = replace(options, rows=replace(options.rows, family=None))
    return feed_of(parsed, options)


def read_geofeed(name: str, data: bytes, options: FormatOptions) -> Feed:
    """Read a geofeed.

    Raises:
        SourceSyntaxError: More rows than `options` forgives cannot be read.
        SourceUnfit: The file is not a geofeed, or is not to be believed.
    """
    table = CsvTable.of(
        TextLines.of(name, data).require_complete(optional=options.may_be_unended), Dialect()
    )
    notes = []
    if len(table) and table.column(0)[0].strip().casefold() in _HEADERS:
        said = "a row of column names, which geofeeds do not have, is left out"
        notes.append(warning(table.at(0), said))
        table = table.without_header()
    parsed = _without_joined(table, parse_columns(table, GEOFEED_COLUMNS, options))
    return feed_of(replace(parsed, warnings=(*notes, *parsed.warnings)), options)


def _without_joined(table: CsvTable, parsed: ParsedRows) -> ParsedRows:
    """Return the rows without those that hold an address behind their first cell."""
    rows, texts = array("q", [-1]), dict[int, str]()
    for line, text in _later_addresses(table.lines.data):
        row = int(np.searchsorted(table.numbers, line))
        if row < len(table) and table.numbers[row] == line and row > rows[-1]:
            rows.append(row)
            if len(texts) < MOST_SHOWN:
                texts[row] = text

    def why(row: int) -> Wrong:
        said = f"{texts[row]!r} stands behind the prefix of a row, where no address belongs"
        return Wrong(row, texts[row], said, "write each prefix on a line of its own")

    if len(rows) == 1:
        return parsed
    joined = WrongTexts.of(np.frombuffer(rows, dtype=np.int64)[1:], why)
    known = parsed.decoded
    kept = {family: ~np.isin(known.positions[family], joined.positions) for family in FAMILIES}
    decoded = Decoded(
        {family: _taken(known.spans[family], np.flatnonzero(kept[family])) for family in FAMILIES},
        {family: known.positions[family][kept[family]] for family in FAMILIES},
        WrongTexts.joined([known.wrong, joined]),
    )
    return replace(parsed, decoded=decoded)


def _later_addresses(data: bytes) -> Iterator[tuple[int, str]]:
    """Yield the addresses that are a cell behind the first one of their line, which is counted."""
    line, at = 1, 0
    for found in _LATER_ADDRESS.finditer(data):
        text = found[1].decode()
        if begins_entry(text):
            line += data.count(b"\n", at, found.start())
            at = found.start()
            yield line, text


def parse_table(table: CsvTable, options: FormatOptions) -> ParsedRows:
    """Return the rows of a table whose columns are those of `options`.

    Raises:
        SourceSyntaxError: A row has more or fewer cells.
        SourceUnfit: A column is missing.
    """
    if isinstance(options.rows.columns, Mapping):
        table, places = with_header(table, options.rows.columns)
    else:
        _require_width(table, len(options.rows.columns))
        places = {name: place for place, name in enumerate(options.rows.columns) if name}
    return parse_columns(table, places, options)


def parse_columns(table: CsvTable, places: Mapping[str, int], options: FormatOptions) -> ParsedRows:
    """Return the rows of a table; `places` says where the column of each name is."""
    texts = {name: table.column(place) for name, place in places.items()}
    if options.rows.lists == "as-numbers":
        cells = [cell.strip() for cell in texts[ASN]]
        return ParsedRows(
            name=table.lines.name,
            decoded=NOTHING,
            count=len(table),
            locate=table.at,
            as_texts=["" if cell in options.rows.empty else cell for cell in cells],
        )
    return ParsedRows(
        name=table.lines.name,
        decoded=_decoded(texts, options),
        count=len(table),
        locate=table.at,
        tags={name: column for name, column in texts.items() if name not in ADDRESS_COLUMNS},
    )


def with_header(table: CsvTable, names: Mapping[str, str]) -> tuple[CsvTable, dict[str, int]]:
    """Return the rows below the first, and where in them the columns are that it heads.

    Args:
        names: What each column is called here, and its head.

    Raises:
        SourceSyntaxError: A row has more or fewer cells than the first.
        SourceUnfit: A column is missing, or its head stands over several.
    """
    if not len(table):
        raise SourceUnfit("has no rows", at=Location(table.lines.name), hint="fetch it again")
    heads = [cell.strip() for cell in table.header]
    missing = [head for head in names.values() if head not in heads]
    if missing:
        message = f"has no column {missing[0]!r}{suggestion(missing[0], heads)}"
        raise SourceUnfit(message, at=table.at(0), hint="correct columns in [rows]")
    twice = [head for head in names.values() if heads.count(head) > 1]
    if twice:
        message = f"has several columns {twice[0]!r}, of which only one would be read"
        raise SourceUnfit(message, at=table.at(0), hint="give columns by their order in [rows]")
    _require_width(table, len(heads))
    return table.without_header(), {name: heads.index(head) for name, head in names.items()}


def _require_width(table: CsvTable, width: int) -> None:
    wrong = np.flatnonzero(table.widths != width)
    if len(wrong):
        at = table.at(int(wrong[0]))
        hint = "fetch it again, or correct columns in [rows]"
        if _COMMENT.match(at.text):
            hint = "a comment begins with #, or with what comment in [rows] says: one character"
        said = f"{table.widths[wrong[0]]} cells, expected {width}"
        raise SourceSyntaxError(said, at=at, hint=hint)


def _decoded(texts: Mapping[str, Sequence[str]], options: FormatOptions) -> Decoded:
    """Return the spans of the address columns."""
    if "start" in texts:
        ends = [_numbered(texts[end], options.family) for end in ("start", "last")]
        if options.rows.leading_zeros == "decimal":
            ends = [[without_zeros(text) for text in end] for end in ends]
        return _between(*ends)
    prefixes = texts["prefix"]
    if "length" in texts:
        pairs = zip(prefixes, texts["length"], strict=True)
        prefixes = [f"{address.strip()}/{length.strip()}" for address, length in pairs]
    return decode_texts(prefixes, truncate=options.clear_host_bits, spelling=options.spelling)


def _has_numbers(table: CsvTable, options: FormatOptions) -> bool:
    """Return whether addresses are written as whole numbers, as IP2Location does."""
    columns = options.rows.columns
    place = columns.index("start") if isinstance(columns, tuple) and "start" in columns else -1
    return place >= 0 and any(text.strip().isdecimal() for text in table.column(place)[:1])


def _numbered(texts: Sequence[str], family: Family | None) -> Sequence[str]:
    """Return addresses written as whole numbers, of a `family` that is known, as addresses."""
    if family is None or not any(text.strip().isdecimal() for text in texts[:1]):
        return texts
    return [_address(text.strip(), family) for text in texts]


def _address(text: str, family: Family) -> str:
    is_number = text.isascii() and text.isdecimal() and len(text) < 40
    return family.text(int(text)) if is_number and int(text) < family.size else text


def _between(starts: Sequence[str], lasts: Sequence[str]) -> Decoded:
    """Return the ranges from each start to each last address."""
    first, second = decode_texts(starts), decode_texts(lasts)
    told = {one.position: one for one in (*second.wrong.first, *first.wrong.first)}
    spans: dict[Family, Spans] = {}
    positions: dict[Family, Positions] = {}
    for family in FAMILIES:
        places, left, right = np.intersect1d(
            first.positions[family], second.positions[family], True, True
        )
        begins, ends = columns.spans_alike(
            [_taken(first.spans[family], left), _taken(second.spans[family], right)]
        )
        single = (begins[0] == begins[1]) & (ends[0] == ends[1])
        good = single & (begins[0] <= ends[1])
        spans[family] = columns.narrow_spans(begins[0][good], ends[1][good])
        positions[family] = places[good]
    read = np.zeros(len(starts), dtype=bool)
    read[np.concatenate(list(positions.values()))] = True

    def why(place: int) -> Wrong:
        texts = starts[place].strip(BLANKS), lasts[place].strip(BLANKS)
        return told.get(place) or _no_range(place, *texts)

    return Decoded(spans, positions, WrongTexts.of(np.flatnonzero(~read), why))


def _taken(spans: Spans, chosen: Positions) -> Spans:
    return spans[0][chosen], spans[1][chosen]


def _no_range(place: int, start: str, last: str) -> Wrong:
    """Return why two texts, each of them right alone, are not a range."""
    try:
        parse_range(f"{start}-{last}")
    except ValueError as reason:
        return Wrong(place, start, str(reason), "expected the first and the last address")
    said = f"{start}-{last} has one end in ::ffff:0:0/96, which counts as IPv4, and one outside"
    return Wrong(place, start, said, "expected two addresses of one family")
