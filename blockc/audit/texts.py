"""Columns of texts as numpy sees them: bytes, and where each text begins and ends.

Texts lie anywhere in the bytes of a block, so nothing is copied to cut a line into words.
"""

import numpy as np
from numpy.typing import NDArray

from blockc.values import Value

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Mask = NDArray[np.bool_]
U64 = NDArray[np.uint64]
_DASH, _DOT = 45, 46
_ONE, _BYTE, _NINE = np.uint8(1), np.uint8(8), np.uint8(9)
_WIDEST = 256  # bytes
_LONGEST_IPV4 = 15  # characters
_LONGEST_NUMBER = 18  # digits, which fit 64 bits


class Texts(Value, eq=False):
    """A column of texts.

    Attributes:
        data: uint8.
        begins, ends: int64, of each text in the data.
        valid: Which are there at all.
    """

    data: Bytes
    begins: Places
    ends: Places
    valid: Mask

    @classmethod
    def absent(cls, count: int) -> "Texts":
        """Return a column without a text."""
        nowhere = np.zeros(count, dtype=np.int64)
        return cls(np.zeros(0, dtype=np.uint8), nowhere, nowhere, np.zeros(count, dtype=bool))

    def __len__(self) -> int:
        return len(self.valid)

    def at(self, rows: NDArray[np.intp]) -> "Texts":
        """Return the texts of some rows."""
        return Texts(self.data, self.begins[rows], self.ends[rows], self.valid[rows])

    def raw(self, row: int) -> bytes:
        """Return the bytes of a row that is there."""
        return self.data[self.begins[row] : self.ends[row]].tobytes()

    def raws(self) -> list[bytes]:
        """Return the bytes of each row; nothing where there is no text."""
        lengths = np.where(self.valid, self.lengths(), 0)
        size = max(int(lengths.max(initial=0)), 1)
        if size > _WIDEST:
            return [self.raw(row) if self.valid[row] else b"" for row in range(len(self))]
        begins = np.arange(len(self)) * size
        data = self.windows(size).tobytes()
        pairs = zip(begins.tolist(), (begins + lengths).tolist(), strict=True)
        return [data[begin:end] for begin, end in pairs]

    def text(self, row: int) -> str | None:
        """Return the text of a row, or None."""
        return self.raw(row).decode("utf-8", "replace") if self.valid[row] else None

    def lengths(self) -> Places:
        """Return how many bytes each text has."""
        return self.ends - self.begins

    def without_dash(self, *, empty: bool = True) -> "Texts":
        """Return the column without texts that are `-`, and if not `empty` without empty ones."""
        lengths = self.lengths()
        rows = np.flatnonzero(lengths == 1)
        absent = (lengths == 0) & (not empty)
        absent[rows] = self.data[self.begins[rows]] == _DASH
        return Texts(self.data, self.begins, self.ends, self.valid & ~absent)

    def windows(self, size: int) -> Bytes:
        """Return the bytes from the begin of each text on, `size` of them: one row for each text.

        What stands behind the end of a text are other bytes of the data, or zeros.
        """
        last = len(self.data) - size
        if last < 0:
            padded = np.concatenate([self.data, np.zeros(size, dtype=np.uint8)])
            return Texts(padded, self.begins, self.ends, self.valid).windows(size)
        kind = np.dtype(f"V{size}")
        views = np.ndarray((last + 1,), kind, self.data, strides=(1,))
        found = views[np.minimum(self.begins, last)].view(np.uint8).reshape(-1, size)
        late = np.flatnonzero(self.begins > last)
        if len(late):
            end = np.concatenate([self.data[last:], np.zeros(size, dtype=np.uint8)])
            begins = self.begins[late] - last
            found[late] = end[begins[:, None] + np.arange(size)]
        return found


def read_ipv4(texts: Texts) -> tuple[U64, Mask]:
    """Return the numbers of the texts that are IPv4 addresses and nothing else, and which are.

    As inet_pton takes them: four decimals from 0 to 255 without leading zeros.
    """
    count = len(texts)
    whole = texts.lengths()
    fits = texts.valid & (whole >= 7) & (whole <= _LONGEST_IPV4)
    lengths = np.clip(whole, 0, _LONGEST_IPV4 + 1).astype(np.uint8)
    chars = np.ascontiguousarray(texts.windows(_LONGEST_IPV4).T)
    value, octet = np.zeros(count, dtype=np.uint32), np.zeros(count, dtype=np.uint16)
    digits, dots = np.zeros(count, dtype=np.uint8), np.zeros(count, dtype=np.uint8)
    for at, char in enumerate(chars):
        inside, digit = lengths > at, char - np.uint8(48)
        is_digit, dot = (digit < 10) & inside, (char == _DOT) & inside
        fits &= ~inside | is_digit | (dot & (digits > 0))
        fits &= ~(is_digit & (digits > 0) & (octet == 0))  # a leading zero
        octet = octet * (is_digit * _NINE + _ONE) + digit * is_digit
        digits += is_digit
        fits &= octet <= 255
        value = (value << (dot * _BYTE)) + octet * dot
        dots += dot
        octet *= ~dot
        digits *= ~dot
    fits &= (dots == 3) & (digits > 0)
    return ((value << np.uint32(_BYTE)) + octet).astype(np.uint64) * fits, fits


def read_numbers(texts: Texts) -> tuple[Places, Mask]:
    """Return the numbers of the texts that are digits alone, and which are: 18 digits at most."""
    lengths = texts.lengths()
    fits = texts.valid & (lengths > 0) & (lengths <= _LONGEST_NUMBER)
    most = int(lengths[fits].max(initial=0))
    value = np.zeros(len(texts), dtype=np.int64)
    for at, char in enumerate(np.ascontiguousarray(texts.windows(max(most, 1)).T)):
        inside, digit = lengths > at, char - np.uint8(48)
        fits &= ~inside | (digit < 10)
        value = value * (inside * _NINE + _ONE) + digit * inside
    return value, fits
