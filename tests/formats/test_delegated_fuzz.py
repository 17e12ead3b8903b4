"""Whatever the bytes: only blockc's own errors, and what the plain reader says of them."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blockc.errors import BlockcError
from blockc.formats.delegated.reader import read_delegated
from tests.support.delegated_oracle import require_same_as_plain

CORPUS = Path(__file__).resolve().parents[1] / "corpus" / "delegated"
SEEDS = sorted((CORPUS / "good").glob("*.txt"))
TOKENS = [
    *("", "0", "1", "8", "64", "128", "256", "16777216", "16777217", "4294967296", "00000000"),
    *("20200229", "20190229", "99991231", "1" * 5000, "-1", "+1", "1e3", "1_0", "01", "afrinic"),
    *(
        "apnic",
        "iana",
        "nro",
        "ZZ",
        "zz",
        "EU",
        "U",
        "USA",
        "*",
        "#",
        "asn",
        "ipv4",
        "ipv6",
        "ipv5",
    ),
    *("allocated", "assigned", "available", "reserved", "allocateD", "xllocated", "summary"),
    *("1.2.3.4", "255.255.255.255", "01.2.3.4", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.", "::"),
    *(
        "2001:db8::",
        "2001:DB8::",
        "2001:db8:1:2::",
        "1:2:3:4:5:6:7:8",
        "::1",
        "a::b::",
        "g::",
        "o::",
    ),
    *(
        "12345::",
        ":::",
        "1:::",
        "::ffff:1.2.3.4",
        "2001:db8::\x00",
        "\xa0",
        " ",
        "\t",
        "\r",
        "\x0b",
    ),
]
BYTES = b"|\n\r\t #*.:-+0129afgzAFZ~\x00\x7f\x80\xff"


def mutated(seed: bytes, luck: random.Random) -> bytes:
    """Return `seed` with one to three changes of bytes, fields or lines."""
    for _ in range(luck.randint(1, 3)):
        seed = luck.choice([with_other_byte, with_other_field, with_other_lines])(seed, luck)
    return seed


def with_other_byte(data: bytes, luck: random.Random) -> bytes:
    """Replace, insert or delete a byte, or cut the file."""
    place = luck.randrange(len(data) + 1)
    new = bytes([luck.choice(BYTES)])
    tail = luck.choice([data[place:], data[place + 1 :], data[place + 1 :], data[place + 9 :]])
    return data[:place] if luck.random() < 0.02 else data[:place] + new[luck.randint(0, 1) :] + tail


def with_other_field(data: bytes, luck: random.Random) -> bytes:
    """Replace a field of a line."""
    lines = data.split(b"\n")
    number = luck.randrange(len(lines))
    fields = lines[number].split(b"|")
    fields[luck.randrange(len(fields))] = luck.choice(TOKENS).encode("latin-1")
    lines[number] = b"|".join(fields)
    return b"\n".join(lines)


def with_other_lines(data: bytes, luck: random.Random) -> bytes:
    """Swap, drop or repeat a line."""
    lines = data.split(b"\n")
    here, there = luck.randrange(len(lines)), luck.randrange(len(lines))
    lines[here], lines[there] = lines[there], lines[here]
    lines[here:here] = luck.choice([[], [lines[here]]])
    return b"\n".join(lines)


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.stem)
def test_mutations_of_good_files_are_read_as_the_plain_reader_reads_them(path: Path) -> None:
    luck = random.Random(path.stem)
    seed = path.read_bytes()
    accepted = [require_same_as_plain(mutated(seed, luck)) for _ in range(60)]

    assert any(accepted)
    assert not all(accepted)


@pytest.mark.parametrize("place", range(7))
@pytest.mark.parametrize("path", SEEDS[:2], ids=lambda path: path.stem)
def test_every_token_in_every_field_is_read_as_the_plain_reader_reads_it(
    path: Path, place: int
) -> None:
    lines = path.read_bytes().split(b"\n")
    rows = [n for n, line in enumerate(lines) if line.count(b"|") >= 6 and b"|ipv" in line]
    for number in {rows[0], rows[-1]}:
        for token in TOKENS:
            fields = lines[number].split(b"|")
            fields[place] = token.encode("latin-1")
            changed = [*lines[:number], b"|".join(fields), *lines[number + 1 :]]
            require_same_as_plain(b"\n".join(changed))


@given(st.binary(max_size=200))
@settings(deadline=None, derandomize=True)
def test_arbitrary_bytes_get_a_verdict(data: bytes) -> None:
    with pytest.raises(BlockcError):
        read_delegated("noise", data)


@given(st.lists(st.sampled_from([token.encode("latin-1") for token in TOKENS] + [b"\n"] * 9)))
@settings(deadline=None, derandomize=True, max_examples=300)
def test_arbitrary_fields_after_a_good_head_get_the_same_verdict_as_from_the_plain_reader(
    fields: list[bytes],
) -> None:
    head = b"2|afrinic|1|1|00000000|20181013|00000\nafrinic|*|ipv4|*|1|summary\n"
    row = b"afrinic|ZA|ipv4|41.0.0.0|256|20180101|allocated\n"
    require_same_as_plain(head + row + b"|".join(fields) + b"\n")
