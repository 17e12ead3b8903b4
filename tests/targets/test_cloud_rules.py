"""Rules and lists of cloud firewalls: how a list is cut into them, and what they must say."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from blockc.addresses import AddrMap, AddrSet, Prefix
from blockc.addresses.family import V4
from blockc.errors import DoesNotFit, Unproved
from blockc.targets.core.render import render
from blockc.targets.core.target import Target
from blockc.targets.core.target_options import OptionContext
from blockc.targets.registry import TARGETS
from blockc.targets.syntax.tokens import Text
from blockc.values import replace
from blockc.verify.proof import prove
from tests.targets.artifacts import (
    EDGES,
    PATH,
    TEMPLATES,
    changed,
    draft,
    of_countries,
    prefixes,
    rules_of,
    written,
)

FRONT, GATEWAY = TARGETS["azure-frontdoor"], TARGETS["azure-appgateway"]
COUNTRIES = TARGETS["azure-frontdoor-geo"]
IP_GROUP = TARGETS["azure-ip-group"]
STACK = TARGETS["aws-cloudformation"]
FASTLY, AKAMAI = TARGETS["fastly-acl"], TARGETS["akamai-list"]
ADDRESSES = EDGES["neighbours"]


def many(count: int) -> AddrSet:
    """Return so many addresses of IPv4, none beside another, and one prefix of IPv6."""
    hosts = AddrSet.of(Prefix(V4, (10 << 24) + 2 * at, 32) for at in range(count - 1))
    return hosts | prefixes("2001:db8::/32")


def document(target: Target, addresses: AddrSet) -> dict[str, Any]:
    """Return the JSON of an artifact."""
    (file,) = written(target, addresses)
    found: dict[str, Any] = json.loads(file.data)
    return found


@pytest.mark.parametrize(
    ("target", "most", "key"), [(FRONT, 600, "matchValue"), (GATEWAY, 540, "matchValues")]
)
def test_a_rule_holds_as_many_ranges_as_azure_takes_and_the_next_one_the_rest(
    target: Target, most: int, key: str
) -> None:
    rules = document(target, many(most + 1))["customRules"]
    assert [len(one["matchConditions"][0][key]) for one in rules] == [most, 1]
    assert [one["name"] for one in rules] == ["blockc_export_control_1", "blockc_export_control_2"]
    first = 100 if target is FRONT else 1
    assert [one["priority"] for one in rules] == [first, first + 1]
    assert len(document(target, many(most))["customRules"]) == 1
    prove(target, written(target, many(most + 1)), AddrMap.of_set(many(most + 1)))


@pytest.mark.parametrize(
    ("target", "most"), [(FRONT, 60_000), (GATEWAY, 54_000), (FASTLY, 1_000), (AKAMAI, 50_000)]
)
def test_both_families_together_fill_a_list_and_one_more_is_refused(
    target: Target, most: int
) -> None:
    assert written(target, many(most))
    with pytest.raises(DoesNotFit):
        written(target, many(most + 1))


def test_rules_of_application_gateway_end_at_priority_100() -> None:
    one = draft(GATEWAY, rules_of(GATEWAY, many(541)), {"priority": 100})
    files = render(GATEWAY, one, PATH, TEMPLATES)
    with pytest.raises(Unproved, match="the last priority is 100"):
        prove(GATEWAY, files, AddrMap.of_set(many(541)))


def refused(target: Target, old: str, new: str, options: Mapping[str, object] | None = None) -> str:
    """Return why the proof of an artifact fails, in which something was changed."""
    name = str(target.writer)
    template = TEMPLATES[name].text
    assert old in template
    one = draft(target, rules_of(target, ADDRESSES), options)
    changed = {**TEMPLATES, name: Text(name, template.replace(old, new))}
    files = render(target, one, PATH, changed)
    with pytest.raises(Unproved) as wrong:
        prove(target, files, AddrMap.of_set(ADDRESSES), "", one.orders(target, PATH))
    return wrong.value.message


@pytest.mark.parametrize(
    ("target", "old", "new", "message"),
    [
        (STACK, "2010-09-09", "2010-09-10", "expected '2010-09-09'"),
        (STACK, '"RuleGroup": {', '"Group": {', "expected a resource RuleGroup"),
        (STACK, "::IPSet", "::RegexPatternSet", "expected 'AWS::WAFv2::IPSet'"),
        (STACK, '["RuleGroup", "Arn"]', '["RuleGroup", "Id"]', "expected {'Fn::GetAtt'"),
        (STACK, '") }}", "Arn"]', '") }}", "Id"]', "expected the name of a set, and Arn"),
        (STACK, '[\n{% for shard in shards %}\n                  {"IP',
         '[\n{% for shard in [shards[0], shards[0]] %}\n                  {"IP',
         "'IPv4' is not made and used exactly once"),
        (STACK, '{"Block": {}}', '{"Allow": {}}', "Block"),
        (STACK, '{"Block": {}}', '{"Count": {}}', "is given 'monitor', the policy blocks it"),
        (STACK, '"Priority": 0', '"Priority": 1', "expected 0"),
        (STACK, '"IPV{{ shard.version }}"', '"IPV5"', "expected IPV4 or IPV6"),
        (STACK, '"IPV{{ shard.version }}"', '"IPV4"', "an ipv6 entry where it does not belong"),
        (STACK, '"{{ shard.texts |', '"192.0.2.1", "{{ shard.texts |', "with their length"),
        (STACK, "{{ option.scope }}", "CLOUDFRONT", "the scope is 'CLOUDFRONT', ordered is"),
        (STACK, '"{{ option.name }}_{{ shard', '"x_{{ shard', "the AWS IP set is 'x_ipv4"),
        (STACK, "{{ option.capacity }}", "51", "the capacity is 51"),
        (FRONT, "{{ option.name }}_", "other_", "the Front Door rule is 'other', ordered is"),
        (FRONT, "_{{ loop.index }}", "_2", "expected blockc_export_control_2_1"),
        (FRONT, "{{ option.priority + loop.index0 }}", "7", "the priority is 7, ordered is 100"),
        (FRONT, '"negateCondition": false', '"negateCondition": true', "expected False"),
        (FRONT, "{{ option.variable }}", "RemoteAddr", "the variable is 'RemoteAddr', ordered is"),
        (FRONT, '"Block" }}', '"Allow" }}', "expected 'Block'"),
        (FRONT, '"Enabled"', '"Disabled"', "expected 'Enabled'"),
        (FRONT, "{{ provenance.policy }}", "x", "the policy is 'x'"),
        (FRONT, "provenance.list", '"x"', "the list is 'x'"),
        (GATEWAY, "negationConditon", "negationCondition", "unknown key 'negationCondition'"),
        (GATEWAY, '"RemoteAddr"', '"RequestHeaders"', "expected 'RemoteAddr'"),
        (IP_GROUP, "{{ option.name }}", "x", "the Azure IP group is 'x-ipv4'"),
        (IP_GROUP, "-{{ part.name }}", "-x", "the Azure IP group is 'blockc-export-control-x'"),
        (IP_GROUP, "ipGroups", "networkSecurityGroups", "expected 'Microsoft.Network/ipGroups'"),
        (IP_GROUP, "{{ provenance.list }}", "x", "the list is 'x'"),
        (IP_GROUP, "{{ provenance.policy }}", "x", "the policy is 'x'"),
        (IP_GROUP, "ipAddresses", "firewalls", "unknown key 'firewalls'"),
        (AKAMAI, '"IP"', '"GEO"', "expected 'IP'"),
        (AKAMAI, "{{ option.name }}", "x y", "the network list is 'x y'"),
        (AKAMAI, "list {{ provenance.list }}", "list x", "the description is 'list x, "),
        (FASTLY, '"op": "create"', '"op": "delete"', "this entry is not understood"),
        (FASTLY, "{{ option.name }}", "x", "the Fastly ACL is 'x'"),
        (FASTLY, "list {{ provenance.list }}", "list x", "the comment is 'list x, "),
        (FASTLY, '", "subnet": ', '", "mask": ', "this entry is not understood"),
    ],
)  # fmt: skip
def test_what_does_something_else_is_refused(
    target: Target, old: str, new: str, message: str
) -> None:
    assert message in refused(target, old, new)


def test_a_rule_with_more_ranges_than_azure_takes_is_refused() -> None:
    name = str(FRONT.writer)
    wider = Text(name, TEMPLATES[name].text.replace("batch(600)", "batch(601)"))
    one = draft(FRONT, rules_of(FRONT, many(601)))
    files = render(FRONT, one, PATH, {**TEMPLATES, name: wider})
    with pytest.raises(Unproved, match="expected at most 600 here"):
        prove(FRONT, files, AddrMap.of_set(many(601)))


@pytest.mark.parametrize("target", [FRONT, GATEWAY])
def test_a_rule_that_blocks_where_it_should_log_is_refused(target: Target) -> None:
    one = draft(target, rules_of(target, ADDRESSES), names=("", "monitor"))
    watched = replace(one, action="monitor")
    intent = AddrMap.of_set(ADDRESSES, "monitor")
    prove(target, render(target, watched, PATH, TEMPLATES), intent)
    with pytest.raises(Unproved, match="is blocked, the policy gives it 'monitor'"):
        prove(target, render(target, one, PATH, TEMPLATES), intent)


def test_no_entry_of_fastly_is_negated_since_what_that_does_inside_another_is_not_certain() -> None:
    addresses = prefixes("192.0.2.0/30", "2001:db8::/32") - prefixes("192.0.2.1/32")
    (file,) = written(FASTLY, addresses)
    assert json.loads(file.data)["entries"] == [
        {"op": "create", "ip": "192.0.2.0", "subnet": 32, "negated": 0},
        {"op": "create", "ip": "192.0.2.2", "subnet": 31, "negated": 0},
        {"op": "create", "ip": "2001:db8::", "subnet": 32, "negated": 0},
    ]
    with pytest.raises(Unproved, match="this entry is not understood"):
        prove(FASTLY, [changed(file, '"negated": 0', '"negated": 1')], AddrMap.of_set(addresses))


def test_a_rule_of_countries_names_ten_and_the_next_one_the_rest() -> None:
    codes = ("BY", "CN", "CU", "ER", "IR", "KP", "MM", "RU", "SS", "SY", "VE")
    (file,) = render(COUNTRIES, of_countries(COUNTRIES, *codes), PATH, TEMPLATES)
    rules = json.loads(file.data)["customRules"]
    assert [one["matchConditions"][0]["matchValue"] for one in rules] == [[*codes[:10]], ["VE"]]
    name = str(COUNTRIES.writer)
    longer = Text(name, TEMPLATES[name].text.replace("batch(10)", "batch(11)"))
    files = render(COUNTRIES, of_countries(COUNTRIES, *codes), PATH, {**TEMPLATES, name: longer})
    with pytest.raises(Unproved, match="expected a list of 10 codes at most"):
        prove(COUNTRIES, files, AddrMap.of_set(AddrSet.empty()))


def test_a_list_of_addresses_is_not_one_of_countries() -> None:
    one = TARGETS["akamai-country"]
    (file,) = render(one, of_countries(one, "CN"), PATH, TEMPLATES)
    for old, new in (('"GEO"', '"IP"'), ('"CN"', '"10.0.0.0/8"'), ('"CN"', '"CN", "CN"')):
        with pytest.raises(Unproved, match="cannot be read back"):
            prove(one, [changed(file, old, new)], AddrMap.of_set(AddrSet.empty()))


def test_rules_of_both_firewalls_of_azure_may_have_one_name() -> None:
    kinds = {
        order.what
        for one in (FRONT, GATEWAY)
        for orders in draft(one, rules_of(one, ADDRESSES)).orders(one, PATH).values()
        for order in orders
        if order.claimed
    }
    assert kinds == {"Front Door rule", "Application Gateway rule"}


def test_every_part_of_a_list_with_the_longest_name_is_a_stack() -> None:
    for part in (1, 10, 100):
        options = STACK.settle({}, OptionContext("a" * 31, part=part))
        assert options["name"] == f"blockc-{'a' * 31}-{part}"
