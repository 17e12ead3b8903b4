"""Lists of addresses as text, whole columns at a time, both ways.

Reading: lines of plain IPv4 addresses and prefixes, the bulk of every list, are decoded by
column arithmetic; whatever looks different in any way goes to `text.parse_span`, which also
writes every error. So the fast path needs no opinion of its own.
"""

from socket import AF_INET6, inet_ntop  # a pure function; nothing here opens a socket

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.columns import U64, Spans
from blockc.addresses.family import V4, V6, Family
from blockc.addresses.prefixes import Prefixes
from blockc.addresses.text import parse_span
from blockc.errors import Location, SourceSyntaxError

_DOT, _SLASH, _NEWLINE, _ZERO = b"./\n0"
Bytes = NDArray[np.uint8]
Positions = NDArray[np.int64]


def _cells(texts: list[str]) -> NDArray[np.uint32]:
    """Return texts of at most 4 characters, padded with NUL, as one uint32 each."""
    return np.array([text.encode() for text in texts], dtype="S4").view(np.uint32)


_OCTETS = _cells([f"{octet}." for octet in range(256)])
_LAST_OCTETS = _cells([str(octet) for octet in range(256)])
_LENGTHS = _cells([f"/{length}\n" for length in range(33)])


def prefix_lines(prefixes: Prefixes) -> bytes:
    """Return the canonical text of each prefix, a line each."""
    if prefixes.family == V4:
        return _v4_lines(prefixes.start, prefixes.length)
    return "".join(f"{text}\n" for text in prefix_texts(prefixes)).encode()


def prefix_texts(prefixes: Prefixes) -> list[str]:
    """Return the canonical text of each prefix, `first/length`."""
    if prefixes.family == V4:
        return prefix_lines(prefixes).decode().splitlines()
    firsts = address_texts(prefixes.family, prefixes.start)
    return [f"{a}/{n}" for a, n in zip(firsts, prefixes.length.tolist(), strict=True)]


def address_texts(family: Family, starts: columns.Column) -> list[str]:
    """Return the canonical text of each address of a column of starts."""
    if family == V4:
        full = np.full(len(starts), 32, dtype=np.int16)
        return [text[:-3] for text in prefix_texts(Prefixes(V4, starts, full))]
    if family == V6:
        return _v6_texts(columns.widen(starts))
    return [family.text(address) for address in columns.ints(family, starts)]


def last_texts(family: Family, lasts: columns.Column) -> list[str]:
    """Return the canonical text of each address of a column of inclusive ends."""
    return address_texts(family, columns.widen_lasts(lasts) if family.grain else lasts)


def _v4_lines(start: U64, length: NDArray[np.int16]) -> bytes:
    rows = np.empty((len(start), 5), dtype=np.uint32)
    for place, shift in enumerate((24, 16, 8)):
        rows[:, place] = _OCTETS[(start >> np.uint64(shift)).astype(np.uint8)]
    rows[:, 3] = _LAST_OCTETS[start.astype(np.uint8)]
    rows[:, 4] = _LENGTHS[length]
    return rows.tobytes().translate(None, b"\0")


def _v6_texts(wide: columns.Column) -> list[str]:
    """Return RFC 5952 texts; `inet_ntop` would write the lowest 2**64 with dotted octets."""
    low = columns.split(wide)[0] == 0
    raw = wide.tobytes()
    texts = [inet_ntop(AF_INET6, raw[at : at + 16]) for at in range(0, len(raw), 16)]
    for row in np.flatnonzero(low).tolist():
        texts[row] = V6.text(int.from_bytes(raw[16 * row : 16 * row + 16], "big"))
    return texts


def read_spans(name: str, data: bytes, *, truncate: bool = False) -> dict[Family, Spans]:
    """Read a list: an address, prefix or range a line, `#` and `;` start a comment.

    Args:
        name: What the input is called in messages.
        data: The bytes of the list; families may be mixed.
        truncate: Clear host bits instead of refusing them.

    Returns:
        Start and inclusive end a family, in no useful order, overlapping as the input does.

    Raises:
        SourceSyntaxError: At the first line that is neither.
    """
    if data and not data.endswith(b"\n"):
        data += b"\n"
    buffer = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(buffer == _NEWLINE)
    begins = np.append(0, ends[:-1] + 1) if len(ends) else ends
    start, last, plain = _plain_v4(buffer, truncate=truncate)
    other = [
        span
        for line in np.flatnonzero(~plain).tolist()
        if (span := _line_span(name, data, int(begins[line]), line, truncate=truncate))
    ]
    return {
        family: _joined(family, [s[1:] for s in other if s[0] == family], start, last)
        for family in (V4, V6)
    }


def _joined(family: Family, slow: list[tuple[int, int]], start: U64, last: U64) -> Spans:
    spans = columns.span_columns(family, slow)
    if family == V6 or not len(start):
        return spans
    return np.concatenate([start, spans[0]]), np.concatenate([last, spans[1]])


def _line_span(
    name: str, data: bytes, begin: int, line: int, *, truncate: bool
) -> tuple[Family, int, int] | None:
    raw = data[begin : data.index(b"\n", begin)]
    body = raw.split(b"#")[0].split(b";")[0].strip()
    if not body:
        return None
    text = body[:200].decode("utf-8", "backslashreplace")
    try:
        return parse_span(text, truncate=truncate)
    except ValueError as reason:
        shown = raw[:200].decode("utf-8", "backslashreplace")
        column = shown.find(text) + 1
        at = Location(name, line + 1, column, shown, len(text))
        raise SourceSyntaxError(
            str(reason), at=at, hint="expected an address, a prefix or a range"
        ) from None


def _plain_v4(buffer: Bytes, *, truncate: bool) -> tuple[U64, U64, NDArray[np.bool_]]:
    """Return the spans of the lines that are plain IPv4, and which lines those are."""
    marks = np.flatnonzero((buffer == _DOT) | (buffer == _SLASH) | (buffer == _NEWLINE))
    closing = np.flatnonzero(buffer[marks] == _NEWLINE)
    fields = np.diff(closing, prepend=-1)
    plain = np.zeros(len(closing), dtype=bool)
    found = []
    for count in (4, 5):
        lines = np.flatnonzero(fields == count)
        grid = marks[closing[lines, None] + np.arange(1 - count, 1)]
        first = np.where(closing[lines] >= count, marks[closing[lines] - count], -1)
        start, last, good = _plain_rows(buffer, first, grid, truncate=truncate)
        plain[lines[good]] = True
        found.append((start[good], last[good]))
    starts, lasts = zip(*found, strict=True)
    return np.concatenate(starts), np.concatenate(lasts), plain


def _plain_rows(
    buffer: Bytes, before: Positions, grid: Positions, *, truncate: bool
) -> tuple[U64, U64, NDArray[np.bool_]]:
    """Decode lines cut at `grid` (the marks that end their fields, shape (n, 4 or 5))."""
    good = (buffer[grid[:, :3]] == _DOT).all(axis=1)
    if grid.shape[1] == 5:
        good &= buffer[grid[:, 3]] == _SLASH
    start = np.zeros(len(grid), dtype=np.uint64)
    left = before
    for place in range(4):
        octet, fine = _small_numbers(buffer, left, grid[:, place])
        good &= fine & (octet < 256)
        start = (start << np.uint64(8)) | octet.astype(np.uint64)
        left = grid[:, place]
    bits = np.zeros(len(grid), dtype=np.uint64)
    if grid.shape[1] == 5:
        length, fine = _small_numbers(buffer, left, grid[:, 4])
        good &= fine & (length <= 32)
        bits = np.uint64(32) - np.minimum(length, 32).astype(np.uint64)
    host = (np.uint64(1) << bits) - np.uint64(1)
    if not truncate:
        good &= start & host == 0
    return start & ~host, start | host, good


def _small_numbers(
    buffer: Bytes, left: Positions, right: Positions
) -> tuple[NDArray[np.uint16], NDArray[np.bool_]]:
    """Return the numbers of 1 to 3 digits between two marks, and where they are well formed."""
    count = right - left - 1
    good = (count > 0) & (count < 4)
    value = np.zeros(len(left), dtype=np.uint16)
    for place, weight in enumerate((1, 10, 100)):
        digit = buffer[np.maximum(right - 1 - place, 0)] - np.uint8(_ZERO)
        here = count > place
        good &= ~here | (digit < 10)
        value += np.where(here, digit.astype(np.uint16) * np.uint16(weight), np.uint16(0))
        good &= ~(here & (count == place + 1) & (digit == 0)) | (count == 1)
    return value, good
