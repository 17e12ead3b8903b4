"""Delimited text cut into columns of cells, each row with its line."""

import csv
import re
from array import array
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockc.addresses.plain_text import (
    TextLines,
    keeping_once,
    line_batches,
    lines_one_by_one,
    text_batches,
)
from blockc.errors import Location, SourceSyntaxError
from blockc.values import Value, replace

Numbers = NDArray[np.int32]
_NEWLINE = 10
_BLANK = re.compile(r"^[^\S\n]*$", re.MULTILINE)


class Dialect(Value):
    """How cells are separated. An empty `comment` means that there are none."""

    separator: str = ","
    quotes: bool = True
    comment: str = "#"

    def reader(self, lines: Iterable[str]) -> Any:
        """Return the iterator over the rows of `lines`; its `line_num` counts lines."""
        quoting = csv.QUOTE_MINIMAL if self.quotes else csv.QUOTE_NONE
        options: Any = {"delimiter": self.separator, "quoting": quoting, "strict": True}
        return csv.reader(lines, **options)


class CsvTable(Value, eq=False, dict=True):
    """The cells of a file, blank lines and comments left out.

    Attributes:
        cells: All cells, row after row, or none where they are in `unsplit`.
        widths: How many cells each row has.
        numbers: The line of each row, from 1; of several, the last.
        unsplit: The rows where nothing is quoted and they have one cell, or not all as many. Cells
            are cut out of them when they are asked for: one wide row must not cost as if all were.
    """

    lines: TextLines
    cells: Sequence[str]
    widths: Numbers
    numbers: Numbers
    unsplit: str = ""
    separator: str = ","

    @classmethod
    def of(cls, lines: TextLines, dialect: Dialect) -> "CsvTable":
        """Cut `lines`.

        Raises:
            SourceSyntaxError: At the first line whose quotes are wrong.
        """
        text, numbers = _significant_lines(lines.text[:-1], dialect.comment)
        counts = _counts_of_marks(text, dialect) if len(numbers) else None
        mark = dialect.separator
        if counts is None:
            return cls(lines, *_quoted_cells(lines, text, dialect, numbers))
        if not counts[0] or (counts != counts[0]).any():
            return cls(lines, (), counts + 1, numbers, text, mark)
        return cls(lines, text.replace("\n", mark).split(mark), counts + 1, numbers)

    def at(self, row: int, part: str = "") -> Location:
        """Return the place of a row, or of `part` in it."""
        return self.lines.at(int(self.numbers[row]), part)

    def column(self, place: int) -> Sequence[str]:
        """Return one cell of every row, an empty text where a row has not so many."""
        if place >= self.widths.max(initial=0):
            return self._nothing
        if self.unsplit:
            if self.widths.max() == 1:
                return [*map(keeping_once(), lines_one_by_one(self.unsplit))]
            split = (
                line.split(self.separator, place + 1) for line in lines_one_by_one(self.unsplit)
            )
            return [cells[place] if place < len(cells) else "" for cells in split]
        if (self.widths == self.widths[0]).all():
            return self.cells[place :: self.widths[0]]
        rows = zip(self._begins.data, self.widths.data, strict=True)
        return [self.cells[begin + place] if place < width else "" for begin, width in rows]

    @property
    def header(self) -> list[str]:
        """Return the cells of the first row."""
        if self.unsplit:
            return self.unsplit.partition("\n")[0].split(self.separator)
        return list(self.cells[: self.widths[0]])

    def without_header(self) -> "CsvTable":
        """Return the table without its first row."""
        return replace(
            self,
            cells=self.cells[self.widths[0] :],
            widths=self.widths[1:],
            numbers=self.numbers[1:],
            unsplit=self.unsplit.partition("\n")[2],
        )

    @cached_property
    def _nothing(self) -> Sequence[str]:
        return [""] * len(self)

    @property
    def _begins(self) -> NDArray[np.int64]:
        """Return the position in `cells` of the first cell of each row."""
        ends = np.cumsum(self.widths, dtype=np.int64)
        return ends - self.widths

    def __len__(self) -> int:
        return len(self.numbers)


def _significant_lines(text: str, comment: str) -> tuple[str, Numbers]:
    """Return the lines of `text` that are neither blank nor comments, and their numbers."""
    if not _BLANK.search(text) and not (comment and comment in text):
        return text, np.arange(1, text.count("\n") + 2, dtype=np.int32)
    kept, numbers, first = list[str](), [np.zeros(0, dtype=np.int64)], 1
    for lines in line_batches(text):
        bodies = [line.strip() for line in lines]
        says = [bool(body) and not (comment and body.startswith(comment)) for body in bodies]
        kept += ["\n".join(compress(lines, says))] if any(says) else []
        numbers.append(np.flatnonzero(says) + first)
        first += len(lines)
    return "\n".join(kept), np.concatenate(numbers).astype(np.int32)


def _counts_of_marks(text: str, dialect: Dialect) -> Numbers | None:
    """Return how many separators each line has; None where quotes or the like need a reader."""
    mark = dialect.separator.encode()
    if len(mark) != 1 or "\r" in text or (dialect.quotes and '"' in text):
        return None
    counts = (_marks_in_lines(some, mark[0]) for some in text_batches(text))
    return np.concatenate([*counts])


def _marks_in_lines(text: str, mark: int) -> Numbers:
    data = np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8)
    ends = np.append(np.flatnonzero(data == _NEWLINE), len(data))
    before = np.searchsorted(np.flatnonzero(data == mark), ends)
    return np.diff(before, prepend=0).astype(np.int32)


def _quoted_cells(
    lines: TextLines, text: str, dialect: Dialect, numbers: Numbers
) -> tuple[list[str], Numbers, Numbers]:
    """Return all cells, how many of them are in each row, and the line of each row.

    Args:
        text: The lines that count, of which `numbers` are the numbers.
    """
    cells, widths, ends = list[str](), array("i"), array("i")
    rows = (f"{line}\n" for line in lines_one_by_one(text)) if len(numbers) else iter(())
    reader, once = dialect.reader(rows), keeping_once()
    try:
        for row in reader:
            # Joined without a blank, 5.6.7.1 and 28 on the next line would be another address.
            cells += [once(cell.replace("\n", " ")) for cell in row]
            widths.append(len(row))
            ends.append(reader.line_num)  # a quoted cell may go over several lines
    except csv.Error as reason:
        at = lines.at(int(numbers[reader.line_num - 1]))
        raise SourceSyntaxError(f"no row of cells: {reason}", at=at) from None
    last_lines = numbers[np.frombuffer(ends, dtype=np.int32) - 1]
    return cells, np.frombuffer(widths, dtype=np.int32), last_lines
