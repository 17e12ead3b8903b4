"""Prefixes cut into longer ones."""

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.columns import Column
from blockc.addresses.prefixes import Lengths, Prefixes

Rows = NDArray[np.intp]


def pieces_of(prefixes: Prefixes, goal: Lengths) -> tuple[Prefixes, Rows]:
    """Return all pieces of the length `goal` (a row each) and the row each piece comes from.

    Pieces come in address order if the prefixes do and are disjoint.
    """
    family = prefixes.family
    start, length, origin = prefixes.start, prefixes.length, np.arange(len(prefixes))
    if (goal > columns.unit_bits(family)).any():
        start = columns.widen(start)
    while (short := length < goal[origin]).any():
        inner = (length + short).astype(np.int16)
        middle = columns.after(family, columns.block_lasts(family, start, inner))
        start, length, origin = (
            _woven(whole, extra, short)
            for whole, extra in ((start, middle), (inner, inner), (origin, origin))
        )
    return Prefixes(family, start, length), origin


def _woven(whole: Column, extra: Column, doubled: NDArray[np.bool_]) -> Column:
    """Return `whole` with the value of `extra` after each row that is doubled."""
    place = np.cumsum(doubled) - doubled + np.arange(len(whole))
    woven = np.empty(len(whole) + int(doubled.sum()), dtype=whole.dtype)
    woven[place] = whole
    woven[place[doubled] + 1] = extra[doubled]
    return woven
