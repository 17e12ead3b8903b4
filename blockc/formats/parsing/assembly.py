"""From the texts of a file to a feed: read, name, believe, cut."""

import datetime as dt
from array import array
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.addrset import AddrSet
from blockc.addresses.columns import ALL, Column, Spans
from blockc.addresses.family import FAMILIES, Family
from blockc.addresses.lines import (
    NOTHING,
    Decoded,
    decode_texts,
    shifted,
)
from blockc.addresses.partition import Partition, paint
from blockc.addresses.wrong_texts import Positions, Wrong, WrongTexts
from blockc.errors import Location, SourceSyntaxError, SourceUnfit, printable
from blockc.formats.feeds.feed import Feed
from blockc.formats.parsing.acceptance import Locate, Rows, require_believable, require_right
from blockc.formats.parsing.format_options import FormatOptions
from blockc.formats.parsing.tags import Tags
from blockc.registries.as_numbers import parse_as_number
from blockc.values import Value, field, replace

Order = NDArray[np.intp]


class ParsedRows(Value, kw_only=True):
    """What a reader found in a file.

    Attributes:
        name: What the file is called in messages.
        decoded: Its rows as spans; positions count rows.
        count: How many rows there are, also those that could not be read.
        locate: Returns where a row stands, narrowed to a part of it.
        as_texts: The text of each row, where the file lists AS numbers.
        tags: What each row is called, by name of the tag.
        records: How many rows the file lists, if a row of the file may be several of these.
        date: The day the data describes.
        serial: The version of the data.
        warnings: What is odd about it.
    """

    name: str
    decoded: Decoded
    count: int
    locate: Locate
    as_texts: Sequence[str] = ()
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)
    records: int | None = None
    date: dt.date | None = None
    serial: str = ""
    warnings: tuple[str, ...] = ()


def decoded(texts: Sequence[str], options: FormatOptions) -> Decoded:
    """Return the spans of texts, which are of addresses unless the file lists AS numbers."""
    if options.rows.lists == "as-numbers":
        return NOTHING
    return decode_texts(texts, truncate=options.clear_host_bits, spelling=options.spelling)


def feed_of(parsed: ParsedRows, options: FormatOptions) -> Feed:
    """Return the feed that `parsed` makes.

    Raises:
        SourceSyntaxError: At the first row that cannot be read or contradicts another.
        SourceUnfit: The whole is not to be believed.
    """
    if options.rows.lists == "as-numbers":
        return _as_feed(parsed, options)
    tags = Tags.of(parsed.tags, parsed.count, options)
    rows = Rows(parsed.name, parsed.decoded.spans, parsed.decoded.positions, parsed.locate)
    wrong = WrongTexts.joined([parsed.decoded.wrong, tags.wrong])
    left_out = require_right(rows, wrong, options, parsed.count)
    rows = _without(rows, wrong.positions, parsed.count)
    listed = len(rows)
    if options.rows.overlap == "narrowest":
        rows = _cut(rows, tags)
    rows = _without(rows, np.flatnonzero(tags.untagged), parsed.count)
    dropped, oddities = require_believable(rows, options)
    feed = _tagged(rows, tags, parsed.records or listed, dropped)
    warnings = (*parsed.warnings, *left_out, *oddities)
    return replace(feed, date=parsed.date, serial=_one_line(parsed.serial), warnings=warnings)


def _as_feed(parsed: ParsedRows, options: FormatOptions) -> Feed:
    """Return a feed of AS numbers.

    Raises:
        SourceSyntaxError: At the first row that is none.
        SourceUnfit: There are none, or more than are believed.
    """
    numbers: set[int] = set()
    bad = array("q")
    for position, text in enumerate(parsed.as_texts):
        try:
            if text:
                numbers.add(parse_as_number(text.strip()))
        except ValueError:
            bad.append(position)
    wrong = WrongTexts.of(np.array(bad), lambda at: _no_number(at, parsed.as_texts[at]))
    listed = sum(map(bool, parsed.as_texts))
    rows = Rows(parsed.name, NOTHING.spans, NOTHING.positions, parsed.locate)
    left_out = require_right(rows, wrong, options, listed)
    if not (numbers or options.may_be_empty) or listed > options.max_records:
        said = f"lists {listed:,} AS numbers, at most {options.max_records:,} are believed"
        raise SourceUnfit(said if numbers else "lists no AS numbers", at=Location(parsed.name))
    return Feed(
        spans=NOTHING.spans,
        tags={},
        records=parsed.records or listed - len(wrong),
        as_numbers=tuple(sorted(numbers)),
        date=parsed.date,
        serial=_one_line(parsed.serial),
        warnings=(*parsed.warnings, *left_out),
    )


def _no_number(position: int, text: str) -> Wrong:
    try:
        parse_as_number(text.strip())
    except ValueError as reason:
        return Wrong(position, text, str(reason), "expected such as AS64500")
    raise AssertionError("a number that was not read before")


def _without(rows: Rows, positions: Positions, count: int) -> Rows:
    if not len(positions):
        return rows
    stays = np.ones(count, dtype=bool)
    stays[positions] = False
    return rows.take({family: stays[rows.positions[family]] for family in FAMILIES})


def _tagged(rows: Rows, tags: Tags, records: int, dropped: AddrSet) -> Feed:
    chosen, columns = tags.columns(rows.positions)
    spans = {
        family: (start[chosen[family]], last[chosen[family]])
        for family, (start, last) in rows.spans.items()
    }
    return Feed({family: spans[family] for family in FAMILIES}, columns, records, dropped)


def _cut(rows: Rows, tags: Tags) -> Rows:
    """Return `rows` cut so that the narrowest one counts.

    Raises:
        SourceSyntaxError: The same span is there twice with different tags.
    """
    spans, positions = {}, {}
    for family in FAMILIES:
        places = rows.positions[family]
        one, other = duplicate_spans(rows.spans[family])
        differ = np.flatnonzero(tags.differ(places[one], places[other]))
        if len(differ):
            first, second = (int(places[end[differ[0]]]) for end in (one, other))
            raise SourceSyntaxError(
                f"listed twice, first as {tags.described(first)} in line "
                f"{rows.locate(first, '').line:,}, then as {tags.described(second)}",
                at=rows.locate(second, ""),
                hint="fetch it again, or tell its publisher",
            )
        last_ones = np.ones(len(places), dtype=bool)
        last_ones[one] = False  # of rows with one span the last counts
        start, last = rows.spans[family]
        spans[family], order = narrowest_rows(family, (start[last_ones], last[last_ones]))
        positions[family] = places[last_ones][order]
    return Rows(rows.name, spans, positions, rows.locate)


def concatenated(parts: Sequence[ParsedRows]) -> ParsedRows:
    """Return the rows of all `parts`, which have the same tags, one after the other."""
    first = np.cumsum([0, *(parsed.count for parsed in parts)])
    decoded = shifted(
        [(parsed.decoded, int(at)) for parsed, at in zip(parts, first[:-1], strict=True)]
    )

    def locate(position: int, part: str) -> Location:
        of = int(np.searchsorted(first, position, side="right")) - 1
        return parts[of].locate(position - int(first[of]), part)

    return ParsedRows(
        name=parts[0].name,
        decoded=decoded,
        count=int(first[-1]),
        locate=locate,
        tags={name: [t for d in parts for t in d.tags[name]] for name in parts[0].tags},
        warnings=tuple(text for parsed in parts for text in parsed.warnings),
    )


def _one_line(text: str) -> str:
    return printable(text.strip())[:100]


def nowhere(name: str) -> Locate:
    """Return what knows only the name of the file, for formats without lines."""
    return lambda _position, _part: Location(name)


def narrowest_rows(family: Family, spans: Spans) -> tuple[Spans, Order]:
    """Return disjoint spans in address order, and for each the row of `spans` it is a part of.

    Of two rows of one size that overlap the later one counts.

    Cost: O(n log n) for n rows.
    """
    order = _widest_first(*spans)
    start, last = (end[order] for end in spans)
    background = Partition.filled(family, np.int32(0))
    labels = np.arange(1, len(order) + 1, dtype=np.int32)
    picture = paint(background, [(start, last, labels)])
    seen = picture.labels > 0
    runs = columns.narrow_spans(*columns.spans_alike([picture.runs(seen)])[0])
    return runs, order[picture.labels[seen] - 1]


def duplicate_spans(spans: Spans) -> tuple[Order, Order]:
    """Return pairs of rows with the same span, the first of which comes first."""
    order = np.lexsort(spans[::-1])
    start, last = (end[order] for end in spans)
    same = (start[1:] == start[:-1]) & (last[1:] == last[:-1])
    return order[:-1][same], order[1:][same]


def _widest_first(start: Column, last: Column) -> Order:
    """Return the rows by size, the widest first; those of one size in their own order."""
    if not columns.is_wide(start):
        return np.argsort(~(last - start), kind="stable")
    (start_high, start_low), (last_high, last_low) = columns.split(start), columns.split(last)
    borrow = (last_low < start_low).astype(np.uint64)
    high, low = last_high - start_high - borrow, last_low - start_low
    return np.lexsort((ALL - low, ALL - high))
