"""The entries of a file in shards: parts of the address space with few entries each.

The border of a shard depends on the addresses and not on positions, so one change of a list
touches one shard, and no other entry moves.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from blockc.addresses import V6, Prefix, columns
from blockc.addresses.prefixes import spaces
from blockc.addresses.rules import Rules
from blockc.errors import DoesNotFit
from blockc.targets.core.target_options import OptionValue
from blockc.values import Value

if TYPE_CHECKING:
    from blockc.targets.core.document import FamilyEntries
    from blockc.targets.core.target import Target


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


def sharded(
    target: "Target", parts: Iterable["FamilyEntries"], options: Mapping[str, OptionValue]
) -> list[Shard]:
    """Return the entries of all families in shards.

    Raises:
        DoesNotFit: If there are more shards than the platform can use together, or a name is too
            long for it.
        ValueError: If the target has no shards.
    """
    way = target.sharding
    if way is None:
        raise ValueError(f"{target.name} has no shards")
    most = int(options["shard"])
    found = [shard for part in parts for shard in shards(part, most, long=way.long)]
    if way.most is not None and len(found) > way.most:
        raise DoesNotFit(
            f"{target.name}: {way.what} {way.most} at most, the list needs {len(found)}",
            hint=f"{_raise_shard(target, most)}write fewer countries in a list; the limit is from "
            f"{way.reference.url}",
        )
    names = (f"{options.get('name', '')}_{shard.name}" for shard in found)
    too_long = next((name for name in names if len(name) > way.longest), "")
    if too_long:
        raise DoesNotFit(
            f"{target.name} takes names of {way.longest} characters, {too_long!r} is longer",
            hint=f"{_raise_shard(target, most)}choose a shorter name in the output",
        )
    return found


def _raise_shard(target: "Target", most: int) -> str:
    """Return the advice to let a shard hold more, unless it holds the most that it can."""
    within = next(option.within for option in target.options if option.name == "shard")
    return "raise the option shard, or " if most + 1 in within else ""


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
