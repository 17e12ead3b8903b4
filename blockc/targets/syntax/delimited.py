"""Tables of cells with a mark between them, as CSV and TSV, without quotes.

A line ends at a line feed alone, and the last one has one. A cell is printable ASCII without the
mark and quotes, because what those mean differs from program to program.
"""

from collections.abc import Sequence
from functools import partial
from itertools import islice, repeat

from blockc.addresses.plain_text import line_batches, lines_one_by_one
from blockc.errors import SourceSyntaxError
from blockc.targets.syntax.reading import Found
from blockc.targets.syntax.tokens import ODD, Text
from blockc.values import Value

_QUOTES = "\"'\t"


class DelimitedGrammar(Value):
    """How a program cuts a file into rows and cells.

    Args:
        program: Its name, for messages.
        width: How many cells a row has.
        mark: What stands between two cells.
        comment: What a line begins with that is no row, or nothing where every line is one.
    """

    program: str
    width: int
    mark: str = ","
    comment: str = ""

    def read(self, text: Text) -> "CellTable":
        """Return the cells of a text.

        Raises:
            SourceSyntaxError: About the first line that is not a row, or not whole.

        Cost: a few passes in C over the text.
        """
        if text.text and not text.text.endswith("\n"):
            raise text.error("the last line has no end", len(text.text))
        rows, lines, count = list[int](), list[str](), 0
        for some in line_batches(text.text[:-1]) if text.text else ():
            here: Sequence[int] = range(len(some))
            if self.comment:
                here = [at for at in here if not some[at].startswith(self.comment)]
                rows += [count + at for at in here]
            lines += [some[at] for at in here]
            count += len(some)
            self._require_cells(CellTable(self, text, rows or range(count), lines), len(here))
        return CellTable(self, text, rows or range(len(lines)), lines)

    def _require_cells(self, table: "CellTable", last: int) -> None:
        """Raise about the first of the `last` rows of a table that is not one."""
        begin = len(table.lines) - last
        lines = table.lines[begin:]
        joined = self.mark.join(lines)
        if ODD.search(joined) or any(map(joined.__contains__, _QUOTES)):
            odd = next(row for row, line in enumerate(lines) if _is_odd(line))
            raise table.error(begin + odd, f"a character that {self.program} may not take")
        counts = [*map(str.count, lines, repeat(self.mark))]
        if {*counts} - {self.width - 1}:
            row = next(row for row, count in enumerate(counts) if count != self.width - 1)
            raise table.error(begin + row, f"expected {self.width} cells")


class CellTable(Value, eq=False, dict=True):
    """The rows of a text."""

    grammar: DelimitedGrammar
    text: Text
    rows: Sequence[int]
    lines: Sequence[str]

    def columns(self, begin: int = 0) -> tuple[list[str], ...]:
        """Return the cells by column, from row `begin` on."""
        lines = self.lines[begin:]
        cells = self.grammar.mark.join(lines).split(self.grammar.mark) if lines else []
        return tuple(cells[column :: self.grammar.width] for column in range(self.grammar.width))

    def one_value(self, what: str, cells: Sequence[str], begin: int = 0) -> list[Found]:
        """Return what all cells of a column say, nothing where there are none.

        Raises:
            SourceSyntaxError: About the first that says something else than the one before.
        """
        other = next((row for row, cell in enumerate(cells) if cell != cells[0]), None)
        if other is not None:
            raise self.error(begin + other, f"another {what} than {cells[0]!r}")
        error = partial(self.error, begin)
        return [Found(what, cell, self.text.path, error) for cell in cells[:1]]

    def error(self, row: int, why: str) -> SourceSyntaxError:
        """Return the error to raise about a row, counted from 0, or about the end of the text."""
        if row >= len(self.rows):
            return self.text.error(why, len(self.text.text))
        every = lines_one_by_one(self.text.text)
        at = sum(len(line) + 1 for line in islice(every, self.rows[row]))
        return self.text.error(why, at, len(self.lines[row]))


def _is_odd(line: str) -> bool:
    return ODD.search(line) is not None or any(map(line.__contains__, _QUOTES))
