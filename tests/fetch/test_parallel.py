"""Jobs run side by side and give their results in order; failures and interrupts are not lost."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from blockc.fetch.update.update import MOST_AT_ONCE, in_parallel

CHECKOUT = Path(__file__).resolve().parents[2]
STUCK = """
import os, signal, threading
from blockc.fetch.update.update import in_parallel
threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
in_parallel([threading.Event().wait], threading.Event())
"""


def test_results_come_in_the_order_of_the_jobs() -> None:
    second_is_done = threading.Event()

    def first() -> int:
        assert second_is_done.wait(5)
        return 1

    def second() -> int:
        second_is_done.set()
        return 2

    assert in_parallel([first, second], threading.Event()) == [1, 2]
    assert in_parallel([], threading.Event()) == []


def test_no_more_than_the_most_run_at_once() -> None:
    barrier = threading.Barrier(MOST_AT_ONCE, timeout=5)
    running, most, changing = 0, 0, threading.Lock()

    def job() -> None:
        nonlocal running, most
        with changing:
            running += 1
            most = max(most, running)
        barrier.wait()
        with changing:
            running -= 1

    in_parallel([job] * (3 * MOST_AT_ONCE), threading.Event())
    assert most == MOST_AT_ONCE


def test_a_failure_stops_the_others_and_is_raised_when_they_have_ended() -> None:
    stop, ended = threading.Event(), threading.Event()

    def patient() -> None:
        assert stop.wait(5)
        ended.set()

    def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_parallel([patient, broken], stop)
    assert ended.is_set()


def test_an_interrupt_does_not_wait_for_a_job_that_is_stuck() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STUCK],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode != 0
    assert "KeyboardInterrupt" in done.stderr


def test_the_failure_that_stopped_the_others_is_the_one_that_is_raised() -> None:
    stop = threading.Event()

    def stopped() -> None:
        stop.wait(10)
        raise RuntimeError("stopped")

    def wrong() -> None:
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        in_parallel([stopped, wrong], stop)
