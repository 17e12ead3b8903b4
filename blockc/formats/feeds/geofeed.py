"""Geofeeds: where the publisher of prefixes says they are used.

Source: RFC 8805, section 2. Nested prefixes are allowed, the narrowest counts, and one listed
twice is an error; an entry that cannot be read is left out; cells that are missing at the end are
empty, and further ones are ignored. An empty country means: do not locate this prefix.
"""

from blockc.formats.feeds.csv_feed import draft_of_columns
from blockc.formats.feeds.feed import Feed
from blockc.formats.parsing.assembly import feed_of
from blockc.formats.parsing.cells import DelimitedTable, Dialect
from blockc.formats.parsing.format_options import FormatOptions
from blockc.formats.parsing.text_lines import TextLines

PLACES = {"prefix": 0, "country": 1, "region": 2, "city": 3}


def read_geofeed(name: str, data: bytes, form: FormatOptions) -> Feed:
    """Read a geofeed.

    Raises:
        SourceSyntaxError: More rows than `form` forgives cannot be read.
        SourceUnfit: The file is no geofeed, or is not to be believed.
    """
    table = DelimitedTable.of(TextLines.of(name, data), Dialect())
    return feed_of(draft_of_columns(table, PLACES, form), form)
