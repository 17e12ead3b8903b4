"""Work that is done beside other work, by a thread on a second processor."""

import os
from collections.abc import Callable
from threading import Thread
from typing import TypeVar

Result = TypeVar("Result")


def beside(work: Callable[[], Result]) -> Callable[[], Result]:
    """Begin some work; return what waits for it and gives what it returned, or raises its failure.

    Python runs one thread at a time, so that it only pays where the work, or what is done beside
    it, computes or reads many bytes at a time outside of Python. Where there is one processor, the
    work is done when its result is asked for.

    A copy of the process has none of its threads: wait for all work before one is made.
    """
    if _processors() < 2:
        return work
    results: list[Result] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as failure:  # noqa: BLE001  it is raised where the result is asked for
            failures.append(failure)

    thread = Thread(target=run)
    thread.start()

    def result() -> Result:
        thread.join()
        if failures:
            raise failures[0]
        return results[0]

    return result


def _processors() -> int:
    """Return how many processors this process may use, 1 where that cannot be known."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
