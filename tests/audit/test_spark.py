"""Both engines give the same tables, byte for byte, on the same logs; and what Spark says is clear.

`make spark` runs these tests, which take Spark and Java; elsewhere they are skipped.
"""

import base64
import bz2
import gzip
import importlib.util
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from tests.audit import log_maker
from tests.audit.spark_cluster import PATIENCE, StandaloneWorker, free_port, standalone, wait_for
from tests.cli.conftest import Blockc, blockc

__all__ = ["blockc"]
SECRET = "the secret that nobody may see"  # noqa: S105  what the tests look for
W3C = b"#Fields: date time c-ip sc-status\n2026-10-10 11:55:36 192.0.2.8 200\n"
OTHER_W3C = b"#Fields: c-ip date time\n192.0.2.9 2026-10-10 11:55:36\n192.0.2.9 x\n"
ASKED = (
    "--lists", "list.txt", "--key", "query:api_key", "--account", "user", "--proxy", "10.0.0.0/8",
    "--at", "2026-12-01", "--json",
)  # fmt: skip
AFTERWARDS = {"events", "1", "1.work", "2.work", "master.txt"}  # what is not cleared away
MEANWHILE = {*AFTERWARDS, "driver", "2"}
NO_READER = "Spark has no reader for it"
AWS_JAR = "spark.jars.packages=org.apache.hadoop:hadoop-aws:"
JAVA_11 = """\
#!/bin/sh
case "$*" in
-version) echo 'openjdk version "11.0.22" 2024-01-16' >&2 ;;
*) echo 'Error: LinkageError occurred while loading main class' >&2; exit 1 ;;
esac
"""
SPARK = ("--engine", "spark", "--spark", "spark.sql.files.maxPartitionBytes=500000")


def missing() -> str:
    """Return what of Spark is not here, or nothing; nothing may be missing in `make spark`."""
    if os.environ.get("BLOCKC_SPARK") == "required":
        return ""
    if not importlib.util.find_spec("pyspark"):
        return "pyspark is not installed: `make spark` installs it"
    return "" if shutil.which("java") else "Java is not installed"


def needs_spark(test: Callable[..., None]) -> Callable[..., None]:
    """Skip a test where Spark is not; what libraries of Spark warn of is theirs."""
    skip = pytest.mark.skipif(bool(missing()), reason=missing() or "Spark is here")
    for mark in (skip, pytest.mark.filterwarnings("default"), pytest.mark.spark):
        test = mark(test)
    return test


def write_logs(folder: Path) -> list[str]:
    """Write logs of every kind, some of them odd, and return their names."""
    import pyarrow as pa
    import pyarrow.parquet
    import zstandard

    rng = random.Random(1)
    rows = (f"192.0.2.{rng.randrange(256)},2026-10-01T00:00:00Z,200\n" for _ in range(20_000))
    table = pa.table({"client_ip": [f"192.0.2.{n % 256}" for n in range(999)] + ["x"]})
    pa.parquet.write_table(table, folder / "h.parquet")
    made = {
        "a {b} [1]*%20.log": log_maker.log(1, 2000)[:-1],  # its last line has no end
        "b.log.gz": gzip.compress(log_maker.log(2, 300)),
        "broken.log.gz": gzip.compress(log_maker.log(3, 500))[:9000],
        "c.log.zst": zstandard.compress(log_maker.log(4, 200)),
        "d.bz2": bz2.compress(log_maker.log(5, 100)),
        "e.csv": b"\xef\xbb\xbfclient_ip,time,status\r\n" + "".join(rows).encode(),
        "empty.log": b"",
        "f.w3c": (W3C * 4 + OTHER_W3C) * 3,
        "g.jsonl": b'{"client":"192.0.2.1","time":"2026-10-10T11:55:36Z"}\n' * 5000,
        "plain.gz": log_maker.log(6, 100),
    }
    for name, data in made.items():
        (folder / name).write_bytes(data)
    many = (f"100.{64 + n // 256}.{n % 256}.0/25\n" for n in range(10_000))
    listed = "192.0.2.0/24\n2001:db8::/32\n" + "".join(many)  # more than one buffer of a broadcast
    (folder / "list.txt").write_text(listed, encoding="utf-8")
    return [*made, "h.parquet"]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Return a folder with logs, and their names."""
    folder = tmp_path_factory.mktemp("logs")
    return folder, write_logs(folder)


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCKC_AUDIT_SECRET", SECRET)


def embedded(blockc: Blockc, words: Sequence[str]) -> str:
    """Return what the embedded engine says of logs, as JSON."""
    done = blockc("audit", *words, *ASKED)
    assert done.code == 0, done.err
    return done.out


@needs_spark
def test_both_engines_say_the_same_of_logs_of_all_kinds(
    blockc: Blockc, logs: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, names = logs
    monkeypatch.chdir(folder)
    done = blockc("audit", *names, *ASKED, *SPARK, "--master", "local[2]")
    assert done.code == 0, done.err
    assert done.out == embedded(blockc, names)
    assert '"damaged, or it ends too early"' in done.out
    assert done.out.count('"not of the format"') >= 5


@needs_spark
def test_what_is_wrong_is_said_in_one_line(
    blockc: Blockc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("list.txt").write_text("192.0.2.0/24\n", encoding="utf-8")
    Path("what.log").write_bytes(b"nobody knows\n")
    Path("what.gz").write_bytes(gzip.compress(b"nobody knows\n"))
    Path("bad.parquet").write_bytes(b"PAR1" + bytes(100))
    Path("_hidden.log").write_bytes(log_maker.log(1, 10))
    said = {
        "what.log": "what.log: its first lines are of no format",
        "what.gz": "what.gz: its first lines are of no format",
        "bad.parquet": "bad.parquet: cannot read it as Parquet",
        "_hidden.log": "_hidden.log: Spark passes over files whose names begin with _ or .",
        "s3a://nowhere/x.log": f"s3a://nowhere/x.log: {NO_READER}; fetch it: --spark {AWS_JAR}",
        "s3://nowhere/x.log": f"s3://nowhere/x.log: {NO_READER}; write s3a:// in place of s3://",
        "foo://nowhere/x.log": f"foo://nowhere/x.log: {NO_READER}; name its jar: --spark",
        "file:/nowhere/*.log": "there is no log 'file:/nowhere/*.log'",
        "nowhere.log": "there is no log 'nowhere.log'",
    }
    for log, message in said.items():
        done = blockc("audit", log, "--lists", "list.txt", *SPARK, "--master", "local[2]")
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(f"blockc: {message}"), done.err
        assert done.err.count("\n") <= 2


@needs_spark
def test_java_that_is_too_old_for_spark_is_named(tmp_path: Path) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(JAVA_11, encoding="utf-8")
    java.chmod(0o755)
    said = refused_by_program(tmp_path, "local[1]", JAVA_HOME=str(tmp_path))
    message = f"Spark needs Java 17 or newer, and {java} is 11.0.22; install Java 17 or newer"
    assert said.startswith(f"blockc: {message}"), said


@needs_spark
def test_a_port_on_which_no_master_is_ends_the_call(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        master = f"spark://127.0.0.1:{server.getsockname()[1]}"
        said = refused_by_program(tmp_path, master)
    message = f"what listens at {master} does not answer as a Spark master does; "
    assert said.startswith(f"blockc: {message}"), said


def refused_by_program(folder: Path, master: str, **environment: str) -> str:
    """Return why a process of its own refuses a call: in this one Java may run already."""
    (folder / "list.txt").write_text("192.0.2.0/24\n", encoding="utf-8")
    (folder / "a.log").write_bytes(log_maker.log(1, 10))
    words = ("a.log", "--lists", "list.txt", "--engine", "spark", "--master", master)
    call = [sys.executable, "-m", "blockc", "audit", *words]
    done = subprocess.run(
        call,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr


@needs_spark
def test_a_worker_that_dies_in_the_middle_costs_no_line_and_shows_no_secret(
    blockc: Blockc, logs: tuple[Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = logs
    monkeypatch.chdir(folder)
    names = [f"part-{n}.log" for n in range(8)]
    for n, name in enumerate(names):
        Path(name).write_bytes(log_maker.log(n, 100))
    names += ["a {b} [1]*%20.log", "b.log.gz", "e.csv"]
    events = tmp_path / "events"
    events.mkdir()
    with standalone(tmp_path) as (master, workers):
        port, first = free_port(), workers[0]
        settings = {
            "spark.executor.memory": "512m",
            "spark.eventLog.enabled": "true",
            "spark.eventLog.dir": events.as_uri(),
            "spark.eventLog.compress": "false",
            "spark.eventLog.rolling.enabled": "false",
            "spark.eventLog.logBlockUpdates.enabled": "true",
            "spark.ui.enabled": "true",
            "spark.ui.port": str(port),
            "spark.ui.liveUpdate.period": "0",
            "spark.local.dir": str(tmp_path / "driver"),
        }
        call = [sys.executable, "-m", "blockc", "audit", *names, *ASKED, *SPARK]
        call += ["--master", master]
        call += [word for one in settings.items() for word in ("--spark", "=".join(one))]
        environment = {**os.environ, "PYSPARK_PYTHON": sys.executable}
        with subprocess.Popen(call, env=environment, stdout=subprocess.PIPE, text=True) as running:
            wait_for(lambda: running.poll() is not None or stopped_in_the_middle(first, port))
            assert running.poll() is None
            shown = [*found_on_disk(tmp_path, MEANWHILE), *found_in_processes(workers)]
            first.kill(signal.SIGKILL)
            out, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 0
    assert out == embedded(blockc, names)
    assert_run_again(events, first.executor())
    assert not [*shown, *found_on_disk(tmp_path, AFTERWARDS)]


def stopped_in_the_middle(worker: StandaloneWorker, port: int) -> bool:
    """Stop a worker that has done one task and runs another; let it go on where it does not.

    The driver is asked again when all is said that was on its way: the task may have ended.
    """
    if not worker.is_in_the_middle(port):
        return False
    worker.kill(signal.SIGSTOP)
    time.sleep(0.5)
    if worker.is_in_the_middle(port):
        return True
    worker.kill(signal.SIGCONT)
    return False


def assert_run_again(events: Path, executor: str) -> None:
    """Assert that Spark lost an executor, a task that ran there, and what another had done."""
    (log,) = events.glob("app-*")
    lines = [json.loads(line) for line in log.read_bytes().splitlines()]
    ends = [one for one in lines if one["Event"] == "SparkListenerTaskEnd"]
    there = [one for one in ends if one["Task Info"]["Executor ID"] == executor]
    why = [one["Task End Reason"]["Reason"] for one in there]
    assert why.count("ExecutorLostFailure") == 1, why
    assert why.count("Resubmitted") == why.count("Success") >= 1, why
    lost = {one["Task Info"]["Index"] for one in there if one["Stage ID"] == 0}
    elsewhere = [one for one in ends if one not in there and one["Stage ID"] == 0]
    assert lost <= {one["Task Info"]["Index"] for one in elsewhere}


def forbidden() -> list[bytes]:
    """Return what nobody may see: the secret as it is and as it may be written, and a raw key."""
    secret = SECRET.encode()
    return [secret, secret.hex().encode(), base64.b64encode(secret)[:-4], b"api_key=k1"]


def found_on_disk(folder: Path, kinds: set[str]) -> list[str]:
    """Return the files of a cluster that hold what nobody may see; some of each kind are there."""
    held = dict[Path, bytes]()
    for path in (path for path in folder.rglob("*") if path.is_file()):
        with suppress(FileNotFoundError):  # a temporary file of the shuffle, gone meanwhile
            held[path] = path.read_bytes()
    assert kinds <= {path.relative_to(folder).parts[0] for path in held}
    return [f"{path}: {text!r}" for path in held for text in forbidden() if text in held[path]]


def found_in_processes(workers: Sequence[StandaloneWorker]) -> Iterator[str]:
    """Yield what all processes show of the same to whoever lists them, in their words.

    In their environments too, if they are of the workers; that of the call has the secret.
    """
    groups, executors = {one.process.pid for one in workers}, 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
            environment = (process / "environ").read_bytes()
            is_worker = os.getpgid(int(process.name)) in groups
        except OSError:
            continue  # it ended meanwhile
        executors += is_worker and b"CoarseGrainedExecutorBackend" in words
        seen = words + environment if is_worker or b"pyspark.daemon" in words else words
        yield from (f"{words!r}: {text!r}" for text in forbidden() if text in seen)
    assert executors == len(workers)
