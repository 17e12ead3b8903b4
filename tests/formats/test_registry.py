"""The table of formats, and what it finds wrong in definitions."""

from collections.abc import Mapping
from typing import Any

import pytest

from blockc.errors import Mistakes, SourceSyntaxError, SourceUnfit
from blockc.fetch.definition import read_source
from blockc.formats.format_table import DELEGATED, FORMATS, form_of, tags_of
from blockc.formats.parsing.format_options import KEYS, FormatOptions
from blockc.values import replace

NEEDED: Mapping[str, dict[str, Any]] = {
    "csv": {"columns": ("prefix",)},
    "json": {"prefix": "a[]"},
    "json-lines": {"prefix": "a"},
}
SOURCE = """\
title = "x"
format = "{format}"
urls = ["https://example.com/a"]
licence = {{ text = "free" }}
refresh_hours = 1
max_age_hours = 2
[expect]
min_records = 1
max_bytes = 1000
max_shrink_addresses = 0.5
max_shrink_records = 0.5
[rows]
{rows}
"""


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_found_by_its_name_and_refuses_noise(name: str) -> None:
    one = FORMATS[name]
    assert one.name == name
    assert one.needs <= one.takes
    with pytest.raises((SourceSyntaxError, SourceUnfit)):
        one.read("noise", b"\x01\x02 noise\n", form_of(name, NEEDED.get(name, {})))


def test_every_key_of_rows_means_something_to_formats_there_are() -> None:
    for name, key in KEYS.items():
        assert key.meaning, name
        assert key.needed <= key.formats <= FORMATS.keys(), name
        assert key.formats, name


@pytest.mark.parametrize(
    ("name", "rows", "tags"),
    [
        (DELEGATED, {}, set()),
        ("text", {"labels": {"country": "NL"}}, {"country"}),
        ("csv", {"columns": ["start", "last", "asn", "country", ""]}, {"asn", "country"}),
        ("csv", {"columns": {"prefix": "network", "use": "x"}}, {"use"}),
        ("geofeed", {"labels": {"owner": "x"}}, {"country", "region", "city", "owner"}),
        ("geolite2-csv", {}, {"country", "registered"}),
        ("json", {"prefix": "a[].b", "tags": {"c": "a[].c"}}, {"c"}),
    ],
)
def test_the_tags_of_a_source_are_known_without_its_file(
    name: str, rows: dict[str, Any], tags: set[str]
) -> None:
    options = FormatOptions() if name == DELEGATED else form_of(name, rows)
    assert tags_of(name, options) == tags


@pytest.mark.parametrize(
    ("name", "rows", "said"),
    [
        ("jsn", "", "2:10: unknown format 'jsn'; did you mean 'json'?; known are delegated, text,"),
        ("csv", "", "x.toml:12:2: the format 'csv' needs 'columns' in [rows]"),
        ("json", 'tags = { a = "b" }', "x.toml:12:2: the format 'json' needs 'prefix' in [rows]"),
        ("text", 'separator = ","', "13:1: the format 'text' has no 'separator'"),
        ("geofeed", "colums = []", "13:1: unknown key 'colums'; did you mean 'columns'?"),
        ("text", 'family = "ipv5"', "13:10: expected 'ipv4' or 'ipv6', found the text 'ipv5'"),
        ("text", 'special = "hold"', "13:11: expected 'drop' or 'keep', found the text 'hold'"),
        ("text", 'bad_rows = "skipp"', "13:12: expected 'refuse' or 'skip', found the text"),
        ("text", "widest_prefix = { ipv4 = 33 }", "13:26: expected 0 to 32, found 33"),
        ("text", "widest_prefix = { ipv6 = 65 }", "13:26: expected 0 to 64, found 65"),
        ("text", "widest_prefix = { ipv = 8 }", "13:19: unknown key 'ipv'; did you mean 'ipv"),
        ("text", 'labels = { country = "nl" }', "13:22: 'nl' is not a country code"),
        ("text", 'labels = { asn = "AS1" }', "13:18: 'AS1' is not an AS number; expected such as"),
        ("text", 'labels = { asn = "1_2" }', "13:18: '1_2' is not an AS number"),
        ("text", 'labels = { Use = "x" }', "13:12: 'Use' is not a name of a tag"),
        ("text", 'labels = { use = " " }', "13:18: a label is a text without blanks around it"),
        ("csv", 'columns = ["a"]', "13:11: no columns of addresses: none; expected prefix,"),
        ("csv", 'columns = ["start"]', "13:11: no columns of addresses: start; expected prefix,"),
        ("csv", 'columns = ["prefix", "last"]', "no columns of addresses: last, prefix"),
        (
            "csv",
            'columns = ["start"]\nlists = "as-numbers"',
            "13:11: a table of AS numbers has the",
        ),
        ("csv", 'columns = ["asn", "use"]\nlists = "as-numbers"', "no other that is read; write"),
        ("csv", 'columns = ["asn"]\nlists = "as-numbers"\nsplit = ","', "has no 'split'"),
        ("csv", 'columns = ["prefix", "a", "a"]', "13:11: two columns are called 'a'"),
        ("csv", 'columns = ["prefix", "A"]', "13:11: 'A' is not a name of a tag"),
        ("csv", 'columns = { prefix = "x", A = "y" }', "13:27: 'A' is not a name of a tag"),
        ("csv", 'columns = ["prefix"]\nseparator = "||"', "14:13: '||' separates nothing"),
        ("csv", 'columns = ["prefix"]\nseparator = "a"', "14:13: 'a' separates nothing"),
        ("csv", 'columns = ["prefix"]\ncomment = "//"', "14:11: '//' begins no comment"),
        (
            "csv",
            'columns = ["prefix", "use"]\nlabels = { use = "x" }',
            "14:18: the tag 'use' is told by the rows, too",
        ),
        ("json", 'prefix = "a..b"', "13:10: 'a..b' is not a path, '' is no step of one"),
        ("json", 'prefix = ["a", "b[0]"]', "13:16: 'b[0]' is not a path, 'b[0]' is no step of one"),
        ("json", "prefix = []", "13:10: the format 'json' needs 'prefix' in [rows]"),
        ("json", 'prefix = "*[]"', "13:10: '*[]' leads to no prefix"),
        ("json", 'prefix = "a~"', "13:10: 'a~' leads to no prefix"),
        ("json", 'prefix = "a"\ndate = "b[]"', "14:8: 'b[]' does not lead to one text"),
        ("json", 'prefix = "a[].b"\ntags = { c = "d[].c" }', "14:14: 'd[].c' does not go the way"),
        ("json", 'prefix = "a[].b"\ntags = { c = "d.*" }', "14:14: 'd.*' does not go the way of"),
        ("json", 'prefix = "a[].b"\ntags = { c = "d~" }', "14:14: 'd~' does not go the way of"),
        ("mmdb", 'tags = { c = "country~" }', "13:14: 'country~' leads to no text; name its keys"),
        ("json-lines", 'prefix = "a"\nend = { key = "b" }', "14:1: 'value' is missing"),
        ("text", "labels = 5", "13:10: expected a table, found 5"),
        (DELEGATED, 'family = "ipv4"', "13:1: the format 'delegated' has no 'family'"),
    ],
)
def test_a_mistake_in_a_definition_is_reported_at_its_place(
    name: str, rows: str, said: str
) -> None:
    with pytest.raises(Mistakes) as caught:
        read_source("x.toml", SOURCE.format(format=name, rows=rows))
    assert said in str(caught.value)


def test_all_mistakes_of_a_definition_are_reported_at_once() -> None:
    rows = 'prefix = "a..b"\nserial = "[]"\nfamly = "x"\n[rows.tags]\nA = "b"\nc = 5'
    with pytest.raises(Mistakes) as caught:
        read_source("x.toml", SOURCE.format(format="json", rows=rows))
    places = [line.split(":")[1] for line in str(caught.value).splitlines() if "x.toml:" in line]
    assert places == ["13", "14", "15", "17", "18"]


def test_what_a_definition_says_reaches_the_reader() -> None:
    source = read_source(
        "x.toml",
        SOURCE.format(format="text", rows='special = "keep"\nwidest_prefix = { ipv4 = 7 }'),
    )
    feed = FORMATS["text"].read("f", b"10.0.0.0/7\n", source.options)
    assert not feed.dropped
    form = replace(source.options, max_records=1)
    with pytest.raises(SourceUnfit, match="lists 2 rows, at most 1 are believed"):
        FORMATS["text"].read("f", b"1.2.3.4\n1.2.3.5\n", form)
