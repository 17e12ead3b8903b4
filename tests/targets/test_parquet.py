"""Parquet files: every byte of them is read, and what no page or footer may say is refused."""

from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

import pytest

from blockc.addresses import FAMILIES
from blockc.errors import SourceSyntaxError
from blockc.targets.data import parquet_ranges
from blockc.targets.data.parquet_ranges import PARQUET
from blockc.targets.syntax.parquet_file import INT64, SIXTEEN_BYTES, ParquetFile
from blockc.targets.syntax.thrift_compact import I32, CompactReader, Struct, encoded
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import replace
from tests.targets.artifacts import prefixes, written

FILES = written(PARQUET, prefixes("10.0.0.0/8", "12.0.0.0/8", "2001:db8::/32", "fd00::/8"))


def with_footer(file: ArtifactFile, old: bytes, new: bytes) -> ArtifactFile:
    """Return a file with something else in its footer, and its length as it then is."""
    size = int.from_bytes(file.data[-8:-4], "little")
    pages, footer = file.data[: -8 - size], file.data[-8 - size : -8]
    assert footer.count(old) >= 1
    footer = footer.replace(old, new)
    return replace(file, data=pages + footer + len(footer).to_bytes(4, "little") + b"PAR1")


def test_whatever_byte_is_changed_the_file_means_another_thing_or_is_refused() -> None:
    """Nothing is skipped: a flipped bit is an error, or another address or text that is said."""
    for number, file in enumerate(FILES):
        before = PARQUET.reader(FILES)
        for at in range(len(file.data)):
            files = list(FILES)
            data = bytearray(file.data)
            data[at] ^= 1 << Random(at).randrange(8)
            files[number] = replace(file, data=bytes(data))
            try:
                after = PARQUET.reader(files)
            except SourceSyntaxError:
                continue
            said = [[(one.what, one.value) for one in reading.found] for reading in (before, after)]
            rules = [
                (r.rules[f].start.tolist(), r.rules[f].last.tolist(), r.rules[f].verdict.tolist())
                for r in (before, after)
                for f in FAMILIES
            ]
            assert said[0] != said[1] or rules[:2] != rules[2:], at


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"first", b"frist", "expected the columns first, last, and verdict or country"),
        (b"verdict", b"actions", "expected the columns first, last, and verdict or country"),
        (b"\x0c00", b"\x0c01", "a footer that says what the page does"),
    ],
)
def test_a_footer_that_lies_is_refused(old: bytes, new: bytes, message: str) -> None:
    if old == b"\x0c00":  # the greatest first address, by which an engine would skip the rows
        old, new = (n.to_bytes(8, "little") for n in (12 << 24, 11 << 24))
    with pytest.raises(SourceSyntaxError, match=message):
        PARQUET.reader([with_footer(FILES[0], old, new), FILES[1]])


def test_a_file_that_is_cut_off_or_longer_is_refused() -> None:
    for data in (FILES[0].data[:-1], FILES[0].data[1:], FILES[0].data + b"PAR1", b"", b"PAR1PAR1"):
        with pytest.raises(SourceSyntaxError):
            PARQUET.reader([replace(FILES[0], data=data), FILES[1]])


FOOTER = len(FILES[0].data) - 8 - int.from_bytes(FILES[0].data[-8:-4], "little")
FOOTS = CompactReader(FILES[0], FOOTER, len(FILES[0].data) - 8).struct()
PAGE = CompactReader(FILES[0], 4, FOOTER).struct()
OTHERWISE = "expected otherwise:"


def assembled(pages: bytes, footer: bytes) -> ArtifactFile:
    """Return a file of pages and a footer."""
    data = b"PAR1" + pages + footer + len(footer).to_bytes(4, "little") + b"PAR1"
    return replace(FILES[0], data=data)


def wrong(file: ArtifactFile) -> str:
    """Return what is told when a file is refused, without the name of the file."""
    with pytest.raises(SourceSyntaxError) as found:
        ParquetFile(file, INT64)
    return str(found.value).partition(": ")[2]


def footed(change: Callable[[dict[int, Any]], object]) -> ArtifactFile:
    """Return the file with another footer."""
    footer = deepcopy(FOOTS)
    change(footer)
    return assembled(FILES[0].data[4:FOOTER], encoded(footer))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.update({4: 1}), f"byte {FOOTER}: {OTHERWISE} two lists"),
        (lambda f: f.update({5: 1}), f"byte {FOOTER}: {OTHERWISE} two lists"),
        (lambda f: f.update({4: []}), f"byte 4: {OTHERWISE} bytes that no page holds"),
        (lambda f: f.update({1: I32(2)}), f"byte {FOOTER}: {OTHERWISE} field 1 of the footer"),
        (lambda f: f.update({3: 9}), f"byte {FOOTER}: {OTHERWISE} field 3 of the footer"),
        (lambda f: f.update({7: []}), f"byte {FOOTER}: {OTHERWISE} field 7 of the footer"),
        (lambda f: f.update({8: 1}), f"byte {FOOTER}: {OTHERWISE} more in the footer"),
        (lambda f: f.update({5: [1]}), f"byte {FOOTER}: {OTHERWISE} the metadata"),
        (lambda f: f.update({5: [{1: b"a"}]}), f"byte {FOOTER}: {OTHERWISE} the metadata"),
        (lambda f: f.update({5: [{1: b"a", 2: 1}]}), f"byte {FOOTER}: expected a text"),
        (lambda f: f.update({6: b"\xff"}), f"byte {FOOTER}: expected a text"),
        (lambda f: f[2].pop(),
         f"byte {FOOTER}: expected the columns first, last, and verdict or country"),
        (lambda f: f.update({4: [1]}), f"byte 4: {OTHERWISE} a row group"),
        (lambda f: f[4][0].update({4: 1}), f"byte 4: {OTHERWISE} a row group"),
        (lambda f: f[4][0].update({1: 1}), f"byte 4: {OTHERWISE} three columns and some rows"),
        (lambda f: f[4][0][1].pop(), f"byte 4: {OTHERWISE} three columns and some rows"),
        (lambda f: f[4][0].update({3: 0}), f"byte 4: {OTHERWISE} three columns and some rows"),
        (lambda f: f[4][0].update({3: b"2"}), f"byte 4: {OTHERWISE} three columns and some rows"),
        (lambda f: f[4][0].update({2: 1}), f"byte 4: {OTHERWISE} the size of a row group"),
        (lambda f: f[4][0].update({3: 3}), f"byte 4: {OTHERWISE} a plain page"),
        (lambda f: f[4][0][1][0][3].update({5: 3}),
         f"byte 4: {OTHERWISE} a footer that says what the page does"),
    ],
)  # fmt: skip
def test_a_footer_says_what_the_pages_do(
    change: Callable[[dict[int, Any]], object], message: str
) -> None:
    ParquetFile(footed(lambda _: None), INT64)
    assert wrong(footed(change)) == message


def test_a_file_needs_no_metadata() -> None:
    file = ParquetFile(footed(lambda f: f.pop(5)), INT64)
    assert file.about == {"metadata": {}, "creator": FOOTS[6].decode()}


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({1: I32(1)}, "a plain page"),
        ({3: I32(15)}, "a plain page"),
        ({2: 16, 3: 16}, "the size of a page"),  # a number of 64 bits is another type
        ({2: I32(-1), 3: I32(-1)}, "the size of a page"),
        ({2: I32(FOOTER), 3: I32(FOOTER)}, "the size of a page"),
        ({2: I32(8), 3: I32(8)}, "a value for each row"),
        ({2: I32(0), 3: I32(0)}, "a value for each row"),
    ],
)
def test_a_page_has_a_value_for_each_row(header: dict[int, Any], message: str) -> None:
    pages = encoded({**PAGE, **header}) + FILES[0].data[4 + len(encoded(PAGE)) : FOOTER]
    assert wrong(assembled(pages, encoded(FOOTS))) == f"byte 4: {OTHERWISE} {message}"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"\5\0\0\0block", b"\6\0\0\0block", f"{OTHERWISE} a text for each row"),
        (b"\5\0\0\0block", b"\4\0\0\0bloc\0", f"{OTHERWISE} no more texts than rows"),
        (b"\5\0\0\0block", b"\5\0\0\0bl\xffck", "expected a text"),
    ],
)
def test_the_last_column_is_a_text_for_each_row(old: bytes, new: bytes, message: str) -> None:
    before = FILES[0].data[4:FOOTER]
    at = before.rindex(old)  # the second row
    place = at + 4 + (8 if b"bloc\0" in new else 0)
    pages = before[:at] + new[: len(old)] + before[at + len(old) :]
    assert wrong(assembled(pages, encoded(FOOTS))) == f"byte {place}: {message}"


def test_a_file_is_whole() -> None:
    data = FILES[0].data
    size = int.from_bytes(data[-8:-4], "little")
    longer = data[:-8] + b"\0" + (size + 1).to_bytes(4, "little") + b"PAR1"
    told = f"byte {len(data) - 8}: {OTHERWISE} the end of the footer"
    assert wrong(replace(FILES[0], data=longer)) == told
    for cut in (b"", b"PAR1", b"PAR1PAR1", b"PAR1\1\0\0\0PAR1", data[:-1], data[1:]):
        assert wrong(replace(FILES[0], data=cut)) == "byte 0: not a Parquet file, or cut off"
    assert wrong(replace(FILES[0], data=b"PAR1\0\0\0\0PAR1")) == "byte 4: cut off"


def test_a_list_of_nothing_has_no_row_group() -> None:
    for file, addresses in zip(written(PARQUET, prefixes()), (INT64, SIXTEEN_BYTES), strict=True):
        read = ParquetFile(file, addresses)
        assert (read.words, read.places, len(read.first), len(read.last)) == ([], [], 0, 0)
        assert read.column == "verdict"


def test_all_row_groups_are_read_and_each_row_knows_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parquet_ranges, "_ROWS", 2)
    addresses = prefixes(*(f"{n}.0.0.0/8" for n in (2, 4, 6, 8, 10)))
    files = written(PARQUET, addresses)
    read = ParquetFile(files[0], INT64)
    assert read.words == ["block"] * 5
    for row, n in enumerate((2, 4, 6, 8, 10)):
        at = read.places[row]
        assert int.from_bytes(files[0].data[at : at + 8], "little") == n << 24
    assert len(read.places) == 5
    assert PARQUET.reader(files).rules[FAMILIES[0]].start.tolist() == [
        n << 24 for n in (2, 4, 6, 8, 10)
    ]


STRUCTURES = [
    (b"\0", {}),
    (b"\x15\2\0", {1: I32(1)}),
    (b"\x15\1\x16\4\0", {1: I32(-1), 2: 2}),  # a field is told by its step from the one before
    (b"\x35\x7e\x66\x80\1\0", {3: I32(63), 9: 64}),  # seven bits in a byte, the least first
    (b"\x15\xff\xff\xff\xff\x0f\0", {1: I32(-(1 << 31))}),
    (b"\x16" + b"\xff" * 9 + b"\1\0", {1: -(1 << 63)}),
    (b"\x28\2ab\x18\0\0", {2: b"ab", 3: b""}),
    (b"\x18\xc8\1" + b"x" * 200 + b"\0", {1: b"x" * 200}),
    (b"\x19\x0c\0", {1: []}),
    (b"\x19\x26\2\4\0", {1: [1, 2]}),
    (b"\x19\x16\x7f\0", {1: [-64]}),
    (b"\x19\xe8" + b"\1a" * 14 + b"\0", {1: [b"a"] * 14}),
    (b"\x19\xf8\x0f" + b"\1a" * 15 + b"\0", {1: [b"a"] * 15}),  # its length is a number now
    (b"\x1c\x15\2\0\x19\x2c\0\x15\2\0\0", {1: {1: I32(1)}, 2: [{}, {1: I32(1)}]}),
    (b"\x1c" * 8 + b"\0" * 9, {1: {1: {1: {1: {1: {1: {1: {1: {}}}}}}}}}),
]


@pytest.mark.parametrize(("data", "struct"), STRUCTURES)
def test_structures_have_the_bytes_of_the_specification(data: bytes, struct: Struct) -> None:
    assert encoded(struct) == data
    reader = CompactReader(ArtifactFile("x", b"..." + data + b"..."), 3, 3 + len(data))
    assert reader.struct() == struct
    assert reader.at == 3 + len(data)


def test_a_text_is_its_bytes() -> None:
    assert encoded({1: "ä"}) == encoded({1: "ä".encode()})


def test_structures_are_read_as_they_are_written() -> None:
    struct = {1: I32(-3), 2: 1 << 40, 5: b"\xff", 9: [I32(n) for n in range(20)], 10: {1: {}}}
    data = encoded(struct)
    reader = CompactReader(ArtifactFile("x", data), 0, len(data))
    assert reader.struct() == struct
    assert reader.at == len(data)


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (b"", "byte 3: cut off"),
        (b"\x15", "byte 4: cut off"),
        (b"\x18\2a", "byte 5: cut off"),
        (b"\x18\2ab", "byte 7: cut off"),
        (b"\x19\x2c\0\0", "byte 7: cut off"),
        (b"\x19\x2c\0", "byte 5: a list that is longer than the file"),
        (b"\x19\xf5\xff\xff\xff\x0f", "byte 9: a list that is longer than the file"),
        (b"\x15" + b"\x80" * 10 + b"\0", "byte 14: a number that is too long"),
        (b"\x05\x00\x00", "byte 4: a field without a step from the one before"),
        (b"\x11\x00", "byte 4: a value of type 1, which is not read"),
        (b"\x19\x11\0", "byte 5: a value of type 1, which is not read"),
        (b"\x1c" * 9 + b"\0" * 10, "byte 12: nested too deep"),
        (b"\x19\x1c" * 9 + b"\0" * 10, "byte 13: nested too deep"),
    ],
)
def test_bytes_that_are_no_structure_are_refused_where_they_stand(data: bytes, wrong: str) -> None:
    """Nothing is read of what is behind the place where the structure must end."""
    reader = CompactReader(ArtifactFile("x", b"..." + data + b"\2\0\0\0"), 3, 3 + len(data))
    with pytest.raises(SourceSyntaxError) as found:
        reader.struct()
    assert str(found.value) == f"x: {wrong}"
