"""The fewest prefixes for a longest match that also block the least free space."""

import numpy as np
from numpy.typing import NDArray

from blockc.addresses.partition import Labels
from blockc.addresses.trie import Nodes, Trie
from blockc.passes.exact.entry_cost import Cost
from blockc.passes.tree import FREE, Choice, top_down


def choose_frugally(trie: Trie, labels: Labels, through: NDArray[np.bool_]) -> Choice:
    """Return the choice of verdicts 0 and 1 with the fewest entries, then the least free space.

    A node inherits 0 or 1; it passes that on or, for one entry, the other. The costs of both are
    added up from the leaves and compared as pairs (entries, free space given verdict 1).

    Args:
        through: The nodes that take no entry.
    """
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
