"""Slow, obvious versions of the address algebra, on plain lists of inclusive ranges.

A set is a list of `(first, last)`, sorted, apart from each other. Nothing here uses numpy, and
`test_oracle.py` compares it with sets of single addresses.
"""

from collections.abc import Iterable, Sequence

from blockc.addresses.family import Family

Range = tuple[int, int]
Ranges = list[Range]
Rule = tuple[int, int, int]  # first, last, verdict


def union(*pieces: Iterable[Range]) -> Ranges:
    """Return the union of ranges, in any order, as maximal runs."""
    found: Ranges = []
    for first, last in sorted(one for piece in pieces for one in piece):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def complement(ranges: Iterable[Range], top: int) -> Ranges:
    """Return what of `0..top` is in none of `ranges`."""
    found, begin = [], 0
    for first, last in union(ranges):
        if begin < first:
            found.append((begin, first - 1))
        begin = last + 1
    return [*found, (begin, top)] if begin <= top else found


def intersection(a: Iterable[Range], b: Iterable[Range], top: int) -> Ranges:
    """Return what is in both."""
    return complement([*complement(a, top), *complement(b, top)], top)


def difference(a: Iterable[Range], b: Iterable[Range], top: int) -> Ranges:
    """Return what is in `a` and not in `b`."""
    return intersection(a, complement(b, top), top)


def cover(ranges: Iterable[Range], family: Family) -> list[tuple[int, int]]:
    """Return the blocks `(first, length)` of the binary tree that are full while no parent is."""
    runs = union(ranges)

    def blocks(first: int, length: int) -> list[tuple[int, int]]:
        size = 1 << (family.width - length)
        if not any(a < first + size and first <= b for a, b in runs):
            return []
        if any(a <= first and first + size - 1 <= b for a, b in runs):
            return [(first, length)]
        half = blocks(first, length + 1)
        return half + blocks(first + size // 2, length + 1)

    return blocks(0, 0)


def edges(ranges: Iterable[Range], top: int) -> list[int]:
    """Return every address at which membership in a range begins or has just ended."""
    found = {0}
    for first, last in ranges:
        found |= {first, last + 1}
    return sorted(address for address in found if address <= top)


def runs(labels: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return `(start, label)` without those whose label is the one before."""
    return [
        pair for place, pair in enumerate(labels) if not place or labels[place - 1][1] != pair[1]
    ]


def last_wins(rules: Sequence[Rule], top: int) -> list[tuple[int, int]]:
    """Return start and label of every run when each rule is painted over the ones before it."""

    def label(address: int) -> int:
        hits = [verdict for first, last, verdict in rules if first <= address <= last]
        return hits[-1] if hits else 0

    return runs([(at, label(at)) for at in edges([rule[:2] for rule in rules], top)])
