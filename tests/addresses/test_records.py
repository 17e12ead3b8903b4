"""Records: country codes, joining, and the archive they are stored in."""

from random import Random

import numpy as np
import pytest

from blockc.addresses.family import FAMILIES, V4, V6, Family
from blockc.registries.records import (
    REGISTRIES,
    STATUSES,
    Records,
    country_number,
    country_text,
    records_from_bytes,
    records_to_bytes,
)
from blockc.values import field_names
from tests.addresses.rows import Row, as_records, rows_of, some_rows


@pytest.mark.parametrize("code", ["", "CN", "ZZ", "AA", "a1"])
def test_a_country_code_comes_back_from_its_number(code: str) -> None:
    assert country_text(country_number(code)) == code


@pytest.mark.parametrize("code", ["C", "CHN", "Ü1", "\x00\u0100"])
def test_what_is_no_two_letters_has_no_number(code: str) -> None:
    with pytest.raises(ValueError, match="not a two-letter code"):
        country_number(code)


HEAD = b"blockc records\n"


@pytest.mark.parametrize("seed", range(20))
def test_records_come_back_from_their_archive_whatever_their_form(seed: int) -> None:
    random = Random(seed)
    made = {
        V4: as_records(V4, some_rows(random, V4)),
        V6: as_records(V6, some_rows(random, V6, narrow=seed % 2 == 0)),
    }
    data = records_to_bytes(list(made.values()))
    assert data == records_to_bytes(list(made.values()))
    again = records_from_bytes(data, FAMILIES)
    for family in FAMILIES:
        assert rows_of(again[family]) == rows_of(made[family])
        assert again[family].start.dtype == made[family].start.dtype


def test_an_archive_of_nothing_is_an_archive() -> None:
    data = records_to_bytes([Records.empty(V4), Records.empty(V6)])
    assert all(len(one) == 0 for one in records_from_bytes(data, FAMILIES).values())


@pytest.mark.parametrize("seed", range(10))
def test_a_damaged_archive_is_refused_or_holds_records(seed: int) -> None:
    random = Random(seed)
    refused = 0
    for _ in range(60):
        try:
            again = records_from_bytes(damaged(random, some_rows(random, V4)), [V4])[V4]
        except ValueError:
            refused += 1
        else:
            assert len({len(getattr(again, name)) for name in field_names(again)[1:]}) == 1
            assert (again.start <= again.last).all()
    assert refused > 15


def damaged(random: Random, rows: list[Row]) -> bytes:
    """Return the archive of rows with a few bytes changed, and often cut short."""
    data = bytearray(records_to_bytes([as_records(V4, rows)]))
    for _ in range(random.randrange(1, 4)):
        data[random.randrange(len(data))] = random.randrange(256)
    if random.randrange(3) == 0:
        del data[random.randrange(len(data)) :]
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x05\x06" + bytes(18),
        b"x" * 99,
        HEAD,
        HEAD + b"\n",
        HEAD + b"[1]\n",
        HEAD + b"{\n",
        HEAD + b'[[4, "start", "<u8", 9, 0]]\n',
        HEAD + b'[[4, "start", "O", 0, 0]]\n',
        HEAD + b'[[4, "start", "<u8", 1e99, 0]]\n',
        HEAD + b'[[4, "start", "<u8", 99999999999999999999, 0]]\n',
        HEAD + b'[[[], "start", "?(", 0, -1]]\n',
    ],
)
def test_what_is_no_archive_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not an archive of records"):
        records_from_bytes(data, FAMILIES)


def test_an_archive_without_a_family_is_refused() -> None:
    data = records_to_bytes([Records.empty(V4)])
    with pytest.raises(ValueError, match="not an archive of records"):
        records_from_bytes(data, FAMILIES)


def test_an_archive_with_another_type_is_refused() -> None:
    one = as_records(V4, [Row(0, 9, "CN", "apnic", "allocated", 20200101, 1)])
    other = Records(V4, one.start, one.last, one.country.astype(np.int64), *_rest(one))
    with pytest.raises(ValueError, match="not an archive of records: a column has another type"):
        records_from_bytes(records_to_bytes([other]), [V4])


def _rest(one: Records) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    return one.registry, one.status, one.date, one.row


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", range(10))
def test_joined_records_keep_their_rows_in_order(family: Family, seed: int) -> None:
    random = Random(seed)
    parts = [some_rows(random, family, narrow=n % 2 == 0) for n in range(3)]
    joined = Records.concat([as_records(family, part) for part in parts], family)
    assert rows_of(joined) == [row for part in parts for row in part]
    assert len(Records.concat([], family)) == 0
    with pytest.raises(ValueError, match="not all records are of ipv"):
        Records.concat([joined, Records.empty(V4 if family == V6 else V6)], family)
    assert [joined.country.dtype, joined.row.dtype] == [np.uint16, np.int32]


def test_delegated_is_allocated_or_assigned() -> None:
    rows = [Row(0, 0, "CN", "apnic", status, 0, 1) for status in STATUSES]
    delegated = as_records(V4, rows).delegated.tolist()
    assert [status for status, yes in zip(STATUSES, delegated, strict=True) if yes] == [
        "allocated",
        "assigned",
    ]


def test_taking_rows_takes_whole_rows() -> None:
    rows = some_rows(Random(1), V6)
    records = as_records(V6, rows)
    assert rows_of(records.take(np.array([2, 0]))) == [rows[2], rows[0]]
    assert rows_of(records.take(np.zeros(len(rows), dtype=bool))) == []


def test_records_cannot_be_built_wrong_nor_changed() -> None:
    records = as_records(V4, [Row(0, 9, "CN", "apnic", "allocated", 20200101, 1)])
    with pytest.raises(ValueError, match="differ in length"):
        Records(V4, records.start, records.last, records.country[:0], *_rest(records))
    with pytest.raises(ValueError, match="ends before it starts"):
        Records(V4, records.last, records.start, records.country, *_rest(records))
    with pytest.raises(ValueError, match="read-only"):
        records.country[0] = 1


def test_the_numbers_of_registries_and_statuses_fit_their_labels() -> None:
    assert len(REGISTRIES) == len(set(REGISTRIES)) <= 16
    assert len(STATUSES) == len(set(STATUSES)) <= 16
    assert REGISTRIES[0] == STATUSES[0] == ""
