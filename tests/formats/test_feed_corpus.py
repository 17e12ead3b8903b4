"""Feeds as pairs of files: a good one with what it says, a bad one with the exact error.

Adding a case is adding two files to `tests/corpus/feeds/FORMAT`; `rows.toml` there, or a file
`NAME.toml` beside one case, is the `[rows]` of its definition.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from blockc.addresses import columns
from blockc.addresses.family import FAMILIES, Family
from blockc.errors import SourceSyntaxError, SourceUnfit
from blockc.formats.feeds.feed import Feed
from blockc.formats.format_table import FORMATS, form_of

CORPUS = Path(__file__).resolve().parents[1] / "corpus" / "feeds"
RESULTS = (".expected", ".error", ".toml")
CASES = sorted(path for path in CORPUS.glob("*/*/*") if path.suffix not in RESULTS)
GOOD = [path for path in CASES if path.parent.name == "good"]
BAD = [path for path in CASES if path.parent.name == "bad"]


def format_of(path: Path) -> str:
    """Return the format of a case: its folder's name."""
    return path.parents[1].name


def rows_of(path: Path) -> dict[str, Any]:
    """Return the table `[rows]` for a case."""
    for file in (path.with_suffix(".toml"), path.parents[1] / "rows.toml"):
        if file.exists():
            return tomllib.loads(file.read_text(encoding="utf-8"))
    return {}


def read(path: Path) -> Feed:
    """Return what the reader of a case makes of it."""
    name, rows = format_of(path), rows_of(path)
    return FORMATS[name].read(path.name, path.read_bytes(), form_of(name, rows))


def row_texts(feed: Feed, family: Family) -> Iterator[str]:
    """Yield `first-last tag=name ...` for each row of one family."""
    start, last = feed.spans[family]
    ends = zip(columns.ints(family, start), columns.last_ints(family, last), strict=True)
    for number, (first, end) in enumerate(ends):
        names = [
            f"{name}={tag.names[tag.labels[family][number]]}" for name, tag in feed.tags.items()
        ]
        yield " ".join([f"{family.text(first)}-{family.text(end)}", *names])


def described(feed: Feed) -> str:
    """Return everything a feed says, as text for people."""
    head = [f"records: {feed.records}", f"date: {feed.date}", f"serial: {feed.serial}"]
    rows = [text for family in FAMILIES for text in row_texts(feed, family)]
    rows += [f"AS{number}" for number in feed.as_numbers]
    dropped = [f"dropped: {text}" for f in FAMILIES for text in feed.dropped.prefixes(f).texts()]
    warnings = [f"warning: {text}" for text in feed.warnings]
    return "".join(f"{line}\n" for line in (*head, *rows, *dropped, *warnings))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: f"{format_of(path)}-{path.stem}")
def test_good_file_says_what_stands_beside_it(path: Path) -> None:
    assert described(read(path)) == path.with_suffix(".expected").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", BAD, ids=lambda path: f"{format_of(path)}-{path.stem}")
def test_bad_file_is_refused_with_the_message_beside_it(path: Path) -> None:
    with pytest.raises((SourceSyntaxError, SourceUnfit)) as caught:
        read(path)

    assert f"{caught.value}\n" == path.with_suffix(".error").read_text(encoding="utf-8")
    assert caught.value.exit_code == 3


def test_every_format_that_is_text_has_good_and_bad_files() -> None:
    binary = {"geolite2-csv", "mmdb"}
    assert {format_of(path) for path in GOOD} == FORMATS.keys() - binary
    assert {format_of(path) for path in BAD} == FORMATS.keys() - binary
