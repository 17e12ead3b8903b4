"""Registry records as plain rows."""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import numpy as np

from blockc.addresses.family import Family
from blockc.registries.records import (
    REGISTRIES,
    STATUSES,
    Records,
    country_number,
    country_text,
)
from tests.addresses.random_ranges import some_range
from tests.addresses.toy import pairs, spans

COUNTRIES = ("", "ZZ", "CN", "US", "EU")


class Row(NamedTuple):
    """One record."""

    first: int
    last: int
    country: str
    registry: str
    status: str
    date: int
    line: int


def as_records(family: Family, rows: Sequence[Row]) -> Records:
    """Return rows as columns."""
    start, last = spans(family, [(row.first, row.last) for row in rows])
    return Records(
        family,
        start,
        last,
        np.array([country_number(row.country) for row in rows], dtype=np.uint16),
        np.array([REGISTRIES.index(row.registry) for row in rows], dtype=np.uint8),
        np.array([STATUSES.index(row.status) for row in rows], dtype=np.uint8),
        np.array([row.date for row in rows], dtype=np.int32),
        np.array([row.line for row in rows], dtype=np.int32),
    )


def rows_of(records: Records) -> list[Row]:
    """Return columns as rows."""
    return [
        Row(first, last, country_text(country), REGISTRIES[registry], STATUSES[status], *rest)
        for (first, last), country, registry, status, *rest in zip(
            pairs(records.family, (records.start, records.last)),
            records.country.tolist(),
            records.registry.tolist(),
            records.status.tolist(),
            records.date.tolist(),
            records.row.tolist(),
            strict=True,
        )
    ]


def some_row(random: Random, first: int, last: int) -> Row:
    """Return a row that says something arbitrary about a range."""
    return Row(
        first,
        last,
        random.choice(COUNTRIES),
        random.choice(REGISTRIES[1:]),
        random.choice(STATUSES[1:]),
        random.choice((0, 20100101, 20200101)),
        random.randrange(1, 99),
    )


def some_rows(random: Random, family: Family, *, narrow: bool = False) -> list[Row]:
    """Return three to twelve rows; `narrow` ones are of whole units."""
    unit = (1 << family.grain) - 1 if narrow else 0
    found = [some_range(random, family) for _ in range(random.randrange(3, 13))]
    return [some_row(random, first & ~unit, last | unit) for first, last in found]
