"""How a set of addresses divides into registered countries."""

import numpy as np

from blockc.addresses import AddrMap, AddrSet, Partition, overlay


def split_by_country(addresses: AddrSet, countries: AddrMap) -> dict[str, AddrSet]:
    """Return the part of `addresses` registered in each country of the map, in order of code.

    Every country is a key, so that a consumer finds it even with nothing in it; together the
    parts are `addresses`.

    Cost: one overlay a family, then one pass over the shared runs a country.
    """
    pieces = [_labelled(addresses.part(f), countries.part(f)) for f in countries.families]
    return {
        name: AddrSet(tuple(piece.relabel(piece.labels == label) for piece in pieces))
        for name, label in sorted((name, label) for label, name in enumerate(countries.names))
    }


def _labelled(chosen: Partition, countries: Partition) -> Partition:
    """Return the country of every chosen address, -1 where it is not chosen."""
    slots, (inside, labels) = overlay(chosen, countries)
    return Partition.of(chosen.family, slots, np.where(inside, labels, -1).astype(np.int32))
