"""The fewest entries with at most m different prefix lengths, for lookups that try each length."""

from collections import Counter
from collections.abc import Callable, Collection
from functools import cache

import numpy as np
from numpy.typing import NDArray

from blockc.addresses.partition import Partition
from blockc.addresses.prefixes import Lengths
from blockc.addresses.rules import Match, Rules
from blockc.passes.exact.cover import Asked
from blockc.passes.exact.lengths import legal
from blockc.values import Value

Group = tuple[int, int]
_MOST_WAYS = 64  # to share out the fewest entries, of which the one with the least space is found


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

    return tuple(lengths[last] for _, last in cheapest_groups(len(lengths), most, pieces)[1])


def cover_in_few_lengths(wanted: Partition, allowed: Collection[int], most: int) -> Rules:
    """Return the fewest disjoint prefixes in at most `most` of the `allowed` lengths, by address.

    Contract: EXACT; WITHIN_DONT_CARE where space is free. Around each leaf there is a widest prefix
    that an entry may be; it takes the blocks of the next longer length that is kept. The best
    lengths to keep occur among those of the widest prefixes, as in `in_few_lengths`; that
    tells how many entries the leaves of each widest length get. Every way to share the fewest
    entries out like that is tried with the lengths that leave the most free space out.

    Raises:
        DoesNotFit: As `lengths.legal`.

    Cost: O(n * lengths + lengths ** 2 * most * ways).
    """
    asked = Asked.of(wanted)
    rules = asked.cover(allowed)
    if len(set(rules.prefixes().length.tolist())) <= most:
        return rules
    tables = _tables(asked, asked.goals(allowed))
    choices = (_narrowest(tables, way, allowed, most) for way in _ways(tables, most))
    _, kept = min(choices, key=lambda choice: choice[0])
    return asked.cover(kept)


class _Table(Value, eq=False):
    """What leaves become if one length is kept for them, by their goal.

    Attributes:
        entries: How many entries.
        whole: The space of those that are wanted as they are.
        own: How many of the others each length would suit best: with it they hold the least.
        reach: The longest length that could be kept instead without another entry.
    """

    entries: list[int]
    whole: list[int]
    own: NDArray[np.int64]
    reach: list[int]


def _tables(asked: Asked, goal: Lengths) -> dict[int, _Table]:
    """Return the table of each length that is a goal, shortest first, for the goals up to it."""
    ends = asked.leaves.family.width + 1
    leaf = asked.leaves.length
    full = Counter(zip(goal.tolist(), leaf.tolist(), strict=True))
    found = {}
    for length in np.unique(goal).tolist():
        first, suits = asked.blocks(np.full_like(goal, length), (goal <= length) & (leaf > length))
        own = np.zeros((ends, ends), dtype=np.int64)
        np.add.at(own, (goal[first], suits), 1)
        entries, reach = own.sum(axis=1).tolist(), np.full(ends, ends)
        np.minimum.at(reach, goal[first], suits)
        whole = [0] * ends
        for (at, size), count in full.items():
            if at <= length and size <= length:
                entries[at] += count << (length - size)
                whole[at] += count << (ends - size)
                reach[at] = length
        found[length] = _Table(entries, whole, own, reach.tolist())
    return found


def _ways(tables: dict[int, _Table], most: int) -> list[tuple[int, ...]]:
    """Return how many entries the leaves of each goal become, in every way with the fewest.

    There may be very many in theory, and are a handful in practice; see `_MOST_WAYS`.
    """
    lengths = list(tables)

    @cache
    def best(last: int, groups: int) -> list[tuple[int, ...]]:
        """Return the ways for the goals up to the one at `last`, which is a length kept."""
        row = tuple(tables[lengths[last]].entries[goal] for goal in lengths[: last + 1])
        befores = range(last if groups > 1 else 0)
        ways = [row]
        ways += [way + row[at + 1 :] for at in befores for way in best(at, groups - 1)]
        fewest = min(map(sum, ways))
        return list(dict.fromkeys(way for way in ways if sum(way) == fewest))[:_MOST_WAYS]

    return best(len(lengths) - 1, most)


def _narrowest(
    tables: dict[int, _Table], way: tuple[int, ...], allowed: Collection[int], most: int
) -> tuple[int, list[int]]:
    """Return the least space entries can take that are shared out so, and the lengths for it.

    As many entries for leaves of a goal are the same groups of leaves, whichever length they are
    the blocks of. So what each takes depends only on the longest length kept that suits it.
    """
    spans, narrow, whole = dict[int, range](), list[NDArray[np.int64]](), 0
    for goal, entries in zip(tables, way, strict=True):
        above = (at for at in tables if at >= goal and tables[at].entries[goal] == entries)
        shortest = next(above)
        spans[goal] = range(shortest, tables[shortest].reach[goal] + 1)
        narrow.append(tables[shortest].own[goal])
        whole += tables[shortest].whole[goal]
    counts: list[int] = np.sum(narrow, axis=0).tolist()
    end = len(counts)
    ends = [*sorted(one for one in allowed if one >= min(tables)), end]

    def taken(first: int, last: int) -> int:
        """Return what entries of the length kept before `first` take, if `last` is the next."""
        below, kept = ends[first - 1] if first else -1, ends[last]
        if any(below < goal <= kept and kept not in span for goal, span in spans.items()):
            return 1 << 2 * end
        return sum(counts[below:kept]) << (end - below) if first else 0

    space, groups = cheapest_groups(len(ends), most + 1, taken)
    return whole + space, [ends[last] for _, last in groups[:-1]]


def cheapest_groups(
    count: int, most: int, cost: Callable[[int, int], int]
) -> tuple[int, tuple[Group, ...]]:
    """Return how `count` things in a row fall into at most `most` groups at the least cost.

    Args:
        cost: What a group costs, from its first and its last thing.

    Returns:
        What they cost, and first and last of each group; of equal costs the fewest groups.
    """
    price = cache(cost)

    @cache
    def best(last: int, groups: int) -> tuple[int, tuple[Group, ...]]:
        options: list[tuple[int, tuple[Group, ...]]] = [(price(0, last), ((0, last),))]
        for before in range(last if groups > 1 else 0):
            spent, chosen = best(before, groups - 1)
            options.append((spent + price(before + 1, last), (*chosen, (before + 1, last))))
        return min(options, key=lambda option: option[0])

    return best(count - 1, most)
