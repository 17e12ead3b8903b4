"""What the day decides: stages and exceptions."""

from datetime import date, timedelta

import pytest

from blockc.errors import Mistakes
from blockc.policy.meaning.schedule import schedule_on
from blockc.policy.model import Stage
from tests.policy.toy import addresses, resolved

NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
STAGES = (Stage(NOVEMBER, "monitor"), Stage(DECEMBER, "block", 451))
ENDING = """
[list.a]
block = ["10.0.0.0/30"]
except = [{ prefix = "10.0.0.1", owner = "payments", reason = "x", until = 2026-12-01 }]
"""


@pytest.mark.parametrize(
    ("day", "action", "following"),
    [
        (NOVEMBER - timedelta(days=1), "off", NOVEMBER),
        (NOVEMBER, "monitor", DECEMBER),
        (DECEMBER - timedelta(days=1), "monitor", DECEMBER),
        (DECEMBER, "block", None),
        (date.max, "block", None),
    ],
)
def test_the_last_stage_that_has_begun_is_in_force(
    day: date, action: str, following: date | None
) -> None:
    schedule = schedule_on(STAGES, day)
    assert schedule.action == action
    assert (schedule.then.start if schedule.then else None) == following


def test_a_list_without_stages_always_blocks() -> None:
    assert schedule_on((), date.min).action == "block"


@pytest.mark.parametrize(
    ("days", "ends"),
    [(15, ""), (14, "in 14 days"), (2, "in 2 days"), (1, "in 1 day"), (0, "today")],
)
def test_the_end_of_an_exception_is_announced_a_fortnight_before(days: int, ends: str) -> None:
    result = resolved(ENDING, as_of=DECEMBER - timedelta(days=days))
    assert result.list_of("a").addresses == addresses("10.0.0.0", "10.0.0.2/31")
    assert result.list_of("a").entries[1].days_left == days
    assert [ends in note.message for note in result.notes] == ([True] if ends else [])


def test_an_exception_that_has_ended_is_refused_and_names_its_owner() -> None:
    with pytest.raises(Mistakes) as caught:
        resolved(ENDING, as_of=DECEMBER + timedelta(days=1))
    (mistake,) = caught.value.errors
    assert mistake.message == "exception 10.0.0.1 of list 'a' ended on 2026-12-01"
    assert mistake.hint.startswith("ask payments")


def test_an_exception_that_may_have_ended_is_left_out_and_noted() -> None:
    result = resolved(ENDING, as_of=DECEMBER + timedelta(days=1), allow_expired=True)
    assert result.list_of("a").addresses == addresses("10.0.0.0/30")
    assert [note.message for note in result.notes] == [
        "exception 10.0.0.1 of list 'a' ended on 2026-12-01 and is left out"
    ]
