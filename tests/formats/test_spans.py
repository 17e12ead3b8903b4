"""Many texts at once are read as each of them is read alone, each in its place."""

import random

import pytest

from blockc.addresses import columns
from blockc.addresses.family import FAMILIES, V4, V6, Family
from blockc.addresses.human_forms import parse_written
from blockc.addresses.lines import Decoded, decode_lines, decode_texts, shifted
from blockc.formats.parsing.acceptance import _holds_block
from blockc.formats.parsing.assembly import duplicate_spans, narrowest_rows

PIECES = (
    *("1.2.3.4", "1.2.3.0/24", "1.2.3.4/24", "10.0.0.0-10.0.0.9", "1.2.3.*", "1.2.0.0/255.255.0.0"),
    *(
        "2a00::1",
        "2a00:1450::/32",
        "2a00::/33",
        "2a00::-2a00::5",
        "::ffff:1.2.3.4",
        "::/0",
        "x",
        "",
    ),
    *("1.2.3.4 # x", "1.2.3.4;", " 1.2.3.4\t", "1.2.3.4\n", "\ud800", "1.2.3.4\xa0", "9" * 300),
)
Found = list[tuple[int, Family, int, int]]


def found(decoded: Decoded) -> Found:
    """Return position, family, first and last of all that was read, by position."""
    rows = [
        (position, family, first, last)
        for family in FAMILIES
        for position, first, last in zip(
            decoded.positions[family].tolist(),
            columns.ints(family, decoded.spans[family][0]),
            columns.last_ints(family, decoded.spans[family][1]),
            strict=True,
        )
    ]
    return sorted(rows, key=lambda row: row[0])


def alone(texts: list[str], *, truncate: bool) -> tuple[Found, list[int]]:
    """Return what each text says alone, and the positions of those that say nothing."""
    rows, wrong = [], []
    for position, text in enumerate(texts):
        try:
            if len(text) > 200:
                raise ValueError
            rows.append((position, *parse_written(text.strip(" \t\v\f"), truncate=truncate)))
        except ValueError:
            wrong.append(position)
    return rows, wrong


@pytest.mark.parametrize("truncate", [False, True])
@pytest.mark.parametrize("seed", range(150))
def test_texts_are_read_as_each_is_read_alone(seed: int, *, truncate: bool) -> None:
    luck = random.Random(seed)
    few = luck.sample(PIECES, luck.randint(1, 6))
    texts = [luck.choice(few) for _ in range(luck.randint(0, 12))]
    decoded = decode_texts(texts, truncate=truncate)
    rows, wrong = alone(texts, truncate=truncate)

    assert found(decoded) == rows, texts
    assert decoded.wrong.positions.tolist() == wrong, texts
    assert [one.text for one in decoded.wrong.first] == [texts[n].strip(" \t\v\f") for n in wrong]
    assert decoded.count == len(rows)


@pytest.mark.parametrize("seed", range(80))
def test_lines_are_read_as_each_is_read_alone_without_its_comment(seed: int) -> None:
    luck = random.Random(seed)
    pieces = [piece for piece in PIECES if "\n" not in piece and piece != "\ud800"]
    lines = [luck.choice(pieces) for _ in range(luck.randint(1, 12))]
    bodies = [line.partition("#")[0].partition(";")[0] for line in lines]
    decoded = decode_lines("".join(f"{line}\n" for line in lines).encode())
    rows, wrong = alone(bodies, truncate=False)

    assert found(decoded) == rows, lines
    assert decoded.wrong.positions.tolist() == [n for n in wrong if bodies[n].strip()]


def test_parts_are_put_one_behind_the_other() -> None:
    one, two = decode_texts(["1.2.3.4", "x", "2a00::/32"]), decode_texts(["2a00::1", "5.6.7.8"])
    both = decode_texts(["1.2.3.4", "x", "2a00::/32", "2a00::1", "5.6.7.8"])
    joined = shifted([(one, 0), (two, 3)])

    assert found(joined) == found(both)
    assert joined.wrong.positions.tolist() == both.wrong.positions.tolist()
    assert joined.wrong.first == both.wrong.first


# ---- rows that overlap ---------------------------------------------------------------------------


@pytest.mark.parametrize("base", [1 << 24, (0x2A00 << 112) + (1 << 64) - 20], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("seed", range(60))
def test_the_narrowest_row_counts_at_every_address(seed: int, base: int) -> None:
    luck, family = random.Random(seed), V4 if base < 1 << 32 else V6
    rows = []
    for _ in range(luck.randint(1, 9)):
        first = luck.randrange(40)
        rows.append((base + first, base + luck.randrange(first, 40)))
    spans, order = narrowest_rows(family, columns.span_columns(family, rows))
    firsts, lasts = columns.ints(family, spans[0]), columns.last_ints(family, spans[1])

    assert sorted(firsts) == firsts
    here = {
        address: row
        for first, last, row in zip(firsts, lasts, order.tolist(), strict=True)
        for address in range(first, last + 1)
    }
    for address in range(base, base + 40):
        holding = [n for n, (first, last) in enumerate(rows) if first <= address <= last]
        size = {n: rows[n][1] - rows[n][0] for n in holding}
        wanted = max((n for n in holding if size[n] == min(size.values())), default=None)
        assert here.get(address) == wanted, f"{rows} at {address - base}"


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_twins_are_rows_of_one_span(family: Family) -> None:
    rows = [(5, 9), (5, 8), (5, 9), (6, 9), (5, 9)]
    one, other = duplicate_spans(columns.span_columns(family, rows))
    assert list(zip(one.tolist(), other.tolist(), strict=True)) == [(0, 2), (2, 4)]


# ---- rows that are too wide ----------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@pytest.mark.parametrize("fine", [False, True])
def test_a_span_holds_a_block_just_if_one_lies_within_it(family: Family, *, fine: bool) -> None:
    luck = random.Random(f"{family}{fine}")
    unit = 0 if fine else family.grain
    for _ in range(2000):
        length = luck.choice([0, 1, 7, 8, 15, 16, 31, *([47, 63] if family == V6 else [])])
        size = 1 << (family.width - length)
        at = luck.choice([0, size, 3 * size, family.size - size, luck.randrange(family.size)])
        first = max(0, min(at + luck.choice([-1, 0, 1]), family.last)) >> unit << unit
        wide = luck.choice([1, size - 1, size, size + 1, 2 * size, 2 * size - 1])
        last = min(first + wide, family.last) | ((1 << unit) - 1)
        spans = columns.span_columns(family, [(first, last)])
        begin = -(-first // size) * size
        holds = _holds_block(family, *spans, length)
        assert bool(holds[0]) == (begin + size - 1 <= last), (first, last, length)
