"""The fewest entries with at most m different prefix lengths, for lookups that try each length."""

from functools import cache

import numpy as np

from blockc.addresses.rules import Match, Rules
from blockc.passes.exact.lengths import legal


def in_few_lengths(rules: Rules, most: int) -> Rules:
    """Return disjoint rules in at most `most` prefix lengths, as few as can be, by address.

    Contract: EXACT. A prefix of a length that is not kept becomes pieces of the next longer one
    that is. The best lengths to keep occur among the rules: any other could be shortened to one
    that does. Cost: O(lengths ** 2 * most) and the output.
    """
    lengths, counts = np.unique(rules.prefixes().length, return_counts=True)
    if len(lengths) <= most:
        return rules
    return legal(Match.MEMBER, rules, kept_lengths(lengths.tolist(), counts.tolist(), most))


def kept_lengths(lengths: list[int], counts: list[int], most: int) -> tuple[int, ...]:
    """Return which of the increasing `lengths` to keep; of equal costs the fewest of them."""

    def pieces(first: int, last: int) -> int:
        """Return the entries of lengths `first..last` if of these only the last is kept."""
        goal = lengths[last]
        return sum(counts[n] << (goal - lengths[n]) for n in range(first, last + 1))

    @cache
    def best(last: int, keep: int) -> tuple[int, tuple[int, ...]]:
        """Return the fewest entries of the lengths up to `last`, and which of them are kept."""
        options: list[tuple[int, tuple[int, ...]]] = [(pieces(0, last), ())]
        for before in range(last if keep > 1 else 0):
            cost, kept = best(before, keep - 1)
            options.append((cost + pieces(before + 1, last), kept))
        cost, kept = min(options, key=lambda option: option[0])
        return cost, (*kept, lengths[last])

    return best(len(lengths) - 1, most)[1]
