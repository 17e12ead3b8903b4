"""Rules for AWS Network Firewall: what is refused, and that they stay within what AWS takes."""

import re

import pytest

from blockc.addresses import V6, AddrMap, AddrSet, Prefix
from blockc.errors import DoesNotFit, SourceSyntaxError, Unproved
from blockc.targets.cloud.aws_network_firewall import (
    AWS_NETWORK_FIREWALL,
    LONGEST_GROUP,
    LONGEST_RULE,
    MOST_PREFIXES,
    MOST_RULES,
    read_rules,
)
from blockc.targets.core.render import render
from blockc.targets.syntax.tokens import Text
from blockc.values import replace
from blockc.verify.proof import prove
from tests.compiler.toy import compiled, output
from tests.support.aws_shapes import input_problems
from tests.targets.artifacts import (
    EDGES,
    PATH,
    TEMPLATES,
    draft,
    prefixes,
    rules_of,
    written,
    written_rules,
)

TEMPLATE = "aws-network-firewall.rules.j2"
ADDRESSES = EDGES["neighbours"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"drop" if', '"pass" if', "this is not a rule by the source of packets"),
        ('"drop" if', '"alert" if', "this rule does something else"),
        (" ip [", " tcp [", "this is not a rule by the source of packets"),
        ("any -> any any", "any -> any 443", "this is not a rule by the source of packets"),
        ("any -> any any", "any <> any any", "this is not a rule by the source of packets"),
        ("ip [", "ip [!", "this is not a rule by the source of packets"),
        ("rev:1;", "rev:1; flow:to_server;", "this is not a rule by the source of packets"),
        ("option.sid + loop.index0", "option.sid", "does not follow the one before"),
        ("option.sid +", "1 +", "the first sid is 1, ordered is 1000001"),
        ("blockc {{ provenance.list }}", "blockc x", "the list of the rule is 'x'"),
    ],
)
def test_a_template_that_says_something_else_is_found_out(old: str, new: str, said: str) -> None:
    text = TEMPLATES[TEMPLATE].text
    assert old in text
    own = {**TEMPLATES, TEMPLATE: Text(TEMPLATE, text.replace(old, new))}
    one = draft(AWS_NETWORK_FIREWALL, rules_of(AWS_NETWORK_FIREWALL, ADDRESSES))
    files = render(AWS_NETWORK_FIREWALL, one, PATH, own)
    orders = one.orders(AWS_NETWORK_FIREWALL, PATH)
    with pytest.raises(Unproved, match=said):
        prove(AWS_NETWORK_FIREWALL, files, AddrMap.of_set(ADDRESSES), "x", orders)


@pytest.mark.parametrize(
    ("action", "verb"), [("block", "drop"), ("warn", "alert"), ("monitor", "alert")]
)
def test_a_stage_before_block_alerts_and_says_which(action: str, verb: str) -> None:
    stage = f'stages = [{{ from = 2026-01-01, action = "{action}" }}]\n'
    out = output("x", "x.rules", "aws-network-firewall")
    (data,) = (
        data
        for path, data in compiled(f'[list.x]\nblock = ["CN"]\n{stage}{out}').files.items()
        if path == "x.rules"
    )
    rules = [line for line in data.decode().splitlines() if not line.startswith("#")]
    assert [line.split(" ")[0] for line in rules] == [verb, verb]
    assert all(f'msg:"blockc x, {action}"' in line for line in rules)


def test_a_rule_in_the_wrong_place_is_shown() -> None:
    text = 'drop ip [10.0.0.0/8,10.0.0.1/8] any -> any any (msg:"blockc x, block"; sid:1; rev:1;)\n'
    with pytest.raises(SourceSyntaxError) as refused:
        read_rules(Text("x.rules", text))
    assert refused.value.at
    assert (refused.value.at.line, refused.value.at.column) == (1, text.index("10.0.0.1") + 1)
    with pytest.raises(SourceSyntaxError, match="a rule of 8,192 characters"):
        read_rules(Text("x.rules", text.replace("10.0.0.0/8", ",".join(["10.0.0.0/8"] * 900))))
    with pytest.raises(SourceSyntaxError, match="AWS takes 2,000,000 characters"):
        read_rules(Text("x.rules", "# " + "x" * LONGEST_GROUP))


def longest(count: int) -> AddrSet:
    """Return so many of the longest prefixes there are to spell, in equal shares of the space."""
    step = (1 << 128) // count
    spelled = 0x1111_1111_1111_1111_1111_1111_1111_1111
    return AddrSet.of(
        Prefix(V6, n * step // 2**124 * 2**124 | spelled + n, 128) for n in range(count)
    )


def test_the_longest_rules_stay_within_what_aws_takes() -> None:
    line = 'drop ip [] any -> any any (msg:"blockc , monitor"; sid:4294967295; rev:1;)'
    prefix = len("1111:1111:1111:1111:1111:1111:1111:1111/128,")
    names = 3 * len("a-name-of-thirty-one-letters-xx+")
    assert len(line) + MOST_PREFIXES * prefix + names <= LONGEST_RULE
    assert MOST_RULES * LONGEST_RULE <= LONGEST_GROUP
    (file,) = written(AWS_NETWORK_FIREWALL, longest(4_000))
    lengths = [len(one) for one in file.data.decode().splitlines()]
    assert max(lengths) <= LONGEST_RULE
    assert re.search("[0-9a-f:]{39}/128", file.data.decode())


def test_more_rules_than_a_group_has_room_for_are_refused() -> None:
    rules = rules_of(
        AWS_NETWORK_FIREWALL, AddrSet.of(Prefix(V6, n << 100, 128) for n in range(500))
    )
    with pytest.raises(DoesNotFit, match="240 at most, the list needs"):
        render(
            AWS_NETWORK_FIREWALL, draft(AWS_NETWORK_FIREWALL, rules, {"shard": 1}), PATH, TEMPLATES
        )


def test_one_change_of_the_list_changes_one_rule() -> None:
    whole = AddrSet.of(Prefix(V6, n << 100, 128) for n in range(2_000))
    less = whole - AddrSet.of([Prefix(V6, 999 << 100, 128)])
    before, after = (
        written(AWS_NETWORK_FIREWALL, one)[0].data.splitlines() for one in (whole, less)
    )
    differ = [old for old, new in zip(before, after, strict=True) if old != new]
    assert [line[:4] for line in differ] == [b"# ip", b"drop"]


def test_an_empty_list_has_no_rule_and_so_no_empty_group_of_addresses() -> None:
    rules = rules_of(AWS_NETWORK_FIREWALL, prefixes("10.0.0.0/8"))
    (file,) = written_rules(AWS_NETWORK_FIREWALL, rules)
    assert file.data.count(b"drop ip [") == 1
    (nothing,) = written(AWS_NETWORK_FIREWALL, prefixes())
    assert b"drop" not in nothing.data


@pytest.mark.real
def test_the_model_of_the_service_takes_the_rules() -> None:
    (file,) = written(AWS_NETWORK_FIREWALL, longest(2_000))
    group = {"RuleGroupName": "x", "Type": "STATEFUL", "Capacity": MOST_RULES}
    body = group | {"Rules": file.data.decode()}
    assert input_problems("network-firewall", "CreateRuleGroup", body) == []
    body["Rules"] = replace(file, data=b"#" * (LONGEST_GROUP + 1)).data.decode()
    assert len(input_problems("network-firewall", "CreateRuleGroup", body)) == 1
