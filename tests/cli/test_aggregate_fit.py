"""`blockc aggregate` with a limit: the fewest entries, the least harm, and what it says of it."""

import json
import random
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, collapse_addresses
from itertools import combinations
from pathlib import Path

import pytest

from tests.cli.conftest import Blockc
from tests.cli.toy import shell

SIX = ["198.51.100.0/26", "198.51.100.128/26", "203.0.113.0/25", "203.0.113.192/26"]
LIST = "\n".join([*SIX, "2001:db8::/33", "2001:db8:c000::/34"]).encode()


def covered(lines: Iterable[str], bits: int = 8) -> set[int]:
    """Return which addresses of 11.255.0.0/24 the printed lines cover; the longest one decides."""
    rules = [(IPv4Network(line.lstrip("!")), not line.startswith("!")) for line in lines]
    found = set()
    for offset in range(1 << bits):
        address = IPv4Network((0x0BFF0000 | offset, 32))
        holding = [(net.prefixlen, says) for net, says in rules if address.subnet_of(net)]
        if holding and max(holding)[1]:
            found.add(offset)
    return found


def prefixes(width: int) -> Iterator[frozenset[int]]:
    """Yield the addresses of every prefix of a space of so many bits."""
    for length in range(width + 1):
        size = 1 << (width - length)
        yield from (frozenset(range(at, at + size)) for at in range(0, 1 << width, size))


def some_lists(width: int = 3) -> Iterator[set[int]]:
    chance = random.Random(7)
    for _ in range(12):
        yield {at for at in range(1 << width) if chance.random() < 0.5}


def text(addresses: Iterable[int]) -> bytes:
    return "".join(f"11.255.0.{at}\n" for at in sorted(addresses)).encode()


@pytest.mark.parametrize("limit", [1, 2, 3])
@pytest.mark.parametrize("mode", ["collateral", "coverage", "balance"])
def test_no_choice_of_prefixes_is_better(blockc: Blockc, mode: str, limit: int) -> None:
    """Every choice of disjoint prefixes of a small space is tried beside it."""
    choices = [
        frozenset[int]().union(*chosen)
        for count in range(limit + 1)
        for chosen in combinations(prefixes(3), count)
        if sum(map(len, chosen)) == len(frozenset[int]().union(*chosen))
    ]
    harm, miss = {"collateral": (1, 99), "coverage": (99, 1), "balance": (2, 3)}[mode]
    mu = ["--mu", "1.5"] if mode == "balance" else []
    for wanted in some_lists():
        words = ["aggregate", "--max-entries", limit, "--when-over", mode, *mu]
        done = blockc(*words, stdin=text(wanted))
        assert done.code == 0
        out = done.out.split()
        got = covered(out, 3)
        assert len(out) <= limit
        assert not any(line.startswith("!") for line in out)
        cost = harm * len(got - wanted) + miss * len(wanted - got)
        assert cost == min(harm * len(c - wanted) + miss * len(wanted - c) for c in choices)


def test_exceptions_say_the_same_in_fewer_lines(blockc: Blockc) -> None:
    for wanted in some_lists(8):
        plain = blockc("aggregate", stdin=text(wanted)).out.split()
        longest = blockc("aggregate", "--longest-match", stdin=text(wanted)).out.split()
        assert covered(longest) == covered(plain) == wanted
        assert len(longest) <= len(plain)
    everything = text(set(range(256)) - {7})
    done = blockc("aggregate", "--longest-match", stdin=everything)
    assert done.out.split() == ["11.255.0.0/24", "!11.255.0.7/32"]


def test_exceptions_stand_after_the_prefix_they_are_in(blockc: Blockc) -> None:
    wanted = set(range(256)) - set(range(64, 128)) | {65}
    lines = blockc("aggregate", "--longest-match", stdin=text(wanted)).out.split()
    assert lines == ["11.255.0.0/24", "!11.255.0.64/26", "11.255.0.65/32"]


def test_more_than_the_limit_is_refused_with_numbers_and_a_way_out(blockc: Blockc) -> None:
    done = blockc("aggregate", "--max-entries", "3", stdin=LIST)
    said = "raise the limit, or choose with --when-over what to give up"
    assert done == (5, "", f"blockc: ipv4: 4 entries, the limit is 3; {said}\n")
    assert blockc("aggregate", "--max-entries", "4", stdin=LIST).code == 0


def test_what_is_given_up_is_a_warning_and_the_family_that_fits_stays_exact(
    blockc: Blockc,
) -> None:
    words = ["aggregate", "-q", "--max-entries", "3", "--when-over", "collateral"]
    done = blockc(*words, stdin=LIST)
    assert done.out.split() == [
        "198.51.100.0/26",
        "198.51.100.128/26",
        "203.0.113.0/24",
        "2001:db8::/33",
        "2001:db8:c000::/34",
    ]
    assert done.err == "blockc: warning: covered though not listed: 64 ipv4 addresses\n"
    done = blockc(*words[:-1], "coverage", "-4", stdin=LIST)
    assert done.err == "blockc: warning: listed but not covered: 64 ipv4 addresses\n"


def test_a_shared_limit_counts_both_families_and_alone_a_family_has_all_of_it(
    blockc: Blockc,
) -> None:
    words = ["aggregate", "--shared", "--when-over", "coverage", "--max-entries"]
    assert len(blockc(*words, "4", stdin=LIST).out.split()) == 4
    assert blockc(*words, "4", "-4", stdin=LIST).out.split() == SIX
    assert len(blockc(*words, "6", stdin=LIST).out.split()) == 6


def test_except_is_never_covered_again_and_exclude_may_be(blockc: Blockc, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("203.0.113.128/26\n", encoding="ascii")
    words = ["aggregate", "-4", "--max-entries", "3", "--when-over", "collateral"]
    lines = b"203.0.113.0/24\n203.0.115.0/25\n203.0.115.192/26\n"
    (excluded, excepted) = (
        blockc(*words, option, tmp_path / "mine", stdin=lines).out.split()
        for option in ("--exclude", "--except")
    )
    assert excluded == ["203.0.113.0/24", "203.0.115.0/25", "203.0.115.192/26"]
    assert excepted == ["203.0.113.0/25", "203.0.113.192/26", "203.0.115.0/24"]
    nested = blockc("aggregate", "--longest-match", "--except", tmp_path / "mine", stdin=lines)
    assert "!203.0.113.128/26" in nested.out.split()


def test_private_networks_are_covered_only_if_listed(blockc: Blockc) -> None:
    words = ["aggregate", "--when-over", "collateral", "--max-entries", "1"]
    refused = blockc(*words, stdin=b"9.0.0.0/8\n11.0.0.0/8\n")
    assert refused.code == 5
    assert "2 entries are needed to spare protected space" in refused.err
    listed = blockc(*words, stdin=b"8.0.0.0/7\n10.0.0.0/9\n11.0.0.0/8\n")
    assert listed.code == 5, "the other half of 10.0.0.0/8 is not listed"
    assert blockc(*words, stdin=b"10.0.0.0/8\n11.0.0.0/9\n").out == "10.0.0.0/7\n"


def test_what_nobody_cares_about_is_covered_only_where_that_saves_entries(
    blockc: Blockc, tmp_path: Path
) -> None:
    (tmp_path / "free").write_text("198.51.100.64/26\n203.0.113.128/26\n", encoding="ascii")
    done = blockc("aggregate", "-4", "--dont-care", tmp_path / "free", stdin=LIST)
    assert done.out.split() == ["198.51.100.0/26", "198.51.100.128/26", "203.0.113.0/24"]
    assert done.err == "blockc: covered though not listed: 64 ipv4 addresses\n"
    assert blockc("aggregate", "-q", "--dont-care", tmp_path / "free", stdin=LIST).err == ""


def test_ranges_close_the_cheapest_gaps(blockc: Blockc) -> None:
    words = ["aggregate", "--ranges", "-4", "--max-entries", "3", "--when-over", "collateral"]
    lines = b"198.51.100.0/26\n198.51.100.128/26\n203.0.113.0/25\n203.0.113.160/27\n"
    assert blockc(*words, stdin=lines).out.split() == [
        "198.51.100.0-198.51.100.63",
        "198.51.100.128-198.51.100.191",
        "203.0.113.0-203.0.113.191",
    ]


def test_few_lengths_mean_the_same(blockc: Blockc) -> None:
    done = blockc("aggregate", "-4", "--lengths", "1", stdin=LIST)
    lines = done.out.split()
    assert {line.partition("/")[2] for line in lines} == {"26"}
    assert list(collapse_addresses(map(IPv4Network, lines))) == [*map(IPv4Network, SIX)]


def test_the_report_counts_what_was_added_and_lost(blockc: Blockc) -> None:
    words = ["aggregate", "--json", "--max-entries", "3", "--when-over", "collateral"]
    report = json.loads(blockc(*words, stdin=LIST).out)
    assert report["ipv4"] == {
        "entries": 3,
        "addresses": str(64 + 64 + 256),
        "added": "64",
        "lost": "0",
        "prefixes": ["198.51.100.0/26", "198.51.100.128/26", "203.0.113.0/24"],
    }
    counted = blockc(*words, "--count", stdin=LIST).out
    assert json.loads(counted)["ipv6"] == {
        "entries": 2,
        "addresses": str(3 << 94),
        "added": "0",
        "lost": "0",
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--ranges", "--longest-match"], "--ranges and --longest-match exclude each other"),
        (["--longest-match", "--lengths", "3"], "--longest-match and --lengths exclude each other"),
        (["--shared"], "--shared needs a limit; give one with --max-entries"),
        (["--when-over", "coverage"], "--when-over coverage needs a limit; give one"),
        (["--max-entries", "3", "--mu", "2"], "only --when-over balance has a --mu"),
        (["--mu", "1e9"], "'1e9' is not a number such as 3 or 0.25"),
        (["--mu", "1000000001"], "1000000001 is more than 1,000,000,000"),
        (["--max-entries", "0"], "0 is not in the range x>=1"),
        (["--except", "-"], "standard input can be read only once"),
        (["--dont-care", "/does/not/exist"], "cannot read /does/not/exist"),
    ],
)
def test_calls_that_make_no_sense_are_refused(blockc: Blockc, words: list[str], said: str) -> None:
    done = blockc("aggregate", *words, stdin=LIST)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_a_bad_line_of_any_file_is_named(blockc: Blockc, tmp_path: Path) -> None:
    (tmp_path / "free").write_text("203.0.113.0/24\n203.0.113.256\n", encoding="ascii")
    for option in ("--except", "--dont-care"):
        done = blockc("aggregate", option, tmp_path / "free", stdin=LIST)
        assert (done.code, done.out) == (3, "")
        assert f"{tmp_path / 'free'}:2" in done.err


def test_a_pipe_of_two_says_the_same_bytes_every_time() -> None:
    line = (
        "printf '%s' \"$1\" | $blockc aggregate --longest-match "
        "| grep -v '^!' | $blockc aggregate -q --max-entries 2 --when-over collateral -4"
    )
    first, second = (shell(line, LIST.decode()) for _ in range(2))
    assert first.out == second.out != ""
    assert first.code == 0
