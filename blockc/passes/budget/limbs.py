"""Costs that numpy adds and compares, of any size: what exceeds 64 bits is cut into limbs.

A cost of one limb is the number itself. Larger ones, which come as Python integers, are several
uint64 of 63 bits each, the lowest first, on the first axis: ten times faster, and as exact.
"""

import numpy as np

from blockc.passes.budget.minplus import NEVER_BIG, never
from blockc.passes.budget.span_sums import Worth

_BITS = 63
_FULL = (1 << _BITS) - 1
_CARRY, _MASK = np.uint64(_BITS), np.uint64(_FULL)


def limbs_for(most: int) -> int:
    """Return how many limbs hold costs and their sums that are at most `most`, or impossible."""
    return most.bit_length() // _BITS + 1


def cut_up(costs: Worth, limbs: int) -> Worth:
    """Return costs of shape (...) in shape (limbs, ...); what must not happen fills all limbs."""
    if costs.dtype != object:
        return costs[np.newaxis]
    capped = np.minimum(costs, (1 << _BITS * limbs) - 1)
    parts = [(capped >> _BITS * place & _FULL).astype(np.uint64) for place in range(limbs)]
    return np.stack(parts)


def whole(cut: Worth) -> Worth:
    """Return the costs as they were before `cut_up`."""
    if cut.dtype != np.uint64:
        costs: Worth = cut[0]
        return costs
    places = range(len(cut))
    numbers = np.asarray(sum(cut[place].astype(object) << _BITS * place for place in places))
    return np.where((cut == _MASK).all(axis=0), NEVER_BIG, numbers)


def impossible(cut: Worth) -> Worth:
    """Return which costs are those of what must not happen."""
    worst = _MASK if cut.dtype == np.uint64 else never(cut.dtype)
    found: Worth = (cut == worst).all(axis=0)
    return found


def impossible_like(cut: Worth, shape: tuple[int, ...]) -> Worth:
    """Return costs of what must not happen, of the kind of `cut`, in shape (limbs, *shape)."""
    worst = _MASK if cut.dtype == np.uint64 else never(cut.dtype)
    return np.full((len(cut), *shape), worst, dtype=cut.dtype)


def added(one: Worth, other: Worth) -> Worth:
    """Return the sums of costs; two that are impossible make more than that, and no overflow."""
    sums: Worth = one + other
    for place in range(len(sums) - 1):
        sums[place + 1] += sums[place] >> _CARRY
        sums[place] &= _MASK
    return sums


def lower(costs: Worth, other: Worth) -> None:
    """Set `costs`, in place, to those of `other` that are less."""
    if len(costs) == 1:
        np.minimum(costs, other, out=costs)
        return
    less = other[0] < costs[0]
    for mine, theirs in zip(costs[1:], other[1:], strict=True):
        less = theirs < mine + less  # or equal, where the limbs below decide
    np.copyto(costs, other, where=less)
