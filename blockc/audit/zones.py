"""Zones: the whole space cut where a list, a country or a network changes, with a number each.

A zone is all that an audit wants to know about an address, so one look-up for a line answers for
any number of lists. Zone 0 is everything that no list holds.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.addrmap import AddrMap
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import FAMILIES, V4, V6, Family
from blockc.addresses.partition import Partition, overlay
from blockc.values import Value

NOT_LISTED, UNREADABLE = 0, -1
_LARGEST = (1 << 63) - 1


class Zone(Value):
    """What holds for all addresses of a zone.

    Attributes:
        lists: The lists that hold them, in order of name.
        labels: What each of the other maps says of them, such as the country.
    """

    lists: tuple[str, ...]
    labels: tuple[str, ...]


class Zones(Value, eq=False):
    """The zone of every address: `zones[0]` is the one that no list holds."""

    parts: tuple[Partition, ...]
    zones: tuple[Zone, ...]

    @classmethod
    def of(cls, lists: Mapping[str, AddrSet], maps: Sequence[AddrMap]) -> "Zones":
        """Return the zones of lists, told apart by maps such as that of countries."""
        names = sorted(lists)
        cut = [_cut(family, [lists[name] for name in names], maps) for family in FAMILIES]
        rows = np.concatenate([rows for _, rows in cut])
        firsts, numbers = distinct_rows(rows)
        found = rows[firsts]
        listed = found[:, : len(names)].any(axis=1)
        order = np.cumsum(listed)  # those that no list holds are zone 0, whatever maps say
        labels = np.where(listed, order, 0).astype(np.int32)[numbers]
        ends = np.cumsum([len(rows) for _, rows in cut])
        pieces = np.split(labels, ends[:-1])
        parts = [
            Partition.of(family, starts, piece)
            for family, (starts, _), piece in zip(FAMILIES, cut, pieces, strict=True)
        ]
        zones = [Zone((), ("",) * len(maps))]
        zones += [_zone(row, names, maps) for row in found[listed]]
        return cls(tuple(parts), tuple(zones))

    def of_ipv4(self, addresses: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Return the zones of IPv4 addresses."""
        found: NDArray[np.int32] = self._part(V4).at(addresses)
        return found

    def of_ipv6(self, high: NDArray[np.uint64], low: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Return the zones of IPv6 addresses, given as two halves."""
        part = self._part(V6)
        wide = columns.is_wide(part.starts)
        found: NDArray[np.int32] = part.at(columns.join(high, low) if wide else high)
        return found

    def _part(self, family: Family) -> Partition:
        return self.parts[FAMILIES.index(family)]


def _cut(
    family: Family, lists: Sequence[AddrSet], maps: Sequence[AddrMap]
) -> tuple[columns.Column, NDArray[np.int32]]:
    """Return where slots begin, and a row for each: in which lists it is, then the labels."""
    parts = [*(one.part(family) for one in lists), *(one.part(family) for one in maps)]
    starts, labels = overlay(*(parts or [Partition.filled(family, np.int32(0))]))
    return starts, np.stack([one.astype(np.int32) for one in labels], axis=1)


def distinct_rows(rows: NDArray[np.int32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where each different row is first, in their order, and of every row which one it is.

    It says what `np.unique` of rows says, which compares rows of 50 lists element by element; here
    the columns so far are one number, made small again where it would not fit.

    Args:
        rows: Numbers from 0 on.
    """
    codes, count = np.zeros(len(rows), np.int64), 1
    for column in rows.T:
        width = int(column.max(initial=0)) + 1
        if count * width > _LARGEST:
            known, codes = np.unique(codes, return_inverse=True)
            count = len(known)
        codes, count = codes * width + column, count * width
    _, firsts, numbers = np.unique(codes, return_index=True, return_inverse=True)
    return firsts, numbers


def _zone(row: NDArray[np.int32], names: Sequence[str], maps: Sequence[AddrMap]) -> Zone:
    held = tuple(name for name, is_in in zip(names, row, strict=False) if is_in)
    said = zip(row[len(names) :].tolist(), maps, strict=True)
    return Zone(held, tuple(one.names[label] for label, one in said))
