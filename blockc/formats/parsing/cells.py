"""Delimited text cut into columns of cells, each row with its line."""

import csv
import re
from collections.abc import Sequence
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockc.addresses.plain_text import TextLines
from blockc.errors import Location, SourceSyntaxError
from blockc.values import Value, replace

Numbers = NDArray[np.int64]
_NEWLINE = 10
_BLANK = re.compile(r"^[^\S\n]*$", re.MULTILINE)


class Dialect(Value):
    """How cells are separated. An empty `comment` means that there are none."""

    separator: str = ","
    quotes: bool = True
    comment: str = "#"

    def reader(self, lines: Sequence[str]) -> Any:
        """Return the iterator over the rows of `lines`; its `line_num` counts lines."""
        quoting = csv.QUOTE_MINIMAL if self.quotes else csv.QUOTE_NONE
        options: Any = {"delimiter": self.separator, "quoting": quoting, "strict": True}
        return csv.reader(lines, **options)


class CsvTable(Value, eq=False):
    """The cells of a file, blank lines and comments left out.

    Attributes:
        cells: All cells, row after row, where all rows have as many, else none.
        unsplit: The rows where they have not, and where nothing is quoted. Cells are cut out of
            them when they are asked for: one wide row must not widen all.
        rows: The cells of each row where something is quoted.
        widths: How many cells each row has.
        numbers: The line of each row, from 1; of several, the last.
    """

    lines: TextLines
    cells: Sequence[str]
    widths: Numbers
    numbers: Numbers
    rows: Sequence[list[str]] = ()
    unsplit: Sequence[str] = ()
    separator: str = ","

    @classmethod
    def of(cls, lines: TextLines, dialect: Dialect) -> "CsvTable":
        """Cut `lines`.

        Raises:
            SourceSyntaxError: At the first line whose quotes are wrong.
        """
        chosen, numbers = _significant_lines(lines.text[:-1], dialect.comment)
        counts = _counts_of_marks(chosen, dialect)
        if counts is None:
            rows, last_lines = _rows(lines, chosen, dialect, numbers)
            widths = np.array([len(row) for row in rows], dtype=np.int64)
            return cls(lines, (), widths, last_lines, rows)
        if (counts != counts[0]).any():
            mark = dialect.separator
            return cls(lines, (), counts + 1, numbers, unsplit=chosen, separator=mark)
        cells = dialect.separator.join(chosen).split(dialect.separator)
        return cls(lines, cells, counts + 1, numbers)

    def at(self, row: int, part: str = "") -> Location:
        """Return the place of a row, or of `part` in it."""
        return self.lines.at(int(self.numbers[row]), part)

    def column(self, place: int) -> Sequence[str]:
        """Return one cell of every row; empty texts if no row has so many."""
        if self.rows:
            return [row[place] if place < len(row) else "" for row in self.rows]
        if self.unsplit:
            cut = (line.split(self.separator, place + 1) for line in self.unsplit)
            return [cells[place] if place < len(cells) else "" for cells in cut]
        width = self._width
        return self.cells[place::width] if place < width else [""] * len(self)

    @property
    def header(self) -> list[str]:
        """Return the cells of the first row."""
        if self.unsplit:
            return self.unsplit[0].split(self.separator)
        return list(self.rows[0] if self.rows else self.cells[: self._width])

    @property
    def _width(self) -> int:
        """Return how many cells all rows have."""
        return int(self.widths[0]) if len(self.cells) else 0

    def without_header(self) -> "CsvTable":
        """Return the table without its first row."""
        return replace(
            self,
            cells=self.cells[self._width :],
            widths=self.widths[1:],
            numbers=self.numbers[1:],
            rows=self.rows[1:],
            unsplit=self.unsplit[1:],
        )

    def __len__(self) -> int:
        return len(self.numbers)


def _significant_lines(text: str, comment: str) -> tuple[list[str], Numbers]:
    """Return the lines of `text` that are neither blank nor comments, and their numbers."""
    lines = text.split("\n")
    numbers = np.arange(1, len(lines) + 1, dtype=np.int64)
    if not _BLANK.search(text) and not (comment and comment in text):
        return lines, numbers
    bodies = [line.strip() for line in lines]
    says = [bool(body) and not (comment and body.startswith(comment)) for body in bodies]
    return list(compress(lines, says)), numbers[says]


def _counts_of_marks(lines: Sequence[str], dialect: Dialect) -> Numbers | None:
    """Return how many separators each line has; None where quotes or the like need a reader."""
    text = "\n".join(lines)
    mark = dialect.separator.encode()
    if not lines or len(mark) != 1 or "\r" in text or (dialect.quotes and '"' in text):
        return None
    data = np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8)
    ends = np.append(np.flatnonzero(data == _NEWLINE), len(data))
    before = np.searchsorted(np.flatnonzero(data == mark[0]), ends)
    return np.diff(before, prepend=0)


def _rows(
    lines: TextLines, chosen: Sequence[str], dialect: Dialect, numbers: Numbers
) -> tuple[list[list[str]], Numbers]:
    """Return rows and the line of each."""
    reader = dialect.reader(chosen)
    try:
        rows = list(reader)
    except csv.Error as reason:
        at = lines.at(int(numbers[reader.line_num - 1]))
        raise SourceSyntaxError(f"no row of cells: {reason}", at=at) from None
    if len(rows) == len(chosen):
        return rows, numbers
    reader = dialect.reader(chosen)  # a quoted cell goes over several lines
    return rows, numbers[[reader.line_num - 1 for _ in reader]]
