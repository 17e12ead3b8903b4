"""How addresses divide into registered countries."""

import numpy as np

from blockc.addresses import AddrMap, AddrSet, overlay
from blockc.addresses.piece_map import PieceMap
from blockc.addresses.totals import run_totals


def country_pieces(intent: AddrMap, countries: AddrMap) -> tuple[tuple[str, ...], PieceMap]:
    """Return every country of the map in order of code, and the verdicts cut into them.

    Every country has a piece, so that a consumer finds it even with nothing in it.
    """
    codes = tuple(sorted(countries.names))
    return codes, PieceMap.of(intent, countries, codes)


def counts_by_country(addresses: AddrSet, countries: AddrMap) -> dict[str, list[int]]:
    """Return how many of `addresses` each country has, a number for each family, in code order."""
    counts = []
    for part in addresses.parts:
        slots, (chosen, country) = overlay(part, countries.part(part.family))
        outside = len(countries.names)
        inside = np.where(chosen, country, np.int32(outside))
        counts.append(run_totals(part.family, slots, inside, outside + 1)[:outside])
    return {
        code: list(found) for code, *found in sorted(zip(countries.names, *counts, strict=True))
    }


def split_by_country(addresses: AddrSet, countries: AddrMap) -> dict[str, AddrSet]:
    """Return the part of `addresses` registered in each country, in order of code."""
    codes, pieces = country_pieces(AddrMap.of_set(addresses), countries)
    shares = (one.where(one.names[1:]) for one in pieces.maps)
    return dict(zip(codes, shares, strict=True))
