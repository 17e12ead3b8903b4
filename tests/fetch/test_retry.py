"""What can heal is tried again: three times, ever more slowly, politely and in time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from blockc.fetch.clock import Clock, RetryPolicy
from blockc.fetch.http.messages import FetchFailed
from blockc.fetch.http.retry import http_date, retried, retry_after
from blockc.values import replace

BUSY = FetchFailed("answered 503", retryable=True)
GONE = FetchFailed("answered 404")


@dataclass
class Trial:
    """Tries that fail as planned, on a clock that moves only when somebody waits."""

    plan: list[FetchFailed | str]
    chance: float = 1.0
    waits: list[float] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    tries: int = 0

    def attempt(self) -> str:
        """Fail or succeed as planned."""
        self.tries += 1
        next_one = self.plan.pop(0)
        if isinstance(next_one, FetchFailed):
            raise next_one
        return next_one

    def run(self, retries: RetryPolicy = RetryPolicy()) -> str:  # noqa: B008  a frozen value
        """Return what comes of it."""
        clock = Clock(
            monotonic=lambda: sum(self.waits), chance=lambda: self.chance, pause=self.waits.append
        )
        deadline = clock.deadline(retries.total_seconds)
        return retried(self.attempt, retries, deadline, self.told.append)


def test_a_success_needs_no_wait() -> None:
    trial = Trial(["data"])
    assert trial.run() == "data"
    assert trial.waits == []


@pytest.mark.parametrize(("chance", "waits"), [(1.0, [1.0, 2.0]), (0.0, [0.5, 1.0])])
def test_waits_double_and_half_of_each_is_left_to_chance(chance: float, waits: list[float]) -> None:
    trial = Trial([BUSY, BUSY, "data"], chance)
    assert trial.run() == "data"
    assert trial.waits == waits
    assert trial.told == [f"answered 503; trying again in {wait:.1f} s" for wait in waits]


def test_three_tries_are_the_most() -> None:
    trial = Trial([BUSY] * 9)
    with pytest.raises(FetchFailed, match=r"^answered 503 \(3 tries\)$"):
        trial.run()
    assert trial.tries == 3


def test_what_cannot_heal_is_tried_once() -> None:
    trial = Trial([GONE, "data"])
    with pytest.raises(FetchFailed, match=r"^answered 404$"):
        trial.run()
    assert trial.waits == []


def test_a_server_that_names_a_time_is_asked_then_and_not_earlier() -> None:
    trial = Trial([FetchFailed("answered 429", retryable=True, wait_seconds=7.0), "data"])
    assert trial.run() == "data"
    assert trial.waits == [7.0]
    soon = Trial([FetchFailed("answered 429", retryable=True, wait_seconds=0.0), "data"])
    assert soon.run() == "data"
    assert soon.waits == [1.0]


def test_a_server_that_wants_to_be_left_alone_for_long_is_left_alone() -> None:
    trial = Trial([FetchFailed("answered 429", retryable=True, wait_seconds=61.0), "data"])
    with pytest.raises(FetchFailed, match=r"^answered 429, and asks to wait 61 s$"):
        trial.run()
    assert trial.waits == []


def test_no_wait_goes_past_the_deadline() -> None:
    trial = Trial([BUSY, BUSY, "data"])
    with pytest.raises(FetchFailed, match=r"^answered 503 \(2 tries\)$"):
        trial.run(replace(RetryPolicy(), total_seconds=2.5))
    assert trial.waits == [1.0]


def test_an_operator_who_gives_up_ends_every_deadline_and_every_wait() -> None:
    clock = Clock()
    assert clock.deadline(1000.0).seconds_left > 900.0
    clock.stop.set()
    assert clock.deadline(1000.0).seconds_left == 0.0
    clock.sleep(1000.0)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("Sun, 14 Oct 2018 12:00:30 GMT", 30.0),
        ("Sunday, 14-Oct-18 12:00:30 GMT", 30.0),
        ("Sun Oct 14 12:00:30 2018", 30.0),
        ("Sun, 14 Oct 2018 11:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("\u0663", None),
        ("9" * 400, None),
        ("Sun, 99 Oct 2018 12:00:30 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    clock = Clock(now=lambda: datetime(2018, 10, 14, 12, tzinfo=UTC))
    assert retry_after(value, clock) == seconds


def test_a_date_without_a_zone_is_utc() -> None:
    expected = datetime(2018, 10, 13, tzinfo=UTC)
    assert http_date("Sat, 13 Oct 2018 00:00:00") == expected
    assert http_date("Sat, 13 Oct 2018 02:00:00 +0200") == expected


def test_backoff_never_exceeds_the_longest_wait() -> None:
    growing: Callable[[int], float] = lambda failures: RetryPolicy().backoff_seconds(failures, 1.0)  # noqa: E731
    assert [growing(n) for n in (1, 2, 3, 7, 900)] == [1.0, 2.0, 4.0, 60.0, 60.0]
