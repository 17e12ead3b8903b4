"""The fewest disjoint entries that say exactly what is wanted: prefixes or ranges."""

import numpy as np

from blockc.addresses.partition import Partition
from blockc.addresses.prefixes import cover_size, minimal_cover
from blockc.addresses.rules import Rules


def cover(wanted: Partition) -> Rules:
    """Return the fewest disjoint prefixes for every label but 0, in address order.

    Contract: EXACT. Cost: O(n + output).

    Minimal because runs are maximal: a prefix of one label lies inside one of its runs.
    """
    prefixes = minimal_cover(wanted.family, *wanted.runs(wanted.labels != 0))
    return Rules.of_prefixes(prefixes, wanted.at(prefixes.start).astype(np.int32))


def plain_count(wanted: Partition) -> int:
    """Return `len(cover(wanted))` without making the prefixes."""
    return cover_size(wanted.family, *wanted.runs(wanted.labels != 0))


def intervals(wanted: Partition) -> Rules:
    """Return the fewest ranges for every label but 0, in address order: its maximal runs.

    Contract: EXACT. Cost: O(n).
    """
    chosen = wanted.labels != 0
    start, last = wanted.runs(chosen)
    return Rules(wanted.family, start, last, wanted.labels[chosen].astype(np.int32))
