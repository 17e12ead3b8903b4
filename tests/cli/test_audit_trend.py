"""`blockc audit --since-last` from end to end: nothing twice, nothing lost, and the trend."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from blockc.audit.trend import Hits, KnownLog, Memory, marks_of, memory_bytes
from blockc.report.trend_chart import Bars, trend_chart
from tests.cli import toy
from tests.cli.conftest import Blockc
from tests.cli.test_audit import line, site, words
from tests.cli.test_docs import documented, keys

__all__ = ["site"]


def trend(blockc: Blockc, site: Path, *more: object) -> dict[str, Any]:
    """Return what the next run says as JSON."""
    done = blockc(*words(site, site / "access.log*"), "--since-last", "--json", *more)
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def days(found: dict[str, Any]) -> dict[str, tuple[int, int, int]]:
    """Return day -> requests, those from listed addresses, and keys."""
    return {one["day"]: (one["requests"], one["listed"], one["keys"]) for one in found["days"]}


def test_only_what_is_new_is_counted_and_the_days_add_up(blockc: Blockc, site: Path) -> None:
    first = trend(blockc, site)
    assert (first["requests"], first["listed"], first["unreadable"]) == (6, 4, 2)
    assert days(first)["2026-10-22"] == (3, 1, 1)
    with (site / "access.log").open("a", encoding="utf-8") as log:
        log.write(line("177.0.0.9", 22, "secret-nine") + line("177.0.0.9", 22)[:50])
    second = trend(blockc, site)
    assert (second["requests"], second["logs"][0]["lines"]) == (1, 1)
    assert days(second)["2026-10-22"] == (4, 2, 2)
    assert second["keys"] == 3
    (site / "access.log").rename(site / "access.log.1")
    with (site / "access.log.1").open("a", encoding="utf-8") as log:
        log.write(line("177.0.0.9", 22)[50:])
    (site / "access.log").write_text(line("1.0.1.3", 23), encoding="utf-8")
    third = trend(blockc, site)
    assert third["requests"] == 2
    assert days(third)["2026-10-22"] == (5, 3, 2)
    assert days(third)["2026-10-23"] == (1, 1, 0)
    table = (site / "blockc.audit.jsonl").read_bytes()
    assert not any(raw in table for raw in (b"secret-", b"1.0.1.3", b"177.0"))
    assert trend(blockc, site)["requests"] == 0
    assert (site / "blockc.audit.jsonl").read_bytes() == table


def test_a_log_that_went_unread_is_an_error_until_somebody_accepts_it(
    blockc: Blockc, site: Path
) -> None:
    trend(blockc, site)
    (site / "access.log").write_text(line("1.0.1.3", 23), encoding="utf-8")
    done = blockc(*words(site), "--since-last")
    assert done.code == 2
    assert "access.log" in done.err
    assert "--accept-gap" in done.err
    found = trend(blockc, site, "--accept-gap")
    assert found["requests"] == 1
    assert keys(found) == documented("audit --since-last")
    assert trend(blockc, site)["requests"] == 0
    assert "may be missing" in blockc(*words(site), "--since-last").err


@pytest.mark.parametrize("what", ["-", "parquet", "--svg"])
def test_what_cannot_be_read_on_is_refused(blockc: Blockc, site: Path, what: str) -> None:
    if what == "--svg":
        done = blockc(*words(site), "--svg", site / "trend.svg")
        assert (done.code, "--since-last" in done.err) == (2, True)
        return
    log = site / "a.parquet"
    log.write_bytes(b"PAR1")
    done = blockc(*words(site, "-" if what == "-" else log), "--since-last")
    assert (done.code, "without --since-last" in done.err) == (2, True)


def test_another_secret_is_refused(
    blockc: Blockc, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trend(blockc, site)
    monkeypatch.setenv("BLOCKC_AUDIT_SECRET", "another one, and long enough")
    done = blockc(*words(site), "--since-last")
    assert (done.code, "not the one of before" in done.err) == (2, True)


def test_who_is_stopped_has_counted_nothing(
    blockc: Blockc, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "replace", refuse)
        assert blockc(*words(site), "--since-last").code == 2
    assert trend(blockc, site)["requests"] == 6
    (site / "blockc.audit.jsonl").write_bytes(b"{}\n")
    done = blockc(*words(site), "--since-last")
    assert (done.code, "cannot read the table" in done.err) == (2, True)


def test_two_at_once_count_every_line_once(site: Path) -> None:
    def run(_: int) -> toy.Done:
        return toy.program(*words(site), "--since-last", "--json")

    with ThreadPoolExecutor() as both:
        found = list(both.map(run, range(2)))
    assert [one.code for one in found] == [0, 0], found
    assert sorted(json.loads(one.out)["requests"] for one in found) == [0, 6]


def test_a_log_with_columns_is_read_on_with_those_it_named(blockc: Blockc, site: Path) -> None:
    head = "time,client_ip,status,url\n"
    rows = [f"2026-10-0{n}T00:00:00Z,1.0.1.3,200,/x?api_key=secret-one\n" for n in range(1, 4)]
    (site / "access.log").write_text(head + rows[0], encoding="utf-8")
    assert trend(blockc, site)["listed"] == 1
    with (site / "access.log").open("a", encoding="utf-8") as log:
        log.writelines([*rows[1:], "cut,1.0.1.3\n"])
    done = blockc(*words(site), "--since-last", "-o", site / "out", "--json")
    assert json.loads(done.out)["listed"] == 2
    assert (site / "out" / "unreadable.csv").read_text("utf-8").split()[-1].endswith(",5")


def test_the_chart_has_every_day_and_runs_nothing_whatever_it_is_called(
    blockc: Blockc, site: Path
) -> None:
    evil = site / "<script>alert(1)<!--\x1b]]>&.txt"
    evil.write_text("1.0.1.0/24\n", encoding="utf-8")
    done = blockc(
        *words(site), "--lists", evil, "--since-last", "--svg", site / "t.svg", "--key", "user"
    )
    assert done.code == 0, done.err
    root = ET.fromstring((site / "t.svg").read_bytes())  # noqa: S314  ours
    names = {one.tag.removeprefix("{http://www.w3.org/2000/svg}") for one in root.iter()}
    assert names <= {"svg", "title", "desc", "style", "rect", "g", "text", "path"}
    assert "\x1b" not in (site / "t.svg").read_text("utf-8")
    bars = trend_chart("x", [Bars("a", {date(2026, 10, 1): 2, date(2026, 10, 30): 5})],
                       [(date(2026, 10, 20), "block"), (date(2030, 1, 1), "never")])  # fmt: skip
    assert "<title>2026-10-30: 5</title>" in bars
    assert bars.count("<title>") == 2
    assert ("block" in bars, "never" in bars) == (True, False)
    assert trend_chart("nothing", [Bars("a", {})]).endswith("</svg>\n")


def test_the_table_grows_as_the_documentation_says() -> None:
    log = KnownLog(path="/var/log/nginx/access.log-20261128.gz", device=65024, inode=2221437,
                   size=10**9, changed=10**18, read=10**10, lines=10**8,
                   marks=marks_of(bytes(1 << 16)), tail="0" * 16, format="combined")  # fmt: skip
    hits = Hits(day="2026-11-28", lists=("export-control",), key="0" * 32, requests=1000)
    empty = len(memory_bytes(Memory()))
    assert len(memory_bytes(Memory(logs=(log,)))) - empty < 520
    assert len(memory_bytes(Memory(hits=(hits,)))) - empty < 130
