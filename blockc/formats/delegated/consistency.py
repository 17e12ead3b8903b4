"""What must agree between the rows of a delegated file and its promises, and what looks odd."""

from collections.abc import Iterable, Mapping
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from blockc.addresses import columns
from blockc.addresses.addrset import AddrSet
from blockc.addresses.columns import Column
from blockc.addresses.family import Family
from blockc.addresses.plain_text import warning
from blockc.addresses.totals import total
from blockc.errors import Location, SourceUnfit, counted
from blockc.formats.delegated.header import Header, Summary
from blockc.formats.delegated.text_pieces import Mask, Positions
from blockc.registries.records import REGISTRIES, STATUSES, Records, country_text
from blockc.registries.special import never_delegated, not_given_out, special_purpose
from blockc.values import Value

_SAME = ("start", "last", "country", "registry", "status", "date")
_CUT = "the file was cut or changed on the way, fetch it again"


def require_counts(
    name: str, header: Header, promised: Mapping[str, Summary], found: Mapping[str, int]
) -> list[str]:
    """Return warnings about counts that are wrong only for AS numbers.

    AFRINIC's and LACNIC's published files have had such counts for days, with all addresses there.

    Args:
        promised: The summaries by type.
        found: How many rows of each type the file has, before any filtering.

    Raises:
        SourceUnfit: If the counts of address rows, or of all rows, are not those promised.
    """
    for kind in ("ipv4", "ipv6"):
        _require_summary(name, promised.get(kind), kind, found[kind])
    at = Location(name, header.line)
    total = sum(found.values())
    if not total:
        raise SourceUnfit("the file holds no records", at=at, hint="fetch it again")
    missing = header.records - total
    known = promised.get("asn")
    missing_as_numbers = known.count - found["asn"] if known else 0
    if missing not in (0, missing_as_numbers):
        raise SourceUnfit(
            f"the header promises {header.records:,} rows, the file has {total:,}", at=at, hint=_CUT
        )
    if not known or not missing_as_numbers:
        return []
    sentence = (
        f"the summary promises {counted(known.count, 'row')} of AS numbers, the file has "
        f"{found['asn']:,}; all address rows are there"
    )
    return [warning(known.line.at(4), sentence)]


def _require_summary(name: str, summary: Summary | None, kind: str, found: int) -> None:
    if summary is None and found:
        raise SourceUnfit(
            f"no summary of the {found:,} {kind} rows",
            at=Location(name),
            hint="fetch it again",
        )
    if summary is not None and summary.count != found:
        raise SourceUnfit(
            f"the summary promises {summary.count:,} {kind} rows, the file has {found:,}",
            at=summary.line.at(4),
            hint=_CUT,
        )


def require_delegatable(name: str, records: Records) -> None:
    """Raise unless everything a registry delegates can be delegated.

    Raises:
        SourceUnfit: A record lies in private, multicast, IPv4-mapped or other such space. IANA's
            own rows in combined files may.
    """
    held = records.delegated & (records.registry != REGISTRIES.index("iana"))
    for prefix in never_delegated():
        if prefix.family != records.family:
            continue
        ends = columns.span_columns(prefix.family, [(prefix.first, prefix.last)])
        (start, last), (first, end) = columns.spans_alike([(records.start, records.last), ends])
        inside = np.flatnonzero(held & (start <= end[0]) & (last >= first[0]))
        if len(inside):
            raise SourceUnfit(
                f"delegates a part of {prefix}, which no registry can",
                at=Location(name, int(records.row[inside].min())),
                hint="the file is damaged, fetch it again",
            )


class Finding(NamedTuple):
    """Rows with something odd in common: the line of the first, what it is, and how many."""

    line: int
    sentence: str
    rows: int


class Survey(Value):
    """What one family's records amount to.

    Attributes:
        addresses: How many are allocated or assigned, each counted once.
        findings: By topic, what is odd about the records.
    """

    addresses: int
    findings: Mapping[str, Finding | None]


def survey(records: Records) -> Survey:
    """Count the delegated addresses of `records` and look for duplicates, overlaps, special space.

    Cost: O(n log n) in a sort by address.
    """
    order = np.argsort(records.start, kind="stable")
    start, reach = records.start[order], _reach(records.last[order])
    shared = np.zeros(len(order), dtype=bool)
    inside = start[1:] <= reach[:-1]
    shared[1:] |= inside
    shared[:-1] |= inside
    contested = records.take(order[shared])
    held = records.delegated
    spans = records.start[held], records.last[held]
    if len(contested):
        spans = AddrSet.of_spans({records.family: spans}).spans(records.family)
    findings = {
        "duplicates": _duplicates(contested),
        "countries": _disputes(contested.take(contested.delegated)),
        "special": _in_special_space(records, held, order, (start, reach)),
    }
    return Survey(total(records.family, *spans), findings)


def _reach(last: Column) -> Column:
    """Return the highest of the ends up to each row; wide columns by rank, they have no maximum."""
    if not columns.is_wide(last):
        return np.asarray(np.maximum.accumulate(last))
    values, rank = np.unique(last, return_inverse=True)
    return np.asarray(values[np.maximum.accumulate(rank)])


def survey_warnings(name: str, surveys: Iterable[Survey]) -> list[str]:
    """Return one warning a topic, over all families."""
    topics: dict[str, list[Finding]] = {}
    for seen in surveys:
        for topic, finding in seen.findings.items():
            topics.setdefault(topic, []).extend([finding] if finding else [])
    return [
        warning(
            Location(name, min(findings).line),
            min(findings).sentence,
            sum(finding.rows for finding in findings),
        )
        for findings in topics.values()
        if findings
    ]


def _duplicates(contested: Records) -> Finding | None:
    """Find rows that say the same as an earlier one."""
    values = (getattr(contested, name).tolist() for name in _SAME)
    labels = zip(*values, strict=True)
    seen: dict[tuple[object, ...], int] = {}
    again = []
    for row, label in sorted(zip(contested.row.tolist(), labels, strict=True)):
        if label in seen:
            again.append((row, seen[label]))
        seen.setdefault(label, row)
    if not again:
        return None
    row, earlier = again[0]
    return Finding(row, f"the same as line {earlier}", len(again))


def _disputes(held: Records) -> Finding | None:
    """Find rows of different countries that overlap; `held` is sorted by start.

    Each row that begins inside an earlier one is compared with the earlier one that reaches
    farthest. If any two overlapping rows differ in country, some such pair does: the pairs
    connect all rows that hang together.
    """
    reach = _reach(held.last)
    farthest = np.ones(len(held), dtype=bool)
    farthest[1:] = held.last[1:] > reach[:-1]
    owner = np.maximum.accumulate(np.where(farthest, np.arange(len(held)), 0))
    inside = np.flatnonzero(held.start[1:] <= reach[:-1]) + 1
    pairs = np.column_stack([owner[inside - 1], inside])
    pairs = pairs[held.country[pairs[:, 0]] != held.country[pairs[:, 1]]]
    if not len(pairs):
        return None
    # The dispute begins where the later of the two lines stands.
    soonest = pairs[np.argmin(held.row[pairs].max(axis=1))]
    earlier, later = soonest[np.argsort(held.row[soonest])].tolist()
    sentence = (
        f"{_described(held, later)} overlaps {_described(held, earlier)} of line "
        f"{held.row[earlier]}, the narrower or newer record counts"
    )
    return Finding(int(held.row[later]), sentence, len(pairs))


def _described(held: Records, place: int) -> str:
    one = held.take(np.array([place]))
    country = country_text(int(one.country[0])) or "no country"
    first = columns.ints(held.family, one.start)[0]
    last = columns.last_ints(held.family, one.last)[0]
    return f"{country} {held.family.text(first)}-{held.family.text(last)}"


def _in_special_space(
    records: Records, held: Mask, order: Positions, sorted_spans: tuple[Column, Column]
) -> Finding | None:
    """Find delegated rows with special-purpose addresses; the registries do delegate some.

    So are those found whose addresses are not given to registries yet.

    Args:
        held: Which records are delegated.
        order: Their positions by start.
        sorted_spans: In that order, their starts, and the farthest end so far.
    """
    start, reach = sorted_spans
    names, first, last = _special_spans(records.family, wide=columns.is_wide(start))
    begin = np.searchsorted(reach, first, side="left").tolist()
    end = np.searchsorted(start, last, side="right").tolist()
    rows: dict[int, str] = {}
    for place, name in enumerate(names):
        near = order[begin[place] : end[place]]
        touched = near[held[near] & (records.last[near] >= first[place])]
        rows |= dict.fromkeys(records.row[touched].tolist(), name)
    if not rows:
        return None
    return Finding(min(rows), rows[min(rows)], len(rows))


@cache
def _special_spans(family: Family, *, wide: bool) -> tuple[list[str], Column, Column]:
    """Return description, start and end of each odd prefix; a part of a unit is all of it."""
    odd = {one: f"{one} is not given to registries yet" for one in not_given_out()}
    for row in special_purpose():
        odd[row.prefix] = f"{row.prefix} is special-purpose space, {row.name}"
    rows = [prefix for prefix in odd if prefix.family == family]
    ends = columns.wide_column if wide else partial(_units, family)
    firsts, lasts = [row.first for row in rows], [row.last for row in rows]
    return [odd[row] for row in rows], ends(firsts), ends(lasts)


def _units(family: Family, addresses: list[int]) -> Column:
    return np.array([address >> family.grain for address in addresses], dtype=np.uint64)


def status_counts(records: Records) -> dict[str, int]:
    """Return how many of `records` have each status."""
    counts = np.bincount(records.status, minlength=len(STATUSES)).tolist()
    return dict(zip(STATUSES[1:], counts[1:], strict=True))
