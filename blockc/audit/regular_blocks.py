"""What regular lines say, as rows of placed clients: the quick way from a block to its sums.

A line whose client no list holds becomes part of a row for its day, host, key and account at once;
only lines from listed space are rows of their own, and only their paths are looked at. A line that
says something unusual is left to the SQL of `blockc.audit.line_sql`, which reads any.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from blockc.audit.arrow import (
    NO_TIME,
    added_up,
    column_of,
    lines_batch,
    numbers_of,
    placed_batch,
    strings,
)
from blockc.audit.client_finder import ClientFinder
from blockc.audit.line_sql import LineLayout, with_source
from blockc.audit.log_format import FIELDS
from blockc.audit.regular_lines import URL, RegularLines, RegularRows, Rows
from blockc.audit.texts import Mask, Places, Texts, read_numbers
from blockc.audit.zones import NOT_LISTED
from blockc.values import Value

_FIELDS = frozenset({"client", "forwarded", "time", "host", "status", "bytes", URL})
_WORDS = frozenset(FIELDS) - {"path", "query", URL}
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.~%-]+")
_VALUE = re.compile(rb'[^&;# "\n]*')  # no URL of a regular line holds a space or a quote
_ENDS_VALUE = np.isin(np.arange(256), np.frombuffer(b'&;# "\n', dtype=np.uint8))
_WINDOW = 40  # bytes, in which nearly every value ends
_BEFORE_PARAMETER = np.frombuffer(b"?&;", dtype=np.uint8)
_LONGEST_TIME = 32  # bytes
_NEW_LINE = 10
MOST_BYTES = 1 << 40  # of a line; the sum of more lines than a block has fits 64 bits
_LAST_STATUS = (1 << 15) - 1
ODD_TIME = np.iinfo(np.int64).max
Times = Callable[[Any], Places]
Named = Callable[[Texts], Any]


class _Said(Value, eq=False):
    """What regular lines of a block say: their numbers, and a column of each thing."""

    rows: Rows
    texts: dict[str, Texts]
    micros: Places
    has_status: Mask
    status: Places
    bytes: Places

    def at(self, rows: Rows) -> "_Said":
        """Return the same of some of the lines."""
        texts = {name: column.at(rows) for name, column in self.texts.items()}
        has_status, status = self.has_status[rows], self.status[rows]
        return _Said(
            self.rows[rows], texts, self.micros[rows], has_status, status, self.bytes[rows]
        )


class Readers(Value, eq=False):
    """Who reads what lines say: clients, the microseconds of times, and the names of keys.

    `times` gives `NO_TIME` where there is none; what is too long for it is `ODD_TIME`.
    """

    clients: ClientFinder
    times: Times
    named: Named


class RegularBlocks:
    """Makes placed rows of the regular lines of blocks.

    Args:
        cutter: Cuts lines.
        sources: Where key and account stand, as `field_sql.with_source_sql` takes it.
        columns: The field that `column:N` of a source names.
    """

    def __init__(
        self,
        cutter: RegularLines,
        sources: tuple[str, str],
        columns: Mapping[str, str],
        readers: Readers,
    ) -> None:
        self._cutter, self._sources, self._columns = cutter, sources, columns
        self._readers = readers

    @classmethod
    def of(
        cls, layout: LineLayout, sources: tuple[str, str], readers: Readers, *, agents: bool
    ) -> "RegularBlocks | None":
        """Return what reads blocks of a layout, or None if only SQL can.

        Args:
            agents: Somebody asks for the user agent.
        """
        fields, columns = set(_FIELDS), dict[str, str]()
        if agents:
            fields.add("agent")
        for spec in filter(None, sources):
            layout = with_source(layout, spec)
            kind, _, rest = spec.partition(":")
            if kind == "column" and rest.isdigit() and layout.format.lines:
                columns[spec] = layout.format.lines[0].words[int(rest) - 1].name
            elif spec not in _WORDS and not (kind == "query" and _PLAIN_NAME.fullmatch(rest)):
                return None
        fields |= {*columns.values(), *filter(None, sources)}  # "" is each word without a name
        cutter = RegularLines.of(layout, frozenset(fields))
        return cls(cutter, sources, columns, readers) if cutter else None

    def rows(self, file: int, number: int, raw: bytes) -> tuple[list[Any], Any]:
        """Return batches of placed rows, and a batch of the lines that are left.

        Args:
            number: That of the first line of the block.
        """
        data = np.frombuffer(raw, dtype=np.uint8)
        ends = np.flatnonzero(data == _NEW_LINE)
        begins = np.concatenate([[0], ends[:-1] + 1])
        found, left = self._cutter.cut(raw, begins, ends)
        batches, odd = [], [left]
        for one in found:
            if not len(one.rows):
                continue
            said = self._said(one, raw)
            good = _usual(said)
            odd.append(said.rows[~good])
            said = said if good.all() else said.at(np.flatnonzero(good))
            batches += self._placed(said, file, number)
        rest = np.sort(np.concatenate(odd))
        lines = strings(Texts(data, begins[rest], ends[rest] + 1, rest >= 0))
        return batches, lines_batch(file, rest + number, lines)

    def _said(self, found: RegularRows, raw: bytes) -> _Said:
        texts = {name: found.field(name) for name in ("client", "forwarded", "host", URL, "agent")}
        for name, spec in zip(("key", "account"), self._sources, strict=True):
            texts[name] = self._source(found, spec, raw)
        status, size = found.field("status"), found.field("bytes")
        return _Said(
            found.rows, texts, self._micros(found.field("time")), status.valid,
            _numbers(status), _numbers(size),
        )  # fmt: skip

    def _source(self, found: RegularRows, spec: str, raw: bytes) -> Texts:
        """Return what names a key or an account, as `field_sql.with_source_sql` finds it."""
        kind, _, rest = spec.partition(":")
        if kind == "query":
            return _parameters(found.field(URL), rest.encode(), raw)
        if kind == "column":
            return found.field(self._columns[spec]).without_dash(empty=False)
        return found.field(spec)

    def _micros(self, texts: Texts) -> Places:
        """Return the time of each line; neighbours that say the same are read once."""
        lengths = np.where(texts.valid, texts.lengths(), 0)
        if not lengths.any():
            return np.full(len(texts), NO_TIME)
        chars = texts.windows(_LONGEST_TIME)
        chars *= np.arange(_LONGEST_TIME) < lengths[:, None]
        words = chars.view(np.uint64)
        differs = lengths[1:] != lengths[:-1]
        for n in range(words.shape[1]):
            differs |= words[1:, n] != words[:-1, n]
        starts = np.concatenate([[0], np.flatnonzero(differs) + 1])
        said = strings(texts.at(starts)).dictionary_encode()
        known = np.append(self._readers.times(said.dictionary), NO_TIME)
        index = numbers_of(said.indices, len(known) - 1)
        found = np.repeat(known[index], np.diff(np.append(starts, len(texts))))
        return np.where(lengths > _LONGEST_TIME, ODD_TIME, found)

    def _placed(self, said: _Said, file: int, number: int) -> list[Any]:
        placed = self._readers.clients.place(said.texts["client"], said.texts["forwarded"])
        single = np.flatnonzero(placed.zone != NOT_LISTED)
        shown = said.at(single)
        columns = {name: strings(shown.texts[name]) for name in ("host", URL, "account", "agent")}
        columns |= {
            "file": np.full(len(single), file, dtype=np.int32),
            "number": shown.rows + number,
            "zone": placed.zone[single],
            "high": placed.high[single],
            "low": placed.low[single],
            "first": shown.micros,
            "last": shown.micros,
            "key": self._readers.named(shown.texts["key"]),
            "status": column_of(shown.status.astype(np.int16), shown.has_status),
            "bytes": shown.bytes,
        }
        rest = said.at(np.flatnonzero(placed.zone == NOT_LISTED))
        texts = {name: strings(rest.texts[name]) for name in ("host", "account")}
        texts["key"] = self._readers.named(rest.texts["key"])
        return [placed_batch(columns, len(single)), added_up(rest.micros, rest.bytes, texts)]


def _numbers(texts: Texts) -> Places:
    """Return the numbers of texts, 0 where there is none, and -1 where it is not digits alone."""
    numbers, plain = read_numbers(texts)
    return np.where(plain, numbers, np.where(texts.valid, -1, 0))


def _usual(said: _Said) -> Mask:
    """Return which lines say nothing that only SQL can read."""
    found: Mask = (
        (said.micros != ODD_TIME)
        & (said.status >= 0)
        & (said.status <= _LAST_STATUS)
        & (said.bytes >= 0)
        & (said.bytes < MOST_BYTES)
    )
    return found


def _parameters(urls: Texts, name: bytes, raw: bytes) -> Texts:
    """Return the first value of a parameter in each URL, none where it is empty or `-`."""
    at = np.array(list(_places(raw, name + b"=")), dtype=np.int64)
    url = np.searchsorted(urls.begins, at, side="right") - 1
    begins = urls.begins[url]
    follows = (at == begins) | np.isin(urls.data[at - 1], _BEFORE_PARAMETER)
    inside = (url >= 0) & urls.valid[url] & (at < urls.ends[url]) & follows
    at, url = at[inside], url[inside]
    url, first = np.unique(url, return_index=True)
    begins = at[first] + len(name) + 1
    ends = _ends(raw, Texts(urls.data, begins, begins, np.ones(len(begins), dtype=bool)))
    found = Texts(urls.data, urls.ends.copy(), urls.ends.copy(), np.zeros(len(urls), dtype=bool))
    found.begins[url], found.ends[url], found.valid[url] = begins, ends, True
    return found.without_dash(empty=False)


def _places(raw: bytes, mark: bytes) -> Iterator[int]:
    at = raw.find(mark)
    while at >= 0:
        yield at
        at = raw.find(mark, at + 1)


def _ends(raw: bytes, values: Texts) -> Places:
    """Return where values of parameters end that begin somewhere."""
    if not len(values):
        return values.ends
    is_end = _ENDS_VALUE[values.windows(_WINDOW)]
    ends: Places = values.begins + is_end.argmax(axis=1)
    for row in np.flatnonzero(~is_end.any(axis=1)).tolist():
        ends[row] = _VALUE.match(raw, int(values.begins[row])).end()  # type: ignore[union-attr]
    return ends
