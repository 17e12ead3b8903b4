"""All lines of a delegated file after its header, gathered into columns."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from blockc.addresses import columns
from blockc.addresses.family import FAMILIES, Family
from blockc.addresses.plain_text import warning
from blockc.errors import SourceSyntaxError
from blockc.formats.delegated.bulk_rows import read_bulk
from blockc.formats.delegated.exact_rows import TYPES, DelegatedLine, Row, RowNote, read_row
from blockc.formats.delegated.header import Header, Summary, read_summary
from blockc.formats.delegated.text_pieces import DelegatedLines, Positions, pieces
from blockc.registries.records import Records
from blockc.values import Value


class Body(Value, eq=False):
    """What the lines after a header hold.

    Attributes:
        records: The address rows by family, in the order of the file.
        counts: Rows by type: asn, ipv4, ipv6, other.
        summaries: The promises by type.
        warnings: What is odd about single rows, a line for each kind of oddity.
    """

    records: Mapping[Family, Records]
    counts: Mapping[str, int]
    summaries: Mapping[str, Summary]
    warnings: tuple[str, ...]


def read_body(name: str, data: bytes, begin: int, header: Header) -> Body:
    """Read the lines of `data` from `begin`, the first one after the header.

    Raises:
        SourceSyntaxError: At the first line that breaks the format.
    """
    parts: dict[Family, list[Records]] = {family: [] for family in FAMILIES}
    rest, before, as_numbers = _Rest(header), header.line, 0
    for lines in pieces(data, begin):
        bulk = read_bulk(lines, header.registries, before)
        for number in _to_read(lines, bulk.doubtful, rest):
            raw = lines.raw(number)
            if raw.rstrip(b" \t\r"):
                rest.read(DelegatedLine.of(name, before + int(number) + 1, raw))
        for family, records in bulk.records.items():
            parts[family].append(records)
        as_numbers += bulk.as_numbers
        before += len(lines)
    rest.require_sound()
    gathered = {family: _joined(family, parts[family], rest.rows) for family in FAMILIES}
    single = Counter(row.kind for row in rest.rows)
    counts = {kind: single[kind] for kind in (*TYPES, "other")}
    counts["asn"] += as_numbers
    counts |= {family.name: len(records) for family, records in gathered.items()}
    return Body(gathered, counts, rest.summaries, rest.warnings())


def _to_read(lines: DelegatedLines, doubtful: Positions, rest: "_Rest") -> Positions:
    """Return the `doubtful` lines without those that cannot be right; `rest` counts them.

    The first of them is left, so that there is an error to show.
    """
    short = lines.too_short(doubtful)
    short[np.flatnonzero(short)[:1]] = False
    rest.errors += int(np.count_nonzero(short))
    return doubtful[~short]


@dataclass(slots=True)
class _Rest:
    """The lines read one by one so far: a builder."""

    header: Header
    rows: list[Row] = field(default_factory=list)
    summaries: dict[str, Summary] = field(default_factory=dict)
    notes: dict[str, tuple[RowNote, int]] = field(default_factory=dict)
    first_error: SourceSyntaxError | None = None
    errors: int = 0

    def read(self, line: DelegatedLine) -> None:
        """Take one line; errors are counted, and the first is kept."""
        try:
            if line.fields[1:2] == ("*",):
                self._promise(read_summary(line, self.header))
            else:
                self._keep(*read_row(line, self.header.registries))
        except SourceSyntaxError as error:
            self.first_error = self.first_error or error
            self.errors += 1

    def _promise(self, summary: Summary) -> None:
        if summary.kind in self.summaries:
            raise SourceSyntaxError(f"a second summary of {summary.kind}", at=summary.line.at(2))
        self.summaries[summary.kind] = summary

    def _keep(self, row: Row, notes: list[RowNote]) -> None:
        self.rows.append(row)
        for note in notes:
            first, count = self.notes.get(note.topic, (note, 0))
            self.notes[note.topic] = first, count + 1

    def require_sound(self) -> None:
        """Raise the first error, if there was one, with the number of the others."""
        if self.first_error is None:
            return
        others = self.errors - 1
        more = f"{others:,} more bad line{'s' * (others > 1)}, " if others else ""
        raise SourceSyntaxError(
            self.first_error.message,
            at=self.first_error.at,
            hint=f"{more}the whole file is refused; fetch it again",
        )

    def warnings(self) -> tuple[str, ...]:
        """Return a warning for each kind of note."""
        return tuple(warning(note.at, note.sentence, count) for note, count in self.notes.values())


def _joined(family: Family, parts: list[Records], rows: list[Row]) -> Records:
    """Return the certain `parts` and the `rows` read one by one, in the order of the file."""
    own = [row for row in rows if row.kind == family.name]
    if not own:
        return Records.concat(parts, family)
    whole = Records.concat([*parts, _as_records(family, own)], family)
    return whole.take(np.argsort(whole.row, kind="stable"))


def _as_records(family: Family, rows: list[Row]) -> Records:
    start, last = columns.span_columns(family, [(row.first, row.last) for row in rows])
    return Records(
        family,
        start,
        last,
        np.array([row.country for row in rows], dtype=np.uint16),
        np.array([row.registry for row in rows], dtype=np.uint8),
        np.array([row.status for row in rows], dtype=np.uint8),
        np.array([row.date for row in rows], dtype=np.int32),
        np.array([row.line for row in rows], dtype=np.int32),
    )
