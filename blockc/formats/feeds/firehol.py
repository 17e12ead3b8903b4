"""FireHOL's .netset and .ipset files: a list below a header that says how much it holds.

Source: the files themselves, https://github.com/firehol/blocklist-ipsets, and what writes them,
https://github.com/firehol/firehol, contrib/update-ipsets.sh
"""

import re

from blockc.addresses.addrset import AddrSet
from blockc.errors import Location, SourceSyntaxError, SourceUnfit
from blockc.formats.feeds.feed import Feed
from blockc.formats.feeds.text_feed import list_draft
from blockc.formats.parsing.acceptance import warning
from blockc.formats.parsing.assembly import ParsedRows, feed_of
from blockc.formats.parsing.dates import parse_day
from blockc.formats.parsing.format_options import FormatOptions
from blockc.formats.parsing.text_lines import TextLines
from blockc.values import replace

_FIELD = re.compile(rb"^# ([A-Z][A-Za-z ]{1,40}):(.*)$", re.MULTILINE)
_ENTRIES = re.compile(r"(?:(\d{1,12}) subnets, )?(\d{1,12}) unique IPs", re.ASCII)


def read_firehol(name: str, data: bytes, form: FormatOptions) -> Feed:
    """Read a FireHOL list.

    Its header counts unique addresses, which only a whole file has. How many lines it counts is
    compared, too, and a difference reported: the two are counted at different times.

    Raises:
        SourceSyntaxError: At the first line that is no entry, or a header that cannot be read.
        SourceUnfit: The header is missing, the list is not whole, or it is not to be believed.
    """
    lines = TextLines.of(name, data)
    header = _header(lines)
    draft = list_draft(lines, form)
    if not draft.decoded.wrong:
        draft = replace(draft, warnings=_require_whole(lines, header, draft))
    return feed_of(_dated(lines, header, draft), form)


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


def _require_whole(lines: TextLines, header: dict[str, str], draft: ParsedRows) -> tuple[str, ...]:
    said = _ENTRIES.fullmatch(header["Entries"])
    if not said:
        raise SourceSyntaxError(
            f"{header['Entries']!r} counts nothing",
            at=_place(lines, "Entries"),
            hint="expected such as `12 subnets, 3072 unique IPs`",
        )
    unique = AddrSet.of_spans(draft.decoded.spans).count
    if unique != int(said[2]):
        raise SourceUnfit(
            f"its header counts {int(said[2]):,} unique addresses, its lines hold {unique:,}",
            at=_place(lines, "Entries"),
            hint="fetch it again",
        )
    if said[1] and int(said[1]) != draft.decoded.count:
        sentence = f"its header counts {int(said[1]):,} subnets, there are {draft.decoded.count:,}"
        return (warning(_place(lines, "Entries"), sentence),)
    return ()


def _dated(lines: TextLines, header: dict[str, str], draft: ParsedRows) -> ParsedRows:
    written = header.get("This File Date", "nothing")
    try:
        day = parse_day(written)
    except ValueError as reason:
        known = "This File Date" in header
        at = _place(lines, "This File Date") if known else Location(lines.name)
        hint = "expected such as `Fri Nov 13 17:18:59 UTC 2015` as `# This File Date`"
        raise SourceSyntaxError(str(reason), at=at, hint=hint) from None
    return replace(draft, date=day, serial=header.get("Version", ""))


def _place(lines: TextLines, field: str) -> Location:
    """Return the line of a field of the header."""
    before = lines.data.index(b"# " + field.encode())
    return lines.at(lines.data.count(b"\n", 0, before) + 1)
