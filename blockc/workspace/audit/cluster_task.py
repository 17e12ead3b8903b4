"""What one task of a cluster does: the embedded scan on its share of the logs.

Spark carries bytes to a task and rows from it, and knows nothing of either. A share is a piece of a
file that Spark cut between lines, or a whole file, which the task itself unpacks.
"""

import pickle
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby, pairwise
from typing import Any
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.ipc

from blockc import __version__
from blockc.audit.client_finder import ClientFinder
from blockc.audit.line_sql import LineLayout
from blockc.audit.log_format import LogFormat
from blockc.audit.scan import LineScan
from blockc.audit.scan_sql import SHOWN_LINES, EngineOptions
from blockc.audit.zones import Zones
from blockc.errors import Location, UsageError, placed_at
from blockc.storage.log_files import BLOCK, blocks, whole_lines
from blockc.storage.spool import scratch_folder, write_chunks
from blockc.values import Value, from_json, line_bytes, replace
from blockc.workspace.audit.log_feed import LogBegin, OpenLog, ReadLog, by_layout

REFUSED = "blockc refuses: "  # how what is wrong with a log is told apart from what breaks
_SCHEMA = pa.schema(
    {
        "zone": pa.int32(),
        "high": pa.int64(),
        "low": pa.int64(),
        "day": pa.date32(),
        "era": pa.int8(),
        "host": pa.string(),
        "path": pa.string(),
        "status": pa.int16(),
        "key": pa.string(),
        "account": pa.string(),
        "agent": pa.string(),
        "piece": pa.string(),
        "requests": pa.int64(),
        "bytes": pa.decimal128(38, 0),
        "first": pa.timestamp("us"),
        "last": pa.timestamp("us"),
        "timeless": pa.int64(),
    }
)
#: The same rows as Spark names their types.
ROWS = """zone int, high bigint, low bigint, day date, era tinyint, host string, path string,
    status smallint, key string, account string, agent string, piece string, requests bigint,
    bytes decimal(38, 0), first timestamp_ntz, last timestamp_ntz, timeless bigint"""
#: How rows that are alike are added up; what is not named here tells them apart.
SUMS = {"requests": "sum", "bytes": "sum", "first": "min", "last": "max", "timeless": "sum"}
KEYS = tuple(name for name in _SCHEMA.names if name not in SUMS)
MARK = b"\xef\xbb\xbf"
_WRONG = """
SELECT reason, sum(lines)::BIGINT, list_sort(flatten(list(first_lines)))
FROM unreadable GROUP BY reason ORDER BY reason
"""


class ClusterLog(Value):
    """A log that a cluster reads.

    Attributes:
        number: Its number among all logs.
        name: What messages and tables call it.
        path: What Spark calls it, as `plain_path` writes it.
        size: Bytes, when it was looked at.
        whole: One task reads it whole; else Spark cuts it into pieces at lines.
        table: It is Parquet.
        marked: It begins with the mark of UTF-8, which Spark takes away.
        layout: How its lines are cut, where that had to be known before.
    """

    number: int
    name: str
    path: str
    size: int
    whole: bool = False
    table: bool = False
    marked: bool = False
    layout: LineLayout | None = None


class ScanTask(Value, eq=False, kw_only=True):
    """What every task must know: it is sent to each executor once.

    Attributes:
        zones, proxies, header: As `ClientFinder` takes them.
        options: With the secret of keys, and without a folder: each executor has its own.
        formats, only: As `OpenLog` takes them.
        columns: The format of tables.
        logs: By their paths.
        version: Of the blockc that asks.
    """

    zones: Zones
    proxies: tuple[str, ...]
    header: str
    options: EngineOptions
    formats: tuple[LogFormat, ...]
    only: bool
    columns: LogFormat
    logs: Mapping[str, ClusterLog]
    version: str = __version__


class AsBytes:
    """A task as Spark can send it: who gets it has the task itself.

    Spark's encrypted stream takes bytes alone, and pickle hands it large columns as buffers.
    """

    def __init__(self, task: ScanTask) -> None:
        self._data = pickle.dumps(task)

    def __reduce__(self) -> tuple[Callable[[bytes], Any], tuple[bytes]]:
        return pickle.loads, (self._data,)


class LogPiece(Value):
    """What was seen of a piece of a log.

    Attributes:
        file: The number of the log.
        begin: Where in the file it begins.
        size: How many bytes of it were read, with the end of its last line.
        unreadable: For each reason how many lines, and the first of their numbers in the piece.
    """

    file: int
    begin: int
    size: int
    lines: int
    format: str
    damage: str
    unreadable: tuple[tuple[str, int, tuple[int, ...]], ...]


class _Bytes:
    """The bytes of a piece while they go by."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks, self.count = chunks, 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.count += len(chunk)
            yield chunk


def scanned(sent: Any, batches: Iterable[Any]) -> Iterator[Any]:
    """Yield what is in a task's share of the logs: rows of `ROWS`.

    A row with `piece` is what was seen of a piece; any other is one of `hits`.

    Args:
        sent: The broadcast with a `ScanTask`.
        batches: Columns `data`, bytes that belong together in this order; `log`, what Spark calls
            their file; and `begin`, where their piece of it begins.

    Raises:
        RuntimeError: `REFUSED` and why, as JSON.
    """
    task: ScanTask = sent.value
    try:
        _require_same_version(task)
        with scratch_folder("audit") as scratch:
            options = replace(task.options, scratch=str(scratch), threads=1)
            finder = ClientFinder(task.zones, task.proxies, task.header)
            scan = LineScan(finder, options)
            for (uri, begin), chunks in groupby(_chunks(batches), key=lambda chunk: chunk[:2]):
                data = _Bytes(chunk for *_, chunk in chunks)
                piece = _read(task, scan, task.logs[plain_path(uri)], begin, data)
                yield _rows(piece=[line_bytes(piece).decode()])
            for batch in scan.found("hits"):
                yield _rows(**{name: batch[name] for name in batch.schema.names})
            scan.close()
    except UsageError as reason:
        at = reason.at.path if reason.at else ""
        said = line_bytes([reason.message, at, reason.hint]).decode()
        raise RuntimeError(REFUSED + said) from None


def plain_path(uri: str) -> str:
    """Return a path of Hadoop as one text, however it is written as a URI.

    >>> plain_path("file:///logs/a%20b"), plain_path("s3a://logs/a")
    ('file:/logs/a b', 's3a://logs/a')
    """
    return re.sub("^file:/+", "file:/", unquote(uri))


def _require_same_version(task: ScanTask) -> None:
    if task.version != __version__:
        said = f"an executor has blockc {__version__}, and the call comes from {task.version}"
        raise UsageError(said, hint="install the same version on every machine")


def _chunks(batches: Iterable[Any]) -> Iterator[tuple[str, int, bytes]]:
    """Yield the file, the begin and the bytes of neighbouring rows that are of one piece."""
    for batch in batches:
        data, begins, logs = batch["data"], np.asarray(batch["begin"]), batch["log"]
        _, offsets, values = data.buffers()
        at = np.frombuffer(offsets, dtype=np.int32)[data.offset : data.offset + len(data) + 1]
        ends = logs.dictionary_encode().indices.to_numpy()
        new = np.flatnonzero((np.diff(begins) != 0) | (np.diff(ends) != 0)) + 1
        for low, high in pairwise([0, *new.tolist(), len(data)]):
            if low < high:
                first, end = int(at[low]), int(at[high])
                for begin in range(first, end, BLOCK):
                    chunk = values[begin : min(begin + BLOCK, end)].to_pybytes()
                    yield logs[low].as_py(), int(begins[low]), chunk


def _read(task: ScanTask, scan: LineScan, log: ClusterLog, begin: int, data: _Bytes) -> LogPiece:
    """Scan a piece, and return what was seen of it."""
    if log.table:
        seen = _read_table(task, scan, log, data)
    else:
        plain = whole_lines(_with_mark(log, begin, data))
        lines = blocks(iter(data)) if log.whole else plain
        opened = OpenLog(
            log.number, LogBegin(log.name), task.formats, only=task.only, layout=log.layout
        )
        parts = opened.parts(lines, begins=begin == 0)
        with placed_at(log.name):
            for layout, same in by_layout(parts):
                scan.read(layout, same)
        seen = opened.seen
    for _ in data:  # what is behind a damage
        pass
    wrong = tuple(
        (why, count, tuple(first[:SHOWN_LINES])) for why, count, first in scan.rows(_WRONG)
    )
    scan.rows("DELETE FROM unreadable")
    return LogPiece(log.number, begin, data.count, seen.lines, seen.format, seen.damage, wrong)


def _with_mark(log: ClusterLog, begin: int, data: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the bytes of a piece as they stand in the file."""
    missing = MARK if log.marked and not begin else b""
    for chunk in data:
        yield missing + chunk if missing else chunk
        missing = b""


def _read_table(task: ScanTask, scan: LineScan, log: ClusterLog, data: Iterable[bytes]) -> ReadLog:
    """Scan a file of Parquet, whose end says where its parts are: so it must be a file here too."""
    with scratch_folder("audit") as folder:
        path = folder / "log.parquet"
        write_chunks(path, data)
        try:
            count = scan.read_parquet(task.columns, log.number, str(path))
        except UsageError as reason:
            said = reason.message.replace(str(path), log.name)
            raise UsageError(said, at=Location(log.name), hint=reason.hint) from None
    return ReadLog(log.name, "parquet", count)


def _rows(**columns: Any) -> Any:
    """Return rows as Spark knows them; it has no numbers without a sign, and none of 128 bits."""
    count = len(next(iter(columns.values())))
    arrays = []
    for field in _SCHEMA:
        found = columns.get(field.name)
        if found is None:
            found = pa.nulls(count, field.type)
        elif field.name in ("high", "low"):
            found = found.view(pa.int64())
        found = pa.array(found) if isinstance(found, list) else found
        arrays.append(found.cast(field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=_SCHEMA)


def packed(batches: Iterable[Any]) -> Iterator[Any]:
    """Yield batches of `ROWS`, each as the bytes of an Arrow stream in a column `rows`."""
    for batch in batches:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as stream:
            stream.write_batch(batch)
        yield pa.RecordBatch.from_pydict({"rows": pa.array([sink.getvalue().to_pybytes()])})


def unpacked(data: bytes) -> tuple[Any, list[LogPiece]]:
    """Return the hits of such bytes as a table that `Engine.add` takes, and the pieces."""
    table = pa.ipc.open_stream(data).read_all()
    pieces = [from_json(LogPiece, text.encode()) for text in table["piece"].drop_null().to_pylist()]
    hits = table.filter(pa.compute.is_null(table["piece"])).drop_columns(["piece"])
    for name in ("high", "low"):
        at = hits.schema.get_field_index(name)
        hits = hits.set_column(at, name, hits[name].combine_chunks().view(pa.uint64()))
    return hits, pieces
