"""Every shipped format: its own lines are recognised, and say what they say."""

import gzip
import json
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blockc.addresses.addrset import AddrSet
from blockc.audit import scan
from blockc.audit.arrow import placed_batch
from blockc.audit.client_finder import ClientFinder
from blockc.audit.engine import AuditedList, Engine
from blockc.audit.line_sql import LineLayout
from blockc.audit.log_format import LogFormat, detect, read_log_format
from blockc.audit.scan_sql import EngineOptions
from blockc.audit.zones import Zones
from blockc.changes.change import nobody_knows
from blockc.errors import BlockcError, UsageError
from blockc.storage import log_files
from blockc.workspace.audit.log_feed import LogFeed, Part, by_layout, shipped_formats
from tests.audit.lines import COMBINED, FILES, Said

FORMATS = shipped_formats()
EVERYTHING = Zones.of({"all": AddrSet.everything()}, [nobody_knows()] * 3)


def engine(tmp_path: Path, **asked: object) -> Engine:
    """Return an engine for which every address is listed."""
    options = EngineOptions(scratch=str(tmp_path), **asked)  # type: ignore[arg-type]
    lists = [AuditedList("all", "all", "block")]
    return Engine(EVERYTHING, lists, ClientFinder(EVERYTHING), options)


def read(tmp_path: Path, lines: list[str], form: str = "", **asked: object) -> Engine:
    """Return an engine that has read a file of these lines."""
    log = tmp_path / "log"
    log.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    chosen = [FORMATS[form]] if form else list(FORMATS.values())
    found = engine(tmp_path, **asked)
    for layout, block in LogFeed([str(log)], chosen, only=bool(form)).parts():
        found.read(layout, [block])
    return found


HITS = """
SELECT high, low, strftime(first, '%Y-%m-%dT%H:%M:%SZ'), status, bytes::BIGINT, path, key FROM hits
"""


def test_there_are_lines_of_every_format() -> None:
    assert FILES.keys() == FORMATS.keys()


@pytest.mark.parametrize("name", FILES)
def test_a_format_is_found_by_its_first_lines(name: str) -> None:
    lines, _ = FILES[name]
    found = detect(list(FORMATS.values()), lines)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("name", FILES)
def test_a_line_says_what_its_format_means(name: str, tmp_path: Path) -> None:
    from blockc.audit.answers import network_text

    lines, said = FILES[name]
    (row,) = read(tmp_path, lines).rows(HITS)
    high, low, time, status, size, path, _ = row
    client = network_text(high, low, whole=True)
    assert Said(client, time, status, size, path) == said._replace(bytes=said.bytes or 0)


@pytest.mark.parametrize(
    ("form", "spec"),
    [
        ("combined", "query:api_key"),
        ("aws-waf", "header:x-api-key"),
        ("caddy", "header:X-API-Key"),
        ("kong", "header:x-api-key"),
        ("kong", "json:request.headers.x-api-key"),
    ],
)
def test_a_key_is_known_by_its_hmac_alone(form: str, spec: str, tmp_path: Path) -> None:
    import hashlib
    import hmac

    lines, _ = FILES[form]
    found = read(tmp_path, lines, key=spec, secret=b"0123456789abcdef")
    expected = hmac.new(b"0123456789abcdef", b"s3", hashlib.sha256).hexdigest()[:32]
    assert [row[-1] for row in found.rows(HITS)] == [expected]


@pytest.mark.parametrize(
    ("form", "spec", "key"),
    [
        ("combined", "user", "anna"),
        ("combined", "column:2", None),
        ("csv", "column:user_agent", 'a "quoted", one'),
        ("csv", "column:3", "200"),
        ("combined", "column:8", None),
    ],
)
def test_a_key_can_be_a_column(form: str, spec: str, key: str | None, tmp_path: Path) -> None:
    lines, _ = FILES[form]
    found = read(tmp_path, lines, key=spec)
    assert [row[-1] for row in found.rows(HITS)] == [key]


@pytest.mark.parametrize(
    "said",
    [
        {"query": "", "url": "/a?api_key=s3"},
        {"query": "x=1", "request": "GET /a?api_key=s3 HTTP/1.1"},
        {"url": "/a?api_key=", "query": "api_key=s3"},
        {"path": "/a;api_key=s3", "url": "/a", "query": "api_key=-"},
        {"query": "api_key=s3", "url": "/a?api_key=other"},
    ],
)
def test_a_key_is_found_in_any_part_of_the_url(said: dict[str, str], tmp_path: Path) -> None:
    line = json.dumps({"client": "192.0.2.1", **said})
    found = read(tmp_path, [line], "json-lines", key="query:api_key")
    assert [row[-1] for row in found.rows(HITS)] == ["s3"]


@pytest.mark.parametrize("spec", ["header:x", "json:a.b", "column:99", "nonsense"])
def test_what_a_format_cannot_say_is_refused(spec: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        read(tmp_path, [COMBINED], key=spec)


def test_a_file_may_name_other_columns_in_the_middle(tmp_path: Path) -> None:
    lines = [
        "#Fields: date time c-ip sc-status", "2026-10-10 11:55:36 192.0.2.1 200",
        "#Fields: c-ip date time", "192.0.2.2 2026-10-10 11:55:37",
    ]  # fmt: skip
    found = read(tmp_path, lines)
    assert found.rows("SELECT low & 255, status FROM hits ORDER BY 1") == [(1, 200), (2, None)]


def test_columns_that_change_often_cost_no_question_each_time(tmp_path: Path) -> None:
    log, (first, second) = tmp_path / "log", ("c-ip sc-status", "sc-status c-ip")
    text = f"#Fields: {first}\n192.0.2.1 200\n#Fields: {second}\n# x\n404 192.0.2.2\n" * 300
    log.write_text(text, encoding="utf-8")
    read_together, found = [], engine(tmp_path)
    for layout, blocks in by_layout(LogFeed([str(log)], [FORMATS["w3c"]], only=True).parts()):
        some = list(blocks)
        read_together.append((" ".join(layout.columns), len(some), some[0][1], some[-1][1]))
        found.read(layout, some)
    assert read_together == [(first, 300, 2, 1497), (second, 300, 5, 1500)]
    sums = found.rows("SELECT low & 255, status, sum(requests)::BIGINT FROM hits GROUP BY ALL")
    assert sorted(sums) == [(1, 200, 300), (2, 404, 300)]


@pytest.mark.parametrize("size", [1000, 1 << 19])
def test_blocks_of_a_layout_are_held_only_while_they_are_few(size: int) -> None:
    forms = LineLayout(FORMATS["csv"], ("a",)), LineLayout(FORMATS["csv"], ("b",))
    made = [0]

    def parts() -> Iterator[Part]:
        for n in range(40_000_000 // size):
            made[0] += size
            yield forms[n // 2 % 2], (0, n, b"x" * size)

    taken, held, order = 0, 0, list[int]()
    for _, blocks in by_layout(parts()):
        held = max(held, made[0] - taken)
        for _, number, data in blocks:
            order.append(number)
            taken += len(data)
    assert sorted(order) == list(range(40_000_000 // size))
    assert held <= (1 << 25 if size < 1 << 18 else 0) + 2 * size


def test_a_time_without_an_offset_is_of_the_zone_that_is_named(tmp_path: Path) -> None:
    lines, _ = FILES["haproxy"]
    found = read(tmp_path, lines, zone="Europe/Berlin")
    assert [row[2] for row in found.rows(HITS)] == ["2026-10-10T09:55:36Z"]
    found = read(tmp_path, FILES["w3c"][0], zone="Europe/Berlin")
    assert [row[2] for row in found.rows(HITS)] == ["2026-10-10T11:55:36Z"]


@pytest.mark.parametrize("name", FILES)
def test_a_line_too_long_is_counted_and_costs_no_other_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, _ = FILES[name]
    wanted = read(tmp_path, [*lines, lines[-1]], name)
    monkeypatch.setattr(log_files, "BLOCK", 1 << 14)
    text = "".join(f"{line}\n" for line in [*lines, lines[-1] + "x" * (1 << 16), lines[-1]])
    logs = tmp_path / "plain", tmp_path / "packed"
    for log, data in zip(logs, (text.encode(), gzip.compress(text.encode())), strict=True):
        log.write_bytes(data)
    found = engine(tmp_path)
    feed = LogFeed([str(log) for log in logs], [FORMATS[name]], only=True)
    for layout, block in feed.parts():
        found.read(layout, [block])
    sums = "SELECT high, low, path, @n * sum(requests)::INT, @n * sum(bytes)::INT FROM hits"
    rows = [
        one.rows(f"{sums.replace('@n', n)} GROUP BY ALL")
        for one, n in ((found, "1"), (wanted, "2"))
    ]
    assert rows[0] == rows[1]
    said = found.rows("FROM unreadable WHERE reason = 'longer than 8 MiB'")
    assert said == [(file, "longer than 8 MiB", 1, [len(lines) + 1]) for file in range(2)]
    assert [log.lines for log in feed.logs] == [len(lines) + 2] * 2


@pytest.mark.parametrize(("name", "begin"), [("csv", "client,time,"), ("w3c", "#Fields: c-ip ")])
def test_columns_that_are_named_in_a_line_too_long_are_refused(
    name: str, begin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_files, "BLOCK", 1 << 14)
    with pytest.raises(UsageError, match="line that names its columns is longer than 8 MiB"):
        read(tmp_path, [begin + "x" * (1 << 16), *FILES[name][0]], name)


def test_the_longest_line_that_is_read_is_as_long_as_messages_say() -> None:
    assert log_files.BLOCK == 8 << 20


def test_what_syslog_writes_before_a_line_of_haproxy_may_be_long(tmp_path: Path) -> None:
    (line,), said = FILES["haproxy"]
    begin, rest = line.split(said.client, 1)
    other = "192.0.2.9:1 is not a client"
    lines = [said.client + rest, f"{begin}{other} {'x' * 300} {said.client}{rest}"]
    found = read(tmp_path, lines, "haproxy")
    assert found.rows("SELECT low & 255, sum(requests) FROM hits GROUP BY 1") == [(14, 2)]


def test_lines_that_are_alike_take_no_more_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "_MERGED_ROWS", 30)
    monkeypatch.setattr(scan, "_SUMMED_ROWS", 1)
    log = tmp_path / "log"
    log.write_text("".join(COMBINED.replace("192.0.2.7", f"192.0.2.{n}") + "\n" for n in range(20)))
    found = engine(tmp_path)
    for layout, block in LogFeed([str(log)], [FORMATS["combined"]], only=True).parts():
        for _ in range(50):
            found.read(layout, [block])
            assert found.rows("SELECT count(*) < 60 FROM hits") == [(True,)]
    assert found.rows("SELECT sum(requests), sum(bytes)::INT FROM hits") == [(1000, 2_326_000)]


def test_rows_that_are_alike_are_in_one_part_whoever_found_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "_MERGED_ROWS", 1)
    log = tmp_path / "log"
    log.write_text("".join(COMBINED.replace("192.0.2.7", f"192.0.2.{n}") + "\n" for n in range(99)))
    found, other = engine(tmp_path), engine(tmp_path)
    ((layout, block),) = LogFeed([str(log)], [FORMATS["combined"]], only=True).parts()
    for reading in (found, other):
        reading.read(layout, [block])
    before = found.rows("SELECT count(*) FROM hits")
    for batch in other.found("hits"):
        found.add("hits", batch)
    found._merge()
    assert found.rows("SELECT count(*) FROM hits") == before
    assert found.rows("SELECT sum(requests)::INT FROM hits") == [(198,)]
    parts = [f"SELECT count(*) FROM hits_{part}" for part in scan._PARTS]  # noqa: S608  as ours
    assert min(map(found.rows, parts)) > [(0,)]


def test_what_was_added_up_is_gone_while_the_next_lines_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "_SUMMED_ROWS", 4)
    made = list[weakref.ref[Any]]()
    row = {"zone": np.zeros(1, np.int32), "first": np.zeros(1, int), "last": np.zeros(1, int)}

    def placed() -> Iterator[Any]:
        for n in range(12):
            if n and n % 4 == 0:
                assert sum(one() is not None for one in made) <= 1
            batch = [placed_batch(row, 1)]
            made.append(weakref.ref(batch[0]))
            yield batch.pop()

    found = engine(tmp_path)
    found._add_up(placed())
    assert found.rows("SELECT sum(requests)::INT FROM hits") == [(12,)]


def wrong_formats() -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a format, and the text of such a file."""
    head = 'title = "x"\nreference = "https://x"\nread_on = 2026-11-27\ntime = ["iso"]\n'
    yield "client", head + 'kind = "words"\nlines = ["{time} {}"]\n'
    yield "not a word", head + "kind = \"words\"\nlines = ['{client} a{b']\n"
    yield "regular expression", head + 'kind = "pattern"\npattern = "("\n'
    yield "no field 'klient'", head + 'kind = "json"\n[fields]\nklient = ["/a"]\n'
    yield "separator", head + 'kind = "columns"\n[fields]\nclient = ["c"]\n'
    epoch = head.replace("iso", "epoch_ms")
    yield "'epoch_ms' says no time", epoch + "kind = \"words\"\nlines = ['{client}']\n"
    yield "kind", head + 'kind = "xml"\n'


@pytest.mark.parametrize(("said", "text"), list(wrong_formats()))
def test_a_wrong_format_is_refused_with_its_place(said: str, text: str) -> None:
    with pytest.raises(BlockcError, match=said) as failure:
        read_log_format("own.toml", text)
    assert "own.toml" in str(failure.value)


def test_every_format_says_where_it_is_documented() -> None:
    for one in FORMATS.values():
        assert one.reference.startswith("https://"), one.name


def test_a_line_of_escapes_is_cut_as_its_writer_means_it(tmp_path: Path) -> None:
    line = COMBINED.replace("Mozilla/5.0 (X11)", r"a \"b\" \\").replace("v1", r"v1\"x")
    form: LogFormat = FORMATS["combined"]
    assert form.share([line]) == 1
    (row,) = read(tmp_path, [line], key="query:api_key").rows(HITS)
    assert row[3:5] == (200, 2326)
    assert row[6] == "s3"


def test_layouts_of_equal_columns_are_read_together() -> None:
    assert LineLayout(FORMATS["csv"], ("a",)) == LineLayout(FORMATS["csv"], ("a",))


def test_the_engine_draws_no_bar_among_the_answers(tmp_path: Path) -> None:
    found = engine(tmp_path)
    assert found.rows("SELECT current_setting('enable_progress_bar')") == [(False,)]
