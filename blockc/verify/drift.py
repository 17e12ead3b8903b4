"""How far an artifact, or what a live system has of it, is from what it should say."""

from collections.abc import Sequence

import numpy as np

from blockc.addresses import AddrMap, AddrSet, Family, overlay
from blockc.addresses.partition import Partition
from blockc.addresses.rules import Match, Rules, meaning
from blockc.targets.syntax.reading import Reading
from blockc.values import Value


class Drift(Value, eq=False):
    """Addresses that get the wrong verdict.

    Attributes:
        missing: They should get one, and get none.
        extra: They get one, and should get none.
        other: They should get one, and get another.
    """

    missing: AddrSet
    extra: AddrSet
    other: AddrSet

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra or self.other)


def drift(match: Match, reading: Reading, intent: AddrMap) -> Drift:
    """Return the addresses about which a reading says something else than it should.

    Raises:
        ValueError: If entries contradict each other; see `meaning`.
    """
    families = intent.families
    rules = [reading.rules.get(family, Rules.empty(family)) for family in families]
    said = meaning(match, rules, reading.names, families)
    names = tuple(dict.fromkeys((*intent.names, *said.names)))
    parts = [_differences(family, names, intent, said) for family in families]
    return Drift(*(AddrSet(tuple(part)) for part in zip(*parts, strict=True)))


def _differences(
    family: Family, names: Sequence[str], intent: AddrMap, said: AddrMap
) -> tuple[Partition, Partition, Partition]:
    """Return where a verdict is missing, where there is one too many, and where it is another."""
    starts, labels = overlay(intent.part(family), said.part(family))
    pairs = zip(labels, (intent, said), strict=True)
    wanted, got = (_numbers(names, one)[label] for label, one in pairs)
    default = names.index(intent.names[0])
    differs = wanted != got
    missing, extra = differs & (got == default), differs & (wanted == default)
    kinds = (missing, extra, differs & ~missing & ~extra)
    first, second, third = (Partition.of(family, starts, kind) for kind in kinds)
    return first, second, third


def _numbers(names: Sequence[str], one: AddrMap) -> "np.ndarray[tuple[int], np.dtype[np.intp]]":
    return np.array([names.index(name) for name in one.names])
