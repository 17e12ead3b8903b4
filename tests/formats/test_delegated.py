"""What a delegation file must be asked for, when, and how odd it may be."""

from datetime import date

import numpy as np
import pytest

from blockc.addresses.family import V4, V6
from blockc.errors import BlockcError, SourceSyntaxError, SourceUnfit, UsageError
from blockc.formats.delegated.reader import read_delegated
from tests.support.delegated_oracle import plain_rows, require_same_as_plain

HEAD = "2|afrinic|20181013|{rows}|00000000|20181013|00000\n"
ROW = "afrinic|ZA|ipv4|41.0.{n}.0|256|20180101|allocated|F0000001\n"


def afrinic(rows: list[str], ipv6: int = 0) -> bytes:
    """Return an AFRINIC file with right counts."""
    summary = f"afrinic|*|ipv4|*|{len(rows) - ipv6}|summary\nafrinic|*|ipv6|*|{ipv6}|summary\n"
    return (HEAD.format(rows=len(rows)) + summary + "".join(rows)).encode()


SMALL = afrinic([ROW.format(n=n) for n in range(3)])


def test_file_of_the_registry_asked_for_is_accepted() -> None:
    assert read_delegated("file", SMALL, registry="afrinic").header.registry == "afrinic"


def test_file_of_another_registry_is_refused_with_both_names() -> None:
    with pytest.raises(SourceUnfit) as caught:
        read_delegated("file", SMALL, registry="arin")

    assert str(caught.value).startswith(
        "file:1:3: this is the file of 'afrinic', expected that of 'arin'; fetch it from"
    )


def test_unknown_registry_asked_for_is_the_callers_mistake() -> None:
    with pytest.raises(UsageError, match="unknown registry 'ripe'; did you mean 'ripencc'"):
        read_delegated("file", SMALL, registry="ripe")


def test_header_is_kept_as_values() -> None:
    header = read_delegated("file", b"# note\n" + SMALL).header

    assert (header.version, header.registry, header.serial) == ("2", "afrinic", "20181013")
    assert (header.records, header.startdate, header.offset) == (3, None, "00000")
    assert (header.enddate, header.line) == (date(2018, 10, 13), 2)


@pytest.mark.parametrize(("today", "warned"), [("2018-10-11", False), ("2018-10-10", True)])
def test_file_from_more_than_two_days_ahead_is_warned_about(today: str, *, warned: bool) -> None:
    found = read_delegated("file", SMALL, today=date.fromisoformat(today))

    assert found.warnings == (("file:1: enddate is 3 days in the future",) if warned else ())


def test_counts_are_by_type_by_status_and_in_addresses() -> None:
    rows = [
        ROW.format(n=1),
        "afrinic|ZA|ipv4|41.0.0.0|65536|20180101|assigned|F0000001\n",
        "afrinic|ZZ|ipv4|41.1.0.0|256||available|\n",
        "afrinic|ZA|ipv6|2c0f:f000::|47|20180101|assigned|F0000001\n",
    ]
    counts = read_delegated("file", afrinic(rows, ipv6=1)).counts
    none = {"allocated": 0, "assigned": 0, "available": 0, "reserved": 0, "other": 0}

    assert counts.rows == {"asn": 0, "ipv4": 3, "ipv6": 1, "other": 0}
    assert counts.statuses[V4] == none | {"allocated": 1, "assigned": 1, "available": 1}
    assert counts.statuses[V6] == none | {"assigned": 1}
    assert counts.delegated == {V4: 65536, V6: 1 << 81}


def test_columns_have_the_types_records_promise_also_when_rows_are_read_one_by_one() -> None:
    for rows in ([ROW.format(n=1)], [ROW.format(n=1).replace("20180101", "20181301")]):
        records = read_delegated("file", afrinic(rows)).records[V4]
        kinds = (records.country, records.registry, records.status, records.date, records.row)

        assert [column.dtype for column in kinds] == [
            np.dtype(k) for k in ("u2", "u1", "u1", "i4", "i4")
        ]
        assert records.start.dtype == records.last.dtype == np.uint64


def test_overlaps_are_found_behind_rows_of_the_same_country() -> None:
    spans = [("ZA", "41.0.0.0", 65536), ("ZA", "41.0.1.0", 256), ("NG", "41.0.2.0", 256)]
    rows = [f"afrinic|{cc}|ipv4|{a}|{n}|20180101|allocated|\n" for cc, a, n in reversed(spans)]
    warnings = read_delegated("file", afrinic(rows)).warnings

    assert warnings == (
        (
            "file:6: ZA 41.0.0.0-41.0.255.255 overlaps NG 41.0.2.0-41.0.2.255 of line 4, "
            "the narrower or newer record counts"
        ),
    )


def test_wide_ipv6_records_are_checked_like_narrow_ones() -> None:
    spans = [("ZA", "2c0f:f000::", 64), ("NG", "2c0f:f000::1", 128), ("ZA", "2001:3::1", 128)]
    rows = [f"afrinic|{cc}|ipv6|{a}|{n}|20180101|allocated|\n" for cc, a, n in spans]
    found = read_delegated("file", afrinic(rows, ipv6=3))

    assert found.counts.delegated[V6] == (1 << 64) + 1
    assert found.warnings == (
        (
            "file:5: NG 2c0f:f000::1-2c0f:f000::1 overlaps ZA 2c0f:f000::-2c0f:f000::ffff:ffff:ffff"
            ":ffff of line 4, the narrower or newer record counts"
        ),
        "file:6: 2001:3::/32 is special-purpose space, AMT",
    )


def test_rows_stay_in_the_order_of_the_file_whichever_way_they_are_read() -> None:
    odd = ["20181301", "20180101"]
    rows = [ROW.format(n=n).replace("20180101", odd[n % 2]) for n in range(9)]
    records = read_delegated("file", afrinic(rows)).records[V4]

    assert records.row.tolist() == list(range(4, 13))
    assert [row.first >> 8 & 255 for row in plain_rows(records)] == list(range(9))


def test_lines_are_numbered_through_the_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("blockc.formats.delegated.text_pieces._PIECE_BYTES", 100)
    rows = [ROW.format(n=n) for n in range(200)]

    assert require_same_as_plain(afrinic(rows))
    rows[150] = rows[150].replace("ZA", "za")
    with pytest.raises(SourceSyntaxError, match=r"^file:154:9: ") as caught:
        read_delegated("file", afrinic(rows))
    assert caught.value.at is not None
    assert caught.value.at.text == rows[150].strip()


@pytest.mark.parametrize(
    "data",
    [
        b"2" * 10_000_000,
        b"|" * 2_000_000,
        b"\n" * 1_000_000 + b"x",
        b" \n" * 500_000 + b"x",
        b"#\n" * 500_000,
        SMALL + b"|" * 2_000_000 + b"\n",
        SMALL + b"x\n" * 50_000,
        SMALL.replace(b"|256|", b"|" + b"9" * 1_000_000 + b"|"),
        SMALL.replace(b"|3|", b"|" + b"9" * 1_000_000 + b"|"),
        SMALL.replace(b"F0000001", b"\xff" * 1_000_000) + b"x",
    ],
    ids=range(10),
)
def test_absurd_files_are_refused_with_a_short_message(data: bytes) -> None:
    with pytest.raises((SourceSyntaxError, SourceUnfit)) as caught:
        read_delegated("file", data)

    assert len(str(caught.value)) < 800


def test_every_file_of_one_or_two_bytes_gets_a_verdict() -> None:
    for first in range(256):
        for tail in (b"", b"\n", b"|", b"\0", b"\xfe", b"\xff", b"\x8b", b"#", b"2"):
            with pytest.raises(BlockcError):
                read_delegated("file", bytes([first]) + tail)


def test_many_duplicates_are_one_warning() -> None:
    warnings = read_delegated("file", afrinic([ROW.format(n=7)] * 3000)).warnings

    assert warnings == ("file:5: the same as line 4; 2,999 such rows",)
