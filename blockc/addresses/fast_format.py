"""Addresses as text, a whole column at a time.

A line is written as a row of cells of fixed width, padded with NUL, looked up in tables; deleting
every NUL leaves the text. IPv6 is RFC 5952 in hexadecimal throughout, as `Family.text` writes it.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.columns import U64, Column
from blockc.addresses.family import V4, V6, Family

Cells = NDArray[np.unsignedinteger]
U8 = NDArray[np.uint8]

_PIECE = 1 << 14  # rows made at a time: what they are made in fits the cache
_HEXTETS = 1 << 16  # behind the texts of all groups stand the three of a compressed run
_INNER, _OPENING, _WHOLE_OPENING = range(_HEXTETS, _HEXTETS + 3)


def address_lines(
    family: Family, starts: Column, endings: Sequence[str], chosen: NDArray[np.integer]
) -> bytes:
    """Return the canonical text of each address followed by one of `endings`, as one text.

    Args:
        starts: A column of starts.
        endings: At most 4 characters each for IPv4, 8 for IPv6.
        chosen: For each address the position of its ending.
    """
    if family in (V4, V6):
        size, lines = (4, _v4_lines) if family == V4 else (8, _v6_lines)
        cells = _cells(endings, size)
        pieces = [slice(at, at + _PIECE) for at in range(0, len(starts), _PIECE)]
        return b"".join(lines(starts[piece], cells[chosen[piece]]) for piece in pieces)
    texts = [family.text(address) for address in columns.ints(family, starts)]
    pairs = zip(texts, chosen.tolist(), strict=True)
    return "".join(text + endings[ending] for text, ending in pairs).encode()


def _cells(texts: Sequence[str], size: int) -> Cells:
    """Return texts of at most `size` characters as one number each."""
    return np.array([text.encode() for text in texts], dtype=f"S{size}").view(f"u{size}")


def _joined(rows: Cells) -> bytes:
    return rows.tobytes().translate(None, b"\0")


@cache
def _octets() -> tuple[Cells, Cells]:
    """Return the cells of the first three octets of an address and of its last."""
    numbers = [str(octet) for octet in range(256)]
    return _cells([f"{number}." for number in numbers], 4), _cells(numbers, 4)


def _v4_lines(start: U64, endings: Cells) -> bytes:
    inner, final = _octets()
    rows = np.empty((len(start), 5), dtype=np.uint32)
    for place, shift in enumerate((24, 16, 8)):
        rows[:, place] = inner[(start >> np.uint64(shift)).astype(np.uint8)]
    rows[:, 3] = final[start.astype(np.uint8)]
    rows[:, 4] = endings
    return _joined(rows)


@cache
def _groups() -> tuple[Cells, Cells]:
    """Return the cells of the first seven groups of an address and of its last."""
    value = np.arange(_HEXTETS)
    letters = np.zeros((_HEXTETS + 3, 8), dtype=np.uint8)
    digits = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    for place, shift in enumerate((12, 8, 4, 0)):
        shown = (value >> shift > 0) | (shift == 0)
        letters[:_HEXTETS, place] = np.where(shown, digits[value >> shift & 15], 0)
    letters[_OPENING, 4:5] = ord(":")
    letters[_WHOLE_OPENING, 4:6] = ord(":")
    final = letters.copy()
    letters[:_HEXTETS, 4] = ord(":")
    return letters.view(np.uint64)[:, 0], final.view(np.uint64)[:, 0]


@cache
def _runs() -> NDArray[np.uint32]:
    """Return for each pattern of zero groups what replaces each group, 0 for nothing.

    The longest run of at least two zeros, the first of several, becomes `::`. The colon before
    it is the one of the group before it.
    """
    table = np.zeros((256, 8), dtype=np.uint32)
    for pattern in range(256):
        text = f"{pattern:08b}"
        size = max(len(run) for run in text.split("0"))
        if size > 1:
            first = text.index("1" * size)
            table[pattern, first : first + size] = _INNER
            table[pattern, first] = _OPENING if first else _WHOLE_OPENING
    return table


def _v6_lines(starts: Column, endings: Cells) -> bytes:
    groups = (
        np.ascontiguousarray(columns.widen(starts)).view(">u2").reshape(-1, 8).astype(np.uint32)
    )
    patterns: U8 = np.packbits(groups == 0, axis=1)[:, 0]
    groups = np.maximum(groups, _runs()[patterns])
    inner, final = _groups()
    rows = np.empty((len(starts), 9), dtype=np.uint64)
    rows[:, :7] = inner[groups[:, :7]]
    rows[:, 7] = final[groups[:, 7]]
    rows[:, 8] = endings
    return _joined(rows)
