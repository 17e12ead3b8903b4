"""How addresses divide into registered countries."""

from blockc.addresses import AddrMap, AddrSet
from blockc.addresses.piece_map import PieceMap


def country_pieces(intent: AddrMap, countries: AddrMap) -> tuple[tuple[str, ...], PieceMap]:
    """Return every country of the map in order of code, and the verdicts cut into them.

    Every country has a piece, so that a consumer finds it even with nothing in it.
    """
    codes = tuple(sorted(countries.names))
    return codes, PieceMap.of(intent, countries, codes)


def split_by_country(addresses: AddrSet, countries: AddrMap) -> dict[str, AddrSet]:
    """Return the part of `addresses` registered in each country, in order of code."""
    codes, pieces = country_pieces(AddrMap.of_set(addresses), countries)
    shares = (one.where(one.names[1:]) for one in pieces.maps)
    return dict(zip(codes, shares, strict=True))


def counts_by_country(addresses: AddrSet, countries: AddrMap) -> dict[str, list[int]]:
    """Return how many of `addresses` each country has, a number for each family."""
    codes, pieces = country_pieces(AddrMap.of_set(addresses), countries)
    counts = (pieces.addresses(family) for family in addresses.families)
    return {code: list(found) for code, *found in zip(codes, *counts, strict=True)}
