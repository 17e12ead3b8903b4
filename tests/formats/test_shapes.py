"""Files of mistakes cost no more than files of addresses: all are counted, the first are told."""

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from blockc.addresses import fast_parse, lines, plain_text, wrong_texts
from blockc.addresses.lines import decode_texts, read_spans
from blockc.addresses.wrong_texts import MOST_SHOWN, NO_WRONG, Wrong, WrongTexts
from blockc.errors import BlockcError, SourceMistakes, SourceSyntaxError
from blockc.formats.delegated import text_pieces
from blockc.formats.delegated.reader import read_delegated
from blockc.formats.format_table import FORMATS, form_of
from blockc.registries.as_numbers import read_as_numbers

SIZE = 1 << 15  # enough for several of the pieces that files are read in here
HEAD = b"2|afrinic|20181013|0|00000000|20181013|00000\n"


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast_parse, "_CHUNK", 1 << 13)
    monkeypatch.setattr(lines, "_BATCH", 1 << 11)
    monkeypatch.setattr(lines, "MOST_PLACES", 1 << 11)
    monkeypatch.setattr(wrong_texts.WrongTexts.cut, "__defaults__", (1 << 11,))
    monkeypatch.setattr(plain_text, "_BATCH", 1 << 11)
    monkeypatch.setattr(text_pieces, "_PIECE_BYTES", 1 << 13)


def growth(read: Callable[[bytes], object], piece: bytes, head: bytes = b"") -> float:
    """Return how many bytes of memory more `read` has for a byte more of a file of pieces."""
    peaks = []
    for size in (SIZE, 3 * SIZE):
        data = head + piece * (size // len(piece))
        tracemalloc.start()
        with pytest.raises(BlockcError):
            read(data)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    return (peaks[1] - peaks[0]) / (2 * SIZE)


@pytest.mark.parametrize("piece", [b"x\n", b"1.2.3.256\n", b'""\n', b"x:x:x\n"])
def test_a_list_of_mistakes_takes_little_memory(piece: bytes) -> None:
    assert growth(lambda data: read_spans("f", data), piece) < 12


@pytest.mark.parametrize("piece", [b"x\n", b"ab\n"])
def test_of_short_lines_fewer_bytes_are_read_at_a_time(
    piece: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast_parse, "_CHUNK", 1 << 17)
    monkeypatch.setattr(text_pieces, "_PIECE_BYTES", 1 << 17)
    for read, head in ((read_spans, b""), (read_delegated, HEAD)):
        data = head + piece * ((1 << 17) // len(piece))
        tracemalloc.start()
        with pytest.raises(BlockcError):
            read("f", data)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 18 * len(data)


@pytest.mark.parametrize(
    ("format_name", "rows", "piece"),
    [
        ("text", {"lists": "as-numbers"}, b'""\n'),
        ("exit-list", {}, b'"" '),
        ("json-lines", {"prefix": "cidr"}, b"{}\n"),
        # Of short texts that are alike one is kept.
        ("csv", {"columns": ("prefix", "country")}, b'"\n'),
        ("geofeed", {}, b'"\n'),
        ("text", {"lists": "as-numbers"}, b"\xff\n"),
        ("text", {"lists": "as-numbers"}, b"abc\n"),
    ],
)
def test_lines_of_few_characters_take_little_memory(
    format_name: str, rows: dict[str, object], piece: bytes
) -> None:
    options = form_of(format_name, rows)
    read = FORMATS[format_name].read
    assert growth(lambda data: read("f", data + b"\n", options), piece) < 16


@pytest.mark.parametrize("piece", [b"x\n", b"xx\n"])
def test_a_geofeed_of_short_broken_lines_takes_little_memory(piece: bytes) -> None:
    options = form_of("geofeed", {})
    read = FORMATS["geofeed"].read
    with pytest.raises(BlockcError):
        read("f", piece, options)  # what is imported for it is not counted
    assert growth(lambda data: read("f", data, options), piece) < 19


def test_rows_of_a_geofeed_that_are_alike_are_painted_once() -> None:
    options = form_of("geofeed", {})
    read = FORMATS["geofeed"].read
    with pytest.raises(BlockcError, match="special-purpose"):
        read("f", b"::\n", options)  # what is imported for it is not counted
    assert growth(lambda data: read("f", data, options), b"::\n") < 60


def test_of_very_many_different_texts_the_first_are_kept_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plain_text, "_MOST_KNOWN", 2)
    once = plain_text.keeping_once()
    texts, again = ([f"a{mark}" for mark in "123"] for _ in range(2))
    assert [once(text) for text in texts] == texts
    found = [once(text) for text in again]
    assert found == texts
    assert [one is first for one, first in zip(found, texts, strict=True)] == [True, True, False]


@pytest.mark.parametrize(
    ("format_name", "columns", "piece", "head"),
    [
        ("csv", ("prefix", "country"), b"1,", b""),
        ("csv", ("prefix", "country"), b",\n", b"," * 1000 + b"\n"),
        ("csv", {"prefix": "a"}, b"xx\n", b"a,b\n"),
        ("geofeed", (), b"xyz,\n", b"," * 1000 + b"\n"),
        ("csv", ("prefix", "country"), b'""\n', b""),
        ("geofeed", (), b'""\n', b""),
    ],
)
def test_a_table_of_odd_rows_takes_little_memory(
    format_name: str, columns: object, piece: bytes, head: bytes
) -> None:
    options = form_of(format_name, {"columns": columns} if columns else {})
    read = FORMATS[format_name].read
    # The last row is complete, so that the whole table is looked at.
    assert growth(lambda data: read("f", data + b"\n", options), piece, head) < 30


@pytest.mark.parametrize("piece", [b"x\n", b"|\n", b"a|b|c|d\n"])
def test_a_delegated_file_of_mistakes_takes_little_memory(piece: bytes) -> None:
    assert growth(lambda data: read_delegated("f", data), piece, HEAD) < 20


def test_of_very_many_bad_lines_all_are_counted_and_the_first_are_told() -> None:
    with pytest.raises(SourceMistakes) as caught:
        read_spans("f", b"1.2.3.4\n" + b"x\n" * 20_000 + b"1.2.3.256\n")

    assert [one.at.line for one in caught.value.errors[:-1] if one.at] == [*range(2, 22)]
    assert str(caught.value.errors[-1]) == "f: 19,981 more bad lines"


def test_of_a_delegated_file_of_bad_lines_all_are_counted() -> None:
    bad = b"x\n" + b"\n \n# x\n" + b"a|b\n" * 19_998 + b"afrinic|ZA|ipv4|x|2|20180101|allocated\n"
    with pytest.raises(SourceSyntaxError, match="f:2:1: expected at least 7 fields, found 1") as it:
        read_delegated("f", HEAD + bad)

    assert it.value.hint.startswith("19,999 more bad lines, ")


def test_why_a_line_is_wrong_is_asked_about_few_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def advice(text: str) -> str:
        asked.append(text)
        return ""

    monkeypatch.setattr(lines, "advice", advice)
    decoded = decode_texts(["1.2.3.256"] * 20_000)

    assert len(decoded.wrong) == 20_000
    assert len(asked) < 1000


def test_of_more_wrong_texts_than_may_be_left_out_none_but_the_number_is_kept() -> None:
    few = WrongTexts.of(np.arange(3_000), lambda position: Wrong(position, "", "", ""))
    assert (len(few.positions), few.more, len(few)) == (1 << 11, 3_000 - (1 << 11), 3_000)
    both = WrongTexts.joined([few, few.raised(5_000)]).moved(np.arange(10_000))
    assert (len(both.positions), len(both)) == (1 << 11, 6_000)
    assert len(decode_texts(["x"] * 6_000).wrong) == 6_000


def test_texts_that_are_wrong_in_several_ways_are_one_each() -> None:
    def told(*positions: int, why: str) -> WrongTexts:
        places = np.array(positions, dtype=np.int64)
        return WrongTexts.of(places, lambda position: Wrong(position, "", why, ""))

    both = WrongTexts.joined([told(1, 5, why="a"), told(0, 5, 7, why="b")])
    assert both.positions.tolist() == [0, 1, 5, 7]
    assert [one.message for one in both.first] == ["b", "a", "a", "b"]
    assert both.moved(np.array([3, 3, 0, 0, 0, 4, 0, 4])).positions.tolist() == [3, 4]
    assert len(WrongTexts.joined([NO_WRONG])) == 0
    assert len(told(*range(100), why="").first) == MOST_SHOWN


@pytest.mark.parametrize("bad", [200, 201])
def test_of_bad_rows_that_may_be_left_out_every_one_is(bad: int) -> None:
    rows = [f"11.{n >> 8}.{n & 255}.0/24,DE\n" for n in range(20_000)]
    rows[100 : 100 + bad] = ["x,DE\n"] * bad
    options = form_of("csv", {"columns": ("prefix", "country"), "bad_rows": "skip"})
    data = "".join(rows).encode()
    if bad * 100 > len(rows):
        with pytest.raises(SourceSyntaxError, match="201 of 20,000 rows cannot be read"):
            FORMATS["csv"].read("f", data, options)
    else:
        assert FORMATS["csv"].read("f", data, options).records == len(rows) - bad


def test_a_list_of_mistakes_in_place_of_as_numbers_is_told_as_its_first_lines_and_a_count() -> None:
    assert growth(lambda data: read_as_numbers("f", data), b"x\n") < 20
    with pytest.raises(SourceMistakes) as refused:
        read_as_numbers("f", b"x\n" * 1000 + b"7" * 1000 + b"\n")
    assert str(refused.value.errors[-1]) == "f: 981 more bad lines"
    assert len(refused.value.errors) == MOST_SHOWN + 1
    assert read_as_numbers("f", b"AS7\n# 8\n\n9\n") == [7, 9]
