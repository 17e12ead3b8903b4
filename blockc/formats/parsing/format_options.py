"""How a source is written: the table `[rows]` of its definition, and what readers make of it."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, get_type_hints

from blockc.addresses.family import V4, V6, Family
from blockc.addresses.lines import Spelling
from blockc.formats.parsing.json_paths import Path
from blockc.tomlio.tables import Table, described
from blockc.values import Value, field

MAX_RECORDS = 5_000_000
GEOFEED_COLUMNS = {"prefix": 0, "country": 1, "region": 2, "city": 3}
ADDRESS_COLUMNS = ("prefix", "length", "start", "last")
TAG = re.compile(r"[a-z][a-z0-9_-]*")  # as in `feed:NAME?TAG=value`
COUNTRY = re.compile(r"[A-Z]{2}")
_SEPARATORS = {"tab": "\t", "\\t": "\t"}

_CELLS = ("text", "csv", "geofeed", "json", "json-lines")
_TEXTS = (*_CELLS, "firehol", "geolite2-csv")
_EVERY = (*_TEXTS, "exit-list", "mmdb")
_ROWS = ("text", "csv", "geofeed")


class WidestTable(Table):
    """The shortest prefix length that is believed, by family."""

    ipv4: int = 8
    ipv6: int = 16


class EndTable(Table):
    """The record that ends a file: the one whose `key` is `value`, and what else it tells."""

    key: str
    value: str
    records: str = ""
    date: str = ""


def _key(meaning: str, *formats: str, needed: tuple[str, ...] = ()) -> Any:
    """Return what a key means, which formats take it, and which of them cannot do without."""
    return described(meaning, formats=frozenset(formats), needed=frozenset(needed))


class RowsTable(Table):
    """The keys of `[rows]`, each declared here alone: type, default, meaning and its formats."""

    family: Annotated[
        Literal["ipv4", "ipv6"] | None,
        _key("the only family the file may list: `ipv4` or `ipv6`", *_EVERY),
    ] = None
    lists: Annotated[
        Literal["addresses", "as-numbers"],
        _key(
            "what stands in each row: `addresses`, or `as-numbers` that a policy selects with "
            "`asn:feed:NAME`",
            "text",
            "csv",
            "json",
            "json-lines",
        ),
    ] = "addresses"
    host_bits: Annotated[
        Literal["refuse", "clear"],
        _key("`clear` them in 192.0.2.7/24, or `refuse` the file", *_TEXTS),
    ] = "refuse"
    bad_rows: Annotated[
        Literal["refuse", "skip"],
        _key(
            "`skip` a row that cannot be read and report it, up to one in a hundred (or two, if "
            "they are fewer than half), or `refuse` the file",
            *_ROWS,
        ),
    ] = "refuse"
    final_newline: Annotated[
        Literal["required", "optional"],
        _key(
            "whether the last line must end with a newline (`required`), which shows that the "
            "file was not cut, or need not (`optional`)",
            *_ROWS,
            "exit-list",
            "json-lines",
        ),
    ] = "required"
    range: Annotated[
        str,
        _key("what joins the two ends of a range besides `-`: `,`, `;` or a vertical bar", *_CELLS),
    ] = ""
    split: Annotated[
        str,
        _key(
            "what separates several addresses in one cell or line: `,`, `;` or a vertical bar",
            *_CELLS,
        ),
    ] = ""
    leading_zeros: Annotated[
        Literal["refuse", "decimal"],
        _key(
            "`001.002.003.004`, which some programs read as octal: `refuse` it, or read it as "
            "`decimal`",
            *_CELLS,
        ),
    ] = "refuse"
    special: Annotated[
        Literal["drop", "keep"],
        _key(
            "special-purpose space (10.0.0.0/8, multicast...): `drop` it with a warning, or "
            "`keep` it",
            *_EVERY,
        ),
    ] = "drop"
    widest_prefix: Annotated[
        WidestTable, _key("the shortest prefix length that is believed", *_EVERY)
    ] = WidestTable()
    labels: Annotated[
        dict[str, str], _key('tags of every row, such as `{ country = "NL" }`', *_EVERY)
    ] = field(default_factory=dict)
    columns: Annotated[
        tuple[str, ...] | dict[str, str],
        _key(
            "of a table: what each column is, in order, or by the names in its first row",
            "csv",
            needed=("csv",),
        ),
    ] = ()
    separator: Annotated[str, _key("between cells: one character, or `tab`", "csv")] = ","
    quotes: Annotated[bool, _key("whether cells may be quoted", "csv")] = True
    comment: Annotated[str, _key("what a comment line begins with; empty for none", "csv")] = "#"
    empty: Annotated[tuple[str, ...], _key("texts that stand for an empty cell", "csv")] = ()
    overlap: Annotated[
        Literal["keep", "narrowest"],
        _key("of rows that overlap `keep` all, or let the `narrowest` count", "csv"),
    ] = "keep"
    prefix: Annotated[
        str | tuple[str, ...],
        _key(
            "of JSON: the path to the prefixes, or several",
            "json",
            "json-lines",
            needed=("json", "json-lines"),
        ),
    ] = ()
    tags: Annotated[
        dict[str, str],
        _key("of JSON and mmdb: name and path of each tag", "json", "json-lines", "mmdb"),
    ] = field(default_factory=dict)
    date: Annotated[str, _key("of JSON: the path to the day the file says it is of", "json")] = ""
    serial: Annotated[
        str, _key("of JSON: the path to the version the file gives itself", "json")
    ] = ""
    end: Annotated[
        EndTable | None,
        _key(
            "of JSON lines: the record that ends the file; without it the file was cut",
            "json-lines",
        ),
    ] = None


class RowsKey(NamedTuple):
    """One key of `[rows]`: what it means, the formats that take it, and those that need it."""

    meaning: str
    formats: frozenset[str]
    needed: frozenset[str]


def _keys() -> Mapping[str, RowsKey]:
    hints = get_type_hints(RowsTable, include_extras=True)
    said = {name: hint.__metadata__[0] for name, hint in hints.items()}
    return {name: RowsKey(one.description, **one.extra) for name, one in said.items()}


KEYS = _keys()


class FormatOptions(Value, kw_only=True):
    """What a source definition says to the reader of its format.

    Attributes:
        rows: Its table `[rows]`, over what its format does by itself.
        max_records: How many rows are believed.
        may_be_empty: None at all are believed, too.
        prefixes: Where in JSON the prefixes stand.
        tags: Where their tags stand.
        date: Where the file says what day it describes.
        serial: Where it says its version.
        takes: The keys of `[rows]` that its format has, if one is known.
    """

    rows: RowsTable = field(default_factory=RowsTable)
    max_records: int = MAX_RECORDS
    may_be_empty: bool = False
    prefixes: tuple[Path, ...] = ()
    tags: Mapping[str, Path] = field(default_factory=dict)
    date: Path | None = None
    serial: Path | None = None
    takes: frozenset[str] | None = None

    @property
    def family(self) -> Family | None:
        """Return the one family the file may list, or None for both."""
        return {"ipv4": V4, "ipv6": V6}.get(self.rows.family or "")

    @property
    def spelling(self) -> Spelling | None:
        """Return how the file writes addresses besides the forms everybody does, if it does."""
        rows = self.rows
        found = Spelling(rows.range, rows.split, rows.leading_zeros == "decimal")
        return None if found == Spelling() else found

    @property
    def clear_host_bits(self) -> bool:
        """Return whether host bits are cleared instead of refused."""
        return self.rows.host_bits == "clear"

    @property
    def separator(self) -> str:
        """Return what stands between the cells of a table."""
        return _SEPARATORS.get(self.rows.separator, self.rows.separator)

    @property
    def may_be_unended(self) -> bool:
        """Return whether the last line may have no newline."""
        return self.rows.final_newline == "optional"

    def widest(self, family: Family) -> int:
        """Return the shortest prefix length of `family` that is believed."""
        return self.rows.widest_prefix.ipv4 if family == V4 else self.rows.widest_prefix.ipv6

    @property
    def tag_names(self) -> frozenset[str]:
        """Return what the rows are called by, as far as the definition says."""
        rows = self.rows
        return frozenset({*rows.columns, *rows.tags, *rows.labels} - {"", *ADDRESS_COLUMNS})
