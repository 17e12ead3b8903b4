"""Addresses in the forms only people write: wildcards, netmasks, ranges with a comma.

The only door to netaddr, which knows wildcards; everything else goes through `text`.
"""

import re

from blockc.addresses.family import V4, Prefix
from blockc.addresses.parse import HostBits, Range, parse_range, parse_raw, parse_span

_WILDCARD = re.compile(r"(?=.*[*-])[0-9*-]+(\.[0-9*-]+){3}")
_NETMASK = re.compile(r"[0-9]+(\.[0-9]+){3}")


def parse_written(text: str, *, truncate: bool = False) -> Range:
    """Return family, first and last address of `text`.

    Besides what `parse_span` reads: `192.0.2.*`, `192.0.2-9.*`, `192.0.2.7-9`,
    `192.0.2.0/255.255.255.0` and `192.0.2.7, 192.0.2.9`. A netmask is never read as its inverse,
    the wildcard mask of routers: `0.0.0.0` would mean everything or one address.

    Args:
        truncate: Clear host bits instead of refusing them.

    Raises:
        HostBits: If host bits are set and `truncate` is false.
        ValueError: If `text` is none of these.

    >>> parse_written("192.0.2.*") == parse_written("192.0.2.0/255.255.255.0")
    True
    """
    address, slash, mask = text.partition("/")
    if slash and _NETMASK.fullmatch(mask):
        return _masked(text, address, mask, truncate=truncate)
    first, comma, last = text.partition(",")
    if comma:
        ends = first.strip(), last.strip()
        for end in ends:  # words of their own: the text may have dashes elsewhere
            parse_raw(end)
        return parse_range("-".join(ends))
    try:
        return parse_span(text, truncate=truncate)
    except HostBits:
        raise
    except ValueError:
        if not _WILDCARD.fullmatch(text):
            raise
        return _wildcard(text)


def _masked(text: str, address: str, mask: str, *, truncate: bool) -> Range:
    family, number = parse_raw(address)
    mask_family, bits = parse_raw(mask)
    host = bits ^ mask_family.last
    if family != mask_family or host & (host + 1):
        raise ValueError(f"{mask!r} is not a netmask of {family.name}")
    meant = Prefix(family, number & bits, family.width - host.bit_length())
    if number & host and not truncate:
        raise HostBits(text, meant)
    return family, meant.first, meant.last


def _wildcard(text: str) -> Range:
    import netaddr

    try:
        found = netaddr.glob_to_iprange(text)
    except netaddr.AddrFormatError:
        raise ValueError(f"{text!r} is not a wildcard or range of addresses") from None
    return V4, found.first, found.last
