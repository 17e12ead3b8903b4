"""What the passes over a prefix tree share: free space, decisions from the top, and rules."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockc.addresses.partition import Labels, Partition, overlay
from blockc.addresses.prefixes import Prefixes
from blockc.addresses.rules import Rules
from blockc.addresses.trie import Nodes, Trie
from blockc.values import Value

FREE = -1  # the label of space that may get any verdict
Flags = NDArray[np.bool_]


class Choice(Value, eq=False):
    """The verdict that holds at every node, and the nodes where an entry says so."""

    verdict: Labels
    entry: Flags


def take(prefixes: Prefixes, chosen: NDArray[Any]) -> Prefixes:
    """Return the prefixes that `chosen` (a mask or positions) picks."""
    return Prefixes(prefixes.family, prefixes.start[chosen], prefixes.length[chosen])


def with_free(wanted: Partition, dont_care: Partition) -> Partition:
    """Return `wanted` with `FREE` where nothing is wanted and nobody cares."""
    slots, (labels, free) = overlay(wanted, dont_care)
    return Partition.of(wanted.family, slots, np.where(free & (labels == 0), FREE, labels))


def top_down(trie: Trie, decide: Callable[[Nodes, Labels], Labels]) -> Choice:
    """Return the choice that `decide` makes from the root down, starting with the default 0.

    Args:
        decide: From nodes and the verdicts they inherit to the verdicts that hold there.
    """
    verdict = np.zeros(len(trie), dtype=np.int32)
    entry = np.zeros(len(trie), dtype=bool)

    def settle(nodes: Nodes, inherited: Labels) -> None:
        verdict[nodes] = decide(nodes, inherited)
        entry[nodes] = verdict[nodes] != inherited

    settle(np.array([trie.root]), np.zeros(1, dtype=np.int32))
    for level in reversed(trie.levels):
        above = verdict[level.node]
        settle(np.concatenate([level.left, level.right]), np.concatenate([above, above]))
    return Choice(verdict, entry)


def rules_of(trie: Trie, choice: Choice) -> Rules:
    """Return the entries as rules, by address and then length."""
    nodes = in_order(trie, np.flatnonzero(choice.entry))
    return Rules.of_prefixes(trie.prefixes(nodes), choice.verdict[nodes])


def in_order(trie: Trie, nodes: Nodes) -> Nodes:
    """Return `nodes` by address, wider prefixes before those inside them."""
    return nodes[np.lexsort((trie.length[nodes], trie.first[nodes]))]
