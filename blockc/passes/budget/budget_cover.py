"""At most k disjoint prefixes at the least cost: harm to others, and what is wanted but missed.

Source: F. Soldo, K. Argyraki, A. Markopoulou, "Optimal Source-Based Filtering of Malicious
Traffic", IEEE/ACM Transactions on Networking 20(2), 2012 (FILTER-ALL and FILTER-SOME).
"""

from collections.abc import Collection, Iterator

import numpy as np

from blockc.addresses.partition import Partition
from blockc.addresses.prefixes import Prefixes
from blockc.addresses.rules import Rules
from blockc.addresses.trie import Nodes, Trie, block_starts
from blockc.passes.budget.cost_curve import Curve, curve_of, flat_curve, refused_curve
from blockc.passes.budget.cost_model import CostModel, touches
from blockc.passes.budget.dp_tables import UNREACHABLE, Sizes, Tables
from blockc.passes.budget.limbs import cut_up, lower
from blockc.passes.budget.minplus import Table, cut, never, split
from blockc.passes.budget.span_sums import Worth
from blockc.passes.exact.cover import cover
from blockc.passes.exact.lengths import legal_pieces
from blockc.passes.request import Observer, unobserved
from blockc.passes.tree import Flags, take
from blockc.values import Value


def cover_curve(
    wanted: Partition,
    stakes: CostModel,
    allowed: Collection[int],
    limit: int,
    observe: Observer = unobserved,
) -> Curve:
    """Return the least cost of every number of disjoint prefixes up to `limit`.

    Args:
        wanted: Labels 1 and 0, or `FREE`.
        allowed: The lengths a prefix may have.

    Some optimum takes prefixes that are each the longest one that holds some entries of the
    exact cover, because any other holds more harm for the same gain. Such prefixes are the nodes
    of a tree; at each node either it is taken, or its two sides share the entries.

    Cost: O(n * limit) at worst, far less on real lists (see `Tables.fill`). Memory: the tables of
    all nodes, in each as many costs as it has blocks, or as the limit.
    """
    exact = legal_pieces(cover(wanted).prefixes(), allowed)
    blocks = take(exact, touches(stakes.wanted, (exact.start, exact.last)))
    if not len(blocks):
        return flat_curve(stakes)
    solver = _Solver.of(Trie.over(blocks), stakes, allowed, limit)
    first = solver.fewest()
    if first > limit:
        return refused_curve(stakes, first)
    return curve_of(stakes, solver.fill(observe), solver.rules)


class _Solver(Value, eq=False):
    """The tree of the blocks, the prefix that stands for each node, and its cost if taken."""

    trie: Trie
    prefixes: Prefixes
    taken: Worth
    tables: Tables

    @classmethod
    def of(cls, trie: Trie, stakes: CostModel, allowed: Collection[int], limit: int) -> "_Solver":
        """Return the solver with the tables of the leaves: missed, or taken for one entry."""
        prefixes, fine = _legal_nodes(trie, allowed)
        taken = stakes.harm_of(prefixes.start, prefixes.last)
        taken[~fine] = never(stakes.kind)
        missed = stakes.missed_of(trie.leaves.start, trie.leaves.last)
        costs = np.stack([missed, taken[: len(missed)]], axis=1)[np.newaxis]
        everywhere = np.ones(len(trie), dtype=bool)
        space = trie.prefixes(np.array([trie.root]))
        most = stakes.most(space.start, space.last)
        tables = Tables.of_ends(trie, everywhere, np.arange(len(missed)), costs, limit, most)
        return cls(trie, prefixes, taken, tables)

    def fewest(self) -> int:
        """Return the fewest entries that break nothing that must not be broken."""
        alone = np.where(self.taken < never(self.taken.dtype), 1, UNREACHABLE)

        def reach(nodes: Nodes, need: Sizes) -> Sizes:
            return np.minimum(need, alone[nodes])

        return self.tables.fewest(self.trie, self._inner, np.arange(len(self.trie.leaves)), reach)

    def fill(self, observe: Observer) -> Table:
        """Compute the costs of the inner nodes and return the root's."""
        self.tables.fill(self.trie, self._inner, self._or_taken, observe)
        return cut(self.tables.get(self.trie.root)[0])

    @property
    def _inner(self) -> Flags:
        inner: Flags = np.arange(len(self.trie)) >= len(self.trie.leaves)
        return inner

    def _or_taken(self, nodes: Nodes, stay: Worth) -> Worth:
        taken = cut_up(self.taken[nodes], len(stay))
        lower(stay[..., 1:], taken[:, np.newaxis, :, np.newaxis])
        return stay

    def rules(self, entries: int) -> Rules:
        """Return the cheapest rules of at most `entries`, by address."""
        nodes = sorted(self._chosen(entries), key=self.trie.first.__getitem__)
        return Rules.of_prefixes(take(self.prefixes, np.array(nodes, dtype=np.intp)))

    def _chosen(self, entries: int) -> Iterator[int]:
        """Yield the nodes taken; of equal costs the fewest entries, then the narrower prefixes."""
        left, right = (side.tolist() for side in self.trie.children())
        leaves = len(self.trie.leaves)
        open_nodes = [(self.trie.root, entries)]
        while open_nodes:
            node, most = open_nodes.pop()
            (table,) = self.tables.get(node)
            cost = table[min(most, len(table) - 1)]
            fewest = int(np.argmax(table == cost))
            if not fewest:
                continue
            first, last = int(self.trie.first[node]), int(self.trie.last[node])
            if fewest == last - first + 1:
                yield from range(first, last + 1)
                continue
            one, two = left[node - leaves], right[node - leaves]
            shares = split(self.tables.get(one)[0], self.tables.get(two)[0], fewest, cost)
            if shares:
                open_nodes += [(one, shares[0]), (two, shares[1])]
            else:
                yield node


def _legal_nodes(trie: Trie, allowed: Collection[int]) -> tuple[Prefixes, Flags]:
    """Return the longest allowed prefix that holds the leaves of each node and no others.

    Also which nodes have one; the prefixes of the others mean nothing.
    """
    lengths = np.array(sorted(allowed), dtype=np.int16)
    place = np.searchsorted(lengths, trie.length, side="right") - 1
    length = lengths[np.maximum(place, 0)]
    above = np.full(len(trie), -1, dtype=np.int16)
    for level in trie.levels:
        above[level.left] = above[level.right] = trie.length[level.node]
    starts = trie.leaves.start[trie.first]
    inside = Prefixes(trie.family, block_starts(trie.family, starts, length), length)
    return inside, (place >= 0) & (length > above)
