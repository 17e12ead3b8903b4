"""Delimited text cut into rows and cells, each with its line."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockc.errors import Location, SourceSyntaxError
from blockc.formats.lines import Lines


@dataclass(frozen=True, slots=True)
class Dialect:
    """How cells are separated. An empty `comment` means that there are none."""

    separator: str = ","
    quotes: bool = True
    comment: str = "#"

    def reader(self, lines: Sequence[str]) -> Any:
        """Return the iterator over the rows of `lines`; its `line_num` counts lines."""
        quoting = csv.QUOTE_MINIMAL if self.quotes else csv.QUOTE_NONE
        options: Any = {"delimiter": self.separator, "quoting": quoting, "strict": True}
        return csv.reader(lines, **options)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The rows of a file, blank lines and comments left out.

    Attributes:
        rows: The cells of each row.
        numbers: The line of each row, from 1; of several, the last.
    """

    lines: Lines
    rows: list[list[str]] = field(repr=False)
    numbers: NDArray[np.int64]

    @classmethod
    def of(cls, lines: Lines, dialect: Dialect) -> "Table":
        """Cut `lines`.

        Raises:
            SourceSyntaxError: At the first line whose quotes are wrong.
        """
        texts = lines.text.split("\n")[:-1]
        kept = [n for n, text in enumerate(texts, start=1) if _says(text, dialect.comment)]
        chosen = texts if len(kept) == len(texts) else [texts[n - 1] for n in kept]
        reader = dialect.reader(chosen)
        try:
            rows = list(reader)
        except csv.Error as reason:
            at = lines.at(kept[reader.line_num - 1])
            raise SourceSyntaxError(f"no row of cells: {reason}", at=at) from None
        numbers = np.array(kept, dtype=np.int64)
        if len(rows) != len(kept):  # a quoted cell goes over several lines
            numbers = numbers[_last_lines(dialect, chosen)]
        return cls(lines, rows, numbers)

    def at(self, row: int, part: str = "") -> Location:
        """Return the place of a row, or of `part` in it."""
        return self.lines.at(int(self.numbers[row]), part)

    def column(self, place: int) -> list[str]:
        """Return one cell of every row; an empty text where a row is shorter."""
        try:
            return [row[place] for row in self.rows]
        except IndexError:
            return [row[place] if place < len(row) else "" for row in self.rows]

    def from_row(self, first: int) -> "Table":
        """Return the table without its first rows."""
        return Table(self.lines, self.rows[first:], self.numbers[first:])


def _says(text: str, comment: str) -> bool:
    body = text.strip()
    return bool(body) and not (comment and body.startswith(comment))


def _last_lines(dialect: Dialect, lines: Sequence[str]) -> list[int]:
    """Return the last line of each row, counted from 0."""
    reader = dialect.reader(lines)
    return [reader.line_num - 1 for _ in reader]
