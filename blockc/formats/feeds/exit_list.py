"""Tor's lists of exit addresses, as its scanner writes them.

Source: https://metrics.torproject.org/collector.html#exit-lists
"""

from collections.abc import Iterator
from datetime import date

from blockc.addresses.lines import decode_texts
from blockc.addresses.plain_text import TextLines, lines_one_by_one
from blockc.errors import SourceSyntaxError
from blockc.formats.feeds.feed import Feed
from blockc.formats.parsing.assembly import ParsedRows, feed_of
from blockc.formats.parsing.dates import parse_day
from blockc.formats.parsing.format_options import FormatOptions

# What a line begins with, how many words it has, and where among them its day is.
_KEYWORDS = {
    "@type": (3, 0),
    "Downloaded": (3, 1),
    "ExitNode": (2, 0),
    "Published": (3, 0),
    "LastStatus": (3, 1),
    "ExitAddress": (4, 2),
}
_MOST_WORDS = 4


def read_exit_list(name: str, data: bytes, options: FormatOptions) -> Feed:
    """Read an exit list. It is as old as the last time a relay or an exit was seen.

    Raises:
        SourceSyntaxError: At the first line that is none of an exit list.
        SourceUnfit: The list is not to be believed.
    """
    lines = TextLines.of(name, data).require_complete(optional=options.may_be_unended)
    numbers: list[int] = []
    texts: list[str] = []
    days: list[date] = []
    rows = (line.split(None, _MOST_WORDS) for line in lines_one_by_one(lines.text))
    for number, words in enumerate(rows, start=1):
        if not words:
            continue
        days += _day(lines, number, words)
        if words[0] == "ExitAddress":
            numbers.append(number)
            texts.append(words[1])
    parsed = ParsedRows(
        name=name,
        decoded=decode_texts(texts),
        count=len(texts),
        locate=lambda position, part: lines.at(numbers[position], part),
        date=max(days, default=None),
    )
    return feed_of(parsed, options)


def _day(lines: TextLines, number: int, words: list[str]) -> Iterator[date]:
    """Yield the day of a line that tells how old the list is.

    Raises:
        SourceSyntaxError: If this is not a line of an exit list.
    """
    length, place = _KEYWORDS.get(words[0], (0, 0))
    if len(words) != length:
        raise SourceSyntaxError(
            "no line of an exit list" if not length else f"expected {length} words",
            at=lines.at(number, words[0]),
            hint="expected such as `ExitAddress 192.0.2.1 2026-09-30 12:03:28`",
        )
    if place:
        try:
            yield parse_day(words[place])
        except ValueError as reason:
            raise SourceSyntaxError(str(reason), at=lines.at(number, words[place])) from None
