"""What `docs/policy.md` says is true: its policies are understood and no key is left out."""

import re
from datetime import date
from pathlib import Path

import pytest

from blockc.policy.checking.parse_policy import parse_policy
from blockc.policy.meaning.resolve import STALE_DAYS
from blockc.policy.meaning.schedule import WARN_DAYS
from blockc.policy.syntax import policy_tables
from blockc.policy.syntax.country_groups import read_groups
from blockc.policy.syntax.selectors import parse_selector
from blockc.tomlio.tables import Table
from blockc.workspace.policy_files import known

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "policy.md").read_text(encoding="utf-8")
POLICIES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
TABLES = (
    policy_tables.ExceptionTable,
    policy_tables.StageTable,
    policy_tables.ListTable,
    policy_tables.ProtectTable,
    policy_tables.GuardTable,
    policy_tables.IgnoreBelowTable,
    policy_tables.LimitsTable,
    policy_tables.OutputTable,
    policy_tables.EdgeTable,
    policy_tables.RefreshTable,
    policy_tables.RevokeTable,
    policy_tables.PolicyTable,
)
LIST = '[list.export-control]\nblock = ["KP"]\n'


@pytest.mark.parametrize("text", POLICIES, ids=range(len(POLICIES)))
def test_every_policy_of_the_page_is_understood(text: str) -> None:
    whole = text if LIST.splitlines()[0] in text else text + LIST
    whole = whole if "version" in whole else f"version = 1\n{whole}"
    policy = parse_policy("blockc.toml", whole, known=known())
    assert policy.lists


def test_the_group_of_the_page_is_understood() -> None:
    (text,) = re.findall(r"```groups\n(.*?)```", PAGE, re.DOTALL)
    (group,) = read_groups("groups/ours.toml", text)
    assert (group.name, group.day) == ("suppliers", date(2026, 11, 1))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_key_is_on_the_page(table: type[Table]) -> None:
    for key in table.__struct_encode_fields__:
        assert re.search(rf"`(\[+)?{key}\b|, `{key}`|\b{key} *=", PAGE), key


def test_every_selector_of_the_table_is_one() -> None:
    (section,) = re.findall(r"## Selectors\n(.*?)\n## ", PAGE, re.DOTALL)
    cells = re.findall(r"^\| (`[^|]*`) \|", section, re.MULTILINE)
    words = [word for cell in cells for word in re.findall(r"`([^`]*)`", cell)]
    shown = {"NAME": "arin", "PATH": "partners.txt"}
    for word in words:
        text = word.replace("status:NAME", "status:available")
        for gap, value in shown.items():
            text = text.replace(gap, value)
        selector = parse_selector(text)
        assert str(selector) == text, word
    kinds = {word.split(":")[0] for word in words if re.match(r"[a-z]+:", word)}
    assert kinds == {"group", "registry", "status", "feed", "asn", "file", "list"}


def test_the_numbers_of_the_page_are_those_of_the_program() -> None:
    assert f"From {WARN_DAYS} days before the end" in PAGE
    assert (STALE_DAYS, "more than a year before" in PAGE) == (365, True)
    (section,) = re.findall(r"## Groups\n(.*?)\n## ", PAGE, re.DOTALL)
    named = re.findall(r"`((?:us|eu|eea|efta|schengen|five|un)[a-z0-9-]*)`", section)
    assert len(named) >= 9
    assert set(named) <= known().groups.keys()
    guard = policy_tables.GuardTable()
    for default in (guard.max_age, guard.max_added):
        assert f"`{default}` |" in PAGE


def test_the_page_says_what_groups_cannot_tell() -> None:
    assert "None is legal advice" in PAGE
    assert "Crimea and the so-called republics of Donetsk and Luhansk cannot be told" in PAGE
    groups = known().groups
    assert "TW" in groups["asia"].countries
    assert not any("TW" in g.countries for name, g in groups.items() if name.startswith("un-"))
