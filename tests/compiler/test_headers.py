"""Headers: the bytes of an artifact change only when its entries or the words about them do."""

import json

import pytest

from blockc.compiler.compile import compile_policy
from blockc.errors import Mistakes
from blockc.targets.core.provenance import Origin
from blockc.targets.registry import TARGETS
from blockc.values import replace
from tests.compiler.toy import DATA, INPUTS, compiled, output, resolved

LISTS = """
[list.far]
block = ["CN"]
[list.near]
block = ["US", "list:base"]
[list.base]
block = ["10.193.0.0/16"]
"""
MANY = {"nginx-geo": "conf", "nftables": "nft", "json": "json", "haproxy-map": "map"}
OUTPUTS = "".join(
    output(name, f"{name}.{ending}", target)
    for name in ("far", "near")
    for target, ending in MANY.items()
)
TOMORROW = replace(INPUTS, policy="sha256:9", sources=(Origin("apnic", "2026-11-21", "sha256:77"),))


def files_of(text: str, inputs: object = INPUTS) -> dict[str, bytes]:
    """Return the artifacts that a build makes of a policy."""
    build = compile_policy(resolved(text), DATA, TARGETS, inputs)  # type: ignore[arg-type]
    return {path: data for path, data in build.files.items() if path != "manifest.json"}


def test_another_day_and_another_list_change_no_byte() -> None:
    before = files_of(LISTS + OUTPUTS)
    assert files_of(LISTS + OUTPUTS, TOMORROW) == before
    other = LISTS.replace('["CN"]', '["CN", "10.194.0.0/16"]')
    changed = {path for path, data in files_of(other + OUTPUTS).items() if data != before[path]}
    assert changed == {f"far.{ending}" for ending in MANY.values()}


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ("[list.near]", '[list.near]\ntitle = "Close"', "near"),
        ('["10.193.0.0/16"]', '["10.193.0.0/17", "10.193.128.0/17"]', "near"),
        ("[list.far]", '[list.far]\nreference = "because"', "far"),
    ],
    ids=["title", "words of a list it refers to", "reference"],
)
def test_the_words_of_the_policy_about_a_list_are_in_its_header(
    old: str, new: str, changes: str
) -> None:
    before, after = files_of(LISTS + OUTPUTS), files_of(LISTS.replace(old, new) + OUTPUTS)
    changed = {path.partition(".")[0] for path in before if after[path] != before[path]}
    assert changed == {changes}


def test_a_full_header_names_the_sources_and_the_whole_policy() -> None:
    text = LISTS + output("far", "far.txt", more='header = "full"')
    text += output("far", "far.json", "json", 'header = "full"')
    files = files_of(text, TOMORROW)
    lines = files["far.txt"].decode().splitlines()
    assert "# policy sha256:9" in lines
    assert "# source apnic of 2026-11-21, sha256:77" in lines
    said = json.loads(files["far.json"])
    source = {"name": "apnic", "date": "2026-11-21", "digest": "sha256:77"}
    assert (said["policy"], said["sources"]) == ("sha256:9", [source])


def test_a_plain_list_may_have_no_header_and_json_has_none_to_leave_out() -> None:
    bare = files_of(LISTS + output("far", "far.txt", more='header = "none"'))["far.txt"]
    assert bare
    assert b"#" not in bare
    with pytest.raises(Mistakes, match="json has no header to leave out"):
        compiled(LISTS + output("far", "far.json", "json", 'header = "none"'))
