"""Whose address a line holds, for thousands of lines at once, as `blockc.runtime.clients` says.

Plain IPv4 addresses, which nearly all are, are read as columns of numbers. Every other text goes
to the very code that decides at an edge, one at a time, and what it said is remembered.

An address is two halves of 64 bits; an IPv4 address is the IPv6 address that it is mapped to.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from blockc.audit.zones import UNREADABLE, Zones
from blockc.runtime.clients import Proxies, UnreadableClientError, address_of
from blockc.runtime.matcher import packed_address
from blockc.values import Value

MAPPED = 0xFFFF << 32
U64 = NDArray[np.uint64]
_LONGEST = 15  # characters of an IPv4 address
_REMEMBERED = 200_000


class Texts(Value, eq=False):
    """A column of texts: bytes one after the other, and where each begins and ends.

    Attributes:
        data: uint8.
        offsets: int64, one more than there are texts.
        valid: Which are there at all.
    """

    data: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    valid: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.valid)

    def text(self, row: int) -> str | None:
        """Return the text of a row, or None."""
        if not self.valid[row]:
            return None
        begin, end = self.offsets[row], self.offsets[row + 1]
        return self.data[begin:end].tobytes().decode("utf-8", "replace")


class Placed(Value, eq=False):
    """Where the clients of some lines are: their zone, `UNREADABLE` if not known, and address."""

    zone: NDArray[np.int32]
    high: U64
    low: U64


def read_ipv4(texts: Texts) -> tuple[U64, NDArray[np.bool_]]:
    """Return the numbers of the texts that are IPv4 addresses and nothing else, and which are.

    As inet_pton takes them: four decimals from 0 to 255 without leading zeros.
    """
    lengths = np.diff(texts.offsets)
    fits = texts.valid & (lengths >= 7) & (lengths <= _LONGEST)
    value = np.zeros(len(texts), dtype=np.uint64)
    octet = np.zeros(len(texts), dtype=np.int32)
    digits = np.zeros(len(texts), dtype=np.int32)
    dots = np.zeros(len(texts), dtype=np.int32)
    begins = texts.offsets[:-1]
    last = max(len(texts.data) - 1, 0)
    for at in range(_LONGEST if len(texts.data) else 0):
        inside = at < lengths
        char = texts.data[np.minimum(begins + at, last)].astype(np.int32)
        digit, dot = char - 48, (char == 46) & inside
        is_digit = (digit >= 0) & (digit <= 9) & inside
        fits &= ~inside | is_digit | (dot & (digits > 0))
        fits &= ~(is_digit & (digits > 0) & (octet == 0))  # a leading zero
        octet = np.where(is_digit, octet * 10 + digit, octet)
        digits += is_digit
        fits &= octet <= 255
        value = np.where(dot, value << np.uint64(8) | octet.astype(np.uint64), value)
        dots += dot
        octet[dot], digits[dot] = 0, 0
    fits &= (dots == 3) & (digits > 0)
    return np.where(fits, value << np.uint64(8) | octet.astype(np.uint64), np.uint64(0)), fits


class ClientFinder:
    """Finds who sent each line, and in which zone that is.

    Args:
        zones: What is asked about addresses.
        trusted: The proxies whose word about the client is taken, as `Proxies` takes them.
        header: The header that `forwarded` of a line holds.
    """

    def __init__(
        self, zones: Zones, trusted: Iterable[str] = (), header: str = "x-forwarded-for"
    ) -> None:
        given = tuple(trusted)
        self._zones, self._proxies = zones, Proxies(given, header)
        self._trusting, self._listing = bool(given), header.lower() == "x-forwarded-for"
        self._known: dict[tuple[str | None, str | None], tuple[int, int] | None] = {}

    def place(self, peer: Texts, forwarded: Texts) -> Placed:
        """Return where the clients are, given who connected and what proxies wrote."""
        low, plain = read_ipv4(peer)
        if self._trusting:
            plain &= ~self._believed(low, plain)
            if self._listing:
                low, plain = self._forwarded_ipv4(peer, forwarded, low, plain)
            else:  # whether the header can be read at all decides too
                plain &= ~forwarded.valid
        zone = np.full(len(peer), UNREADABLE, dtype=np.int32)
        high = np.zeros(len(peer), dtype=np.uint64)
        zone[plain] = self._zones.of_ipv4(low[plain])
        low = np.where(plain, low | np.uint64(MAPPED), np.uint64(0))
        rows = np.flatnonzero(~plain)
        if len(rows):
            self._place_others(rows, peer, forwarded, Placed(zone, high, low))
        return Placed(zone, high, low)

    def _believed(self, addresses: U64, plain: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which IPv4 addresses are trusted proxies'."""
        found = np.zeros(len(addresses), dtype=bool)
        for first, last in self._proxies.ipv4_spans():
            found |= (addresses >= np.uint64(first)) & (addresses <= np.uint64(last))
        return found & plain

    def _forwarded_ipv4(
        self, peer: Texts, forwarded: Texts, low: U64, plain: NDArray[np.bool_]
    ) -> tuple[U64, NDArray[np.bool_]]:
        """Return the same with the clients of proxies that named one plain address alone."""
        direct, is_proxy = read_ipv4(peer)
        said, alone = read_ipv4(forwarded)
        told = self._believed(direct, is_proxy) & alone & ~self._believed(said, alone)
        return np.where(told, said, low), plain | told

    def _place_others(
        self, rows: NDArray[np.intp], peer: Texts, forwarded: Texts, placed: Placed
    ) -> None:
        found = [self._client(peer.text(row), forwarded.text(row)) for row in rows.tolist()]
        good = np.array([one is not None for one in found], dtype=bool)
        rows = rows[good]
        halves = np.array([one for one in found if one is not None], dtype=np.uint64)
        high, low = halves.reshape(-1, 2)[:, 0], halves.reshape(-1, 2)[:, 1]
        placed.high[rows], placed.low[rows] = high, low
        mapped = (high == 0) & (low >> np.uint64(32) == np.uint64(0xFFFF))
        inner = low & np.uint64(0xFFFF_FFFF)
        placed.zone[rows] = np.where(
            mapped, self._zones.of_ipv4(inner), self._zones.of_ipv6(high, low)
        )

    def _client(self, peer: str | None, forwarded: str | None) -> tuple[int, int] | None:
        """Return the halves of a client's address, None if nobody can know it."""
        key = peer, forwarded if self._trusting else None
        if key not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = self._decided(*key)
        return self._known[key]

    def _decided(self, peer: str | None, forwarded: str | None) -> tuple[int, int] | None:
        if peer is None:
            return None
        try:
            hop = None if peer == "unix:" else address_of(peer)
            packed, is_ipv4 = packed_address(
                self._proxies.client(hop, [] if forwarded is None else [forwarded])
            )
        except UnreadableClientError:
            return None
        number = int.from_bytes(packed, "big")
        return (0, MAPPED | number) if is_ipv4 else (number >> 64, number & (1 << 64) - 1)
