"""Cuts regular lines of words at their spaces and quotes, whole blocks at once.

A line is regular if it has no escape and exactly the words of its form, with one space between two
of them. That is nearly every line; what it says is what `blockc.audit.line_sql` says, and every
other line is left to that.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from blockc.audit.line_sql import LineLayout
from blockc.audit.log_format import Word, WordLine
from blockc.audit.texts import Bytes, Mask, Places, Texts
from blockc.values import Value

REQUEST, URL = "request", "url"
Rows = NDArray[np.intp]
Span = tuple[Places, Places]
Found = tuple[Rows, dict[str, Span]]
_SLICE = 1 << 20  # bytes whose marks fit the caches of a processor
_FAR = np.iinfo(np.int64).max >> 1
_MOST_WORDS = 60
_SPACE, _QUOTE = 32, 34


class RegularRows(Value, eq=False):
    """Regular lines of one form: their numbers in the block, and the fields of each."""

    rows: Rows
    fields: dict[str, Texts]

    def field(self, name: str) -> Texts:
        """Return a field, without a text where it is `-` or where the form has none."""
        if name not in self.fields:
            return Texts.absent(len(self.rows))
        return self.fields[name] if name == URL else self.fields[name].without_dash()


class RegularLines:
    """Cuts the regular lines of a layout.

    Args:
        forms: The forms that a line may have; the first that it has counts.
    """

    def __init__(self, forms: Sequence["_Form"]) -> None:
        self._forms = forms

    @classmethod
    def of(cls, layout: LineLayout, wanted: frozenset[str]) -> "RegularLines | None":
        """Return what cuts lines of a layout, or None if only SQL can.

        Args:
            wanted: The fields that are asked for; `URL` is the second word of the request.
        """
        lines = layout.format.lines
        if layout.format.kind != "words" or layout.format.last_of or not all(map(_is_plain, lines)):
            return None
        if len(lines) > 1 and any(line.open_end for line in lines):
            return None
        return cls([_Form(line, wanted) for line in lines])

    def cut(self, raw: bytes, begins: Places, ends: Places) -> tuple[list[RegularRows], Rows]:
        """Return the regular lines of a block by form, and the numbers of the others.

        Args:
            begins, ends: Where each line begins, and where the end of the line stands.
        """
        data = np.frombuffer(raw, dtype=np.uint8)
        left = np.ones(len(begins), dtype=bool)
        found: list[list[Found]] = [[] for _ in self._forms]
        for low, high in _slices(ends):
            marks = _Marks.of(data, begins[low:high], ends[low:high])
            free = marks.without(raw, b"\\") & marks.without(raw, b"\r")
            for form, pieces in zip(self._forms, found, strict=True):
                rows, spans = form.cut(marks, free)
                pieces.append((rows + low, spans))
                free[rows], left[rows + low] = False, False
        return [_joined(data, pieces) for pieces in found], np.flatnonzero(left)


def _joined(data: Bytes, pieces: Sequence[Found]) -> RegularRows:
    """Return what was found in all slices."""
    rows = np.concatenate([rows for rows, _ in pieces])
    there = np.ones(len(rows), dtype=bool)
    fields = {}
    for name in pieces[0][1]:
        begins, ends = (np.concatenate([spans[name][n] for _, spans in pieces]) for n in (0, 1))
        fields[name] = Texts(data, begins, ends, there)
    if URL in fields:
        asked = fields[REQUEST].without_dash().valid
        fields[URL] = Texts(data, fields[URL].begins, fields[URL].ends, asked)
    return RegularRows(rows, fields)


def _is_plain(line: WordLine) -> bool:
    """Return whether a form is nothing but words, each with a name of its own or none."""
    names = set(line.names)
    return (
        not any(word.literal for word in line.words)
        and len(names) == len(line.names)
        and not names & {"path", URL, "query"}
        and sum(word.more + 2 for word in line.words) < _MOST_WORDS
    )


def _slices(ends: Places) -> Iterator[tuple[int, int]]:
    """Yield from which line to which line a slice goes."""
    starts = np.arange(_SLICE, int(ends[-1]) + 1, _SLICE)
    cuts = np.unique([0, *np.searchsorted(ends, starts), len(ends)])
    yield from pairwise(cuts.tolist())


class _Marks(Value, eq=False):
    """Where the spaces and quotes of a slice are, and how many quotes before each of its lines."""

    data: Bytes
    begins: Places
    ends: Places
    spaces: Places
    quotes: Places
    before: Places

    @classmethod
    def of(cls, data: Bytes, begins: Places, ends: Places) -> "_Marks":
        low, high = begins[0], ends[-1]
        spaces = np.flatnonzero(data[low:high] == _SPACE) + low
        quotes = np.flatnonzero(data[low:high] == _QUOTE) + low
        before = np.searchsorted(quotes, np.append(begins, high))
        far = np.full(2 * _MOST_WORDS, _FAR)
        return cls(data, begins, ends, np.append(spaces, far), np.append(quotes, far), before)

    def without(self, raw: bytes, mark: bytes) -> Mask:
        """Return which lines do not hold a byte."""
        found = np.ones(len(self.ends), dtype=bool)
        low, high = int(self.begins[0]), int(self.ends[-1])
        if raw.find(mark, low, high) >= 0:
            places = np.flatnonzero(self.data[low:high] == mark[0]) + low
            found[np.searchsorted(self.ends, places)] = False
        return found


class _Form:
    """A form of lines: words in regions that words in quotes part.

    Args:
        line: What the words are.
        wanted: The fields that are asked for.
    """

    def __init__(self, line: WordLine, wanted: frozenset[str]) -> None:
        self._wanted = wanted | ({REQUEST} if URL in wanted else set())
        self._open = line.open_end
        self._regions: list[list[Word]] = [[]]
        self._quoted: list[str] = []
        for word in line.words:
            if word.quoted:
                self._quoted.append(word.name)
                self._regions.append([])
            else:
                self._regions[-1].append(word)

    def cut(self, marks: _Marks, free: Mask) -> Found:
        """Return which of the lines that are free are of this form, and their fields."""
        count, quotes = np.diff(marks.before), 2 * len(self._quoted)
        rows = np.flatnonzero(free & ((count >= quotes) if self._open else (count == quotes)))
        spans: dict[str, Span] = {}
        fits = np.ones(len(rows), dtype=bool)
        first, edge = marks.before[rows], marks.begins[rows]
        for n, name in enumerate(self._quoted):
            opened, closed = marks.quotes[first + 2 * n], marks.quotes[first + 2 * n + 1]
            fits &= self._region(marks, n, (edge, opened), spans)
            spans[name] = opened + 1, closed
            if name == REQUEST and URL in self._wanted:
                spans[URL] = _second_word(marks, opened, closed)
            edge = closed + 1
        stop = marks.ends[rows]
        if self._open:  # what follows the last word may hold quotes, the word itself may not
            stop = self._end_of_words(marks, edge, stop)
            fits &= stop <= marks.quotes[first + quotes]
        fits &= self._region(marks, len(self._quoted), (edge, stop), spans)
        good = np.flatnonzero(fits)
        kept = self._wanted & spans.keys()
        return rows[good], {name: (spans[name][0][good], spans[name][1][good]) for name in kept}

    def _end_of_words(self, marks: _Marks, edge: Places, stop: Places) -> Places:
        """Return where the last word of an open line ends: at a space, or with the line."""
        count = sum(word.more + 1 for word in self._regions[-1])
        if self._quoted and not count:
            return np.where((marks.data[edge] == _SPACE) | (edge == stop), edge, _FAR)
        spaces = count if self._quoted else count - 1
        return np.minimum(marks.spaces[np.searchsorted(marks.spaces, edge) + spaces], stop)

    def _region(self, marks: _Marks, n: int, span: Span, spans: dict[str, Span]) -> Mask:
        """Note the spans of the words of a region, and return where it has them and no more."""
        edge, stop = span
        count = sum(word.more + 1 for word in self._regions[n])
        follows, leads = n > 0, n < len(self._quoted)
        if not count:
            between = follows and leads
            fits: Mask = stop - edge == between
            return fits & (marks.data[edge] == _SPACE) if between else fits
        at = np.searchsorted(marks.spaces, edge)
        cuts = [marks.spaces[at + j] for j in range(count - 1 + follows + leads)]
        fits = marks.spaces[at + len(cuts)] >= stop
        if cuts:
            fits &= cuts[-1] < stop
        if follows:
            fits &= cuts[0] == edge
        if leads:
            fits &= cuts[-1] == stop - 1
        bounds = [*([] if follows else [edge - 1]), *cuts, *([] if leads else [stop])]
        for before, after in pairwise(bounds):
            fits &= after - before > 1
        place = 0
        for word in self._regions[n]:
            spans[word.name] = bounds[place] + 1, bounds[place + word.more + 1]
            place += word.more + 1
        return fits


def _second_word(marks: _Marks, opened: Places, closed: Places) -> Span:
    """Return the second word of quoted ones, as `split_part` does: empty if there is none."""
    at = np.searchsorted(marks.spaces, opened)
    begin, end = marks.spaces[at] + 1, marks.spaces[at + 1]
    return np.minimum(begin, closed), np.minimum(end, closed)
