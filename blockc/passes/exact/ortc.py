"""The fewest prefixes for a longest match: every address gets the verdict of its narrowest one.

Source: R. P. Draves, C. King, S. Venkatachary, B. D. Zill, "Constructing Optimal IP Routing
Tables", INFOCOM 1999 (ORTC); with several verdicts allowed at a leaf: Q. Li, D. Wang, M. Xu,
J. Yang, "Nexthop-Selectable FIB Aggregation", INFOCOM 2011.
"""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.partition import Labels, Partition
from blockc.addresses.rules import Rules
from blockc.addresses.trie import Nodes, Trie
from blockc.passes.exact.lengths import legal_leaves
from blockc.passes.tree import FREE, Choice, rules_of, top_down

#: Sets of verdicts, shape (nodes, words): verdict n is bit n % 64 of word n // 64.
Words = NDArray[np.uint64]
_ALL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
_BITS = np.uint64(1) << np.arange(64, dtype=np.uint64)


def longest(wanted: Partition, allowed: Collection[int], most: int | None = None) -> Rules:
    """Return the fewest prefixes that say `wanted` in a longest match with default 0.

    Args:
        wanted: Labels, or `FREE` where any verdict will do.
        allowed: The lengths a prefix may have. The result is the fewest if they are all lengths
            from the shortest one on; others are left for `lengths.legal` to cut.
        most: If given, no entry lies where more than `most` are needed below it, so that what
            lies under different such prefixes can part (see `shards`).

    Contract: EXACT; WITHIN_DONT_CARE where space is free. Of the fewest prefixes it returns, with
    one verdict besides the default, those that give it to the least free space; with more
    verdicts free space prefers what it would inherit, then the default.

    Cost: O(n) operations on sets of verdicts, a few numpy calls per prefix length.
    """
    leaves, labels = legal_leaves(wanted, allowed)
    trie = Trie.over(leaves)
    verdicts = allowed_verdicts(trie, labels)
    through = trie.length < min(allowed)
    if most is not None:
        through |= entries_below(trie, verdicts) > most
    if labels.max() <= 1 and (labels == FREE).any():
        return rules_of(trie, choose_frugally(trie, labels, through))
    return rules_of(trie, choose(trie, verdicts, through))


def allowed_verdicts(trie: Trie, labels: Labels) -> Words:
    """Return for every node the verdicts that cost the least entries if inherited.

    By induction a node needs some number of entries if it inherits one of these and exactly one
    more for any other verdict: where both children can do with the same verdicts, those are the
    best; where they cannot, one child needs an entry and every verdict of either is the best.
    """
    words = int(labels.max()) // 64 + 1
    allowed = np.zeros((len(trie), words), dtype=np.uint64)
    fixed = np.flatnonzero(labels != FREE)
    allowed[fixed, labels[fixed] // 64] = _BITS[labels[fixed] % 64]
    allowed[np.flatnonzero(labels == FREE)] = _ALL
    for level in trie.levels:
        left, right = allowed[level.left], allowed[level.right]
        both = left & right
        agree = both.any(axis=1, keepdims=True) if words > 1 else both != 0
        allowed[level.node] = np.where(agree, both, left | right)
    return allowed


def entries_below(trie: Trie, allowed: Words) -> NDArray[np.int64]:
    """Return how many entries every node needs that inherits the default."""
    clashes = np.zeros(len(trie), dtype=np.int64)
    for level in trie.levels:
        both = allowed[level.left] & allowed[level.right]
        below = clashes[level.left] + clashes[level.right]
        clashes[level.node] = below + ~both.any(axis=1)
    entry: NDArray[np.bool_] = allowed[:, 0] & _BITS[0] == 0
    return np.add(clashes, entry)


def choose(trie: Trie, allowed: Words, through: NDArray[np.bool_]) -> Choice:
    """Return where to put entries, from the top: inherit where allowed, else the lowest verdict.

    Args:
        through: The nodes that take no entry and pass on the default.
    """

    lowest = _lowest(allowed)

    def decide(nodes: Nodes, inherited: Labels) -> Labels:
        words = allowed[nodes, inherited // 64]
        keep = (words & _BITS[inherited % 64] != 0) | through[nodes]
        return np.where(keep, inherited, lowest[nodes])

    return top_down(trie, decide)


def _lowest(allowed: Words) -> Labels:
    """Return the lowest verdict of each set."""
    word = np.argmax(allowed != 0, axis=1)
    value = allowed[np.arange(len(allowed)), word]
    low = value & (~value + np.uint64(1))
    lowest: Labels = (word * 64 + columns.bit_length(low) - 1).astype(np.int32)
    return lowest


def choose_frugally(trie: Trie, labels: Labels, through: NDArray[np.bool_]) -> Choice:
    """Return the choice of verdicts 0 and 1 with the fewest entries, then the least free space.

    A node inherits 0 or 1; it passes that on or, for one entry, the other. The costs of both are
    added up from the leaves and compared as pairs (entries, free space given verdict 1).

    Args:
        through: The nodes that take no entry.
    """
    from blockc.passes.exact.entry_cost import Cost

    inherits = [
        Cost.of_leaves(trie, (labels == 1).astype(np.int64)),
        Cost.of_leaves(trie, (labels == 0).astype(np.int64), labels == FREE),
    ]
    switch = np.array([cost.count > 0 for cost in inherits])
    for level in trie.levels:
        sums = [cost.take(level.left) + cost.take(level.right) for cost in inherits]
        for verdict in (0, 1):
            other = sums[1 - verdict].dearer(1)
            better = other.less(sums[verdict]) & ~through[level.node]
            switch[verdict, level.node] = better
            inherits[verdict].put(level.node, other.where(better, sums[verdict]))

    def decide(nodes: Nodes, inherited: Labels) -> Labels:
        return np.where(switch[inherited, nodes], 1 - inherited, inherited)

    return top_down(trie, decide)
