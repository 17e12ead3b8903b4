"""What a line says in an odd way: a time, a number, a list, a URL; as text and as a table."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from blockc.addresses.addrset import AddrSet
from blockc.audit.client_finder import ClientFinder
from blockc.audit.line_sql import LineLayout, client_cells, table_layout
from blockc.audit.scan import LineScan
from blockc.audit.scan_sql import NO_ADDRESS, EngineOptions
from blockc.audit.zones import Zones
from blockc.changes.change import nobody_knows
from blockc.errors import UsageError
from blockc.workspace.audit.log_feed import shipped_formats

EVERYTHING = Zones.of({"all": AddrSet.everything()}, [nobody_knows()] * 3)
MOMENT = datetime(2026, 10, 10, 11, 55, 36, tzinfo=UTC)
FOUND = "strftime(first, '%Y-%m-%dT%H:%M:%SZ'), day::VARCHAR, status, bytes::BIGINT, path"


def scan(tmp_path: Path, *trusted: str, **asked: Any) -> LineScan:
    """Return a scan for which every address is listed."""
    options = EngineOptions(scratch=str(tmp_path), **asked)
    return LineScan(ClientFinder(EVERYTHING, trusted), options)


def said(tmp_path: Path, rows: list[dict[str, Any]], asked: str = FOUND, *trusted: str) -> Any:
    """Return what rows say: as JSON lines, as a log of words, and as a table, which is the same."""
    rows = [{"client": f"192.0.2.{n}", **row} for n, row in enumerate(rows, 1)]
    sql = f"SELECT {asked} FROM hits ORDER BY low"  # noqa: S608  of this file
    by_line, by_row = scan(tmp_path, *trusted), scan(tmp_path, *trusted)
    lines = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    by_line.read(LineLayout(shipped_formats()["json-lines"]), [(0, 1, lines)])
    path = tmp_path / "table.parquet"
    names = list(dict.fromkeys(name for row in rows for name in row))
    parquet.write_table(pa.table({name: [row.get(name) for row in rows] for name in names}), path)
    by_row.read_parquet(shipped_formats()["csv"], 0, str(path))
    found = by_line.rows(sql)
    assert by_row.rows(sql) == found
    return found


def combined(tmp_path: Path, lines: list[str], asked: str = FOUND) -> Any:
    """Return what lines of the combined format say."""
    found = scan(tmp_path)
    data = "".join(f"{line}\n" for line in lines).encode()
    found.read(LineLayout(shipped_formats()["combined"]), [(0, 1, data)])
    return found.rows(f"SELECT {asked} FROM hits ORDER BY low")  # noqa: S608  of this file


@pytest.mark.parametrize(
    "word",
    [
        "infinity", "-infinity", "epoch", "nan", "now", "2026-10-10 (BC) 10:00:00", "-1", "0",
        "1e30", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1404-07-18T10:00:00Z",
        "2569-10-10T10:00:00Z", "1970-01-01T00:00:05Z", "10/Oct/0000:13:55:36 +0200",
    ],
)  # fmt: skip
def test_no_word_is_taken_for_a_time(word: str, tmp_path: Path) -> None:
    asked = "first, day, timeless::BIGINT, requests::BIGINT"
    assert said(tmp_path, [{"time": word}], asked) == [(None, None, 1, 1)]
    line = f'192.0.2.1 - - [{word.replace(" ", "_")} +0000] "GET / HTTP/1.1" 200 5'
    assert combined(tmp_path, [line], asked) == [(None, None, 1, 1)]


def test_a_column_of_moments_may_hold_what_is_no_time_of_a_request(tmp_path: Path) -> None:
    import duckdb

    path, found = tmp_path / "table.parquet", scan(tmp_path)
    times = "'infinity', '-infinity', 'epoch', '9999-01-01', '2026-10-10 11:55:36'"
    sql = f"SELECT '192.0.2.1' AS client, unnest([{times}])::TIMESTAMP AS time"
    duckdb.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")
    found.read_parquet(shipped_formats()["csv"], 0, str(path))
    days = found.rows("SELECT day::VARCHAR, sum(requests)::BIGINT FROM hits GROUP BY 1 ORDER BY 1")
    assert days == [("2026-10-10", 1), (None, 4)]


@pytest.mark.parametrize("unit", [1, 1000, 1_000_000, 1_000_000_000])
def test_the_size_of_an_epoch_says_its_unit(unit: int, tmp_path: Path) -> None:
    number = int(MOMENT.timestamp()) * unit
    rows = said(tmp_path, [{"time": str(number)}, {"time": f"{number}.25"}], "first")
    assert [row[0].replace(microsecond=0, tzinfo=UTC) for row in rows] == [MOMENT, MOMENT]
    assert said(tmp_path, [{"time": number}], "epoch(first)::BIGINT") == [(number // unit,)]


def test_a_leap_second_is_of_the_minute_that_it_ends(tmp_path: Path) -> None:
    rows = said(tmp_path, [{"time": "2016-12-31T23:59:60Z"}, {"time": "2016-12-31T23:60:00Z"}])
    assert [row[0] for row in rows] == ["2016-12-31T23:59:59Z", None]
    request = '"GET / HTTP/1.1" 200 5'
    times = ["01/Jan/2017:00:59:60 +0100", "31/Dec/2016:23:60:00 +0000"]
    lines = [f"192.0.2.{n} - - [{time}] {request}" for n, time in enumerate(times)]
    assert [row[0] for row in combined(tmp_path, lines)] == ["2016-12-31T23:59:59Z", None]


NUMBERS = {
    "200": 200, "0200": 200, "200.0": 200, "-200": None, "nan": None, "inf": None, "2e2": None,
    "0xc8": None, "2_00": None, "200.6": None, "+200": None, " 200": None, "200 ": None, "": None,
}  # fmt: skip


def test_only_a_whole_number_is_a_status_or_a_size(tmp_path: Path) -> None:
    rows = said(tmp_path, [{"status": text, "bytes": text} for text in NUMBERS])
    assert [row[2] for row in rows] == list(NUMBERS.values())
    assert [row[3] for row in rows] == [number or 0 for number in NUMBERS.values()]
    words = [text for text in NUMBERS if text.strip() == text != ""]
    lines = [
        f'192.0.2.{n} - - [x y] "GET / HTTP/1.1" {text} {text}' for n, text in enumerate(words)
    ]
    assert [row[2] for row in combined(tmp_path, lines)] == [NUMBERS[text] for text in words]


def test_numbers_of_a_table_are_taken_as_they_are(tmp_path: Path) -> None:
    rows = [{"status": 200, "bytes": -5}, {"status": 70_000, "bytes": 1 << 62}]
    assert [row[2:4] for row in said(tmp_path, rows)] == [(200, 0), (None, 1 << 62)]
    path, found = tmp_path / "floats.parquet", scan(tmp_path)
    columns = {"status": [200.0, None], "bytes": [float("nan"), 7.0]}
    parquet.write_table(pa.table({"client": ["192.0.2.1", "192.0.2.2"], **columns}), path)
    found.read_parquet(shipped_formats()["csv"], 0, str(path))
    asked = "SELECT status, bytes::BIGINT FROM hits ORDER BY low"
    assert found.rows(asked) == [(200, 0), (None, 7)]


def test_a_header_of_several_lines_is_one_list_in_order(tmp_path: Path) -> None:
    hops = [["203.0.113.9", "198.51.100.7"], ["198.51.100.8, 10.0.0.3"], [], None]
    rows = [{"client": f"10.0.0.{n}", "x_forwarded_for": one} for n, one in enumerate(hops, 1)]
    found = said(tmp_path, rows, "(low % 4294967296)::BIGINT", "10.0.0.0/8")
    last = [(198 << 24 | 51 << 16 | 100 << 8 | n,) for n in (7, 8)]
    assert sorted(found) == sorted([*last, (10 << 24 | 3,), (10 << 24 | 4,)])


def test_clients_of_a_table_are_compared_as_its_cells_stand(tmp_path: Path) -> None:
    layout, _ = table_layout(
        shipped_formats()["csv"],
        [("url", "VARCHAR"), ("x_forwarded_for", "VARCHAR[]"), ("client", "BLOB")],
        row_number="",
    )
    assert list(client_cells(layout)) == ["column_2", "column_3"]
    path, found = tmp_path / "table.parquet", scan(tmp_path, "10.0.0.0/8")
    clients = [b"10.0.0.1", b"192.0.2.7", b"-", None, b"\xff", b"2001:DB8::7", b"2001:db8::7"]
    hops = [["198.51.100.9", "203.0.113.5"], None, None, None, [], None, ["-"]]
    parquet.write_table(pa.table({"client": clients, "x_forwarded_for": hops}), path)
    found.read_parquet(shipped_formats()["csv"], 0, str(path))
    asked = "SELECT high::BIGINT, (low % 4294967296)::BIGINT, requests FROM hits ORDER BY ALL"
    wide = (0x20010DB8 << 32, 7, 2)
    assert found.rows(asked) == [(0, 192 << 24 | 519, 1), (0, 203 << 24 | 113 << 8 | 5, 1), wide]
    ((reason, lines, numbers),) = found.rows("SELECT reason, lines, first_lines FROM unreadable")
    assert (reason, lines, numbers) == (NO_ADDRESS, 3, [3, 4, 5])


def test_a_query_behind_a_break_of_a_line_stays_out_of_the_path(tmp_path: Path) -> None:
    rows = said(tmp_path, [{"url": "/login?secret=s3\nmore"}, {"url": "/a\nb/c#x\ny"}], "path")
    assert rows == [("/login",), ("/a\nb",)]


def test_a_file_without_clients_is_named(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    parquet.write_table(pa.table({"status": [200]}), path)
    with pytest.raises(UsageError, match="no column holds the client") as failure:
        scan(tmp_path).read_parquet(shipped_formats()["csv"], 0, str(path))
    assert str(failure.value).startswith(f"{path}: ")


def test_caddy_gives_every_line_of_a_header(tmp_path: Path) -> None:
    found = scan(tmp_path, "10.0.0.0/8")
    hops = '{"X-Forwarded-For":["203.0.113.9","198.51.100.7"]}'
    line = f'{{"ts":1791633336.3,"request":{{"remote_ip":"10.0.0.1","headers":{hops}}}}}\n'
    found.read(LineLayout(shipped_formats()["caddy"]), [(0, 1, line.encode())])
    client = (198 << 24) + (51 << 16) + (100 << 8) + 7
    assert found.rows("SELECT (low % 4294967296)::BIGINT FROM hits") == [(client,)]
