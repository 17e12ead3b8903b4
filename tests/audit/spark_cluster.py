"""A real cluster of Spark on loopback: a master, and two workers with one core each."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

PATIENCE = 500


class StandaloneWorker(NamedTuple):
    """A worker: its process, whose group its executor is in too, and the folder of its files."""

    process: subprocess.Popen[bytes]
    local: Path
    work: Path

    def executor(self) -> str:
        """Return the number of its executor."""
        (folder,) = self.work.glob("app-*/*")
        return folder.name

    def is_in_the_middle(self, port: int) -> bool:
        """Return whether its executor has done a task and runs another, as the driver sees it."""
        base = f"http://127.0.0.1:{port}/api/v1/applications"
        with suppress(URLError, OSError, ValueError):
            (application,) = ask(base)
            executors = ask(f"{base}/{application['id']}/executors")
            (mine,) = (one for one in executors if one["id"] == self.executor())
            return bool(mine["completedTasks"] and mine["activeTasks"])
        return False

    def kill(self, number: signal.Signals) -> None:
        """Send a signal to the worker and its executor."""
        os.killpg(self.process.pid, number)


def ask(url: str) -> list[dict[str, Any]]:
    """Return what the status API of Spark says."""
    with urlopen(url, timeout=10) as answer:  # noqa: S310  of loopback
        found: list[dict[str, Any]] = json.load(answer)
    return found


@contextmanager
def standalone(folder: Path) -> Iterator[tuple[str, list[StandaloneWorker]]]:
    """Run a master and two workers on loopback; give the URL and the workers."""
    log = folder / "master.txt"
    host = ("--host", "127.0.0.1", "--webui-port", "0")
    with ExitStack() as stack:
        stack.enter_context(daemon(log, "master.Master", *host, "--port", "0"))
        wait_for(lambda: b" at spark://" in log.read_bytes())
        url = "spark://" + log.read_text(encoding="utf-8").split(" at spark://")[1].split()[0]
        words = ("worker.Worker", *host, "--cores", "1", "--memory", "600m", url)
        workers = [
            StandaloneWorker(
                stack.enter_context(daemon(folder / f"{n}.txt", *words)),
                local=folder / f"{n}",
                work=folder / f"{n}.work",
            )
            for n in (1, 2)
        ]
        wait_for(lambda: log.read_bytes().count(b"Registering worker") == 2)
        yield url, workers


@contextmanager
def daemon(log: Path, name: str, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a daemon of Spark; what it and its children write stands beside its log."""
    import pyspark

    home = Path(pyspark.__file__).parent
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("BLOCKC_")},
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


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_for(there: Callable[[], object]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE
    while not there():
        assert time.monotonic() < end
        time.sleep(0.1)
