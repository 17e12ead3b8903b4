"""`blockc list`: what a policy can name, for people and for programs."""

import json

import pytest

from blockc.cli.policy_input import known
from blockc.targets.registry import ALL
from tests.cli.conftest import Blockc

HEADS = {
    "sources": {
        "name",
        "format",
        "data of",
        "age",
        "oldest accepted",
        "used by",
        "filters",
        "licence",
        "title",
    },
    "targets": {"name", "match", "families", "verdicts", "title"},
    "groups": {"name", "as of", "members", "countries", "title"},
    "countries": {"code", "kind", "name"},
}


@pytest.mark.parametrize("what", HEADS)
def test_a_table_and_its_json_say_the_same(blockc: Blockc, what: str) -> None:
    table, report = blockc("list", what), blockc("list", what, "--json")
    assert (table.code, table.err, report.code, report.err) == (0, "", 0, "")
    rows = json.loads(report.out)
    assert all(HEADS[what] <= set(row) for row in rows)
    lines = table.out.splitlines()
    assert lines[0] == what.capitalize()
    assert len(lines) == len(rows) + 3
    for line, row in zip(lines[3:], rows, strict=True):
        assert line.startswith(next(iter(row.values())))


def test_everything_a_policy_can_name_is_listed(blockc: Blockc) -> None:
    names = known()
    for what, wanted in (
        ("targets", names.targets), ("groups", names.groups), ("sources", names.sources),
    ):  # fmt: skip
        rows = json.loads(blockc("list", what, "--json").out)
        listed = {row["name"] for row in rows if row.get("format") != "delegated"}
        assert listed == set(wanted)
    assert [target.name for target in ALL] == [
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
