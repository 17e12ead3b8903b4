"""Addresses as artifacts spell them, many at a time, into columns.

They are decoded with the C library's own parser and not with the code that wrote them, and
IPv4-mapped IPv6 stays what it is: a reader says what a text means, not what it should. IPv4 that
`fast_parse` takes is the same to both; a test compares them.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import compress, repeat
from operator import contains
from socket import AF_INET, AF_INET6, inet_pton  # a pure function; nothing here opens a socket

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import FAMILIES, V4, V6, Family, Prefix, columns
from blockc.addresses.columns import Column
from blockc.addresses.fast_parse import plain_v4
from blockc.addresses.plain_text import text_batches
from blockc.addresses.rules import Rules
from blockc.errors import SourceSyntaxError
from blockc.targets.syntax.reading import Part
from blockc.targets.syntax.tokens import Text, Where

Span = tuple[Column, Column]
_AT_ONCE = 1 << 15  # tokens
_MANY = 1000  # from so many on a table pays
_V4_LINES = b"0123456789./-\n"


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

    Cost: O(n), about 0.2 us a token of IPv4 and 0.6 us one of IPv6.
    """
    families = families or text.families
    labels = np.broadcast_to(np.asarray(verdicts, dtype=np.int32), len(tokens))
    quick = _plain_v4(tokens, ranges=ranges) if V4 in families else None
    if quick:
        none = {family: Part(Rules.empty(family), where) for family in families}
        return tuple({**none, V4: Part(Rules(V4, *quick, labels), where)}.values())
    decode = _spans if ranges else _prefix_spans
    v6 = _having(":", tokens)
    found = {}
    for family, chosen in ((V4, ~v6), (V6, v6)):
        rows = np.flatnonzero(chosen)
        if not len(rows):
            found[family] = Part(Rules.empty(family), where)
            continue
        if family not in families:
            raise where(int(rows[0]), f"an {family.name} entry where it does not belong")
        if len(rows) == len(tokens):
            start, last = columns.narrow_spans(*decode(family, tokens, where))
            found[family] = Part(Rules(family, start, last, labels), where)
            continue
        there = shifted(where, rows)
        same = [*compress(tokens, chosen.tolist())]
        start, last = columns.narrow_spans(*decode(family, same, there))
        found[family] = Part(Rules(family, start, last, labels[rows]), there)
    return tuple(found[family] for family in families)


def _plain_v4(tokens: Sequence[str], *, ranges: bool) -> Span | None:
    """Return start and inclusive end of tokens if they are many and all of plain IPv4."""
    if len(tokens) < _MANY:
        return None
    data = "\n".join((*tokens, "")).encode(errors="surrogatepass")
    found = plain_lines(data, ranges=ranges)
    return found if found and len(found[0]) == len(tokens) else None


def plain_lines(data: bytes, *, ranges: bool) -> Span | None:
    """Return start and inclusive end of lines, each ended, if all of them are plain IPv4.

    Args:
        ranges: Whether `first-last` is taken too.

    Cost: O(n), about 0.1 us a line.
    """
    if data.translate(None, _V4_LINES) or (b"-" in data and not ranges):
        return None
    starts, lasts = [], []
    for (start, last), _, others, _ in plain_v4(data, truncate=False):
        if len(others):
            return None
        starts.append(start)
        lasts.append(last)
    return (np.concatenate(starts), np.concatenate(lasts)) if starts else None


def line_spans(family: Family, lines: str, *, ranges: bool) -> Span | None:
    """Return start and inclusive end of lines, each ended, of a family; None if one is odd.

    Args:
        ranges: Whether `first-last` is taken too.

    Raises:
        SourceSyntaxError: About one that is wrong, without its place.

    Cost: as `decode_rules`, and words are made of some lines after others.
    """
    if not lines:
        return columns.span_columns(family, [])
    if family == V4:
        return plain_lines(lines.encode(), ranges=ranges)
    decode = _spans if ranges else _prefix_spans
    words = (some.split() for some in text_batches(lines))
    found = [columns.narrow_spans(*decode(family, some, _of_line)) for some in words]
    alike = columns.spans_alike(found)
    return np.concatenate([one for one, _ in alike]), np.concatenate([one for _, one in alike])


def _of_line(_: int, why: str) -> SourceSyntaxError:
    return SourceSyntaxError(why)


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
        order = np.lexsort((part.rules.start,))
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


def backwards(prefix: str) -> str:
    """Return the name of a canonical prefix in a response policy zone, without its trigger.

    >>> backwards("192.0.2.0/24"), backwards("2001:db8::/32")
    ('24.0.2.0.192', '32.zz.db8.2001')
    """
    address, _, length = prefix.partition("/")
    if "." in address:
        labels = address.split(".")
    else:
        zeros = address.replace("::", ":zz:").strip(":")
        labels = zeros.split(":")
    return ".".join([length, *reversed(labels)])


def _about_rule(part: Part, row: int, message: str) -> SourceSyntaxError:
    return part.where(row, f"{rule_text(part.rules.take(np.array([row])))} {message}")


def shifted(where: Where, rows: NDArray[np.intp]) -> Where:
    """Return `where` for the tokens that were picked out at `rows`."""
    return lambda at, why: where(int(rows[at]), why)


def _spans(family: Family, tokens: Sequence[str], where: Where) -> Span:
    """Return start and inclusive end of each token; ranges are decoded apart from prefixes."""
    if "-" not in "".join(tokens):
        return _prefix_spans(family, tokens, where)
    ranged = _having("-", tokens)
    rows, others = np.flatnonzero(ranged), np.flatnonzero(~ranged)
    of_ranges, of_others = ([*compress(tokens, some.tolist())] for some in (ranged, ~ranged))
    ranges = _range_spans(family, of_ranges, shifted(where, rows))
    prefixes = _prefix_spans(family, of_others, shifted(where, others))
    order = np.argsort(np.concatenate([rows, others]))
    start = np.concatenate([ranges[0], prefixes[0]])[order]
    return start, np.concatenate([ranges[1], prefixes[1]])[order]


def _prefix_spans(family: Family, tokens: Sequence[str], where: Where) -> Span:
    """Return start and inclusive end of each prefix or address."""
    return _in_parts(_some_prefixes, family, tokens, where)


def _range_spans(family: Family, tokens: Sequence[str], where: Where) -> Span:
    """Return start and inclusive end of each range."""
    return _in_parts(_some_ranges, family, tokens, where)


def _in_parts(
    decode: Callable[[Family, Sequence[str], Where], Span],
    family: Family,
    tokens: Sequence[str],
    where: Where,
) -> Span:
    """Return start and inclusive end of each token.

    Some are decoded at a time: their parts are words, which take several times what they say.
    """
    starts, lasts = [], []
    for at in range(0, max(1, len(tokens)), _AT_ONCE):
        there = partial(_moved, where, at)
        start, last = decode(family, tokens[at : at + _AT_ONCE], there)
        starts.append(start)
        lasts.append(last)
    return np.concatenate(starts), np.concatenate(lasts)


def _moved(where: Where, by: int, row: int, why: str) -> SourceSyntaxError:
    return where(by + row, why)


def _some_prefixes(family: Family, tokens: Sequence[str], where: Where) -> Span:
    whole = f"/{family.width}"
    prefixes = [token if "/" in token else token + whole for token in tokens]
    addresses, lengths = _halves(prefixes, "/", where)
    start = _decoded(family, addresses, where)
    known = _LENGTHS[family]
    try:
        length = np.fromiter(map(known.__getitem__, lengths), np.int16)
    except KeyError:
        at = next(at for at, written in enumerate(lengths) if written not in known)
        raise where(at, f"{lengths[at]!r} is not a prefix length of {family.name}") from None
    last = columns.block_lasts(family, start, length)
    hosts = columns.host_bits(family, start, length)
    if hosts.any():
        at = int(np.argmax(hosts))
        raise where(at, f"{tokens[at]} has host bits set")
    return start, last


def _some_ranges(family: Family, tokens: Sequence[str], where: Where) -> Span:
    firsts, lasts = _halves(tokens, "-", where)
    start, last = _decoded(family, firsts, where), _decoded(family, lasts, where)
    if (last < start).any():
        at = int(np.argmax(last < start))
        raise where(at, f"{tokens[at]} ends before it starts")
    return start, last


def _halves(tokens: Sequence[str], mark: str, where: Where) -> tuple[list[str], list[str]]:
    """Return what stands before and after the one `mark` that each token has."""
    joined = mark.join(tokens)
    if joined.count(mark) != max(0, 2 * len(tokens) - 1):  # a token may have very many
        at = next(at for at, token in enumerate(tokens) if token.count(mark) > 1)
        raise where(at, f"{tokens[at]!r} has more than one {mark!r}")
    flat = joined.split(mark) if tokens else []
    return flat[0::2], flat[1::2]


def _having(mark: str, tokens: Sequence[str]) -> NDArray[np.bool_]:
    """Return which tokens have a character in them."""
    return np.fromiter(map(contains, tokens, repeat(mark)), np.bool_)


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
        at = next(at for at, address in enumerate(addresses) if not _is_decoded(decode, address))
        raise where(at, f"{addresses[at]!r} is not an address") from None
    if family == V4:
        return np.frombuffer(raw, dtype=">u4").astype(np.uint64)
    if 8 in map(str.count, addresses, repeat(":")):  # `::` for one group, not all programs take it
        at = next(at for at, address in enumerate(addresses) if address.count(":") == 8)
        raise where(at, f"{addresses[at]!r} shortens a single group, nginx does not take it")
    return np.frombuffer(raw, dtype=columns.WIDE)


def _is_decoded(decode: Callable[[str], bytes], address: str) -> bool:
    try:
        decode(address)
    except (OSError, ValueError):
        return False
    return True
