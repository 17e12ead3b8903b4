"""An audit counts what an independent slow one counts, on logs of a hostile world."""

import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from blockc.addresses.addrset import AddrSet
from blockc.addresses.columns import span_columns
from blockc.addresses.family import FAMILIES
from blockc.addresses.lines import read_spans
from blockc.audit import arrow, client_finder
from blockc.audit.answers import network_text, unreadable
from blockc.audit.client_finder import ClientFinder
from blockc.audit.engine import AuditedList, Engine
from blockc.audit.line_sql import LineLayout
from blockc.audit.scan import LineScan
from blockc.audit.scan_sql import EngineOptions
from blockc.audit.texts import Texts, read_ipv4
from blockc.audit.zones import Zones
from blockc.changes.change import nobody_knows
from blockc.runtime.clients import Proxies, UnreadableClientError, address_of
from blockc.runtime.matcher import packed_address
from blockc.workspace.audit.log_feed import LogFeed, shipped_formats
from tests.audit import log_maker, slow_oracle

LISTS = {
    "all-of-one": ["192.0.2.0/24", "2001:db8::/32"],
    "halves": ["192.0.2.0/25", "198.51.100.128/26", "2001:db8:1::/48", "2001:db8:ffff::8000/113"],
    "single": ["203.0.113.77/32", "8.8.4.0/30", "2001:db8::1/128"],
}
TRUSTED = ["10.0.0.0/8", "2a00:1450::/32"]
SUMS = """
SELECT zone, high, low, day, era, host, path, status, key, account, sum(requests), sum(bytes),
    min(first), max(last), sum(timeless)
FROM hits GROUP BY ALL ORDER BY ALL
"""
ROWS = """
SELECT list, high, low, day::VARCHAR, path, status, key, account, sum(requests)::BIGINT
FROM hit JOIN members USING (zone) GROUP BY ALL
"""


def set_of(prefixes: list[str]) -> AddrSet:
    """Return the addresses of prefixes."""
    spans = read_spans("list", "\n".join(prefixes).encode())
    return AddrSet.of_spans({f: spans.get(f) or span_columns(f, []) for f in FAMILIES})


ZONES = Zones.of({name: set_of(said) for name, said in LISTS.items()}, [nobody_knows()] * 3)


def audited(tmp_path: Path, data: bytes) -> tuple[Counter[slow_oracle.Row], Counter[str], int]:
    """Return the same three answers as the slow oracle, by the engine."""
    log = tmp_path / "access.log"
    log.write_bytes(data)
    options = EngineOptions(key="query:api_key", account="user", scratch=str(tmp_path))
    lists = [AuditedList(name, name, "block") for name in LISTS]
    engine = Engine(ZONES, lists, ClientFinder(ZONES, TRUSTED), options)
    feed = LogFeed([str(log)], [shipped_formats()["combined"]], only=True)
    for layout, block in feed.parts():
        engine.read(layout, [block])
    rows = Counter[slow_oracle.Row]()
    for name, high, low, *more, count in engine.rows(ROWS):
        rows[slow_oracle.Row(name, network_text(high, low, whole=True), *more)] += count
    wrong = engine.rows("SELECT reason, sum(lines)::BIGINT FROM unreadable GROUP BY 1")
    ((requests,),) = engine.rows("SELECT sum(requests)::BIGINT FROM hits")
    assert feed.logs[0].lines == data.count(b"\n")
    return rows, Counter(dict(wrong)), requests


def test_what_parts_of_a_log_say_adds_up_to_what_all_of_it_says(tmp_path: Path) -> None:
    data = log_maker.log(1, 3000)
    log = tmp_path / "access.log"
    log.write_bytes(data)
    options = EngineOptions(key="query:api_key", account="user", scratch=str(tmp_path))
    whole, summed = (Engine(ZONES, [], ClientFinder(ZONES, TRUSTED), options) for _ in range(2))
    feed = LogFeed([str(log)], [shipped_formats()["combined"]], only=True)
    ((layout, (file, first, lines)),) = feed.parts()
    whole.read(layout, [(file, first, lines)])
    cut = lines.index(b"\n", len(lines) // 9) + 1
    pieces = (first, lines[:cut]), (first + lines[:cut].count(b"\n"), lines[cut:])
    for number, piece in pieces:
        part = LineScan(ClientFinder(ZONES, TRUSTED), options)
        part.read(layout, [(file, number, piece)])
        for table in ("hits", "unreadable"):
            for batch in part.found(table):
                summed.add(table, batch)
        part.close()
    assert len(whole.rows(SUMS)) > 300
    assert summed.rows(SUMS) == whole.rows(SUMS)
    assert unreadable(summed, ["x"]) == unreadable(whole, ["x"])


def test_a_table_says_what_its_rows_say_as_lines(tmp_path: Path) -> None:
    rng, path = random.Random(3), tmp_path / "odd.parquet"
    rows = [odd_row(rng) for _ in range(2000)]
    table = pa.table({name: [row[name] for row in rows] for name in rows[0]})
    parquet.write_table(table, path)
    options = EngineOptions(
        key="query:api_key", account="user", secret=b"0123456789abcdef", scratch=str(tmp_path)
    )
    by_row, by_line = (LineScan(ClientFinder(ZONES, TRUSTED), options) for _ in range(2))
    assert by_row.read_parquet(shipped_formats()["csv"], 0, str(path)) == len(rows)
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    by_line.read(LineLayout(shipped_formats()["json-lines"]), [(0, 1, lines)])
    assert len(by_row.rows(SUMS)) > 300
    assert by_row.rows(SUMS) == by_line.rows(SUMS)
    assert unreadable(by_row, ["x"]) == unreadable(by_line, ["x"])


def rows_of(tmp_path: Path, columns: dict[str, Any], asked: str, **more: Any) -> list[Any]:
    """Return what is asked of the rows of a table with these columns."""
    path = tmp_path / "table.parquet"
    parquet.write_table(pa.table(columns), path)
    options = EngineOptions(scratch=str(tmp_path), **more)
    scan = LineScan(ClientFinder(ZONES, TRUSTED), options)
    scan.read_parquet(shipped_formats()["csv"], 7, str(path))
    found = scan.rows(asked)
    scan.close()
    return found


def test_a_table_may_call_its_columns_what_the_scan_calls_its_own(tmp_path: Path) -> None:
    names = ["File", "number", "line", "zone", "reason", "first", "column_1", 'a "b"']
    columns = {name: ["x", "x"] for name in names} | {"client": ["unknown", "192.0.2.1"]}
    asked = "SELECT file, first_lines, key FROM unreadable, hits"
    for name in names:
        found = rows_of(tmp_path, columns, asked, key=f"column:{name}")
        assert found == [(7, [1], "x")]


def test_a_table_may_hold_texts_as_bytes(tmp_path: Path) -> None:
    columns = {
        "client": [b"192.0.2.1", b"192.0.2.2", b"\xc0\x00\x02\x03"],
        "user": ["schlüssel".encode(), b"\xff", b"x"],
    }
    found = rows_of(tmp_path, columns, "SELECT key FROM hits ORDER BY 1", key="user")
    assert found == [("\\xFF",), ("schlüssel",)]


def odd_row(rng: random.Random) -> dict[str, Any]:
    """Return a row of a table with anything in it, or nothing."""
    row: dict[str, Any] = {
        "client": log_maker.client(rng),
        "forwarded": rng.choice([None, log_maker.forwarded(rng)]),
        "time": rng.choice([f"2026-10-{rng.randrange(1, 29):02}T23:30:00-02:00", "x"]),
        "host": rng.choice(["a.example", "-", "h" * 150]),
        "request": f"GET {rng.choice(log_maker.URLS).format(rng.randrange(20))} HTTP/1.1",
        "status": rng.choice(["200", "403", "-", "99999"]),
        "bytes": rng.choice([5, -3, 1 << 62]),
        "username": rng.choice(["-", "anna", "u" * 300]),
    }
    return {name: None if not rng.randrange(12) else cell for name, cell in row.items()}


@pytest.mark.parametrize("seed", range(4))
def test_counts_are_those_of_the_slow_oracle(seed: int, tmp_path: Path) -> None:
    data = log_maker.log(seed, 4000)
    rows, wrong, requests = audited(tmp_path, data)
    expected, expected_wrong, expected_requests = slow_oracle.audit(data, LISTS, TRUSTED)
    assert wrong == expected_wrong
    assert len(wrong) == 3
    assert len(expected) > 300
    assert requests == expected_requests
    assert rows - expected == Counter()
    assert expected - rows == Counter()


def test_no_mutated_line_is_lost_and_none_stops_anything(tmp_path: Path) -> None:
    rng = random.Random(7)
    lines = log_maker.log(5, 3000).split(b"\n")[:-1]
    lines = [line for line in lines if len(line) < 10_000]
    count = int(os.environ.get("BLOCKC_MUTATED_LINES", "40000"))
    data = b"".join(mutated(rng, rng.choice(lines)) for _ in range(count))
    _, wrong, requests = audited(tmp_path, data)
    assert requests + sum(wrong.values()) == count
    assert min(requests, sum(wrong.values())) > count // 40


def mutated(rng: random.Random, raw: bytes) -> bytes:
    """Return a line with its end in which some bytes are left out, put in or others."""
    line = bytearray(raw)
    for _ in range(rng.randrange(4)):
        at = rng.randrange(len(line) + 1)
        line[at : at + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
    return bytes(line).replace(b"\n", b"") + b"\n"


def texts(column: list[str | None]) -> Texts:
    """Return a column of texts."""
    from blockc.audit.arrow import texts_of

    return texts_of(pa.array(column, pa.string()))


def test_plain_addresses_are_read_as_the_system_reads_them() -> None:
    rng = random.Random(3)
    column: list[str | None] = [None, "", *log_maker.ODD_CLIENTS]
    column += [log_maker.client(rng) for _ in range(2000)]
    column += ["".join(rng.choices("0123456789..:x", k=rng.randrange(1, 16))) for _ in range(20000)]
    column += [".".join(str(rng.randrange(300)) for _ in range(4)) for _ in range(5000)]
    numbers, plain = read_ipv4(texts(column))
    for text, number, is_plain in zip(column, numbers.tolist(), plain.tolist(), strict=True):
        try:
            packed, is_ipv4 = packed_address(text or "")
            wanted = int.from_bytes(packed) if is_ipv4 and ":" not in (text or "") else None
        except ValueError:
            wanted = None
        assert (number if is_plain else None) == wanted, text


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded"])
def test_a_client_is_found_as_an_edge_finds_it(header: str) -> None:
    rng = random.Random(4)
    peers = [rng.choice(["10.0.0.1", "2a00:1450::1", log_maker.client(rng)]) for _ in range(5000)]
    said: list[str | None] = [rng.choice([None, log_maker.forwarded(rng)]) for _ in peers]
    if header == "forwarded":
        said = [one and f'for="{one}"' for one in said]
    proxies = Proxies(TRUSTED, header)
    found = ClientFinder(ZONES, TRUSTED, header).place(texts(list(peers)), texts(said))
    rows = zip(
        peers, said, found.high.tolist(), found.low.tolist(), found.zone.tolist(), strict=True
    )
    for peer, one, high, low, zone in rows:
        try:
            hop = None if peer == "unix:" else address_of(peer)
            packed, is_ipv4 = packed_address(proxies.client(hop, [] if one is None else [one]))
            number = int.from_bytes(packed)
            wanted: tuple[int, int] | None = (0, 0xFFFF << 32 | number)
            if not is_ipv4:
                wanted = number >> 64, number & (1 << 64) - 1
        except UnreadableClientError:
            wanted = None
        assert ((high, low) if zone >= 0 else None) == wanted, (peer, one)


def test_lines_that_only_sql_reads_are_cut_some_bytes_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most, width, held = 1 << 20, 1 << 17, list[int]()
    monkeypatch.setattr(arrow, "_HELD_BYTES", most)
    cut = LineScan._cut

    def noting(self: LineScan, sql: str, lines: list[Any]) -> Iterator[Any]:
        held.append(sum(batch.nbytes for batch in lines))
        yield from cut(self, sql, lines)

    monkeypatch.setattr(LineScan, "_cut", noting)
    scan = LineScan(ClientFinder(ZONES, TRUSTED), EngineOptions(scratch=str(tmp_path)))
    lines = [f'{{"client": "192.0.2.1", "url": "/{"x" * width}"}}\n'.encode() for _ in range(40)]
    layout = LineLayout(shipped_formats()["json-lines"])
    scan.read(layout, [(0, number, line) for number, line in enumerate(lines, 1)])
    assert len(held) > 4
    assert max(held) < most + 2 * width
    assert scan.rows("SELECT sum(requests)::BIGINT FROM hits") == [(40,)]
    scan.close()


def test_what_is_held_is_bounded_in_bytes_whatever_the_lines_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most, block_bytes, held = 1 << 20, 1 << 18, list[int]()
    monkeypatch.setattr(arrow, "_HELD_BYTES", most)
    monkeypatch.setattr(client_finder, "_REMEMBERED_BYTES", most)
    keep, cut = LineScan._keep, LineScan._cut

    def noting(self: LineScan, placed: list[Any]) -> None:
        held.append(sum(batch.nbytes for batch in placed))
        keep(self, placed)

    def noting_odd(self: LineScan, sql: str, lines: list[Any]) -> Iterator[Any]:
        held.append(sum(batch.nbytes for batch in lines))
        yield from cut(self, sql, lines)

    monkeypatch.setattr(LineScan, "_keep", noting)
    monkeypatch.setattr(LineScan, "_cut", noting_odd)
    clients = ClientFinder(ZONES, TRUSTED)
    options = EngineOptions(key="query:x", secret=b"0" * 16, scratch=str(tmp_path))
    scan = LineScan(clients, options)
    layout = LineLayout(shipped_formats()["combined"])
    blocks = []
    for number in range(40):
        fill = f"{number:04}" * (block_bytes // 16)
        path = f'"GET /?x={fill} HTTP/1.1" 200 5 "{chr(92) * 2 if number % 2 else ""}" "{fill}"'
        peer = "192.0.2.1" if number < 20 else f"10.0.0.1{fill}"
        line = f"{peer} - - [10/Oct/2026:13:55:36 +0000] {path}\n"
        blocks.append((0, number, line.encode()))
    scan.read(layout, blocks)
    assert max(held) > most
    assert max(held) < most + 2 * block_bytes
    assert not scan._known
    assert sum(len(one) for one in clients._known if isinstance(one, bytes)) < most + block_bytes
    ((requests,),) = scan.rows("SELECT sum(requests)::BIGINT FROM hits")
    assert requests == 20
    scan.close()
