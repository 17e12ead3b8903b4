"""What a cluster does without the cluster: tasks are given pieces, and their finds become one."""

import gzip
import io
import pickle
import socket
import sys
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from blockc.audit.answers import unreadable
from blockc.audit.client_finder import ClientFinder
from blockc.audit.engine import Engine
from blockc.audit.line_sql import LineLayout
from blockc.audit.scan_sql import EngineOptions
from blockc.audit.zones import Zones
from blockc.changes.change import nobody_knows
from blockc.errors import UsageError
from blockc.storage import log_files
from blockc.values import replace
from blockc.workspace.audit import cluster, cluster_session, executor_watch
from blockc.workspace.audit.cluster import _seen
from blockc.workspace.audit.cluster_session import told
from blockc.workspace.audit.cluster_task import (
    REFUSED,
    AsBytes,
    ClusterLog,
    LogPiece,
    ScanTask,
    packed,
    scanned,
    unpacked,
)
from blockc.workspace.audit.log_feed import LogFeed, log_paths, shipped_formats
from tests.audit import log_maker
from tests.audit.test_exact import SUMS, TRUSTED, ZONES, set_of
from tests.cli.conftest import Blockc, blockc

__all__ = ["blockc"]
OPTIONS = EngineOptions(key="query:api_key", account="user", secret=b"0123456789abcdef")
FORMATS = tuple(shipped_formats().values())
COMBINED = LineLayout(shipped_formats()["combined"])


def task_of(*logs: ClusterLog) -> ScanTask:
    """Return what tasks must know about logs."""
    return ScanTask(
        zones=ZONES,
        proxies=tuple(TRUSTED),
        header="x-forwarded-for",
        options=OPTIONS,
        formats=FORMATS,
        only=False,
        columns=shipped_formats()["csv"],
        logs={log.path: log for log in logs},
    )


def batch(log: str, begin: int, *rows: bytes) -> Any:
    """Return rows as Spark gives them to a task."""
    return pa.RecordBatch.from_pydict(
        {
            "data": pa.array(rows, pa.binary()),
            "log": [log] * len(rows),
            "begin": pa.array([begin] * len(rows), pa.int64()),
        }
    )


def engine() -> Engine:
    return Engine(ZONES, [], ClientFinder(ZONES, TRUSTED), OPTIONS)


def run(task: ScanTask, into: Engine, *shares: list[Any]) -> list[LogPiece]:
    """Run a task for each share of the logs, give what they found to an engine."""
    pieces = []
    for share in shares:
        for found in packed(scanned(SimpleNamespace(value=task), share)):
            for row in found["rows"].to_pylist():
                hits, more = unpacked(row)
                into.add("hits", hits)
                pieces += more
    return pieces


def test_tasks_find_together_what_one_engine_finds(tmp_path: Path) -> None:
    mark = b"\xef\xbb\xbf"
    data = mark + log_maker.log(1, 3000)
    (tmp_path / "a.log").write_bytes(data)
    whole = engine()
    feed = LogFeed([str(tmp_path / "a.log")], FORMATS, only=False)
    for layout, block in feed.parts():
        whole.read(layout, [block])

    lines = [line + b"\n" for line in data.removeprefix(mark).split(b"\n")[:-1]]
    log = ClusterLog(0, "a.log", "file:/a.log", len(data), marked=True, layout=COMBINED)
    path, first, second = log.path, len(b"".join(lines[:700])), len(b"".join(lines[:1900]))
    shares = [
        [batch(path, second, *lines[1900:])],  # pieces end in any order
        [pa.concat_batches([batch(path, 0, *lines[:700]), batch(path, first, *lines[700:1900])])],
    ]
    summed = engine()
    (seen,) = _seen(summed, [log], run(task_of(log), summed, *shares))
    assert (
        (seen.lines, seen.format) == (3000, "combined") == (feed.logs[0].lines, feed.logs[0].format)
    )
    assert len(whole.rows(SUMS)) > 300
    assert summed.rows(SUMS) == whole.rows(SUMS)
    assert unreadable(summed, ["x"]) == unreadable(whole, ["x"])
    numbers = [row[3].split() for row in unreadable(summed, ["x"]).rows]
    assert any("1" in some for some in numbers)  # the mark stands in its way


@pytest.mark.parametrize("whole", [False, True])
def test_a_task_counts_a_line_too_long_and_reads_the_others(
    *, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_files, "BLOCK", 1 << 19)  # one of the lines has 1 MB
    data = log_maker.log(3, 400)
    log = ClusterLog(0, "a", "file:/a", len(data), whole=whole, layout=COMBINED)
    into = engine()
    rows = data.splitlines(keepends=True) if not whole else [data[:70_000], data[70_000:]]
    (piece,) = run(task_of(log), into, [batch(log.path, 0, *rows)])
    assert (piece.lines, piece.size) == (400, len(data))
    assert ("longer than 8 MiB", 1, (201,)) in piece.unreadable
    bad = sum(count for _, count, _ in piece.unreadable)
    assert into.rows("SELECT sum(requests)::BIGINT FROM hits") == [(400 - bad,)]


def test_a_task_unpacks_whole_files_and_tells_where_they_are_damaged() -> None:
    data = gzip.compress(log_maker.log(2, 500), mtime=0)
    data = data[: len(data) // 2]
    log = ClusterLog(3, "a.gz", "file:/a.gz", len(data), whole=True)
    chunks = [data[at : at + 1000] for at in range(0, len(data), 1000)]
    into = engine()
    (piece,) = run(task_of(log), into, [batch(log.path, 0, *chunks)])
    assert (piece.file, piece.size, piece.damage) == (3, len(data), "damaged, or it ends too early")
    bad = sum(count for _, count, _ in piece.unreadable)
    ((requests,),) = into.rows("SELECT sum(requests)::BIGINT FROM hits")
    assert 0 < requests + bad == piece.lines < 500


def test_a_task_with_many_prefixes_goes_through_a_stream_that_takes_bytes_alone() -> None:
    class Stream(io.BytesIO):
        def write(self, data: Any) -> int:
            assert len(data) >= 0
            return super().write(data)

    many = set_of([f"10.{n // 256}.{n % 256}.0/25" for n in range(20_000)])
    zones = Zones.of({"many": many}, [nobody_knows()] * 3)
    task, stream = replace(task_of(), zones=zones), Stream()
    with pytest.raises(TypeError, match="len"):
        pickle.dump(task, Stream(), pickle.HIGHEST_PROTOCOL)
    pickle.dump(AsBytes(task), stream, pickle.HIGHEST_PROTOCOL)
    found = pickle.loads(stream.getvalue())  # noqa: S301  what was just written
    assert isinstance(found, ScanTask)
    at = np.array([10 << 24, (10 << 24) | 128], dtype=np.uint64)
    assert found.zones.of_ipv4(at).tolist() == [1, 0]


def test_a_log_that_was_not_read_to_its_end_is_an_error() -> None:
    log = ClusterLog(0, "a.log", "file:/a.log", 1000, layout=COMBINED)
    piece = LogPiece(0, 0, 999, 5, "combined", "", ())
    with pytest.raises(UsageError, match=r"a.log: only 999 of its 1,000 bytes were read"):
        _seen(engine(), [log], [piece])
    assert _seen(engine(), [log], [replace(piece, size=1001)])[0].lines == 5


def test_what_a_task_refuses_is_told_as_it_is_here() -> None:
    log = ClusterLog(0, "a.gz", "file:/a.gz", 10, whole=True)
    with pytest.raises(RuntimeError) as refused:
        run(task_of(log), engine(), [batch(log.path, 0, b"nobody knows\n")])
    said = told(f"Job aborted: Traceback\nRuntimeError: {refused.value}\n\tat org.apache.Spark")
    assert str(said).startswith("a.gz: its first lines are of no format that blockc knows; name it")
    other = replace(task_of(log), version="0.0.1")
    with pytest.raises(RuntimeError, match=f"{REFUSED}.*and the call comes from 0.0.1"):
        run(other, engine(), [batch(log.path, 0, b"x\n")])


def test_what_spark_says_becomes_one_line() -> None:
    java = "An error occurred while calling o55.load.\n: java.io.IOException: no\n\tat x.y(z)\n"
    lost = "Job aborted\nMost recent failure: ExecutorLostFailure (executor 1 exited): killed\nx"
    missing = (
        "Traceback (most recent call last):\n  x\nModuleNotFoundError: No module named 'blockc'\n"
    )
    python = "Traceback (most recent call last):\n  File x\n    y\nMemoryError: no\n\n\tat java"
    assert str(told(java)) == "Spark gave up: java.io.IOException: no"
    assert str(told(lost)) == "Spark gave up: ExecutorLostFailure (executor 1 exited): killed"
    assert str(told(missing)).startswith("the Python of the executors has no module 'blockc'; ")
    assert str(told(python)) == "a task on the cluster failed: MemoryError: no"


def without_spark(monkeypatch: pytest.MonkeyPatch, *, starts: Any = None) -> None:
    """Let Spark be a module that does nothing but start, or not be there at all."""
    spark: Any = None
    if starts:
        spark = ModuleType("pyspark.sql")
        builder: Any = SimpleNamespace(getOrCreate=starts)
        builder.appName = builder.master = lambda _: builder
        builder.config = lambda **_: builder
        spark.SparkSession = SimpleNamespace(builder=builder)
    monkeypatch.setitem(sys.modules, "pyspark", spark and ModuleType("pyspark"))
    monkeypatch.setitem(sys.modules, "pyspark.sql", spark)


def exits() -> None:
    """Do what Spark does where Java ends at once."""
    raise RuntimeError("[JAVA_GATEWAY_EXITED] Java gateway process exited before its port")


def fake_java(folder: Path, version: str) -> Path:
    """Write a Java that only says its version, and return its home."""
    java = folder / "bin" / "java"
    java.parent.mkdir()
    said = f'openjdk version "{version}" 2024-01-16'
    java.write_text(f"#!/bin/sh\necho '{said}' >&2\n", encoding="utf-8")
    java.chmod(0o755)
    return folder


def refused(blockc: Blockc, folder: Path, master: str = "local[2]") -> str:
    """Return the one line by which a call on a cluster is refused."""
    (folder / "list.txt").write_text("192.0.2.0/24\n", encoding="utf-8")
    (folder / "a.log").write_bytes(log_maker.COMMON + b"\n")
    words = (folder / "a.log", "--lists", folder / "list.txt", "--engine", "spark")
    done = blockc("audit", *words, "--master", master)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done.err
    return done.err


def test_without_its_packages_the_call_says_how_to_install_them(
    blockc: Blockc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_spark(monkeypatch)
    said = refused(blockc, tmp_path)
    assert "`--engine spark` needs the packages of blockc[spark]; install them with: pip" in said


def test_java_that_is_missing_or_too_old_is_named(
    blockc: Blockc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_spark(monkeypatch, starts=exits)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "Spark needs Java, and there is none; install Java 17" in refused(blockc, tmp_path)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    said = f"Spark needs Java, and there is no {tmp_path}/bin/java; install Java 17"
    assert said in refused(blockc, tmp_path)
    for version in ("11.0.22", "1.8.0_402"):
        home = tmp_path / version
        home.mkdir()
        monkeypatch.setenv("JAVA_HOME", str(fake_java(home, version)))
        begin = version.partition("_")[0]
        said = f"Spark needs Java 17 or newer, and {home}/bin/java is {begin}; install Java 17"
        assert said in refused(blockc, tmp_path)
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path, "17.0.15")))
    said = "Spark did not start: [JAVA_GATEWAY_EXITED] Java gateway process exited"
    assert said in refused(blockc, tmp_path)


def test_a_master_that_does_not_answer_is_named_with_the_cause(
    blockc: Blockc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_spark(monkeypatch, starts=exits)
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path, "17.0.15")))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for master, cause in (
        (f"spark://127.0.0.1:{port}", "connection refused"),
        ("spark://127.0.0.1", "expected spark://HOST:PORT"),
        ("spark://127.0.0.1:77777", "expected spark://HOST:PORT"),
    ):
        said = f"no Spark master answers at {master}: {cause}; is it running, and may this"
        assert said.lower() in refused(blockc, tmp_path, master).lower()
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as waiting:
        monkeypatch.setattr(cluster_session, "_PATIENCE", 0.2)
        address = full.getsockname()
        for _ in range(3):  # the kernel answers as many as may wait, and one more
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(address)
        said = refused(blockc, tmp_path, f"spark://127.0.0.1:{address[1]}")
        assert "no answer in 0.2 seconds" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--master", "local[2]"), "--master and --spark go with --engine spark"),
        (("--engine", "spark", "--spark", "x=1"), "'x' is not a setting of Spark"),
        (("--engine", "spark", "--since-last"), "--since-last reads files of this machine"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    blockc: Blockc, words: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    (tmp_path / "a.log").write_bytes(log_maker.COMMON + b"\n")
    done = blockc("audit", tmp_path / "a.log", *words)
    assert done.code == 2
    assert message in done.err


def test_a_log_under_two_names_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.log", "b.log"):
        Path(name).write_bytes(b"x\n")
    Path("link.log").symlink_to("a.log")
    named = ["./b.log", "a.log", "./a.log", str(tmp_path / "a.log"), "link.log", "*.log", "-", "-"]
    assert log_paths(named) == ["./b.log", "a.log", "-"]

    def statuses(_: Any, text: str) -> list[tuple[str, Any]]:
        uri = SimpleNamespace(toString=lambda: f"file:{Path(text).resolve()}")
        return [(text, SimpleNamespace(getPath=lambda: SimpleNamespace(toUri=lambda: uri)))]

    monkeypatch.setattr(cluster, "_statuses", statuses)
    monkeypatch.setattr(cluster, "_log", lambda _spark, _task, number, name, _: (number, name))
    expected: list[Any] = [(0, "./b.log"), (1, "a.log")]
    assert cluster._found(None, named[:5], task_of()) == expected


def test_a_job_that_begins_after_the_cluster_was_given_up_is_ended_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = [Event(), Event()]

    def end_jobs() -> None:
        next(one for one in ended if not one.is_set() or one is ended[-1]).set()

    tracker = SimpleNamespace(getExecutorInfos=lambda: ["the driver"])
    java = SimpleNamespace(sc=lambda: SimpleNamespace(statusTracker=lambda: tracker))
    spark = SimpleNamespace(sparkContext=SimpleNamespace(_jsc=java, cancelAllJobs=end_jobs))
    monkeypatch.setattr(executor_watch, "_EVERY", 0.01)

    def run_jobs() -> None:
        with executor_watch.watched(spark, "spark://a:7077", 0.0):
            ended[-1].wait(20)
            raise RuntimeError("the second job was ended")

    with pytest.raises(UsageError, match="had no executor"):
        run_jobs()
    assert ended[-1].is_set()
