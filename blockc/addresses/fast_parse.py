"""Lines that hold nothing but one address, prefix or range, decoded many at a time.

A character that such an IPv4 line may have is known by its low four bits, and four characters
in a row are 16 bits: enough for a number of up to three digits and the mark before it. A table
says what each of the 65,536 means, so a line is read from its end with one look-up a number.
What these functions do not take they leave to `text`, which alone decides and words errors.
"""

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.columns import U64, WIDE, Column, Spans
from blockc.addresses.family import V6

Bytes = NDArray[np.uint8]
Positions = NDArray[np.int64]
Mask = NDArray[np.bool_]

_CHUNK = 1 << 17  # with all its temporary columns it fits the second-level cache
_SHORT = 6  # bytes of a line; the shortest address and its newline have eight
_PAD = 16  # newlines before a chunk, where a walk that runs past its start comes to a halt
_NEWLINE = 10
_DOT, _SLASH, _DASH, _END = 1, 2, 3, 4
_MARKS = {ord("."): _DOT, ord("/"): _SLASH, ord("-"): _DASH, _NEWLINE: _END}
# Four fields side by side, the last octet's lowest: the marks before them, alone and expected.
_ALL_MARKS, _ADDRESS, _RANGE_END = (
    sum(mark << 8 + 16 * place for place, mark in enumerate(marks))
    for marks in ((7, 7, 7, 7), (_DOT, _DOT, _DOT, _END), (_DOT, _DOT, _DOT, _DASH))
)
_HOST = np.array([(1 << (32 - n)) - 1 if n < 33 else 0 for n in range(256)], dtype=np.uint64)
_LENGTHS = {"": 128, **{f"/{length}": length for length in range(129)}}
_BLANK = 1
_KINDS = np.zeros(256, dtype=np.uint8)
_KINDS[list(b" \t\r\v\f")] = _BLANK
_KINDS[list(b"#;\n")] = 2


@cache
def _fields() -> U64:
    """Return the table: value | mark << 8 | characters << 11, or 0 for what is not a number."""
    a, b, c, d = (np.arange(1 << 16, dtype=np.uint64) >> shift & 15 for shift in (12, 8, 4, 0))
    mark = np.zeros(16, dtype=np.uint64)
    mark[[character & 15 for character in _MARKS]] = list(_MARKS.values())
    ten = c * 10 + d
    hundred = b * 100 + ten
    table = np.zeros(1 << 16, dtype=np.uint64)
    for size, value, before, good in (
        (2, d, c, d < 10),
        (3, ten, b, (d < 10) & (c < 10) & (c > 0)),
        (4, hundred, a, (d < 10) & (c < 10) & (b < 10) & (b > 0) & (hundred < 256)),
    ):
        found = mark[before.view(np.int64)]
        here = good & (found > 0)
        table[here] = (value | found << 8 | size << 11)[here]
    return table


def plain_v4(
    data: bytes, *, truncate: bool, take: bool = True
) -> Iterator[tuple[Spans, Positions, Positions, bytes]]:
    """Decode the IPv4 lines of `data`, which ends with a newline or is empty, many at a time.

    Args:
        data: Lines of an address, a prefix or a range each, as `text.parse_span` takes them, and
            perhaps blanks and a comment.
        truncate: Clear host bits; otherwise lines with host bits are not taken.
        take: False leaves all lines to the caller.

    Yields:
        Start and inclusive end of the lines that were taken; their numbers, from 0 in `data`;
        the numbers of all others; and those lines.
    """
    line = 0
    for chunk in _chunks(data):
        ends = np.flatnonzero(chunk == _NEWLINE)[_PAD:]
        numbers = np.arange(line, line + len(ends))
        line += len(ends)
        if not take:
            none = np.zeros(0, dtype=np.uint64)
            yield (none, none), numbers[:0], numbers, chunk[_PAD:].tobytes()
            continue
        start, last, good = _decode(chunk, ends, truncate=truncate)
        if good.all():
            yield (start, last), numbers, numbers[:0], b""
            continue
        rest = chunk[_PAD:][np.repeat(~good, np.diff(ends, prepend=_PAD - 1))].tobytes()
        yield (start[good], last[good]), numbers[good], numbers[~good], rest


def piece_size(data: bytes, usual: int) -> int:
    """Return in pieces of how many bytes a text is read: smaller ones where lines are very short.

    What is computed from a line takes as much of a short one, and some hundred bytes.
    """
    head = min(len(data), usual)
    return usual if data.count(b"\n", 0, head) * _SHORT < head else max(1, usual // 16)


def _chunks(data: bytes) -> Iterator[Bytes]:
    """Yield whole lines after `_PAD` newlines."""
    begin, size = 0, piece_size(data, _CHUNK)
    while begin < len(data):
        stop = data.rfind(b"\n", begin, begin + size) + 1
        stop = stop or data.index(b"\n", begin) + 1
        chunk = np.full(_PAD + stop - begin, _NEWLINE, dtype=np.uint8)
        chunk[_PAD:] = np.frombuffer(data, np.uint8, stop - begin, begin)
        yield chunk
        begin = stop


def _decode(chunk: Bytes, ends: Positions, *, truncate: bool) -> tuple[U64, U64, Mask]:
    """Return start and end of each line that ends at `ends`, and which lines are good."""
    stops, good = _bodies(chunk, ends)
    if not good.any():
        return good.astype(np.uint64), good.astype(np.uint64), good
    quads = _quads(chunk)
    at = stops - 4
    tail = _fields().take(quads.take(at)).view(np.int64)
    slash = tail >> 8 & 7 == _SLASH
    length = np.where(slash, tail & 255, 32)
    at -= np.where(slash, tail >> 11, 0)
    octets = _octets(quads, at)
    last = _squeezed(octets)
    start = last.copy()
    ranges = np.flatnonzero((octets & _ALL_MARKS == _RANGE_END) & ~slash)
    if len(ranges):
        octets[ranges] = _octets(quads, at[ranges])
        start[ranges] = _squeezed(octets[ranges])
    host = _HOST.take(length)
    good &= (octets & _ALL_MARKS == _ADDRESS) & (length <= 32) & (start <= last)
    if not truncate:
        good &= start & host == 0
    return start & ~host, last | host, good


def _bodies(chunk: Bytes, ends: Positions) -> tuple[Positions, Mask]:
    """Return where the body of each line stops, and which bodies may be IPv4.

    After the body there may be blanks and a comment. In the body there may only be characters
    whose low halves `_quads` can trust.
    """
    if len(chunk) > _PAD + _CHUNK:  # one line, longer than any address with a sane comment
        return ends, np.zeros(len(ends), dtype=bool)
    foreign = (chunk - np.uint8(ord("-")) > ord("9") - ord("-")) & (chunk != _NEWLINE)
    good = np.ones(len(ends), dtype=bool)
    if not foreign.any():
        return ends, good
    begins = np.append(_PAD, ends[:-1] + 1)
    kinds = _KINDS.take(chunk)
    closing = np.flatnonzero(kinds)
    stops = closing[np.searchsorted(closing, begins)]
    solid = np.flatnonzero(kinds != _BLANK)
    good &= kinds[solid[np.searchsorted(solid, stops)]] > 0
    inside = np.stack([begins, stops], axis=1).reshape(-1)
    good &= ~np.logical_or.reduceat(foreign, inside)[::2]
    return stops, good


def _quads(chunk: Bytes) -> NDArray[np.uint16]:
    """Return at each position the low halves of four characters, the first one uppermost.

    Products, because numpy has vector code for them and none for shifts of such small numbers.
    """
    low = chunk & 15
    pairs = low[:-1] * 16 | low[1:]
    quads = pairs[:-2].astype(np.uint16)
    quads *= 256
    quads |= pairs[2:]
    return quads


def _octets(quads: NDArray[np.uint16], at: Positions) -> U64:
    """Read four octets backwards, moving `at`; return their fields, the last octet's lowest."""
    octets = np.zeros(len(at), dtype=np.uint64)
    for place in (0, 16, 32, 48):
        field = _fields().take(quads.take(at))
        octets |= field << place
        at -= (field >> 11).view(np.int64)
    return octets


def _squeezed(octets: U64) -> U64:
    """Return the address of four fields: their lowest bytes without the room between them."""
    pairs = octets & 0x00FF_00FF_00FF_00FF
    pairs = (pairs | pairs >> 8) & 0x0000_FFFF_0000_FFFF
    address: U64 = np.bitwise_and(pairs | pairs >> 16, 0xFFFF_FFFF)
    return address


def plain_v6(texts: Sequence[str]) -> tuple[Spans, Mask]:
    """Decode IPv6 addresses, ranges and prefixes without host bits, none of them IPv4-mapped.

    Returns:
        Start and inclusive end of the texts that were taken, and which ones those are.
    """
    places, firsts, ends, lengths = _packed_v6(texts)
    start, end = (np.frombuffer(b"".join(packed), WIDE) for packed in (firsts, ends))
    length = np.array(lengths, dtype=np.int16)
    last = np.where(start == end, columns.block_lasts(V6, start, length), end)
    good = ~_mapped(start) & ~_mapped(end) & ~columns.host_bits(V6, start, length) & (start <= end)
    taken = np.zeros(len(texts), dtype=bool)
    taken[np.array(places, dtype=np.intp)[good]] = True
    return columns.narrow_spans(start[good], last[good]), taken


def _mapped(addresses: Column) -> Mask:
    high, low = columns.split(addresses)
    mapped: Mask = (high == 0) & (low >> np.uint64(32) == 0xFFFF)
    return mapped


def _packed_v6(
    texts: Sequence[str],
) -> tuple[list[int], list[bytes], list[bytes], list[int]]:
    """Return the texts that are IPv6: places, first addresses, ends of ranges, lengths.

    What is not a range ends where it begins; a range has the length of an address.
    """
    from socket import AF_INET6, inet_pton  # pure functions, for which IPv4 need not wait

    places, firsts, ends, lengths = [], [], [], []
    for place, text in enumerate(texts):
        if ":" not in text or "%" in text:
            continue
        begin, dash, end = text.partition("-")
        address, slash, bits = begin.partition("/")
        length = _LENGTHS.get(slash + bits)
        if length is None or (dash and slash):
            continue
        try:
            first = inet_pton(AF_INET6, address)
            ends.append(inet_pton(AF_INET6, end) if dash else first)
        except (OSError, ValueError):
            continue
        firsts.append(first)
        lengths.append(length)
        places.append(place)
    return places, firsts, ends, lengths
