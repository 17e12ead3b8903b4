"""Lines that are cut at their spaces and quotes say what SQL reads in them, whatever they hold."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from blockc.audit.client_finder import ClientFinder
from blockc.audit.engine import AuditedList, Engine
from blockc.audit.pseudonyms import pseudonym
from blockc.audit.regular_blocks import RegularBlocks
from blockc.audit.scan_sql import EngineOptions
from blockc.workspace.audit.log_feed import LogFeed, shipped_formats
from tests.audit import log_maker
from tests.audit.lines import FILES
from tests.audit.test_exact import LISTS, TRUSTED, ZONES

FORMATS = shipped_formats()
WORDS = [name for name, form in FORMATS.items() if form.kind == "words"]
QUICK = ["aws-alb", "combined", "istio", "traefik", "vhost-combined"]
ROWS = """
SELECT zone, high, low, day::VARCHAR, era, host, path, status, key, account, agent,
    sum(requests)::BIGINT, sum(bytes)::VARCHAR, min(first)::VARCHAR, max(last)::VARCHAR,
    sum(timeless)::BIGINT
FROM hits GROUP BY ALL
"""
WRONG = "SELECT file, reason, lines, list_sort(first_lines)::VARCHAR FROM unreadable"


def found(
    log: Path, form: str, key: str = "", account: str = ""
) -> tuple[Counter[Any], Counter[Any]]:
    """Return the rows of the tables `hits` and `unreadable`."""
    options = EngineOptions(
        scratch=str(log.parent), secret=b"0123456789abcdef", agents=("Mozilla", "bot"),
        eras=("2026-10-10 00:00:00",), key=key, account=account,
    )  # fmt: skip
    lists = [AuditedList(name, name, "block") for name in LISTS]
    engine = Engine(ZONES, lists, ClientFinder(ZONES, TRUSTED), options)
    parts = list(LogFeed([str(log)], [FORMATS[form]], only=True).parts())
    engine.read(parts[0][0], [block for _, block in parts])
    return Counter(engine.rows(ROWS)), Counter(engine.rows(WRONG))


def mutated(lines: list[bytes], seed: int, count: int) -> bytes:
    """Return lines with other clients, some of which are changed anywhere."""
    rng, made = random.Random(seed), []
    for _ in range(count):
        line = rng.choice(lines).replace(b"192.0.2.", b"192.0.%d." % rng.randrange(1, 4))
        for _ in range(rng.choice([0, 0, 1, 2])):
            at = rng.randrange(len(line) + 1)
            piece = rng.choice(
                [b"", b" ", b'"', b"-", b"\\", b"\r", b"=", b"&", b"\0", b"\xc3\xbc"]
            )
            line = line[:at] + piece + line[at + rng.randrange(2) :]
        made.append(line.replace(b"\n", b"") + b"\n")
    return b"".join(made)


@pytest.mark.parametrize("form", WORDS)
@pytest.mark.parametrize(
    ("key", "account"),
    [
        ("query:x", "user"),
        ("column:2", "agent"),
        ("request", "column:6"),
        ("", ""),
        ("", "query:x"),
        ("user", ""),
    ],
)
def test_both_ways_to_cut_a_line_say_the_same(
    form: str, key: str, account: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [line.encode() for line in FILES[form][0]]
    if form == "combined":
        lines += [*log_maker.log(9, 900).split(b"\n")[:400], lines[0] + b' "10.0.0.1, 8.8.4.1"']
        lines += [line.replace(b"?api_key", b"?y=1;x") for line in lines[:300]]
    log = tmp_path / "log"
    log.write_bytes(mutated(lines, 3, 3000))
    quick = found(log, form, key=key, account=account)
    monkeypatch.setattr(RegularBlocks, "of", lambda *_, **__: None)
    assert found(log, form, key=key, account=account) == quick
    assert len(quick[0]) > 3
    assert quick[1]


def test_two_words_without_a_name_are_told_apart(tmp_path: Path) -> None:
    log = tmp_path / "log"
    asked = '"GET / HTTP/1.1" 200 5 "https://a.example/" "x"'
    log.write_text(f"192.0.2.1 ident - [10/Oct/2026:13:55:36 +0000] {asked}\n", encoding="utf-8")
    (row,) = found(log, "combined", key="column:2", account="column:8")[0]
    assert row[8:10] == (pseudonym(b"ident", b"0123456789abcdef"), "https://a.example/")


def test_nearly_every_line_of_a_log_is_regular(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = []
    rows = RegularBlocks.rows

    def noting(self: RegularBlocks, file: int, number: int, raw: bytes) -> Any:
        placed, odd = rows(self, file, number, raw)
        left.append(len(odd))
        return placed, odd

    monkeypatch.setattr(RegularBlocks, "rows", noting)
    for form in QUICK:
        log = tmp_path / form
        log.write_bytes(b"\n".join(line.encode() for line in FILES[form][0]) + b"\n")
        found(log, form)
    assert left == [0] * len(QUICK)
