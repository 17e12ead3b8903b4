"""Where HAProxy looks twice: IPv4 clients in IPv6 clothes, and what that asks of the entries.

An IPv6 client that no IPv6 entry holds is looked up as IPv4 if it is in ::ffff:0:0/96 (IPv4 on a
socket bound with `v4v6`), in ::/96 or in 2002::/16 (6to4). And an IPv4 client that no IPv4 entry
holds is looked up in ::ffff:0:0/96. So that every client gets what the policy says:

* no IPv6 entry may hold an address of ::ffff:0:0/96. Otherwise a list of everything but an office,
  which covers that space too, would refuse the office as well;
* some IPv6 entry must hold ::/96, and some 2002::/16, or the IPv4 entries would decide there.

Source: HAProxy 2.6.12 itself, asked; `pat_match_ip` in its src/pattern.c.
"""

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import V6, Prefix, Prefixes, columns
from blockc.addresses.columns import WIDE
from blockc.addresses.rules import Rules

MAPPED = Prefix(V6, 0xFFFF << 32, 96)
ASKED_TWICE = (Prefix(V6, 0, 96), Prefix(V6, 0x2002 << 112, 16))


def without_mapped(rules: Rules) -> Rules:
    """Return rules of one family that HAProxy decides by the longest match, fallback or not.

    Entries around ::ffff:0:0/96 become their pieces beside it, at most 96; entries inside it,
    which reach nobody, go; and the default is said where HAProxy must not look twice.
    """
    if rules.family != MAPPED.family:
        return rules
    if (met := touches(rules, MAPPED)).any():
        rules = _merged(rules.take(~met), _pieces_beside(rules.take(met)))
    missing = [prefix for prefix in ASKED_TWICE if not is_held(rules, prefix)]
    return _merged(rules, _rules([(prefix, 0) for prefix in missing])) if missing else rules


def touches(rules: Rules, prefix: Prefix) -> NDArray[np.bool_]:
    """Return which rules share an address with `prefix`."""
    first, last = _ends(prefix)
    found: NDArray[np.bool_] = (columns.widen(rules.start) <= last) & (
        columns.widen_lasts(rules.last) >= first
    )
    return found


def is_held(rules: Rules, prefix: Prefix) -> bool:
    """Return whether one of `rules` holds all of `prefix`."""
    first, last = _ends(prefix)
    starts, lasts = columns.widen(rules.start), columns.widen_lasts(rules.last)
    return bool(((starts <= first) & (lasts >= last)).any())


def _ends(prefix: Prefix) -> NDArray[np.bytes_]:
    return np.array([prefix.first.to_bytes(16, "big"), prefix.last.to_bytes(16, "big")], WIDE)


def _pieces_beside(rules: Rules) -> Rules:
    """Return the half beside the way down to the mapped space, at each length, as `rules` say."""
    lengths = rules.prefixes().length.tolist()
    said = dict(zip(lengths, rules.verdict.tolist(), strict=True))
    pieces, verdict = [], 0
    for length in range(1, MAPPED.length + 1):
        verdict = said.get(length - 1, verdict)
        step = 1 << (V6.width - length)
        beside = Prefix(V6, (MAPPED.first ^ step) // step * step, length)
        if verdict:
            pieces.append((beside, verdict))
    return _rules(pieces)


def _rules(pieces: list[tuple[Prefix, int]]) -> Rules:
    starts = np.array([prefix.first.to_bytes(16, "big") for prefix, _ in pieces], WIDE)
    lengths = np.array([prefix.length for prefix, _ in pieces], np.int16)
    verdicts = np.array([verdict for _, verdict in pieces], np.int32)
    return Rules.of_prefixes(Prefixes(V6, starts, lengths), verdicts)


def _merged(rules: Rules, others: Rules) -> Rules:
    """Return both in the order of an artifact; what `rules` say of a prefix wins."""
    spans = columns.spans_alike([(rules.start, rules.last), (others.start, others.last)])
    start = np.concatenate([start for start, _ in spans])
    last = np.concatenate([last for _, last in spans])
    both = Rules(V6, start, last, np.concatenate([rules.verdict, others.verdict]))
    length = both.prefixes().length
    order = np.lexsort((length, start))
    start, length = start[order], length[order]
    new = np.ones(len(both), dtype=bool)
    new[1:] = (start[1:] != start[:-1]) | (length[1:] != length[:-1])
    return both.take(order[new])
