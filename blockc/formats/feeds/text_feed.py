"""Feeds that are lists: an address, prefix, range, netmask or wildcard a line, with comments."""

from blockc.formats.feeds.feed import Feed
from blockc.formats.parsing.assembly import ParsedRows, feed_of
from blockc.formats.parsing.format_options import FormatOptions
from blockc.formats.parsing.spans import decode_lines
from blockc.formats.parsing.text_lines import TextLines


def read_text(name: str, data: bytes, form: FormatOptions) -> Feed:
    """Read a list of any mixture of forms; `#` and `;` start a comment, also behind an entry.

    Raises:
        SourceSyntaxError: At the first line that is none of the forms.
        SourceUnfit: The file is no such list, or is not to be believed.
    """
    return feed_of(list_draft(TextLines.of(name, data), form), form)


def list_draft(lines: TextLines, form: FormatOptions) -> ParsedRows:
    """Return the rows of a list."""
    decoded = decode_lines(lines.data, truncate=form.truncate)
    return ParsedRows(
        name=lines.name,
        decoded=decoded,
        count=lines.data.count(b"\n"),
        locate=lambda position, part: lines.at(position + 1, part),
    )
