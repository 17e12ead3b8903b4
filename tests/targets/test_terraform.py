"""Terraform: what the providers take, what each stage writes, and the traps of large lists."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from blockc.addresses import FAMILIES, AddrMap, AddrSet
from blockc.addresses.rules import meaning
from blockc.errors import DoesNotFit, PolicyError, SourceSyntaxError
from blockc.targets.core.render import render
from blockc.targets.core.response import Response
from blockc.targets.core.target import Target
from blockc.targets.registry import TARGETS
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import replace
from blockc.verify.proof import prove
from tests.targets.artifacts import (
    EDGES,
    LINK,
    PATH,
    TEMPLATES,
    changed,
    draft,
    prefixes,
    rules_of,
    scattered,
    written,
)

ALL = [target for name, target in TARGETS.items() if name.startswith("terraform")]
PROVIDERS = [target for target in ALL if target.name != "terraform"]
SCHEMAS: Mapping[str, Any] = json.loads(
    Path(__file__).with_name("terraform_schemas.json").read_text(encoding="utf-8")
)
KINDS = {"string": str, "number": int, "boolean": bool}
MANY = scattered(Random("many shards"), 24)
LISTS = {**EDGES, "many shards": MANY}
EVERYWHERE = {"lifecycle", "provider"}  # arguments that every resource takes
each_target = pytest.mark.parametrize("target", ALL, ids=lambda target: target.name)
each_provider = pytest.mark.parametrize("target", PROVIDERS, ids=lambda target: target.name)


def within(target: Target, shard: int) -> int:
    """Return how many entries a shard is to hold, or the most that it can."""
    most = next(option.within.stop - 1 for option in target.options if option.name == "shard")
    return min(shard, most)


def answered(target: Target, addresses: AddrSet, action: str, status: int) -> ArtifactFile:
    """Return the first file of a list with a stage; proved, with all it was ordered to say."""
    link = LINK if target.responses.links else ""
    said = Response(status, link) if status else None
    shard = 3 if addresses is MANY else within(target, 500)
    one = draft(target, rules_of(target, addresses), {"shard": shard}, names=("", action))
    one = replace(one, action=action, response=said if action == "block" else None)
    files = render(target, one, PATH, TEMPLATES)
    intent = meaning(target.match, one.rules.values(), one.names)
    prove(target, files, intent, "x", one.orders(target, PATH))
    return files[0]


def stages(target: Target) -> Iterator[tuple[str, int]]:
    """Yield every action that a target can say, with a status where it can answer."""
    yield "block", 0
    for action in sorted(target.responses.actions):
        yield action, 0
    for status in sorted(target.responses.statuses)[:2]:
        yield "block", status


# What the providers take: names and types of every argument, by their own schemas.


def require_taken(body: Mapping[str, Any], schema: Mapping[str, Any], where: str) -> None:
    """Fail unless a body has the arguments of a schema, of their types."""
    for name, value in body.items():
        if name in EVERYWHERE:
            continue
        assert name in schema, f"{where}.{name} is not an argument"
        kind = schema[name]
        assert kind is not None, f"{where}.{name} is not in the schemas that were cut out"
        if isinstance(kind, Mapping):
            assert isinstance(value, list if isinstance(value, list) else dict)
            for item in value if isinstance(value, list) else [value]:
                require_taken(item, kind["attributes"], f"{where}.{name}")
        elif kind != "any" and not (isinstance(value, str) and value.startswith("${")):
            for item in value if " of " in kind else [value]:
                assert type(item) is KINDS[kind.rpartition(" ")[2]], f"{where}.{name}"


@each_provider
@pytest.mark.parametrize("case", LISTS)
def test_a_provider_knows_every_argument_and_gets_all_it_must_have(
    target: Target, case: str
) -> None:
    for action, status in stages(target):
        whole = json.loads(answered(target, LISTS[case], action, status).data)
        for kind, resources in whole["resource"].items():
            for label, body in resources.items():
                require_taken(body, SCHEMAS[kind]["attributes"], f"{kind}.{label}")
                assert set(SCHEMAS[kind]["required"]) <= {*body}


@each_provider
def test_an_argument_that_no_provider_has_is_found_out(target: Target) -> None:
    whole = json.loads(written(target, EDGES["neighbours"])[0].data)
    for kind, resources in whole["resource"].items():
        for body in resources.values():
            with pytest.raises(AssertionError):
                require_taken({**body, "adresses": []}, SCHEMAS[kind]["attributes"], kind)
            wrong = {key: 7.5 for key, value in body.items() if type(value) is str}
            with pytest.raises(AssertionError):
                require_taken({**body, **wrong}, SCHEMAS[kind]["attributes"], kind)


# What a stage writes.


@each_target
def test_every_stage_is_written_and_read_back(target: Target) -> None:
    for action, status in stages(target):
        answered(target, MANY, action, status)


@each_target
def test_who_is_only_watched_is_not_blocked(target: Target) -> None:
    """What one stage writes is refused where another is meant."""
    if "monitor" not in target.responses.actions:
        with pytest.raises(PolicyError, match="monitor"):
            answered(target, EDGES["neighbours"], "monitor", 0)
        return
    file = answered(target, EDGES["neighbours"], "monitor", 0)
    blocked = answered(target, EDGES["neighbours"], "block", 0)
    assert file != blocked
    shard = within(target, 500)
    one = draft(target, rules_of(target, EDGES["neighbours"]), {"shard": shard})
    rest = render(target, one, PATH, TEMPLATES)[1:]
    with pytest.raises(Exception, match="monitor"):
        prove(target, (file, *rest), AddrMap.of_set(EDGES["neighbours"]))


@pytest.mark.parametrize(
    ("name", "status", "text"),
    [
        ("terraform-aws", 403, '"response_code": 403, "response_header": [{"name": "Link"'),
        ("terraform-cloudflare", 451, '"status_code": 451'),
        ("terraform-google", 404, '"action": "deny(404)"'),
        ("terraform-azure", 429, '"custom_block_response_status_code": 429'),
        ("terraform-fastly", 451, "error 451;"),
        ("terraform", 451, '"status": 451'),
    ],
)
def test_a_blocked_client_gets_the_status_of_the_stage(name: str, status: int, text: str) -> None:
    assert text in answered(TARGETS[name], EDGES["ipv4 only"], "block", status).data.decode()


def test_451_is_for_the_platforms_that_can_answer_with_it() -> None:
    able = {one.name for one in ALL if 451 in one.responses.statuses}
    assert able == {"terraform", "terraform-cloudflare", "terraform-fastly"}


# The traps of large lists.


@each_target
def test_many_entries_fit_in_resources_of_few(target: Target) -> None:
    shard = within(target, 600)
    count = 14_000 if shard == 600 else 5_000  # a region takes 100 prefix lists
    addresses = AddrSet.of_ranges(
        (family, at << family.width - 24, at << family.width - 24)
        for family in EDGES["neighbours"].families
        for at in range(0, count, 2)
    )
    files = written(target, addresses, {"shard": shard})
    prove(target, files, AddrMap.of_set(addresses))
    one = draft(target, rules_of(target, addresses), {"shard": shard})
    sizes = [len(shard.texts) for shard in one.shards(target, target.files(PATH)[0])]
    assert max(sizes) <= shard
    assert sum(sizes) == count


@each_target
def test_a_changed_prefix_changes_one_line_and_no_other(target: Target) -> None:
    addresses = scattered(Random("lines"), 100)
    less = addresses - prefixes(str(next(iter(addresses.prefixes(EDGES["halves"].families[0])))))
    before, after = (
        written(target, one, {"shard": 60})[0].data.decode().splitlines()
        for one in (addresses, less)
    )
    entry = re.compile(r'^ +(\{"(?:ip|cidr)": )?"[0-9a-f.:]+[/"]')
    lines = [{line.rstrip(",") for line in one if entry.match(line)} for one in (before, after)]
    assert len(lines[0] - lines[1]) == 1
    assert not lines[1] - lines[0]


@each_target
def test_no_program_in_go_takes_an_entry_of_ipv6_for_ipv4(target: Target) -> None:
    """`::ffff:192.0.2.0/120` is IPv4 there, so nothing is written of that space."""
    mapped = prefixes("::ffff:192.0.2.0/120", "::ffff:0:0/97")
    assert b"ffff:" not in b"".join(file.data for file in written(target, mapped))


def test_cloudflare_gets_wide_prefixes_in_pieces_and_single_addresses_without_a_length() -> None:
    wide = prefixes("0.0.0.0/6", "2000::/10", "192.0.2.1/32", "2001:0:0db9::1/128")
    text = written(TARGETS["terraform-cloudflare"], wide)[0].data.decode()
    found = re.findall(r'\{"ip": "([^"]+)"\}', text)
    assert found == [
        "0.0.0.0/8", "1.0.0.0/8", "2.0.0.0/8", "3.0.0.0/8", "192.0.2.1",
        "2000::/12", "2010::/12", "2020::/12", "2030::/12",
    ]  # fmt: skip


def test_a_file_goes_where_terraform_loads_it_by_its_name() -> None:
    files = TARGETS["terraform"].files("out/drop.auto.tfvars.json")
    assert [file.path for file in files] == ["out/drop.auto.tfvars.json", "out/drop.tf.json"]


# What the reader refuses.


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("terraform-aws", "_ipv6.arn}", "_ipv4.arn}", "is not made and used exactly once"),
        ("terraform-aws", '"action": {"block": {}}', '"action": {"allow": {}}', "expected block"),
        ("terraform-aws", '"192.0.2.0/24"', '"${var.x}/8"', "is not an address"),
        ("terraform-aws", "aws_wafv2_ip_set", "aws_waf_ipset", "unknown key 'aws_waf_ipset'"),
        ("terraform-aws", '"description": "blockc', '"description": "${x}', "a template would"),
        ("terraform-cloudflare", " or ip.src in $%s", "", "expected as many %s as names"),
        ("terraform-cloudflare", "ip.src in", "not ip.src in", "expected ip.src in one list"),
        ("terraform-cloudflare", '"enabled": true', '"enabled": false', "expected True"),
        ("terraform-cloudflare", '"action": "block"', '"action": "skip"', "expected one of block"),
        ("terraform-google", " || ", " && ", "expected evaluateAddressGroup"),
        ("terraform-google", "deny(403)", "allow", "expected deny with 403, 404 or 502"),
        ("terraform-google", '"capacity": 1000', '"capacity": 0', "the group has"),
        ("terraform-azure", '"Block"', '"Allow"', "expected Block or Log"),
        ("terraform-azure", '"negation_condition": false', '"negation_condition": true', "False"),
        ("terraform-azure", '"Prevention"', '"Detection"', "expected 'Prevention'"),
        ("terraform-akamai", '"REPLACE"', '"APPEND"', "expected 'REPLACE'"),
        ("terraform-akamai", "_ipv6.network_list_id}", "_ipv4.network_list_id}", "_ipv6'"),
        ("terraform-fastly", '"negated": false', '"negated": true', "an exception where a list"),
        ("terraform-fastly", "client.ip ~ ", "req.http.x ~ ", "expected one `if` over ACLs"),
        ("terraform-fastly", "error 403;", "error 200;", "expected an error with a status"),
        ("terraform", "map(list(string))", "map(set(string))", "expected 'object({list"),
        ("terraform", '"action": "block"', '"action": "allow"', "expected one of block"),
        ("terraform", "_shards", "_ipv4", "expected the outputs"),
        ("terraform", "try(cidrsubnet(prefix, 0, 0), null) == prefix", "true", "nothing checks"),
        ("terraform-aws", '"priority": 0', '"priority": 1', "expected 0"),
        ("terraform-aws-prefix-list", '"max_entries": 100', '"max_entries": 1', "has 2 entries"),
        ("terraform-aws-prefix-list", "_ipv6.id}", "_ipv4.id}", "made and used exactly once"),
        ("terraform-aws-prefix-list", '"IPv4"', '"IPv6"', "192.0.2.0/24"),
        ("terraform-azure-ip-group", "_ipv6.id}", "_ipv4.id}", "made and used exactly once"),
    ],
)
def test_what_terraform_would_do_otherwise_is_refused(
    name: str, old: str, new: str, message: str
) -> None:
    target = TARGETS[name]
    files = written(target, EDGES["ipv4 only"] | EDGES["ipv6 only"])
    spoilt = tuple(changed(file, old, new) for file in files)
    assert spoilt != files
    with pytest.raises(SourceSyntaxError) as refused:
        target.reader(spoilt)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("terraform-aws", "REGIONAL", "CLOUDFRONT", "the scope is 'CLOUDFRONT'"),
        ("terraform-aws", '"capacity": 50', '"capacity": 2', "the capacity is 2"),
        ("terraform-cloudflare", "_account_id", "_account", "the variable is"),
        ("terraform-google", '"priority": 1000', '"priority": 2000', "the priority is 2000"),
        ("terraform-google", "deny(403)", "deny(502)", "the status is 502"),
        ("terraform-azure", "SocketAddr", "RemoteAddr", "the match variable is 'RemoteAddr'"),
        ("terraform-akamai", "STAGING", "PRODUCTION", "the network is 'PRODUCTION'"),
        ("terraform-fastly", "error 403;", "error 451;", "the status is 451"),
        ("terraform-aws-prefix-list", "_ids", "_id", "the output is 'blockc_export_control_id'"),
        ("terraform-aws-prefix-list", '"max_entries": 100', '"max_entries": 99', "is 99"),
        ("terraform-azure-ip-group", "_location", "_region", "the variable is"),
        ("terraform", '"list": "export', '"list": "import', "the list is 'import-control'"),
        ("terraform", '"ipv4": [', '"other": [', "the shard is 'other'"),
        (
            "terraform-aws",
            '"list export',
            '"list import',
            'the list in the comment is "list import-control: ',
        ),
    ],
)
def test_what_is_not_as_it_was_ordered_is_refused(
    name: str, old: str, new: str, message: str
) -> None:
    target, addresses = TARGETS[name], EDGES["neighbours"]
    one = draft(target, rules_of(target, addresses))
    files = render(target, one, PATH, TEMPLATES)
    orders = one.orders(target, PATH)
    prove(target, files, AddrMap.of_set(addresses), "x", orders)
    spoilt = tuple(changed(file, old, new) for file in files)
    assert spoilt != files
    with pytest.raises(Exception, match=re.escape(message)):
        prove(target, spoilt, AddrMap.of_set(addresses), "x", orders)


# A prefix list of AWS: 100 entries in a call of EC2, and a list without one is left as it is.


@pytest.mark.parametrize("case", LISTS)
def test_a_prefix_list_has_1_to_100_entries_or_is_not_there(case: str) -> None:
    target = TARGETS["terraform-aws-prefix-list"]
    whole = json.loads(written(target, LISTS[case])[0].data)
    made = whole["resource"]["aws_ec2_managed_prefix_list"]
    assert all(1 <= len(body["entry"]) <= 100 for body in made.values())
    (output,) = whole["output"].values()
    assert output["value"] == [f"${{aws_ec2_managed_prefix_list.{label}.id}}" for label in made]
    families = {body["address_family"] for body in made.values()}
    there = {f"IPv{family.version}" for family in FAMILIES if LISTS[case].count_of(family)}
    assert families == there


def test_a_prefix_list_without_an_entry_is_refused() -> None:
    target = TARGETS["terraform-aws-prefix-list"]
    files = written(target, EDGES["ipv4 only"])
    text = re.sub(r"\{\"cidr\": [^\]]*", "", files[0].data.decode())
    spoilt = replace(files[0], data=text.encode())
    with pytest.raises(SourceSyntaxError, match="without an entry is left out"):
        target.reader([spoilt])


def test_nobody_is_told_to_raise_a_shard_that_holds_the_most_it_can() -> None:
    target = TARGETS["terraform-aws-prefix-list"]
    for shard, advice in ((1, "raise the option shard, or write"), (100, "write fewer countries")):
        most = replace(target, sharding=replace(target.sharding, most=0))
        one = draft(most, rules_of(most, EDGES["neighbours"]), {"shard": shard})
        with pytest.raises(DoesNotFit) as refused:
            one.shards(most, most.files(PATH)[0])
        assert refused.value.hint.startswith(advice)
