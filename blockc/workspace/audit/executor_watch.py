"""Gives a job up that no machine works on: Spark itself would wait for one without end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from blockc.errors import UsageError

PATIENCE = 120.0  # seconds without any executor
_EVERY = 2.0


@contextmanager
def watched(spark: Any, master: str, patience: float = PATIENCE) -> Iterator[None]:
    """End the jobs of the block when no executor was there for a while.

    Raises:
        UsageError: That is so.
    """
    if master.startswith("local"):
        yield
        return
    done, given_up = Event(), Event()
    words = (spark.sparkContext, patience, done, given_up)
    watch = Thread(target=_watch, args=words, daemon=True)
    watch.start()
    try:
        yield
    except Exception:
        if given_up.is_set():
            said = f"the cluster at {master} had no executor for {patience:.0f} seconds"
            hint = "are its workers up, and do they have the cores and the memory that are asked?"
            raise UsageError(said, hint=hint) from None
        raise
    finally:
        done.set()
        watch.join()


def _watch(context: Any, patience: float, done: Event, given_up: Event) -> None:
    seen = time.monotonic()
    while not done.wait(_EVERY):
        infos = context._jsc.sc().statusTracker().getExecutorInfos()  # noqa: SLF001  not in Python
        if len(infos) > 1:  # the driver is one
            seen = time.monotonic()
        elif time.monotonic() - seen > patience:
            given_up.set()
            context.cancelAllJobs()  # and again: a job may begin just after
