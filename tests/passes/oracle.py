"""The slow obvious optimum: what every list of rules of a small space means, and the cheapest.

Nothing here shares code or ideas with the passes: rules are tried one after the other.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import product

from tests.passes.toy import Labels, prefixes

FREE = -1


@cache
def longest_costs(width: int, labels: int, allowed: tuple[int, ...] = ()) -> dict[Labels, int]:
    """Return every map of a space and the fewest prefixes that say it in a longest match.

    Every list of prefixes is tried: each prefix, the widest ones first, is left out or paints one
    of the labels over what it holds.
    """
    costs = {(0,) * (1 << width): 0}
    for first, stop in prefixes(width, allowed):
        for cells, cost in list(costs.items()):
            for label in range(labels):
                painted = cells[:first] + (label,) * (stop - first) + cells[stop:]
                if costs.get(painted, cost + 2) > cost + 1:
                    costs[painted] = cost + 1
    return costs


@cache
def member_costs(width: int, labels: int, allowed: tuple[int, ...] = ()) -> dict[Labels, int]:
    """Return every map of a space and the fewest disjoint prefixes that say it."""
    costs = {(0,) * (1 << width): 0}
    for first, stop in prefixes(width, allowed):
        for cells, cost in list(costs.items()):
            if any(cells[first:stop]):
                continue
            for label in range(1, labels):
                painted = cells[:first] + (label,) * (stop - first) + cells[stop:]
                costs[painted] = min(costs.get(painted, cost + 1), cost + 1)
    return costs


@cache
def interval_costs(width: int, labels: int) -> dict[Labels, int]:
    """Return every map of a space and the number of its runs that are not the default."""
    return {
        cells: sum(
            label != 0 and (at == 0 or cells[at - 1] != label) for at, label in enumerate(cells)
        )
        for cells in product(range(labels), repeat=1 << width)
    }


@cache
def two_set_costs(width: int, allowed: tuple[int, ...] = ()) -> dict[Labels, int]:
    """Return every set of a space and the fewest prefixes in B and E with it = in B, not in E."""
    sets = member_costs(width, 2, allowed)
    costs: dict[Labels, int] = {}
    for inside, price in sets.items():
        for excepted, more in sets.items():
            left = tuple(a & (1 - b) for a, b in zip(inside, excepted, strict=True))
            costs[left] = min(costs.get(left, price + more), price + more)
    return costs


def served(wanted: Labels, costs: Iterable[Labels]) -> Iterator[Labels]:
    """Yield the maps that say what is wanted wherever it is not `FREE`."""
    for cells in costs:
        if all(w in (FREE, c) for w, c in zip(wanted, cells, strict=True)):
            yield cells


def taken(wanted: Labels, got: Labels) -> int:
    """Return how much free space has a verdict."""
    return sum(w == FREE and g != 0 for w, g in zip(wanted, got, strict=True))


def cheapest(wanted: Labels, costs: dict[Labels, int]) -> tuple[int, int]:
    """Return the fewest entries that say `wanted`, and then the least free space they take."""
    return min((costs[cells], taken(wanted, cells)) for cells in served(wanted, costs))
