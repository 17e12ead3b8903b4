"""A source file says everything that is wrong with it, at its place; the shipped ones are right."""

from pathlib import Path

import pytest

from blockc.errors import Mistakes
from blockc.fetch.definition import read_source
from blockc.resources import sources_dir
from blockc.vocabulary import RIRS

SHIPPED = sorted(sources_dir().glob("*.toml"))
GOOD = """\
title = "An example"
format = "delegated"
registry = "arin"
urls = ["https://example.com/a", "https://example.net/a"]
checksum = { kind = "md5", suffix = ".md5" }
licence = { text = "free", url = "https://example.com/terms" }
refresh_hours = 24
max_age_hours = 96
[expect]
min_records = 1
max_bytes = 1000
max_shrink_addresses = 0.02
max_shrink_records = 0.05
"""


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_source_is_right(path: Path) -> None:
    source = read_source(str(path), path.read_text(encoding="utf-8"))
    assert source.name == path.stem
    if source.format == "delegated":
        assert all(path.stem in url for url in source.urls)


def test_the_five_registries_are_shipped_with_two_mirrors_each() -> None:
    sources = [read_source(str(path), path.read_text(encoding="utf-8")) for path in SHIPPED]
    registries = {source.registry: source for source in sources if source.format == "delegated"}
    assert sorted(registries) == sorted(RIRS)
    for registry, source in registries.items():
        assert source.name == registry
        assert len({url.split("/")[2] for url in source.urls}) == 3


def test_a_source_without_checksum_is_fine() -> None:
    text = "".join(line for line in GOOD.splitlines(keepends=True) if "checksum" not in line)
    assert read_source("sources/arin.toml", text).checksum is None


def test_a_table_that_is_missing_is_named_with_all_that_it_needs() -> None:
    with pytest.raises(Mistakes) as caught:
        read_source("sources/arin.toml", GOOD.partition("[expect]")[0])
    needs = "min_records, max_bytes, max_shrink_addresses, max_shrink_records"
    assert [str(one) for one in caught.value.errors] == [
        f"sources/arin.toml: 'expect' is missing; it needs {needs}"
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('registry = "arin"', 'registry = "aren"', "3:12: unknown registry 'aren'; did you mean"),
        ('registry = "arin"', "", "arin.toml: the format 'delegated' needs a registry"),
        ('"delegated"', '"text"', "3:1: only the format 'delegated' has a registry"),
        ("min_records = 1", "min_records = 1\nmin_row = 1", "11:1: unknown key 'min_row'"),
        ("min_records = 1", "min_records = 0", "10:15: expected at least 1, found 0"),
        ("https://example.net/a", "http://example.net/a", "4:34: 'http://example.net/a' is no"),
        ("https://example.net/a", "https://[", "4:34: 'https://[' is not an https url"),
        ("https://example.com/terms", "by post", "6:34: 'by post' is not an https url"),
        ('["https://example.com/a", "https://example.net/a"]', "[]", "4:8: no url, expected"),
        ("max_age_hours = 96", "max_age_hours = 12", "8:17: too old before it is refreshed"),
        ("0.02", "0.0", "12:24: expected a share above 0"),
        ("0.05", "5.0", "13:22: expected a share above 0"),
        ('"md5"', '"md4"', "5:21: expected 'md5', found the text 'md4'"),
        ("title =", "title", "1:7: not TOML"),
    ],
)
def test_a_mistake_is_reported_at_its_place(old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(Mistakes) as caught:
        read_source("sources/arin.toml", GOOD.replace(old, new))
    assert said in str(caught.value)
    assert len(caught.value.errors) == 1


def test_a_file_that_cannot_name_a_source_is_refused() -> None:
    with pytest.raises(Mistakes, match="'My Feed' is not a name of a source"):
        read_source("sources/My Feed.toml", GOOD)


def test_all_mistakes_of_a_file_are_reported_at_once() -> None:
    text = GOOD.replace("0.02", "2.0").replace("arin", "x").replace("refresh_hours = 24\n", "")
    with pytest.raises(Mistakes) as caught:
        read_source("sources/x.toml", text)
    assert len(caught.value.errors) == 3
