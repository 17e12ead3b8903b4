"""Feeds that are lists: an address, prefix, range, netmask or wildcard on each line, with comments.

FireHOL's .netset and .ipset files are such lists below a header that says how much they hold.

Source: the files themselves, https://github.com/firehol/blocklist-ipsets, and what writes them,
https://github.com/firehol/firehol, contrib/update-ipsets.sh
"""

import re

from blockc.addresses.addrset import AddrSet
from blockc.addresses.lines import NOTHING, decode_lines
from blockc.addresses.plain_text import TextLines, keeping_once, lines_one_by_one, warning
from blockc.errors import Location, SourceSyntaxError, SourceUnfit
from blockc.formats.feeds.feed import Feed
from blockc.formats.parsing.assembly import ParsedRows, feed_of
from blockc.formats.parsing.dates import parse_day
from blockc.formats.parsing.format_options import FormatOptions
from blockc.registries.as_numbers import without_comment
from blockc.values import replace

_FIELD = re.compile(rb"^# ([A-Z][A-Za-z ]{1,40}):(.*)$", re.MULTILINE)
_ENTRIES = re.compile(r"(?:(\d{1,12}) subnets, )?(\d{1,12}) unique IPs", re.ASCII)


def read_text(name: str, data: bytes, options: FormatOptions) -> Feed:
    """Read a list of any mixture of forms; `#` and `;` start a comment, also behind an entry.

    Raises:
        SourceSyntaxError: At the first line that is none of the forms.
        SourceUnfit: The file is no such list, or is not to be believed.
    """
    return feed_of(
        parse_list(
            TextLines.of(name, data).require_complete(optional=options.may_be_unended), options
        ),
        options,
    )


def parse_list(lines: TextLines, options: FormatOptions) -> ParsedRows:
    """Return the rows of a list."""
    if options.rows.lists == "as-numbers":
        once = keeping_once()
        texts = [once(without_comment(line)) for line in lines_one_by_one(lines.text)]
        decoded = NOTHING
    else:
        texts = []
        decoded = decode_lines(
            lines.data, truncate=options.clear_host_bits, spelling=options.spelling
        )
    return ParsedRows(
        name=lines.name,
        decoded=decoded,
        as_texts=texts,
        count=lines.data.count(b"\n"),
        locate=lambda position, part: lines.at(position + 1, part),
    )


def read_firehol(name: str, data: bytes, options: FormatOptions) -> Feed:
    """Read a FireHOL list.

    Its header counts unique addresses, which only a whole file has. How many lines it counts is
    compared, too, and a difference reported: the two are counted at different times.

    Raises:
        SourceSyntaxError: At the first line that is not an entry, or a header that cannot be read.
        SourceUnfit: The header is missing, the list is not whole, or it is not to be believed.
    """
    lines = TextLines.of(name, data)
    header = _header(lines)
    parsed = parse_list(lines, options)
    if not parsed.decoded.wrong:
        parsed = replace(parsed, warnings=_require_whole(lines, header, parsed))
    return feed_of(_dated(lines, header, parsed), options)


def _header(lines: TextLines) -> dict[str, str]:
    """Return the fields of the comments above the first entry."""
    end = re.search(rb"^[^#\n]", lines.data, re.MULTILINE)
    above = lines.data[: end.start() if end else None]
    fields = {
        key.decode().strip(): value.decode("utf-8", "replace").strip()
        for key, value in _FIELD.findall(above)
    }
    if "Entries" not in fields:
        raise SourceUnfit(
            "has no header with `# Entries`, expected a list of FireHOL",
            at=Location(lines.name),
            hint='fetch it again, or read it as format = "text"',
        )
    return fields


def _require_whole(lines: TextLines, header: dict[str, str], parsed: ParsedRows) -> tuple[str, ...]:
    counted = _ENTRIES.fullmatch(header["Entries"])
    if not counted:
        raise SourceSyntaxError(
            f"{header['Entries']!r} counts nothing",
            at=_place(lines, "Entries"),
            hint="expected such as `12 subnets, 3072 unique IPs`",
        )
    unique = AddrSet.of_spans(parsed.decoded.spans).count
    if unique != int(counted[2]):
        raise SourceUnfit(
            f"its header counts {int(counted[2]):,} unique addresses, its lines hold {unique:,}",
            at=_place(lines, "Entries"),
            hint="fetch it again",
        )
    if counted[1] and int(counted[1]) != parsed.decoded.count:
        counts = f"{int(counted[1]):,} subnets, there are {parsed.decoded.count:,}"
        sentence = f"its header counts {counts}"
        return (warning(_place(lines, "Entries"), sentence),)
    return ()


def _dated(lines: TextLines, header: dict[str, str], parsed: ParsedRows) -> ParsedRows:
    written = header.get("This File Date", "nothing")
    try:
        day = parse_day(written)
    except ValueError as reason:
        known = "This File Date" in header
        at = _place(lines, "This File Date") if known else Location(lines.name)
        hint = "expected such as `Fri Nov 13 17:18:59 UTC 2015` as `# This File Date`"
        raise SourceSyntaxError(str(reason), at=at, hint=hint) from None
    return replace(parsed, date=day, serial=header.get("Version", ""))


def _place(lines: TextLines, field: str) -> Location:
    """Return the line of a field of the header."""
    before = lines.data.index(b"# " + field.encode())
    return lines.at(lines.data.count(b"\n", 0, before) + 1)
