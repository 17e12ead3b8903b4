"""How far an artifact, or what a live system has of it, is from what it should say."""

from collections.abc import Mapping, Sequence

import numpy as np

from blockc.addresses import AddrMap, AddrSet, Family, overlay
from blockc.addresses.partition import Partition
from blockc.addresses.rules import Rules, meaning
from blockc.targets.core.document import OF_HEADER
from blockc.targets.core.target import Target
from blockc.targets.core.target_options import OptionValue
from blockc.targets.syntax.reading import Ordered, Orders, Reading
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import Value
from blockc.verify.proof import consulted


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


def drift(target: Target, reading: Reading, intent: AddrMap) -> Drift:
    """Return the addresses about which a reading says something else than it should.

    Raises:
        ValueError: If entries contradict each other; see `meaning`.
    """
    intent, families = consulted(target, intent), intent.families
    rules = [reading.rules.get(family, Rules.empty(family)) for family in families]
    said = meaning(target.match, rules, reading.names)
    names = tuple(dict.fromkeys((*intent.names, *said.names)))
    parts = [_differences(family, names, intent, said) for family in families]
    return Drift(*(AddrSet(tuple(one[kind] for one in parts)) for kind in range(3)))


def _differences(
    family: Family, names: Sequence[str], intent: AddrMap, said: AddrMap
) -> tuple[Partition, Partition, Partition]:
    """Return where a verdict is missing, where there is one too many, and where it is another."""
    starts, (wanted, got) = overlay(intent.part(family), said.part(family))
    wanted, got = _numbers(names, intent)[wanted], _numbers(names, said)[got]
    differs = wanted != got
    missing, extra = differs & (got == 0), differs & (wanted == 0)  # names begin with the default
    kinds = (missing, extra, differs & ~missing & ~extra)
    first, second, third = (Partition.of(family, starts, kind) for kind in kinds)
    return first, second, third


def _numbers(names: Sequence[str], one: AddrMap) -> "np.ndarray[tuple[int], np.dtype[np.intp]]":
    return np.array([names.index(name) for name in one.names])


def live_reading(
    target: Target,
    shown: Sequence[ArtifactFile],
    orders: Orders,
    options: Mapping[str, OptionValue],
) -> tuple[Reading, list[Ordered]]:
    """Return what a live system says it has of an artifact, and what it must say beside.

    Args:
        shown: What it says; see `LiveForm`. Where the target has none, the files themselves.
        orders: Those of the files of the artifact.
        options: With which it was written.

    Raises:
        SourceSyntaxError: It is not what such a system says, or the artifact is not there.
    """
    ordered = [one for of_file in orders.values() for one in of_file]
    live = target.live
    if live is None:
        beside = [one for one in ordered if not one.what.endswith(OF_HEADER)]
        return target.reader(shown), beside
    reading = live.reader([one.decoded() for one in shown], options)
    expected = list(live.expects(options))
    kinds = live.shows | {one.what for one in expected}
    found = tuple(one for one in reading.found if one.what in kinds)
    wanted = [one for one in ordered if one.what in live.shows]
    return Reading(reading.parts, reading.names, found), [*wanted, *expected]
