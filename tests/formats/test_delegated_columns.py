"""The column decoders against Python's own, over every token they could mistake."""

from collections.abc import Callable
from datetime import date
from ipaddress import IPv4Address, IPv6Address
from itertools import product
from typing import Any

import numpy as np
import pytest

from blockc.formats.delegated import fields
from blockc.formats.delegated.text_pieces import DelegatedLines, Tokens, pieces
from blockc.registries.records import country_number

ALL_BYTES = bytes(set(range(256)) - set(b"|\n\0"))
Decoder = Callable[[Tokens], tuple[Any, Any]]


def tokens(texts: list[bytes]) -> Tokens:
    """Return `texts` as the second field of as many lines, as if between others."""
    [lines] = pieces(b"".join(b"0a9|%s|9a0\n" % text for text in texts), 0)
    return lines.fields(np.arange(len(lines)), 2)[1]


def decoded(decode: Decoder, texts: list[bytes]) -> dict[bytes, int]:
    """Return the tokens whose value is certain, with their values."""
    found: dict[bytes, int] = {}
    for some in (texts[at : at + 10_000] for at in range(0, len(texts), 10_000)):
        values, certain = decode(tokens(some))
        rows = zip(some, values.tolist(), certain.tolist(), strict=True)
        found |= {text: value for text, value, fine in rows if fine}
    return found


def value_or_none(read: Callable[[str], int], text: bytes) -> int | None:
    """Return what `read` makes of `text`, None if it refuses."""
    try:
        return read(text.decode("latin-1"))
    except ValueError:
        return None


def require_right(decode: Decoder, texts: list[bytes], read: Callable[[str], int]) -> set[bytes]:
    """Assert that what is certain is right; return what is certain."""
    found = decoded(decode, texts)
    assert found == {text: value_or_none(read, text) for text in found}
    return set(found)


def plain_number(text: str) -> int:
    """Return a whole number without sign, blank or leading zero."""
    if not text.isascii() or not text.isdigit() or (text[0] == "0" and text != "0"):
        raise ValueError(text)
    return int(text)


def plain_hexadecimal(text: str) -> int:
    """Return the number of an IPv6 group."""
    return int(IPv6Address(f"{text}::")) >> 112 if len(text) < 5 else plain_number("")


def plain_ipv4(text: str) -> int:
    """Return an IPv4 address."""
    return int(IPv4Address(text))


def plain_ipv6(text: str) -> int:
    """Return the high 64 bits of an IPv6 address."""
    return int(IPv6Address(text)) >> 64


def plain_date(text: str) -> int:
    """Return yyyymmdd, or 0 for an unknown day."""
    if text in ("", "00000000"):
        return 0
    date(int(text[:4]), int(text[4:6]), int(text[6:]))
    return int(text) if len(text) == 8 else plain_number("")


def test_every_short_text_of_digits_is_the_number_python_reads() -> None:
    texts = [bytes(digits) for size in range(5) for digits in product(b"0159", repeat=size)]
    texts += [b"12345678", b"99999999", b"00000000", b"123456789", b"01234567", b"1" * 30]
    certain = require_right(fields.numbers, texts, plain_number)

    assert certain == {text for text in texts if value_or_none(plain_number, text) is not None} - {
        b"123456789",
        b"1" * 30,
    }


@pytest.mark.parametrize("place", range(8))
def test_every_byte_in_every_place_of_a_number_is_told_from_a_digit(place: int) -> None:
    base = b"12345678"
    texts = [base[:place] + bytes([byte]) + base[place + 1 :] for byte in ALL_BYTES]
    certain = require_right(fields.numbers, texts, plain_number)

    assert len(certain) == (9 if place == 0 else 10)


@pytest.mark.parametrize("place", range(4))
def test_every_byte_in_every_place_of_a_group_is_told_from_a_hexadecimal_digit(place: int) -> None:
    base = b"0c1f"
    texts = [base[:place] + bytes([byte]) + base[place + 1 :] for byte in ALL_BYTES]
    certain = require_right(fields.hexadecimal, texts, plain_hexadecimal)

    assert {text[place] for text in certain} == set(b"0123456789abcdef")


def test_every_group_of_four_digits_is_the_number_python_reads() -> None:
    texts = [b"%x" % number for number in range(1 << 16)]
    texts += [b"%04x" % number for number in range(1 << 12)]
    found = decoded(fields.hexadecimal, texts)

    assert found == {text: int(text, 16) for text in texts}


def test_every_octet_in_every_place_is_the_one_python_reads() -> None:
    octets = [b"%d" % n for n in range(300)] + [b"", b"00", b"01", b"007", b"1000", b"-1", b"1a"]
    shapes = [b"%s.2.3.4", b"1.%s.3.4", b"1.2.%s.4", b"1.2.3.%s", b"255.255.%s.255", b"1.2.%s"]
    texts = [shape % octet for shape in shapes for octet in octets]
    certain = require_right(fields.ipv4, texts, plain_ipv4)

    assert certain == {text for text in texts if value_or_none(plain_ipv4, text) is not None}


def test_short_ipv6_texts_are_the_addresses_python_reads() -> None:
    groups = [b"", b"0", b"1", b"2001", b"ffff", b"00ff", b"10000", b"g", b"A"]
    texts = [b":".join(parts) for size in range(1, 6) for parts in product(groups, repeat=size)]
    certain = require_right(fields.ipv6, texts, plain_ipv6)
    plain = [b"0", b"1", b"2001", b"ffff", b"00ff"]

    assert certain == {
        b":".join(parts) + b"::" for size in range(1, 4) for parts in product(plain, repeat=size)
    }


def test_ipv6_of_four_groups_and_nothing_longer_is_certain() -> None:
    texts = [b"2001:db8:1:2::", b"ffff:ffff:ffff:ffff::", b"1:2:3:4:5::", b"1:2:3:4:5:6:7::"]
    texts += [
        b"2001:db8:1:2::1",
        b"2001:db8:1:2:::",
        b":2001:db8:1::",
        b"2001:0db8:0001:0002:0003::",
    ]
    certain = require_right(fields.ipv6, texts, plain_ipv6)

    assert certain == {texts[0], texts[1]}


def test_every_day_of_the_calendar_and_no_other_is_a_date() -> None:
    years = [b"%04d" % year for year in (0, 1, 1900, 1970, 1999, 2000, 2019, 2020, 2100, 9999)]
    texts = [year + b"%04d" % day for year in years for day in range(10_000)]
    texts += [b"", b"2018101", b"201810133", b"2018 101", b"-2018101", b"2018/1/1"]
    found = decoded(fields.dates, texts)
    expected = {text: value_or_none(plain_date, text) for text in texts}

    assert found == {text: value for text, value in expected.items() if value is not None}


def test_every_pair_of_bytes_is_told_from_a_country_code() -> None:
    texts = [bytes(pair) for pair in product(ALL_BYTES, repeat=2)]
    texts += [b"", b"A", b"ABC", b"ZZZZZZZZZ"]
    found = decoded(fields.countries, texts)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    codes = {f"{a}{b}" for a in letters for b in letters}

    assert found == {b"": 0} | {code.encode(): country_number(code) for code in codes}


def test_words_are_chosen_whole() -> None:
    words = ("asn", "allocated", "reserved", "sixteen-bytes-ok")
    texts = [word.encode() for word in words]
    texts += [b"", b"as", b"asnx", b"xasn", b"allocate", b"allocatex", b"xllocated", b"alloXated"]
    texts += [b"reserveX", b"Reserved", b"reserved1", b"sixteen-bytes-oK", b"Sixteen-bytes-ok"]

    assert tokens(texts).choice(words).tolist() == [1, 2, 3, 4] + [0] * (len(texts) - 4)


def test_lines_are_the_same_however_small_the_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"a|b|c\n\n# c|d\n|\nlast|one"
    for size in range(1, len(data) + 2):
        monkeypatch.setattr("blockc.formats.delegated.text_pieces._PIECE_BYTES", size)
        parts: list[DelegatedLines] = list(pieces(data, 2))
        raw = [lines.raw(line) for lines in parts for line in range(len(lines))]
        silent = [flag for lines in parts for flag in lines.silent.tolist()]
        pipes = [count for lines in parts for count in lines.pipes.tolist()]

        assert raw == data[2:].split(b"\n")
        assert silent == [False, True, True, False, False]
        assert pipes == [1, 0, 1, 1, 1]
