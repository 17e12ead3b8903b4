"""Outputs that say countries by their codes: what they may hold, what is proved and refused."""

import json
from collections.abc import Mapping
from datetime import date

import pytest

from blockc.addresses import V4
from blockc.compiler.artifacts import Artifact
from blockc.compiler.compile import compile_policy
from blockc.errors import DoNotFit, Mistakes, Unproved
from blockc.explain.published_lines import PublishedLines
from blockc.targets.core.target import CountryCodes
from blockc.targets.registry import TARGETS
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import replace
from blockc.verify.proof import prove
from blockc.vocabulary import MANIFEST
from tests.compiler.toy import DATA, INPUTS, compiled, output, resolved
from tests.policy.toy import WORLD

GEO = "aws-wafv2-geo"
LIST = '[list.x]\nblock = ["US", "CN"]\n'
OUT = output("x", "aws/x.json", GEO)


def artifact(text: str, day: date = date(2026, 11, 23)) -> Artifact:
    (found,) = compiled(text, day).artifacts
    return found


def codes(found: Artifact) -> list[str]:
    (data,) = found.files.values()
    statement = json.loads(data)["Statement"]
    said: list[str] = statement.get("GeoMatchStatement", {"CountryCodes": []})["CountryCodes"]
    return said


def refusals(text: str) -> str:
    with pytest.raises(Mistakes) as refused:
        compiled(text)
    return "\n".join(f"{one.at}: {one.message}" for one in refused.value.errors)


def test_a_list_of_whole_countries_is_their_codes_in_order() -> None:
    found = artifact(LIST + OUT)
    assert codes(found) == ["CN", "US"]
    assert found.entries == {}
    assert found.addresses == {}


def test_codes_come_from_countries_groups_and_lists_of_them() -> None:
    text = '[list.a]\nblock = ["US", "CN"]\n[list.x]\nblock = ["list:a", "CN"]\n'
    assert codes(artifact(text + OUT)) == ["CN", "US"]


def test_the_manifest_says_countries_and_counts_no_addresses() -> None:
    (found,) = json.loads(compiled(LIST + OUT).files[MANIFEST])["artifacts"]
    assert (found["says"], found["countries"]) == ("codes", ["CN", "US"])
    assert (found["entries"], found["addresses"]) == ({}, {})


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ('block = ["CN", "10.1.0.0/16"]', "p.toml:3:16", "holds 10.1.0.0/16"),
        ('block = ["CN"]\nexcept = ["10.1.0.0/16"]', "p.toml:4:11", "the exception 10.1.0.0/16"),
        ('block = ["CN"]\nexcept = ["US"]', "p.toml:4:11", "the exception US"),
        ('allow = ["CN"]', "p.toml:3:10", "blocks all but CN"),
        ('block = ["registry:apnic"]', "p.toml:3:10", "holds registry:apnic"),
        ('block = ["world"]', "p.toml:3:10", "holds world"),
    ],
)
def test_what_is_no_whole_country_is_refused_where_it_stands(
    text: str, where: str, what: str
) -> None:
    said = refusals(f"[list.x]\n{text}\n{OUT}")
    assert f"{where}: list 'x' " in said
    assert f"{what}, and {GEO} in p.toml:" in said


def test_what_a_list_it_refers_to_holds_is_refused_too() -> None:
    text = '[list.a]\nblock = ["10.1.0.0/16"]\n[list.x]\nblock = ["list:a", "CN"]\n'
    assert "p.toml:3:10: list 'a' holds 10.1.0.0/16" in refusals(text + OUT)


@pytest.mark.parametrize("code", ["EU", "ZZ"])
def test_what_registries_write_and_no_country_is_is_refused(code: str) -> None:
    assert f"does not know {code} (" in refusals(f'[list.x]\nblock = ["{code}"]\n{OUT}')


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("when_over", "'split'"), ("max_entries", "5"), ("dont_care", "'unallocated'"),
        ("lengths", "3"),
    ],
)  # fmt: skip
def test_keys_about_addresses_are_refused(key: str, value: str) -> None:
    text = LIST + output("x", "aws/x.json", GEO, f"{key} = {value}")
    assert f"{GEO} says countries by their codes, and {key} is about addresses" in refusals(text)


def test_parts_and_a_file_per_country_are_refused() -> None:
    assert "such an artifact has no parts" in refusals(LIST + output("x", "x-{part}.json", GEO))
    split = output("x", "x-{country}.json", GEO, 'split_by = "country"')
    assert "split_by is about addresses" in refusals(LIST + split)


def test_protected_space_in_a_country_is_refused_because_a_code_cannot_spare_it() -> None:
    text = LIST + OUT + '[protect]\nnever_block = ["10.1.0.0/16"]\n'
    assert "never_block spares 10.1.0.0/16, which is registered in a country" in refusals(text)


def test_protected_space_elsewhere_does_no_harm() -> None:
    found = artifact(LIST + OUT + '[protect]\nnever_block = ["198.51.100.0/24"]\n')
    assert codes(found) == ["CN", "US"]


STAGED = (
    LIST + 'stages = [{ from = 2026-12-01, action = "monitor" }, '
    '{ from = 2027-01-01, action = "block", status = 403 }]\n' + OUT
)


@pytest.mark.parametrize(
    ("day", "wanted", "action"),
    [
        (date(2026, 11, 30), [], "Count"),
        (date(2026, 12, 1), ["CN", "US"], "Count"),
        (date(2027, 1, 1), ["CN", "US"], "Block"),
    ],
)
def test_a_stage_says_what_happens_and_before_the_first_nobody_is_meant(
    day: date, wanted: list[str], action: str
) -> None:
    found = artifact(STAGED, day)
    assert codes(found) == wanted
    (data,) = found.files.values()
    assert list(json.loads(data)["Action"]) == [action]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"CN", "US"', '"CN"', "the country 'US' is ordered and missing"),
        ('"CN", "US"', '"CN", "DE", "US"', "the country is 'DE', ordered is 'CN' or 'US'"),
        ('{"Block": {}}', '{"Count": {}}', "the action is 'monitor', ordered is 'block'"),
    ],
)
def test_another_country_or_action_is_found_out(old: str, new: str, said: str) -> None:
    found = artifact(LIST + OUT)
    (written,) = found.written
    (file,) = written.files
    assert old.encode() in file.data
    other = ArtifactFile(file.path, file.data.replace(old.encode(), new.encode()), file.families)
    with pytest.raises(Unproved, match=said):
        prove(found.order.dialect, [other], written.said, "x", written.orders)


def test_more_codes_than_a_platform_takes_do_not_fit() -> None:
    target = TARGETS[GEO]
    assert target.codes
    few = {GEO: replace(target, codes=CountryCodes(target.codes.reference, most=1))}
    with pytest.raises(DoNotFit, match=f"{GEO} holds 1 countries, the list has 2"):
        compile_policy(resolved(LIST + OUT), DATA, few, INPUTS)


def test_lookup_says_that_the_platform_decides() -> None:
    files: Mapping[str, bytes] = compiled(LIST + OUT).files
    lines = PublishedLines(resolved(LIST + OUT), WORLD, files.get)
    (line,) = lines.about(V4, 10 << 24, "CN")
    assert line.wrong == "the platform's own data decide who is in CN US"


def test_one_list_by_addresses_and_by_codes_makes_no_rule_twice() -> None:
    targets = ("aws-wafv2-ipset", GEO, "cloudflare-list", "cloudflare-country")
    stages = 'stages = [{ from = 2026-01-01, action = "monitor" }]\n'
    every = "".join(output("x", f"{name}.json", name) for name in targets)
    assert len(compiled(LIST + stages + every).artifacts) == len(targets)
