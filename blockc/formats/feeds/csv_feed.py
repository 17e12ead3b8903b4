"""Feeds that are tables, such as CSV: a definition says what each column is.

A column called `prefix` holds an address, prefix, range, netmask or wildcard; `start` and `last`
are the ends of a range; `length` beside `prefix` is its length. `asn` and `country` are checked,
every other name is a tag, and an empty name a column that is not read.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from blockc.addresses import columns
from blockc.addresses.columns import Spans
from blockc.addresses.family import FAMILIES, Family
from blockc.addresses.parse import parse_range
from blockc.errors import Location, SourceSyntaxError, SourceUnfit, suggestion
from blockc.formats.feeds.feed import Feed
from blockc.formats.parsing.assembly import ParsedRows, feed_of
from blockc.formats.parsing.cells import DelimitedTable, Dialect
from blockc.formats.parsing.format_options import ADDRESS_COLUMNS, FormatOptions
from blockc.formats.parsing.spans import BLANKS, Decoded, Positions, Wrong, decode_texts
from blockc.formats.parsing.text_lines import TextLines


def read_delimited(name: str, data: bytes, form: FormatOptions) -> Feed:
    """Read a table whose columns are those of `form`.

    Raises:
        SourceSyntaxError: At the first row that cannot be read.
        SourceUnfit: The table has other columns, or is not to be believed.
    """
    dialect = Dialect(form.separator, quotes=form.quotes, comment=form.comment)
    return feed_of(table_draft(DelimitedTable.of(TextLines.of(name, data), dialect), form), form)


def table_draft(table: DelimitedTable, form: FormatOptions) -> ParsedRows:
    """Return the rows of a table whose columns are those of `form`.

    Raises:
        SourceSyntaxError: A row has more or fewer cells.
        SourceUnfit: A column is missing.
    """
    if isinstance(form.columns, Mapping):
        table, places = with_heads(table, form.columns)
    else:
        _require_width(table, len(form.columns))
        places = {name: place for place, name in enumerate(form.columns) if name}
    return draft_of_columns(table, places, form)


def draft_of_columns(
    table: DelimitedTable, places: Mapping[str, int], form: FormatOptions
) -> ParsedRows:
    """Return the rows of a table; `places` says where the column of each name is."""
    texts = {name: table.column(place) for name, place in places.items()}
    return ParsedRows(
        name=table.lines.name,
        decoded=_decoded(texts, form),
        count=len(table),
        locate=table.at,
        tags={name: column for name, column in texts.items() if name not in ADDRESS_COLUMNS},
    )


def with_heads(
    table: DelimitedTable, names: Mapping[str, str]
) -> tuple[DelimitedTable, dict[str, int]]:
    """Return the rows below the first, and where in them the columns are that it heads.

    Args:
        names: What each column is called here, and its head.

    Raises:
        SourceSyntaxError: A row has more or fewer cells than the first.
        SourceUnfit: A column is missing.
    """
    if not len(table):
        raise SourceUnfit("has no rows", at=Location(table.lines.name), hint="fetch it again")
    heads = [column[0].strip() for column in table.columns[: table.widths[0]]]
    missing = [head for head in names.values() if head not in heads]
    if missing:
        said = f"has no column {missing[0]!r}{suggestion(missing[0], heads)}"
        raise SourceUnfit(said, at=table.at(0), hint="correct columns in [rows]")
    _require_width(table, len(heads))
    return table.without_head(), {name: heads.index(head) for name, head in names.items()}


def _require_width(table: DelimitedTable, width: int) -> None:
    wrong = np.flatnonzero(table.widths != width)
    if len(wrong):
        raise SourceSyntaxError(
            f"{table.widths[wrong[0]]} cells, expected {width}",
            at=table.at(int(wrong[0])),
            hint="fetch it again, or correct columns in [rows]",
        )


def _decoded(texts: Mapping[str, Sequence[str]], form: FormatOptions) -> Decoded:
    """Return the spans of the address columns."""
    if "start" in texts:
        return _between(*(_numbered(texts[end], form.family) for end in ("start", "last")))
    prefixes = texts["prefix"]
    if "length" in texts:
        pairs = zip(prefixes, texts["length"], strict=True)
        prefixes = [f"{address.strip()}/{length.strip()}" for address, length in pairs]
    return decode_texts(prefixes, truncate=form.truncate)


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
    told = {one.position: one for one in (*second.wrong, *first.wrong)}
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
    for place in np.flatnonzero(~read).tolist():
        if place not in told:
            told[place] = _no_range(place, starts[place].strip(BLANKS), lasts[place].strip(BLANKS))
    return Decoded(spans, positions, tuple(told[place] for place in sorted(told)))


def _taken(spans: Spans, chosen: Positions) -> Spans:
    return spans[0][chosen], spans[1][chosen]


def _no_range(place: int, start: str, last: str) -> Wrong:
    """Return why two texts, each of them right alone, are no range."""
    try:
        parse_range(f"{start}-{last}")
    except ValueError as reason:
        return Wrong(place, start, str(reason), "expected the first and the last address")
    raise AssertionError(f"{start}-{last} is a range")
