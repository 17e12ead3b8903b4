"""A list in parts: what puts them to use names exactly those written, and a change is told."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from blockc.compiler import artifacts
from blockc.compiler.compile import Build
from blockc.compiler.manifest_changes import changes_to_act_on
from blockc.errors import DoNotFit, Miscompiled, Mistakes
from blockc.targets.core.render import render_each
from blockc.targets.syntax.tokens import ArtifactFile
from tests.compiler.toy import compiled, output
from tests.targets.artifacts import changed

SPLIT = 'when_over = "split"\nmax_entries = 2\n'
ARN = re.compile(
    r'"ARN": "arn:aws:wafv2:REGION:ACCOUNT:(?:regional|global)/ipset/(.*?)/ID-OF-(.*)"'
)


def parts(count: int, more: str = "", target: str = "aws-wafv2-ipset", path: str = "a.x") -> Build:
    """Return the build of a list that is in `count` parts, two entries each, one of IPv6."""
    block = [f'"10.{2 * n + 1}.0.0/24"' for n in range(2 * count)] + ['"2001:db8::/32"']
    text = f"[list.a]\nblock = [{', '.join(block)}]\n"
    return compiled(text + output("a", path, target, SPLIT + more))


def names_in(build: Build, rule: str = "a.rule.json") -> list[str]:
    """Return the sets that a rule names."""
    found = ARN.findall(build.files[rule].decode())
    assert all(name == own for name, own in found)
    return [name for name, _ in found]


def sets_of(build: Build) -> set[str]:
    """Return the names of the sets that are written."""
    values = [json.loads(data) for data in build.files.values()]
    return {one["Name"] for one in values if "IPAddressVersion" in one}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_one_rule_names_the_sets_of_every_part_and_no_other(count: int) -> None:
    build = parts(count, path="a.json")
    assert len(build.files) == 2 * count + 2
    expected = [
        f"blockc-a-{n}-{family}" for n in range(1, count + 1) for family in ("ipv4", "ipv6")
    ]
    assert names_in(build) == expected
    assert sets_of(build) == set(expected)
    assert json.loads(build.files["a.rule.json"])["Name"] == "blockc-a"
    (artifact,) = build.artifacts
    assert (artifact.parts, artifact.joined_by) == (count, ("a.rule.json",))


def test_a_fixed_number_of_parts_keeps_the_rule_whatever_the_list_needs() -> None:
    rules = [parts(n, "parts = 3\n", path="a.json").files["a.rule.json"] for n in (1, 2, 3)]
    assert rules[0] == rules[1] == rules[2]
    assert names_in(parts(1, "parts = 3\n", path="a.json"))[-1] == "blockc-a-3-ipv6"


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("w/{part}.json", "w/all.rule.json"),
        ("w/x-{part}.{family}.json", "w/x-all.rule.json"),
        ("w/{family}/x.json", "w/rule/x.json"),
        ("w.{family}.json", "w.rule.json"),
    ],
)
def test_the_rule_stands_beside_the_parts_under_one_name(path: str, rule: str) -> None:
    one, two = parts(1, path=path), parts(2, path=path)
    assert len(names_in(one, rule)) == 2
    assert len(names_in(two, rule)) == 4
    assert one.files.keys() < two.files.keys()


def test_the_rule_has_the_name_of_the_parts_without_their_number() -> None:
    build = parts(2, 'name = "edge-{part}"\nscope = "CLOUDFRONT"\n', path="a.json")
    assert names_in(build)[:2] == ["edge-1-ipv4", "edge-1-ipv6"]
    assert json.loads(build.files["a.rule.json"])["Name"] == "edge"


def test_a_list_that_only_counts_has_one_rule_that_counts_over_all_parts() -> None:
    block = ", ".join(f'"10.{2 * n + 1}.0.0/24"' for n in range(4))
    stages = '[{ from = 2026-11-01, action = "monitor" }, { from = 2027-01-01, action = "block" }]'
    text = f"[list.a]\nblock = [{block}]\nstages = {stages}\n"
    build = compiled(text + output("a", "a.json", "aws-wafv2-ipset", SPLIT))
    assert len(names_in(build)) == 4
    assert json.loads(build.files["a.rule.json"])["Action"] == {"Count": {}}


def test_a_country_split_in_parts_has_a_rule_for_each_country() -> None:
    text = '[list.a]\nblock = ["CN", "US"]\n'
    more = 'when_over = "split"\nsplit_by = "country"\n'
    build = compiled(text + output("a", "{country}.{family}.json", "aws-wafv2-ipset", more))
    assert names_in(build, "CN.rule.json") == ["blockc-a-cn-1-ipv4", "blockc-a-cn-1-ipv6"]
    assert names_in(build, "US.rule.json") == ["blockc-a-us-1-ipv4", "blockc-a-us-1-ipv6"]


def test_other_targets_are_in_parts_that_work_by_themselves() -> None:
    build = parts(2, target="ipset", path="a.ipset")
    assert [one.joined_by for one in build.artifacts] == [()]
    assert {"a.1.ipset", "a.2.ipset", "a.1.rules.v4", "a.2.rules.v4"} < build.files.keys()


@pytest.mark.parametrize(
    ("path", "old", "new", "said"),
    [
        ("a.rule.json", "a-2-ipv4", "a-1-ipv4", "is not made and used exactly once"),
        ("a.rule.json", "ipset/blockc-a-2-ipv6/", "ipset/x/", "is not made and used exactly once"),
        ("a.rule.json", '"Name": "blockc-a"', '"Name": "blockc-a-1"', "AWS rule"),
        ("a.rule.json", '{"Block": {}}', '{"Count": {}}', "10.1.0.0/24 is given 'monitor'"),
        ("a.2.ipv4.json", "10.7.0.0/24", "10.7.0.0/25", "10.7.0.128/25 is allowed"),
        ("a.1.ipv4.json", "10.3.0.0/24", "10.1.0.0/25", "10.3.0.0/24 is allowed"),
    ],
)
def test_a_lie_in_a_part_or_in_what_joins_them_is_found(
    path: str, old: str, new: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lying(*arguments: Any) -> Iterator[tuple[ArtifactFile, ...]]:
        for files in render_each(*arguments):
            yield tuple(changed(one, old, new) if one.path == path else one for one in files)

    monkeypatch.setattr(artifacts, "render_each", lying)
    with pytest.raises(Miscompiled, match=re.escape(said)):
        parts(2, path="a.json")


def test_a_rule_that_leaves_out_a_part_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def lying(*arguments: Any) -> Iterator[tuple[ArtifactFile, ...]]:
        for files in render_each(*arguments):
            yield tuple(
                changed(one, one.data.decode().splitlines()[8], "") if "rule" in one.path else one
                for one in files
            )

    monkeypatch.setattr(artifacts, "render_each", lying)
    with pytest.raises(Miscompiled, match="'blockc-a-2-ipv4' is not made and used exactly once"):
        parts(2, path="a.json")


def test_more_parts_than_a_rule_can_name_are_refused() -> None:
    assert len(names_in(parts(25, path="a.json"))) == 50
    with pytest.raises(DoNotFit, match=r"a\.json: the list needs 26 parts, one rule names 25; "):
        parts(26, path="a.json")


def test_the_rule_of_another_list_with_its_name_is_refused() -> None:
    stages = 'stages = [{ from = 2026-11-01, action = "monitor" }]'
    text = f'[list.a]\nblock = ["CN"]\n{stages}\n[list.b]\nblock = ["US"]\n'
    outputs = output("a", "a.json", "aws-wafv2-ipset", 'name = "edge"')
    outputs += output("b", "b.json", "aws-wafv2-ipset", f'{SPLIT}name = "edge-{{part}}"')
    with pytest.raises(Mistakes, match=r"b.*: the AWS rule 'edge' is also made by 'a"):
        compiled(text + outputs)


def told(before: Build, now: Build) -> list[str]:
    """Return what is told when a build follows another one."""
    return changes_to_act_on(before.files["manifest.json"], now.files["manifest.json"])


def test_a_part_that_comes_or_goes_is_told_with_what_to_do() -> None:
    two, three = parts(2, path="a.json"), parts(3, path="a.json")
    (came,) = told(two, three)
    assert came == (
        "a.json: list a, aws-wafv2-ipset: 3 parts, published until now were 2: "
        "load a.3.ipv4.json and a.3.ipv6.json "
        "(AWS IP set REGIONAL blockc-a-3-ipv4 and blockc-a-3-ipv6); "
        "load a.rule.json, which names all parts"
    )
    (went,) = told(three, two)
    assert went == (
        "a.json: list a, aws-wafv2-ipset: 2 parts, published until now were 3: "
        "load a.rule.json, which names all parts; "
        "delete AWS IP set REGIONAL blockc-a-3-ipv4 and blockc-a-3-ipv6 where it is loaded: "
        "until then it stays in force"
    )
    assert told(two, two) == []
    fixed = "parts = 4\n"
    assert told(parts(2, fixed, path="a.json"), parts(3, fixed, path="a.json")) == []


@pytest.mark.parametrize(
    ("target", "comes", "goes"),
    [
        ("plain", "2 parts, published until now was 1: load a.2.x", "delete a.2.x where"),
        (
            "nftables",
            "load a.2.x (nft table inet blockc_a_2); use what came in your rules",
            "1 part, published until now were 2: delete nft table inet blockc_a_2 where",
        ),
    ],
)
def test_every_target_that_is_in_parts_tells_it(target: str, comes: str, goes: str) -> None:
    one, two = parts(1, target=target), parts(2, target=target)
    assert comes in told(one, two)[0]
    assert goes in told(two, one)[0]


def test_a_list_that_was_whole_and_is_in_parts_leaves_its_set_in_force() -> None:
    text = '[list.a]\nblock = ["10.1.0.0/24", "10.3.0.0/24"]\n'
    whole = compiled(text + output("a", "a.json", "aws-wafv2-ipset"))
    (said,) = told(whole, parts(1, path="a.json"))
    assert "1 part, published until now was the whole list in one: load " in said
    assert "delete AWS IP set REGIONAL blockc-a-ipv4 and blockc-a-ipv6 where" in said


def test_a_manifest_of_an_older_blockc_tells_nothing() -> None:
    old = json.loads(parts(2).files["manifest.json"])
    for one in old["artifacts"]:
        del one["parts"], one["path"], one["joined_by"]
    assert changes_to_act_on(json.dumps(old).encode(), parts(3).files["manifest.json"]) == []
    assert changes_to_act_on(b"", parts(3).files["manifest.json"]) == []
    assert changes_to_act_on(b"[" * 100_000, parts(3).files["manifest.json"]) == []
