"""`blockc aggregate`: what goes in, what comes out, and how it refuses."""

import json
import os
import random
from ipaddress import IPv4Network, collapse_addresses
from pathlib import Path

import pytest

from tests.cli.conftest import Blockc
from tests.cli.toy import shell

MIXED = b"""\
# a comment
10.0.0.0/9
10.128.0.0/9 ; the other half
2001:db8::/33
2001:db8:8000::/33

192.0.2.7
192.0.2.8 - 192.0.2.9
::ffff:198.51.100.0/120
"""
PREFIXES = ["10.0.0.0/8", "192.0.2.7/32", "192.0.2.8/31", "198.51.100.0/24", "2001:db8::/32"]


def test_both_families_of_stdin_become_the_fewest_prefixes(blockc: Blockc) -> None:
    assert blockc("aggregate", stdin=MIXED) == (0, "\n".join([*PREFIXES, ""]), "")


def test_a_dash_is_standard_input_and_files_are_added_to_it(blockc: Blockc, tmp_path: Path) -> None:
    (tmp_path / "more").write_bytes(b"11.0.0.0/8\r\n")
    done = blockc("aggregate", "-", tmp_path / "more", stdin=b"10.0.0.0/8")
    assert done == (0, "10.0.0.0/7\n", "")


def test_nothing_in_is_nothing_out(blockc: Blockc) -> None:
    assert blockc("aggregate", stdin=b"# only this\n") == (0, "", "")


def test_what_is_excluded_is_taken_away(blockc: Blockc, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("10.0.0.0/9\n", encoding="ascii")
    (tmp_path / "b").write_text("2001:db8::/32\n192.0.2.0/24\n", encoding="ascii")
    done = blockc(
        "aggregate", "--exclude", tmp_path / "a", "--exclude", tmp_path / "b", stdin=MIXED
    )
    assert done.out.split() == ["10.128.0.0/9", "198.51.100.0/24"]


def test_ranges_are_maximal_and_single_addresses_stand_alone(blockc: Blockc) -> None:
    done = blockc("aggregate", "--ranges", stdin=MIXED + b"192.0.2.77\n")
    assert done.out.split() == [
        "10.0.0.0-10.255.255.255",
        "192.0.2.7-192.0.2.9",
        "192.0.2.77",
        "198.51.100.0-198.51.100.255",
        "2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
    ]


@pytest.mark.parametrize(("flag", "wanted"), [("-4", PREFIXES[:4]), ("-6", PREFIXES[4:])])
def test_one_family_can_be_asked_for(blockc: Blockc, flag: str, wanted: list[str]) -> None:
    assert blockc("aggregate", flag, stdin=MIXED).out.split() == wanted


def test_counts_are_of_entries_and_addresses(blockc: Blockc) -> None:
    assert blockc("aggregate", "--count", stdin=MIXED).out.splitlines() == [
        "ipv4 4 entries 16777475 addresses",
        f"ipv6 1 entries {2**96} addresses",
    ]
    ranges = blockc("aggregate", "--count", "--ranges", "-4", stdin=MIXED)
    assert ranges.out == "ipv4 3 entries 16777475 addresses\n"


def test_json_holds_entries_and_addresses_as_text(blockc: Blockc) -> None:
    done = blockc("aggregate", "--json", stdin=MIXED)
    assert json.loads(done.out) == {
        "ipv4": {"entries": 4, "addresses": "16777475", "prefixes": PREFIXES[:4]},
        "ipv6": {"entries": 1, "addresses": str(2**96), "prefixes": PREFIXES[4:]},
    }
    only = json.loads(blockc("aggregate", "--json", "--ranges", "-6", stdin=MIXED).out)
    assert list(only) == ["ipv6"]
    assert only["ipv6"]["ranges"] == ["2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"]
    counted = json.loads(blockc("aggregate", "--json", "--count", stdin=MIXED).out)
    assert counted["ipv4"] == {"entries": 4, "addresses": "16777475"}


def test_the_whole_space_and_its_last_address_are_ordinary_input(blockc: Blockc) -> None:
    last = b"255.255.255.255\nffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n"
    assert blockc("aggregate", stdin=last).out.split() == [
        "255.255.255.255/32",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
    ]
    done = blockc("aggregate", "--count", stdin=last + b"0.0.0.0/0\n::/0\n")
    assert done.out == f"ipv4 1 entries {2**32} addresses\nipv6 1 entries {2**128} addresses\n"


@pytest.mark.parametrize("seed", range(4))
def test_the_result_is_what_the_standard_library_says(blockc: Blockc, seed: int) -> None:
    some = random.Random(seed)
    networks = [
        IPv4Network((some.randrange(2**16) << 16, some.randint(8, 32)), strict=False)
        for _ in range(300)
    ]
    done = blockc("aggregate", stdin="\n".join(map(str, networks)).encode())
    assert done.out.split() == [str(network) for network in collapse_addresses(networks)]


def test_host_bits_are_refused_unless_they_are_to_be_cleared(blockc: Blockc) -> None:
    done = blockc("aggregate", stdin=b"10.0.0.0/8\n192.0.2.1/24\n")
    assert done.code == 3
    assert done.out == ""
    assert done.err.startswith("blockc: stdin:2:1: 192.0.2.1/24 has host bits set, the prefix is")
    assert "    192.0.2.1/24\n    ^^^^^^^^^^^^\n" in done.err
    assert blockc("aggregate", "-t", stdin=b"192.0.2.1/24").out == "192.0.2.0/24\n"


@pytest.mark.parametrize(
    ("line", "column"),
    [("192.0.2.256", 1), ("   hello world", 4), ("1.2.3.4/33", 1), ("2001:db8::/129", 1),
     ("1.2.3.9-1.2.3.4", 1), ("1.2.3.4-::1", 1), ("010.0.0.1", 1), ("1.2.3", 1), ("\x1b[2J", 1)],
)  # fmt: skip
def test_what_is_not_understood_is_named_with_file_line_and_column(
    blockc: Blockc, tmp_path: Path, line: str, column: int
) -> None:
    path = tmp_path / "list.txt"
    path.write_text(f"10.0.0.0/8\n\n{line}  # why\n", encoding="utf-8")
    done = blockc("aggregate", path)
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith(f"blockc: {path}:3:{column}: ")
    assert "\x1b" not in done.err


def test_bytes_of_no_encoding_are_refused_with_their_line(blockc: Blockc) -> None:
    done = blockc("aggregate", stdin=b"1.2.3.4\n\xff\xfe\x00\n")
    assert done.code == 3
    assert done.err.startswith("blockc: stdin:2:9: a NUL byte")


def test_files_that_cannot_be_read_are_the_callers_mistake(blockc: Blockc, tmp_path: Path) -> None:
    gone = blockc("aggregate", tmp_path / "gone")
    assert gone == (2, "", f"blockc: cannot read {tmp_path}/gone: no such file or directory\n")
    folder = blockc("aggregate", "--exclude", tmp_path, stdin=b"1.2.3.4")
    assert folder == (2, "", f"blockc: cannot read {tmp_path}: is a directory\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [(["-4", "-6"], "exclude each other"), (["-", "-"], "only once"),
     (["-", "--exclude", "-"], "only once"), (["--exclude", "-"], "only once")],
)  # fmt: skip
def test_calls_that_contradict_themselves_are_refused(
    blockc: Blockc, words: list[str], said: str
) -> None:
    done = blockc("aggregate", *words, stdin=b"1.2.3.4\n")
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_a_reader_that_has_seen_enough_is_no_failure() -> None:
    numbers = 'seq 1 2 400001 | awk \'{print "10." int($1/65536) "." int($1/256)%256 "." $1%256}\''
    done = shell(f"{numbers} | $blockc aggregate | head -n 1; echo ${{PIPESTATUS[@]: -2:1}}")
    assert done == (0, "10.0.0.1/32\n0\n", "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")  # noqa: PTH110
def test_an_output_that_takes_nothing_is_a_failure_and_said_once() -> None:
    done = shell("echo 1.2.3.4 | $blockc aggregate > /dev/full")
    assert done.code == 2
    assert done.err == "blockc: cannot write to standard output: no space left on device\n"


def test_closed_streams_are_named() -> None:
    closed_in = shell("$blockc aggregate <&-")
    assert closed_in == (2, "", "blockc: cannot read standard input: it is closed\n")
    closed_out = shell("echo 1.2.3.4 | $blockc aggregate >&-")
    assert closed_out.code == 2
    assert closed_out.err.startswith("blockc: standard output is closed; ")
