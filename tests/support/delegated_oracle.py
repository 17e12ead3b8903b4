"""Comparing the reader with the plain one."""

from collections.abc import Callable
from typing import TypeVar

from blockc.addresses import columns
from blockc.addresses.family import V4, V6
from blockc.errors import SourceSyntaxError, SourceUnfit
from blockc.formats.delegated.reader import DelegatedFile, read_delegated
from blockc.registries.records import REGISTRIES, STATUSES, Records, country_text
from tests.support.plain_delegated import PlainRow, read_plain

T = TypeVar("T")


def plain_rows(records: Records) -> list[PlainRow]:
    """Return all columns of `records` as the plain reader writes them."""
    family = records.family
    rows = zip(
        columns.ints(family, records.start),
        columns.last_ints(family, records.last),
        map(country_text, records.country.tolist()),
        [REGISTRIES[number] for number in records.registry.tolist()],
        [STATUSES[number] for number in records.status.tolist()],
        records.date.tolist(),
        records.row.tolist(),
        strict=True,
    )
    return [PlainRow(family.version, *row) for row in rows]


def require_same_as_plain(data: bytes) -> bool:
    """Assert that both readers accept `data` with the same rows, or both refuse it.

    Returns:
        Whether they accept it.
    """
    expected, found = read_or_none(read_plain, data), read_or_none(_read, data)
    assert (found is None) == (expected is None), f"blockc: {found}, plain: {expected}, {data!r}"
    if found is None or expected is None:
        return False
    rows = [row for family in (V4, V6) for row in plain_rows(found.records[family])]
    assert sorted(rows) == sorted(expected.rows), repr(data)
    assert found.counts.rows == expected.counts
    return True


def read_or_none(read: Callable[[bytes], T], data: bytes) -> T | None:
    """Return what `read` makes of `data`, or None if it refuses it in the way it is meant to."""
    try:
        return read(data)
    except (ValueError, SourceSyntaxError, SourceUnfit) as error:
        if isinstance(error, ValueError) != (read is read_plain):
            raise
        return None


def _read(data: bytes) -> DelegatedFile:
    return read_delegated("file", data)
