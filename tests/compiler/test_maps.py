"""Several lists or every country in one artifact, two sets in several, and what is refused."""

import json
from datetime import date

import pytest

from blockc.addresses import FAMILIES, V4, V6, AddrMap
from blockc.addresses.rules import meaning
from blockc.compiler.compile import Build
from blockc.compiler.orders import verdicts
from blockc.errors import DoNotFit, Mistakes
from blockc.passes.plan import compile_rules
from blockc.passes.request import PassRequest
from blockc.targets.core.render import render
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.verify.proof import prove
from blockc.vocabulary import WhenOver
from tests.compiler.toy import COUNTRIES, TARGETS, compiled, output, resolved
from tests.compiler.worlds import of_countries, sample_world
from tests.policy.toy import addresses
from tests.targets.artifacts import TEMPLATES, draft

LISTS = """
[list.staged]
block = ["CN"]
stages = [{ from = 2026-11-01, action = "monitor" }, { from = 2027-01-01, action = "block" }]
[list.plain]
block = ["US", "10.0.0.0/10"]
[list.countries]
block = ["10.0.0.0/9"]
"""
MONITOR, BLOCK = date(2026, 11, 1), date(2027, 1, 1)
MAPS = ("nginx-geo", "haproxy-map", "mmdb", "matcher")


def mapped(target: str, said: str, path: str = "map.conf") -> str:
    """Return the text of an output that says in its own way what it holds."""
    return f'[[output]]\n{said}\ntarget = "{target}"\npath = "{path}"\n'


def read(build: Build, target: str, path: str) -> AddrMap:
    """Return the verdict of every address by an artifact of one file."""
    found = TARGETS[target].reader([ArtifactFile(path, build.files[path])])
    return meaning(TARGETS[target].match, found.rules.values(), found.names)


@pytest.mark.parametrize("target", MAPS)
@pytest.mark.parametrize("day", [MONITOR, BLOCK])
def test_a_map_of_lists_says_the_action_in_force(target: str, day: date) -> None:
    text = LISTS + mapped(target, 'lists = ["staged", "plain"]')
    wanted = verdicts([resolved(text, day).list_of(name) for name in ("staged", "plain")])
    said = read(compiled(text, day), target, "map.conf")
    for name in ("block", "monitor"):
        held = wanted.where([name]) if name in wanted.names else addresses()
        assert said.where([name]) == held


def test_one_list_written_as_lists_says_words_too() -> None:
    for day, word in ((MONITOR, "monitor"), (BLOCK, "block")):
        build = compiled(LISTS + mapped("nginx-geo", 'lists = ["staged"]'), day)
        text = build.files["map.conf"].decode()
        assert 'default "";' in text
        assert f"10.0.0.0/9 {word};" in text
    more = 'until_block = "empty"'
    one = LISTS + output("staged", "x.conf", "nginx-geo", more)
    assert b" 1;" not in compiled(one, MONITOR).files["x.conf"]
    flags = compiled(one, BLOCK).files["x.conf"]
    assert b"10.0.0.0/9 1;" in flags


def test_a_list_that_begins_to_watch_is_not_written_as_a_flag() -> None:
    with pytest.raises(Mistakes) as refused:
        compiled(LISTS + output("staged", "x.conf", "nginx-geo"), MONITOR)
    (error,) = refused.value.errors
    assert "nginx-geo cannot say 'monitor'" in str(error)
    assert "write lists = [...] in place of list" in str(error)


@pytest.mark.parametrize("target", [name for name in MAPS if name != "matcher"])
def test_the_country_map_says_the_country_of_every_address(target: str) -> None:
    build = compiled(mapped(target, 'map = "country"'))
    said = read(build, target, "map.conf")
    for name in COUNTRIES.names[1:]:
        assert said.where([name]) == COUNTRIES.where([name])


def test_a_list_called_countries_is_not_the_country_map() -> None:
    text = LISTS + mapped("nginx-geo", 'map = "country"') + output("countries", "l", "nginx-geo")
    said = read(compiled(text), "nginx-geo", "l")
    assert said.where(["block"]) == addresses("10.0.0.0/9")


@pytest.mark.parametrize("target", ["plain", "ipset", "nftables", "aws-wafv2-ipset"])
def test_a_target_of_one_list_refuses_more(target: str) -> None:
    for said in ('lists = ["plain"]', 'map = "country"'):
        with pytest.raises(Mistakes, match=r"one list per artifact|cannot hold the country map"):
            compiled(LISTS + mapped(target, said))


ISLANDS = """
[list.islands]
block = ["10.0.0.0/8", "2001:db8::/32"]
except = ["10.1.0.0/16", "10.3.0.0/16", "2001:db8:1::/48"]
"""


def two_sets(limit: int, target: str = "aws-wafv2-ipset", path: str = "x.json") -> str:
    """Return the policy of islands in a sea, in two sets of at most `limit` entries."""
    more = f'when_over = "two-sets"\nmax_entries = {limit}'
    return ISLANDS + output("islands", path, target, more)


def test_over_the_limit_the_exceptions_become_a_set_of_their_own() -> None:
    build = compiled(two_sets(3))
    assert sorted(set(build.files) - {"manifest.json"}) == [
        "x.except.ipv4.json", "x.except.ipv6.json", "x.ipv4.json", "x.ipv6.json", "x.rule.json",
    ]  # fmt: skip
    assert json.loads(build.files["x.ipv4.json"])["Addresses"] == ["10.0.0.0/8"]
    spared = json.loads(build.files["x.except.ipv4.json"])["Addresses"]
    assert spared == ["10.1.0.0/16", "10.3.0.0/16"]
    assert build.artifacts[0].entries == {V4: 3, V6: 2}


def test_within_the_limit_the_files_are_the_same_and_nothing_is_spared() -> None:
    """Whoever loads the sets refers to them every day, also on days when one would do."""
    few, many = compiled(two_sets(3)), compiled(two_sets(1_000))
    assert set(few.files) == set(many.files)
    for family in FAMILIES:
        assert json.loads(many.files[f"x.except.{family.name}.json"])["Addresses"] == []
    assert few.files["x.rule.json"] == many.files["x.rule.json"]


@pytest.mark.parametrize("target", ["plain", "json"])
def test_simple_files_come_in_two_sets_too(target: str) -> None:
    build = compiled(two_sets(3, target, "x.out"))
    assert set(build.files) == {"x.out", "x.except.out", "manifest.json"}
    assert b"10.3.0.0/16" in build.files["x.except.out"]


def test_two_sets_that_do_not_fit_either_are_refused() -> None:
    with pytest.raises(DoNotFit, match="the limit is 1"):
        compiled(two_sets(1))


@pytest.mark.parametrize("target", ["nginx-geo", "haproxy-map", "ipset", "nftables"])
def test_a_target_that_cannot_subtract_refuses_two_sets(target: str) -> None:
    with pytest.raises(Mistakes) as refused:
        compiled(two_sets(1, target))
    (error,) = refused.value.errors
    assert f"{target} cannot say that an address is in one set and not in another" in str(error)
    assert "choose something else with when_over" in str(error)


def test_the_united_states_fit_into_two_ip_sets() -> None:
    """17,452 IPv4 prefixes, for which AWS has no room in one set."""
    america = AddrMap.of_set(of_countries(sample_world(), "US"))
    target = TARGETS["aws-wafv2-ipset"]
    assert target.lengths
    assert len(america.where(["block"]).prefixes(V4)) == 17_452
    request = PassRequest(
        max_entries=target.capacity({}),
        when_over=WhenOver.TWO_SETS,
        lengths={family: target.lengths.of(family) for family in FAMILIES},
    )
    rules = compile_rules(america, target.match, request).rules

    one = draft(target.in_two_sets(), rules)
    texts = render(target.in_two_sets(), one, "us.json", TEMPLATES)

    sizes = [len(json.loads(text.data)["Addresses"]) for text in texts[:-1]]
    assert (sizes[0], sizes[2]) == (2_832, 6_353)
    assert prove(target.in_two_sets(), texts, america).entries[V4] == 9_185
