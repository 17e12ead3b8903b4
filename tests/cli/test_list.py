"""`blockc list`: what a policy can name, for people and for programs."""

import json
import re

import pytest

from blockc.targets.registry import TARGETS
from blockc.workspace.policy_files import known
from tests.cli.conftest import Blockc


@pytest.mark.parametrize("what", ["sources", "targets", "groups", "countries"])
def test_a_table_has_a_line_for_every_row_of_the_report(blockc: Blockc, what: str) -> None:
    table, report = blockc("list", what), blockc("list", what, "--json")
    assert (table.code, table.err, report.code, report.err) == (0, "", 0, "")
    rows = json.loads(report.out)
    lines = table.out.splitlines()
    assert lines[0] == what.capitalize()
    assert len(lines) == len(rows) + 3
    for line, row in zip(lines[3:], rows, strict=True):
        assert line.startswith(next(iter(row.values())))


def test_a_report_has_lists_and_numbers_where_the_table_has_words(blockc: Blockc) -> None:
    reports = {
        what: json.loads(blockc("list", what, "--json").out)
        for what in ("sources", "targets", "groups")
    }
    (edge,) = [row for row in reports["targets"] if row["name"] == "nginx-geo"]
    assert "block" in edge["verdicts"]
    verdicts = {row["name"]: row["verdicts"] for row in reports["targets"]}
    assert verdicts["plain"] == verdicts["caddy"] == ["block"]
    for name in ("json", "ipset", "nftables", "aws-wafv2-ipset"):
        assert verdicts[name] == ["block", "warn", "monitor"]
    (eyes,) = [row for row in reports["groups"] if row["name"] == "five-eyes"]
    assert eyes["countries"] == ["AU", "CA", "GB", "NZ", "US"]
    (arin,) = [row for row in reports["sources"] if row["name"] == "arin"]
    assert arin["max_age_hours"] == 168
    assert arin["age_hours"] is None
    table = blockc("list", "groups").out
    assert re.search(r"^five-eyes +20\d\d-\d\d-\d\d +5  AU, CA, GB", table, re.MULTILINE)


def test_everything_a_policy_can_name_is_listed(blockc: Blockc) -> None:
    names = known()
    for what, wanted in (
        ("targets", names.targets), ("groups", names.groups), ("sources", names.sources),
    ):  # fmt: skip
        rows = json.loads(blockc("list", what, "--json").out)
        listed = {row["name"] for row in rows if row.get("format") != "delegated"}
        assert listed == set(wanted)
    assert [target.name for target in TARGETS.values()] == [
        row["name"] for row in json.loads(blockc("list", "targets", "--json").out)
    ]


def test_pseudo_codes_are_told_from_countries(blockc: Blockc) -> None:
    kinds = {
        row["code"]: row["kind"] for row in json.loads(blockc("list", "countries", "--json").out)
    }
    assert len(kinds) > 249
    assert {code for code, kind in kinds.items() if kind == "pseudo"} >= {"EU", "AP", "ZZ"}
    assert kinds["CN"] == kinds["GB"] == "ISO 3166"
    assert "UK" not in kinds


def test_one_of_them_is_shown_whole(blockc: Blockc) -> None:
    done = blockc("list", "groups", "efta")
    assert "CH (Switzerland), IS (Iceland)" in done.out
    assert "https://www.efta.int/" in done.out
    said = json.loads(blockc("list", "countries", "FR", "DE", "--json").out)
    assert [one["code"] for one in said] == ["FR", "DE"]


def test_a_name_that_does_not_exist_is_told_with_the_nearest(blockc: Blockc) -> None:
    done = blockc("list", "groups", "eu28", "efta", "nothing")
    assert (done.code, done.out) == (2, "")
    assert "'eu28' is not one of the groups; did you mean 'eu27'?" in done.err
    assert "'nothing' is not one of the groups; `blockc list groups` shows them\n" in done.err


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("Germany", "did you mean 'DE' (Germany)?"),
        ("UK", "did you mean 'GB' (United Kingdom of Great Britain and Northern Ireland)?"),
        ("XX", "`blockc list countries` shows them"),
    ],
)
def test_a_country_by_another_name_is_told_with_its_code(
    blockc: Blockc, name: str, advice: str
) -> None:
    done = blockc("list", "countries", name)
    assert (done.code, done.out) == (2, "")
    assert done.err == f"blockc: {name!r} is not one of the countries; {advice}\n"
