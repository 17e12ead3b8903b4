"""The fewest disjoint entries: prefixes or ranges, of exactly what is wanted or with free space."""

import numpy as np

from blockc.addresses.partition import Labels, Partition
from blockc.addresses.prefixes import cover_size, minimal_cover
from blockc.addresses.rules import Rules
from blockc.addresses.trie import Trie, trie_of
from blockc.passes.tree import FREE, Choice, rules_of

_MIXED = -2  # the label of a node whose leaves want different things


def plain_cover(wanted: Partition) -> Rules:
    """Return the fewest disjoint prefixes for every label but 0, in address order.

    Contract: EXACT. Cost: O(n + output).

    Minimal because runs are maximal: a prefix of one label lies inside one of its runs.
    """
    prefixes = minimal_cover(wanted.family, *wanted.runs(wanted.labels != 0))
    return Rules.of_prefixes(prefixes, wanted.at(prefixes.start).astype(np.int32))


def plain_count(wanted: Partition) -> int:
    """Return `len(plain_cover(wanted))` without making the prefixes."""
    return cover_size(wanted.family, *wanted.runs(wanted.labels != 0))


def cover(wanted: Partition) -> Rules:
    """Return the fewest disjoint prefixes for every label above 0, using space that is `FREE`.

    Contract: EXACT; WITHIN_DONT_CARE where space is free. Of the fewest prefixes it takes those
    with the least free space. Cost: O(n), a few numpy calls a prefix length.

    Fewest because an entry lies inside one maximal prefix that holds one label and free space;
    those that hold the label need an entry each. Least because that entry must hold all leaves
    with the label, and the narrowest prefix that does is the one taken.
    """
    if not (wanted.labels == FREE).any():
        return plain_cover(wanted)
    trie, labels = trie_of(wanted)
    label = _label_of_nodes(trie, labels)
    entry = np.zeros(len(trie), dtype=bool)
    entry[trie.root] = label[trie.root] > 0
    for level in reversed(trie.levels):
        for child, sibling in ((level.left, level.right), (level.right, level.left)):
            alone = entry[level.node] & (label[sibling] == FREE)
            entry[child] = (label[child] > 0) & ((label[level.node] == _MIXED) | alone)
        entry[level.node] &= (label[level.left] > 0) & (label[level.right] > 0)
    return rules_of(trie, Choice(label, entry))


def intervals(wanted: Partition) -> Rules:
    """Return the fewest ranges for every label above 0, using space that is `FREE`.

    Contract: EXACT; WITHIN_DONT_CARE where space is free. Ranges begin and end where the label
    does: free space is only taken between two runs of a label, where it saves an entry.
    Cost: O(n).
    """
    fixed = wanted.labels != FREE
    start, last = wanted.runs(fixed)
    labels = wanted.labels[fixed]
    opens = np.append(True, labels[1:] != labels[:-1])[: len(labels)]
    closes = np.append(opens[1:], True)[: len(labels)]
    chosen = labels[opens] > 0
    spans = start[opens][chosen], last[closes][chosen]
    return Rules(wanted.family, *spans, labels[opens][chosen].astype(np.int32))


def _label_of_nodes(trie: Trie, leaves: Labels) -> Labels:
    """Return the one label below each node, `FREE` if there is none and `_MIXED` if several."""
    label = np.concatenate([leaves, np.zeros(len(trie) - len(leaves), dtype=np.int32)])
    for level in trie.levels:
        left, right = label[level.left], label[level.right]
        one = np.where(left == FREE, right, left)
        agree = (left == right) | (left == FREE) | (right == FREE)
        label[level.node] = np.where(agree, one, _MIXED)
    return label
