"""IPv4-mapped IPv6, ::ffff:0:0/96: an IPv4 client in the clothes of IPv6, as many programs see one.

A program that takes those clothes off looks such a client up as IPv4. Then no entry of IPv6 may
hold an address of that space: to some programs it would name clients of IPv4, or all of them.
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import MAPPED, V4, V6, AddrSet, Prefix, Prefixes, columns
from blockc.addresses.addrset import union
from blockc.addresses.columns import WIDE
from blockc.addresses.rules import Rules
from blockc.targets.core.target_options import Option
from blockc.targets.syntax.addresses import decode_rules, rule_text
from blockc.targets.syntax.reading import Part, Reading
from blockc.targets.syntax.tokens import Text, Where

COPIES = Option(
    "mapped",
    False,
    "true or false",
    about="whether IPv4 is written a second time as IPv4-mapped IPv6, for clients that a header "
    "names so",
)


def around_mapped(rules: Rules) -> Rules:
    """Return rules of one family without ::ffff:0:0/96.

    Entries around it become their pieces beside it, at most 96; entries inside it go.
    """
    if rules.family != V6 or not (met := touches(rules, MAPPED)).any():
        return rules
    return merged(rules.take(~met), _pieces_beside(rules.take(met)))


def require_no_mapped(text: Text, reading: Reading) -> None:
    """Raise SourceSyntaxError about an entry of IPv6 that holds IPv4-mapped addresses."""
    rules = reading.rules.get(V6, Rules.empty(V6))
    met = np.flatnonzero(touches(rules, MAPPED))
    if len(met):
        place = reading.place(V6, int(met[0]))
        raise text.error(
            f"{rule_text(rules.take(met[:1]))} holds addresses of {MAPPED}",
            _start_of_line(text, place.line if place else 1),
            hint="IPv4 clients are looked up there; take that space out of the entry",
        )


def _start_of_line(text: Text, line: int) -> int:
    return sum(len(one) + 1 for one in text.text.split("\n")[: line - 1])


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
    return rules_of_pieces(pieces)


def rules_of_pieces(pieces: list[tuple[Prefix, int]]) -> Rules:
    """Return the rules of prefixes of IPv6 and their verdicts."""
    starts = np.array([prefix.first.to_bytes(16, "big") for prefix, _ in pieces], WIDE)
    lengths = np.array([prefix.length for prefix, _ in pieces], np.int16)
    verdicts = np.array([verdict for _, verdict in pieces], np.int32)
    return Rules.of_prefixes(Prefixes(V6, starts, lengths), verdicts)


def merged(rules: Rules, others: Rules) -> Rules:
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


def decode_with_copies(
    text: Text, tokens: Sequence[str], where: Where
) -> tuple[tuple[Part, ...], bool]:
    """Return the rules of tokens that all block, and whether IPv4 is there twice.

    The second time it is written as IPv4-mapped IPv6, `::ffff:192.0.2.0/120`, for programs that
    match such a client with nothing else. These are not rules of IPv6, but must be the same
    addresses as those of IPv4.

    Raises:
        SourceSyntaxError: About the first token that is wrong, or about copies of other addresses.
    """
    copied = [_IPV4_COPY.fullmatch(token) for token in tokens]
    plain = [at for at, copy in enumerate(copied) if copy is None]
    parts = decode_rules(
        text, [tokens[at] for at in plain], 1, lambda at, why: where(plain[at], why)
    )
    copies = [at for at, copy in enumerate(copied) if copy]
    if not copies:
        return parts, False
    texts = [f"{copy[1]}/{int(copy[2]) - MAPPED.length}" for copy in copied if copy]
    found = decode_rules(text, texts, 1, lambda at, why: where(copies[at], why), families=(V4,))
    if _addresses(found) != _addresses(parts):
        raise where(copies[0], "the IPv4-mapped entries are not those of IPv4")
    return parts, True


def _addresses(parts: Sequence[Part]) -> AddrSet:
    """Return the IPv4 addresses of rules."""
    four = [part.rules for part in parts if part.rules.family == V4]
    return union([AddrSet.of_spans({V4: (one.start, one.last)}) for one in four], [V4])


_IPV4_COPY = re.compile(r"::ffff:([0-9.]+)/(9[6-9]|1[0-2][0-9])", re.IGNORECASE)
