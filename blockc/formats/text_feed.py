"""Feeds that are lists: an address, prefix, range, netmask or wildcard a line, with comments."""

from blockc.formats.assembly import Draft, feed_of
from blockc.formats.feed import Feed
from blockc.formats.form import Form
from blockc.formats.lines import Lines
from blockc.formats.spans import decode_lines


def read_text(name: str, data: bytes, form: Form) -> Feed:
    """Read a list of any mixture of forms; `#` and `;` start a comment, also behind an entry.

    Raises:
        SourceSyntaxError: At the first line that is none of the forms.
        SourceUnfit: The file is no such list, or is not to be believed.
    """
    return feed_of(list_draft(Lines.of(name, data), form), form)


def list_draft(lines: Lines, form: Form) -> Draft:
    """Return the rows of a list."""
    decoded = decode_lines(lines.data, truncate=form.truncate)
    return Draft(
        name=lines.name,
        decoded=decoded,
        count=lines.data.count(b"\n"),
        locate=lambda position, part: lines.at(position + 1, part),
    )
