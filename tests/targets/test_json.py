"""The JSON readers take one shape, say what is odd about another, and keep the promised keys."""

import json

import pytest

from blockc.addresses import FAMILIES
from blockc.errors import SourceSyntaxError
from blockc.targets.cloud.aws_wafv2_ipset import AWS_WAFV2_IPSET, read_ip_set
from blockc.targets.data.json_list import JSON, read_json
from blockc.targets.syntax.tokens import Text
from tests.targets.artifacts import EDGES, PROVENANCE, written

NEIGHBOURS = EDGES["neighbours"]


def test_the_document_has_the_keys_that_programs_rely_on() -> None:
    document = json.loads(written(JSON, NEIGHBOURS)[0].data)

    assert document == {
        "schema": "blockc-list/1",
        "list": PROVENANCE.list,
        "title": PROVENANCE.title,
        "verdict": "block",
        "policy": PROVENANCE.policy,
        "sources": [
            {"name": one.name, "date": one.date, "digest": one.digest} for one in PROVENANCE.sources
        ],
        "sample": False,
        "note": "the country of an address is where it is registered, not where it is used",
        "entries": {"ipv4": 2, "ipv6": 2},
        "addresses": {f.name: str(NEIGHBOURS.count_of(f)) for f in FAMILIES},
        "ipv4": ["10.0.0.0/9", "10.128.0.0/10"],
        "ipv6": ["2001:db8::/64", "2001:db8:0:1::/65"],
    }


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ('"schema": "blockc-list/1"', '"schema": "blockc-list/2"', 2, "expected 'blockc-list/1'"),
        ('"verdict": "block"', '"verdict": "allow"', 5, "expected 'block'"),
        ('"sample": false', '"sample": 0', 11, "'sample' is not true or false"),
        ('"sample": false,', "", 1, "the key 'sample' is missing"),
        ('"sample": false,', '"sample": false, "x": 1,', 11, "unknown key 'x'"),
        ('"sample": false,', '"sample": false, "sample": true,', 11, "'sample' occurs twice"),
        ('"ipv4": 2', '"ipv4": 3', 13, "the lists have"),
        ('"10.0.0.0/9"', '"10.0.0.0/8 "', 16, "ipv4[0]: '8 ' is not a prefix length"),
        ('"10.0.0.0/9"', '"10.0.0.1/9"', 16, "host bits"),
        ('"10.0.0.0/9"', '"10.0.0.0-10.9.0.0"', 16, "is not an address"),
        ('"10.0.0.0/9"', '"::/9"', 16, "does not belong"),
        ('"10.0.0.0/9"', "10", 16, "ipv4[0]: 10 is not a text"),
        ('"10.0.0.0/9",', '"10.0.0.0/9"', 17, "not JSON"),
        ("{", "[", 2, "not JSON"),
    ],
)
def test_another_shape_is_an_error_with_its_line(
    old: str, new: str, line: int, reason: str
) -> None:
    text = written(JSON, NEIGHBOURS)[0].data.decode()
    assert old in text
    with pytest.raises(SourceSyntaxError) as found:
        read_json(Text("x.json", text.replace(old, new, 1)))
    assert reason in found.value.message
    assert found.value.at is not None
    assert found.value.at.line == line


@pytest.mark.parametrize("text", ["", "null", "[]", "1", "[" * 100_000, "1" * 5_000, '"\\ud800"'])
def test_what_is_no_object_is_an_error(text: str) -> None:
    with pytest.raises(SourceSyntaxError):
        read_json(Text("x.json", text))


def test_an_ip_set_is_what_the_api_takes() -> None:
    v4, v6 = (json.loads(text.data) for text in written(AWS_WAFV2_IPSET, NEIGHBOURS))

    assert v4 == {
        "Name": "blockc-export-control-ipv4",
        "Scope": "REGIONAL",
        "Description": "blockc list export-control, by country of registration and not of use, "
        f"policy {PROVENANCE.policy}",
        "IPAddressVersion": "IPV4",
        "Addresses": ["10.0.0.0/9", "10.128.0.0/10"],
    }
    assert (v6["IPAddressVersion"], v6["Name"]) == ("IPV6", "blockc-export-control-ipv6")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("blockc-export-control-ipv4", "blockc export", "does not take this Name"),
        ("blockc-export-control-ipv4", "b" * 129, "does not take this Name"),
        ("blockc-export-control-ipv4", "blöckc", "does not take this Name"),
        ("REGIONAL", "GLOBAL", "does not take this Scope"),
        ("IPV4", "IPV5", "does not take this IPAddressVersion"),
        ("IPV4", "IPV6", "does not belong"),
        ("blockc list", "(blockc) list", "does not take this Description"),
        ("blockc list", "b" * 256, "does not take this Description"),
        ("10.0.0.0/9", "10.0.0.0", "Addresses[0]: AWS takes prefixes, with their length"),
        ("10.0.0.0/9", "10.0.0.1/9", "host bits"),
        ('"Scope"', '"Tags": [], "Scope"', "unknown key 'Tags'"),
    ],
)
def test_what_the_api_refuses_the_reader_refuses(old: str, new: str, reason: str) -> None:
    text = written(AWS_WAFV2_IPSET, NEIGHBOURS)[0].decoded()
    assert old in text.text
    with pytest.raises(SourceSyntaxError) as found:
        read_ip_set(Text(text.path, text.text.replace(old, new, 1)))
    assert reason in found.value.message


def test_a_description_of_two_characters_is_refused() -> None:
    text = json.dumps(
        {
            "Name": "x",
            "Scope": "REGIONAL",
            "Description": "ab",
            "IPAddressVersion": "IPV4",
            "Addresses": [],
        }
    )
    with pytest.raises(SourceSyntaxError, match="Description"):
        read_ip_set(Text("x", text))
    assert not read_ip_set(Text("x", text.replace("ab", "abc"))).rules[FAMILIES[0]]
