"""An audit on a cluster of Apache Spark.

Spark finds files, cuts them, carries pieces to executors and adds up rows that are alike. What a
line says is decided by the embedded scan (`cluster_task`), and what the sum says by the embedded
engine, so there is nothing that both engines could see differently.
"""

import re
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blockc.audit.line_sql import LineLayout
from blockc.audit.log_format import LogFormat
from blockc.audit.scan_sql import EngineOptions
from blockc.audit.zones import Zones
from blockc.errors import Location, UsageError
from blockc.policy.model import Audit
from blockc.storage.log_files import PARQUET, STDIN, begins_packed
from blockc.values import replace
from blockc.workspace.audit.cluster_session import (
    ARROW_BYTES,
    Cluster,
    added_up,
    first_line,
    refusals,
    session,
)
from blockc.workspace.audit.cluster_task import (
    KEYS,
    MARK,
    ROWS,
    SUMS,
    AsBytes,
    ClusterLog,
    LogPiece,
    ScanTask,
    packed,
    plain_path,
    scanned,
    unpacked,
)
from blockc.workspace.audit.executor_watch import watched
from blockc.workspace.audit.log_feed import HEAD, ReadLog, layout_of, log_paths, table_format

if TYPE_CHECKING:
    from blockc.audit.engine import Engine
    from blockc.workspace.audit.auditing import AuditCall

_CHUNK = ARROW_BYTES  # of a whole file that are carried at once
_LONGEST = (1 << 31) - 1024  # bytes that a machine of Java can hold in one piece
_AT_ONCE = 16  # files whose first bytes are looked at together
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_READERS = {"s3a": "hadoop-aws", "abfs": "hadoop-azure", "abfss": "hadoop-azure"}
_SPECIAL = re.compile(r"[\\{}\[\]*?]")  # characters of patterns of paths
#: Endings by which Spark takes for granted that a file is packed.
_UNPACKED = (".gz", ".bz2", ".zst", ".zstd", ".xz", ".deflate", ".lz4", ".snappy", ".lzo", ".gzip")


def logs_on_cluster(
    engine: "Engine",
    call: "AuditCall",
    zones: Zones,
    rules: Audit,
    options: EngineOptions,
    formats: Sequence[LogFormat],
) -> list[ReadLog]:
    """Give the engine what is in the logs of a call, and return what was seen of each.

    Raises:
        UsageError: A log cannot be read, or the cluster cannot be used.
    """
    task = ScanTask(
        zones=zones,
        proxies=tuple(map(str, rules.proxies)),
        header=rules.proxy_header,
        options=options,
        formats=tuple(formats),
        only=bool(call.format or call.format_file),
        columns=table_format(formats if call.format_file else ()),
        logs={},
    )
    return read_on_cluster(engine, call.cluster or Cluster(), call.logs, task)


def read_on_cluster(
    engine: "Engine", cluster: Cluster, named: Sequence[str], task: ScanTask
) -> list[ReadLog]:
    """Give the engine what is in logs, read on a cluster; return what was seen of each log.

    Args:
        named: Paths and patterns: of files here, or with a scheme of any that Spark reads.
        task: What every task must know; its logs are found here.

    Raises:
        UsageError: A log cannot be read, or the cluster cannot be used.
    """
    with session(cluster, Path(task.options.scratch)) as spark, refusals():
        logs = _found(spark, named, task)
        told = replace(task, logs={one.path: one for one in logs})
        sent = spark.sparkContext.broadcast(AsBytes(told))
        pieces: list[LogPiece] = []
        with watched(spark, cluster.master):
            with warnings.catch_warnings():  # of versions of pandas, which is not used
                warnings.simplefilter("ignore", FutureWarning)
                plan = _plan(spark, logs, sent)
            for row in plan.toLocalIterator(prefetchPartitions=True):
                hits, more = unpacked(bytes(row[0]))
                engine.add("hits", hits)
                pieces += more
        return _seen(engine, logs, pieces)


def _plan(spark: Any, logs: Sequence[ClusterLog], sent: Any) -> Any:
    """Return the whole plan: read, scan, add up what is alike, pack."""
    ways = {False: _pieces, True: _whole_files}
    data = None
    for whole, way in ways.items():
        paths = [_escaped(one.path) for one in logs if one.whole == whole and one.size]
        if paths:
            found = way(spark, paths).mapInArrow(partial(scanned, sent), ROWS)
            data = found if data is None else data.union(found)
    if data is None:
        return spark.range(0).selectExpr("CAST('' AS BINARY) AS rows")
    return added_up(data, KEYS, SUMS).mapInArrow(packed, "rows binary")


def _pieces(spark: Any, paths: Sequence[str]) -> Any:
    """Return the lines of files in pieces, with their ends, which are line feeds alone."""
    lines = spark.read.option("lineSep", "\n").text(list(paths))
    return lines.selectExpr(
        "concat(CAST(value AS BINARY), X'0A') AS data",
        "_metadata.file_path AS log",
        "_metadata.file_block_start AS begin",
    )


def _whole_files(spark: Any, paths: Sequence[str]) -> Any:
    """Return files as they are, each in one task, cut into chunks that can be carried."""
    files = spark.read.format("binaryFile").load(list(paths))
    cut = f"explode(sequence(0L, length - 1, {_CHUNK}L)) AS at"
    return files.selectExpr("content", "_metadata.file_path AS log", cut).selectExpr(
        f"substring(content, CAST(at + 1 AS INT), {_CHUNK}) AS data", "log", "0L AS begin"
    )


def _escaped(path: str) -> str:
    """Return a path as Spark takes it, none of whose characters is one of a pattern."""
    return _SPECIAL.sub(r"\\\g<0>", path)


def _found(spark: Any, named: Sequence[str], task: ScanTask) -> list[ClusterLog]:
    """Return the logs, each file once, with what its first bytes say."""
    found = dict[str, tuple[str, Any]]()
    for text in named:
        for name, status in _statuses(spark, text):
            found.setdefault(_path_of(status), (name, status))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        look = partial(_log, spark, task)
        return list(pool.map(look, range(len(found)), *zip(*found.values(), strict=True)))


def _statuses(spark: Any, text: str) -> Iterator[tuple[str, Any]]:
    """Yield the name and the status of each file that a path or pattern names, in order."""
    if text == STDIN:
        raise UsageError("a cluster cannot read standard input", hint="write it into a file")
    java = spark.sparkContext._jvm  # noqa: SLF001  Python has no other way to Hadoop's files
    hadoop = spark.sparkContext._jsc.hadoopConfiguration()  # noqa: SLF001
    if not _URL.match(text):
        for name in log_paths([text]):
            path = java.org.apache.hadoop.fs.Path(f"file:{Path(name).resolve()}")
            yield name, path.getFileSystem(hadoop).getFileStatus(path)
        return
    try:
        path = java.org.apache.hadoop.fs.Path(text)
        found = path.getFileSystem(hadoop).globStatus(path)
    except Exception as reason:  # noqa: BLE001  of any file system
        hint = _no_reader(text, first_line(reason), java)
        said = "Spark has no reader for it" if hint else f"cannot look there: {first_line(reason)}"
        raise UsageError(said, at=Location(text), hint=hint) from None
    if not found:
        raise UsageError(f"there is no log {text!r}")
    yield from ((_path_of(status), status) for status in found)


def _no_reader(text: str, said: str, java: Any) -> str:
    """Return what to do where a path has a scheme for which Spark has no reader; else nothing."""
    if not re.search(r"No FileSystem for scheme|ClassNotFoundException", said):
        return ""
    scheme = text.partition("://")[0].lower()
    if scheme in ("s3", "s3n"):
        return f"write s3a:// in place of {scheme}://"
    if scheme not in _READERS:
        return "name its jar: --spark spark.jars=FILE.jar"
    version = java.org.apache.hadoop.util.VersionInfo.getVersion()
    jar = f"org.apache.hadoop:{_READERS[scheme]}:{version}"
    return f"fetch it: --spark spark.jars.packages={jar}"


def _path_of(status: Any) -> str:
    return plain_path(status.getPath().toUri().toString())


def _log(spark: Any, task: ScanTask, number: int, name: str, status: Any) -> ClusterLog:
    """Return how a log is to be read, as its first bytes say.

    Raises:
        UsageError: It cannot be read, or not on a cluster.
    """
    path, size = _path_of(status), int(status.getLen())
    if status.isDirectory():
        raise UsageError("cannot read it: is a directory", at=Location(name))
    if path.rsplit("/", 1)[-1].startswith(("_", ".")):
        said = "Spark passes over files whose names begin with _ or ."
        raise UsageError(said, at=Location(name), hint="rename it")
    begin = _begin(spark, name, status)
    log = ClusterLog(number, name, path, size)
    if begins_packed(begin) or begin.startswith(PARQUET) or path.endswith(_UNPACKED):
        log = replace(log, whole=True, table=begin.startswith(PARQUET))
    elif begin:
        layout = _layout(name, begin, task)
        log = replace(log, layout=layout, whole=layout is None, marked=begin.startswith(MARK))
    if log.whole and size > _LONGEST:
        said = f"one task must read it whole, and it has {size:,} bytes of {_LONGEST:,}"
        raise UsageError(said, at=Location(name), hint="split it, or unpack it")
    return log


def _layout(name: str, begin: bytes, task: ScanTask) -> LineLayout | None:
    """Return how every piece of a log is cut, or None if only who reads it whole can know."""
    if len(begin) < HEAD:
        begin += b"\n"
    layout = layout_of(name, begin, task.formats, only=task.only)
    form, end = layout.format, begin.find(b"\n")
    if form.kind != "columns":
        return layout
    if form.header or end < 0:  # other columns may follow, or their names are not all there
        return None
    return LineLayout(form, form.columns_in(begin[:end].decode("utf-8", "replace")))


def _begin(spark: Any, name: str, status: Any) -> bytes:
    path = status.getPath()
    hadoop = spark.sparkContext._jsc.hadoopConfiguration()  # noqa: SLF001
    try:
        stream = path.getFileSystem(hadoop).open(path)
        try:
            return bytes(stream.readNBytes(HEAD))
        finally:
            stream.close()
    except Exception as reason:  # noqa: BLE001  of any file system
        raise UsageError(f"cannot read it: {first_line(reason)}", at=Location(name)) from None


def _seen(
    engine: "Engine", logs: Sequence[ClusterLog], pieces: Sequence[LogPiece]
) -> list[ReadLog]:
    """Give the engine the unreadable lines, and return what was seen of each log.

    Raises:
        UsageError: Something of a log was not read.
    """
    of: dict[int, list[LogPiece]] = {log.number: [] for log in logs}
    for piece in sorted(pieces, key=lambda piece: (piece.file, piece.begin)):
        of[piece.file].append(piece)
    return [_joined(engine, log, of[log.number]) for log in logs]


def _joined(engine: "Engine", log: ClusterLog, pieces: Sequence[LogPiece]) -> ReadLog:
    read = sum(piece.size for piece in pieces) + len(MARK) * log.marked
    if read < log.size:
        said = f"only {read:,} of its {log.size:,} bytes were read"
        raise UsageError(said, at=Location(log.name), hint="was it changed meanwhile?")
    seen, rows = ReadLog(log.name, "", 0), []
    for piece in pieces:
        for reason, count, first in piece.unreadable:
            rows.append((log.number, reason, count, [seen.lines + number for number in first]))
        seen = ReadLog(log.name, piece.format, seen.lines + piece.lines, piece.damage)
    engine.insert("unreadable", rows)
    return seen
