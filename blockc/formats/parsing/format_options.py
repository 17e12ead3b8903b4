"""How a source is written and what it may hold: the part of its definition that readers need."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from blockc.addresses.family import V4, V6, Family
from blockc.addresses.lines import Commas
from blockc.formats.parsing.json_paths import Path
from blockc.values import Value, field

MAX_RECORDS = 5_000_000
ADDRESS_COLUMNS = ("prefix", "length", "start", "last")
TAG = re.compile(r"[a-z][a-z0-9_-]*")  # as in `feed:NAME?TAG=value`
COUNTRY = re.compile(r"[A-Z]{2}")


class End(NamedTuple):
    """The last record of a file, which says that it is whole: the one whose `key` is `value`.

    Attributes:
        records: Where that record says how many there are, or nothing.
        date: Where it says when the file was made, or nothing.
    """

    key: str
    value: str
    records: str = ""
    date: str = ""


class FormatOptions(Value, kw_only=True):
    """What a source definition says to the reader of its format.

    Attributes:
        family: The one family the file may list, or both.
        commas: What joins the ends of a range, or separates addresses in one cell.
        truncate: Host bits are cleared instead of refused.
        skip_wrong: A row that cannot be read is left out and reported, a few at most.
        newline_optional: The last line may have no newline; else the file was cut.
        keep_special: Special-purpose space stays in; else it is left out and reported.
        widest: The shortest prefix length that is believed, by family.
        max_records: How many rows are believed.
        labels: Tags that are the same for every row.
        columns: What each column of a table is, in order; or what each is by its head.
        separator: Between the columns.
        quotes: Cells may be quoted.
        comment: A line that begins with it says nothing; may be empty.
        empty: Texts that stand for an empty cell.
        narrowest: Of rows that overlap only the narrowest counts; else all do.
        prefixes: Where in JSON the prefixes stand.
        tags: Where their tags stand.
        date: Where the file says what day it describes.
        serial: Where it says its version.
        end: What the last record of a file of records is.
    """

    family: Family | None = None
    commas: Commas | None = None
    truncate: bool = False
    skip_wrong: bool = False
    newline_optional: bool = False
    keep_special: bool = False
    widest: Mapping[Family, int] = field(default_factory=lambda: {V4: 8, V6: 16})
    max_records: int = MAX_RECORDS
    labels: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] | Mapping[str, str] = ()
    separator: str = ","
    quotes: bool = True
    comment: str = "#"
    empty: tuple[str, ...] = ()
    narrowest: bool = False
    prefixes: tuple[Path, ...] = ()
    tags: Mapping[str, Path] = field(default_factory=dict)
    date: Path | None = None
    serial: Path | None = None
    end: End | None = None
