"""One line of the delegated format, read exactly: every rule of a record and every error of it.

The columns (`fields`) decode the rows that look as nearly all do; this module decides
about all others, one at a time.

Source: RIR statistics exchange format,
https://www.apnic.net/about-apnic/corporate-documents/documents/resource-guidelines/rir-statistics-exchange-format/
"""

import re

from blockc.addresses.family import V4, V6, Family
from blockc.addresses.parse import parse_raw
from blockc.errors import Location, SourceSyntaxError
from blockc.formats.delegated.fields import is_day
from blockc.registries.records import (
    DELEGATED,
    NAMED_STATUSES,
    REGISTRIES,
    STATUSES,
    country_number,
)
from blockc.values import Value

TYPES = ("asn", "ipv4", "ipv6")
FIELDS = 7
WHOLE_NUMBER = re.compile(r"[1-9][0-9]{0,9}")
_AS_NUMBER = re.compile(r"0|[1-9][0-9]{0,9}")
_COUNTRY = re.compile(r"([A-Z]{2})?")
_DAY = re.compile(r"[0-9]{8}")
_SHOWN = 40
_OTHER = STATUSES.index("other")
# A single registry never held more than a /8. A combined file merges neighbours of one holder
# (29.0.0.0 and 30.0.0.0), and has rows of IANA for whole continents that nobody holds.
_WIDEST, _WIDEST_COMBINED = 8, 6


def shown(token: str) -> str:
    """Return `token` quoted for a message, cut where it is absurdly long."""
    return f"'{token[:_SHOWN]}{'...' if len(token) > _SHOWN else ''}'"


class DelegatedLine(Value):
    """One line cut into fields, able to say where each of them stands.

    Invariant: no trailing blanks; what follows the opaque id is one last field.
    """

    name: str
    number: int
    text: str
    fields: tuple[str, ...]

    @classmethod
    def of(cls, name: str, number: int, raw: bytes) -> "DelegatedLine":
        """Cut `raw`, the line `number` of the file `name`."""
        text = raw.rstrip(b" \t\r").decode("utf-8", "backslashreplace")
        return cls(name, number, text, tuple(text.split("|", FIELDS + 1)))

    @property
    def whole(self) -> Location:
        """Return the place of the whole line."""
        return Location(self.name, self.number, 1, self.text, min(max(len(self.text), 1), 100))

    def at(self, place: int) -> Location:
        """Return where the field at `place` stands."""
        column = sum(len(field) + 1 for field in self.fields[:place]) + 1
        width = min(max(len(self.fields[place]), 1), 100)
        return Location(self.name, self.number, column, self.text, width)

    def wrong(self, place: int, expected: str) -> SourceSyntaxError:
        """Return the error of a field that is not what was `expected`."""
        found = shown(self.fields[place]) if self.fields[place] else "nothing"
        return SourceSyntaxError(f"expected {expected}, found {found}", at=self.at(place))


class RowNote(Value):
    """Something odd about a row that is kept.

    Notes of one `topic` are reported together, by the first one's sentence and place.
    """

    topic: str
    sentence: str
    at: Location


class Row(Value):
    """One record as numbers.

    Attributes:
        kind: One of `TYPES`, or `other`.
        first, last: Inclusive ends of its span of addresses; 0 for other kinds.
        country, registry, status, date: As in `Records`.
        line: Where it stands, from 1.
    """

    kind: str
    first: int
    last: int
    country: int
    registry: int
    status: int
    date: int
    line: int


def read_row(line: DelegatedLine, registries: tuple[str, ...]) -> tuple[Row, list[RowNote]]:
    """Return the record of `line` and what is odd about it.

    Args:
        line: A line that is neither empty, nor a comment, header or summary.
        registries: Whose rows the file may hold; several only in a combined file.

    Raises:
        SourceSyntaxError: At the first field, from the left, that breaks the format.
    """
    if len(line.fields) < FIELDS:
        count = len(line.fields)
        raise SourceSyntaxError(f"expected at least {FIELDS} fields, found {count}", at=line.whole)
    registry, country, kind, _, _, day, status = line.fields[:FIELDS]
    if registry not in registries:
        raise line.wrong(0, _one_of(registries))
    if not _COUNTRY.fullmatch(country):
        raise line.wrong(1, "two capital letters or nothing as the country")
    known = status in NAMED_STATUSES
    number = STATUSES.index(status) if known else _OTHER
    first, last = _span(line, combined=len(registries) > 1, held=number in DELEGATED)
    date = _date(day)
    row = Row(
        kind if kind in TYPES else "other",
        first,
        last,
        country_number(country),
        REGISTRIES.index(registry),
        number,
        date or 0,
        line.number,
    )
    return row, _notes(line, date=date, known_status=known)


def _one_of(registries: tuple[str, ...]) -> str:
    if len(registries) == 1:
        return f"the registry {registries[0]!r} of the header"
    return f"one of {', '.join(registries)}"


def _date(text: str) -> int | None:
    """Return yyyymmdd, 0 for an unknown day, or None for what is not a day."""
    if not text:
        return 0
    if not _DAY.fullmatch(text):
        return None
    return int(text) if text == "00000000" or is_day(int(text)) else None


def _notes(line: DelegatedLine, *, date: int | None, known_status: bool) -> list[RowNote]:
    kind, day, status = line.fields[2], line.fields[5], line.fields[6]
    notes = []
    if kind not in TYPES:
        sentence = f"unknown type {shown(kind)}, the row is only counted"
        notes.append(RowNote("type", sentence, line.at(2)))
    if date is None:
        sentence = f"{shown(day)} is not a day, the date is taken as unknown"
        notes.append(RowNote("date", sentence, line.at(5)))
    if not known_status:
        sentence = f"unknown status {shown(status)}, never counted as delegated"
        notes.append(RowNote("status", sentence, line.at(6)))
    return notes


def _span(line: DelegatedLine, *, combined: bool, held: bool) -> tuple[int, int]:
    """Return the inclusive ends of the row's addresses; zeros for an AS number or unknown type.

    Args:
        combined: The file holds several registries.
        held: The row is allocated or assigned, so blocking its country blocks it.
    """
    kind = line.fields[2]
    if kind == "asn":
        _require_as_numbers(line)
    if kind not in ("ipv4", "ipv6"):
        return 0, 0
    family = V4 if kind == "ipv4" else V6
    first = _start(line, family)
    last = _last_of_count(line, first) if family == V4 else _last_of_length(line, first)
    widest = _WIDEST if not combined else _WIDEST_COMBINED if held else 0
    if last - first >= family.size >> widest:
        raise SourceSyntaxError(f"wider than a /{widest}, no registry holds that", at=line.at(4))
    return first, last


def _start(line: DelegatedLine, family: Family) -> int:
    try:
        found, first = parse_raw(line.fields[3])
    except ValueError:
        found, first = None, 0
    if found != family:
        raise line.wrong(3, f"an IPv{family.version} address")
    return first


def _last_of_count(line: DelegatedLine, first: int) -> int:
    if not WHOLE_NUMBER.fullmatch(line.fields[4]):
        raise line.wrong(4, "a number of addresses, at least 1")
    last = first + int(line.fields[4]) - 1
    if last > V4.last:
        raise SourceSyntaxError("the range runs past 255.255.255.255", at=line.at(4))
    return last


def _last_of_length(line: DelegatedLine, first: int) -> int:
    text = line.fields[4]
    if not WHOLE_NUMBER.fullmatch(text) or int(text) > V6.width:
        raise line.wrong(4, "a prefix length from 1 to 128")
    size = 1 << (V6.width - int(text))
    if first % size:
        address = line.fields[3]
        raise SourceSyntaxError(f"{address}/{text} has host bits set", at=line.at(3))
    return first + size - 1


def _require_as_numbers(line: DelegatedLine) -> None:
    start, count = line.fields[3:5]
    if not _AS_NUMBER.fullmatch(start) or int(start) >= 1 << 32:
        raise line.wrong(3, "an AS number")
    if not WHOLE_NUMBER.fullmatch(count):
        raise line.wrong(4, "a number of AS numbers, at least 1")
    if int(start) + int(count) > 1 << 32:
        raise SourceSyntaxError("the range runs past the last AS number 4294967295", at=line.at(4))
