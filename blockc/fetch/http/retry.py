"""Tries again what can heal: a few times, ever more slowly, and never past the deadline."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from blockc.fetch.clock import Clock, Deadline, RetryPolicy
from blockc.fetch.http.messages import FetchFailed

T = TypeVar("T")
_MOST_DIGITS = 9


def retried(
    attempt: Callable[[], T],
    retries: RetryPolicy,
    deadline: Deadline,
    told: Callable[[str], None],
) -> T:
    """Return what `attempt` returns, after at most `retries.tries` tries.

    Args:
        told: Called before each wait, with the reason and the length of the wait.

    Raises:
        FetchFailed: If it does not heal, or not in time; the reason tells the number of tries.
    """
    failures = 0
    while True:
        try:
            return attempt()
        except FetchFailed as failure:
            failures += 1
            wait = _wait_seconds(failure, failures, retries, deadline)
            if wait is None and failures == 1 and not failure.wait_seconds:
                raise
            if wait is None:
                raise _final(failure, failures) from None
            told(f"{failure.reason}; trying again in {wait:.1f} s")
            deadline.clock.sleep(wait)


def _wait_seconds(
    failure: FetchFailed, failures: int, retries: RetryPolicy, deadline: Deadline
) -> float | None:
    """Return how long to wait before the next try, or None if there is none."""
    wait = retries.backoff_seconds(failures, deadline.clock.chance())
    if failure.wait_seconds is not None:
        wait = max(wait, failure.wait_seconds)
    hopeless = not failure.retryable or failures >= retries.tries
    too_long = wait > retries.longest_wait_seconds or wait >= deadline.seconds_left
    return None if hopeless or too_long else wait


def _final(failure: FetchFailed, failures: int) -> FetchFailed:
    asked = failure.wait_seconds
    said = f"{failure.reason}, and asks to wait {asked:,.0f} s" if asked else failure.reason
    return FetchFailed(f"{said} ({failures} tries)" if failures > 1 else said)


def retry_after(value: str, clock: Clock) -> float | None:
    """Return the seconds that a Retry-After header asks for, None if it cannot be understood.

    Source: RFC 9110, section 10.2.3.
    """
    if value.isascii() and value.isdecimal() and len(value) <= _MOST_DIGITS:
        return float(value)
    moment = http_date(value)
    return None if moment is None else max(0.0, (moment - clock.now()).total_seconds())


def http_date(value: str) -> datetime | None:
    """Return the moment an HTTP date names, UTC, or None."""
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
