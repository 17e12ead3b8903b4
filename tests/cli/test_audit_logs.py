"""What `blockc audit` reads: packed logs, patterns, other formats, Parquet."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from tests.cli.conftest import Blockc
from tests.cli.test_audit import LINES, line, site, words

__all__ = ["site"]


def packed(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of a packed file."""
    import bz2
    import lzma

    import zstandard

    yield "a.log", data
    yield "a.gz", gzip.compress(data[:100]) + gzip.compress(data[100:])
    yield "a.bz2", bz2.compress(data)
    yield "a.xz", lzma.compress(data)
    yield "a.zst", zstandard.compress(data)


def test_packed_files_patterns_and_standard_input_say_the_same(blockc: Blockc, site: Path) -> None:
    data = "".join(LINES).encode()
    for name, content in packed(data):
        (site / name).write_bytes(content)
    found = blockc(*words(site, site / "a.*"), "--json")
    assert json.loads(found.out)["requests"] == 30
    assert json.loads(blockc(*words(site, "-"), "--json", stdin=data).out)["requests"] == 6


def test_fifty_lists_are_one_pass_over_a_log_that_can_be_read_only_once(
    blockc: Blockc, site: Path
) -> None:
    lists = (f'[list.l{n}]\nblock = ["10.{n}.0.0/16", "10.99.0.0/16"]\n' for n in range(50))
    (site / "blockc.toml").write_text("version = 1\n" + "".join(lists), encoding="utf-8")
    requests = [line(f"10.{n}.0.9", 2) for n in range(50) for _ in range(n + 1)]
    requests += [line("10.99.0.1", 3)] * 3 + [line("10.100.0.1", 3)]
    done = blockc(*words(site, "-"), "--json", stdin="".join(requests).encode())
    found = json.loads(done.out)
    assert (found["requests"], found["listed"]) == (len(requests), len(requests) - 1)
    by_list = {
        one["value"]: one["requests"] for one in found["answers"]["impact"] if one["by"] == "list"
    }
    assert by_list == {f"l{n}": n + 1 + 3 for n in range(50)}


def test_a_broken_gzip_gives_the_lines_before_the_damage(blockc: Blockc, site: Path) -> None:
    data = "".join(LINES[:6]).encode() * 50_000
    (site / "cut.gz").write_bytes(gzip.compress(data, 1)[:-5000])
    done = blockc(*words(site, site / "cut.gz"), "--json")
    found = json.loads(done.out)
    assert done.code == 0
    (log,) = found["logs"]
    assert log["damage"]
    assert 200_000 < found["requests"] + found["unreadable"] == log["lines"] < 300_000


def test_a_log_of_no_known_format_says_what_to_do(blockc: Blockc, site: Path) -> None:
    (site / "odd.log").write_text("a b c\n" * 9, encoding="utf-8")
    done = blockc(*words(site, site / "odd.log"))
    assert done.code == 2
    assert "--format" in done.err
    assert blockc(*words(site, site / "odd.log"), "--format", "combined").code == 3
    assert "did you mean 'combined'" in blockc(*words(site), "--format", "combine").err
    assert blockc(*words(site, site / "missing.log")).code == 2


def test_a_format_of_ones_own_is_read_like_those_that_come_along(
    blockc: Blockc, site: Path
) -> None:
    (site / "own.toml").write_text(
        'title = "Own"\nreference = "https://example.com"\nread_on = 2026-11-27\n'
        'kind = "words"\nlines = ["{status} {client} {time}"]\ntime = ["epoch"]\n',
        encoding="utf-8",
    )
    (site / "own.log").write_text("200 1.0.1.9 1791633336\n", encoding="utf-8")
    done = blockc(*words(site, site / "own.log"), "--format-file", site / "own.toml", "--key", "",
                  "--json")  # fmt: skip
    assert done.code == 0, done.err
    assert json.loads(done.out)["listed"] == 1


def test_parquet_says_the_same_as_text(blockc: Blockc, site: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        "time": [datetime(2026, 10, 2, 10, tzinfo=UTC)] * 3,
        "client_ip": ["1.0.1.3", "3.0.0.1", "unknown"],
        "status": [200, 200, 200],
        "url": ["/api/x?api_key=secret-one", "/", "/"],
    }
    pq.write_table(pa.table(columns), site / "a.parquet")
    done = blockc(*words(site, site / "a.parquet"), "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert (found["requests"], found["listed"], found["unreadable"]) == (2, 1, 1)
    assert found["logs"][0] == {
        "path": str(site / "a.parquet"), "format": "parquet", "lines": 3, "damage": "",
    }  # fmt: skip
    impact = {one["by"]: one for one in found["answers"]["impact"]}
    assert (impact["day"]["value"], impact["path"]["value"]) == ("2026-10-02", "/api")
    assert impact["total"]["keys"] == 1
    pq.write_table(pa.table({"who": ["1.0.1.3"]}), site / "b.parquet")
    assert "no column holds the client" in blockc(*words(site, site / "b.parquet")).err
    (site / "c.parquet").write_bytes((site / "a.parquet").read_bytes()[:200])
    assert blockc(*words(site, site / "c.parquet")).code == 2


def test_a_log_without_a_column_of_clients_is_named(blockc: Blockc, site: Path) -> None:
    (site / "good.csv").write_text("client,status\n192.0.2.1,200\n", encoding="utf-8")
    bad = site / "bad.csv"
    bad.write_text("user,status\nanna,200\n", encoding="utf-8")
    done = blockc(*words(site, site / "good.csv", bad), "--format", "csv", "--key", "query:k")
    assert done.code == 2
    assert f"{bad}: no column holds the client" in done.err
