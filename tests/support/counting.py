"""Work counted in calls, which no busy machine changes: for tests of how it grows."""

import sys
from collections.abc import Callable
from types import FrameType


def calls_of(work: Callable[[], object]) -> int:
    """Return how many functions code of blockc called in `work`, those in C too.

    What measures coverage calls functions of its own, ever fewer of them; they do not count.
    """
    count = 0

    def counted(frame: FrameType, event: str, what: object) -> None:
        nonlocal count
        if event in ("call", "c_call") and frame.f_globals.get("__name__", "").startswith("blockc"):
            count += not str(getattr(what, "__module__", "")).startswith("slipcover")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count
