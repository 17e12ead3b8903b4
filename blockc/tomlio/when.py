"""Days and instants of a TOML file."""

from datetime import UTC, date, datetime, timedelta

_DAY = timedelta(days=1)


class When:
    """A day or an instant: a day is a UTC day, a date-time says its offset.

    A class of its own and not a `Value`: in a table it is not a table, but what it is made of.

    Invariant: `written` is a date, or a datetime with an offset, and is between the years 1 and
    9999 in UTC too. It does not change; equal if written alike.

    >>> from datetime import timezone
    >>> noon = When(datetime(2026, 11, 30, 12, tzinfo=timezone(timedelta(hours=1))))
    >>> noon.begin.isoformat(), str(noon), str(When(date(2026, 11, 30)))
    ('2026-11-30T11:00:00+00:00', '2026-11-30T12:00:00+01:00', '2026-11-30')
    """

    __slots__ = ("written",)

    def __init__(self, written: date) -> None:
        if isinstance(written, datetime):
            if written.tzinfo is None:
                raise ValueError("a date-time needs its offset, such as +01:00 or Z")
            self._in_utc(written)
        self.written = written

    def __eq__(self, other: object) -> bool:
        return isinstance(other, When) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __repr__(self) -> str:
        return f"When({self})"

    @staticmethod
    def _in_utc(instant: datetime) -> datetime:
        try:
            return instant.astimezone(UTC)
        except OverflowError:
            raise ValueError("this instant is not between the years 1 and 9999 in UTC") from None

    @property
    def begin(self) -> datetime:
        """Return the first moment of it, in UTC."""
        if isinstance(self.written, datetime):
            return self._in_utc(self.written)
        return datetime(self.written.year, self.written.month, self.written.day, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """Return the first moment after it, in UTC: the instant itself, or the end of the day."""
        if isinstance(self.written, datetime):
            return self.begin
        last = self.written == date.max
        return datetime.max.replace(tzinfo=UTC) if last else self.begin + _DAY

    def __str__(self) -> str:
        """Return it as a policy says it."""
        return self.written.isoformat()
