"""What a platform makes of a list of rules: the match models and their meaning.

A target's text is read back into `Rules`, and `meaning` says which verdict every address gets.
Verification compares that with what the policy wants; nothing else defines correctness.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.addrmap import AddrMap
from blockc.addresses.addrset import AddrSet
from blockc.addresses.columns import Column
from blockc.addresses.family import FAMILIES, Family, Prefix
from blockc.addresses.partition import Partition, laid_out, paint
from blockc.addresses.prefixes import Prefixes
from blockc.values import Value


class Match(StrEnum):
    """How a platform decides about an address."""

    LONGEST = "longest"  # the longest prefix that holds it: nginx geo, HAProxy maps, tries
    MEMBER = "member"  # whether any prefix holds it: AWS, Cloudflare, Azure, plain lists
    INTERVALS = "intervals"  # whether any range holds it: nftables
    FIRST = "first"  # the first rule in order that holds it: access lists
    TWO_SETS = "two-sets"  # whether it is in one set and not in another: "and not"


class Rules(Value, eq=False):
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

    def __post_init__(self) -> None:
        columns.freeze(self.start, self.last, self.verdict)
        columns.require_spans(self.family, self.start, self.last)
        if len(self.verdict) != len(self.start):
            raise ValueError("rules have one verdict each")

    @classmethod
    def of_prefixes(cls, prefixes: Prefixes, verdict: NDArray[np.int32] | int = 1) -> "Rules":
        """Return a rule a prefix, all with one verdict or each with its own."""
        verdicts = np.broadcast_to(np.int32(verdict), len(prefixes))
        return cls(prefixes.family, prefixes.start, prefixes.last, verdicts)

    @classmethod
    def of_spans(cls, family: Family, start: Column, last: Column, verdict: int = 1) -> "Rules":
        """Return a rule a span, all with one verdict."""
        return cls(family, start, last, np.broadcast_to(np.int32(verdict), len(start)))

    @classmethod
    @cache
    def empty(cls, family: Family) -> "Rules":
        """Return no rules."""
        return cls.of_prefixes(Prefixes.empty(family))

    @classmethod
    def joined(cls, parts: Sequence["Rules"]) -> "Rules":
        """Return the rules of parts of one family, at least one, one after the other."""
        if len(parts) == 1:
            return parts[0]
        pairs = columns.spans_alike([(one.start, one.last) for one in parts])
        start, last = (np.concatenate(column) for column in zip(*pairs, strict=True))
        return cls(parts[0].family, start, last, np.concatenate([one.verdict for one in parts]))

    def prefixes(self) -> Prefixes:
        """Return the rules' spans as prefixes.

        Raises:
            ValueError: If a span is not one aligned block.
        """
        lengths = np.empty(len(self), dtype=np.int16)
        for rows in columns.slices(len(self)):
            start, last = self.start[rows], self.last[rows]
            length = columns.common_length(self.family, start, last)
            ends = columns.block_lasts(self.family, start, length)
            unaligned = columns.host_bits(self.family, start, length)
            if unaligned.any() or not np.array_equal(ends, last):
                raise ValueError("a rule is a range, not a prefix")
            lengths[rows] = length
        return Prefixes(self.family, self.start, lengths)

    def order(self) -> NDArray[np.intp]:
        """Return the positions of the rules by their first addresses, equal ones as they come."""
        return np.argsort(self.start, kind="stable")

    def take(self, chosen: NDArray[Any] | slice) -> "Rules":
        """Return the rules that `chosen` (a mask, positions or a slice) picks."""
        picked = self.start[chosen], self.last[chosen], self.verdict[chosen]
        return Rules(self.family, *picked)

    def __len__(self) -> int:
        return len(self.start)


def without_space(rules: Rules, space: Sequence[Prefix]) -> Rules:
    """Return disjoint rules, in their order, without the addresses of `space`.

    A rule that meets it becomes the fewest prefixes of what is left of it.
    """
    family = rules.family
    spare = AddrSet.of((one for one in space if one.family == family), (family,))
    if not len(rules) or not spare:
        return rules
    ends = columns.spans_alike([(rules.start, rules.last), spare.spans(family)])
    (start, last), (spare_start, spare_last) = ends
    met = np.zeros(len(rules), bool)
    for first, end in zip(spare_start, spare_last, strict=True):
        met |= (start <= end) & (last >= first)
    if not met.any():
        return rules
    pieces = [rules.take(~met)]
    for row in np.flatnonzero(met):
        one = rules.take(slice(row, row + 1))
        left = AddrSet.of_spans({family: (one.start, one.last)}) - spare
        pieces.append(Rules.of_prefixes(left.prefixes(family), one.verdict[0]))
    found = Rules.joined(pieces)
    return found.take(np.argsort(found.start, kind="stable"))


def meaning(
    match: Match,
    rules: Iterable[Rules],
    names: Sequence[str],
    families: Iterable[Family] = FAMILIES,
) -> AddrMap:
    """Return the verdict every address gets from `rules`; a family without rules is all default.

    Args:
        rules: At most one value per family.
        names: The names of the verdicts; names[0] is the default.

    Raises:
        ValueError: If two rules contradict each other in a way the model does not order:
            LONGEST with one prefix twice, or MEMBER and INTERVALS with several verdicts on an
            address; if a family comes twice or is not one of `families`.
    """
    parts = {family: Partition.filled(family, np.int32(0)) for family in families}
    seen = set()
    for one in rules:
        if one.family in seen or one.family not in parts:
            raise ValueError(f"rules of {one.family.name} come twice or were not asked for")
        seen.add(one.family)
        if len(one):
            parts[one.family] = _MEANINGS[match](one)
    return AddrMap(tuple(parts.values()), tuple(names))


def deciding_rule(match: Match, rules: Rules, address: int) -> int | None:
    """Return the position of the rule that decides about an address, None where none holds it.

    Args:
        rules: Those of the family of the address, without contradictions; see `meaning`.
    """
    asked = columns.column(rules.family, [address])
    (start, last), (asked, _) = columns.spans_alike([(rules.start, rules.last), (asked, asked)])
    holds = np.flatnonzero((start <= asked) & (asked <= last))
    if not len(holds):
        return None
    if match is Match.LONGEST:
        return int(holds[np.argmax(rules.take(holds).prefixes().length)])
    if match is Match.TWO_SETS:  # what spares decides, if there is any
        return int(holds[np.argmin(rules.verdict[holds])])
    return int(holds[0])


def deciding_rules(match: Match, rules: Rules) -> Partition:
    """Return the position plus one of the rule that decides about every address, 0 where none does.

    What `deciding_rule` says of one address, for the whole space.
    """
    first_wins = np.arange(len(rules))[::-1]
    if match is Match.LONGEST:
        order = first_wins[np.argsort(rules.prefixes().length[first_wins], kind="stable")]
    elif match is Match.TWO_SETS:
        order = first_wins[np.argsort(-rules.verdict[first_wins], kind="stable")]
    else:
        order = first_wins
    background = Partition.filled(rules.family, np.int32(0))
    place = (order + 1).astype(np.int32)
    return paint(background, [(rules.start[order], rules.last[order], place)])


def _painted(rules: Rules) -> Partition:
    """Return the verdict of the last rule that holds each address, 0 where none does."""
    background = Partition.filled(rules.family, np.int32(0))
    return paint(background, [(rules.start, rules.last, rules.verdict)])


def _longest(rules: Rules) -> Partition:
    """Paint from the shortest prefixes to the longest; equal lengths are disjoint or equal."""
    prefixes = rules.prefixes()
    by_length = np.argsort(prefixes.length, kind="stable")
    start, length = prefixes.start[by_length], prefixes.length[by_length]
    nested = np.argsort(start, kind="stable")
    start, length = start[nested], length[nested]
    if ((start[1:] == start[:-1]) & (length[1:] == length[:-1])).any():
        raise ValueError("a prefix occurs twice")
    return _painted(rules.take(by_length))


def _member(rules: Rules) -> Partition:
    """Lay out rules that share no address, as nearly all do.

    Others are painted by verdict, upwards and downwards: what differs holds several, which have no
    order.
    """
    by_start = rules
    if (rules.start[1:] < rules.start[:-1]).any():
        by_start = rules.take(rules.order())
    if (by_start.start[1:] > by_start.last[:-1]).all():
        return laid_out(rules.family, by_start.start, by_start.last, by_start.verdict)
    by_verdict = rules.take(np.argsort(rules.verdict, kind="stable"))
    picture = _painted(by_verdict)
    several = len(rules) and by_verdict.verdict[0] != by_verdict.verdict[-1]
    if several and picture != _painted(by_verdict.take(slice(None, None, -1))):
        raise ValueError("rules with different verdicts overlap")
    return picture


def _first(rules: Rules) -> Partition:
    """Paint from the last rule to the first."""
    return _painted(rules.take(slice(None, None, -1)))


def _two_sets(rules: Rules) -> Partition:
    """Paint the first set, then the second over it: in B and not in E."""
    second_last = rules.take(np.argsort(rules.verdict == 0, kind="stable"))
    verdict = np.minimum(second_last.verdict, np.int32(1))
    return _painted(Rules(rules.family, second_last.start, second_last.last, verdict))


_MEANINGS = {
    Match.LONGEST: _longest,
    Match.MEMBER: _member,
    Match.INTERVALS: _member,
    Match.FIRST: _first,
    Match.TWO_SETS: _two_sets,
}
