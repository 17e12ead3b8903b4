"""A terminal of 80 columns: nothing is wider, however long the names are, and no word is broken."""

import re
from pathlib import Path

import pytest

from tests.cli import toy

NAME = "sanctions-and-embargoes-abc"
POLICY = f"""
version = 1
[list.{NAME}]
title = "Everything that the export control department of the company wants to be blocked"
reference = "https://intranet.example.com/legal/export-control/2026/11/decision-17"
block = ["group:asia", "group:un-m49-australia-and-new-zealand"]
stages = [
    {{ from = 2026-11-01, action = "monitor" }},
    {{ from = 2999-01-01, action = "block", status = 451, blocked_by = "https://example.com/who" }},
]
[[list.{NAME}.except]]
select = "1.0.1.0/25"
owner = "the-network-operations-team@example.com"
reason = "a partner whose contract names this very network, until it is moved elsewhere"
until = 2999-01-01
[[output]]
lists = ["{NAME}"]
target = "nginx-geo"
path = "nginx/conf.d/includes/generated/{NAME}-of-all-our-edges.conf"
[[output]]
list = "{NAME}"
target = "ipset"
path = "ipset/conf.d/includes/generated/{NAME}-of-all-our-edges.ipset"
set = "blockc_x"
response = "none"
when_over = "collateral"
max_entries = 3
"""
WORDS = (
    "build --from registries --as-of 2026-11-23 --publish-as-of -v --rebuild",
    "build --from registries --as-of 2026-11-23 --dry-run",
    f"curve {NAME} --from registries --as-of 2026-11-23",
    f"curve {NAME} --from registries --as-of 2026-11-23 --mode balance --target nginx-geo",
    "update --offline -v",
    "check registries/delegated-apnic-extended-latest registries/no-such-file-in-this-long-folder",
    "list sources",
    "list sources geolite2",
    "list targets",
    "list groups",
    "list groups us-ofac-comprehensive",
    "list countries",
    "list groups of-a-name-that-nobody-would-ever-give-to-a-group-of-countries",
    "aggregate --max-entries 1 --when-over coverage entries",
    "store ls",
    "init a-folder-with-a-long-name/and-another-one-below-it --country CN --target nginx-geo",
    *(f"{verb} --help" for verb in ("build", "update", "curve", "aggregate", "init", "list")),
)


def on_terminal(words: str, folder: Path, columns: int = 80) -> str:
    """Return what blockc writes to a terminal, without colours."""
    more = {"BLOCKC_STORE": str(folder / "store"), "LC_ALL": "C.UTF-8"}
    said = toy.on_terminal(*words.split(), columns=columns, cwd=folder, **more)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("columns")
    toy.write_registries(made / "registries")
    (made / "blockc.toml").write_text(POLICY, encoding="utf-8")
    (made / "entries").write_text("192.0.2.0/25\n198.51.100.0/24\n", encoding="ascii")
    return made


@pytest.mark.slow
@pytest.mark.parametrize("words", WORDS)
def test_nothing_is_wider_than_the_terminal(words: str, folder: Path) -> None:
    said = on_terminal(words, folder)
    assert "Traceback" not in said
    lines = said.splitlines()
    assert len(lines) > 1
    assert ("Artifacts" in said) == (" --publish-as-of" in words)
    assert [line for line in lines if len(line) > 80] == []


def test_groups_are_a_line_each_and_one_is_shown_with_its_countries(folder: Path) -> None:
    lines = on_terminal("list groups", folder).splitlines()
    row = next(line for line in lines if line.startswith("eu27 "))
    assert row.split()[:4] == ["eu27", "2026-09-30", "27", "European"]
    assert any("`blockc list groups NAME` shows one" in line for line in lines)
    assert "AT (Austria)" in on_terminal("list groups eu27", folder)


def test_a_table_that_does_not_fit_is_shown_in_several_that_begin_alike(folder: Path) -> None:
    words = f"curve {NAME} --from registries --as-of 2026-11-23 --mode balance"
    narrow, wide = on_terminal(words, folder, 60), on_terminal(words, folder, 200)
    assert narrow.count("entries") > wide.count("entries")
    assert [line for line in narrow.splitlines() if len(line) > 60] == []
    for head in ("missed", "covered"):
        assert head in narrow
        assert head in wide
