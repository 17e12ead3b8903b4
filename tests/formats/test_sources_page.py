"""`docs/sources.md`: its definitions are right, and its tables are what the code takes."""

import re
from pathlib import Path

import pytest

from blockc.fetch.definition import read_source
from blockc.formats.format_table import FORMATS
from blockc.formats.parsing.format_options import KEYS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def table(section: str) -> list[list[str]]:
    """Return the rows of the table in a section, without its heads."""
    text = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    (found,) = [part for part in text if part.startswith(f"{section}\n")]
    lines = [line for line in found.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_every_definition_on_the_page_is_right(number: int) -> None:
    assert read_source("example.toml", EXAMPLES[number]).rows


def test_the_page_has_every_format_with_what_it_needs_and_takes() -> None:
    assert table("Formats") == [
        [
            f"`{one.name}`",
            one.description,
            " ".join(sorted(one.needs)) or "-",
            " ".join(sorted(one.takes - one.needs)),
        ]
        for one in FORMATS.values()
    ]


def test_the_page_has_every_key_of_rows() -> None:
    rows = [row[:2] for row in table("Keys of `[rows]`")]
    assert rows == [[f"`{name}`", key.meaning] for name, key in KEYS.items()]
