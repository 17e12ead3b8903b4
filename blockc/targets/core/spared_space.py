"""Space of one family that a platform looks up as the other, and rules without it."""

from collections.abc import Sequence

import numpy as np

from blockc.addresses import V6, AddrSet, Prefix, columns
from blockc.addresses.rules import Rules

MAPPED = Prefix(V6, 0xFFFF << 32, 96)  # ::ffff:0:0/96, IPv4 addresses as IPv6 spells them


def without_space(rules: Rules, space: Sequence[Prefix]) -> Rules:
    """Return disjoint rules of one family, in their order, without the addresses of `space`.

    A rule that meets it becomes the fewest prefixes of what is left of it.
    """
    family = rules.family
    spare = AddrSet.of([prefix for prefix in space if prefix.family == family], (family,))
    if not len(rules) or not spare:
        return rules
    (start, last), (spare_start, spare_last) = columns.spans_alike(
        [(rules.start, rules.last), spare.spans(family)]
    )
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
    joined = Rules.joined(pieces)
    return joined.take(np.argsort(joined.start, kind="stable"))
