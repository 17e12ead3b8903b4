"""How a set of addresses divides into registered countries."""

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import AddrMap, AddrSet, Partition, columns, overlay


def split_by_country(addresses: AddrSet, countries: AddrMap) -> dict[str, AddrSet]:
    """Return the part of `addresses` registered in each country of the map, in order of code.

    Every country is a key, so that a consumer finds it even with nothing in it; together the
    parts are `addresses`.

    Cost: one overlay and one sort a family, whatever the number of countries.
    """
    pieces = [_pieces(part, len(countries.names)) for part in _labelled(addresses, countries)]
    return {
        name: AddrSet(tuple(piece[label] for piece in pieces))
        for name, label in sorted((name, label) for label, name in enumerate(countries.names))
    }


def country_labels(addresses: AddrSet, countries: AddrMap, codes: list[str]) -> AddrMap:
    """Return which of `codes` each chosen address is registered in; names[0] is for the others."""
    label = np.array([0, *(codes.index(name) + 1 for name in countries.names)], dtype=np.int32)
    parts = (part.relabel(label[part.labels + 1]) for part in _labelled(addresses, countries))
    return AddrMap(tuple(parts), ("", *codes))


def _labelled(addresses: AddrSet, countries: AddrMap) -> list[Partition]:
    """Return the country of every chosen address of each family, -1 where it is not chosen."""
    found = []
    for countries_of in countries.parts:
        chosen = addresses.part(countries_of.family)
        slots, (inside, labels) = overlay(chosen, countries_of)
        labels = np.where(inside, labels, -1).astype(np.int32)
        found.append(Partition.of(chosen.family, slots, labels))
    return found


def _pieces(labelled: Partition, count: int) -> list[Partition]:
    """Return where each label from 0 to `count` - 1 is, as partitions of true and false."""
    order = np.argsort(labelled.labels, kind="stable")
    ends = np.searchsorted(labelled.labels[order], np.arange(count + 1))
    return [_flags(labelled, order[ends[n] : ends[n + 1]]) for n in range(count)]


def _flags(runs: Partition, rows: NDArray[np.intp]) -> Partition:
    """Return the partition that is true on the runs at `rows`, no two of which are neighbours."""
    if not len(rows):
        return Partition.filled(runs.family, np.False_)
    bounds = np.repeat(rows, 2)
    bounds[1::2] += 1  # where the run after it begins
    if bounds[-1] == len(runs.starts):
        bounds = bounds[:-1]
    first = int(bounds[0] != 0)  # before the first of them nothing is chosen
    if first:
        bounds = np.concatenate(([0], bounds))
    flags = (np.arange(len(bounds)) + first) % 2 == 0
    return Partition(runs.family, columns.narrow(runs.starts[bounds]), flags)
