"""Days as publishers write them, with or without a time."""

import re
from datetime import UTC, date, datetime

_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?!\d).*", re.ASCII | re.DOTALL)
_EPOCH = re.compile(r"\d{9,13}", re.ASCII)
# `Fri Nov 13 17:18:59 UTC 2015`: what `date -u` prints without a locale.
_UNIX = re.compile(r"\w{3} +(\w{3}) +(\d{1,2}) [\d:]{8} UTC (\d{4})", re.ASCII)
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MILLISECONDS = 12  # digits, and more


def parse_day(text: str) -> date:
    """Return the day, UTC, that `text` begins with or counts the seconds to.

    Raises:
        ValueError: If it says none.

    >>> parse_day("2025-07-24-20-23-14") == parse_day("1753388594")
    True
    """
    text = text.strip()
    try:
        if match := _DAY.fullmatch(text):
            return date(*map(int, match.groups()))
        if match := _UNIX.fullmatch(text):
            return date(int(match[3]), _MONTHS.index(match[1]) + 1, int(match[2]))
        if _EPOCH.fullmatch(text):
            seconds = int(text) / (1000 if len(text) >= _MILLISECONDS else 1)
            return datetime.fromtimestamp(seconds, UTC).date()
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"{text[:60]!r} is not a date")
