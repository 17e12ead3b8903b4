"""A text cut into lines and fields, and one field of many lines as a column of tokens."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockc.addresses.columns import U64
from blockc.addresses.fast_parse import piece_size
from blockc.values import Value

Positions = NDArray[np.intp]
Mask = NDArray[np.bool_]
Bytes = NDArray[np.uint8]

_FEWEST_PIPES = 5  # of a summary
_BLANKS = np.frombuffer(b" \t\r", dtype=np.uint8)
_PIPE, _NEWLINE, _HASH = b"|\n#"
# Arrays of one piece fit the processor's caches: half the time of one pass over the whole file.
_PIECE_BYTES = 1 << 19
# Words are loaded up to eight bytes before the end of a token and from its beginning.
_FRONT, _BACK = 8, 8


class Tokens(Value, eq=False):
    """One field of many lines: where each begins, and where the byte after it stands.

    Attributes:
        words: The eight bytes at every position of the buffer as one little-endian number; an
            overlapping view of it, so that a whole field is one load.
    """

    words: U64
    begin: Positions
    end: Positions

    @property
    def length(self) -> Positions:
        """Return how many bytes each token has."""
        return self.end - self.begin

    def take(self, chosen: NDArray[Any]) -> "Tokens":
        """Return the tokens that `chosen` (a mask or positions) picks."""
        return Tokens(self.words, self.begin[chosen], self.end[chosen])

    def left(self) -> U64:
        """Return the eight bytes from the beginning of each token, whatever follows it."""
        return self.words[self.begin]

    def right(self) -> U64:
        """Return the eight bytes up to the end of each token, whatever stands before it."""
        return self.words[self.end - 8]

    def choice(self, literals: tuple[str, ...]) -> NDArray[np.uint8]:
        """Return the position of each token in `literals`, counted from 1; 0 for none of them.

        Literals have at most 16 bytes.
        """
        chosen = np.zeros(len(self), dtype=np.uint8)
        left, right, length = None, self.right(), self.length
        for place, literal in enumerate(literals, start=1):
            raw = literal.encode()
            unasked = np.uint64(8 * max(8 - len(raw), 0))
            here = right >> unasked == _word(raw[-8:])
            here &= length == len(raw)
            if len(raw) > 8:
                left = self.left() if left is None else left
                here &= left == _word(raw[:8])
            chosen += here * np.uint8(place)
        return chosen

    def last_pieces(self, separator: int, longest: int) -> "Tokens":
        """Return what follows the last `separator` in each token, or the token if there is none.

        A piece of more than `longest` bytes may come with what stands before it, never shorter.
        """
        length, cells = self.length, self.right().astype("<u8", copy=False).view(np.uint8)
        for size in range(longest, 0, -1):
            here = cells[7 - size :: 8] == separator
            here &= length > size
            np.copyto(length, size, where=here)
        return Tokens(self.words, self.end - length, self.end)

    def __len__(self) -> int:
        return len(self.begin)


def _word(raw: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(raw, "little"))


class DelegatedLines(Value, eq=False):
    """A piece of a text cut at its line ends and pipes.

    Attributes:
        buffer: The piece with some bytes more at both ends, whatever they are.
        begin, end: Where each line begins, and where its newline stands.
        marks: Where the pipes and newlines stand, in order.
        first: For each line, the position in `marks` of its first mark.
        pipes: How many pipes each line has.
    """

    buffer: Bytes
    begin: Positions
    end: Positions
    marks: Positions
    first: Positions
    pipes: Positions

    @classmethod
    def of(cls, buffer: Bytes) -> "DelegatedLines":
        """Cut the piece inside `buffer`, which ends with a newline."""
        marked = buffer == _PIPE
        marked |= buffer == _NEWLINE
        marked[:_FRONT] = marked[-_BACK:] = False
        marks = np.flatnonzero(marked)
        closing = np.flatnonzero(buffer[marks] == _NEWLINE)
        first = np.append(0, closing[:-1] + 1)
        end = marks[closing]
        begin = np.append(_FRONT, end[:-1] + 1)
        return cls(buffer, begin, end, marks, first, closing - first)

    @property
    def silent(self) -> Mask:
        """Return which lines are empty or comments."""
        return np.asarray((self.begin == self.end) | (self.buffer[self.begin] == _HASH))

    def too_short(self, lines: Positions) -> Mask:
        """Return which of `lines` are neither blank nor have the fields of a summary or a row."""
        blank = np.isin(self.buffer[self.begin[lines]], _BLANKS)
        return (self.pipes[lines] < _FEWEST_PIPES) & ~blank

    def fields(self, lines: Positions, count: int) -> list[Tokens]:
        """Return the first `count` fields of `lines`, which have at least as many."""
        words = np.ndarray((len(self.buffer) - 7,), "<u8", self.buffer, strides=(1,))
        begin, first, found = self.begin[lines], self.first[lines], []
        for number in range(count):
            end = self.marks[first + number]
            found.append(Tokens(words, begin, end))
            begin = end + 1
        return found

    def raw(self, line: int) -> bytes:
        """Return the bytes of one line, counted from 0, without its newline."""
        return self.buffer[self.begin[line] : self.end[line]].tobytes()

    def __len__(self) -> int:
        return len(self.begin)


def pieces(data: bytes, begin: int) -> Iterator[DelegatedLines]:
    """Yield the lines of `data` from `begin`, many at a time; a last newline is supplied."""
    closed = data[-1:] == b"\n"
    padded = b"".join([bytes(_FRONT), data, bytes(_BACK) if closed else b"\n" + bytes(_BACK)])
    whole = np.frombuffer(padded, dtype=np.uint8)
    begin, end, size = begin + _FRONT, len(padded) - _BACK, piece_size(data, _PIECE_BYTES)
    while begin < end:
        stop = padded.find(b"\n", min(begin + size, end) - 1) + 1
        yield DelegatedLines.of(whole[begin - _FRONT : stop + _BACK])
        begin = stop
