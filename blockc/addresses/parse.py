"""Addresses, prefixes and ranges as people write them, one at a time.

IPv6 that is an IPv4-mapped address (`::ffff:192.0.2.1`) is read as the IPv4 address it stands
for: servers disagree about which of the two they match, so blockc keeps one spelling. Only the
mapped block as a whole, `::ffff:0:0/96`, stays IPv6: lists of bogus IPv6 space name it, and they
do not mean the whole of IPv4.
"""

import re

from blockc.addresses.family import MAPPED, V4, V6, Family, Prefix

_V4 = re.compile(
    r"(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})"
)
_V6 = re.compile(r"[0-9A-Fa-f:.]{2,45}")
_LENGTH = re.compile(r"0|[1-9][0-9]{0,2}")
Range = tuple[Family, int, int]


class HostBits(ValueError):
    """A prefix with host bits set; `meant` is the prefix it lies in."""

    def __init__(self, text: str, meant: Prefix) -> None:
        super().__init__(f"{text} has host bits set, the prefix is {meant}")
        self.meant = meant


def parse_raw(text: str) -> tuple[Family, int]:
    """Return family and number of one address, mapped ones as they are written.

    Raises:
        ValueError: If `text` is not an address.
    """
    if ":" not in text:
        match = _V4.fullmatch(text)
        octets = [int(part) for part in match.groups()] if match else [256]
        if max(octets) > 255:
            raise ValueError(f"{text!r} is not an address")
        return V4, int.from_bytes(bytes(octets), "big")
    try:
        if not _V6.fullmatch(text):
            raise OSError
        return V6, int.from_bytes(_packed(text), "big")
    except OSError:
        raise ValueError(f"{text!r} is not an address") from None


def _packed(text: str) -> bytes:
    from socket import AF_INET6, inet_pton  # pure functions, for which IPv4 need not wait

    return inet_pton(AF_INET6, text)


def parse_address(text: str) -> tuple[Family, int]:
    """Return family and number of one address; an IPv4-mapped one is IPv4.

    Raises:
        ValueError: If `text` is not an address.
    """
    family, number = parse_raw(text)
    return _unmapped(family, number, number)[:2]


def parse_prefix(text: str, *, truncate: bool = False) -> Prefix:
    """Return the prefix `text` stands for; a bare address is a prefix of full length.

    Args:
        truncate: Clear host bits instead of refusing them.

    Raises:
        HostBits: If host bits are set and `truncate` is false.
        ValueError: If `text` is not a prefix.
    """
    address, slash, bits = text.partition("/")
    family, number = parse_raw(address)
    if slash and (not _LENGTH.fullmatch(bits) or int(bits) > family.width):
        raise ValueError(f"{bits!r} is not a prefix length of {family.name}")
    length = int(bits) if slash else family.width
    host = (1 << (family.width - length)) - 1
    meant = _prefix(*_unmapped(family, number & ~host, number | host))
    if number & host and not truncate:
        raise HostBits(text, meant)
    return meant


def _prefix(family: Family, first: int, last: int) -> Prefix:
    return Prefix(family, first, family.width - (last - first).bit_length())


def parse_range(text: str) -> Range:
    """Return family, first and last address of `first-last`.

    Raises:
        ValueError: If `text` is not a range.
    """
    left, _, right = text.partition("-")
    family, first = parse_raw(left.strip())
    other, last = parse_raw(right.strip())
    if family != other:
        raise ValueError(f"{text!r} mixes address families")
    if last < first:
        raise ValueError(f"{text!r} ends before it starts")
    return _unmapped(family, first, last)


def parse_span(text: str, *, truncate: bool = False) -> Range:
    """Return family, first and last address of an address, a prefix or a range.

    Raises:
        ValueError: If `text` is none of them.
    """
    if "-" in text:
        return parse_range(text)
    prefix = parse_prefix(text, truncate=truncate)
    return prefix.family, prefix.first, prefix.last


def _unmapped(family: Family, first: int, last: int) -> Range:
    """Return the range as IPv4 if it is a part of the mapped block, else unchanged."""
    inside = family == V6 and MAPPED.first <= first and last <= MAPPED.last
    if inside and last - first < V4.last:
        return V4, first - MAPPED.first, last - MAPPED.first
    return family, first, last
