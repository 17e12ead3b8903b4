"""The lock: what is written is read, equal locks are equal bytes, and mistakes have a place."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockc.errors import Mistakes, OutputError, UsageError
from blockc.fetch.lock import Lock, lock_text, parse_lock, read_lock, write_lock
from blockc.fetch.snapshot import Amount, Facts, Snapshot

APNIC = Snapshot(
    url="https://ftp.apnic.net/stats/apnic/delegated-apnic-extended-latest",
    sha256="ab" * 32,
    bytes=5_532_823,
    facts=Facts(
        records=113_050,
        holds={"ipv6": Amount(8_399, 2**100), "ipv4": Amount(40_416, 884_106_240)},
        date=date(2018, 10, 12),
        serial="20181014",
    ),
)
FEED = Snapshot("https://example.com/list", "cd" * 32, 12, Facts(records=1, holds={}))
TEXT = f"""\
# Written by `blockc update`; commit it. `blockc build` uses exactly these files.
version = 1

[source.apnic]
url = "https://ftp.apnic.net/stats/apnic/delegated-apnic-extended-latest"
sha256 = "{"ab" * 32}"
bytes = 5532823
date = 2018-10-12
serial = "20181014"
records = 113050
holds.ipv4 = {{ records = 40416, addresses = "884106240" }}
holds.ipv6 = {{ records = 8399, addresses = "1267650600228229401496703205376" }}

[source.our-feed]
url = "https://example.com/list"
sha256 = "{"cd" * 32}"
bytes = 12
records = 1
"""


def test_the_lock_is_text_to_review_one_fact_a_line() -> None:
    assert lock_text(Lock({"our-feed": FEED, "apnic": APNIC})) == TEXT
    assert lock_text(Lock({"apnic": APNIC, "our-feed": FEED})) == TEXT


def test_what_is_written_is_read() -> None:
    assert parse_lock("blockc.lock", TEXT) == Lock({"apnic": APNIC, "our-feed": FEED})
    assert parse_lock("blockc.lock", lock_text(Lock())) == Lock()


words = st.text(max_size=30)
amounts = st.builds(Amount, st.integers(0, 2**63 - 1), st.integers(0, 2**128))
snapshots = st.builds(
    Snapshot,
    url=words,
    sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    bytes=st.integers(0, 2**40),
    facts=st.builds(
        Facts,
        records=st.integers(0, 2**40),
        holds=st.dictionaries(st.sampled_from(["ipv4", "ipv6"]), amounts),
        date=st.none() | st.dates(date(1970, 1, 1), date(9999, 12, 31)),
        serial=words,
    ),
)


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9-]{0,30}", fullmatch=True), snapshots))
def test_any_lock_is_read_back_whatever_a_server_put_into_it(
    sources: dict[str, Snapshot],
) -> None:
    text = lock_text(Lock(sources))
    assert parse_lock("blockc.lock", text) == Lock(sources)
    assert lock_text(parse_lock("blockc.lock", text)) == text
    assert all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("version = 1", "version = 2", "2:11: version 2 of the lock, this blockc understands 1"),
        ("version = 1", "versoin = 1", "2:1: unknown key 'versoin'; did you mean 'version'?"),
        ("[source.apnic]", "[source.APNIC]", "4:2: 'APNIC' is not a name of a source"),
        ("ab" * 32, "AB" * 32, "6:10: expected 64 hexadecimal digits"),
        ("bytes = 12", "bytes = -12", "17:9: expected a number from 0, found -12"),
        ("records = 1\n", "", "14:2: 'records' is missing"),
        ("holds.ipv4", "holds.ipv5", "11:1: expected ipv4, ipv6 or asn, found 'ipv5'"),
        ('"884106240"', '"0x5"', "11:14: expected numbers from 0"),
        ('"884106240"', "884106240", "11:45: expected text"),
        ("date = 2018-10-12", "date = 2018-13-12", "8:12: not TOML"),
        ("version = 1", "<<<<<<< HEAD\nversion = 1", "2:1: a mark of a merge conflict"),
    ],
)
def test_a_mistake_in_the_lock_is_reported_at_its_place(old: str, new: str, said: str) -> None:
    assert old in TEXT
    with pytest.raises(Mistakes) as caught:
        parse_lock("blockc.lock", TEXT.replace(old, new))
    assert f"blockc.lock:{said}" in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_lock_grows_and_is_cut_by_name() -> None:
    both = Lock({"apnic": APNIC}).with_sources({"our-feed": FEED})
    assert list(both.sources) == ["apnic", "our-feed"]
    assert both.only(["our-feed", "gone"]) == Lock({"our-feed": FEED})


def test_a_lock_that_says_it_already_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "blockc.lock"
    assert read_lock(path) is None
    lock = Lock({"apnic": APNIC})
    assert write_lock(path, lock)
    before = path.stat()
    assert not write_lock(path, lock)
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert path.stat().st_ino == before.st_ino
    assert write_lock(path, Lock())
    assert read_lock(path) == Lock()
    assert [entry.name for entry in tmp_path.iterdir()] == ["blockc.lock"]


def test_a_lock_that_is_no_text_or_no_file_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "blockc.lock"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not UTF-8 text; take it from version control"):
        read_lock(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(UsageError, match="cannot read the lock: is a directory"):
        read_lock(path)
    with pytest.raises(OutputError, match="cannot write this file: is a directory"):
        write_lock(path, Lock())
