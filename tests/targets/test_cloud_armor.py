"""Cloud Armor: how a list is cut into rules, what they must say, and how CEL reads them."""

import json
import re
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Any

import celpy
import pytest
from celpy.celtypes import BoolType, MapType, StringType

from blockc.addresses import FAMILIES, V4, AddrMap, AddrSet, Prefix
from blockc.errors import DoesNotFit, Unproved
from blockc.targets.core.render import render
from blockc.targets.core.response import Response
from blockc.targets.core.target import Target
from blockc.targets.registry import TARGETS
from blockc.targets.syntax.tokens import Text
from blockc.values import replace
from blockc.verify.proof import prove
from tests.real.probes import blocked, ends, listed
from tests.targets.artifacts import (
    EDGES,
    PATH,
    TEMPLATES,
    draft,
    of_countries,
    prefixes,
    rules_of,
    written,
)

RULES, COUNTRIES = TARGETS["cloud-armor"], TARGETS["cloud-armor-country"]
GROUP = TARGETS["cloud-armor-group"]
WITH_RULE = GROUP.responding()
ADDRESSES = EDGES["neighbours"]
OF_RULE = "cloud-armor-group.rule.json.j2"


def evaluated(expression: str, region: str, address: str, groups: Mapping[str, list[str]]) -> bool:
    """Return what an expression says of a client, by an implementation of CEL."""

    def evaluate_address_group(name: StringType, client: StringType) -> BoolType:
        networks = [ip_network(one) for one in groups[str(name)]]
        found = ip_address(str(client))
        return BoolType(any(found in one for one in networks if one.version == found.version))

    environment = celpy.Environment()
    tree = environment.compile(expression)
    program = environment.program(tree, {"evaluateAddressGroup": evaluate_address_group})
    origin = MapType(
        {
            StringType("region_code"): StringType(region),
            StringType("ip"): StringType(address),
        }
    )
    return bool(program.evaluate({"origin": origin}))


def documents(target: Target, addresses: AddrSet) -> list[Any]:
    """Return the JSON of every file of an artifact."""
    return [json.loads(file.data) for file in written(target, addresses)]


@pytest.mark.parametrize("action", ["block", "monitor"])
def test_every_country_of_a_list_is_denied_and_no_other_one(action: str) -> None:
    codes = ("BY", "CN", "CU", "IR", "KP", "RU", "SY", "VE")
    one = replace(of_countries(COUNTRIES, *codes), action=action)
    (file,) = render(COUNTRIES, one, PATH, TEMPLATES)
    rules = json.loads(file.data)["rules"]
    expressions = [rule["match"]["expr"]["expression"] for rule in rules]
    assert [one.count("==") for one in expressions] == [5, 3]
    assert {rule["preview"] for rule in rules} == {action == "monitor"}
    for code in (*codes, "US", "ZZ", "", "by"):
        said = [evaluated(one, code, "192.0.2.1", {}) for one in expressions]
        assert any(said) is (code in codes)


def test_a_rule_over_groups_denies_who_is_in_one_of_them() -> None:
    addresses = listed(41, 30)
    ipv4, ipv6, rule = documents(WITH_RULE, addresses)
    groups = {one["name"].rpartition("/")[2]: one["items"] for one in (ipv4, ipv6)}
    (only,) = rule["rules"]
    expression, intent = only["match"]["expr"]["expression"], AddrMap.of_set(addresses)
    for family in FAMILIES:
        for address, wanted in blocked(intent, family, ends(intent, family, 12)).items():
            assert evaluated(expression, "US", address, groups) is wanted


def many(count: int) -> AddrSet:
    """Return so many addresses of IPv4, none beside another, and one prefix of IPv6."""
    hosts = AddrSet.of(Prefix(V4, (10 << 24) + 2 * at, 32) for at in range(count - 1))
    return hosts | prefixes("2001:db8::/32")


def test_a_rule_holds_ten_ranges_and_the_next_one_the_rest() -> None:
    (document,) = documents(RULES, many(11))
    ranges = [rule["match"]["config"]["srcIpRanges"] for rule in document["rules"]]
    assert [*map(len, ranges)] == [10, 1]
    assert [rule["priority"] for rule in document["rules"]] == [1000, 1001]
    names = [rule["description"] for rule in document["rules"]]
    assert names == ["blockc-export-control_1", "blockc-export-control_2"]
    assert written(RULES, many(2_000))
    with pytest.raises(DoesNotFit):
        written(RULES, many(2_001))


def test_a_description_is_no_longer_than_64_characters_whatever_the_name() -> None:
    one = draft(RULES, rules_of(RULES, many(2_000)), {"name": "a" * 50})
    (file,) = render(RULES, one, PATH, TEMPLATES)
    assert max(len(rule["description"]) for rule in json.loads(file.data)["rules"]) <= 64
    name = draft(GROUP, rules_of(GROUP, ADDRESSES), {"name": "a" * 40})
    for made in render(GROUP, name, PATH, TEMPLATES):
        group = json.loads(made.data)["name"].rpartition("/")[2]
        assert re.fullmatch("[a-zA-Z][a-zA-Z0-9-]{0,62}", group)


@pytest.mark.parametrize("target", [RULES, WITH_RULE])
def test_it_denies_with_the_status_of_the_policy(target: Target) -> None:
    one = replace(draft(target, rules_of(target, ADDRESSES)), response=Response(404))
    orders, intent = one.orders(target, PATH), AddrMap.of_set(ADDRESSES)
    files = render(target, one, PATH, TEMPLATES)
    assert json.loads(files[-1].data)["rules"][0]["action"] == "deny(404)"
    prove(target, files, intent, "", orders)
    other = replace(one, response=Response(502))
    with pytest.raises(Unproved, match="the status is 502, ordered is 404"):
        prove(target, render(target, other, PATH, TEMPLATES), intent, "", orders)


def refused(target: Target, name: str, old: str, new: str) -> str:
    """Return why the proof of an artifact fails, in which something was changed."""
    assert old in TEMPLATES[name].text
    codes = target.codes is not None
    one = of_countries(target, "CN", "RU") if codes else draft(target, rules_of(target, ADDRESSES))
    changed = {**TEMPLATES, name: Text(name, TEMPLATES[name].text.replace(old, new))}
    intent = AddrMap.of_set(AddrSet.empty() if codes else ADDRESSES)
    with pytest.raises(Unproved) as wrong:
        prove(target, render(target, one, PATH, changed), intent, "", one.orders(target, PATH))
    return wrong.value.message


@pytest.mark.parametrize(
    ("target", "name", "old", "new", "message"),
    [
        (RULES, "", "deny(", "redirect(", "cannot be the status"),
        (RULES, "", "{{ response.status if response else 403 }}", "451", "cannot be the status"),
        (RULES, "", "SRC_IPS_V1", "SRC_IPS_V2", "expected 'SRC_IPS_V1'"),
        (RULES, "", "{{ option.name }}_", "x_", "the Cloud Armor rule is 'x'"),
        (RULES, "", "option.priority", "7", "the priority is 7"),
        (RULES, "", "{{ provenance.policy }}", "x", "the policy is 'x'"),
        (RULES, "", "provenance.list", '"x"', "the list is 'x'"),
        (COUNTRIES, "", " || origin.region_code", " && origin.region_code", "cannot be the exp"),
        (COUNTRIES, "", "some | join", "('CN', 'SE') | join", "the country is 'SE'"),
        (COUNTRIES, "", "some | join", "('CN',) | join", "the country 'RU' is ordered and missing"),
        (COUNTRIES, "", "some | join", "('CN', 'RU', 'CN') | join", "CN occurs twice"),
        (COUNTRIES, "", '"true" if action', '"true" if "monitor"', "the action is 'monitor'"),
        (WITH_RULE, OF_RULE, " || ", " && ", "expected evaluateAddressGroup('blockc-export-contr"),
        (WITH_RULE, OF_RULE, "part.name", '"ipv4"', "expected evaluateAddressGroup("),
        (WITH_RULE, OF_RULE, "{{ option.name }}_", "x_", "the Cloud Armor rule is 'x'"),
        (WITH_RULE, OF_RULE, '"true" if', '"true" if not', "is given 'monitor', the policy blocks"),
        (GROUP, "", "{{ option.project }}", "other", "the address group is 'projects/other/loc"),
        (GROUP, "", "{{ option.capacity }}", "1", "the group holds more than that"),
        (GROUP, "", "{{ option.capacity }}", "99", "the capacity is 99, ordered is 10000"),
        (GROUP, "", "{{ part.name | upper }}", "IPV4", "expected 'IPV6'"),
        (GROUP, "", '"CLOUD_ARMOR"', '"DEFAULT"', "expected 'CLOUD_ARMOR'"),
        (GROUP, "", "list {{ provenance.list }}", "list x", "the description is 'list x"),
    ],
)  # fmt: skip
def test_what_does_something_else_is_refused(
    target: Target, name: str, old: str, new: str, message: str
) -> None:
    assert message in refused(target, name or str(target.writer), old, new)


def test_a_rule_with_more_ranges_or_conditions_than_google_takes_is_refused() -> None:
    ranges = str(RULES.writer)
    one = draft(RULES, rules_of(RULES, many(11)))
    wider = Text(ranges, TEMPLATES[ranges].text.replace("batch(10)", "batch(11)"))
    files = render(RULES, one, PATH, {**TEMPLATES, ranges: wider})
    with pytest.raises(Unproved, match="expected at most 10 here"):
        prove(RULES, files, AddrMap.of_set(many(11)))
    codes = str(COUNTRIES.writer)
    longer = Text(codes, TEMPLATES[codes].text.replace("batch(5)", "batch(6)"))
    six = of_countries(COUNTRIES, "BY", "CN", "CU", "IR", "KP", "RU")
    files = render(COUNTRIES, six, PATH, {**TEMPLATES, codes: longer})
    with pytest.raises(Unproved, match="cannot be the expression"):
        prove(COUNTRIES, files, AddrMap.of_set(AddrSet.empty()))
