"""The fewest disjoint entries: prefixes or ranges, of exactly what is wanted or with free space."""

from collections.abc import Collection

import numpy as np

from blockc.addresses import columns
from blockc.addresses.partition import Labels, Partition
from blockc.addresses.prefixes import Lengths, Prefixes, cover_size, minimal_cover
from blockc.addresses.rules import Rules
from blockc.addresses.trie import Nodes, Trie, block_starts, trie_of
from blockc.passes.exact.lengths import concat, cut, first_of_each, next_allowed
from blockc.passes.tree import FREE, Flags, take
from blockc.values import Value

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
    pieces = wanted.run_pieces(wanted.labels != 0)
    return sum(cover_size(wanted.family, *piece) for piece in pieces)


def cover(wanted: Partition, allowed: Collection[int] | None = None) -> Rules:
    """Return the fewest disjoint prefixes for every label above 0, using space that is `FREE`.

    Args:
        allowed: The lengths a prefix may have; None: any. Where no space is free, prefixes of other
            lengths are left for `lengths.legal` to cut.

    Contract: EXACT; WITHIN_DONT_CARE where space is free. Of the fewest prefixes it takes those
    with the least free space. Cost: O(n), a few numpy calls per prefix length.

    Raises:
        DoesNotFit: As `lengths.legal`.
    """
    if not (wanted.labels == FREE).any():
        return plain_cover(wanted)
    return Asked.of(wanted).cover(allowed or range(wanted.family.width + 1))


class Asked(Value, eq=False):
    """The maximal prefixes of one label above 0, in address order, and how wide an entry may be.

    Attributes:
        leaves: The prefixes.
        labels: The label of each.
        widest: The length of the widest prefix around each that has its label, or is free.
    """

    leaves: Prefixes
    labels: Labels
    widest: Lengths

    @classmethod
    def of(cls, wanted: Partition) -> "Asked":
        """Return what is asked for in `wanted`."""
        if not (wanted.labels == FREE).any():
            plain = plain_cover(wanted)
            return cls(plain.prefixes(), plain.verdict, plain.prefixes().length)
        trie, labels = trie_of(wanted)
        label = _label_of_nodes(trie, labels)
        widest = trie.length.copy()
        for level in reversed(trie.levels):
            for child in (level.left, level.right):
                inside = label[level.node] > 0
                widest[child] = np.where(inside, widest[level.node], widest[child])
        rows = np.flatnonzero(labels > 0)
        return cls(take(trie.leaves, rows), labels[rows], widest[rows])

    def goals(self, allowed: Collection[int]) -> Lengths:
        """Return for each leaf the shortest allowed length that an entry with it may have.

        Raises:
            DoesNotFit: If all are shorter.
        """
        family, starts = self.leaves.family, self.leaves.start
        widest = Prefixes(family, block_starts(family, starts, self.widest), self.widest)
        return next_allowed(widest, allowed)

    def cover(self, allowed: Collection[int]) -> Rules:
        """Return the fewest disjoint prefixes of `allowed` lengths, with the least free space.

        Fewest because each block of the shortest length that may hold a leaf needs an entry of
        its own; least because the entry is the narrowest of an allowed length that holds all
        leaves of its block.

        Raises:
            DoesNotFit: As `lengths.legal`.
        """
        goal = self.goals(allowed)
        full = self.leaves.length <= goal
        pieces, origin = cut(take(self.leaves, full), goal[full])
        first, length = self.blocks(goal, ~full)
        lengths = np.array(sorted(allowed), dtype=np.int16)
        length = lengths[np.searchsorted(lengths, length, side="right") - 1]
        family = self.leaves.family
        starts = block_starts(family, self.leaves.start[first], length)
        rules = concat(
            [
                Rules.of_prefixes(pieces, self.labels[full][origin].astype(np.int32)),
                Rules.of_prefixes(
                    Prefixes(family, starts, length), self.labels[first].astype(np.int32)
                ),
            ]
        )
        return rules.take(np.argsort(rules.start, kind="stable"))

    def blocks(self, goal: Lengths, chosen: Flags) -> tuple[Nodes, Lengths]:
        """Return the blocks of the length `goal` that hold chosen leaves narrower than that.

        Returns:
            The first leaf of each, and the length of the narrowest prefix around all its leaves.
        """
        rows = np.flatnonzero(chosen)
        leaves, goal = take(self.leaves, rows), goal[rows]
        blocks = block_starts(leaves.family, leaves.start, goal)
        first = np.flatnonzero(first_of_each(blocks, goal))
        last = np.append(first[1:], len(rows))[: len(first)] - 1
        shared = columns.common_length(leaves.family, leaves.start[first], leaves.start[last])
        return rows[first], np.minimum(shared, leaves.length[first])


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
