"""Whose address a line holds, for thousands of lines at once, as `blockc.runtime.clients` says.

Plain IPv4 addresses, which nearly all are, are read as columns of numbers. Every other text goes
to the very code that decides at an edge, one at a time, and what it said is remembered.

An address is two halves of 64 bits; an IPv4 address is the IPv6 address that it is mapped to.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from blockc.audit.texts import U64, Mask, Texts, read_ipv4
from blockc.audit.zones import UNREADABLE, Zones
from blockc.runtime.clients import Proxies, UnreadableClientError, address_of
from blockc.runtime.matcher import packed_address
from blockc.values import Value

MAPPED = 0xFFFF << 32
_MAPPED_BYTES = (MAPPED >> 32).to_bytes(12, "big")
_REMEMBERED = 200_000
_REMEMBERED_BYTES = 1 << 25  # of all texts together
#: The bytes of who connected, with those of what proxies wrote if they wrote anything.
Said = bytes | tuple[bytes | None, bytes | None] | None


class Placed(Value, eq=False):
    """Where the clients of some lines are: their zone, `UNREADABLE` if not known, and address."""

    zone: NDArray[np.int32]
    high: U64
    low: U64

    @classmethod
    def nowhere(cls, count: int) -> "Placed":
        """Return places that are not known."""
        zone = np.full(count, UNREADABLE, dtype=np.int32)
        return cls(zone, np.zeros(count, np.uint64), np.zeros(count, np.uint64))

    def at(self, rows: NDArray[np.int64]) -> "Placed":
        """Return the places of rows; the one behind the last is not known."""
        nowhere = Placed.nowhere(1)
        return Placed(
            np.append(self.zone, nowhere.zone)[rows],
            np.append(self.high, nowhere.high)[rows],
            np.append(self.low, nowhere.low)[rows],
        )


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
        self._known: dict[Said, int] = {}
        self._known_bytes = 0
        self._places = Placed.nowhere(_REMEMBERED)

    def place(self, peer: Texts, forwarded: Texts) -> Placed:
        """Return where the clients are, given who connected and what proxies wrote."""
        low, plain = read_ipv4(peer)
        if self._trusting:
            direct, is_ipv4 = low, plain
            plain = is_ipv4 & ~self._believed(direct, is_ipv4)
            if not self._listing:  # whether the header can be read at all decides too
                plain &= ~forwarded.valid
            elif forwarded.valid.any():
                said, alone = read_ipv4(forwarded)
                told = is_ipv4 & ~plain & alone & ~self._believed(said, alone)
                low, plain = np.where(told, said, low), plain | told
        placed = Placed.nowhere(len(peer))
        placed.zone[plain] = self._zones.of_ipv4(low[plain])
        placed.low[:] = (low | np.uint64(MAPPED)) * plain
        rows = np.flatnonzero(~plain)
        if len(rows):
            found = self._place_others(peer.at(rows), forwarded.at(rows))
            placed.zone[rows], placed.high[rows], placed.low[rows] = found
        return placed

    def _believed(self, addresses: U64, plain: Mask) -> Mask:
        """Return which IPv4 addresses are trusted proxies'."""
        found = np.zeros(len(addresses), dtype=bool)
        for first, last in self._proxies.ipv4_spans():
            found |= (addresses >= np.uint64(first)) & (addresses <= np.uint64(last))
        return found & plain

    def _place_others(self, peer: Texts, forwarded: Texts) -> tuple[NDArray[np.int32], U64, U64]:
        """Return zone and halves of clients that are asked for one at a time, and remembered."""
        peers = _raws(peer)
        said: Sequence[Said] = peers
        if self._trusting and forwarded.valid.any():
            said = list(zip(peers, _raws(forwarded), strict=True))
        new = [one for one in dict.fromkeys(said) if one not in self._known]
        is_full = len(self._known) + len(new) > len(self._places.zone)
        if is_full or self._known_bytes > _REMEMBERED_BYTES:
            self._known.clear()
            self._known_bytes = 0
            new = list(dict.fromkeys(said))
            self._places = Placed.nowhere(max(len(new), _REMEMBERED))
        self._known_bytes += sum(map(_size, new))
        begin = len(self._known)
        self._known.update(zip(new, range(begin, begin + len(new)), strict=True))
        self._decide(new, begin)
        rows = np.fromiter(map(self._known.__getitem__, said), dtype=np.intp, count=len(said))
        return self._places.zone[rows], self._places.high[rows], self._places.low[rows]

    def _decide(self, said: Sequence[Said], begin: int) -> None:
        """Remember where new clients are, from a place on."""
        found = list(map(self._decided, said))
        rows = np.array([n for n, one in enumerate(found, begin) if one], dtype=np.intp)
        halves = np.frombuffer(b"".join(filter(None, found)), dtype=">u8").astype(np.uint64)
        high, low = halves.reshape(-1, 2).T
        mapped = (high == 0) & (low >> np.uint64(32) == np.uint64(0xFFFF))
        inner = low & np.uint64(0xFFFF_FFFF)
        self._places.high[rows], self._places.low[rows] = high, low
        self._places.zone[rows] = np.where(
            mapped, self._zones.of_ipv4(inner), self._zones.of_ipv6(high, low)
        )

    def _decided(self, said: Said) -> bytes | None:
        """Return the 16 bytes of a client's address, None if nobody can know it."""
        peer, forwarded = said if isinstance(said, tuple) else (said, None)
        if peer is None:
            return None
        text = peer.decode("utf-8", "replace")
        try:
            packed, is_ipv4 = self._client(text, forwarded)
        except UnreadableClientError:
            return None
        return _MAPPED_BYTES + packed if is_ipv4 else packed

    def _client(self, peer: str, forwarded: bytes | None) -> tuple[bytes, bool]:
        hops = []
        if forwarded is not None:
            hops.append(forwarded.decode("utf-8", "replace"))
        else:
            try:  # a context manager, or more calls, would take as long as all that is read here
                return packed_address(peer)
            except ValueError:
                pass
        hop = None if peer == "unix:" else address_of(peer)
        return packed_address(self._proxies.client(hop, hops))


def _size(said: Said) -> int:
    parts = said if isinstance(said, tuple) else (said,)
    return sum(len(part) for part in parts if part)


def _raws(texts: Texts) -> list[bytes | None]:
    pairs = zip(texts.raws(), texts.valid.tolist(), strict=True)
    return [raw if is_there else None for raw, is_there in pairs]
