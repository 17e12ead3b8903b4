"""The formats blockc reads, one readable table: name, what it is, reader, and what it does itself.

A reader's module is imported when a file of its format is read: most builds read parsed snapshots.

A definition says in its table `[rows]` how its file is written. `format_options.RowsTable` declares
its keys, and which formats take each.
"""

from collections.abc import Collection, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from blockc.errors import suggestion
from blockc.formats.parsing.format_options import (
    GEOFEED_COLUMNS,
    KEYS,
    MAX_RECORDS,
    FormatOptions,
    RowsTable,
)
from blockc.formats.parsing.rows_table import read_rows
from blockc.formats.parsing.tags import COUNTRIES
from blockc.tomlio.tables import Findings, Place, TomlDocument, from_table
from blockc.values import Value, field, replace

if TYPE_CHECKING:
    from blockc.formats.feeds.feed import Feed

DELEGATED = "delegated"


class Format(Value):
    """A form of source file that lists addresses.

    Attributes:
        reader: The module below `blockc.formats.feeds` and the function in it that reads.
        base: What holds unless the definition says otherwise.
        tags: What it calls its rows, whatever the definition says.
        reads_archive: Its reader wants a zip archive as a whole, not one file of it.
    """

    name: str
    description: str
    reader: str
    base: RowsTable = field(default_factory=RowsTable)
    tags: tuple[str, ...] = ()
    reads_archive: bool = False

    def read(self, name: str, data: bytes, options: FormatOptions) -> "Feed":
        """Return what a file says.

        Args:
            name: What the file is called in messages.
            options: What its definition says.

        Raises:
            BlockcError: If it does not say it in this format.
        """
        module, _, function = self.reader.partition(":")
        reader = getattr(import_module(f"blockc.formats.feeds.{module}"), function)
        found: Feed = reader(name, data, options)
        return found

    @property
    def takes(self) -> frozenset[str]:
        """Return the keys of `[rows]` that mean something."""
        return frozenset(name for name, key in KEYS.items() if self.name in key.formats)

    @property
    def needs(self) -> frozenset[str]:
        """Return the keys of `[rows]` that must be there."""
        return frozenset(name for name, key in KEYS.items() if self.name in key.needed)


FORMATS = {
    one.name: one
    for one in (
        Format(
            "text",
            "addresses, prefixes, ranges, netmasks, wildcards, one per line",
            "text_feed:read_text",
        ),
        Format("firehol", "a list of FireHOL, with its header", "text_feed:read_firehol"),
        Format("exit-list", "Tor's exit addresses", "exit_list:read_exit_list"),
        Format("csv", "a table: CSV, TSV, with any separator", "csv_feed:read_csv"),
        Format(
            "geofeed",
            "where prefixes are used, as their publisher says (RFC 8805)",
            "csv_feed:read_geofeed",
            RowsTable(overlap="narrowest", bad_rows="skip"),
            tuple(name for name in GEOFEED_COLUMNS if name != "prefix"),
        ),
        Format(
            "geolite2-csv",
            "MaxMind's GeoLite2 Country or City tables, zipped",
            "geolite2:read_geolite2",
            tags=COUNTRIES,
            reads_archive=True,
        ),
        Format("json", "JSON; paths say where the prefixes stand", "json_feed:read_json"),
        Format(
            "json-lines",
            "a JSON record per line, such as Spamhaus DROP",
            "json_lines:read_json_lines",
        ),
        Format("mmdb", "a MaxMind DB file; needs blockc[mmdb]", "mmdb:read_mmdb"),
    )
}


def read_options(
    format_name: str, written: Mapping[str, Any], rows: RowsTable, place: Place, findings: Findings
) -> FormatOptions:
    """Return what a definition says to the reader of its format.

    Args:
        written: Its table `[rows]` as TOML has it, which tells what it says and what it does not.
        rows: The same, with its types right.
        place: Of the definition.
        findings: Gets all that is wrong with the format, with `rows` and with the two together.
    """
    said = {name: getattr(rows, name) for name in written if name in KEYS}
    if format_name == DELEGATED:
        _require_taken(said, DELEGATED, (), place, findings)
        return FormatOptions()
    if format_name not in FORMATS:
        known = (DELEGATED, *FORMATS)
        wrong = f"unknown format {format_name!r}{suggestion(format_name, known)}"
        findings.add(place / "format", wrong, hint=f"known are {', '.join(known)}")
        return FormatOptions()
    one = FORMATS[format_name]
    _require_taken(said, format_name, one.takes, place, findings)
    for key in sorted(one.needs):
        wrong = f"the format {format_name!r} needs {key!r} in [rows]"
        if key not in said:
            findings.add_missing(place / "rows" / key, wrong)
        elif not said[key]:
            findings.add(place / "rows" / key, wrong)
    taken = {key: value for key, value in said.items() if key in one.takes}
    options = read_rows(replace(one.base, **taken), place / "rows", findings)
    return replace(options, takes=one.takes)


def form_of(
    format_name: str, written: Mapping[str, Any], *, max_records: int = MAX_RECORDS
) -> FormatOptions:
    """Return what the table `[rows]` of a definition says that has no other mistakes.

    Raises:
        Mistakes: All that is wrong with it.
    """
    findings, place = Findings(), Place(TomlDocument(format_name, ""))
    rows = from_table(RowsTable, written, place / "rows", findings)
    options = read_options(format_name, written, rows, place, findings)
    findings.require_none()
    return replace(options, max_records=max_records)


def tags_of(format_name: str, options: FormatOptions) -> frozenset[str]:
    """Return by what the rows of a source can be selected."""
    own = FORMATS[format_name].tags if format_name in FORMATS else ()
    return options.tag_names | frozenset(own)


def _require_taken(
    said: Mapping[str, Any],
    format_name: str,
    takes: Collection[str],
    place: Place,
    findings: Findings,
) -> None:
    for key in said:
        if key not in takes:
            wrong = f"the format {format_name!r} has no {key!r}{suggestion(key, takes)}"
            findings.add_name(place / "rows" / key, wrong)
