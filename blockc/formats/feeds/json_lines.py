"""Feeds of JSON records, one per line, of which the last may say that the file is whole.

So are the Spamhaus DROP lists: https://www.spamhaus.org/blocklists/do-not-route-or-peer/
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from blockc.addresses.plain_text import TextLines, lines_one_by_one
from blockc.errors import SourceSyntaxError, SourceUnfit
from blockc.formats.feeds.feed import Feed
from blockc.formats.feeds.json_feed import require_tags, unlisted_keys
from blockc.formats.parsing.assembly import ParsedRows, decoded, feed_of
from blockc.formats.parsing.dates import parse_day
from blockc.formats.parsing.format_options import EndTable, FormatOptions
from blockc.formats.parsing.json_paths import Missing
from blockc.formats.parsing.json_rows import JsonRows, parse_json

Record = Mapping[str, Any]


def read_json_lines(name: str, data: bytes, options: FormatOptions) -> Feed:
    """Read a file of records.

    Raises:
        SourceSyntaxError: At the first line that is not a record, or has no prefix.
        SourceUnfit: The record that ends the file is missing or counts others than there are, or
            the file is not to be believed.
    """
    lines = TextLines.of(name, data)
    lines = lines if options.rows.end else lines.require_complete(optional=options.may_be_unended)
    found = _Found(JsonRows(options.tags, options.max_records, options.rows.lists == "as-numbers"))
    for number, text in enumerate(lines_one_by_one(lines.text), start=1):
        if text.strip():
            found.add(lines, number, _record(lines, number, text), options)
    day = found.require_whole(lines, options.rows.end) if options.rows.end else None
    require_tags(name, found.rows)
    rows = found.rows
    parsed = ParsedRows(
        name=name,
        decoded=decoded(rows.texts, options),
        as_texts=rows.texts,
        count=len(rows.texts),
        locate=lambda position, part: lines.at(found.numbers[position], part),
        tags=rows.tags,
        records=rows.prefixes,
        date=day,
        warnings=unlisted_keys(name, rows),
    )
    return feed_of(parsed, options)


@dataclass(slots=True)
class _Found:
    """What was met so far: rows, the line of each, and the record that ends the file."""

    rows: JsonRows
    numbers: list[int] = field(default_factory=list)
    last: tuple[int, Record] | None = None

    def add(self, lines: TextLines, number: int, record: Record, options: FormatOptions) -> None:
        if self.last:
            message = f"a record behind the one that ends the file, in line {self.last[0]:,}"
            raise SourceSyntaxError(message, at=lines.at(number), hint="fetch it again")
        if options.rows.end and record.get(options.rows.end.key) == options.rows.end.value:
            self.last = number, record
            return
        try:
            for path in options.prefixes:
                self.rows.add(record, path)
        except Missing as reason:
            message = str(reason).replace("the file", "the record", 1)
            hint = "its publisher changed its form: correct the paths in [rows]"
            raise SourceSyntaxError(message, at=lines.at(number), hint=hint) from None
        self.numbers += [number] * (len(self.rows.texts) - len(self.numbers))

    def require_whole(self, lines: TextLines, end: EndTable) -> date | None:
        """Return the day that the last record says.

        Raises:
            SourceUnfit: It is missing, or counts other records than there are.
            SourceSyntaxError: It says no number or day where it should.
        """
        if not self.last:
            raise SourceUnfit(
                f"the record that ends the file, {end.key} = {end.value}, is missing: it was cut",
                at=lines.at(lines.data.count(b"\n")),
                hint="fetch it again",
            )
        number, record = self.last
        if end.records and record.get(end.records) != self.rows.prefixes:
            message = (
                f"counts {record.get(end.records, 'no')} records, there are {self.rows.prefixes:,}"
            )
            raise SourceUnfit(message, at=lines.at(number, end.records), hint="fetch it again")
        if not end.date:
            return None
        try:
            return parse_day(str(record.get(end.date, "nothing")))
        except ValueError as reason:
            hint = "correct end.date in [rows], or fetch it again"
            raise SourceSyntaxError(str(reason), at=lines.at(number, end.date), hint=hint) from None


def _record(lines: TextLines, number: int, text: str) -> Record:
    try:
        record = parse_json(text)
    except json.JSONDecodeError as reason:
        at = lines.at(number)
        message = f"no JSON: {reason.msg[:1].lower()}{reason.msg[1:]} in column {reason.colno:,}"
        raise SourceSyntaxError(message, at=at, hint="fetch it again") from None
    except ValueError as reason:
        raise SourceSyntaxError(f"no JSON: {reason}", at=lines.at(number)) from None
    if not isinstance(record, dict):
        raise SourceSyntaxError("no record, expected an object", at=lines.at(number))
    return record
