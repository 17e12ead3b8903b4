"""The rows of a delegated file that look as nearly all do, many at a time.

What is not certain here is left to `exact_rows`: comments and empty lines aside, every line is
either taken by this module or handed back as doubtful.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from blockc.addresses.columns import U64
from blockc.addresses.family import V4, V6, Family
from blockc.formats.delegated.exact_rows import FIELDS, TYPES
from blockc.formats.delegated.fields import countries, dates, ipv4, ipv6, numbers
from blockc.formats.delegated.text_pieces import DelegatedLines, Mask, Positions, Tokens
from blockc.registries.records import NAMED_STATUSES, REGISTRIES, Records
from blockc.values import Value

_MOST_ADDRESSES = 1 << 24
_SHORTEST, _LONGEST = 8, 64
_ONE = np.uint64(1)
Spans = tuple[U64, U64, Mask]


class Bulk(Value, eq=False):
    """What was certain in one piece of a file, and which lines were not.

    Attributes:
        records: By family, the rows in the order of the file.
        as_numbers: How many rows of AS numbers were certain.
        doubtful: Lines to read one by one, counted from 0 in the piece.
    """

    records: Mapping[Family, Records]
    as_numbers: int
    doubtful: Positions


def read_bulk(lines: DelegatedLines, registries: tuple[str, ...], before: int) -> Bulk:
    """Decode the certain rows of `lines`.

    Args:
        registries: Whose rows may occur.
        before: How many lines of the file precede the first of `lines`.
    """
    read = lines.silent
    rows = np.flatnonzero((lines.pipes >= FIELDS - 1) & ~read)
    fields = lines.fields(rows, FIELDS)
    labels = _labels(fields, registries, rows + before + 1)
    _, _, kind, start, value, *_ = fields
    kinds = kind.choice(TYPES) * labels.certain
    records = {}
    for place, family, decode in _DECODERS:
        chosen = np.flatnonzero(kinds == place)
        first, last, certain = decode(start.take(chosen), value.take(chosen))
        if not certain.all():
            chosen, first, last = chosen[certain], first[certain], last[certain]
        records[family] = labels.records(family, first, last, chosen)
        read[rows[chosen]] = True
    asn = np.flatnonzero(kinds == _ASN)
    asn = asn[_are_as_numbers(start.take(asn), value.take(asn))]
    read[rows[asn]] = True
    return Bulk(records, len(asn), np.flatnonzero(~read))


class _Labels(Value, eq=False):
    """What rows of every type have in common, as in `Records`, and where all of it is certain."""

    country: NDArray[np.uint16]
    registry: NDArray[np.uint8]
    status: NDArray[np.uint8]
    date: NDArray[np.int32]
    row: NDArray[np.int32]
    certain: Mask

    def records(self, family: Family, first: U64, last: U64, chosen: Positions) -> Records:
        """Return the `chosen` rows as records of `family` with the spans `first` to `last`."""
        return Records(
            family,
            first,
            last,
            self.country[chosen],
            self.registry[chosen],
            self.status[chosen],
            self.date[chosen],
            self.row[chosen],
        )


def _labels(fields: Sequence[Tokens], registries: tuple[str, ...], rows: Positions) -> _Labels:
    """Decode the fields of all types: registry, country, date and status."""
    positions = np.array([0, *map(REGISTRIES.index, registries)], dtype=np.uint8)
    registry = positions[fields[0].choice(registries)]
    country, certain = countries(fields[1])
    date, fine = dates(fields[5])
    status = fields[6].choice(NAMED_STATUSES)
    certain &= fine & (registry > 0) & (status > 0)
    return _Labels(country, registry, status, date, rows.astype(np.int32), certain)


def _v4_spans(start: Tokens, value: Tokens) -> Spans:
    first, certain = ipv4(start)
    count, fine = numbers(value)
    last = first + count - _ONE
    certain &= fine & (count - _ONE < _MOST_ADDRESSES) & (last <= V4.last)
    return first, last, certain


def _v6_spans(start: Tokens, value: Tokens) -> Spans:
    first, certain = ipv6(start)
    length, fine = numbers(value)
    within = np.clip(length, _SHORTEST, _LONGEST)
    host = (_ONE << (np.uint64(64) - within)) - _ONE
    certain &= fine & (length == within) & (first & host == 0)
    return first, first | host, certain


def _are_as_numbers(start: Tokens, value: Tokens) -> Mask:
    (_, certain), (count, fine) = numbers(start), numbers(value)
    return certain & fine & (count > 0)


_ASN, *_ADDRESSES = range(1, len(TYPES) + 1)  # as `choice` counts them
_DECODERS = tuple(zip(_ADDRESSES, (V4, V6), (_v4_spans, _v6_spans), strict=True))
