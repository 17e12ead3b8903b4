"""Columns of Arrow: what goes from one part of a scan to the next."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from blockc.audit.texts import Mask, Places, Texts
from blockc.audit.zones import NOT_LISTED

LINES = pa.schema([("file", pa.int32()), ("number", pa.int64()), ("line", pa.string())])
#: Rows whose clients are placed, each of one request or of several of the same day.
PLACED = pa.schema(
    [
        ("file", pa.int32()), ("number", pa.int64()), ("reason", pa.string()),
        ("zone", pa.int32()), ("high", pa.uint64()), ("low", pa.uint64()),
        ("first", pa.timestamp("us")), ("last", pa.timestamp("us")), ("host", pa.string()),
        ("url", pa.string()), ("status", pa.int16()), ("bytes", pa.int64()), ("key", pa.string()),
        ("account", pa.string()), ("agent", pa.string()), ("requests", pa.int64()),
        ("timeless", pa.int64()),
    ]
)  # fmt: skip
NO_TIME = np.iinfo(np.int64).min  # in a column of microseconds; numpy and Arrow call it NaT
_WIDEST = 1 << 62
_HELD_BYTES = 1 << 24
_DAY = 86_400_000_000  # microseconds


class HeldBatches:
    """Batches that are held until they are worth a query: enough rows, or enough bytes.

    Args:
        rows: How many rows are enough.
    """

    def __init__(self, rows: int) -> None:
        self._enough, self._batches, self._rows, self._bytes = rows, list[Any](), 0, 0

    def add(self, batch: Any) -> list[Any]:
        """Hold a batch; return all that are held if they are enough, and then hold none."""
        if len(batch):
            self._batches.append(batch)
            self._rows += len(batch)
            self._bytes += batch.nbytes
        is_full = self._rows >= self._enough or self._bytes >= _HELD_BYTES
        return self.take() if is_full else []

    def take(self) -> list[Any]:
        """Return all that are held, and hold none."""
        taken = self._batches
        self._batches, self._rows, self._bytes = [], 0, 0
        return taken


def held_together(batches: Iterable[Any], rows: int) -> Iterator[list[Any]]:
    """Yield batches, as many together as `HeldBatches` of so many rows has enough with."""
    held = HeldBatches(rows)
    for batch in batches:
        if enough := held.add(batch):
            yield enough
    if rest := held.take():
        yield rest


def block_lines(block: tuple[int, int, bytes]) -> Any:
    """Return the lines of a block as a batch; its bytes are not copied.

    Args:
        block: The number of the file, that of the first line, and whole lines in UTF-8.
    """
    file, number, data = block
    ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == 10) + 1
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    lines = pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(data))
    return lines_batch(file, np.arange(number, number + len(ends)), lines)


def lines_batch(file: int, numbers: Places, lines: Any) -> Any:
    """Return lines of a file as a batch."""
    files = np.full(len(numbers), file, dtype=np.int32)
    return pa.RecordBatch.from_arrays([column_of(files), column_of(numbers), lines], schema=LINES)


def column_of(values: NDArray[Any], valid: Mask | None = None) -> Any:
    """Return numbers as a column of Arrow, with no value where `valid` is false.

    They are not copied. `pa.array` would import pandas wherever that is installed, to see whether
    it is given one of its columns: that is half a second of a processor.
    """
    kind = pa.from_numpy_dtype(values.dtype)
    bits = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    data = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(kind, len(values), [bits, data])


def column_of_texts(values: Sequence[str | None]) -> Any:
    """Return texts as a column of Arrow."""
    raws = [b"" if one is None else one.encode() for one in values]
    ends = np.cumsum([0, *map(len, raws)], dtype=np.int64)
    valid = np.array([one is not None for one in values], dtype=bool)
    bits = pa.py_buffer(np.packbits(valid, bitorder="little"))
    buffers = [bits, pa.py_buffer(ends), pa.py_buffer(b"".join(raws))]
    return pa.Array.from_buffers(pa.large_string(), len(raws), buffers).cast(pa.string())


def table_of(columns: Mapping[str, Any]) -> Any:
    """Return columns of Arrow as a table."""
    return pa.table(dict(columns))


def valid_of(column: Any) -> Mask:
    """Return which rows of a column have a value."""
    bits = column.buffers()[0]
    if bits is None or not column.null_count:
        return np.full(len(column), not column.null_count)
    flags = np.unpackbits(np.frombuffer(bits, dtype=np.uint8), bitorder="little")
    return flags[column.offset :][: len(column)].view(bool)


def numbers_of(column: Any, absent: int) -> Places:
    """Return a column of whole numbers, or of moments, with `absent` where there is no value."""
    if not len(column):
        return np.zeros(0, dtype=np.int64)
    size = np.dtype(f"i{column.type.bit_width // 8}")
    values = np.frombuffer(column.buffers()[1], dtype=size)[column.offset :][: len(column)]
    if column.null_count:
        values = np.where(valid_of(column), values, absent)
    return values.astype(np.int64, copy=False)


def texts_of(column: Any) -> Texts:
    """Return a column of texts as numpy sees it."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    wide = pa.types.is_large_string(column.type)
    if not wide and not pa.types.is_string(column.type):
        column, wide = column.cast(pa.large_string()), True
    _, offsets, data = column.buffers()
    places = np.frombuffer(offsets, dtype=np.int64 if wide else np.int32)
    at: Places = places[column.offset : column.offset + len(column) + 1].astype(np.int64)
    held = np.frombuffer(data, dtype=np.uint8) if data else np.zeros(0, dtype=np.uint8)
    return Texts(held, at[:-1], at[1:], valid_of(column))


def strings(texts: Texts) -> Any:
    """Return texts, which lie one after the other in their data, as a column of Arrow."""
    rows = np.flatnonzero(texts.valid)
    if not len(rows):
        return pa.nulls(len(texts), pa.string())
    edges = np.empty(2 * len(rows), dtype=np.int32)
    edges[::2], edges[1::2] = texts.begins[rows], texts.ends[rows]
    held = pa.StringArray.from_buffers(
        len(edges) - 1, pa.py_buffer(edges), pa.py_buffer(texts.data)
    )
    index = np.zeros(len(texts), dtype=np.int64)
    index[rows] = np.arange(0, len(edges), 2)
    return held.take(column_of(index, texts.valid))


def placed_batch(columns: Mapping[str, Any], count: int) -> Any:
    """Return a batch of placed rows; a column that is not there has no value.

    Args:
        columns: Of numpy or Arrow; `first` may be microseconds, `reason` is empty if not there.
    """
    given = dict(columns)
    given.setdefault("reason", _empty_texts(count))
    for name in ("first", "last"):
        if isinstance(given[name], np.ndarray):
            given[name] = column_of(given[name].view("datetime64[us]"), given[name] != NO_TIME)
    requests = given.setdefault("requests", np.ones(count, dtype=np.int64))
    given["timeless"] = np.where(valid_of(given["first"]), 0, requests)
    arrays = []
    for field in PLACED:
        one = given.get(field.name)
        one = pa.nulls(count, field.type) if one is None else one
        one = column_of(one) if isinstance(one, np.ndarray) else one
        arrays.append(one if one.type == field.type else one.cast(field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=PLACED)


def _empty_texts(count: int) -> Any:
    ends = np.zeros(count + 1, dtype=np.int32)
    return pa.StringArray.from_buffers(count, pa.py_buffer(ends), pa.py_buffer(b""))


def added_up(micros: Places, sizes: Places, texts: Mapping[str, Any]) -> Any:
    """Return a placed row for each day, host, key and account of lines that no list holds.

    Its time is that of any of its lines: nobody asks for more than the day.
    """
    days = np.where(micros == NO_TIME, NO_TIME, micros // _DAY)
    group, row = groups([column_of(days), *texts.values()])
    size = np.zeros(len(row), np.int64)
    np.add.at(size, group, sizes)
    columns: dict[str, Any] = {name: one.take(column_of(row)) for name, one in texts.items()}
    columns |= {
        "zone": np.full(len(row), NOT_LISTED, dtype=np.int32),
        "first": micros[row],
        "last": micros[row],
        "bytes": size,
        "requests": np.bincount(group, minlength=len(row)),
    }
    return placed_batch(columns, len(row))


def groups(columns: Sequence[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the group of each row, which are the same in all columns, and a row of each group."""
    code, total = np.zeros(len(columns[0]), dtype=np.int64), 1
    for column in columns:
        index, size = _codes(column)
        if total * size > _WIDEST:
            code, total = _codes(column_of(code))
        code, total = code * size + index, total * size
    group, count = _codes(column_of(code))
    first = np.empty(count, dtype=np.intp)
    first[group[::-1]] = np.arange(len(group))[::-1]
    return group, first


def _codes(column: Any) -> tuple[Places, int]:
    """Return a number for each row, the same for the same value, and how many there are."""
    coded = column.dictionary_encode()
    size = len(coded.dictionary)
    return numbers_of(coded.indices, size), size + bool(column.null_count)
