"""Rules in the prefix lengths a platform takes: longer pieces in place of a refused length."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.columns import Column
from blockc.addresses.partition import Labels, Partition
from blockc.addresses.prefixes import Lengths, Prefixes, minimal_cover
from blockc.addresses.rules import Match, Rules
from blockc.errors import DoesNotFit

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


#: More entries than this in one family is a mistake in a limit, not a list.
MOST_PIECES = 50_000_000


def ordered(match: Match, rules: Rules) -> Rules:
    """Return prefix rules in the order of an artifact.

    By address and then length, except for FIRST: there longer prefixes come first, and of two
    nested rules the narrower one decides, as it would in a longest match. For prefixes, which
    are nested or disjoint, the two models have the same optimum.
    """
    length = rules.prefixes().length
    keys = (rules.start, -length) if match == Match.FIRST else (length, rules.start)
    return rules.take(np.lexsort(keys))


def legal(match: Match, rules: Rules, allowed: Collection[int]) -> Rules:
    """Return rules that mean the same in prefixes of `allowed` lengths.

    Contract: EXACT. A prefix of a refused length becomes all its pieces of the next longer
    allowed one, the fewest there can be. Where prefixes are nested, the narrower keeps its pieces.

    Raises:
        DoesNotFit: If a prefix is longer than every allowed length, or the pieces are too many.
    """
    if match != Match.TWO_SETS:
        return ordered(match, _pieces(rules, allowed))
    block = _pieces(rules.take(rules.verdict != 0), allowed)
    return concat([block, _pieces(rules.take(rules.verdict == 0), allowed)])


def concat(parts: Sequence[Rules]) -> Rules:
    """Return the rules of all `parts`, of one family, one after the other."""
    spans = columns.spans_alike([(part.start, part.last) for part in parts])
    return Rules(
        parts[0].family,
        np.concatenate([start for start, _ in spans]),
        np.concatenate([last for _, last in spans]),
        np.concatenate([part.verdict for part in parts]),
    )


def _pieces(rules: Rules, allowed: Collection[int]) -> Rules:
    prefixes = rules.prefixes()
    goal = next_allowed(prefixes, allowed)
    if np.array_equal(goal, prefixes.length):
        return rules
    _require_reasonable(prefixes, goal)
    pieces, origin = pieces_of(prefixes, goal)
    order = np.lexsort((-prefixes.length[origin], pieces.length, pieces.start))
    keep = order[first_of_each(pieces.start[order], pieces.length[order])]
    kept = Prefixes(rules.family, pieces.start[keep], pieces.length[keep])
    return Rules.of_prefixes(kept, rules.verdict[origin[keep]])


def legal_leaves(wanted: Partition, allowed: Collection[int]) -> tuple[Prefixes, Labels]:
    """Return the maximal prefixes of one label over the whole space, and their labels.

    Those with a verdict of their own come in `legal_pieces`; space that needs no entry stays whole.
    """
    leaves = minimal_cover(wanted.family, wanted.starts, wanted.lasts)
    labels = wanted.at(leaves.start)
    pieces, origin = cut(leaves, np.where(labels > 0, _goal(leaves, allowed), leaves.length))
    return pieces, labels[origin]


def legal_pieces(prefixes: Prefixes, allowed: Collection[int]) -> Prefixes:
    """Return disjoint prefixes in pieces of the next longer allowed length, where there is one."""
    return cut(prefixes, _goal(prefixes, allowed))[0]


def _goal(prefixes: Prefixes, allowed: Collection[int]) -> NDArray[np.int16]:
    lengths = np.array(sorted(allowed), dtype=np.int16)
    place = np.minimum(np.searchsorted(lengths, prefixes.length), len(lengths) - 1)
    return np.maximum(lengths[place], prefixes.length)


def cut(prefixes: Prefixes, goal: NDArray[np.int16]) -> tuple[Prefixes, NDArray[np.intp]]:
    """Return all pieces of the length `goal` (a row each) and the row each piece comes from.

    Raises:
        DoesNotFit: If they are too many.
    """
    if (goal == prefixes.length).all():
        return prefixes, np.arange(len(prefixes))
    _require_reasonable(prefixes, goal)
    return pieces_of(prefixes, goal)


def first_of_each(start: columns.Column, length: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Return which of the prefixes, equal ones side by side, are the first of their kind."""
    keep = np.ones(len(start), dtype=bool)
    keep[1:] = (start[1:] != start[:-1]) | (length[1:] != length[:-1])
    return keep


def next_allowed(prefixes: Prefixes, allowed: Collection[int]) -> NDArray[np.int16]:
    """Return for each prefix the shortest allowed length that is not shorter than its own.

    Raises:
        DoesNotFit: If a prefix is longer than all of them; it is named.
    """
    lengths = np.array(sorted(allowed), dtype=np.int16)
    place = np.searchsorted(lengths, prefixes.length)
    if (place == len(lengths)).any():
        row = int(np.argmax(place == len(lengths)))
        culprit = next(iter(Prefixes(prefixes.family, *_row(prefixes, row))))
        raise DoesNotFit(
            f"{culprit} is longer than every prefix the target takes (at most /{lengths.max()})",
            hint="when_over = 'collateral' widens such prefixes, 'coverage' leaves them out",
        )
    return lengths[place]


def _row(prefixes: Prefixes, row: int) -> tuple[columns.Column, NDArray[np.int16]]:
    return prefixes.start[row : row + 1], prefixes.length[row : row + 1]


def _require_reasonable(prefixes: Prefixes, goal: NDArray[np.int16]) -> None:
    values, counts = np.unique(goal - prefixes.length, return_counts=True)
    pieces = sum(n << d for n, d in zip(counts.tolist(), values.tolist(), strict=True))
    if pieces > MOST_PIECES:
        raise DoesNotFit(
            f"{len(prefixes):,} prefixes become {pieces:,} in the lengths the target takes",
            hint="choose a target that takes shorter prefixes",
        )
