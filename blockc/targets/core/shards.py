"""The entries of a file in shards: parts of the address space with few entries each.

The border of a shard depends on the addresses and not on positions, so one change of a list
touches one shard, and no other entry moves.
"""

from typing import TYPE_CHECKING

import numpy as np

from blockc.addresses import V6, Prefix, columns
from blockc.addresses.prefixes import spaces
from blockc.addresses.rules import Rules
from blockc.values import Value

if TYPE_CHECKING:
    from blockc.targets.core.document import FamilyEntries


class Shard(Value):
    """The entries of one family inside one prefix.

    Attributes:
        name: The family and, unless the shard has all of it, the prefix: its first digits in
            hexadecimal, `p` and its length. 10.0.0.0/8 is `ipv4_0ap8`, which any platform takes
            as part of a name.
        prefix: The widest prefix around them with few enough entries.
        texts: The entries as the platform spells them.
    """

    name: str
    prefix: str
    version: int
    texts: tuple[str, ...]


def shards(part: "FamilyEntries", most: int, *, long: bool = False) -> list[Shard]:
    """Return the entries of a family in shards, by address.

    Where there are none there is one empty shard, so that what holds it stays.

    Args:
        part: Entries that are disjoint prefixes.
        most: The most entries of a shard.
        long: Whether IPv6 addresses have all their digits.

    Cost: O(n), and O(log n) for each shard.
    """
    rules, family = part.rules, part.family
    order = np.argsort(rules.start, kind="stable")
    starts = columns.ints(family, rules.start[order])
    if long and family == V6:
        texts = _long_texts(rules.take(order))
    else:
        texts = [part.texts[row] for row in order.tolist()]
    cut = list(spaces(family, starts, most)) or [(Prefix(family, 0, 0), slice(0))]
    return [
        Shard(_name(prefix), str(prefix), family.version, tuple(texts[rows]))
        for prefix, rows in cut
    ]


def _name(prefix: Prefix) -> str:
    if not prefix.length:
        return prefix.family.name
    digits = -(-prefix.length // 4)
    first = prefix.first >> (prefix.family.width - 4 * digits)
    return f"{prefix.family.name}_{first:0{digits}x}p{prefix.length}"


def _long_texts(rules: Rules) -> list[str]:
    starts = columns.ints(V6, rules.start)
    lengths = rules.prefixes().length.tolist()
    return [f"{_long(start)}/{length}" for start, length in zip(starts, lengths, strict=True)]


def _long(start: int) -> str:
    digits = f"{start:032x}"
    return ":".join(digits[at : at + 4] for at in range(0, 32, 4))
