"""Whole lists: the decoders say what the slow reader says, and errors name their line."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blockc.addresses import columns, fast_parse
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import FAMILIES, V4, V6, Family
from blockc.addresses.human_forms import parse_written, without_zeros
from blockc.addresses.lines import (
    address_texts,
    last_texts,
    prefix_lines,
    prefix_texts,
    read_spans,
)
from blockc.addresses.prefixes import Prefixes
from blockc.errors import BlockcError, SourceMistakes, SourceSyntaxError, SourceUnfit
from tests.addresses.oracle import Range
from tests.addresses.random_ranges import some_address, some_ranges
from tests.addresses.toy import EDGES, TOY, address_set, pairs

Read = dict[Family, list[Range]]
LINES = (
    b"1.2.3.4",
    b"10.0.0.0/8",
    b"255.255.255.255/32",
    b"0.0.0.0/0",
    b"0.0.0.0",
    b"1.2.3.4-1.2.3.9",
    b"198.51.100.7 - 198.51.100.9",
    b"10.1.2.3/8",
    b"2001:db8::/32",
    b"2001:DB8::1",
    b"::1",
    b"::/0",
    b"1::-2::",
    b"::ffff:1.2.3.4",
    b"::ffff:0:0/96",
    b"# a comment",
    b"; another",
    b"",
    b"   \t",
    b"  3.3.3.3",
    b"192.0.2.0/24 ; SBL1",
    b"192.0.2.1\t# why",
    b"192.0.2.1#",
    b"192.0.2.1 # 1 ; 198.51.100.1",
    b"192.0.2.1 ; was 198.51.100.1",
    b"; 198.51.100.1 ; 198.51.100.2",
    b"2001:db8::/48 # why",
)
HIDING = (
    b"192.0.2.1;198.51.100.1",
    b"192.0.2.1 ; 2001:db8::/32, x # 198.51.100.1",
)
SPICE = b"0123456789./-\n:#; \tabcdefF%\r\x00\x0b\x1a*\xb1\xff"


def slow(data: bytes, *, truncate: bool) -> Read | int:
    """Return what the list means, line by line, or the number of the first bad line."""
    found: Read = {V4: [], V6: []}
    data = data.removeprefix(b"\xef\xbb\xbf")  # a byte order mark
    for number, line in enumerate(data.replace(b"\r\n", b"\n").split(b"\n"), start=1):
        body = line.partition(b"#")[0].partition(b";")[0].strip()
        if body and hides_entry(line):
            return number
        if body:
            try:
                text = body.decode("utf-8", "backslashreplace")
                family, *one = parse_written(text, truncate=truncate)
            except ValueError:
                return number
            found[family].append((one[0], one[1]))
    return {family: sorted(rows) for family, rows in found.items()}


def hides_entry(line: bytes) -> bool:
    """Return whether a part of the remark behind `;` is an entry, or begins a row of them."""
    remark = line.partition(b"#")[0].partition(b";")[2].decode("utf-8", "backslashreplace")
    for part in remark.replace(",", ";").split(";"):
        words = part.split() if not set(part) - set("0123456789abcdefABCDEF.:/-* \t\r") else []
        try:
            parse_written(without_zeros(words[0]) if words else "", truncate=True)
        except ValueError:
            continue
        return True
    return False


def fast(data: bytes, *, truncate: bool) -> Read | int:
    """Return the same from the reader under test."""
    try:
        found = read_spans("list", data, truncate=truncate)
    except SourceMistakes as mistakes:
        return line_of(mistakes.errors[0])
    except SourceSyntaxError as error:
        return line_of(error)
    except SourceUnfit:
        return 0
    return {family: sorted(pairs(family, found[family])) for family in FAMILIES}


def line_of(error: BlockcError) -> int:
    return error.at.line if error.at else 0


def require_same(data: bytes) -> None:
    if fast(data, truncate=False) == 0 or b"\0" in data:
        return  # no plain text at all: see the tests of plain texts
    for truncate in (False, True):
        assert fast(data, truncate=truncate) == slow(data, truncate=truncate), data


def mutated(random: Random) -> bytes:
    """Return a few good lines with a few characters changed, added or taken away."""
    text = bytearray(b"\n".join(random.choice(LINES + HIDING) for _ in range(random.randrange(6))))
    text += random.choice((b"", b"\n", b"\r\n"))
    for _ in range(random.choice((0, 1, 1, 2, 3))):
        at = random.randrange(len(text) + 1)
        cut = random.choice((0, 0, 1))
        text[at : at + cut] = random.choice((b"", bytes([random.choice(SPICE)])))
    return bytes(text)


@pytest.mark.parametrize("line", LINES + HIDING)
def test_every_kind_of_line_is_read_as_the_slow_reader_reads_it(line: bytes) -> None:
    for data in (line, line + b"\n", line + b"\r\n", b"\n" + line + b"\n\n", line + b"\n" + line):
        require_same(data)


@pytest.mark.parametrize("seed", range(40))
def test_mutated_lists_are_read_as_the_slow_reader_reads_them(seed: int) -> None:
    random = Random(seed)
    for _ in range(60):
        require_same(mutated(random))


@settings(deadline=None, derandomize=True)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_as_the_slow_reader_reads_them(data: bytes) -> None:
    require_same(data)


@settings(deadline=None, derandomize=True)
@given(st.text(st.sampled_from("0123456789./-"), max_size=25))
def test_anything_like_ipv4_is_read_as_the_slow_reader_reads_it(text: str) -> None:
    require_same(f"192.0.2.1\n{text}\n192.0.2.2/31\n".encode())


@settings(deadline=None, derandomize=True)
@given(st.text(st.sampled_from("0123456789abcdef::/.-"), max_size=45))
def test_anything_like_ipv6_is_read_as_the_slow_reader_reads_it(text: str) -> None:
    require_same(f"2001:db8::1\n{text}\n".encode())


def test_every_field_of_three_characters_is_read_as_the_slow_reader_reads_it() -> None:
    alphabet = "0129./-\n:"
    for a in alphabet:
        for b in alphabet:
            for c in alphabet:
                require_same(f"7.{a}{b}{c}.9.1\n{a}{b}{c}".encode())


@pytest.mark.parametrize("size", [1, 7, 16, 17, 18, 19, 40])
def test_the_size_of_chunks_changes_nothing(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(size)
    monkeypatch.setattr(fast_parse, "_CHUNK", size)
    for _ in range(60):
        require_same(mutated(random))


def test_a_list_of_many_chunks_keeps_every_line_and_its_number() -> None:
    rows = [f"{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}.0/24" for n in range(30_000)]
    data = "\n".join([*rows[:20_000], "# middle", *rows[20_000:]]).encode()
    found = read_spans("list", data)
    assert pairs(V4, found[V4]) == [(n << 8, n << 8 | 255) for n in range(30_000)]
    with pytest.raises(SourceSyntaxError, match=r"^list:30002:1: 'oops' is not an address"):
        read_spans("list", data + b"\noops\n")


def test_lists_of_both_families_and_all_forms_come_out_whole() -> None:
    data = b"\n".join(line for line in LINES if line != b"10.1.2.3/8")
    found = AddrSet.of_spans(read_spans("list", data))
    assert found.count_of(V4) == 2**32
    assert found.count_of(V6) == 2**128
    assert read_spans("list", b"")[V4][0].dtype == np.uint64
    assert not AddrSet.of_spans(read_spans("list", b"# nothing\n"))


EXPECTED = "expected an address, a prefix or a range"
ERRORS = {
    b"1.2.3.4\n# c\n  10.0.0.256/8 # x\n": """\
l:3:3: '10.0.0.256' is not an address; one of its numbers is over 255
      10.0.0.256/8 # x
      ^^^^^^^^^^^^""",
    b"10.1.2.3/8": """\
l:1:1: 10.1.2.3/8 has host bits set, the prefix is 10.0.0.0/8; correct it, or have host bits cleared
    10.1.2.3/8
    ^^^^^^^^^^""",
    b"\xff\x1b[31m": f"""\
l:1:1: '\\\\xff\\x1b[31m' is not an address; {EXPECTED}
    \\xff\\x1b[31m
    ^^^^^^^^^^^^""",
}


@pytest.mark.parametrize("data", ERRORS)
def test_an_error_shows_the_line_and_where_in_it(data: bytes) -> None:
    with pytest.raises(SourceSyntaxError) as caught:
        read_spans("l", data)
    assert str(caught.value) == ERRORS[data]
    assert caught.value.exit_code == 3


def test_the_first_bad_line_is_the_one_that_is_named() -> None:
    for bad in (b"x", b"1.2.3.4/33", b"::g", b"1.2.3.4-1.2.3.3", b"10.0.0.1/8", b"1 2"):
        data = b"1.1.1.1\n::1\n# c\n" + bad + b"\nworse\n1.1.1.256\n"
        assert fast(data, truncate=False) == 4


def test_a_range_of_prefixes_is_no_range() -> None:
    for line in ("1.2.3.0-1.2.3.0/24", "1.2.3.4-1.2.3.5/32", "1.2.3.4/32-1.2.3.5", "::-::/64"):
        assert fast(line.encode(), truncate=False) == fast(line.encode(), truncate=True) == 1


def test_junk_far_behind_an_address_is_not_overlooked() -> None:
    for good in (b"1.2.3.4", b"1.2.3.4-1.2.3.5", b"::1", b"::/0"):
        for gap in (1, 190, 200, 300, 200_000):
            assert fast(good + b" " * gap + b"junk", truncate=False) == 1
            assert isinstance(fast(good + b" " * gap + b"# junk", truncate=False), dict)


def test_huge_lines_are_refused_in_a_short_message() -> None:
    for data in (b"1" * 10**6, b"1.2.3.4/" + b"0" * 10**6, b":" * 10**6, b"\xff" * 10**6):
        with pytest.raises(SourceSyntaxError, match="no address has") as caught:
            read_spans("l", b"1.1.1.1\n" + data + b"\n")
        assert len(str(caught.value)) < 2000
        assert isinstance(fast(b"1.1.1.1 #" + data + b"\n::1", truncate=False), dict)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", range(20))
def test_written_prefixes_are_read_back_in_order(family: Family, seed: int) -> None:
    random = Random(seed)
    rows = some_ranges(random, family, narrow=seed % 2 == 0)
    prefixes = address_set(family, rows).prefixes(family)
    assert prefix_texts(prefixes) == [str(prefix) for prefix in prefixes]
    assert prefix_lines(prefixes) == "".join(f"{prefix}\n" for prefix in prefixes).encode()
    found = read_spans("list", prefix_lines(prefixes))
    mapped = any(prefix.first >> 32 == 0xFFFF for prefix in prefixes)
    if family == V4 or not mapped:
        assert pairs(family, found[family]) == [(one.first, one.last) for one in prefixes]


@pytest.mark.parametrize("family", [TOY, V4, V6])
def test_written_addresses_are_what_the_family_says(family: Family) -> None:
    random = Random(7)
    addresses = [*EDGES[family], *(some_address(random, family) for _ in range(300))]
    column = columns.column(family, addresses)
    assert address_texts(family, column) == [family.text(address) for address in addresses]
    assert address_texts(family, column[:0]) == []
    narrow = np.arange(5, dtype=np.uint64)
    ends = columns.last_ints(family, narrow)
    assert last_texts(family, narrow) == [family.text(address) for address in ends]


def test_every_pattern_of_zero_groups_is_written_as_rfc_5952_says() -> None:
    addresses = [
        sum((0xA0 << 16 * place) for place in range(8) if bits >> place & 1) for bits in range(256)
    ]
    column = columns.widen(columns.column(V6, addresses))
    assert address_texts(V6, column) == [V6.text(address) for address in addresses]


def test_every_group_and_every_octet_is_written() -> None:
    groups = np.arange(1 << 16, dtype=np.uint64)
    wide = columns.join(groups << np.uint64(48), groups)
    assert address_texts(V6, wide) == [V6.text((n << 112) | n) for n in range(1 << 16)]
    octets = np.arange(256, dtype=np.uint64) * np.uint64(0x01010101)
    assert address_texts(V4, octets) == [f"{n}.{n}.{n}.{n}" for n in range(256)]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_length_is_written(family: Family) -> None:
    lengths = np.arange(family.width + 1, dtype=np.int16)
    start = columns.widen(np.zeros(129, np.uint64)) if family == V6 else np.zeros(33, np.uint64)
    zero = family.text(0)
    assert prefix_texts(Prefixes(family, start, lengths)) == [f"{zero}/{n}" for n in lengths]


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        ("5.6.7.8;5.60.7.9", "5.60.7.9"),
        ("5.6.7.8 ; 5.60.7.9", "5.60.7.9"),
        ("5.6.7.8 ; office ; 5.60.7.0/24", "5.60.7.0/24"),
        ("5.6.7.8;5.60.7.9, 5.60.7.10 # two more", "5.60.7.9"),
        ("2a00::1 ;2a00::2 - 2a00::9", "2a00::2 - 2a00::9"),
        ("5.6.7.8 ; 005.060.007.009", "005.060.007.009"),
        ("5.6.7.8 ; 5.60.*.*\r", "5.60.*.*"),
    ],
)
def test_an_entry_behind_a_semicolon_is_refused_and_not_lost(line: str, hidden: str) -> None:
    with pytest.raises(SourceSyntaxError) as caught:
        read_spans("list", f"1.2.3.4\n{line}\n1.2.3.5\n".encode())
    at = caught.value.at
    assert at is not None
    assert (at.line, at.column) == (2, line.index(hidden) + 1)
    assert "an entry behind `;`" in str(caught.value)
    assert "one entry on each line" in caught.value.hint
    assert "`#`" in caught.value.hint


@pytest.mark.parametrize(
    "line",
    [
        "1.10.16.0/20 ; SBL256894",
        "1.10.16.0/20 ; was 1.10.16.0/21",
        "1.10.16.0/20 ; 2026-11-01 12:30:45",
        "1.10.16.0/20 # 1.10.16.0/21 ; 1.10.32.0/20",
        "; 1.10.16.0/20 ; 1.10.32.0/20",
    ],
)
def test_a_remark_stays_a_remark(line: str) -> None:
    read_spans("list", f"1.2.3.4\n{line}\n1.2.3.5\n".encode())


@pytest.mark.parametrize(
    ("text", "quick"),
    [
        ("2001:db8::-2001:db8::ff", True),
        ("2001:db8::-2001:db8:0:1:ffff:ffff:ffff:ffff", True),
        ("2001:DB8::1-2001:db8::1", True),
        ("::-::1:0:0:0", True),  # has the mapped block inside
        ("2001:db8::1 - 2001:db8::5", False),
        ("::ffff:1.2.3.4-::ffff:1.2.3.9", False),  # is IPv4
        ("::fffe:ffff:ffff-::ffff:1.2.3.4", False),
        ("::ffff:1.2.3.4-::1:0:0:0", False),
        ("2001:db8::5-2001:db8::1", False),
        ("2001:db8::/64-2001:db9::", False),
        ("2001:db8::-2001:db9::/64", False),
        ("2001:db8::-1-2", False),
        ("2001:db8::-192.0.2.1", False),
        ("fe80::1%eth0-fe80::2", False),
    ],
)
def test_ranges_of_ipv6_are_decoded_in_bulk_as_one_by_one(text: str, *, quick: bool) -> None:
    spans, taken = fast_parse.plain_v6([text])
    assert taken.tolist() == [quick]
    if quick:
        assert [(V6, *pair) for pair in pairs(V6, spans)] == [parse_written(text)]
