"""Parquet files of a narrow kind, read byte by byte: three required columns, plain and unpacked.

Everything in a file is read: pages follow one another without a gap from the first byte to the
footer, and every number of the footer must be what the pages say, statistics too, since by those
an engine leaves out rows that it never reads.

Source: https://parquet.apache.org/docs/file-format/ and parquet.thrift of parquet-format.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from blockc.targets.syntax.thrift_compact import I32, CompactReader
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import Value

_MAGIC = b"PAR1"
_TAIL = 8  # the length of the footer and the magic
_ROOT = {4: b"schema", 5: I32(3)}
_INT64, _BYTES, _FIXED = I32(2), I32(6), I32(7)
_REQUIRED = {3: I32(0)}
_TEXT = {1: _BYTES, **_REQUIRED, 6: I32(0), 10: {1: {}}}  # UTF8 and STRING
_PLAIN, _RLE, _NONE = I32(0), I32(3), I32(0)
_COLUMNS = (b"verdict", b"country")


class AddressType(Value):
    """How a column spells addresses: its physical type, and the bytes of a value."""

    physical: I32
    width: int

    @property
    def element(self) -> dict[int, Any]:
        """Return the element of the schema, without its name."""
        length = {2: I32(self.width)} if self.physical == _FIXED else {}
        return {1: self.physical, **length, **_REQUIRED}

    def ends(self, values: bytes) -> tuple[bytes, bytes]:
        """Return the least and the greatest of the values."""
        if self.physical == _INT64:
            numbers = np.frombuffer(values, "<i8")
            return numbers.min().tobytes(), numbers.max().tobytes()
        every = [values[at : at + self.width] for at in range(0, len(values), self.width)]
        return min(every), max(every)


INT64 = AddressType(_INT64, 8)
SIXTEEN_BYTES = AddressType(_FIXED, 16)


class ParquetFile:
    """What a file says.

    Attributes:
        column: The name of the third column.
        first, last: The values of the columns of addresses as they stand in the pages.
        words: Those of the third column.
        places: At which byte each row's first address stands.
        about: What the footer says besides.
    """

    def __init__(self, file: ArtifactFile, addresses: AddressType) -> None:
        """Read a file.

        Raises:
            SourceSyntaxError: If it is not such a file from the first byte to the last.
        """
        self._file, self._addresses = file, addresses
        self.first, self.last = bytearray(), bytearray()
        self.words, self.places = list[str](), list[int]()
        footer, self._end = self._footer()
        self.column = self._third_column(footer.get(2))
        at, rows = len(_MAGIC), 0
        groups, pairs = footer.get(4), footer.get(5, [])
        self._require(isinstance(groups, list) and isinstance(pairs, list), self._end, "two lists")
        for group in groups or ():
            at, more = self._row_group(group, at)
            rows += more
        wanted = {1: I32(1), 3: rows, 7: [{1: {}}] * 3}  # the version, how types are ordered
        self._require(at == self._end, at, "bytes that no page holds")
        for field, value in wanted.items():
            self._require(footer.get(field) == value, self._end, f"field {field} of the footer")
        self._require(not set(footer) - {1, 2, 3, 4, 5, 6, 7}, self._end, "more in the footer")
        self._require(
            all(isinstance(one, dict) and set(one) == {1, 2} for one in pairs),
            self._end,
            "the metadata",
        )
        metadata = {self._text(one[1], self._end): self._text(one[2], self._end) for one in pairs}
        self.about: Mapping[str, object] = {
            "metadata": metadata,
            "creator": self._text(footer.get(6), self._end),
        }

    def _require(self, right: bool, at: int, what: str) -> None:  # noqa: FBT001
        if not right:
            raise self._file.error(f"expected otherwise: {what}", at)

    def _footer(self) -> tuple[dict[int, Any], int]:
        """Return the fields of the footer and where it begins."""
        data = self._file.data
        end = len(data) - _TAIL
        begin = end - int.from_bytes(data[end : end + 4], "little")
        if data[:4] != _MAGIC or data[-4:] != _MAGIC or begin < len(_MAGIC):
            raise self._file.error("not a Parquet file, or cut off", 0)
        reader = CompactReader(self._file, begin, end)
        footer = reader.struct()
        self._require(reader.at == end, reader.at, "the end of the footer")
        return footer, begin

    def _third_column(self, schema: Any) -> str:
        """Return the name of the third column, if the schema is that of ranges."""
        address = self._addresses.element
        for name in _COLUMNS:
            wanted = [_ROOT, {**address, 4: b"first"}, {**address, 4: b"last"}, {**_TEXT, 4: name}]
            if schema == wanted:
                return name.decode()
        raise self._file.error(
            "expected the columns first, last, and verdict or country", self._end
        )

    def _row_group(self, group: Any, begin: int) -> tuple[int, int]:
        """Read the pages of a row group, and return where they end and how many rows it has."""
        self._require(isinstance(group, dict) and set(group) == {1, 2, 3}, begin, "a row group")
        chunks, size, rows = group[1], group[2], group[3]
        counted = isinstance(rows, int) and rows > 0 and isinstance(chunks, list)
        self._require(counted and len(chunks) == 3, begin, "three columns and some rows")
        at = self._addresses_of(chunks[0], "first", self.first, rows, begin)
        width = self._addresses.width
        self.places += range(at - rows * width, at, width)
        at = self._addresses_of(chunks[1], "last", self.last, rows, at)
        values, end = self._page(chunks[2], self.column, _BYTES, rows, at)
        self._words(values, rows, end - len(values))
        self._require(size == end - begin, begin, "the size of a row group")
        return end, rows

    def _addresses_of(self, chunk: Any, name: str, into: bytearray, rows: int, at: int) -> int:
        """Read the page of a column of addresses, and return where it ends."""
        values, end = self._page(chunk, name, self._addresses.physical, rows, at)
        into += values
        return end

    def _page(self, chunk: Any, name: str, kind: I32, rows: int, at: int) -> tuple[bytes, int]:
        """Return the values of a column's only page, and where it ends."""
        reader = CompactReader(self._file, at, self._end)
        header = reader.struct()
        begin = reader.at
        size: Any = header.get(2)
        page = {1: I32(rows), 2: _PLAIN, 3: _RLE, 4: _RLE}
        self._require(header == {1: I32(0), 2: size, 3: size, 5: page}, at, "a plain page")
        sized = isinstance(size, I32) and 0 <= size.number <= self._end - begin
        self._require(sized, at, "the size of a page")
        end = begin + size.number
        values = self._file.data[begin:end]
        whole, encodings = end - at, [_PLAIN, _RLE]
        said = {1: kind, 2: encodings, 3: [name.encode()], 4: _NONE, 5: rows, 6: whole, 7: whole}
        said[9] = at
        if kind != _BYTES:
            self._require(len(values) == rows * self._addresses.width, at, "a value for each row")
            least, most = self._addresses.ends(values)
            said[12] = {5: most, 6: least}
        self._require(chunk == {2: at, 3: said}, at, "a footer that says what the page does")
        return values, end

    def _words(self, values: bytes, rows: int, begin: int) -> None:
        """Cut the values of the third column into its words."""
        at = 0
        for _ in range(rows):
            size = int.from_bytes(values[at : at + 4], "little")
            self._require(at + 4 + size <= len(values), begin + at, "a text for each row")
            self.words.append(self._text(values[at + 4 : at + 4 + size], begin + at))
            at += 4 + size
        self._require(at == len(values), begin + at, "no more texts than rows")

    def _text(self, data: Any, at: int) -> str:
        try:
            return str(data, "utf-8")
        except (TypeError, UnicodeDecodeError):
            raise self._file.error("expected a text", at) from None
