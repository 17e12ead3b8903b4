"""Parquet files: every byte of them is read, and what no page or footer may say is refused."""

from random import Random

import pytest

from blockc.addresses import FAMILIES
from blockc.errors import SourceSyntaxError
from blockc.targets.data.parquet_ranges import PARQUET
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
