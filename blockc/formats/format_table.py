"""The formats blockc reads, one readable table: name, what it is, reader, and what it asks.

A definition says in its table `[rows]` how its file is written. Which keys make sense is decided
here, by format; what they may say in `definition_keys`.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from blockc.errors import suggestion
from blockc.formats.feeds.csv_feed import PLACES, read_csv, read_geofeed
from blockc.formats.feeds.exit_list import read_exit_list
from blockc.formats.feeds.feed import Feed
from blockc.formats.feeds.geolite2 import read_geolite2
from blockc.formats.feeds.json_feed import read_json
from blockc.formats.feeds.json_lines import read_json_lines
from blockc.formats.feeds.mmdb import read_mmdb
from blockc.formats.feeds.text_feed import read_firehol, read_text
from blockc.formats.parsing.format_options import MAX_RECORDS, FormatOptions
from blockc.formats.parsing.rows_table import RowsMistake, form_of_rows, tag_names
from blockc.formats.parsing.tags import COUNTRIES
from blockc.values import Value, field, replace

DELEGATED = "delegated"
_EVERYWHERE = frozenset({"family", "labels", "special", "widest_prefix"})
_LISTS = _EVERYWHERE | {"host_bits"}
_CELLS = _LISTS | {"range", "split"}
_ROWS = _CELLS | {"bad_rows", "final_newline"}


class Format(Value):
    """A form of source file that lists addresses.

    Attributes:
        read: Takes the name of a file, for messages, its bytes, and what its definition says.
        takes: The keys of `[rows]` that mean something.
        needs: Those that must be there.
        base: What holds unless the definition says otherwise.
        tags: What it calls its rows, whatever the definition says.
    """

    name: str
    description: str
    read: Callable[[str, bytes, FormatOptions], Feed]
    takes: frozenset[str] = _LISTS
    needs: frozenset[str] = frozenset()
    base: FormatOptions = field(default_factory=FormatOptions)
    tags: tuple[str, ...] = ()


FORMATS = {
    one.name: one
    for one in (
        Format(
            "text", "addresses, prefixes, ranges, netmasks, wildcards, one a line", read_text, _ROWS
        ),
        Format("firehol", "a list of FireHOL, with its header", read_firehol),
        Format(
            "exit-list", "Tor's exit addresses", read_exit_list, _EVERYWHERE | {"final_newline"}
        ),
        Format(
            "csv",
            "a table: CSV, TSV, with any separator",
            read_csv,
            _ROWS | {"columns", "comment", "empty", "overlap", "quotes", "separator"},
            frozenset({"columns"}),
        ),
        Format(
            "geofeed",
            "where prefixes are used, as their publisher says (RFC 8805)",
            read_geofeed,
            _ROWS,
            base=FormatOptions(narrowest=True, skip_wrong=True),
            tags=tuple(name for name in PLACES if name != "prefix"),
        ),
        Format(
            "geolite2-csv",
            "MaxMind's GeoLite2 Country or City tables, zipped",
            read_geolite2,
            tags=COUNTRIES,
        ),
        Format(
            "json",
            "JSON; paths say where the prefixes stand",
            read_json,
            _CELLS | {"date", "prefix", "serial", "tags"},
            frozenset({"prefix"}),
        ),
        Format(
            "json-lines",
            "a JSON record a line, such as Spamhaus DROP",
            read_json_lines,
            _CELLS | {"end", "final_newline", "prefix", "tags"},
            frozenset({"prefix"}),
        ),
        Format(
            "mmdb",
            "a MaxMind DB file; needs blockc[mmdb]",
            read_mmdb,
            _EVERYWHERE | {"tags"},
        ),
    )
}


def mistakes(format_name: str, rows: Mapping[str, Any]) -> list[RowsMistake]:
    """Return what is wrong with the format of a definition and its table `[rows]`."""
    if format_name == DELEGATED:
        return [_unknown(key, DELEGATED, ()) for key in rows]
    if format_name not in FORMATS:
        known = (DELEGATED, *FORMATS)
        hint = f"known are {', '.join(known)}"
        said = f"unknown format {format_name!r}{suggestion(format_name, known)}"
        return [RowsMistake(("format",), said, hint)]
    one = FORMATS[format_name]
    wrong = [_unknown(key, format_name, one.takes) for key in rows if key not in one.takes]
    wrong += [
        RowsMistake(("rows", key), f"the format {format_name!r} needs {key!r}", missing=True)
        for key in sorted(one.needs - rows.keys())
    ]
    taken = {key: value for key, value in rows.items() if key in one.takes}
    return wrong + form_of_rows(one.base, taken)[1]


def form_of(
    format_name: str, rows: Mapping[str, Any], *, max_records: int = MAX_RECORDS
) -> FormatOptions:
    """Return what the table `[rows]` of a definition without mistakes says."""
    form, _ = form_of_rows(FORMATS[format_name].base, rows)
    return replace(form, max_records=max_records)


def tags_of(format_name: str, rows: Mapping[str, Any]) -> frozenset[str]:
    """Return by what the rows of a source can be selected."""
    if format_name not in FORMATS:
        return frozenset()
    one = FORMATS[format_name]
    return frozenset(one.tags) | tag_names(form_of_rows(one.base, rows)[0])


def _unknown(key: str, format_name: str, takes: Collection[str]) -> RowsMistake:
    near = suggestion(key, takes)
    said = f"the format {format_name!r} has no {key!r}{near}"
    return RowsMistake(("rows", key), said, name=True)
