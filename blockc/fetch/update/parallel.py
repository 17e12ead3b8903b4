"""Runs jobs several at a time, and lets go of them at once when the operator gives up."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")
MOST_AT_ONCE = 6


def in_parallel(jobs: Sequence[Callable[[], T]], stop: Event) -> list[T]:
    """Return what `jobs` return, in their order.

    If one fails, `stop` is set, those that run come to their end, and that failure is raised. An
    interrupt is raised at once: the threads are daemons, so a server that says nothing cannot keep
    the process alive, and whatever they write is written whole or not at all.
    """
    waiting: SimpleQueue[tuple[Future[T], Callable[[], T]]] = SimpleQueue()
    promises: list[Future[T]] = []
    for job in jobs:
        promises.append(Future())
        waiting.put((promises[-1], job))
    for _ in range(min(MOST_AT_ONCE, len(jobs))):
        Thread(target=_work, args=(waiting,), daemon=True).start()
    try:
        done = wait(promises, return_when=FIRST_EXCEPTION).done
        failed = [one for one in promises if one in done and one.exception()]
        if failed:
            stop.set()
            wait(promises)
            failed[0].result()  # those that failed later did so because they were stopped
    except BaseException:
        stop.set()
        raise
    return [promise.result() for promise in promises]


def _work(waiting: "SimpleQueue[tuple[Future[T], Callable[[], T]]]") -> None:
    """Do jobs until none is left."""
    while True:
        try:
            promise, job = waiting.get_nowait()
        except Empty:
            return
        try:
            promise.set_result(job())
        except BaseException as failure:  # noqa: BLE001  raised again where it is waited for
            promise.set_exception(failure)
