"""A snapshot may not go back, shrink in what it delegates, or be too old; it may lose any lines."""

from datetime import UTC, date, datetime, timedelta

import pytest

from blockc.fetch.definition import Expectations
from blockc.fetch.snapshot import Amount, Facts, Snapshot
from blockc.fetch.update.continuity import age_of, going_back, late, shrinking, too_few, too_old
from blockc.values import replace
from tests.fetch.toy import SOURCE

EXACTING = Expectations(
    min_records=101, max_bytes=1, max_shrink_addresses=0.02, max_shrink_records=0.05
)
NOW = datetime(2018, 10, 14, 12, tzinfo=UTC)


def facts(
    day: str = "2018-10-13", serial: str = "", v4: tuple[int, int] = (100, 1000), records: int = 100
) -> Facts:
    told = date.fromisoformat(day) if day else None
    return Facts(records, {"ipv4": Amount(*v4), "ipv6": Amount(50, 10**30)}, told, serial)


@pytest.mark.parametrize(
    ("new", "before", "said"),
    [
        (("2018-10-13", ""), ("2018-10-12", ""), ""),
        (("2018-10-13", ""), ("2018-10-13", ""), ""),
        (("2018-10-12", ""), ("2018-10-13", ""), "of 2018-10-12, older than that of 2018-10-13"),
        (("2018-10-12", "9"), ("2018-10-13", "1"), "older than"),
        (("2018-10-13", "20181013"), ("2018-10-13", "20181014"), "serial 20181013 is lower than"),
        (("2018-10-13", "20181014"), ("2018-10-13", "20181013"), ""),
        # Another kind of serial, a time in place of a date, is no step back.
        (("2018-10-13", "20181013"), ("2018-10-13", "1539381599"), ""),
        (("2018-10-13", "1"), ("2018-10-13", "token"), ""),
        (("2018-10-14", "1"), ("2018-10-13", "2"), ""),
        (("", "1"), ("2018-10-13", "2"), ""),
        (("2018-10-13", "1"), ("", "2"), ""),
    ],
)
def test_date_and_serial_do_not_go_back(
    new: tuple[str, str], before: tuple[str, str], said: str
) -> None:
    found = going_back(facts(*new), facts(*before))
    assert said in found
    assert bool(found) is bool(said)


@pytest.mark.parametrize(
    ("v4", "said"),
    [
        ((100, 1000), []),
        ((200, 2000), []),
        ((95, 980), []),
        ((95, 979), ["its ipv4 addresses shrink by 2.1 % from 1,000 to 979, more than"]),
        ((94, 980), ["its ipv4 records shrink by 6.0 % from 100 to 94, more than"]),
        ((0, 0), ["its ipv4 addresses shrink by 100.0 %", "its ipv4 records shrink by 100.0 %"]),
    ],
)
def test_what_is_delegated_does_not_shrink_much(v4: tuple[int, int], said: list[str]) -> None:
    found = list(shrinking(SOURCE, facts(v4=v4), facts()))
    assert len(found) == len(said)
    for text, start in zip(found, said, strict=True):
        assert text.startswith(start)
        assert "expect.max_shrink_" in text


def test_lines_that_delegate_nothing_may_all_go() -> None:
    assert list(shrinking(SOURCE, facts(records=1), facts(records=10_000))) == []


def test_a_family_that_disappears_shrinks_by_all_of_it() -> None:
    gone = replace(facts(), holds={"ipv4": Amount(100, 1000)})
    assert len(list(shrinking(SOURCE, gone, facts()))) == 2
    assert list(shrinking(SOURCE, facts(), gone)) == []


def test_shares_of_numbers_beyond_any_float_are_right() -> None:
    huge = replace(facts(), holds={"ipv6": Amount(100, 2**128)})
    bit_less = replace(facts(), holds={"ipv6": Amount(100, 2**128 * 97 // 100)})
    (said,) = shrinking(SOURCE, bit_less, huge)
    assert "shrink by 3.0 %" in said


def test_too_few_records_name_the_knob() -> None:
    wanting = replace(SOURCE, expect=EXACTING)
    assert too_few(wanting, facts()) == "lists 100 records, expect.min_records = 101 asks for more"
    assert too_few(wanting, facts(records=101)) == ""


def test_data_is_as_old_as_its_day_and_undated_data_as_its_last_confirmation() -> None:
    dated = Snapshot("https://example.com/x", "0" * 64, 1, facts("2018-10-13"))
    undated = Snapshot("https://example.com/x", "0" * 64, 1, facts(""))
    assert age_of(dated, None, NOW) == timedelta(hours=36)
    assert age_of(dated, NOW, NOW) == timedelta(hours=36)
    assert age_of(undated, NOW - timedelta(hours=5), NOW) == timedelta(hours=5)
    assert age_of(undated, None, NOW) is None
    tomorrow = replace(dated, facts=facts("2018-10-15"))
    assert age_of(tomorrow, None, NOW) == timedelta(0)


def test_old_data_is_odd_first_and_unusable_later() -> None:
    assert late(SOURCE, timedelta(hours=72)) == ""
    assert "is 3 days old, though it is published every 24 hours" in late(
        SOURCE, timedelta(hours=73)
    )
    assert too_old(SOURCE, timedelta(hours=168)) == ""
    said = too_old(SOURCE, timedelta(hours=169))
    assert said == "its data is 7 days old, more than max_age_hours = 168 allows"
    assert "is 30 hours old" in late(replace(SOURCE, refresh_hours=1), timedelta(hours=30))


def test_a_registry_is_as_fresh_as_the_later_of_its_serial_and_its_end_date() -> None:
    night = datetime(2022, 3, 3, 1, tzinfo=UTC)

    def age(registry: str, serial: str, day: date = date(2022, 2, 25)) -> timedelta | None:
        facts = Facts(1, {}, day, serial)
        return age_of(Snapshot("https://example.com/x", "0" * 64, 1, facts), None, night, registry)

    assert age("lacnic", "20220302") == timedelta(hours=25)
    assert age("lacnic", "20220301", date(2022, 3, 2)) == timedelta(hours=25)
    assert age("ripencc", "1646175599") == timedelta(hours=49)
    assert age("arin", "1646175599000") == timedelta(hours=49)
    assert age("apnic", "20220304") == timedelta(0)
    by_end_date = timedelta(days=6, hours=1)
    for registry, serial in (
        ("lacnic", "20220399"),
        ("lacnic", "99991231"),
        ("lacnic", "1646175599"),
        ("ripencc", "9" * 30),
        ("arin", "20220302x"),
        ("", "20220302"),
    ):
        assert age(registry, serial) == by_end_date, (registry, serial)
