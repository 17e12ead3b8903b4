"""The fewest entries with at most m different prefix lengths, for lookups that try each length."""

from collections.abc import Callable, Collection
from functools import cache

import numpy as np

from blockc.addresses.partition import Partition
from blockc.addresses.prefixes import Lengths
from blockc.addresses.rules import Match, Rules
from blockc.passes.exact.cover import Asked
from blockc.passes.exact.lengths import legal

Group = tuple[int, int]


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

    return tuple(lengths[last] for _, last in cheapest_groups(len(lengths), most, pieces))


def cover_in_few_lengths(wanted: Partition, allowed: Collection[int], most: int) -> Rules:
    """Return the fewest disjoint prefixes in at most `most` of the `allowed` lengths, by address.

    Contract: EXACT; WITHIN_DONT_CARE where space is free. Around each leaf there is a widest prefix
    that an entry may be; it takes the blocks of the next longer length that is kept. The best
    lengths to keep occur among those of the widest prefixes, as in `in_few_lengths`. They are
    raised as far as that adds no entry; where fewer than `most` are enough, the others are
    those that leave the most free space out.

    Raises:
        DoesNotFit: As `lengths.legal`.

    Cost: O(n * lengths + lengths ** 2 * most).
    """
    asked = Asked.of(wanted)
    rules = asked.cover(allowed)
    if len(set(rules.prefixes().length.tolist())) <= most:
        return rules
    goal = asked.goals(allowed)
    lengths = sorted(set(goal.tolist()))
    table = _entries(asked, goal, lengths)

    def entries(first: int, last: int) -> int:
        return sum(table[last][lengths[n]] for n in range(first, last + 1))

    kept = [lengths[last] for _, last in cheapest_groups(len(lengths), most, entries)]
    return asked.cover(_with_more(asked, _raised(asked, kept, allowed), allowed, most))


def _entries(asked: Asked, goal: Lengths, lengths: list[int]) -> list[list[int]]:
    """Return for each of `lengths` how many blocks of it hold leaves with each goal up to it."""
    pairs, counts = np.unique(np.stack([goal, asked.leaves.length]), axis=1, return_counts=True)
    full = list(zip(*pairs.tolist(), counts.tolist(), strict=True))
    table = []
    for length in lengths:
        narrow = (goal <= length) & (asked.leaves.length > length)
        first, _ = asked.blocks(np.full_like(goal, length), narrow)
        found: list[int] = np.bincount(goal[first], minlength=length + 1).tolist()
        for shortest, own, count in full:
            if shortest <= length and own <= length:
                found[shortest] += count << (length - own)
        table.append(found)
    return table


def _raised(asked: Asked, kept: list[int], allowed: Collection[int]) -> list[int]:
    """Return the longest lengths in place of those kept with which no entry becomes several."""
    goal = asked.goals(kept)
    first, own = asked.blocks(goal, asked.leaves.length > goal)
    raised = set()
    for length in kept:
        whole = (goal == length) & (asked.leaves.length <= length)
        reach = length if whole.any() else int(own[goal[first] == length].min(initial=128))
        raised.add(max(one for one in allowed if one <= reach))
    return sorted(raised)


def _with_more(
    asked: Asked, kept: list[int], allowed: Collection[int], most: int
) -> tuple[int, ...]:
    """Return `kept` and further lengths, at most `most`, with which entries hold the least."""
    family, goal = asked.leaves.family, asked.goals(kept)
    _, own = asked.blocks(goal, asked.leaves.length > goal)
    counts: list[int] = np.bincount(own, minlength=family.width + 1).tolist()
    lengths = sorted({*kept, *(one for one in allowed if one > kept[0])})

    def taken(first: int, last: int) -> int:
        """Return what entries take whose leaves share `first..last` bits if the first is kept."""
        if any(one in kept for one in lengths[first + 1 : last + 1]):
            return 1 << 2 * family.width
        end = lengths[last + 1] if last + 1 < len(lengths) else family.width + 1
        return sum(counts[lengths[first] : end]) << (family.width - lengths[first])

    groups = cheapest_groups(len(lengths), most, taken)
    return tuple(lengths[first] for first, _ in groups)


def cheapest_groups(count: int, most: int, cost: Callable[[int, int], int]) -> list[Group]:
    """Return how `count` things in a row fall into at most `most` groups at the least cost.

    Args:
        cost: What a group costs, from its first and its last thing.

    Returns:
        First and last of each group; of equal costs the fewest groups.
    """
    price = cache(cost)

    @cache
    def best(last: int, groups: int) -> tuple[int, tuple[Group, ...]]:
        options: list[tuple[int, tuple[Group, ...]]] = [(price(0, last), ((0, last),))]
        for before in range(last if groups > 1 else 0):
            spent, chosen = best(before, groups - 1)
            options.append((spent + price(before + 1, last), (*chosen, (before + 1, last))))
        return min(options, key=lambda option: option[0])

    return list(best(count - 1, most)[1])
