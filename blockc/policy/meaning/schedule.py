"""What the moment decides: which stage of a list is in force, which exceptions have ended."""

from collections.abc import Sequence
from datetime import date, datetime

from blockc.policy.model import Exemption, Stage
from blockc.tomlio.when import When
from blockc.values import Value

ALWAYS = Stage(When(date.min), "block")
WARN_DAYS = 14


class Schedule(Value):
    """The stage in force at a moment, and the next one.

    `now` is None before the first stage: the list exists, and nothing happens to its traffic.
    """

    now: Stage | None
    then: Stage | None = None

    @property
    def action(self) -> str:
        """Return `monitor`, `warn`, `block`, or `off` before the first stage."""
        return self.now.action if self.now else "off"


def schedule_at(stages: Sequence[Stage], moment: datetime) -> Schedule:
    """Return what is in force at a moment; a list without stages always blocks."""
    begun = [stage for stage in stages if stage.start.begin <= moment]
    later = [stage for stage in stages if stage.start.begin > moment]
    now = begun[-1] if begun else None
    return Schedule(now if stages else ALWAYS, later[0] if later else None)


def blocking_stage(stages: Sequence[Stage], moment: datetime) -> Stage | None:
    """Return the stage that says how a list blocks: now, else from the next time on, else before.

    What is to be answered is so known, and written, before the day on which it is needed.
    """
    now = schedule_at(stages, moment).now
    if now and now.action == "block":
        return now
    blocking = [stage for stage in stages if stage.action == "block"]
    later = [stage for stage in blocking if stage.start.begin > moment]
    return next(iter(later or reversed(blocking)), None)


def days_left(exemption: Exemption, moment: datetime) -> int | None:
    """Return on how many UTC days after this one an exception still holds; None: it has no end.

    0 on the last day or on the day of the last instant, negative once it has ended.
    """
    if exemption.until is None:
        return None
    written = exemption.until.written
    last = exemption.until.begin.date() if isinstance(written, datetime) else written
    left = (last - moment.date()).days
    return left if moment < exemption.until.end else min(left, -1)


def schedule_text(schedule: Schedule, day: date) -> str:
    """Return the stage in force on `day` and the next one, as a sentence.

    >>> schedule = Schedule(None, Stage(When(date(2027, 1, 1)), "block", 451))
    >>> schedule_text(schedule, date(2026, 12, 31))
    'off; from 2027-01-01, in 1 day: block with 451'
    """
    now = _stage_text(schedule.now) if schedule.now else "off"
    if schedule.now and schedule.now is not ALWAYS:
        now = f"{now} since {schedule.now.start}"
    if schedule.then is None:
        return now
    days = (schedule.then.start.begin.date() - day).days
    left = f"{days} day{'s' * (days != 1)}"
    return f"{now}; from {schedule.then.start}, in {left}: {_stage_text(schedule.then)}"


def _stage_text(stage: Stage) -> str:
    """Return what is done with the traffic, and by whose order."""
    status = f" with {stage.status}" if stage.status else ""
    return f"{stage.action}{status}" + (f" for {stage.blocked_by}" if stage.blocked_by else "")
