"""One set of prefixes less another one, for platforms that can say "in B and not in E"."""

from bisect import bisect_left
from collections.abc import Collection, Sequence

import numpy as np

from blockc.addresses.partition import Labels, Partition
from blockc.addresses.rules import Rules
from blockc.addresses.trie import Nodes, Trie
from blockc.passes.exact.entry_cost import Cost
from blockc.passes.exact.lengths import concat, legal_leaves
from blockc.passes.tree import FREE, Choice, Flags, rules_of, top_down

Prices = tuple[int, int]

_OUTSIDE, _INSIDE, _EXCEPTED = 0, 1, 2
_IMPOSSIBLE = 1 << 48  # dearer than any set, and a sum of them fits in 64 bits

#: What one entry of B and of E is worth, from "B is precious" to "E is precious".
PRICES: tuple[Prices, ...] = tuple((64, round(64 * 1.1**step)) for step in range(-40, 41))


def two_sets(wanted: Partition, allowed: Collection[int], prices: Prices = (1, 1)) -> Rules:
    """Return the cheapest sets B (verdict 1) and E (verdict 0) with `wanted` = in B and not in E.

    Args:
        wanted: 1 and 0, or `FREE`.
        allowed: The lengths a prefix may have, as for `longest`.
        prices: What one entry of B and one of E costs.

    Contract: EXACT; WITHIN_DONT_CARE where space is free, of which it takes the least among
    the cheapest sets. Cost: O(n), a few numpy calls per prefix length.

    Cheapest because a node is outside, inside B or excepted, and from the root down that only
    changes in this order, an entry a change: all three are compared at every node.
    """
    leaves, labels = legal_leaves(wanted, allowed)
    trie = Trie.over(leaves)
    states = _states(trie, labels, trie.length < min(allowed), prices)
    rules = rules_of(trie, states)
    block, exceptions = rules.verdict == _INSIDE, rules.verdict == _EXCEPTED
    return concat(
        [
            Rules(r.family, r.start, r.last, np.full(len(r), verdict, dtype=np.int32))
            for r, verdict in ((rules.take(block), 1), (rules.take(exceptions), 0))
        ]
    )


def _states(trie: Trie, labels: Labels, through: Flags, prices: Prices) -> Choice:
    """Return the state of every node in the cheapest choice, an entry where it changes."""
    price = np.array([*prices, 0])
    cost = _leaf_costs(trie, labels, prices)
    switch = np.zeros((3, len(trie)), dtype=bool)
    switch[_OUTSIDE, : len(labels)] = labels == 1
    switch[_INSIDE, : len(labels)] = labels == 0
    for level in trie.levels:
        stay = [one.take(level.left) + one.take(level.right) for one in cost]
        for state in (_OUTSIDE, _INSIDE):
            change = stay[state + 1].dearer(int(price[state]))
            better = change.less(stay[state]) & ~through[level.node]
            switch[state, level.node] = better
            cost[state].put(level.node, change.where(better, stay[state]))
        cost[_EXCEPTED].put(level.node, stay[_EXCEPTED])

    def decide(nodes: Nodes, inherited: Labels) -> Labels:
        return inherited + switch[inherited, nodes]

    return top_down(trie, decide)


def _leaf_costs(trie: Trie, labels: Labels, prices: Prices) -> list[Cost]:
    """Return what leaves cost that inherit each state."""
    wanted, unwanted = (labels == 1).astype(np.int64), (labels == 0).astype(np.int64)
    return [
        Cost.of_leaves(trie, wanted * prices[0]),
        Cost.of_leaves(trie, unwanted * prices[1], labels == FREE),
        Cost.of_leaves(trie, wanted * _IMPOSSIBLE),
    ]


def balanced_two_sets(
    wanted: Sequence[Partition], allowed: Sequence[Collection[int]], limit: int
) -> list[Rules]:
    """Return each family's sets so that B and E, all families together, fit into `limit` each.

    Equal prices are tried first, as they give the fewest in all; then, by bisection, the least
    price of E at which it fits. If B does not fit then, no price fits both; the result is the
    fewest in all. That nothing would fit is not quite proved: only what is cheapest at
    some price is looked at.
    """

    def at(prices: Prices) -> tuple[list[Rules], int, int]:
        found = [two_sets(*pair, prices) for pair in zip(wanted, allowed, strict=True)]
        block = sum(int((rules.verdict != 0).sum()) for rules in found)
        return found, block, sum(map(len, found)) - block

    fewest, block, exceptions = at((1, 1))
    if max(block, exceptions) <= limit:
        return fewest
    step = bisect_left(PRICES, x=True, key=lambda prices: at(prices)[2] <= limit)
    if step == len(PRICES):
        return fewest
    found, block, _ = at(PRICES[step])
    return found if block <= limit else fewest
