"""The value of a feed: what it selects, what it refuses to be, and the same again from bytes."""

import random
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from blockc.addresses.columns import span_columns
from blockc.addresses.family import FAMILIES, V4, V6
from blockc.errors import SourceSyntaxError
from blockc.formats.feeds.feed import Feed, Tag, feed_from_bytes, feed_to_bytes
from blockc.formats.format_table import FORMATS, form_of
from tests.formats.test_feed_corpus import GOOD, described, format_of, read

CSV = b"""\
1.0.0.0/24,NL,64500_64501
1.0.1.0/24,NL,64502
1.0.2.0/24,DE,64500
10.0.0.0/24,DE,64500
2a00::/32,DE,64502
"""
FEED = FORMATS["csv"].read(
    "f", CSV, form_of("csv", {"columns": ("prefix", "country", "asn"), "labels": {"of": "us"}})
)


@pytest.mark.parametrize(
    ("filters", "prefixes"),
    [
        ([], ["1.0.0.0/23", "1.0.2.0/24", "2a00::/32"]),
        ([("country", "NL")], ["1.0.0.0/23"]),
        ([("country", "NL"), ("country", "DE")], ["1.0.0.0/23", "1.0.2.0/24", "2a00::/32"]),
        ([("country", "DE"), ("asn", "64500")], ["1.0.2.0/24"]),
        ([("asn", "64500")], ["1.0.0.0/24", "1.0.2.0/24"]),
        ([("asn", "64501")], ["1.0.0.0/24"]),
        ([("asn", "64501"), ("asn", "64502")], ["1.0.0.0/23", "2a00::/32"]),
        ([("of", "us"), ("country", "NL")], ["1.0.0.0/23"]),
        ([("of", "them")], []),
        ([("country", "FR")], []),
        ([("country", "NL"), ("asn", "64500_64501")], []),
    ],
)
def test_filters_of_one_tag_are_alternatives_and_of_several_conditions(
    filters: list[tuple[str, str]], prefixes: list[str]
) -> None:
    found = FEED.addresses(filters)
    assert [text for family in FAMILIES for text in found.prefixes(family).texts()] == prefixes


def test_an_unknown_tag_is_no_empty_answer() -> None:
    with pytest.raises(KeyError):
        FEED.addresses([("contry", "NL")])


def test_addresses_are_counted_once_and_without_special_purpose_space() -> None:
    assert FEED.counts() == {V4: 3 * 256, V6: 2**96}
    assert FEED.dropped.count_of(V4) == 256
    assert FEED.records == 5


def test_a_feed_that_contradicts_itself_cannot_be_made() -> None:
    spans = {family: span_columns(family, [(5, 9)]) for family in FAMILIES}
    one, none = np.zeros(1, np.int32), np.zeros(0, np.int32)
    good = Tag(("", "x"), {V4: one, V6: one})
    assert Feed(spans, {"x": good}, 2).addresses().count == 10
    with pytest.raises(ValueError, match="has spans of every family"):
        Feed({V4: spans[V4]}, {}, 1)
    with pytest.raises(ValueError, match="has not one label per row"):
        Feed(spans, {"x": Tag(("",), {V4: none, V6: one})}, 2)
    with pytest.raises(ValueError, match="ends before it starts"):
        Feed({**spans, V4: (spans[V4][1], spans[V4][0])}, {}, 2)
    with pytest.raises(ValueError, match="the first name of a tag is not empty"):
        Tag(("x",), {V4: one, V6: one})
    with pytest.raises(ValueError, match="a label without a name"):
        Tag(("",), {V4: one + 1, V6: one})


@pytest.mark.parametrize("path", GOOD, ids=lambda path: f"{format_of(path)}-{path.stem}")
def test_a_feed_is_the_same_again_from_its_bytes(path: Path) -> None:
    feed = read(path)
    packed = feed_to_bytes(feed)
    again = feed_from_bytes(packed)
    assert described(again) == described(feed)
    assert feed_to_bytes(again) == packed


@pytest.mark.parametrize("head", [b"x", b"\x93NUMPY"])
def test_an_archive_whose_head_is_no_array_is_no_feed(head: bytes) -> None:
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        archive.writestr("head.npy", head)
    with pytest.raises(ValueError, match="not an archive of a feed"):
        feed_from_bytes(packed.getvalue())


def test_other_bytes_are_no_feed() -> None:
    packed, luck = feed_to_bytes(FEED), random.Random(1)
    for data in (b"", b"x", packed[:100], packed[:-1], packed[len(packed) // 2 :]):
        with pytest.raises(ValueError, match="not an archive of a feed"):
            feed_from_bytes(data)
    for _ in range(300):
        place = luck.randrange(len(packed))
        data = packed[:place] + bytes([luck.randrange(256)]) + packed[place + 1 :]
        try:
            feed_from_bytes(data)
        except ValueError:
            continue


@pytest.mark.parametrize(
    ("form", "begin"), [("exit-list", "ExitAddress "), ("text", "")], ids=["exit-list", "text"]
)
@pytest.mark.parametrize("address", ["5.6.7.1,5.6.7.2", "005.6.7.1"])
def test_a_format_is_not_told_to_set_keys_that_it_has_not(
    form: str, begin: str, address: str
) -> None:
    end = " 2026-09-30 12:03:28" if begin else ""
    with pytest.raises(SourceSyntaxError) as caught:
        FORMATS[form].read("f", f"{begin}{address}{end}\n".encode(), form_of(form, {}))
    assert ("in [rows]" in str(caught.value)) == (form == "text"), str(caught.value)
