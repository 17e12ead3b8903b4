"""The figures of docs/passes.md are those of the passes; `make tables` writes them anew."""

import re
from pathlib import Path

import pytest

from scripts import tables

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = (DOCS / "passes.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", tables.FAST)
def test_a_table_of_the_page_is_what_the_passes_make(name: str) -> None:
    assert tables.renewed(PAGE, [name]) == PAGE


def test_the_page_has_every_table_and_no_other() -> None:
    names = re.findall(r"<!-- table (\S+) -->\n\|", PAGE)
    assert sorted(names) == sorted([*tables.FAST, *tables.SLOW])


def test_a_number_that_is_not_true_is_noticed() -> None:
    wrong = PAGE.replace("| SIX | none | 12,734 | 591 | 13,325 |", "| SIX | none | 1 | 2 | 3 |")
    assert wrong != PAGE
    assert tables.renewed(wrong, ["two-sets"]) == PAGE


def test_a_page_without_a_place_for_a_table_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no place for the table 'exact'"):
        tables.renewed("nothing", ["exact"])


def test_the_pictures_of_the_page_are_there() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", PAGE)
    assert pictures
    assert all((DOCS / name).is_file() for name in pictures)
