"""What a platform makes of a list of rules: the match models and their meaning.

A target's text is read back into `Rules`, and `meaning` says which verdict every address gets.
Verification compares that with what the policy wants; nothing else defines correctness.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.addrmap import AddrMap
from blockc.addresses.columns import Column
from blockc.addresses.family import FAMILIES, Family
from blockc.addresses.partition import Partition, paint, set_partition
from blockc.addresses.prefixes import Prefixes


class Match(StrEnum):
    """How a platform decides about an address."""

    LONGEST = "longest"  # the longest prefix that holds it: nginx geo, HAProxy maps, tries
    MEMBER = "member"  # whether any prefix holds it: AWS, Cloudflare, Azure, plain lists
    INTERVALS = "intervals"  # whether any range holds it: nftables
    FIRST = "first"  # the first rule in order that holds it: access lists
    TWO_SETS = "two-sets"  # whether it is in one set and not in another: "and not"


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """The rules of one family in the order of the artifact.

    Invariant: equal lengths, no empty span.

    Columns:
        start, last: First and last address, inclusive (see `columns`).
        verdict: int32, the position of the verdict's name in the artifact's names; 0 is the
            default. For TWO_SETS verdict 0 is the second set, the one that is taken away.
    """

    family: Family
    start: Column
    last: Column
    verdict: NDArray[np.int32]

    @classmethod
    def of_prefixes(cls, prefixes: Prefixes, verdict: NDArray[np.int32] | int = 1) -> "Rules":
        """Return a rule a prefix, all with one verdict or each with its own."""
        verdicts = np.broadcast_to(np.int32(verdict), len(prefixes))
        return cls(prefixes.family, prefixes.start, prefixes.last, verdicts)

    @classmethod
    def of_spans(cls, family: Family, start: Column, last: Column, verdict: int = 1) -> "Rules":
        """Return a rule a span, all with one verdict."""
        return cls(family, start, last, np.full(len(start), verdict, dtype=np.int32))

    @classmethod
    def empty(cls, family: Family) -> "Rules":
        """Return no rules."""
        return cls.of_prefixes(Prefixes.empty(family))

    def prefixes(self) -> Prefixes:
        """Return the rules' spans as prefixes.

        Raises:
            ValueError: If a span is not one aligned block.
        """
        length = columns.common_length(self.family, self.start, self.last)
        if not np.array_equal(columns.block_lasts(self.family, self.start, length), self.last):
            raise ValueError("a rule is a range, not a prefix")
        return Prefixes(self.family, self.start, length)

    def take(self, chosen: NDArray[Any]) -> "Rules":
        """Return the rules that `chosen` (a mask, positions or a slice) picks."""
        picked = self.start[chosen], self.last[chosen], self.verdict[chosen]
        return Rules(self.family, *picked)

    def __len__(self) -> int:
        return len(self.start)


def meaning(
    match: Match,
    rules: Iterable[Rules],
    names: Sequence[str],
    families: Iterable[Family] = FAMILIES,
) -> AddrMap:
    """Return the verdict every address gets from `rules`; a family without rules is all default.

    Args:
        rules: At most one value a family.
        names: The names of the verdicts; names[0] is the default.

    Raises:
        ValueError: If two rules contradict each other in a way the model does not order:
            LONGEST with one prefix twice, or MEMBER and INTERVALS with several verdicts on an
            address.
    """
    given = {one.family: one for one in rules}
    parts = [_MEANINGS[match](given.get(f, Rules.empty(f))) for f in families]
    return AddrMap(tuple(parts), tuple(names))


def _default(family: Family) -> Partition:
    return Partition.filled(family, np.int32(0))


def _longest(rules: Rules) -> Partition:
    """Paint from the shortest prefixes to the longest; equal lengths are disjoint or equal."""
    lengths = rules.prefixes().length
    layers = []
    for length in np.unique(lengths):
        same = rules.take(lengths == length)
        if len(np.unique(same.start)) < len(same):
            raise ValueError("a prefix occurs twice")
        layers.append((same.start, same.last, same.verdict))
    return paint(_default(rules.family), layers)


def _member(rules: Rules) -> Partition:
    """Paint a layer a verdict; several verdicts on one address have no order here."""
    layers = []
    for verdict in np.unique(rules.verdict):
        same = rules.take(rules.verdict == verdict)
        union = set_partition(rules.family, same.start, same.last)
        start, last = union.runs(union.labels)
        layers.append((start, last, np.full(len(start), verdict, dtype=np.int32)))
    if len(layers) > 1:
        _require_disjoint(rules.family, layers)
    return paint(_default(rules.family), layers)


def _require_disjoint(
    family: Family, layers: Sequence[tuple[Column, Column, NDArray[np.int32]]]
) -> None:
    spans = columns.spans_alike([(start, last) for start, last, _ in layers])
    start = np.concatenate([s for s, _ in spans])
    last = np.concatenate([e for _, e in spans])
    order = np.argsort(start, kind="stable")
    if (start[order][1:] <= last[order][:-1]).any():
        raise ValueError("rules with different verdicts overlap")


def _first(rules: Rules) -> Partition:
    """Paint from the last rule to the first, joining neighbours that cannot hide each other."""
    picture = _default(rules.family)
    layers = [
        (rules.start[at : at + 1], rules.last[at : at + 1], rules.verdict[at : at + 1])
        for at in range(len(rules) - 1, -1, -1)
    ]
    return paint(picture, layers)


def _two_sets(rules: Rules) -> Partition:
    """Paint the first set, then the second over it: in B and not in E."""
    layers = []
    for verdict in (1, 0):
        same = rules.take((rules.verdict != 0) == bool(verdict))
        union = set_partition(rules.family, same.start, same.last)
        start, last = union.runs(union.labels)
        layers.append((start, last, np.full(len(start), verdict, dtype=np.int32)))
    return paint(_default(rules.family), layers)


_MEANINGS = {
    Match.LONGEST: _longest,
    Match.MEMBER: _member,
    Match.INTERVALS: _member,
    Match.FIRST: _first,
    Match.TWO_SETS: _two_sets,
}
