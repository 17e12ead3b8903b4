"""At most k prefixes of a longest match at the least cost, with exceptions inside prefixes."""

from collections.abc import Collection, Iterator

import numpy as np

from blockc.addresses.partition import Labels, Partition
from blockc.addresses.rules import Rules
from blockc.addresses.trie import Nodes, Trie
from blockc.errors import Miscompiled
from blockc.passes.budget.cost_curve import Curve, curve_of, refused_curve
from blockc.passes.budget.cost_model import CostModel
from blockc.passes.budget.dp_tables import Sizes, Tables
from blockc.passes.budget.limbs import lower
from blockc.passes.budget.minplus import Table, cut, split
from blockc.passes.budget.span_sums import Worth
from blockc.passes.exact.lengths import legal_leaves
from blockc.passes.request import Observer, unobserved
from blockc.passes.tree import Flags, in_order
from blockc.values import Value

Shares = tuple[int, int]


def longest_curve(
    wanted: Partition,
    stakes: CostModel,
    allowed: Collection[int],
    limit: int,
    observe: Observer = unobserved,
) -> Curve:
    """Return the least cost of every number of prefixes up to `limit` in a longest match.

    Args:
        wanted: Labels 1 and 0, or `FREE`.
        allowed: The lengths a prefix may have; optimal if they are all from the shortest on.

    Every node of the tree inherits a verdict and may, for an entry, change it for all below;
    either way its two sides share the rest of the entries. A node in which nothing is wanted, or
    nothing can be harmed, is not looked into: an entry for all of it is as good as any inside.

    Cost: as `budget_cover.cover_curve`, four times.
    """
    leaves, labels = legal_leaves(wanted, allowed)
    solver = _Solver.of(Trie.over(leaves), labels, stakes, allowed, limit)
    first = solver.fewest()
    if first > limit:
        return refused_curve(stakes, first)
    return curve_of(stakes, solver.fill(observe), solver.rules)


class _Solver(Value, eq=False):
    """The tree, and of the nodes that are looked at their tables.

    Attributes:
        legal: The nodes that may have an entry.
        free: The nodes below which nothing is wanted and nothing can be harmed.
        ends: The nodes at which looking ends.
        inner: The other nodes that are looked at.
        children: Left and right child of every inner node.
        tables: What nodes cost that inherit verdict 0 and verdict 1.
    """

    trie: Trie
    legal: Flags
    free: Flags
    ends: Flags
    inner: Flags
    children: dict[int, tuple[int, int]]
    tables: Tables

    @classmethod
    def of(
        cls,
        trie: Trie,
        labels: Labels,
        stakes: CostModel,
        allowed: Collection[int],
        limit: int,
    ) -> "_Solver":
        """Return the solver with the tables of the nodes at which looking ends."""
        legal = np.isin(trie.length, list(allowed))
        harm = stakes.harm_of(trie.leaves.start, trie.leaves.last)
        idle = ~_holding(trie, labels == 1)
        harmless = ~_holding(trie, (labels == 0) & (harm > 0).astype(bool))
        ends = legal & (idle | harmless)
        ends[: len(labels)] = True
        seen = np.zeros(len(trie), dtype=bool)
        seen[trie.root] = True
        for level in reversed(trie.levels):
            seen[level.left] = seen[level.right] = seen[level.node] & ~ends[level.node]
        sides = zip(*(side.tolist() for side in trie.children()), strict=True)
        children = dict(enumerate(sides, start=len(labels)))
        last = np.flatnonzero(seen & ends)
        costs = _end_costs(trie, last, stakes, legal)
        whole = trie.prefixes(np.array([trie.root]))
        most = stakes.most(whole.start, whole.last)
        tables = Tables.of_ends(trie, seen, last, costs, limit, most)
        return cls(trie, legal, idle & harmless, ends, seen & ~ends, children, tables)

    def fewest(self) -> int:
        """Return the fewest entries that break nothing that must not be broken."""

        def reach(nodes: Nodes, need: Sizes) -> Sizes:
            return np.where(self.legal[nodes], np.minimum(need, need[::-1] + 1), need)

        last = np.flatnonzero(self.ends & (self.tables.size > 0))
        return self.tables.fewest(self.trie, self.inner, last, reach)

    def fill(self, observe: Observer) -> Table:
        """Compute the costs of the inner nodes and return the root's, which inherits 0."""
        self.tables.fill(self.trie, self.inner, self._or_changed, observe)
        return cut(self.tables.get(self.trie.root)[0])

    def _or_changed(self, nodes: Nodes, stay: Worth) -> Worth:
        best = stay.copy()
        more = stay[..., 1:]
        change = np.where(self.legal[nodes, np.newaxis], stay[:, ::-1, :, :-1], more)
        lower(best[..., 1:], change)
        return best

    def rules(self, entries: int) -> Rules:
        """Return the cheapest rules of at most `entries`, by address and then length."""
        chosen = dict(self._chosen(entries))
        nodes = in_order(self.trie, np.array(list(chosen), dtype=np.intp))
        verdicts = np.array([chosen[node] for node in nodes.tolist()], dtype=np.int32)
        return Rules.of_prefixes(self.trie.prefixes(nodes), verdicts)

    def _chosen(self, entries: int) -> Iterator[tuple[int, int]]:
        """Yield nodes with an entry and its verdict; of equal costs the fewest entries."""
        open_nodes = [(self.trie.root, 0, entries)]
        while open_nodes:
            node, verdict, most = open_nodes.pop()
            table = self.tables.get(node)[verdict]
            cost = table[min(most, len(table) - 1)]
            fewest = int(np.argmax(table == cost))
            if not fewest:
                continue
            if self.ends[node]:
                yield self._narrowed(node, 1 - verdict), 1 - verdict
                continue
            holds, shares = self._decide(node, verdict, fewest, cost)
            if holds != verdict:
                yield self._narrowed(node, holds), holds
            open_nodes += [
                (child, holds, share)
                for child, share in zip(self.children[node], shares, strict=True)
            ]

    def _decide(self, node: int, verdict: int, entries: int, cost: int) -> tuple[int, Shares]:
        """Return the verdict that holds in an inner node, and the entries of its two sides."""
        one, two = (self.tables.get(child) for child in self.children[node])
        stay = split(one[verdict], two[verdict], entries, cost)
        if stay:
            return verdict, stay
        change = split(one[1 - verdict], two[1 - verdict], entries - 1, cost)
        if change:
            return 1 - verdict, change
        raise Miscompiled("no choice of entries has the cost that was computed for a prefix")

    def _narrowed(self, node: int, verdict: int) -> int:
        """Return the narrowest node that serves as well: free space is left out of entries."""
        if not verdict:
            return node
        while node >= len(self.trie.leaves):
            one, two = self.children[node]
            below = one if self.free[two] else two
            if not (self.free[one] or self.free[two]) or not self.legal[below]:
                return node
            node = below
        return node


def _holding(trie: Trie, leaves: Flags) -> Flags:
    """Return the nodes that hold one of the `leaves` chosen."""
    holding = np.concatenate([leaves, np.zeros(len(trie) - len(leaves), dtype=bool)])
    for level in trie.levels:
        holding[level.node] = holding[level.left] | holding[level.right]
    return holding


def _end_costs(trie: Trie, nodes: Nodes, stakes: CostModel, legal: Flags) -> Worth:
    """Return what nodes cost that are not looked into: as inherited, or changed as a whole."""
    prefixes = trie.prefixes(nodes)
    missed = stakes.missed_of(prefixes.start, prefixes.last)
    harm = stakes.harm_of(prefixes.start, prefixes.last)
    allow = np.stack([missed, np.where(legal[nodes], harm, missed)], axis=1)
    block = np.stack([harm, np.where(legal[nodes], missed, harm)], axis=1)
    return np.stack([allow, block])
