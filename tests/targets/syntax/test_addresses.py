"""Addresses, prefixes and ranges as artifacts spell them: what is read, and what is refused where.

IPv4 in the four decimal parts of inet_pton alone, IPv6 as RFC 4291 has it without a zone.
"""

from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np
import pytest

from blockc.addresses import FAMILIES, V4, V6, Family, columns
from blockc.addresses.rules import Rules
from blockc.errors import SourceSyntaxError
from blockc.targets.syntax import addresses
from blockc.targets.syntax.addresses import (
    backwards,
    decode_rules,
    plain_lines,
    require_disjoint,
    require_distinct,
    rule_text,
)
from blockc.targets.syntax.reading import Part
from blockc.targets.syntax.tokens import Text
from tests.support.refusals import refused, told


@pytest.fixture(autouse=True, params=[1, 1 << 30], ids=["table", "one by one"])
def _many(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decode plain IPv4 by a table and by the C library: everything here holds for both."""
    monkeypatch.setattr(addresses, "_MANY", request.param)


def where(at: int, why: str) -> SourceSyntaxError:
    """Return an error about a token; the tokens stand one in a line."""
    return Text("x", "\n" * 20).error(why, at)


def parts(
    tokens: Sequence[str], verdicts: Sequence[int] | int = 1, **options: Any
) -> tuple[Part, ...]:
    """Return what tokens stand for."""
    return decode_rules(Text("x", ""), tokens, verdicts, where, **options)


def texts(rules: Rules) -> list[str]:
    """Return each rule as text."""
    return [rule_text(rules.take(np.array([at]))) for at in range(len(rules))]


def v4(*tokens: str) -> tuple[Part, ...]:
    """Return what tokens of IPv4 stand for, ranges too."""
    return parts(tokens, families=(V4,), ranges=True)


MIXED = ["10.0.0.0/8", "2001:db8::/32", "0.0.0.0/0", "::/0", "192.0.2.1", "2001:db8::1", "::1/128"]


def test_rules_keep_their_order_and_verdicts_and_know_their_token() -> None:
    ipv4, ipv6 = parts(MIXED, [3, 1, 4, 1, 5, 9, 2])
    assert (ipv4.rules.family, ipv6.rules.family) == FAMILIES
    assert texts(ipv4.rules) == ["10.0.0.0/8", "0.0.0.0/0", "192.0.2.1/32"]
    assert texts(ipv6.rules) == ["2001:db8::/32", "::/0", "2001:db8::1/128", "::1/128"]
    assert ipv4.rules.verdict.tolist() == [3, 4, 5]
    assert ipv6.rules.verdict.tolist() == [1, 1, 9, 2]
    assert [told(ipv4.where(at, "why")) for at in range(3)] == [f"{n}:1+1 why" for n in (1, 3, 5)]
    assert [told(ipv6.where(at, "")) for at in range(4)] == [f"{n}:1+1 " for n in (2, 4, 6, 7)]
    for part in (ipv4, ipv6):
        assert part.rules.verdict.dtype == np.int32
    assert ipv4.rules.start.dtype == np.uint64
    assert columns.is_wide(ipv6.rules.start)
    assert not columns.is_wide(parts(MIXED[:4])[1].rules.start)  # whole units of 2**64 addresses


def test_a_verdict_may_be_that_of_all() -> None:
    assert [part.rules.verdict.tolist() for part in parts(MIXED, 7)] == [[7] * 3, [7] * 4]


@pytest.mark.parametrize(
    ("tokens", "families", "expected"),
    [
        ([], FAMILIES, [(V4, 0), (V6, 0)]),
        ([], (V6, V4), [(V6, 0), (V4, 0)]),
        (["::1"], FAMILIES, [(V4, 0), (V6, 1)]),
        (["1.2.3.4"], FAMILIES, [(V4, 1), (V6, 0)]),
        (["1.2.3.4", "::1", "::2"], (V6, V4), [(V6, 2), (V4, 1)]),
        (["1.2.3.4"], (V4,), [(V4, 1)]),
        (["::1"], (V6,), [(V6, 1)]),
    ],
)
def test_each_family_that_a_text_may_speak_of_has_a_part(
    tokens: list[str], families: tuple[Family, ...], expected: list[tuple[Family, int]]
) -> None:
    found = parts(tokens, families=families)
    assert [(part.rules.family, len(part.rules)) for part in found] == expected
    assert all(told(part.where(0, "why")) == "1:1+1 why" for part in found if not len(part.rules))
    of_text = decode_rules(Text("x", "", families), tokens, 1, where)
    assert [(part.rules.family, len(part.rules)) for part in of_text] == expected


@pytest.mark.parametrize(
    ("tokens", "families", "wrong"),
    [
        (["1.2.3.4", "::1", "::2"], (V4,), "2:1+1 an ipv6 entry where it does not belong"),
        (["::1", "1.2.3.4", "1.2.3.5"], (V6,), "2:1+1 an ipv4 entry where it does not belong"),
        (["1.2.3.4", "1.2.3.5"], (V6,), "1:1+1 an ipv4 entry where it does not belong"),
        (["1.2.3.4", "::1", "1.2.3"], FAMILIES, "3:1+1 '1.2.3' is not an address"),
        (["1.2.3.4", "1.2.3.04", ""], FAMILIES, "2:1+1 '1.2.3.04' is not an address"),
        (["1.2.3.4", "1.2.3.4\0"], FAMILIES, "2:1+1 '1.2.3.4\\x00' is not an address"),
        (["::1", "::\udc80"], FAMILIES, "2:1+1 '::\\udc80' is not an address"),
        (["::1", "fe80::1%eth0"], FAMILIES, "2:1+1 'fe80::1%eth0' is not an address"),
        (["10.0.0.0/0x8"], FAMILIES, "1:1+1 '0x8' is not a prefix length of ipv4"),
        (["0.0.0.0/0", "10.0.0.0/33"], FAMILIES, "2:1+1 '33' is not a prefix length of ipv4"),
        (["::/0", "::/128", "::/129"], FAMILIES, "3:1+1 '129' is not a prefix length of ipv6"),
        (["::/1", "::/"], FAMILIES, "2:1+1 '' is not a prefix length of ipv6"),
        (["1.0.0.0", "10.0.0.0/08"], FAMILIES, "2:1+1 '08' is not a prefix length of ipv4"),
        (["1.2.3.4", "1.2.3.0/24/5"], FAMILIES, "2:1+1 '1.2.3.0/24/5' has more than one '/'"),
        (["1.2.3.0/24/5/6"], FAMILIES, "1:1+1 '1.2.3.0/24/5/6' has more than one '/'"),
        (["10.0.0.0/8", "10.0.0.0/6", "1.1.1.1/8"], (V4,), "2:1+1 10.0.0.0/6 has host bits set"),
        (["::/8", "::1/127"], FAMILIES, "2:1+1 ::1/127 has host bits set"),
        (["1.2.3.4-1.2.3.5"], FAMILIES, "1:1+1 '1.2.3.4-1.2.3.5' is not an address"),
        (["::1", "::3:4:5:6:7:8:9"], FAMILIES, "2:1+1 '::3:4:5:6:7:8:9' shortens a single group, nginx does not take it"),  # noqa: E501
    ],
)  # fmt: skip
def test_what_is_not_an_address_or_a_prefix_is_refused_where_it_stands(
    tokens: list[str], families: tuple[Family, ...], wrong: str
) -> None:
    assert refused(lambda: parts(tokens, families=families)) == wrong


def test_groups_of_ipv6_may_all_be_written() -> None:
    (part,) = parts(["1:2:3:4:5:6:7:8", "1::4:5:6:7:8", "::ffff:1.2.3.4"], families=(V6,))
    assert texts(part.rules) == ["1:2:3:4:5:6:7:8/128", "1::4:5:6:7:8/128", "::ffff:102:304/128"]


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (["10.0.0.0/8", "10.0.0.1"], ["10.0.0.0/8", "10.0.0.1/32"]),
        (["10.0.0.0-10.0.0.2", "9.0.0.0-9.0.0.0"], ["10.0.0.0-10.0.0.2", "9.0.0.0/32"]),
        (
            ["10.0.0.0/8", "9.0.0.5-9.1.0.0", "8.0.0.0", "7.0.0.0-7.0.0.3"],
            ["10.0.0.0/8", "9.0.0.5-9.1.0.0", "8.0.0.0/32", "7.0.0.0/30"],
        ),
    ],
)
def test_ranges_and_prefixes_may_be_mixed(tokens: list[str], expected: list[str]) -> None:
    (part,) = v4(*tokens)
    assert texts(part.rules) == expected


def test_ranges_of_ipv6_are_read_with_their_ends() -> None:
    tokens = ["2001:db8::-2001:db8::5", "::/0", "::1-::3"]
    (part,) = parts(tokens, families=(V6,), ranges=True)
    assert texts(part.rules) == ["2001:db8::-2001:db8::5", "::/0", "::1-::3"]


@pytest.mark.parametrize(
    ("tokens", "wrong"),
    [
        (["1.1.1.1", "2.0.0.0-2.0.0.0", "2.0.0.1-2.0.0.0"],
         "3:1+1 2.0.0.1-2.0.0.0 ends before it starts"),
        (["1.1.1.1", "1.1.1.1-2.2.2", "1.1.1.1/8"], "2:1+1 '2.2.2' is not an address"),
        (["1.1.1.1", "1.1.1-2.2.2.2"], "2:1+1 '1.1.1' is not an address"),
        (["1.1.1.1-1.1.1.2", "1.1.1.1/8", "1.1.1.1-1.1.1.3"], "2:1+1 1.1.1.1/8 has host bits set"),
        (["1.1.1.1-1.1.1.2-1.1.1.3"], "1:1+1 '1.1.1.1-1.1.1.2-1.1.1.3' has more than one '-'"),
        (["1.1.1.1", "1.1.1.0/33"], "2:1+1 '33' is not a prefix length of ipv4"),
        (["1.1.1.1", "1.1.1.0/24-1.1.2.0"], "2:1+1 '1.1.1.0/24' is not an address"),
    ],
)  # fmt: skip
def test_a_wrong_range_is_refused_where_it_stands(tokens: list[str], wrong: str) -> None:
    assert refused(v4, *tokens) == wrong


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("128.0.0.0", "255.255.255.255", "128.0.0.0/1"),
        ("10.0.0.0", "10.0.0.3", "10.0.0.0/30"),
        ("10.0.0.2", "10.0.0.5", "10.0.0.2-10.0.0.5"),
        ("10.0.0.0", "10.0.0.2", "10.0.0.0-10.0.0.2"),
        ("10.0.0.3", "10.0.0.3", "10.0.0.3/32"),
        ("2001:db8::", "2001:db8::ffff", "2001:db8::/112"),
    ],
)
def test_a_rule_is_told_as_a_prefix_if_it_is_one(first: str, last: str, expected: str) -> None:
    (part,) = parts([f"{first}-{last}"], families=(V6 if ":" in first else V4,), ranges=True)
    assert rule_text(part.rules) == expected


@pytest.mark.parametrize(
    ("tokens", "wrong"),
    [
        (["10.0.0.0/8", "10.0.0.0/16", "10.0.0.0-10.1.0.0", "9.0.0.0/8", "10.0.0.1"], ""),
        (["10.0.0.0/8", "11.0.0.0-12.255.255.255", "12.0.0.0-12.255.255.255"], ""),
        (["10.0.0.0/8", "10.0.0.0/16", "9.0.0.0/8", "10.0.0.0/8"], "4:1+1 10.0.0.0/8 occurs twice"),
        (["1.1.1.1", "9.0.0.0-9.1.0.0", "9.0.0.0-9.1.0.0", "9.0.0.0-9.1.0.0"],
         "3:1+1 9.0.0.0-9.1.0.0 occurs twice"),
        ([], ""),
    ],
)  # fmt: skip
def test_addresses_that_stand_twice_are_found(tokens: list[str], wrong: str) -> None:
    if wrong:
        assert refused(require_distinct, v4(*tokens)) == wrong
    else:
        require_distinct(v4(*tokens))


@pytest.mark.parametrize(
    ("tokens", "wrong"),
    [
        (["11.0.0.0/8", "10.0.0.0/8", "9.0.0.0/8", "12.0.0.0"], ""),
        (["1.1.1.1", "11.0.0.0/8", "10.0.0.0/8", "10.255.255.255-10.255.255.255"],
         "4:1+1 10.255.255.255/32 overlaps another entry"),
        (["10.0.0.0/16", "9.0.0.0-10.0.0.0", "11.0.0.0/8", "11.0.0.0/8"],
         "1:1+1 10.0.0.0/16 overlaps another entry"),
        (["10.0.0.0/8", "10.0.0.0/16", "10.0.0.0/24"], "2:1+1 10.0.0.0/16 overlaps another entry"),
        ([], ""),
    ],
)  # fmt: skip
def test_entries_that_share_an_address_are_found(tokens: list[str], wrong: str) -> None:
    if wrong:
        assert refused(require_disjoint, v4(*tokens)) == wrong
    else:
        require_disjoint(v4(*tokens))


def test_every_part_is_looked_at() -> None:
    twice = parts(["1.1.1.1", "::1", "::1"])
    assert refused(require_distinct, twice) == "3:1+1 ::1/128 occurs twice"
    assert refused(require_disjoint, twice) == "3:1+1 ::1/128 overlaps another entry"


@pytest.mark.parametrize("ranges", [False, True])
def test_many_tokens_of_plain_ipv4_are_looked_up_in_the_table(
    *, ranges: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "_MANY", 1)
    monkeypatch.setattr(addresses, "_prefix_spans", None)
    tokens = ["10.0.0.0/8", "9.9.9.9"] + ["8.0.0.1-8.0.0.9"] * ranges
    ipv4, ipv6 = parts(tokens, ranges=ranges)
    assert texts(ipv4.rules) == ["10.0.0.0/8", "9.9.9.9/32"] + ["8.0.0.1-8.0.0.9"] * ranges
    assert (ipv6.rules.family, len(ipv6.rules)) == (V6, 0)


def test_no_lines_are_not_in_the_table() -> None:
    assert plain_lines(b"", ranges=True) is None


@pytest.mark.parametrize(
    ("prefix", "name"),
    [
        ("192.0.2.7/32", "32.7.2.0.192"),
        ("2001:db8::/32", "32.zz.db8.2001"),
        ("::/0", "0.zz"),
        ("::1/128", "128.1.zz"),
        ("2001:db8::5:0:1/128", "128.1.0.5.zz.db8.2001"),
        ("1:2:3:4:5:6:7:8/128", "128.8.7.6.5.4.3.2.1"),
    ],
)
def test_the_labels_of_a_name_in_a_zone_stand_backwards(prefix: str, name: str) -> None:
    assert backwards(prefix) == name


def test_ipv4_is_to_the_table_what_it_is_to_the_c_library(monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(1)

    def token() -> str:
        address = ".".join(str(random.choice((0, 7, 10, 99, 128, 255))) for _ in range(4))
        other = ".".join(str(random.choice((0, 200, 255))) for _ in range(4))
        return random.choice(
            (address, f"{address}/{random.choice((8, 24, 31, 32, 0))}", f"{address}-{other}")
        )

    def odd(one: str) -> str:
        at = random.randrange(len(one) + 1)
        return (
            one[:at]
            + random.choice(" #;\t\n\r.-/0259a\0\udc80\u0661")
            + one[at + random.choice((0, 1)) :]
        )

    def read(tokens: list[str], *, ranges: bool) -> object:
        try:
            (part,) = parts(tokens, families=(V4,), ranges=ranges)
        except SourceSyntaxError as reason:
            return str(reason)
        rules = part.rules
        return rules.start.tolist(), rules.last.tolist(), rules.verdict.tolist()

    taken = 0
    for _ in range(4000):
        tokens = [token()]
        if random.random() < 0.7:
            tokens = [odd(tokens[0])]
        for ranges in (True, False):
            answers = []
            for many in (1, 1 << 30):
                monkeypatch.setattr(addresses, "_MANY", many)
                answers.append(read(tokens, ranges=ranges))
            assert answers[0] == answers[1], tokens
            taken += not isinstance(answers[0], str)
    assert taken > 1000
