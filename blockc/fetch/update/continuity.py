"""Whether a snapshot may follow the one before it: data does not go back, age or shrink."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from blockc.fetch.definition import Source
from blockc.fetch.snapshot import Facts, Snapshot

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


def shrinking(source: Source, new: Facts, before: Facts) -> Iterator[str]:
    """Return the ways in which `new` holds too much less than what came `before`.

    Only what is delegated or listed counts, never the lines of a file.
    """
    expect = source.expect
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
    if new.records >= least:
        return ""
    return f"lists {new.records:,} records, expect.min_records = {least} asks for more"


def objections(source: Source, new: Snapshot, before: Snapshot) -> Iterator[str]:
    """Return why `new` may not follow `before`."""
    backwards = going_back(new.facts, before.facts)
    if backwards:
        yield backwards
    yield from shrinking(source, new.facts, before.facts)


def age_of(snapshot: Snapshot, checked_at: datetime | None, now: datetime) -> timedelta | None:
    """Return how old the data is, None if nothing tells.

    Data with a date is as old as the beginning of that day, UTC; data without one is as old as the
    last time a server confirmed it, `checked_at`.
    """
    day = snapshot.facts.date
    since = datetime(day.year, day.month, day.day, tzinfo=UTC) if day else checked_at
    return None if since is None else max(timedelta(0), now - since)


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
