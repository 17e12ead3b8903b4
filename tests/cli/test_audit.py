"""`blockc audit` from end to end: its tables, files and messages."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import duckdb
import numpy as np
import pytest
from numpy.typing import NDArray

from blockc.audit.pseudonyms import pseudonym
from blockc.audit.zones import Zones
from blockc.storage import log_files
from tests.cli import toy
from tests.cli.conftest import Blockc
from tests.cli.test_docs import documented, keys
from tests.cli.toy import write_registries

POLICY = """\
version = 1
[list.far]
title = "Far away"
block = ["CN", "BR"]
stages = [{ from = 2026-10-01, action = "monitor" }, { from = 2026-10-20, action = "block" }]
[audit]
key = "query:api_key"
account = "user"
owners = "owners.csv"
wanted = ["1.0.1.0/28"]
min_requests = 2
known_days = 2
"""
OWNERS = "key,account,contact,language\nsecret-one,ACME,ops@acme.example,en\n"
HMAC_OF = "0123456789abcdef"


def line(client: str, day: int, key: str = "", user: str = "-", more: str = "200 7") -> str:
    """Return a line of the combined log."""
    query = f"?api_key={key}" if key else ""
    return (
        f'{client} - {user} [{day:02}/Oct/2026:10:00:00 +0000] "GET /api/x{query} HTTP/1.1" '
        f'{more} "-" "Googlebot/2.1"\n'
    )


LINES = [
    line("1.0.1.3", 2, "secret-one", "anna"),
    line("1.0.1.3", 3, "secret-one", "anna", "451 0"),
    line("177.0.0.9", 21, "secret-two"),
    line("2400:3200::1", 22, "secret-two"),
    line("3.0.0.1", 22, "secret-two"),
    line("3.0.0.1", 22, "secret-three"),
    "this is not a line\n",
    line("unknown", 22),
]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a policy, registries and a log; the secret is set."""
    monkeypatch.setenv("BLOCKC_AUDIT_SECRET", HMAC_OF)
    write_registries(tmp_path / "registries")
    (tmp_path / "blockc.toml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "owners.csv").write_text(OWNERS, encoding="utf-8")
    (tmp_path / "access.log").write_text("".join(LINES), encoding="utf-8")
    return tmp_path


def words(site: Path, *logs: object) -> list[object]:
    """Return the words of a call that audits logs, the one of the site if none is named."""
    named = logs or (site / "access.log",)
    return ["audit", *named, "-f", site / "blockc.toml", "--from", site / "registries"]


def report(blockc: Blockc, site: Path, *more: object) -> dict[str, object]:
    """Return what the call says as JSON."""
    done = blockc(*words(site), "--json", *more)
    assert done.code == 0, done.err
    found: dict[str, object] = json.loads(done.out)
    return found


def test_the_answers_are_those_of_the_log(blockc: Blockc, site: Path) -> None:
    found = report(blockc, site)
    assert (found["requests"], found["listed"], found["unreadable"]) == (6, 4, 2)
    answers = found["answers"]
    assert isinstance(answers, dict)
    by = {(one["by"], one["value"]): one for one in answers["impact"]}
    assert by["country", "CN"]["requests"] == 3
    assert by["country", "BR"]["requests"] == 1
    assert by["total", "all lists"]["refused"] == 1
    assert by["total", "all lists"]["addresses"] == 3
    assert by["day", "2026-10-21"]["keys"] == 1
    proposals = {one["proposal"]: (one["listed"], one["requests"]) for one in answers["keys"]}
    assert proposals == {"revoke": (2, 2), "notify": (2, 3)}
    told = [(one["contact"], one["action"], one["from"]) for one in answers["notices"]]
    assert told == [
        ("ops@acme.example", "monitor", "2026-10-01"), ("ops@acme.example", "block", "2026-10-20"),
        ("", "monitor", "2026-10-01"), ("", "block", "2026-10-20"),
    ]  # fmt: skip
    why = {one["why"] for one in answers["surprises"]}
    assert why == {"wanted: 1.0.1.0/28", "says it is Googlebot", "account seen on many days"}
    assert [one["requests"] for one in answers["gaps"]] == [2]
    assert {one["reason"]: one["first_lines"] for one in answers["unreadable"]} == {
        "not of the format": "7",
        "no address of a client": "8",
    }


def test_paths_of_a_group_are_counted_under_its_name(blockc: Blockc, site: Path) -> None:
    text = POLICY + 'path_groups = { login = ["/v1/login", "/session/"], "a\'b" = ["/v1"] }\n'
    (site / "blockc.toml").write_text(text, encoding="utf-8")
    paths = ("/v1/login?x=1", "/v1/login/a", "/session", "/v1/loginx", "/v1", "/v2/login", "/")
    lines = [line("1.0.1.3", 2).replace("/api/x", path) for path in paths]
    (site / "access.log").write_text("".join(lines), encoding="utf-8")
    answers = report(blockc, site)["answers"]
    assert isinstance(answers, dict)
    found = {one["value"]: one["requests"] for one in answers["impact"] if one["by"] == "path"}
    assert found == {"login": 3, "a'b": 2, "/v2": 1, "/": 1}


def test_fifty_lists_cost_one_pass(
    blockc: Blockc, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, asked = [], []
    opened, of_ipv4 = log_files._opened, Zones.of_ipv4

    @contextmanager
    def counted(path: str) -> Iterator[object]:
        with opened(path) as file:

            def reading(size: int, inner: Callable[[int], bytes] = file.read) -> bytes:
                data = inner(size)
                read.append(len(data))
                return data

            yield SimpleNamespace(read=reading)

    def looked_up(zones: Zones, addresses: NDArray[np.uint64]) -> NDArray[np.int32]:
        asked.append(len(addresses))
        return of_ipv4(zones, addresses)

    monkeypatch.setattr(log_files, "_opened", counted)
    monkeypatch.setattr(Zones, "of_ipv4", looked_up)
    head, _, rest = POLICY.partition("[audit]")
    lists = [f'[list.l{n}]\nblock = ["CN", "BR", "1.0.{n}.0/24"]\n' for n in range(50)]
    for more in ([], lists):
        read.clear()
        asked.clear()
        (site / "blockc.toml").write_text(f"{head}{''.join(more)}[audit]{rest}", encoding="utf-8")
        answers = report(blockc, site)["answers"]
        assert isinstance(answers, dict)
        found = [one for one in answers["impact"] if one["by"] == "list"]
        assert len(found) == 1 + len(more)
        assert sum(read) == (site / "access.log").stat().st_size
        assert sum(asked) <= len(LINES)


def test_an_address_is_shown_whole_only_if_asked(blockc: Blockc, site: Path) -> None:
    assert "1.0.1.3" not in blockc(*words(site)).out
    assert "1.0.1.0/24" in blockc(*words(site)).out
    assert "2400:3200::1" in blockc(*words(site), "--addresses").out


def test_nothing_is_wider_than_a_terminal_of_80_columns_whatever_strangers_write(
    site: Path,
) -> None:
    long = "x" * 300
    lines = [
        line("1.0.1.3", 2, f"{long}{n}", long + "-" * 50).replace("/api/", f"/{long}/")
        for n in "ab"
    ]
    (site / "access.log").write_text("".join([*LINES, *lines]), encoding="utf-8")
    for more in (["--key-is", "id"], []):
        said = toy.on_terminal(*words(site), *more, LC_ALL="C.UTF-8")
        said = re.sub(r"\x1b\[[0-9;]*m", "", said)
        assert "Keys used from listed space" in said, said
        assert [text for text in said.splitlines() if len(text) > 80] == []


def test_a_pipe_gets_tables_of_80_columns_with_the_begin_of_each_key(
    blockc: Blockc, site: Path
) -> None:
    (site / "access.log").write_text("".join(LINES[:6]), encoding="utf-8")
    done = blockc(*words(site))
    assert [text for text in done.out.splitlines() if len(text) > 80] == []
    whole = {one["key"] for one in report(blockc, site)["answers"]["keys"]}  # type: ignore[index]
    shown = re.findall(r"^([0-9a-f]{8})  (?:revoke|notify|watch)", done.out, re.MULTILINE)
    assert {key[:8] for key in whole} == set(shown)
    assert not any(key in done.out for key in whole)
    exception = '  { prefix = "1.0.1.0/24", owner = "", reason = "", until = YYYY-MM-DD },\n'
    assert done.out.count(exception) == 1


def test_the_last_days_of_a_long_time_are_shown(blockc: Blockc, site: Path) -> None:
    lines = [line("1.0.1.3", day) for day in range(3, 29)]
    lines.append(line("1.0.1.3", 1).replace("Oct", "x"))
    (site / "access.log").write_text("".join(lines), encoding="utf-8")
    said = blockc(*words(site)).out.partition("By day, the last 20 of 27\n")[2]
    assert re.findall(r"^2026-10-(\d\d) ", said, re.MULTILINE) == [f"{n:02}" for n in range(9, 29)]
    assert "\nLeft out before these: 7; --json and -o have all.\n" in said
    (site / "access.log").write_text("".join(lines[:20]), encoding="utf-8")
    said = blockc(*words(site)).out
    assert "Left out" not in said
    assert "By day\n" in said


def test_pandas_is_not_imported_where_it_is_installed(site: Path) -> None:
    tried = (
        "import sys; from blockc.__main__ import main\n"
        "try: main()\n"
        "finally: print('pandas' in sys.modules, file=sys.stderr)"
    )
    table = site / "t.parquet"
    duckdb.execute(
        "COPY (SELECT '1.0.1.3' AS client, '2026-10-10T00:00:00Z' AS time, 5 AS bytes) "
        f"TO '{table}' (FORMAT parquet)"
    )
    call = [sys.executable, "-c", tried, *map(str, words(site, site / "access.log", table))]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.stderr.endswith("False\n"), done.stderr
    assert "5 of 7 requests" in done.stdout


def test_no_secret_is_written_anywhere(blockc: Blockc, site: Path) -> None:
    done = blockc(*words(site), "-o", site / "out", "--verbose")
    files = [path.read_bytes() for path in (site / "out").iterdir()]
    assert len(files) == 13
    assert not any(b"secret-" in data for data in [*files, done.out.encode(), done.err.encode()])


def test_keys_need_a_secret_or_the_word_that_they_are_none(
    blockc: Blockc, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BLOCKC_AUDIT_SECRET")
    done = blockc(*words(site))
    assert done.code == 2
    assert "BLOCKC_AUDIT_SECRET" in done.err
    assert "secret-one" in blockc(*words(site), "--key-is", "id").out


def test_a_log_that_has_hashes_never_shows_anything_else(
    blockc: Blockc, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = pseudonym(b"secret-one", HMAC_OF.encode())
    lines = [
        line("1.0.1.3", 2, hashed), line("1.0.1.3", 3, hashed.upper() + "0" * 32),
        line("1.0.1.3", 3, "secret-one"), line("1.0.1.3", 3, "secret-two"),
    ]  # fmt: skip
    (site / "access.log").write_text("".join(lines), encoding="utf-8")

    def used() -> dict[str, int]:
        answers = report(blockc, site, "--key-is", "hmac")["answers"]
        assert isinstance(answers, dict)
        assert answers["notices"][0]["contact"] == ("ops@acme.example" if with_secret else "")
        return {one["key"]: one["listed"] for one in answers["keys"]}

    with_secret = True
    assert used() == {hashed: 3, pseudonym(b"secret-two", HMAC_OF.encode()): 1}
    monkeypatch.delenv("BLOCKC_AUDIT_SECRET")
    with_secret = False
    assert used() == {hashed: 2, "not a hash": 2}


def test_owners_are_found_by_hashes_however_they_are_written(blockc: Blockc, site: Path) -> None:
    hashed = pseudonym(b"secret-one", HMAC_OF.encode())
    (site / "access.log").write_text(line("1.0.1.3", 2, hashed), encoding="utf-8")
    for written in (hashed, hashed.upper(), hashed + "0f" * 16, hashed.upper() + "0F" * 16):
        (site / "owners.csv").write_text(f"key,contact\n{written},a@b.example\n", encoding="utf-8")
        answers = report(blockc, site, "--key-is", "hmac")["answers"]
        assert isinstance(answers, dict)
        assert {one["contact"] for one in answers["notices"]} == {"a@b.example"}, written


def test_a_file_of_owners_that_is_not_a_table_is_refused_with_its_line(
    blockc: Blockc, site: Path
) -> None:
    for text, said in (
        ("key,mail\nx,y\n", "owners.csv:1: the table has no column contact"),
        ("key,contact\nx,y\nz\n", "owners.csv:3: expected 2 cells, found 1"),
        ("key,contact\n\nx,\xff\n", "owners.csv:3: not UTF-8 text"),
    ):
        (site / "owners.csv").write_text(text, encoding="latin-1")
        done = blockc(*words(site))
        assert (done.code, said in done.err) == (2, True), done.err


def test_lists_are_as_on_the_day_that_is_asked(blockc: Blockc, site: Path) -> None:
    def action(*more: object) -> object:
        answers = report(blockc, site, *more)["answers"]
        assert isinstance(answers, dict)
        return next(one["value"] for one in answers["impact"] if one["by"] == "action")

    assert action("--at", "2026-10-05") == "monitor"
    assert action("--at", "2027-01-01") == "block"


def test_the_report_of_audit_is_documented(blockc: Blockc, site: Path) -> None:
    (site / "blocked.txt").write_text("3.0.0.0/24\n", encoding="utf-8")
    other = report(blockc, site, "--against", site / "blocked.txt")
    assert keys(other) == documented("audit")


def test_two_sides_are_counted_in_one_pass(blockc: Blockc, site: Path) -> None:
    (site / "blocked.txt").write_text("3.0.0.0/24\n177.0.0.9\n", encoding="utf-8")
    found = report(blockc, site, "--against", site / "blocked.txt")
    answers = found["answers"]
    assert isinstance(answers, dict)
    sides = {one["side"]: one["requests"] for one in answers["against"] if one["list"] == "all"}
    name = f"file {site / 'blocked.txt'}"
    first = "what would be built now"
    assert sides == {first: 4, name: 3, f"only {first}": 3, f"only {name}": 2}
    assert found["listed"] == 4


@pytest.mark.parametrize("lists", ["file", "generation"])
def test_a_plain_list_and_a_generation_can_be_asked(blockc: Blockc, site: Path, lists: str) -> None:
    if lists == "file":
        (site / "blocked.txt").write_text("1.0.1.0/24\n", encoding="utf-8")
        found = report(blockc, site, "--lists", site / "blocked.txt", "--key", "user")
        assert found["listed"] == 2
        return
    text = (
        POLICY
        + '[[output]]\nlist = "far"\ntarget = "plain"\npath = "far.txt"\nuntil_block = "empty"\n'
    )
    (site / "blockc.toml").write_text(text, encoding="utf-8")
    built = blockc(
        "build", "-f", site / "blockc.toml", "--from", site / "registries", "-o", site / "dist"
    )
    assert built.code == 0, built.err
    assert report(blockc, site, "--lists", "published")["listed"] == 4


def test_what_a_spreadsheet_or_a_terminal_would_run_is_text(blockc: Blockc, site: Path) -> None:
    bad = line("1.0.1.3", 2, user="=cmd|'/c_calc'!A1") + line("1.0.1.3", 3, user="=x")
    evil = bad.replace("/api/x", "/\x1b]0;owned\x07") + bad.replace("GET /api", "GET =1+1")
    (site / "access.log").write_text(evil, encoding="utf-8")
    done = blockc(*words(site), "--key", "user", "--key-is", "id", "-o", site / "out")
    assert done.code == 0, done.err
    assert "\x1b" not in done.out + done.err
    table = (site / "out" / "keys.csv").read_text(encoding="utf-8")
    assert "'=cmd" in table
    assert "\n=" not in table
    assert ",=" not in table
    assert "host,-,4," in (site / "out" / "impact.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('key = "nonsense"', "does not name where a key stands"),
        ('proxies = ["10.0.0.0/99"]', "is not an address or a prefix"),
        ('revoke = "much"', "is not a share"),
        ('path_groups = { a = ["v1"] }', "is not a path"),
        ("path_depth = 99", "expected a number from 0 to 5"),
        ('secret_env = "a b"', "is not the name of a variable"),
    ],
)
def test_a_wrong_audit_table_is_refused_with_its_place(
    blockc: Blockc, site: Path, text: str, said: str
) -> None:
    policy = POLICY[: POLICY.index("[audit]")] + f"[audit]\n{text}\n"
    (site / "blockc.toml").write_text(policy, encoding="utf-8")
    done = blockc(*words(site))
    assert done.code == 2
    assert said in done.err
    assert "blockc.toml:7" in done.err


def test_what_is_wanted_stands_for_somebody(blockc: Blockc, site: Path) -> None:
    (site / "partners.txt").write_text("# nobody yet\n", encoding="utf-8")
    for entry, code in (
        ('"file:partners.txt"', 2),
        ('{ select = "file:partners.txt", allow_empty = true }', 0),
    ):
        text = POLICY.replace('"1.0.1.0/28"', entry)
        (site / "blockc.toml").write_text(text, encoding="utf-8")
        done = blockc(*words(site))
        assert done.code == code, done.err
        said = "blockc.toml:10:11: file:partners.txt has no addresses; write { select = ..., "
        assert (said in done.err) == (code == 2)
