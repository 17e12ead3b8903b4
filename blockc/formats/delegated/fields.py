"""Numbers, addresses, dates and codes of the delegated format, decoded a column at a time.

Every decoder returns the values and where they are certain. It has no opinion about the rest:
whatever looks different in any way is read again by `exact_rows`, which also writes every
error. So a decoder may be narrower than the format, never wider.
"""

from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockc.addresses.columns import U64
from blockc.formats.delegated.text_pieces import Mask, Tokens

_ZERO, _DOT, _COLON = b"0.:"
_LENGTHS = range(9)
# The last bytes of a word that belong to a token of each length up to 8.
_OWN = np.array([(1 << 64) - (1 << 64 - 8 * length) for length in _LENGTHS], dtype=np.uint64)
_NIBBLES = np.full(256, 0xFF, dtype=np.uint8)
_NIBBLES[list(b"0123456789abcdef")] = np.arange(16)
_NIBBLES[list(b"ABCDEF")] = np.arange(10, 16)
_NIBBLES[0] = 0  # the room before the first digit
_NO_DAY, _DAY, _LEAP_DAY = range(3)


def _each_byte(value: int) -> np.uint64:
    return np.uint64(value * 0x0101_0101_0101_0101)


def _halves(word: U64) -> tuple[U64, U64, Mask]:
    """Return eight digits, one a byte and the first lowest, as numbers of the first and last four.

    All eight at once: neighbours are added with weights 10 and 1, then pairs with 100 and 1. The
    third value tells where all bytes are digits.
    """
    fine = (word | (word + _each_byte(0x76))) & _each_byte(0x80) == 0
    word = word * np.uint64(10 << 8 | 1) >> np.uint64(8) & np.uint64(0x00FF_00FF_00FF_00FF)
    word = word * np.uint64(100 << 16 | 1) >> np.uint64(16) & np.uint64(0x0000_FFFF_0000_FFFF)
    return word & np.uint64(0xFFFF), word >> np.uint64(32), fine


def numbers(tokens: Tokens) -> tuple[U64, Mask]:
    """Return whole numbers below 10**8 without leading zeros."""
    length = tokens.length
    size = np.clip(length, 1, 8)
    word = (tokens.right() ^ _each_byte(_ZERO)) & _OWN[size]
    high, low, certain = _halves(word)
    value = high * np.uint64(10_000) + low
    certain &= (value >= _SMALLEST[size]) & (length == size)
    return value, certain


_SMALLEST = np.array([0, 0, *(10**length for length in range(1, 8))], dtype=np.uint64)


def hexadecimal(tokens: Tokens) -> tuple[NDArray[np.uint32], Mask]:
    """Return numbers of 1 to 4 lower-case hexadecimal digits."""
    length = tokens.length
    size = np.clip(length, 1, 4)
    own = _OWN[size]
    text = ((tokens.right() & own) >> np.uint64(32)).astype(np.uint32)
    letter = text >> np.uint32(6) & np.uint32(0x01010101)
    digit = (text & np.uint32(0x0F0F0F0F)) + letter * np.uint32(9)
    # Spelt again, because other characters than 0-9 and a-f give digits, too; g-o give 16 and more.
    beyond_nine = (digit + np.uint32(0x06060606)) >> np.uint32(4) & np.uint32(0x01010101)
    again = digit + np.uint32(0x30303030) + beyond_nine * np.uint32(0x27)
    certain = again & (own >> np.uint64(32)).astype(np.uint32) == text
    certain &= digit & np.uint32(0x10101010) == 0
    pair = digit << np.uint32(4) | digit >> np.uint32(8)
    value = (pair & np.uint32(0xFF)) << np.uint32(8) | pair >> np.uint32(16) & np.uint32(0xFF)
    return value, certain & (length == size)


def ipv4(tokens: Tokens) -> tuple[U64, Mask]:
    """Return IPv4 addresses in dotted decimals, read from the last octet to the first."""
    certain = np.ones(len(tokens), dtype=bool)
    address = np.zeros(len(tokens), dtype=np.uint64)
    rest = tokens
    for place in range(4):
        octet = rest.last_pieces(_DOT, 3)
        number, fine = numbers(octet)
        address |= number << np.uint64(8 * place)
        certain &= fine & (number < 256)
        rest = Tokens(tokens.words, tokens.begin, octet.begin - 1)
    return address, certain & (rest.length == -1)


def ipv6(tokens: Tokens) -> tuple[U64, Mask]:
    """Return the high 64 bits of IPv6 addresses written as 1 to 4 groups and a final `::`.

    That is how the registries spell nearly all of them, RFC 5952. Read from the last group to the
    first: each one pushes those behind it down.
    """
    certain = tokens.right() >> np.uint64(48) == int.from_bytes(b"::", "little")
    address = np.zeros(len(tokens), dtype=np.uint64)
    end = tokens.end - 2
    rows = np.flatnonzero(certain)
    for _ in range(4):
        group = Tokens(tokens.words, tokens.begin[rows], end[rows]).last_pieces(_COLON, 4)
        number, fine = hexadecimal(group)
        certain[rows] = fine
        address[rows] = address[rows] >> np.uint64(16) | number.astype(np.uint64) << np.uint64(48)
        end[rows] = group.begin - 1
        rows = rows[fine & (group.begin > tokens.begin[rows])]
    return address, certain & (end < tokens.begin)


def countries(tokens: Tokens) -> tuple[NDArray[np.uint16], Mask]:
    """Return two-letter codes as `records.country_number` writes them; 0 for an empty token."""
    word = tokens.left().astype(np.uint16)
    first, second = word & np.uint16(0xFF), word >> np.uint16(8)
    letters = (first - np.uint16(ord("A")) < 26) & (second - np.uint16(ord("A")) < 26)
    length = tokens.length
    certain = (letters & (length == 2)) | (length == 0)
    return np.where(length == 0, np.uint16(0), first << np.uint16(8) | second), certain


def dates(tokens: Tokens) -> tuple[NDArray[np.int32], Mask]:
    """Return days as the number yyyymmdd; 0 for an empty token and for 00000000."""
    year, day, fine = _halves(tokens.left() ^ _each_byte(_ZERO))
    length = tokens.length
    fine &= length == 8
    value = np.where(fine, year * np.uint64(10_000) + day, 0).astype(np.int32)
    return value, (fine & _are_days(value, np.where(fine, day, 0))) | (length == 0)


def _are_days(value: NDArray[np.int32], day_of_year: NDArray[Any]) -> Mask:
    kind = _CALENDAR[day_of_year]
    certain: Mask = (kind == _DAY) & (value > 10_000) | (value == 0)
    leap = np.flatnonzero(kind == _LEAP_DAY)
    certain[leap] = [is_day(number) for number in value[leap].tolist()]
    return certain


def is_day(value: int) -> bool:
    """Return whether the number yyyymmdd is a day of the calendar."""
    try:
        date(value // 10_000, value // 100 % 100, value % 100)
    except ValueError:
        return False
    return True


_CALENDAR = np.array(
    [_DAY if is_day(2001_0000 + d) else _NO_DAY for d in range(10_000)], dtype=np.uint8
)
_CALENDAR[229] = _LEAP_DAY
