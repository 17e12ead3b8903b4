"""The table `[rows]` of a source: how its file is written, for formats that need to know."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, Protocol

from blockc.tomlio.tables import Findings, Place, Table


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


class RowsTable(Table):
    """The keys of `[rows]`. Which of them a format takes, and what they may say, it knows itself.

    Lists: `family` the only one, `host_bits` set on purpose, `bad_rows` left out instead of
    refused, `final_newline` asked for,
    `range` between the ends of a range, `split` between addresses in one cell,
    `special`-purpose space kept, `widest_prefix` believed, `labels` the same for all.
    Tables: `columns` in order or by their heads, `separator`, `quotes`, `comment`, `empty` cells,
    `overlap` of rows. JSON: paths to each `prefix`, to `tags`, `date` and `serial`, and the `end`.
    """

    family: Literal["ipv4", "ipv6"] | None = None
    host_bits: Literal["refuse", "clear"] | None = None
    bad_rows: Literal["refuse", "skip"] | None = None
    final_newline: Literal["required", "optional"] | None = None
    range: str | None = None
    split: str | None = None
    special: Literal["drop", "keep"] | None = None
    widest_prefix: WidestTable | None = None
    labels: dict[str, str] | None = None
    columns: tuple[str, ...] | dict[str, str] | None = None
    separator: str | None = None
    quotes: bool | None = None
    comment: str | None = None
    empty: tuple[str, ...] | None = None
    overlap: Literal["keep", "narrowest"] | None = None
    prefix: str | tuple[str, ...] | None = None
    tags: dict[str, str] | None = None
    date: str | None = None
    serial: str | None = None
    end: EndTable | None = None


class FormatMistake(Protocol):
    """What is wrong with a definition: see `check`."""

    @property
    def key(self) -> tuple[str | int, ...]:
        """Return where, from the top of the file."""

    @property
    def message(self) -> str:
        """Return what is wrong."""

    @property
    def hint(self) -> str:
        """Return what to do."""

    @property
    def name(self) -> bool:
        """Return whether the key itself is wrong, not its value."""

    @property
    def missing(self) -> bool:
        """Return whether the key is not there."""


Check = Callable[[str, Mapping[str, Any]], Iterable[FormatMistake]]


def given(table: Table) -> dict[str, Any]:
    """Return the keys a table of optional ones has, tables in it likewise."""
    values = {name: getattr(table, name) for name in table.__struct_fields__}
    return {
        name: given(value) if isinstance(value, Table) else value
        for name, value in values.items()
        if value is not None
    }


def note(found: Iterable[FormatMistake], place: Place, findings: Findings) -> None:
    """Note what a check found, each mistake where it is."""
    for one in found:
        at = place
        for step in one.key:
            at = at / step
        if one.missing:
            findings.add_missing(at, one.message, hint=one.hint)
        elif one.name:
            findings.add_name(at, one.message, hint=one.hint)
        else:
            findings.add(at, one.message, hint=one.hint)
