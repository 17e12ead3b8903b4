"""Time and chance, handed in: what the network code knows of them, and how long it is patient."""

import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from blockc.values import Value, field


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Clock(Value, kw_only=True):
    """The clocks and the dice of one run; a test brings its own and never sleeps.

    Attributes:
        monotonic: Seconds from any beginning, for deadlines.
        now: The present, UTC, for the age of data.
        chance: A number from 0 up to 1, so that many clients do not come back at once.
        pause: What waits in place of `stop`, in a test.
        stop: Set when the operator gives up; every wait ends and every deadline is over.
    """

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = _utc_now
    chance: Callable[[], float] = random.random
    pause: Callable[[float], object] | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    def sleep(self, seconds: float) -> None:
        """Wait; not longer than until the operator gives up."""
        (self.pause or self.stop.wait)(seconds)

    def deadline(self, seconds: float) -> "Deadline":
        """Return the moment `seconds` from now."""
        return Deadline(self, self.monotonic() + seconds)


class Deadline(Value):
    """A moment after which there is no point in going on."""

    clock: Clock
    moment: float

    @property
    def seconds_left(self) -> float:
        """Return the seconds until then; nothing is left once the operator gives up."""
        if self.clock.stop.is_set():
            return 0.0
        return max(0.0, self.moment - self.clock.monotonic())


class RetryPolicy(Value, kw_only=True):
    """How long to wait for a server, and how often to ask it.

    Attributes:
        connect_seconds: For a connection.
        read_seconds: For the next byte.
        total_seconds: For everything one url is asked, its tries and the waits between them.
        tries: How often one url is asked.
        wait_seconds: Before the second try; twice as long before each later one.
        longest_wait_seconds: A server that wants to be left alone for longer is left alone.
    """

    connect_seconds: float = 10.0
    read_seconds: float = 20.0
    total_seconds: float = 300.0
    tries: int = 3
    wait_seconds: float = 1.0
    longest_wait_seconds: float = 60.0

    def backoff_seconds(self, failures: int, chance: float) -> float:
        """Return how long to wait after `failures` tries failed.

        Half of it is left to chance, so that clients that failed together do not return together.

        >>> [RetryPolicy().backoff_seconds(n, 1.0) for n in (1, 2, 3)]
        [1.0, 2.0, 4.0]
        """
        longest = min(self.wait_seconds * 2.0 ** (failures - 1), self.longest_wait_seconds)
        return longest * (0.5 + 0.5 * chance)
