"""Both engines give the same tables, byte for byte, on the same logs; and what Spark says is clear.

`make spark` runs these tests, which take Spark and Java; elsewhere they are skipped.
"""

import bz2
import gzip
import importlib.util
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.audit import log_maker
from tests.cli.conftest import Blockc, blockc

__all__ = ["blockc"]
PATIENCE = 500
W3C = b"#Fields: date time c-ip sc-status\n2026-10-10 11:55:36 192.0.2.8 200\n"
OTHER_W3C = b"#Fields: c-ip date time\n192.0.2.9 2026-10-10 11:55:36\n192.0.2.9 x\n"
ASKED = (
    "--lists", "list.txt", "--key", "query:api_key", "--account", "user", "--proxy", "10.0.0.0/8",
    "--at", "2026-12-01", "--json",
)  # fmt: skip
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
    (folder / "list.txt").write_text("192.0.2.0/24\n2001:db8::/32\n", encoding="utf-8")
    return [*made, "h.parquet"]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Return a folder with logs, and their names."""
    folder = tmp_path_factory.mktemp("logs")
    return folder, write_logs(folder)


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLOCKC_AUDIT_SECRET", "0123456789abcdef")


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
        "s3a://nowhere/x.log": "s3a://nowhere/x.log: cannot look there: ",
        "file:/nowhere/*.log": "there is no log 'file:/nowhere/*.log'",
    }
    for log, message in said.items():
        done = blockc("audit", log, "--lists", "list.txt", *SPARK, "--master", "local[2]")
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(f"blockc: {message}"), done.err
        assert done.err.count("\n") <= 2


@needs_spark
def test_a_worker_that_dies_in_the_middle_costs_no_line(
    blockc: Blockc, logs: tuple[Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = logs
    monkeypatch.chdir(folder)
    names = [f"part-{n}.log" for n in range(8)]
    for n, name in enumerate(names):
        Path(name).write_bytes(log_maker.log(n, 100))
    names += ["a {b} [1]*%20.log", "b.log.gz", "e.csv"]
    words = [*names, *ASKED]
    with standalone(tmp_path) as (master, workers):
        call = [sys.executable, "-m", "blockc", "audit", *words, *SPARK, "--master", master]
        call += ["--spark", "spark.executor.memory=512m"]
        environment = {**os.environ, "PYSPARK_PYTHON": sys.executable}
        with subprocess.Popen(call, env=environment, stdout=subprocess.PIPE, text=True) as running:
            first = tmp_path / "1"
            wait_for(lambda: any(first.rglob("shuffle_*.data")) or running.poll() is not None)
            assert running.poll() is None
            os.killpg(workers[0].pid, signal.SIGKILL)
            out, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 0
    assert out == embedded(blockc, names)


@contextmanager
def standalone(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Run a master and two workers on loopback; give the URL and the workers."""
    log = folder / "master.txt"
    host = ("--host", "127.0.0.1", "--webui-port", "0")
    with ExitStack() as stack:
        stack.enter_context(daemon(log, "master.Master", *host, "--port", "0"))
        wait_for(lambda: b" at spark://" in log.read_bytes())
        url = "spark://" + log.read_text(encoding="utf-8").split(" at spark://")[1].split()[0]
        words = ("worker.Worker", *host, "--cores", "1", "--memory", "600m", url)
        workers = [stack.enter_context(daemon(folder / f"{n}.txt", *words)) for n in (1, 2)]
        wait_for(lambda: log.read_bytes().count(b"Registering worker") == 2)
        yield url, workers


@contextmanager
def daemon(log: Path, name: str, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a daemon of Spark; what it and its children write stands beside its log."""
    import pyspark

    home = Path(pyspark.__file__).parent
    environment = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_LOCAL_DIRS": str(log.with_suffix("")),
        "SPARK_WORKER_DIR": str(log.with_suffix(".work")),
    }
    call = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{name}", *words]
    with log.open("wb") as file:
        running = subprocess.Popen(
            call, env=environment, stdout=file, stderr=file, start_new_session=True
        )
    try:
        yield running
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def wait_for(there: Callable[[], object]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE
    while not there():
        assert time.monotonic() < end
        time.sleep(0.1)
