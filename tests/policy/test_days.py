"""What the day decides: stages and exceptions."""

from datetime import UTC, date, datetime, timedelta

import pytest

from blockc.errors import Mistakes
from blockc.policy.meaning.schedule import schedule_at
from blockc.policy.meaning.summary import same_until
from blockc.policy.model import Stage
from blockc.tomlio.when import When
from tests.policy.toy import addresses, resolved

NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
STAGES = (Stage(When(NOVEMBER), "monitor"), Stage(When(DECEMBER), "block", 451))
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
    schedule = schedule_at(STAGES, When(day).begin)
    assert schedule.action == action
    assert (schedule.then.start.written if schedule.then else None) == following


def test_a_list_without_stages_always_blocks() -> None:
    assert schedule_at((), When(date.min).begin).action == "block"


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


MIDNIGHT_IN_BERLIN = datetime(2026, 11, 29, 23, tzinfo=UTC)
SECOND = timedelta(seconds=1)
AT_AN_INSTANT = """
[list.a]
block  = ["10.0.0.0/30"]
stages = [
    { from = 2026-11-01, action = "monitor" },
    { from = 2026-11-30T00:00:00+01:00, action = "block" },
]
"""
ENDS_AT_AN_INSTANT = ENDING.replace("2026-12-01", "2026-11-30T00:00:00+01:00")


def test_a_stage_may_begin_at_an_instant_and_not_with_the_utc_day() -> None:
    for moment, action, until in (
        (MIDNIGHT_IN_BERLIN - SECOND, "monitor", MIDNIGHT_IN_BERLIN),
        (MIDNIGHT_IN_BERLIN, "block", None),
    ):
        result = resolved(AT_AN_INSTANT, as_of=moment)
        assert result.list_of("a").schedule.action == action
        assert same_until(result) == until
        assert result.as_of == date(2026, 11, 29)


def test_a_day_is_its_first_moment() -> None:
    for day, action in ((date(2026, 11, 29), "monitor"), (date(2026, 11, 30), "block")):
        assert resolved(AT_AN_INSTANT, as_of=day).list_of("a").schedule.action == action
    for moment in (datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 1, 23, 59, tzinfo=UTC)):
        assert resolved(ENDING, as_of=moment).list_of("a").entries[1].days_left == 0
    with pytest.raises(Mistakes, match="ended on 2026-12-01"):
        resolved(ENDING, as_of=datetime(2026, 12, 2, tzinfo=UTC))


def test_an_exception_may_end_at_an_instant_which_is_announced_and_then_refused() -> None:
    last = resolved(ENDS_AT_AN_INSTANT, as_of=MIDNIGHT_IN_BERLIN - SECOND)
    (note,) = last.notes
    assert "ends today, on 2026-11-30T00:00:00+01:00" in note.message
    assert same_until(last) == MIDNIGHT_IN_BERLIN
    with pytest.raises(Mistakes, match=r"ended on 2026-11-30T00:00:00\+01:00"):
        resolved(ENDS_AT_AN_INSTANT, as_of=MIDNIGHT_IN_BERLIN)


def test_what_is_said_of_an_exception_changes_with_the_day() -> None:
    for days, same in ((20, 14), (14, 13), (3, 2)):
        result = resolved(ENDING, as_of=DECEMBER - timedelta(days=days))
        assert same_until(result) == When(DECEMBER - timedelta(days=same)).begin
    assert same_until(resolved(ENDING, as_of=DECEMBER)) == When(DECEMBER).end


def test_no_day_is_too_late() -> None:
    assert When(date.max).end.year == 9999
    text = ENDING.replace("2026-12-01", "9999-12-31")
    assert resolved(text, as_of=date.max).list_of("a").entries[1].days_left == 0
