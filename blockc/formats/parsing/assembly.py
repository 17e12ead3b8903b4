"""From the texts of a file to a feed: read, name, believe, cut."""

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np

from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import FAMILIES
from blockc.errors import Location, SourceSyntaxError, printable
from blockc.formats.feeds.feed import Feed
from blockc.formats.parsing.acceptance import Locate, Rows, require_believable, require_right
from blockc.formats.parsing.format_options import FormatOptions
from blockc.formats.parsing.overlaps import narrowest_rows, twins
from blockc.formats.parsing.spans import Decoded, Positions, shifted
from blockc.formats.parsing.tags import Tags
from blockc.values import Value, field, replace


class ParsedRows(Value, kw_only=True):
    """What a reader found in a file.

    Attributes:
        name: What the file is called in messages.
        decoded: Its rows as spans; positions count rows.
        count: How many rows there are, also those that could not be read.
        locate: Returns where a row stands, narrowed to a part of it.
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
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)
    records: int | None = None
    date: dt.date | None = None
    serial: str = ""
    warnings: tuple[str, ...] = ()


def feed_of(draft: ParsedRows, form: FormatOptions) -> Feed:
    """Return the feed that `draft` makes.

    Raises:
        SourceSyntaxError: At the first row that cannot be read or contradicts another.
        SourceUnfit: The whole is not to be believed.
    """
    tags = Tags.of(draft.tags, draft.count, form)
    rows = Rows(draft.name, draft.decoded.spans, draft.decoded.positions, draft.locate)
    wrong = (*draft.decoded.wrong, *tags.wrong)
    said = require_right(rows, wrong, form, draft.count)
    rows = _without(rows, [one.position for one in wrong], draft.count)
    listed = len(rows)
    if form.narrowest:
        rows = _cut(rows, tags)
    rows = _without(rows, np.flatnonzero(tags.silent), draft.count)
    dropped, oddities = require_believable(rows, form)
    feed = _tagged(rows, tags, draft.records or listed, dropped)
    warnings = (*draft.warnings, *said, *oddities)
    return replace(feed, date=draft.date, serial=_one_line(draft.serial), warnings=warnings)


def _without(rows: Rows, positions: Sequence[int] | Positions, count: int) -> Rows:
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
        one, other = twins(rows.spans[family])
        differ = np.flatnonzero(tags.differ(places[one], places[other]))
        if len(differ):
            first, second = (int(places[end[differ[0]]]) for end in (one, other))
            raise SourceSyntaxError(
                f"listed twice, first as {tags.described(first)} in line "
                f"{rows.locate(first, '').line:,}, then as {tags.described(second)}",
                at=rows.locate(second, ""),
                hint="fetch it again, or tell its publisher",
            )
        spans[family], order = narrowest_rows(family, rows.spans[family])
        positions[family] = places[order]
    return Rows(rows.name, spans, positions, rows.locate)


def joined(drafts: Sequence[ParsedRows]) -> ParsedRows:
    """Return the rows of all `drafts`, which have the same tags, one after the other."""
    first = np.cumsum([0, *(draft.count for draft in drafts)])
    decoded = shifted(
        [(draft.decoded, int(at)) for draft, at in zip(drafts, first[:-1], strict=True)]
    )

    def locate(position: int, part: str) -> Location:
        of = int(np.searchsorted(first, position, side="right")) - 1
        return drafts[of].locate(position - int(first[of]), part)

    return ParsedRows(
        name=drafts[0].name,
        decoded=decoded,
        count=int(first[-1]),
        locate=locate,
        tags={name: [t for d in drafts for t in d.tags[name]] for name in drafts[0].tags},
        warnings=tuple(text for draft in drafts for text in draft.warnings),
    )


def _one_line(text: str) -> str:
    return printable(text.strip())[:100]


def nowhere(name: str) -> Locate:
    """Return what knows only the name of the file, for formats without lines."""
    return lambda _position, _part: Location(name)
