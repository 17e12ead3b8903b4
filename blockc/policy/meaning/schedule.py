"""What the day decides: which stage of a list is in force, which exceptions have ended."""

from collections.abc import Sequence
from datetime import date

from blockc.policy.model import Exemption, Stage
from blockc.values import Value

ALWAYS = Stage(date.min, "block")
WARN_DAYS = 14


class Schedule(Value):
    """The stage in force on a day, and the next one.

    `now` is None before the first stage: the list exists, and nothing happens to its traffic.
    """

    now: Stage | None
    then: Stage | None = None

    @property
    def action(self) -> str:
        """Return `monitor`, `warn`, `block`, or `off` before the first stage."""
        return self.now.action if self.now else "off"


def schedule_on(stages: Sequence[Stage], day: date) -> Schedule:
    """Return what is in force on `day` (UTC); a list without stages always blocks."""
    begun = [stage for stage in stages if stage.start <= day]
    later = [stage for stage in stages if stage.start > day]
    now = begun[-1] if begun else None
    return Schedule(now if stages else ALWAYS, later[0] if later else None)


def blocking_stage(stages: Sequence[Stage], day: date) -> Stage | None:
    """Return the stage that says how a list blocks: now, else from the next time on, else before.

    What is to be answered is so known, and written, before the day on which it is needed.
    """
    now = schedule_on(stages, day).now
    if now and now.action == "block":
        return now
    blocking = [stage for stage in stages if stage.action == "block"]
    later = [stage for stage in blocking if stage.start > day]
    return next(iter(later or reversed(blocking)), None)


def days_left(exemption: Exemption, day: date) -> int | None:
    """Return how many days after `day` an exception still holds; None if it has no end.

    0 on its last day, negative after it.
    """
    return (exemption.until - day).days if exemption.until else None
