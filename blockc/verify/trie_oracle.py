"""The second witness of a proof: a trie, which shares no code with the sweep.

The sweep paints rules over one another, in an order that depends on the match model. Here rules
enter a trie as they were read, and the trie, which is PyTricia, is asked for single addresses. For
many rules that takes too long: each rule is asked which of the addresses it holds instead.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import Prefixes, columns, minimal_cover
from blockc.addresses.columns import Column
from blockc.addresses.longest_match import PrefixIndex
from blockc.addresses.prefixes import Lengths
from blockc.addresses.rules import Match, Rules

Labels = NDArray[np.int32]
TrieOracle = Callable[[Column], Labels]
_NONE = np.iinfo(np.int32).max
_MANY = 1 << 13  # rules; of fewer PyTricia tells as quickly about all slots


def trie_oracle(match: Match, rules: Rules, label: Labels) -> TrieOracle:
    """Return what gives each address of a column its verdict.

    Args:
        label: What each verdict of `rules` is called in the answers.

    Raises:
        ValueError: If rules of a model that decides by prefixes are ranges.
    """
    return _WITNESSES[match](rules, label)


def layer_oracle(match: Match, rules: Rules, label: Labels) -> TrieOracle | None:
    """Return what answers as `trie_oracle` does about ascending addresses, for many rules.

    None where there are fewer, or where more decides than which of the rules is the longest.

    Raises:
        ValueError: If rules of a model that decides by prefixes are ranges.
    """
    if len(rules) < _MANY or match not in _BY_LENGTH:
        return None
    rules = _in_order(rules)
    lengths = rules.prefixes().length if _BY_LENGTH[match] else np.zeros(len(rules), np.int16)
    return _Layers(rules, lengths, label).labels


class _Layers:
    """Rules in layers, each of disjoint spans: a rule of a later layer decides before the others.

    Every rule is asked which of the addresses it holds, in place of every address which rules hold
    it: both are in order, so that is two searches side by side.

    Cost: O(n log n), about 0.2 us for a rule and an address; PyTricia takes a call from Python for
    each.
    """

    def __init__(self, rules: Rules, lengths: Lengths, label: Labels) -> None:
        """Take rules in order of their first addresses; those of one length are a layer."""
        self._rules = rules
        self._label = label
        self._layers = [np.flatnonzero(lengths == n).astype(np.int32) for n in _distinct(lengths)]

    def labels(self, addresses: Column) -> Labels:
        """Return the label of the last layer that holds each of the ascending addresses."""
        found = np.full(len(addresses), self._label[0])
        if not len(addresses):
            return found
        if columns.is_wide(addresses) and not columns.is_wide(self._rules.start):
            addresses, _ = columns.split(addresses)  # rules of whole units hold all of one or none
        starts, edges = columns.alike([self._rules.start, addresses[[0, -1]]])
        begin, end = np.searchsorted(starts, edges, side="right")
        for rows in self._layers:
            first = np.searchsorted(rows, begin) - 1  # the one before may reach to here
            self._mark(rows[max(0, first) : np.searchsorted(rows, end)], addresses, found)
        return found

    def _mark(self, rows: NDArray[np.int32], addresses: Column, found: Labels) -> None:
        """Write the label of each rule to the addresses that it holds."""
        spans = self._rules.start[rows], self._rules.last[rows]
        (start, last), (asked, _) = columns.spans_alike([spans, (addresses, addresses)])
        first = np.searchsorted(asked, start)
        count = np.searchsorted(asked, last, side="right") - first
        before = np.cumsum(count) - count
        held = np.repeat(first - before, count) + np.arange(count.sum())
        found[held] = np.repeat(self._label[self._rules.verdict[rows]], count)


def _distinct(lengths: Lengths) -> list[int]:
    """Return the lengths that occur, the shortest first."""
    found: list[int] = np.flatnonzero(np.bincount(lengths)).tolist()
    return found


def _longest(rules: Rules, label: Labels) -> TrieOracle:
    """Answer by the longest match, which also decides where any match does.

    In address order a rule enters the trie near the one before it, which halves the time.
    """
    rules = _in_order(rules)
    labels = label[rules.verdict]
    return _answers(PrefixIndex(rules.family, rules.prefixes(), labels.tolist()), label)


def _in_order(rules: Rules) -> Rules:
    if (rules.start[1:] >= rules.start[:-1]).all():
        return rules
    return rules.take(np.argsort(rules.start))


def _intervals(rules: Rules, label: Labels) -> TrieOracle:
    """Answer with the verdict of the range in which a prefix matches."""
    ranges = _in_order(rules)
    prefixes = minimal_cover(rules.family, ranges.start, ranges.last)
    starts, asked = columns.alike([ranges.start, prefixes.start])
    origin = np.searchsorted(starts, asked, side="right") - 1
    labels = label[ranges.verdict[origin]]
    return _answers(PrefixIndex(rules.family, prefixes, labels.tolist()), label)


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
#: The models in which one rule decides: whether the longest one, or the only one.
_BY_LENGTH = {Match.LONGEST: True, Match.MEMBER: True, Match.INTERVALS: False}
