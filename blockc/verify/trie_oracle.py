"""The second witness of a proof: a trie, which shares no code with the sweep.

The sweep paints rules over one another, in an order that depends on the match model. Here nothing
is painted: rules enter a trie as they were read, and the trie is asked for single addresses. The
trie is PyTricia, or for lists of millions of entries an array that takes them all at once.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import V4, Prefixes, columns, minimal_cover
from blockc.addresses.columns import Column
from blockc.addresses.longest_match import PrefixIndex
from blockc.addresses.rules import Match, Rules

Labels = NDArray[np.int32]
TrieOracle = Callable[[Column], Labels]
_NONE = np.iinfo(np.int32).max
_MANY = 1 << 20  # rules, from which an array pays; below, its steps for each block cost more
_BLOCK = 20  # bits of the addresses in a block of the array, whose tree so fits the cache
_TOP = V4.width - _BLOCK


def trie_oracle(match: Match, rules: Rules, label: Labels) -> TrieOracle:
    """Return what gives each address of a column its verdict.

    Args:
        label: What each verdict of `rules` is called in the answers.

    Raises:
        ValueError: If rules of a model that decides by prefixes are ranges.
    """
    return _WITNESSES[match](rules, label)


def array_oracle(match: Match, rules: Rules, label: Labels) -> TrieOracle | None:
    """Return what answers as `trie_oracle` does, for the IPv4 rules of a list of millions.

    None where there are fewer, or where more than the longest prefix decides.

    Raises:
        ValueError: If rules of a model that decides by prefixes are ranges.
    """
    if rules.family != V4 or len(rules) < _MANY or match not in _BY_ONE_TRIE:
        return None
    prefixes, labels = _BY_ONE_TRIE[match](rules, label)
    return ArrayTrie(prefixes, labels, int(label[0])).labels


class ArrayTrie:
    """A binary trie of IPv4 prefixes in an array, where the children of node n are 2n and 2n + 1.

    A prefix stands at its own node. The way from the root to an address meets all prefixes that
    hold it, the longest one last. Blocks of 2**20 addresses have a tree each, which is filled when
    somebody asks, emptied again, and so is one array for all of them.

    Cost: about 0.1 us for a prefix and for an address; PyTricia takes a call from Python for each.
    """

    def __init__(self, prefixes: Prefixes, labels: Labels, default: int) -> None:
        """Store prefixes in order of their addresses; of equal ones the last stays."""
        self._start = prefixes.start.astype(np.uint32)
        self._length = prefixes.length.astype(np.int8)
        self._label = labels
        self._default = default
        wide = np.flatnonzero(self._length <= _TOP)
        nodes = _nodes(self._start[wide] >> np.uint32(_BLOCK), self._length[wide], _TOP)
        self._wide = dict(zip(nodes.tolist(), labels[wide].tolist(), strict=True))
        self._tree = np.zeros(2 << _BLOCK, dtype=np.int32)  # row + 1 of a prefix, or 0

    def labels(self, addresses: Column) -> Labels:
        """Return the label of the longest match of each address, quickest if they ascend."""
        asked = addresses.astype(np.uint32)
        found = np.empty(len(asked), dtype=np.int32)
        borders = np.flatnonzero(np.diff(asked >> _BLOCK)) + 1
        for begin, end in pairwise([0, *borders.tolist(), len(asked)]):
            if begin < end:
                self._look_up(asked[begin:end], found[begin:end])
        return found

    def _look_up(self, asked: NDArray[np.uint32], found: Labels) -> None:
        """Write the label of each address, all of them of one block, into `found`."""
        block = int(asked[0]) >> _BLOCK
        found[:] = self._around(block)
        borders = np.array([block << _BLOCK, (block + 1 << _BLOCK) - 1], dtype=np.uint32)
        first, end = np.searchsorted(self._start, borders[0]), self._after(borders[1])
        depth = self._length[first:end] - np.int8(_TOP)
        rows = np.flatnonzero(depth > 0)
        if not len(rows):
            return
        nodes = _nodes(self._start[first:end][rows] & _LOW, depth[rows], _BLOCK)
        self._tree[nodes] = rows + 1
        labels, low = self._label[first:end], asked & _LOW
        for level in np.flatnonzero(np.bincount(depth[rows])).tolist():
            met = self._tree.take((low >> np.uint32(_BLOCK - level)) + np.uint32(1 << level))
            here = np.flatnonzero(met)
            found[here] = labels[met[here] - 1]
        self._tree[nodes] = 0

    def _after(self, address: np.uint32) -> np.intp:
        return np.searchsorted(self._start, address, side="right")

    def _around(self, block: int) -> int:
        """Return the label of the longest prefix that holds a whole block."""
        node = 1 << _TOP | block
        around = (self._wide.get(node >> up) for up in range(_TOP + 1))
        return next((label for label in around if label is not None), self._default)


_LOW = np.uint32((1 << _BLOCK) - 1)


def _nodes(start: NDArray[np.uint32], length: NDArray[np.int8], width: int) -> NDArray[np.uint32]:
    """Return the node of each prefix in the tree of an address space of so many bits."""
    depth = length.astype(np.uint32)
    nodes: NDArray[np.uint32] = (np.uint32(1) << depth) + (start >> (np.uint32(width) - depth))
    return nodes


def _longest(rules: Rules, label: Labels) -> TrieOracle:
    """Answer by the longest match, which also decides where any match does.

    In address order a rule enters the trie near the one before it, which halves the time.
    """
    prefixes, labels = _own_prefixes(rules, label)
    return _answers(PrefixIndex(rules.family, prefixes, labels.tolist()), label)


def _own_prefixes(rules: Rules, label: Labels) -> tuple[Prefixes, Labels]:
    """Return the rules as prefixes in address order, and the label of each."""
    rules = _in_order(rules)
    return rules.prefixes(), label[rules.verdict]


def _in_order(rules: Rules) -> Rules:
    if (rules.start[1:] >= rules.start[:-1]).all():
        return rules
    return rules.take(np.argsort(rules.start, kind="stable"))


def _intervals(rules: Rules, label: Labels) -> TrieOracle:
    """Answer with the verdict of the range in which a prefix matches."""
    prefixes, labels = _covering_prefixes(rules, label)
    return _answers(PrefixIndex(rules.family, prefixes, labels.tolist()), label)


def _covering_prefixes(rules: Rules, label: Labels) -> tuple[Prefixes, Labels]:
    """Return the prefixes of disjoint ranges in address order, and the label of each."""
    ranges = _in_order(rules)
    prefixes = minimal_cover(rules.family, ranges.start, ranges.last)
    starts, asked = columns.alike([ranges.start, prefixes.start])
    origin = np.searchsorted(starts, asked, side="right") - 1
    return prefixes, label[ranges.verdict[origin]]


def _two_sets(rules: Rules, label: Labels) -> TrieOracle:
    """Answer with one trie a set: in the first and not in the second."""
    inside = _longest(rules.take(rules.verdict != 0), label)
    spared = rules.take(rules.verdict == 0).prefixes()
    outside = PrefixIndex(rules.family, spared, [1] * len(spared))
    return lambda asked: np.where(outside.labels(asked) == 1, label[0], inside(asked))


def _first(rules: Rules, label: Labels) -> TrieOracle:
    """Answer with the first of the rules that match.

    They are a chain of nested prefixes. Stored from the shortest to the longest, each finds the
    first of those around it by its own longest match, and keeps that if it comes before it.
    """
    index = PrefixIndex(rules.family, Prefixes.empty(rules.family), [])
    lengths = rules.prefixes().length
    for length in columns.distinct(lengths):
        rows = np.flatnonzero(lengths == length)[::-1]  # of equals the first is kept
        prefixes = rules.take(rows).prefixes()
        around = index.labels(prefixes.start, _NONE)
        index.add(prefixes, np.minimum(around, rows).tolist())
    verdict = np.append(label[rules.verdict], label[0])

    def ask(addresses: Column) -> Labels:
        found: Labels = verdict[np.minimum(index.labels(addresses, _NONE), len(rules))]
        return found

    return ask


def _answers(index: PrefixIndex, label: Labels) -> TrieOracle:
    default = int(label[0])
    return lambda asked: index.labels(asked, default)


_WITNESSES: dict[Match, Callable[[Rules, Labels], TrieOracle]] = {
    Match.LONGEST: _longest,
    Match.MEMBER: _longest,
    Match.INTERVALS: _intervals,
    Match.FIRST: _first,
    Match.TWO_SETS: _two_sets,
}
_BY_ONE_TRIE: dict[Match, Callable[[Rules, Labels], tuple[Prefixes, Labels]]] = {
    Match.LONGEST: _own_prefixes,
    Match.MEMBER: _own_prefixes,
    Match.INTERVALS: _covering_prefixes,
}
