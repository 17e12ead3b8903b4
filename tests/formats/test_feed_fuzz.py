"""Whatever the bytes: a feed or one of blockc's own errors, and nothing else."""

import json
import random
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blockc.errors import BlockcError, SourceSyntaxError, SourceUnfit
from blockc.formats.feeds.feed import Feed
from blockc.formats.format_table import FORMATS, form_of
from tests.formats.test_feed_corpus import GOOD, format_of, rows_of
from tests.support.feeds import geolite2, mmdb

TOKENS = (
    *("", "0", "1", "8", "32", "128", "4294967296", "1" * 5000, "-1", "1e9", "0x10", "NaN", "true"),
    *(
        "1.2.3.4",
        "1.2.3.0/24",
        "1.2.3.4/24",
        "01.2.3.4",
        "1.2.3.*",
        "1.2.3.4-1.2.3.9",
        "::",
        "::/0",
    ),
    *("2001:db8::/32", "2a00::1", "::ffff:1.2.3.4", "::ffff:0:0/96", "1.2.3.4/::", "fe80::1%eth0"),
    *("DE", "de", "DEU", "AS64500", "64500_64501", "{64500,64501}", "None", "null", "[]", "{}"),
    *("\\ud800", "\ud7ff", "\xa0", "\u2028", "\x0b", "\x00", "\r", '"', '""', "'", "#", ";", "\\"),
    *("2026-02-30", "99999999999999999999", "Fri Nov 31 17:18:59 UTC 2026", "0 unique IPs"),
)
BYTES = b"\n\r\t ,;#\"'[]{}:.*/-_0129afZ\\\x00\x7f\x80\xff"
BINARY = {"geolite2-csv": geolite2(), "mmdb": mmdb()}
TAGS = {"mmdb": {"tags": {"country": "country.iso_code"}}}


def verdict(name: str, data: bytes, rows: Mapping[str, object]) -> Feed | None:
    """Return the feed that `data` is, or None if it is refused with a reason and the file."""
    refusal: BlockcError | None = None
    try:
        return FORMATS[name].read("file", data, form_of(name, rows))
    except (SourceSyntaxError, SourceUnfit) as error:
        refusal = error
    assert refusal.message
    assert refusal.at
    assert refusal.at.path.startswith("file")
    assert all(line.isprintable() for line in str(refusal).split("\n"))
    return None


def mutated(data: bytes, luck: random.Random) -> bytes:
    """Return `data` with one to three changes of bytes, words or lines."""
    for _ in range(luck.randint(1, 3)):
        data = luck.choice([with_other_byte, with_other_word, with_other_lines])(data, luck)
    return data


def with_other_byte(data: bytes, luck: random.Random) -> bytes:
    """Replace, insert or delete some bytes, or cut the file."""
    place = luck.randrange(len(data) + 1)
    new = bytes([luck.choice(BYTES)]) * luck.randint(0, 1)
    return data[:place] + new + (b"" if luck.random() < 0.1 else data[place + luck.randint(0, 2) :])


def with_other_word(data: bytes, luck: random.Random) -> bytes:
    """Replace what stands between two marks."""
    marks = [n for n, byte in enumerate(data) if byte in b'\n\t ,;:"']
    if not marks:
        return data
    begin = luck.choice(marks) + 1
    end = min([mark for mark in marks if mark > begin] or [len(data)])
    return data[:begin] + luck.choice(TOKENS).encode("utf-8", "replace") + data[end:]


def with_other_lines(data: bytes, luck: random.Random) -> bytes:
    """Swap, drop or repeat a line."""
    lines = data.split(b"\n")
    here, there = luck.randrange(len(lines)), luck.randrange(len(lines))
    lines[here], lines[there] = lines[there], lines[here]
    lines[here : here + luck.randint(0, 1)] = luck.choice([[], [lines[here]]])
    return b"\n".join(lines)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: f"{format_of(path)}-{path.stem}")
def test_mutations_of_good_files_get_a_verdict(path: Path) -> None:
    luck, seed = random.Random(path.name), path.read_bytes()
    assert verdict(format_of(path), seed, rows_of(path))
    for _ in range(80):
        verdict(format_of(path), mutated(seed, luck), rows_of(path))


@pytest.mark.parametrize("name", BINARY)
def test_mutations_of_binary_files_get_a_verdict(name: str) -> None:
    luck, seed = random.Random(name), BINARY[name]
    assert verdict(name, seed, TAGS.get(name, {}))
    found = [verdict(name, mutated(seed, luck), TAGS.get(name, {})) for _ in range(600)]
    assert not all(found)


def test_mutations_inside_a_zip_file_get_a_verdict() -> None:
    luck = random.Random("zip")
    for _ in range(200):
        packed = BytesIO()
        with ZipFile(BytesIO(BINARY["geolite2-csv"])) as good, ZipFile(packed, "w") as bad:
            for name in good.namelist():
                data = good.read(name)
                bad.writestr(name, mutated(data, luck) if luck.random() < 0.5 else data)
        verdict("geolite2-csv", packed.getvalue(), {})


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.binary(max_size=300))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_noise_is_refused(name: str, data: bytes) -> None:
    rows: dict[str, dict[str, object]] = {
        "csv": {"columns": ("prefix", "country")},
        "json": {"prefix": "a[]"},
        "json-lines": {"prefix": "a"},
    }
    verdict(name, data, rows.get(name, {}))


@given(st.lists(st.sampled_from([*TOKENS, *"\n\n\n\t,,, "]), max_size=40))
@settings(deadline=None, derandomize=True, max_examples=400)
def test_words_in_any_order_get_a_verdict_from_every_reader_of_lines(words: list[str]) -> None:
    data = "".join(words).encode("utf-8", "replace")
    verdict("text", data, {})
    verdict("geofeed", data, {})
    verdict("csv", data, {"columns": ("start", "last", "asn"), "bad_rows": "skip"})
    verdict("csv", data, {"columns": {"prefix": "", "length": "8", "asn": "0"}, "quotes": False})
    verdict("csv", data, {"columns": ("", "asn"), "lists": "as-numbers", "bad_rows": "skip"})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(TOKENS),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(json_values)
@settings(deadline=None, derandomize=True, max_examples=400)
def test_any_json_gets_a_verdict(value: object) -> None:
    data = json.dumps(value).encode()
    several: list[dict[str, object]] = [
        {"prefix": "a[].b", "tags": {"c": "a[].c"}},
        {"prefix": "{a,b,c}[]", "tags": {"key": "*~"}, "serial": "a"},
        {"prefix": "[]", "tags": {"x": "[]"}},
    ]
    for rows in several:
        verdict("json", data, rows)
    verdict("json-lines", data, {"prefix": "a", "end": {"key": "b", "value": "c", "records": "a"}})


def test_a_header_of_blanks_is_read_in_one_pass() -> None:
    data = (
        b"# A" + b" " * 2_000_000 + b"x\n# Entries" + b" " * 2_000_000 + b"1 unique IPs\n1.2.3.4\n"
    )
    assert verdict("firehol", data, {}) is None


def test_tags_that_multiply_are_stopped() -> None:
    many = ["x"] * 3000
    document = {"p": [{"net": "1.2.3.0/24", "a": many, "b": many}]}
    rows = {"prefix": "p[].net", "tags": {"a": "p[].a[]", "b": "p[].b[]"}}
    with pytest.raises(SourceUnfit, match="the file says more than 5,000,000 rows"):
        FORMATS["json"].read("file", json.dumps(document).encode(), form_of("json", rows))
