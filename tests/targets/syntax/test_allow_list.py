"""Allow lists: they block what they do not hold, and what is wrong has a place in them."""

from collections.abc import Sequence
from random import Random

import numpy as np
import pytest

from blockc.addresses import FAMILIES, MAPPED, V4, V6, AddrSet, Family, Prefix
from blockc.addresses.rules import Rules
from blockc.targets.syntax.addresses import decode_rules
from blockc.targets.syntax.allow_list import allowed, inside_mapped, kept_out, without_mapped
from blockc.targets.syntax.reading import Found, Part, Reading
from blockc.targets.syntax.tokens import Text
from tests.support.refusals import refused, told
from tests.targets.artifacts import prefixes, scattered

GO = "a program in Go takes this prefix of IPv6 for IPv4"


def listed(*tokens: str, families: tuple[Family, ...] = FAMILIES) -> Reading:
    """Return what an allow list says whose entries stand one in a line."""
    text = Text("x", "\n" * len(tokens))
    parts = decode_rules(text, tokens, 1, lambda at, why: text.error(why, at), families=families)
    return Reading(parts, found=(Found("list", "x", "x", lambda why: text.error(why, 0)),))


def held(rules: Rules) -> AddrSet:
    """Return the addresses that rules hold."""
    every = {**{family: Rules.empty(family) for family in FAMILIES}, rules.family: rules}
    return AddrSet.of_spans({family: (one.start, one.last) for family, one in every.items()})


@pytest.mark.parametrize("family", FAMILIES, ids=str)
@pytest.mark.parametrize("seed", range(20))
def test_who_is_not_allowed_is_kept_out(family: Family, seed: int) -> None:
    random = Random(seed)
    blocked = scattered(random, random.choice([0, 1, 12]))
    if seed % 3 == 0:  # some of them in and around the space that is not IPv6 to Go
        last = MAPPED.first + MAPPED.size
        blocked |= AddrSet.of([Prefix(V6, MAPPED.first + (9 << 8), 120), Prefix(V6, last, 96)])
    blocked = blocked.only(family)
    entries = allowed(Rules.of_prefixes(blocked.prefixes(family)))
    reading = kept_out(Reading((Part(entries, lambda at, why: Text("x", "").error(why, at)),)))

    said = reading.rules[family]
    assert held(said) == blocked.only(family) - AddrSet.of([MAPPED])
    assert (said.verdict == 1).all()
    if family == V6:
        assert not inside_mapped(entries).any()


def test_an_empty_allow_list_keeps_everybody_out() -> None:
    reading = kept_out(listed())
    assert [told(part.where(0, "why")) for part in reading.parts] == ["1:1+1 why"] * 2
    assert held(reading.rules[V4]) == AddrSet.everything().only(V4)
    assert held(reading.rules[V6]) == AddrSet.everything().only(V6) - AddrSet.of([MAPPED])


@pytest.mark.parametrize(
    ("tokens", "wrong"),
    [
        (["10.0.0.0/8", "2001:db8::/32", "::ffff:0:0/96", "::ffff:1.2.3.4"], f"3:1+1 {GO}"),
        (["::ffff:1.2.3.4", "::/0"], f"1:1+1 {GO}"),
        (["2001:db8::/32", "::ffff:255.255.255.255"], f"2:1+1 {GO}"),
        (["2001:db8::/32", "::ffff:0.0.0.0"], f"2:1+1 {GO}"),
        (["::/0", "::fffe:0:0/95"], ""),  # wider is IPv6
        (["::fffe:ffff:ffff", "::1:0:0:0"], ""),  # beside it
        (["255.255.0.0/16"], ""),
    ],
)
def test_a_prefix_that_a_program_in_go_takes_for_ipv4_is_refused_where_it_stands(
    tokens: Sequence[str], wrong: str
) -> None:
    if wrong:
        assert refused(kept_out, listed(*tokens)) == wrong
    else:
        kept_out(listed(*tokens))


def test_which_rules_lie_in_that_space_is_asked_of_narrow_and_wide_columns() -> None:
    tokens = ["::/0", "::ffff:0:0/96", "::ffff:0:0/97", "::fffe:0:0/95", "::ffff:ffff:ffff"]
    (part,) = listed(*tokens, families=(V6,)).parts
    assert inside_mapped(part.rules).tolist() == [False, True, True, False, True]
    assert inside_mapped(listed("::/0", "::/64", families=(V6,)).parts[0].rules).tolist() == [
        False,
        False,
    ]


def test_rules_are_cut_around_that_space() -> None:
    rules = Rules.of_prefixes(prefixes("::/64", "2001:db8::/32").prefixes(V6))
    assert held(without_mapped(rules)) == prefixes("::/64", "2001:db8::/32") - AddrSet.of([MAPPED])
    ipv4 = Rules.of_prefixes(prefixes("10.0.0.0/8").prefixes(V4))
    assert without_mapped(ipv4) is ipv4


@pytest.mark.parametrize(
    ("tokens", "gap", "line"),
    [
        (["0.0.0.0/1", "192.0.0.0/2"], "128.0.0.0", 1),
        (["192.0.0.0/2", "0.0.0.0/1"], "128.0.0.0", 2),
        (["192.0.0.0/3", "128.0.0.0/3"], "0.0.0.0", 2),  # noqa: S104 - none before it
        (["192.0.0.0/3", "128.0.0.0/3"], "160.0.0.0", 2),
        (["192.0.0.0/3", "128.0.0.0/3"], "224.0.0.0", 1),
        (["8000::/1", "::/2"], "4000::", 2),
    ],
)
def test_a_gap_is_told_at_the_prefix_before_it(tokens: list[str], gap: str, line: int) -> None:
    family = V6 if ":" in gap else V4
    (part,) = kept_out(listed(*tokens, families=(family,))).parts
    (first,) = prefixes(f"{gap}/{family.width}").spans(family)[0]
    (row,) = np.flatnonzero(part.rules.start == first) if family == V4 else [0]
    assert told(part.where(int(row), "why")) == f"{line}:1+1 why"


def test_what_a_list_says_besides_is_kept() -> None:
    reading = listed("10.0.0.0/8")
    assert kept_out(reading).found == reading.found
    assert kept_out(reading).names == reading.names
