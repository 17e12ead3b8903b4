"""MaxMind's GeoLite2 tables, Country or City, in the zip file they come in.

A network has an id of the place where it is used, and one of the country where it is registered.
Where the first is missing the second stands in for it, and that is reported.

Source: https://dev.maxmind.com/geoip/docs/databases/city-and-country#csv-databases
"""

import lzma
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from io import BytesIO

from blockc.addresses.lines import decode_texts
from blockc.addresses.plain_text import TextLines, warning
from blockc.errors import Location, SourceSyntaxError, SourceUnfit
from blockc.formats.feeds.csv_feed import with_header
from blockc.formats.feeds.feed import Feed
from blockc.formats.parsing.assembly import ParsedRows, concatenated, feed_of
from blockc.formats.parsing.cells import CsvTable, Dialect
from blockc.formats.parsing.dates import parse_day
from blockc.formats.parsing.format_options import FormatOptions
from blockc.values import replace

_MAX_BYTES = 1 << 29  # unpacked, all tables together; those of City have half of it
_MEMBER = re.compile(r"(?:.*/)?GeoLite2-(?:Country|City)-(Blocks-IPv[46]|Locations-en)\.csv")
_FOLDER = re.compile(r"GeoLite2-(?:Country|City)-CSV_(\d{4})(\d{2})(\d{2})/", re.ASCII)
_TABLES = ("Blocks-IPv4", "Blocks-IPv6", "Locations-en")
_PLACES = {"id": "geoname_id", "country": "country_iso_code"}
_NETWORKS = {
    "prefix": "network",
    "used": "geoname_id",
    "registered": "registered_country_geoname_id",
}
_BROKEN = (
    zipfile.BadZipFile,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
    lzma.LZMAError,
    zlib.error,
)


def read_geolite2(name: str, data: bytes, options: FormatOptions) -> Feed:
    """Read GeoLite2 Country or City.

    Raises:
        SourceUnfit: The file is no such zip file, a table is missing, or it is not to be believed.
        SourceSyntaxError: At the first row that cannot be read.
    """
    day, contents = _contents(name, data)
    *networks, places = [CsvTable.of(lines, Dialect(comment="")) for lines in contents]
    places, at = with_header(places, _PLACES)
    ids, codes = (places.column(at[column]) for column in _PLACES)
    countries = {"": "", **dict(zip(ids, codes, strict=True))}
    parts = [_parse_networks(table, countries, options) for table in networks]
    return feed_of(replace(concatenated(parts), name=name, date=parse_day(day)), options)


def _contents(name: str, data: bytes) -> tuple[str, list[TextLines]]:
    """Return the day and the tables of a zip file."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            found = _unpacked(name, archive)
            days = [match for one in archive.namelist() if (match := _FOLDER.match(one))]
    except _BROKEN as reason:
        raise _unfit(name, f"is not a zip file that can be read: {str(reason).lower()}") from None
    missing = [one for one in _TABLES if one not in found]
    if missing or not days:
        lacks = missing[0] if missing else "folder with a date"
        raise _unfit(name, f"has no {lacks}, expected the tables of GeoLite2 Country or City")
    return "-".join(days[0].groups()), [found[one] for one in _TABLES]


def _unpacked(name: str, archive: zipfile.ZipFile) -> dict[str, TextLines]:
    found: dict[str, TextLines] = {}
    room = _MAX_BYTES
    for info in archive.infolist():
        match = _MEMBER.fullmatch(info.filename)
        if not match:
            continue
        with archive.open(info) as member:
            data = member.read(room + 1)
        room -= len(data)
        if room < 0:
            raise _unfit(name, f"unpacks to more than {_MAX_BYTES:,} bytes")
        if match[1] in found:
            raise _unfit(name, f"has {match[1]} twice")
        found[match[1]] = TextLines.of(f"{name}/{info.filename.rpartition('/')[2]}", data)
    return found


def _unfit(name: str, message: str) -> SourceUnfit:
    return SourceUnfit(message, at=Location(name), hint="fetch it again")


def _parse_networks(
    table: CsvTable, countries: Mapping[str, str], options: FormatOptions
) -> ParsedRows:
    """Return the networks of one family."""
    table, at = with_header(table, _NETWORKS)
    used, registered = (table.column(at[column]) for column in ("used", "registered"))
    _require_known(table, used, countries)
    _require_known(table, registered, countries)
    instead = [n for n, place in enumerate(used) if not place and registered[n]]
    sentence = "no place where it is used, its registered country stands in for it"
    return ParsedRows(
        name=table.lines.name,
        decoded=decode_texts(table.column(at["prefix"]), truncate=options.clear_host_bits),
        count=len(table),
        locate=table.at,
        tags={
            "country": [countries[a or b] for a, b in zip(used, registered, strict=True)],
            "registered": [countries[place] for place in registered],
        },
        warnings=(warning(table.at(instead[0]), sentence, len(instead)),) if instead else (),
    )


def _require_known(table: CsvTable, places: Sequence[str], countries: Mapping[str, str]) -> None:
    unknown = set(places) - countries.keys()
    if unknown:
        row = next(n for n, place in enumerate(places) if place in unknown)
        raise SourceSyntaxError(
            f"{places[row]!r} is no place in the table of locations",
            at=table.at(row, places[row]),
            hint="fetch it again",
        )
