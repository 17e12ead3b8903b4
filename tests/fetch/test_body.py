"""A body is unpacked up to its cap, and refused where it is damaged, empty or a page."""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockc.fetch.http.messages import FetchFailed, TooBig
from blockc.fetch.http.response_body import plain_body

TEXT = b"2|apnic|20181013|1\n" * 50
PACKERS = [gzip.compress, lzma.compress, bz2.compress]
PAGES = [
    b"<html>",
    b"  \r\n<!DOCTYPE html>\n<html>",
    b"<?xml version='1.0'?><Error/>",
    b"<HEAD><TITLE>Found",
]


@pytest.mark.parametrize("pack", PACKERS)
def test_what_carries_no_label_is_known_by_its_first_bytes(pack: Callable[[bytes], bytes]) -> None:
    assert plain_body(pack(TEXT), "", 10_000) == TEXT
    assert plain_body(pack(TEXT[:100]) + pack(TEXT[100:]), "", 10_000) == TEXT
    assert plain_body(gzip.compress(pack(TEXT)), "gzip", 10_000) == TEXT


@pytest.mark.parametrize("label", ["gzip", "GZIP", "x-gzip", " gzip ", "identity, gzip"])
def test_a_label_says_how_the_body_is_packed(label: str) -> None:
    assert plain_body(gzip.compress(TEXT), label, 10_000) == TEXT


def test_labels_are_undone_in_reverse() -> None:
    assert plain_body(gzip.compress(gzip.compress(TEXT)), "gzip, gzip", 10_000) == TEXT
    assert plain_body(TEXT, "identity", 10_000) == TEXT


@pytest.mark.parametrize("label", ["deflate", "br", "zstd", "gzip, br", "\x1b[31m"])
def test_a_label_nobody_asked_for_is_refused(label: str) -> None:
    with pytest.raises(FetchFailed, match="asked for gzip or none") as caught:
        plain_body(zlib.compress(TEXT), label, 10_000)
    assert not caught.value.retryable


@pytest.mark.parametrize("pack", PACKERS)
def test_packed_data_that_was_cut_or_changed_may_heal(pack: Callable[[bytes], bytes]) -> None:
    packed = pack(TEXT)
    for bad in (packed[:-1], packed[: len(packed) // 2], packed[:20] + b"!" + packed[21:]):
        with pytest.raises(FetchFailed, match=r"ends too early|is damaged") as caught:
            plain_body(bad, "", 10_000)
        assert caught.value.retryable


@pytest.mark.parametrize("pack", PACKERS)
def test_a_bomb_is_stopped_at_the_cap(pack: Callable[[bytes], bytes]) -> None:
    assert len(plain_body(pack(b"x" * 1000), "", 1000)) == 1000
    for size in (1001, 50_000_000):
        with pytest.raises(TooBig, match="is longer than 1,000 bytes"):
            plain_body(pack(b"x" * size), "", 1000)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_refused_packed_or_not(page: bytes) -> None:
    for body, label in ((page, ""), (gzip.compress(page), ""), (gzip.compress(page), "gzip")):
        with pytest.raises(FetchFailed, match="a web page in place of the file"):
            plain_body(body, label, 1000)


@pytest.mark.parametrize("body", [b"<5\n", b"# <html>\n192.0.2.1\n", b"192.0.2.1 <html>\n"])
def test_what_only_mentions_a_page_is_none(body: bytes) -> None:
    assert plain_body(body, "", 1000) == body


@pytest.mark.parametrize("body", [b"", b"\n \r\n", gzip.compress(b"", mtime=0)])
def test_an_empty_body_is_refused(body: bytes) -> None:
    with pytest.raises(FetchFailed, match="an empty file"):
        plain_body(body, "", 1000)


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\0"]))
def test_any_bytes_are_a_body_or_a_failure(rest: bytes, magic: bytes) -> None:
    for label in ("", "gzip"):
        with suppress(FetchFailed):
            assert len(plain_body(magic + rest, label, 150)) <= max(150, len(magic + rest))
