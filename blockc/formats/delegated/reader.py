"""The registries' delegation files: plain, extended, and the combined files of NRO and IANA.

A file is accepted whole or not at all: a broken upstream file must not become a smaller
blocklist. The modules that serve this one: `header` reads the promises, `body`
the lines, most of them many at a time (`bulk_rows` on `text_pieces` and
`fields`), the doubtful ones exactly (`exact_rows`); `consistency` compares.

Source: RIR statistics exchange format,
https://www.apnic.net/about-apnic/corporate-documents/documents/resource-guidelines/rir-statistics-exchange-format/
and, for the combined files, https://github.com/RIPE-NCC/nro-delegated-stats
"""

from collections.abc import Mapping
from datetime import date

from blockc.addresses.family import Family
from blockc.addresses.plain_text import require_content, require_text, warning
from blockc.errors import Location, SourceUnfit
from blockc.formats.delegated.body import read_body
from blockc.formats.delegated.consistency import (
    require_counts,
    require_delegatable,
    status_counts,
    survey,
    survey_warnings,
)
from blockc.formats.delegated.header import Header, read_header
from blockc.registries.records import Records
from blockc.values import Value

_FUTURE_DAYS = 2  # a day ahead is a time zone, APNIC's serial was once two


class Counts(Value):
    """How much a file holds.

    Attributes:
        rows: Rows by type: asn, ipv4, ipv6, other.
        statuses: Address rows by family and status.
        delegated: Allocated and assigned addresses by family, each counted once.
    """

    rows: Mapping[str, int]
    statuses: Mapping[Family, Mapping[str, int]]
    delegated: Mapping[Family, int]


class DelegatedFile(Value, eq=False):
    """A delegation file that was accepted.

    Attributes:
        records: The address rows by family, in the order of the file; AS numbers are only counted.
        warnings: What is odd about the file, a line each, with the first place and the number of
            such places.
    """

    header: Header
    records: Mapping[Family, Records]
    counts: Counts
    warnings: tuple[str, ...]


def read_delegated(
    name: str, data: bytes, *, registry: str | None = None, today: date | None = None
) -> DelegatedFile:
    """Read a delegation file.

    Args:
        name: What the file is called in messages.
        data: Its bytes, unpacked.
        registry: The registry whose file was asked for; any if None.
        today: The day to compare the file's date with; not compared if None.

    Raises:
        SourceSyntaxError: At the first line that breaks the format.
        SourceUnfit: If it is no such file, another registry's, incomplete, or its counts are wrong.
        UsageError: If `registry` is not a registry.

    Cost: O(n log n) for n bytes, about 10 ms a megabyte.
    """
    require_content(name, data)
    require_text(name, data)
    data = data.replace(b"\r\n", b"\n") if b"\r" in data else data
    header, begin = read_header(name, data, registry)
    _require_final_newline(name, data, header)
    body = read_body(name, data, begin, header)
    oddities = require_counts(name, header, body.summaries, body.counts)
    for records in body.records.values():
        require_delegatable(name, records)
    surveys = {family: survey(records) for family, records in body.records.items()}
    counts = Counts(
        body.counts,
        {family: status_counts(records) for family, records in body.records.items()},
        {family: seen.addresses for family, seen in surveys.items()},
    )
    warnings = [
        *_date_warnings(name, header, today),
        *oddities,
        *body.warnings,
        *survey_warnings(name, surveys.values()),
    ]
    return DelegatedFile(header, body.records, counts, tuple(warnings))


def _require_final_newline(name: str, data: bytes, header: Header) -> None:
    """Raise unless the last line is complete: both cut files ever seen still parsed to the end.

    NRO's generator writes no final newline.
    """
    if not header.combined and not data.endswith(b"\n"):
        raise SourceUnfit(
            "the last line has no newline, the file was cut",
            at=Location(name, data.count(b"\n") + 1),
            hint="fetch it again",
        )


def _date_warnings(name: str, header: Header, today: date | None) -> list[str]:
    ahead = (header.enddate - today).days if today else 0
    if ahead <= _FUTURE_DAYS:
        return []
    return [warning(Location(name, header.line), f"enddate is {ahead:,} days in the future")]
