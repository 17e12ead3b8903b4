"""Feeds in JSON: a definition says by paths where the prefixes and their tags stand."""

import json
from datetime import date
from typing import Any

from blockc.addresses.plain_text import TextLines, warning
from blockc.errors import Location, SourceSyntaxError, SourceUnfit
from blockc.formats.feeds.feed import Feed
from blockc.formats.parsing.assembly import ParsedRows, decoded, feed_of
from blockc.formats.parsing.dates import parse_day
from blockc.formats.parsing.format_options import FormatOptions
from blockc.formats.parsing.json_paths import Missing, Path
from blockc.formats.parsing.json_rows import JsonRows, parse_json, single_text


def read_json(name: str, data: bytes, options: FormatOptions) -> Feed:
    """Read a JSON document. Nothing counts as a prefix but the texts its paths name.

    Raises:
        SourceSyntaxError: It is not a JSON, or at the first text that is not a prefix.
        SourceUnfit: It has not what the paths say, or is not to be believed.
    """
    lines = TextLines.of(name, data)
    document = _document(lines)
    rows = JsonRows(options.tags, options.max_records, options.rows.lists == "as-numbers")
    try:
        for path in options.prefixes:
            rows.add(document, path)
        day = _day(lines, document, options.date)
        serial = single_text(document, options.serial) if options.serial else ""
    except Missing as reason:
        raise not_there(name, reason) from None
    require_tags(name, rows)
    parsed = ParsedRows(
        name=name,
        decoded=decoded(rows.texts, options),
        as_texts=rows.texts,
        count=len(rows.texts),
        locate=lambda position, _part: _place(lines, rows.texts[position]),
        tags=rows.tags,
        records=rows.prefixes,
        date=day,
        serial=serial,
        warnings=unlisted_keys(name, rows),
    )
    return feed_of(parsed, options)


def unlisted_keys(name: str, rows: JsonRows) -> tuple[str, ...]:
    """Return what to say about keys that hold addresses and are not in a fixed list of keys."""
    return tuple(
        warning(Location(name), f"the key {key!r} holds addresses and is not in {listed}")
        for key, listed in sorted(rows.unlisted.items())
    )


def not_there(name: str, reason: Missing) -> SourceUnfit:
    """Return the error of a document that has not what a path says."""
    hint = "its publisher changed its form: correct the paths in [rows]"
    return SourceUnfit(str(reason), at=Location(name), hint=hint)


def require_tags(name: str, rows: JsonRows) -> None:
    """Raise SourceUnfit if no row has one of the tags: it is somewhere else now."""
    for tag, texts in rows.tags.items():
        if texts and not any(texts):
            raise tag_not_there(name, tag, rows.wanted[tag])


def tag_not_there(name: str, tag: str, path: Path) -> SourceUnfit:
    """Return the error of a file none of whose rows has a tag."""
    hint = "its publisher changed its form: correct tags in [rows]"
    return SourceUnfit(f"has nothing at {path}, the tag {tag!r}", at=Location(name), hint=hint)


def _document(lines: TextLines) -> Any:
    try:
        return parse_json(lines.data.decode("utf-8").rstrip("\n"))
    except UnicodeDecodeError as reason:
        number = lines.data.count(b"\n", 0, reason.start) + 1
        raise SourceSyntaxError("not UTF-8 text", at=lines.at(number)) from None
    except json.JSONDecodeError as reason:
        at = Location(lines.name, reason.lineno, reason.colno, lines.raw(reason.lineno))
        message = f"no JSON: {reason.msg[:1].lower()}{reason.msg[1:]}"
        raise SourceSyntaxError(message, at=at, hint="fetch it again") from None
    except ValueError as reason:
        raise SourceSyntaxError(f"no JSON: {reason}", at=Location(lines.name)) from None


def _day(lines: TextLines, document: Any, path: Path | None) -> date | None:
    if path is None:
        return None
    text = single_text(document, path)
    try:
        return parse_day(text)
    except ValueError as reason:
        hint = "correct date in [rows], or fetch it again"
        raise SourceSyntaxError(str(reason), at=_place(lines, text), hint=hint) from None


def _place(lines: TextLines, text: str) -> Location:
    """Return where `text` first stands in the file, as JSON writes it."""
    for written in (json.dumps(text, ensure_ascii=False), json.dumps(text)):
        place = lines.data.find(written.encode("utf-8", "replace"))
        if place >= 0:
            number = lines.data.count(b"\n", 0, place) + 1
            return lines.at(number, written[1:-1])
    return Location(lines.name)
