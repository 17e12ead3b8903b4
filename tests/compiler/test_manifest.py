"""The manifest: what it says is what was made, and nothing in it is of the moment."""

import hashlib
import json
import re

import pytest

from blockc import __version__
from blockc.addresses import FAMILIES
from blockc.compiler.compile import _take
from blockc.compiler.orders import artifact_groups
from blockc.errors import PolicyError
from tests.compiler.toy import COUNTRIES, TARGETS, compiled, output, resolved

TEXT = """
[list.far]
title = "Far away"
reference = "https://example.com/why"
block = ["CN", "10.193.0.0/16"]
except = ["10.64.0.0/10"]
[list.near]
block = ["US"]
"""
OUTPUTS = output("far", "far.txt") + output("far", "f.{family}.json", "aws-wafv2-ipset")
BUILD = compiled(TEXT + OUTPUTS)
MANIFEST = json.loads(BUILD.files["manifest.json"])


def test_the_manifest_says_what_was_made_from_what() -> None:
    assert list(MANIFEST) == [
        "schema", "blockc", "sample", "policy", "files", "sources", "lists", "artifacts", "harms",
    ]  # fmt: skip
    assert MANIFEST["schema"] == "blockc-manifest/1"
    assert MANIFEST["blockc"] == __version__
    assert MANIFEST["sample"] is False
    assert MANIFEST["sources"] == [{"name": "apnic", "date": "2026-11-20", "digest": "sha256:1"}]


def test_every_list_is_counted_by_family_and_country() -> None:
    assert list(MANIFEST["lists"]) == ["far", "near"]
    far = MANIFEST["lists"]["far"]
    assert (far["title"], far["reference"]) == ("Far away", "https://example.com/why")
    assert far["action"] == "block"
    assert far["addresses"] == {"ipv4": str(2**22 + 2**16), "ipv6": str(2**96)}
    assert far["prefixes"] == {"ipv4": 2, "ipv6": 1}
    assert far["countries"] == {
        "CN": {"ipv4": str(2**22), "ipv6": str(2**96)},
        "ZZ": {"ipv4": str(2**16), "ipv6": "0"},
    }
    for family in FAMILIES:
        together = sum(int(share[family.name]) for share in far["countries"].values())
        assert str(together) == far["addresses"][family.name]


def test_every_file_is_there_with_its_size_and_digest() -> None:
    files = {one["path"]: one for artifact in MANIFEST["artifacts"] for one in artifact["files"]}
    assert files.keys() == BUILD.files.keys() - {"manifest.json"}
    for path, one in files.items():
        data = BUILD.files[path]
        assert one["bytes"] == len(data)
        assert one["sha256"] == hashlib.sha256(data).hexdigest()


def test_every_artifact_tells_its_entries_and_passes() -> None:
    aws, plain = MANIFEST["artifacts"]
    assert (aws["target"], plain["target"]) == ("aws-wafv2-ipset", "plain")
    for one in (aws, plain):
        assert one["holds"] == "far"
        assert one["entries"] == {"ipv4": 2, "ipv6": 1}
        assert one["addresses"] == {"ipv4": str(2**22 + 2**16), "ipv6": str(2**96)}
        assert one["passes"]
        for step in one["passes"]:
            assert {"name", "contract", "before", "after", "added", "lost"} <= step.keys()
            assert step["after"] == {"ipv4": 2, "ipv6": 1}


def test_equal_inputs_give_equal_bytes_and_no_date_but_the_sources_own() -> None:
    assert compiled(TEXT + OUTPUTS).files == BUILD.files
    dates = set(re.findall(rb"20\d\d-\d\d-\d\d", b"".join(BUILD.files.values())))
    assert dates == {b"2026-11-20"}


def test_the_order_of_lists_and_outputs_decides_nothing() -> None:
    far, near = TEXT.split("[list.near]")
    turned = output("far", "f.{family}.json", "aws-wafv2-ipset") + output("far", "far.txt")
    assert compiled(f"[list.near]{near}{far}{turned}").files == BUILD.files


def test_two_outputs_never_write_one_file() -> None:
    order = next(artifact_groups(resolved(TEXT + OUTPUTS), COUNTRIES, TARGETS)).specs[0]
    for said, written in [
        ("two outputs write 'far.txt'", ["far.txt", "far.txt"]),
        ("two outputs write 'manifest.json'", ["manifest.json"]),
        ("one output writes 'FAR.txt' and one 'far.txt'", ["far.txt", "FAR.txt"]),
        ("one output writes 'Ka\u0308se' and one 'K\u00e4se'", ["K\u00e4se", "Ka\u0308se"]),
        ("one output writes 'a/b' and one 'A/b/c'", ["A/b/c", "a/b"]),
        ("one output writes 'a/B/c' and one 'a/b'", ["a/b", "a/B/c"]),
    ]:
        taken = {"manifest.json": "manifest.json"}
        for path in written[:-1]:
            _take(path, order, taken)
        with pytest.raises(PolicyError, match=rf"^p\.toml:15:3: {said}[;,] "):
            _take(written[-1], order, taken)
