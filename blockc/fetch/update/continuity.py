"""Whether a snapshot may follow the one before it: data does not go back, age or shrink."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

from blockc.fetch.definition import Source
from blockc.fetch.snapshot import Facts, Snapshot

# What the serial of a registry's file is; each has its own kind. Those of LACNIC move every night
# while its end date may stand still for days. A kind that is not listed says nothing about age.
SERIAL_KINDS: Mapping[str, str] = {
    "afrinic": "day",
    "apnic": "day",
    "arin": "milliseconds",
    "lacnic": "day",
    "ripencc": "seconds",
}
# APNIC's serial is one or two days ahead of its data; a day further ahead is a mistake.
_AHEAD = timedelta(days=2)

# Registries stand still over a weekend now and then; this many intervals are worth a word.
_LATE_INTERVALS = 3


def going_back(new: Facts, before: Facts) -> str:
    """Return how `new` is older than what came `before`, or nothing.

    Serials are compared only within a day and between numbers of equal length: each registry has
    its own kind, a date or a time, and may change it.
    """
    if new.date is None or before.date is None:
        return ""
    if new.date < before.date:
        return f"its data is of {new.date}, older than that of {before.date} before"
    digits = new.serial.isdecimal() and before.serial.isdecimal()
    same_kind = new.date == before.date and len(new.serial) == len(before.serial) and digits
    if same_kind and int(new.serial) < int(before.serial):
        return f"its serial {new.serial} is lower than {before.serial} before, on one day"
    return ""


def ahead(new: Facts, now: datetime) -> str:
    """Return that `new` is of a day to come, or nothing: its date or our clock is wrong.

    It would never be too old, and what comes after it would go back.
    """
    if new.date is None or _midnight(new.date) <= now + _AHEAD:
        return ""
    return f"its data is of {new.date}, and the clock of this machine says {now.date()}"


def shrinking(source: Source, new: Facts, before: Facts) -> Iterator[str]:
    """Return the ways in which `new` holds too much less than what came `before`.

    Only what is delegated or listed counts, never the lines of a file.
    """
    expect = source.expect
    if source.may_be_empty and not new.records:
        return
    for family, old in sorted(before.holds.items()):
        now = new.holds.get(family)
        for what, limit in (
            ("addresses", expect.max_shrink_addresses),
            ("records", expect.max_shrink_records),
        ):
            had, has = getattr(old, what), getattr(now, what) if now else 0
            if has < had and (had - has) / had > limit:
                yield (
                    f"its {family} {what} shrink by {_percent((had - has) / had)} from {had:,} to "
                    f"{has:,}, more than expect.max_shrink_{what} = {limit} allows"
                )


def too_few(source: Source, new: Facts) -> str:
    """Return how `new` lists fewer records than the source must have, or nothing."""
    least = source.expect.min_records
    if new.records >= least or (source.may_be_empty and not new.records):
        return ""
    return f"lists {new.records:,} records, expect.min_records = {least} asks for more"


def objections(source: Source, new: Snapshot, before: Snapshot) -> Iterator[str]:
    """Return why `new` may not follow `before`."""
    backwards = going_back(new.facts, before.facts)
    if backwards:
        yield backwards
    yield from shrinking(source, new.facts, before.facts)


def age_of(
    snapshot: Snapshot, checked_at: datetime | None, now: datetime, registry: str = ""
) -> timedelta | None:
    """Return how old the data is, None if nothing tells.

    Data with a date is as old as the beginning of that day, UTC, or of the later day that the
    serial of its `registry` says; data without one is as old as the last time a server confirmed
    it, `checked_at`.
    """
    day = snapshot.facts.date
    if day is None:
        return None if checked_at is None else max(timedelta(0), now - checked_at)
    since = max(_midnight(day), serial_day(registry, snapshot.facts.serial, now) or _midnight(day))
    return max(timedelta(0), now - since)


def serial_day(registry: str, serial: str, now: datetime) -> datetime | None:
    """Return the beginning of the day that the serial of a registry's file says, UTC.

    None for a serial that is not of the registry's kind, or so far ahead that it is wrong.

    >>> now = datetime(2022, 3, 3, 1, tzinfo=UTC)
    >>> str(serial_day("lacnic", "20220302", now)), serial_day("lacnic", "99991231", now)
    ('2022-03-02 00:00:00+00:00', None)
    """
    kind = SERIAL_KINDS.get(registry)
    try:
        if kind == "day":
            found = datetime.strptime(serial, "%Y%m%d").replace(tzinfo=UTC)
        elif kind in ("seconds", "milliseconds") and serial.isdecimal():
            moment = int(serial) / (1000 if kind == "milliseconds" else 1)
            found = _midnight(datetime.fromtimestamp(moment, UTC).date())
        else:
            return None
    except (ValueError, OverflowError, OSError):
        return None
    return found if found <= now + _AHEAD else None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def too_old(source: Source, age: timedelta) -> str:
    """Return that data of this age may not be used, or nothing."""
    if age <= timedelta(hours=source.max_age_hours):
        return ""
    return f"its data is {_days(age)} old, more than max_age_hours = {source.max_age_hours} allows"


def late(source: Source, age: timedelta) -> str:
    """Return that data of this age may be used and is odd, or nothing."""
    if age <= timedelta(hours=source.refresh_hours * _LATE_INTERVALS):
        return ""
    usual = source.refresh_hours
    return f"its data is {_days(age)} old, though it is published every {usual} hours"


def _days(age: timedelta) -> str:
    hours = age // timedelta(hours=1)
    return f"{hours} hours" if hours < 48 else f"{hours // 24} days"


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"
