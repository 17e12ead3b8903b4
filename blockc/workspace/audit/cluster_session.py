"""A session of Spark, and what Spark says when there is none or when it gives up, in one line.

This is the only door to pyspark.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from blockc.errors import BlockcError, Location, UsageError, os_reason
from blockc.storage.local import read_local
from blockc.storage.spool import child_stderr_in
from blockc.values import Value
from blockc.workspace.audit.cluster_task import REFUSED

ARROW_BYTES = 1 << 23  # that go to a task at once
_SETTINGS = {
    "spark.io.encryption.enabled": "true",  # what executors keep on disk: addresses, the secret
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
_MUST_BE = {
    "spark.sql.execution.arrow.maxBytesPerBatch": str(ARROW_BYTES),
    "spark.sql.execution.arrow.maxRecordsPerBatch": "50000",
    "spark.sql.execution.arrow.useLargeVarTypes": "false",
    "spark.sql.execution.pyspark.udf.tracebackWithLocals.enabled": "false",  # the secret is one
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
}
_LOCAL = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
_OLDEST_JAVA = 17
_JAVA = "install Java 17 or newer (Debian: apt-get install default-jre-headless)"
_PATIENCE = 10  # seconds for the first answer of a master
_LAST_PORT = 65535


class Cluster(Value):
    """Where an audit runs.

    Attributes:
        master: The URL of the master, as Spark takes it.
        settings: More of Spark's own settings.
        verbose: Let Spark say what it does on stderr.
    """

    master: str = "local[*]"
    settings: Mapping[str, str] = {}
    verbose: bool = False


@contextmanager
def session(cluster: Cluster, scratch: Path) -> Iterator[Any]:
    """Give a session of Spark.

    Raises:
        UsageError: There is no Spark, no Java or no such cluster.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        hint = "install them with: pip install 'blockc[spark]'"
        said = "`--engine spark` needs the packages of blockc[spark]"
        raise UsageError(said, hint=hint) from None
    _require_cluster(cluster.master)
    is_local = cluster.master.startswith("local")
    if is_local:
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    settings: dict[str, Any] = {
        **_SETTINGS,
        **(_LOCAL if is_local else {}),
        **cluster.settings,
        **_MUST_BE,
    }
    builder = SparkSession.builder.appName("blockc audit").master(cluster.master)
    log = scratch / "spark.log"
    with ExitStack() as stack:
        try:
            with child_stderr_in(log) if not cluster.verbose else ExitStack():
                spark = builder.config(map=settings).getOrCreate()
        except Exception as reason:  # noqa: BLE001  Java's, Spark's or the gateway's
            raise _not_started(cluster.master, reason, log) from None
        stack.callback(spark.stop)
        yield spark


def added_up(data: Any, keys: Sequence[str], sums: Mapping[str, str]) -> Any:
    """Return a table of Spark with the rows that are alike as one.

    Args:
        keys: The columns by which they are.
        sums: Of each other column the function of Spark that makes one value of many.
    """
    from pyspark.sql import functions

    columns = [getattr(functions, how)(name).alias(name) for name, how in sums.items()]
    return data.groupBy(*keys).agg(*columns)


def _not_started(master: str, reason: Exception, log: Path) -> UsageError:
    """Return why Spark did not start: Java is too old, the master is none, or what it says."""
    version = _java_version()
    if version and int(version.removeprefix("1.").split(".")[0]) < _OLDEST_JAVA:
        said = f"Spark needs Java {_OLDEST_JAVA} or newer, and {_java()} is {version}"
        return UsageError(said, hint=f"{_JAVA}; JAVA_HOME says which one is used")
    if log.exists() and b"All masters are unresponsive" in read_local(log, None):
        said = f"what listens at {master} does not answer as a Spark master does"
        return UsageError(said, hint="is the port the one of the master, and its Spark 4 as here?")
    hint = "-v shows what Spark says"
    return UsageError(f"Spark did not start: {first_line(reason)}", hint=hint)


def _java() -> str:
    home = os.environ.get("JAVA_HOME")
    return f"{home}/bin/java" if home else "java"


def _java_version() -> str:
    """Return the version of Java as it says itself; nothing if it says none."""
    try:
        done = subprocess.run(
            [_java(), "-version"], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r'version "(\d[\d.]*)', done.stderr + done.stdout)
    return found[1] if found else ""


def _require_cluster(master: str) -> None:
    """Raise UsageError if it is known beforehand that the cluster cannot be used."""
    if not shutil.which(_java()):
        where = f"there is no {_java()}" if os.environ.get("JAVA_HOME") else "there is none"
        raise UsageError(f"Spark needs Java, and {where}", hint=_JAVA)
    if master.startswith("sc://"):
        said = "Spark Connect cannot run an audit"
        raise UsageError(said, hint="name the master itself: spark://HOST:7077, yarn, k8s://URL")
    if master.startswith("spark://"):
        reasons = [_no_answer(host) for host in master.removeprefix("spark://").split(",")]
        if all(reasons):
            said = f"no Spark master answers at {master}: {reasons[0]}"
            hint = "is it running, and may this machine reach it? local[*] is this machine alone"
            raise UsageError(said, hint=hint)


def _no_answer(host: str) -> str:
    """Return why nobody answers there; nothing if somebody does."""
    name, _, port = host.rpartition(":")
    if not name or not port.isdecimal() or int(port) > _LAST_PORT:
        return "expected spark://HOST:PORT"
    try:
        with socket.create_connection((name.strip("[]"), int(port)), timeout=_PATIENCE):
            return ""
    except TimeoutError:
        return f"no answer in {_PATIENCE} seconds"
    except OSError as reason:
        return os_reason(reason)


@contextmanager
def refusals() -> Iterator[None]:
    """Say in one line what Spark says in two hundred."""
    try:
        yield
    except BlockcError:
        raise
    except Exception as reason:  # noqa: BLE001  Java's, Spark's or Python's of an executor
        raise told(str(reason)) from None


def told(text: str) -> UsageError:
    at = text.find(REFUSED)
    if at >= 0:
        (message, path, hint), _ = json.JSONDecoder().raw_decode(text, at + len(REFUSED))
        return UsageError(message, at=Location(path) if path else None, hint=hint)
    missing = re.search(r"ModuleNotFoundError: No module named '([\w.]+)'", text)
    if missing:
        said = f"the Python of the executors has no module {missing[1]!r}"
        return UsageError(said, hint="install blockc[spark] there; PYSPARK_PYTHON names its Python")
    python = re.search(r"^Traceback .*(?:\n .*)+\n(\w.*)", text, re.MULTILINE)
    if python:
        return UsageError(f"a task on the cluster failed: {python[1][:300]}")
    lost = re.search(r"ExecutorLostFailure \(.*", text)
    return UsageError(f"Spark gave up: {lost[0] if lost else first_line(text)}")


def first_line(reason: object) -> str:
    """Return what a message of Spark, Java or Python says first."""
    lines = [line.strip() for line in str(reason).splitlines()]
    said = [line for line in lines if line and not line.startswith((": ", "An error occurred"))]
    java = [line.removeprefix(": ") for line in lines if line.startswith(": ")]
    return (java or said or [type(reason).__name__])[0][:300]
