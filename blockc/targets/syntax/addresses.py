"""Addresses as artifacts spell them, many at a time, into columns.

They are decoded with the C library's own parser and not with the code that wrote them, and
IPv4-mapped IPv6 stays what it is: a reader says what a text means, not what it should.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import repeat
from operator import contains
from socket import AF_INET, AF_INET6, inet_pton  # a pure function; nothing here opens a socket

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import FAMILIES, V4, V6, Family, Prefix, columns
from blockc.addresses.columns import Column
from blockc.addresses.rules import Rules
from blockc.errors import SourceSyntaxError
from blockc.targets.syntax.reading import Part
from blockc.targets.syntax.tokens import Text, Where

Span = tuple[Column, Column]


def decode_rules(
    text: Text,
    tokens: Sequence[str],
    verdicts: Sequence[int] | int,
    where: Where,
    *,
    families: tuple[Family, ...] = (),
    ranges: bool = False,
) -> tuple[Part, ...]:
    """Return the rules that address `tokens` of a text stand for, in their order, by family.

    Args:
        tokens: Addresses and prefixes, each of one of the families.
        verdicts: The label of each, or of all.
        where: Makes the error about the token at a position.
        families: What they may be of, if not all that `text` may speak of; a part for each.
        ranges: Whether `first-last` is taken too.

    Raises:
        SourceSyntaxError: About the first token that is wrong.

    Cost: O(n), about 0.4 us a token.
    """
    families = families or text.families
    if not tokens:
        return tuple(Part(Rules.empty(family), where) for family in families)
    labels = np.broadcast_to(np.asarray(verdicts, dtype=np.int32), len(tokens))
    v6 = _having(":", tokens)
    found = {}
    for family, chosen in ((V4, ~v6), (V6, v6)):
        rows = np.flatnonzero(chosen)
        if not len(rows):
            found[family] = Part(Rules.empty(family), where)
            continue
        if family not in families:
            raise where(int(rows[0]), f"an {family.name} entry where it does not belong")
        same = tokens if len(rows) == len(tokens) else [tokens[row] for row in rows.tolist()]
        there = _shifted(where, rows)
        decode = _spans if ranges else _prefix_spans
        start, last = columns.narrow_spans(*decode(family, same, there))
        found[family] = Part(Rules(family, start, last, labels[rows]), there)
    return tuple(found[family] for family in families)


def require_distinct(parts: Iterable[Part]) -> None:
    """Raise SourceSyntaxError if two rules of a part are about the very same addresses."""
    for part in parts:
        rules = part.rules
        order = np.lexsort((rules.last, rules.start))
        start, last = rules.start[order], rules.last[order]
        same = (start[1:] == start[:-1]) & (last[1:] == last[:-1])
        if same.any():
            raise _about_rule(part, int(order[1:][same][0]), "occurs twice")


def require_disjoint(parts: Iterable[Part]) -> None:
    """Raise SourceSyntaxError if two rules of a part share an address."""
    for part in parts:
        order = np.argsort(part.rules.start, kind="stable")
        meets = part.rules.start[order][1:] <= part.rules.last[order][:-1]
        if meets.any():
            raise _about_rule(part, int(order[1:][meets][0]), "overlaps another entry")


def rule_text(rule: Rules) -> str:
    """Return the addresses of the one rule in `rule` as text, for messages."""
    first = columns.ints(rule.family, rule.start)[0]
    last = columns.last_ints(rule.family, rule.last)[0]
    size = last - first + 1
    if first % size or size & (size - 1):
        return f"{rule.family.text(first)}-{rule.family.text(last)}"
    return str(Prefix(rule.family, first, rule.family.width - size.bit_length() + 1))


def _about_rule(part: Part, row: int, message: str) -> SourceSyntaxError:
    return part.where(row, f"{rule_text(part.rules.take(slice(row, row + 1)))} {message}")


def _shifted(where: Where, rows: NDArray[np.intp]) -> Where:
    """Return `where` for the tokens that were picked out at `rows`."""
    return lambda at, why: where(int(rows[at]), why)


def _spans(family: Family, tokens: Sequence[str], where: Where) -> Span:
    """Return start and inclusive end of each token; ranges are decoded apart from prefixes."""
    if "-" not in "".join(tokens):
        return _prefix_spans(family, tokens, where)
    ranged = _having("-", tokens)
    rows, others = np.flatnonzero(ranged), np.flatnonzero(~ranged)
    pairs = [
        decode(family, [tokens[row] for row in chosen.tolist()], _shifted(where, chosen))
        for decode, chosen in ((_range_spans, rows), (_prefix_spans, others))
    ]
    order = np.argsort(np.concatenate([rows, others]), kind="stable")
    start, last = (np.concatenate(column)[order] for column in zip(*pairs, strict=True))
    return start, last


def _prefix_spans(family: Family, tokens: Sequence[str], where: Where) -> Span:
    addresses, lengths = _halves(tokens, "/", str(family.width))
    start = _decoded(family, addresses, where)
    known = _LENGTHS[family]
    length = np.fromiter(map(known.get, lengths, repeat(-1)), np.int16, len(lengths))
    if (length < 0).any():
        at = int(np.argmax(length < 0))
        raise where(at, f"{lengths[at]!r} is not a prefix length of {family.name}")
    last = columns.block_lasts(family, start, length)
    hosts = columns.host_bits(family, start, length)
    if hosts.any():
        at = int(np.argmax(hosts))
        raise where(at, f"{tokens[at]} has host bits set")
    return start, last


def _range_spans(family: Family, tokens: Sequence[str], where: Where) -> Span:
    firsts, lasts = _halves(tokens, "-", "")
    start, last = _decoded(family, firsts, where), _decoded(family, lasts, where)
    if (last < start).any():
        at = int(np.argmax(last < start))
        raise where(at, f"{tokens[at]} ends before it starts")
    return start, last


def _halves(tokens: Sequence[str], mark: str, missing: str) -> tuple[list[str], list[str]]:
    """Return what stands before and after `mark` in each token; `missing` where it has none."""
    flat = mark.join(tokens).split(mark)
    if len(flat) == 2 * len(tokens) and _having(mark, tokens).all():
        return flat[0::2], flat[1::2]
    pieces = [token.partition(mark) for token in tokens]
    return [p[0] for p in pieces], [p[2] if p[1] else missing for p in pieces]


def _having(mark: str, tokens: Sequence[str]) -> NDArray[np.bool_]:
    """Return which tokens have a character in them."""
    return np.fromiter(map(contains, tokens, repeat(mark)), np.bool_, len(tokens))


_LENGTHS = {
    family: {str(length): length for length in range(family.width + 1)} for family in FAMILIES
}
_DECODERS: dict[Family, Callable[[str], bytes]] = {
    V4: partial(inet_pton, AF_INET),
    V6: partial(inet_pton, AF_INET6),
}


def _decoded(family: Family, addresses: Sequence[str], where: Where) -> Column:
    """Return addresses as a column, wide for IPv6. inet_pton takes no shorthand and no zone."""
    decode = _DECODERS[family]
    try:
        raw = b"".join(map(decode, addresses))
    except (OSError, ValueError):
        raise _undecodable(decode, addresses, where) from None
    if family == V4:
        return np.frombuffer(raw, dtype=">u4").astype(np.uint64)
    if 8 in map(str.count, addresses, repeat(":")):  # `::` for one group, not all programs take it
        at = next(at for at, address in enumerate(addresses) if address.count(":") == 8)
        raise where(at, f"{addresses[at]!r} shortens a single group, nginx does not take it")
    return np.frombuffer(raw, dtype=columns.WIDE)


def _undecodable(
    decode: Callable[[str], bytes], addresses: Sequence[str], where: Where
) -> SourceSyntaxError:
    for at, address in enumerate(addresses):
        try:
            decode(address)
        except (OSError, ValueError):
            return where(at, f"{address!r} is not an address")
    raise AssertionError("the addresses decode one by one but not together")
