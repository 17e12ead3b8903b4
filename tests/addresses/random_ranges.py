"""Seeded ranges of the real families, crowded where mistakes live."""

from random import Random

from blockc.addresses.family import V6, Family
from tests.addresses.oracle import Range
from tests.addresses.toy import EDGES


def some_address(random: Random, family: Family) -> int:
    """Return an address, mostly a few steps from an edge or on a round boundary."""
    kind = random.randrange(4)
    if kind == 0:
        return random.getrandbits(family.width)
    if kind == 1:
        bits = random.randrange(family.width)
        return random.getrandbits(family.width) >> bits << bits
    step = random.randrange(-5, 6) << random.choice((0, 0, 1, family.width // 2))
    return min(max(random.choice(EDGES[family]) + step, 0), family.last)


def some_range(random: Random, family: Family) -> Range:
    """Return a range, often short, sometimes one block, now and then of whole /64s."""
    first, last = sorted((some_address(random, family), some_address(random, family)))
    kind = random.randrange(4)
    if kind == 0:
        last = min(family.last, first + random.randrange(9))
    elif kind == 1:
        bits = random.randrange(family.width + 1)
        first = first >> bits << bits
        last = first + (1 << bits) - 1
    return first, last


def some_ranges(random: Random, family: Family, *, narrow: bool = False) -> list[Range]:
    """Return up to a dozen ranges; `narrow` ones of IPv6 are whole /64s."""
    found = [some_range(random, family) for _ in range(random.randrange(13))]
    if narrow and family == V6:
        return [(first >> 64 << 64, last | (1 << 64) - 1) for first, last in found]
    return found
