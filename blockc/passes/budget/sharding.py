"""Rules over the limit in several artifacts, each within it, that together say the same."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.columns import Column
from blockc.addresses.partition import Partition
from blockc.addresses.prefixes import spaces
from blockc.addresses.rules import Rules
from blockc.addresses.trie import Trie
from blockc.passes.exact.lengths import legal_leaves
from blockc.passes.exact.ortc import allowed_verdicts, entries_below
from blockc.passes.tree import Flags

Numbers = NDArray[np.intp]


def unit_starts(wanted: Partition, allowed: Collection[int], limit: int) -> Column:
    """Return the first address of every unit of `longest(wanted, allowed, most=limit)`.

    A unit is the widest prefix under which at most `limit` entries say what is wanted. No entry
    lies above one, so in an artifact of its own a unit means what it means among all of them.
    """
    leaves, labels = legal_leaves(wanted, allowed)
    trie = Trie.over(leaves)
    small: Flags = entries_below(trie, allowed_verdicts(trie, labels)) <= limit
    inside = np.zeros(len(trie), dtype=bool)
    for level in trie.levels:
        inside[level.left] = inside[level.right] = small[level.node]
    return columns.ordered(trie.prefixes(np.flatnonzero(small & ~inside)).start)


def pack(
    rules: Sequence[Rules], units: Sequence[Column], limit: int, *, shared: bool
) -> list[list[Rules]]:
    """Return the rules of each artifact, a value per family, in order of address.

    Args:
        rules: The rules of each family by address.
        units: The first addresses of what must stay together, in each family.
        limit: The most entries of a family, or with `shared` of all families, in an artifact.

    Raises:
        ValueError: If a unit has more than `limit` entries.
    """
    shards = []
    used = 0, 0
    for part, starts in zip(rules, units, strict=True):
        known, wanted = columns.alike([starts, part.start])
        unit = np.searchsorted(known, wanted, side="right") - 1
        sizes = np.bincount(unit, minlength=len(starts))
        shard, used = _fill(sizes.tolist(), limit, used if shared else (0, 0))
        shards.append(shard[unit])
    last = max((int(shard.max()) for shard in shards if len(shard)), default=0)
    return [
        [part.take(shard == number) for part, shard in zip(rules, shards, strict=True)]
        for number in range(last + 1)
    ]


def pack_disjoint(
    rules: Sequence[Rules], limit: int, most_parts: int | None, *, shared: bool
) -> list[list[Rules]]:
    """Return the rules of each artifact, a value per family, so that one change moves few of them.

    Entries go into an artifact in groups that lie in one prefix. So one entry more changes one
    artifact; only where that is full, its last group goes into the next one. Where there would be
    more than `most_parts`, entries go into them one by one, and each is full but the last.

    Args:
        rules: The disjoint rules of each family by address.
    """
    most = max(1, limit // _GROUPS)
    parts = pack(rules, [_firsts(part, most) for part in rules], limit, shared=shared)
    if most_parts is None or len(parts) <= most_parts:
        return parts
    return pack(rules, [part.start for part in rules], limit, shared=shared)


_GROUPS = 16  # in an artifact, so at most a sixteenth of it stays free


def _firsts(rules: Rules, most: int) -> Column:
    """Return the first address of each group of at most `most` rules that lie in one prefix."""
    starts = columns.ints(rules.family, rules.start)
    rows = [group.start for _, group in spaces(rules.family, starts, most)]
    return rules.start[np.array(rows, dtype=np.intp)]


def _fill(sizes: list[int], limit: int, used: tuple[int, int]) -> tuple[Numbers, tuple[int, int]]:
    """Return the artifact of each unit, and the last one with the entries it has by then.

    Units go into the same artifact until the next one does not fit.
    """
    if max(sizes, default=0) > limit:
        raise ValueError(f"a unit of {max(sizes)} entries does not fit into {limit}")
    number, filled = used
    shard = np.zeros(len(sizes), dtype=np.intp)
    for row, size in enumerate(sizes):
        if filled + size > limit:
            number, filled = number + 1, 0
        filled += size
        shard[row] = number
    return shard, (number, filled)
