"""Allow lists, which say who may pass: what they hold is the complement of what a list blocks.

And what a program in Go makes of addresses, since the platforms with allow lists are written in it:
a prefix inside ::ffff:0:0/96 is IPv4 to it, so that ::ffff:0:0/96 itself lets all of IPv4 pass.
"""

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import MAPPED, AddrSet, columns
from blockc.addresses.rules import Rules, without_space
from blockc.targets.syntax.reading import Part, Reading
from blockc.targets.syntax.tokens import Where
from blockc.values import replace


def without_mapped(rules: Rules) -> Rules:
    """Return rules without the space of IPv6 that a program in Go would take for IPv4."""
    return without_space(rules, (MAPPED,))


def allowed(rules: Rules) -> Rules:
    """Return the fewest prefixes of those whom rules do not block, none inside ::ffff:0:0/96."""
    found = _complement(rules)
    return found if found.family != MAPPED.family else found.take(~inside_mapped(found))


def kept_out(reading: Reading) -> Reading:
    """Return what an allow list blocks: all that none of its prefixes holds.

    Raises:
        SourceSyntaxError: If one of them is inside ::ffff:0:0/96.
    """
    parts = []
    for part in reading.parts:
        if part.rules.family == MAPPED.family and (wrong := inside_mapped(part.rules)).any():
            row = int(np.argmax(wrong))
            raise part.where(row, "a program in Go takes this prefix of IPv6 for IPv4")
        blocked = without_mapped(_complement(part.rules))
        parts.append(Part(blocked, _before(part, blocked)))
    return replace(reading, parts=tuple(parts))


def _complement(rules: Rules) -> Rules:
    family = rules.family
    rest = ~AddrSet.of_spans({family: (rules.start, rules.last)})
    return Rules.of_prefixes(rest.prefixes(family))


def inside_mapped(rules: Rules) -> NDArray[np.bool_]:
    """Return which rules of IPv6 lie in ::ffff:0:0/96."""
    first = columns.column(MAPPED.family, [MAPPED.first])
    last = columns.column(MAPPED.family, [MAPPED.first + MAPPED.size - 1])
    (start, end), (low, high) = columns.spans_alike([(rules.start, rules.last), (first, last)])
    return np.asarray((start >= low) & (end <= high))


def _before(part: Part, blocked: Rules) -> Where:
    """Return what makes the error about a gap of an allow list: at the prefix before it."""
    if not len(part.rules):
        return lambda _, why: part.where(0, why)
    spans = [(part.rules.start, part.rules.last), (blocked.start, blocked.last)]
    (start, _), (gap, _) = columns.spans_alike(spans)
    order = np.argsort(start)
    rows = order[np.maximum(np.searchsorted(start[order], gap) - 1, 0)]
    return lambda at, why: part.where(int(rows[at]), why)
