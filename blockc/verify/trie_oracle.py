"""The second witness of a proof: PyTricia, which shares no code with the sweep.

The sweep paints rules over one another, in an order that depends on the match model. Here nothing
is painted: rules enter a trie as they were read, and the trie is asked for single addresses.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import Prefixes, columns, minimal_cover
from blockc.addresses.columns import Column
from blockc.addresses.longest_match import PrefixIndex
from blockc.addresses.rules import Match, Rules

Labels = NDArray[np.int32]
TrieOracle = Callable[[Column], Labels]
_NONE = np.iinfo(np.int32).max


def trie_oracle(match: Match, rules: Rules, label: Labels) -> TrieOracle:
    """Return what gives each address of a column its verdict.

    Args:
        label: What each verdict of `rules` is called in the answers.

    Raises:
        ValueError: If rules of a model that decides by prefixes are ranges.
    """
    return _WITNESSES[match](rules, label)


def _longest(rules: Rules, label: Labels) -> TrieOracle:
    """Answer by the longest match, which also decides where any match does.

    In address order a rule enters the trie near the one before it, which halves the time.
    """
    rules = rules.take(np.argsort(rules.start))
    prefixes, verdicts = rules.prefixes(), label[rules.verdict].tolist()
    return _answers(PrefixIndex(rules.family, prefixes, verdicts), label)


def _intervals(rules: Rules, label: Labels) -> TrieOracle:
    """Answer with the verdict of the range in which a prefix matches."""
    ranges = rules.take(np.argsort(rules.start))
    prefixes = minimal_cover(rules.family, ranges.start, ranges.last)
    starts, asked = columns.alike([ranges.start, prefixes.start])
    origin = np.searchsorted(starts, asked, side="right") - 1
    verdicts = label[ranges.verdict[origin]].tolist()
    return _answers(PrefixIndex(rules.family, prefixes, verdicts), label)


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
