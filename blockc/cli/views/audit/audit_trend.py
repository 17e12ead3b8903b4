"""The trend of a migration: how much still comes from listed space, day by day."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from blockc.audit.trend import TrendDay, keys_that_stopped, lists_of, trend_days
from blockc.cli.console import Figure, show, show_line, show_table, warn
from blockc.cli.options import Settings
from blockc.report.trend_chart import Bars, trend_chart
from blockc.workspace.audit.since_last import SinceLast

_MOST_DAYS, _LATELY = 31, 7
_DRAWN = timedelta(days=400)  # the time of a line is what a machine says, such as 1970


def show_trend(settings: Settings, found: SinceLast) -> None:
    """Print what came since the last run, and the last days."""
    report, days = found.report, trend_days(found.memory)
    show_line(f"{report.requests:,} new requests, {report.listed:,} of them from listed addresses.")
    show_line(f"Lists: {report.subject}, at {report.moment:%Y-%m-%d %H:%M} UTC.")
    if days:
        cut = f", the last {_MOST_DAYS} of {len(days):,} days" if len(days) > _MOST_DAYS else ""
        rows = [
            (Figure(one.day), one.requests, one.listed, Figure(_share(one)), one.keys)
            for one in days[-_MOST_DAYS:]
        ]
        show("\n")
        heads = ("day", "requests", "from listed addresses", "of all", "keys used there")
        show_table(settings, f"Trend{cut}", heads, rows)
    used, stopped = _keys(found, days)
    if used:
        show_line(f"\n{used:,} keys were used from listed addresses.")
        show_line(f"{stopped:,} of them were not in the last {_LATELY} days that have requests.")
    for log in report.logs:
        if log.damage:
            warn(f"{log.path}: {log.damage}; it is read on when it is whole")
    if report.unreadable:
        warn(f"{report.unreadable:,} lines do not say who asked, and are in no other number")
    for gap in found.memory.gaps:
        warn(f"lines of {gap.path} may be missing: it was gone on {gap.at:%Y-%m-%d}")


def _share(one: TrendDay) -> str:
    return f"{100 * one.listed / one.requests:.2f}%" if one.requests else "0%"


def _keys(found: SinceLast, days: list[TrendDay]) -> tuple[int, int]:
    """Return how many keys were used from listed addresses, and how many of them not lately."""
    used = {one.key for one in found.memory.hits if one.key}
    lately = [one.day for one in days if one.day != "-"][-_LATELY:]
    return len(used), len(list(keys_that_stopped(found.memory, lately)))


def trend_report(found: SinceLast) -> dict[str, object]:
    """Return the trend as `docs/json.md` describes it."""
    report, memory = found.report, found.memory
    days = trend_days(memory)
    used, stopped = _keys(found, days)
    return {
        "table": str(found.path),
        "lists": report.subject,
        "moment": report.moment.isoformat(),
        "requests": report.requests,
        "listed": report.listed,
        "unreadable": report.unreadable,
        "logs": [
            {"path": log.path, "lines": log.lines, "damage": log.damage} for log in report.logs
        ],
        "days": [_day(one) for one in days],
        "lists_by_day": [
            {"list": name, **_day(one)}
            for name in lists_of(memory)
            for one in trend_days(memory, name)
        ],
        "keys": used,
        "keys_stopped": stopped,
        "gaps": [{"at": gap.at.isoformat(), "path": gap.path} for gap in memory.gaps],
    }


def _day(one: TrendDay) -> dict[str, Any]:
    return {
        "day": one.day, "requests": one.requests, "listed": one.listed, "keys": one.keys,
    }  # fmt: skip


def trend_svg(found: SinceLast, now: datetime) -> str:
    """Return the last days as a chart, with the days on which stages of the lists begin."""
    today = now.astimezone(UTC).date()
    dated = [(_date(one.day), one) for one in trend_days(found.memory)]
    days = {
        day: one for day, one in dated if day and today - _DRAWN <= day <= today + timedelta(days=1)
    }
    charts = [
        Bars("Requests from listed addresses", {day: one.listed for day, one in days.items()}),
        Bars("Keys used from listed addresses", {day: one.keys for day, one in days.items()}),
    ]
    begins = ((_date(begin[:10]), f"{name}: {act}") for name, act, begin in found.report.stages)
    marks = [(day, said) for day, said in begins if day]
    return trend_chart(f"From listed addresses, by {found.report.subject}", charts, marks)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
