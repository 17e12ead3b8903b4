"""The first lines of a delegated file: header and summaries, and the promises they make."""

import re
from datetime import date

from blockc.errors import SourceSyntaxError, SourceUnfit, UsageError, suggestion
from blockc.formats.delegated.exact_rows import TYPES, WHOLE_NUMBER, DelegatedLine, shown
from blockc.registries.records import NAMED_REGISTRIES
from blockc.values import Value
from blockc.vocabulary import RIRS

# Files that hold the rows of several registries; NRO's generator also merges neighbours.
COMBINED = ("iana", "nro")
KNOWN = (*RIRS, *COMBINED)
_SHAPE = "version|registry|serial|records|startdate|enddate|utcoffset"
_PATTERNS = (
    (re.compile(r"[0-9]{1,2}(\.[0-9]{1,2})?"), "a version such as 2 or 2.3"),
    (re.compile(r".*"), ""),
    (re.compile(r"[0-9]{1,20}"), "a serial number"),
    (re.compile(r"[0-9]{1,9}"), "a number of records"),
    (re.compile(r"([0-9]{8})?"), "a day such as 20181013, or nothing"),
    (re.compile(r"[0-9]{8}"), "a day such as 20181013"),
    (re.compile(r"[+-]?[0-9]{4,5}"), "an offset such as +1000"),
)
_SILENT_LINES = re.compile(rb"(?:(?:#[^\n]*|[ \t\r]*)\n)*+")


class Header(Value):
    """What a delegated file says about itself.

    Attributes:
        registry: Whose file it is; `nro` or `iana` for a combined one.
        serial: As written: a date, or a time in seconds or milliseconds.
        records: How many rows of all types it promises.
        startdate: The first day the data covers, if it says so.
        enddate: The day the data describes.
        offset: Of local time from UTC, as written.
        line: Where the header stands, from 1.
    """

    version: str
    registry: str
    serial: str
    records: int
    startdate: date | None
    enddate: date
    offset: str
    line: int

    @property
    def combined(self) -> bool:
        """Return whether rows of several registries may follow."""
        return self.registry in COMBINED

    @property
    def registries(self) -> tuple[str, ...]:
        """Return whose rows may follow."""
        return NAMED_REGISTRIES if self.combined else (self.registry,)


def read_header(name: str, data: bytes, asked: str | None) -> tuple[Header, int]:
    """Return the header and where the rest of `data` begins.

    Raises:
        UsageError: If `asked` is not a registry.
        SourceSyntaxError: If the first line that is neither empty nor a comment is not a header.
        SourceUnfit: If it is the header of another registry than `asked`.
    """
    if asked is not None and asked not in KNOWN:
        raise UsageError(f"unknown registry {shown(asked)}{suggestion(asked, KNOWN)}")
    silent = _SILENT_LINES.match(data)
    begin = silent.end() if silent else 0
    end = data.find(b"\n", begin)
    end = len(data) if end < 0 else end
    line = DelegatedLine.of(name, data.count(b"\n", 0, begin) + 1, data[begin:end])
    _require_header(line)
    header = _header(line)
    if asked not in (None, header.registry):
        raise SourceUnfit(
            f"this is the file of {header.registry!r}, expected that of {asked!r}",
            at=line.at(1),
            hint="fetch it from the registry itself",
        )
    return header, end + 1


def _require_header(line: DelegatedLine) -> None:
    if len(line.fields) != len(_PATTERNS) or not _PATTERNS[0][0].fullmatch(line.fields[0]):
        raise SourceSyntaxError(
            f"expected the header {_SHAPE}", at=line.whole, hint="is this a delegation file?"
        )
    for place, (pattern, expected) in enumerate(_PATTERNS):
        if not pattern.fullmatch(line.fields[place]):
            raise line.wrong(place, expected)
    version, registry = line.fields[:2]
    if version.split(".")[0] != "2":
        raise SourceSyntaxError(
            f"version {version} of the format is unknown, expected 2 or 2.x", at=line.at(0)
        )
    if registry not in KNOWN:
        raise SourceSyntaxError(
            f"unknown registry {shown(registry)}{suggestion(registry[:40], KNOWN)}", at=line.at(1)
        )


def _header(line: DelegatedLine) -> Header:
    version, registry, serial, records, startdate, _, offset = line.fields
    start = _day(line, 4) if startdate.strip("0") else None
    end = _day(line, 5)
    return Header(version, registry, serial, int(records), start, end, offset, line.number)


def _day(line: DelegatedLine, place: int) -> date:
    text = line.fields[place]
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise line.wrong(place, "a day of the calendar") from None


class Summary(Value):
    """How many rows of one type the file promises, and the line that says so."""

    kind: str
    count: int
    line: DelegatedLine


def read_summary(line: DelegatedLine, header: Header) -> Summary:
    """Return the promise of a summary line, `registry|*|type|*|count|summary`.

    Raises:
        SourceSyntaxError: If it has another options, or belongs to another registry's file.
    """
    if len(line.fields) != 6 or line.fields[3] != "*" or line.fields[5] != "summary":
        raise SourceSyntaxError(
            "expected the summary registry|*|type|*|count|summary", at=line.whole
        )
    registry, _, kind, _, count, _ = line.fields
    if registry != header.registry:
        raise line.wrong(0, f"the registry {header.registry!r} of the header")
    if kind not in TYPES:
        raise line.wrong(2, "one of asn, ipv4, ipv6")
    if count != "0" and not WHOLE_NUMBER.fullmatch(count):
        raise line.wrong(4, "a number of records")
    return Summary(kind, int(count), line)
