"""Groups of countries of one's own, in `groups/` beside the policy."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Blockc
from tests.cli.toy import entries, write_policy

POLICY = """\
version = 1

[list.far]
block = ["group:our-suppliers", "group:five-eyes"]

[[output]]
list = "far"
target = "plain"
path = "far.txt"
"""
GROUPS = """\
source = "https://example.com/suppliers"
date = 2026-11-01
caveat = "Reviewed by purchasing."

[group.our-suppliers]
title = "Where our suppliers are"
countries = ["CN"]

[group.five-eyes]
title = "Ours, not the shipped one"
countries = ["BR"]
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = write_policy(tmp_path / "own", POLICY)
    (path.parent / "groups").mkdir()
    (path.parent / "groups" / "ours.toml").write_text(GROUPS, encoding="utf-8")
    return path


def test_a_group_of_ones_own_is_merged_and_takes_the_place_of_a_shipped_one(
    blockc: Blockc, policy: Path, registries: Path
) -> None:
    done = blockc(
        "build", "-f", policy, "--from", registries, "--as-of", "2026-11-23", "--publish-as-of"
    )
    assert done.code == 0, done.err
    found = entries((policy.parent / "dist" / "far.txt").read_bytes())
    assert found == ["1.0.1.0/24", "1.0.2.0/23", "177.0.0.0/12", "2400:3200::/32"]

    listed = json.loads(blockc("list", "groups", "--json", "-f", policy).out)
    rows = {row["name"]: row for row in listed}
    assert rows["our-suppliers"]["caveat"] == "Reviewed by purchasing."
    assert rows["five-eyes"]["countries"] == ["BR"]
    assert len(rows["eu27"]["countries"]) == 27


def test_a_changed_group_is_a_changed_policy_and_make_builds_again(
    blockc: Blockc, policy: Path, registries: Path, tmp_path: Path
) -> None:
    words = (
        "build",
        "-f",
        policy,
        "--from",
        registries,
        "--as-of",
        "2026-11-23",
        "--publish-as-of",
    )
    manifest = policy.parent / "dist" / "manifest.json"

    def digest() -> str:
        assert blockc(*words, "--depfile", tmp_path / "d").code == 0
        return str(json.loads(manifest.read_bytes())["policy"])

    before = digest()
    path = policy.parent / "groups" / "ours.toml"
    assert str(path) in (tmp_path / "d").read_text(encoding="utf-8")
    path.write_text(GROUPS.replace('"CN"', '"AU"'), encoding="utf-8")
    assert digest() != before


def test_one_group_in_two_files_is_refused_whatever_their_order(
    blockc: Blockc, policy: Path
) -> None:
    other = policy.parent / "groups" / "more.toml"
    other.write_text(GROUPS, encoding="utf-8")
    done = blockc("list", "groups", "-f", policy)
    assert done.code == 2
    assert f"ours.toml: group 'five-eyes' is also in {other}; remove one of the two" in done.err


def test_a_wrong_group_is_refused_at_its_place(blockc: Blockc, policy: Path) -> None:
    path = policy.parent / "groups" / "ours.toml"
    path.write_text(GROUPS.replace('"CN"', '"UK"'), encoding="utf-8")
    done = blockc("build", "-f", policy, "--sample")
    assert done.code == 2
    assert f"{path}:7:14: 'UK' is not an ISO 3166 country code" in done.err
    path.write_bytes(b"\xff")
    assert f"{path}:1: not UTF-8 text" in blockc("build", "-f", policy, "--sample").err
    path.unlink()
    path.mkdir()
    assert f"{path}: cannot read these groups" in blockc("build", "-f", policy, "--sample").err
