"""Cost curves and their sums: the least cost of at most k entries, for every k at once."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: The least cost with at most k entries is at position k, in a form of `pairs`. Costs never rise
#: with k, and a table ends where they stop falling.
Table = NDArray[Any]

#: What must not happen costs this. Finite costs stay below it, and two of it fit into int64.
NEVER = 1 << 61
#: The same where costs are Python integers.
NEVER_BIG = 1 << 400
#: And where they are pairs in complex numbers, whose parts stay below 2**53.
NEVER_PAIR = complex(1 << 60)


_FEW = 16  # up to so many entries plain lists are quicker than vectors


def never(kind: np.dtype[Any]) -> Any:
    """Return the cost of what must not happen, in tables of this type."""
    return {"O": NEVER_BIG, "c": NEVER_PAIR}.get(kind.kind, NEVER)


def cut(table: Table) -> Table:
    """Return the table up to its last improvement."""
    return table[: int((table == table[-1]).argmax()) + 1]


def split(left: Table, right: Table, entries: int, cost: int) -> tuple[int, int] | None:
    """Return how at most `entries` were shared at this cost, the fewest to the left; or None."""
    most = min(entries, len(left) - 1)
    end = len(right) - 1
    if entries <= _FEW:
        one, two = left[: most + 1].tolist(), right[: entries + 1].tolist()
        fitting = [u for u in range(most + 1) if one[u] + two[min(entries - u, end)] == cost]
    else:
        rest = np.minimum(entries - np.arange(most + 1), end)
        fitting = np.flatnonzero(left[: most + 1] + right[rest] == cost).tolist()
    return (fitting[0], min(entries - fitting[0], end)) if fitting else None
