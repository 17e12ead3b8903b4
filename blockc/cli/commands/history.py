"""`blockc history`: what was published, refused and taken back, and since when."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blockc.cli.commands.generations import FolderCall, output_option
from blockc.cli.console import info, show_json
from blockc.cli.options import Settings, verb
from blockc.errors import UsageError, suggestion

if TYPE_CHECKING:
    from blockc.changes.country_history import Interval


class HistoryCall(FolderCall, kw_only=True):
    """What to show of the history."""

    what: str
    first: str | None
    last: str | None
    country: str | None
    edges: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.edges and not self.country:
            raise UsageError("--edge says when a country was blocked there, so it needs --country")
        if self.what == "verify" and (self.first or self.last or self.country):
            raise UsageError("verify proves the whole history, so it takes no other option than -o")

    def span(self) -> tuple[datetime, datetime]:
        """Return the first instant and the one after the last.

        Raises:
            UsageError: A day is not a date.
        """
        first, last = day_of("--from", self.first), day_of("--to", self.last)
        begin = datetime(first.year, first.month, first.day, tzinfo=UTC) if first else _BEGINNING
        if last is None or last == date.max:
            return begin, _END
        return begin, datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)


_BEGINNING, _END = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def day_of(option: str, text: str | None) -> date | None:
    """Return the day that an option says.

    Raises:
        UsageError: It is not a date.
    """
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UsageError(
            f"{option} {text!r} is not a date", hint="write it as YYYY-MM-DD"
        ) from None


@click.command("history")
@click.argument("what", type=click.Choice(["show", "verify"]), default="show")
@output_option
@click.option("--from", "first", metavar="YYYY-MM-DD", help="The first UTC day to show.")
@click.option("--to", "last", metavar="YYYY-MM-DD", help="The last UTC day to show.")
@click.option("--country", metavar="CC", help="When this country was blocked, and when not.")
@click.option(
    "--edge",
    "edges",
    metavar="NAME",
    multiple=True,
    help="With --country: on this edge; repeatable.",
)
@verb(HistoryCall, shows=("file", "json", "quiet"))
def command(settings: Settings, asked: HistoryCall) -> int:
    """Show what was published, refused, approved, taken back and when, or prove it.

    \b
    show    every event, oldest first; with --country the intervals and gaps of
            each artifact, from the first publication on; with --edge those of
            each output that protects the edge, by what was reloaded or said to
            be deployed there, and not by what was published
    verify  prove that no line was changed, removed or put in, and that what the
            generations were made from is still there

    Each event has the digest of the event before, so a change anywhere breaks the chain. Reads
    the published folder and no policy. Writes nothing. Prints a table.

    Exit codes: 0 done, 1 something is damaged, 2 the folder cannot be read.
    """
    place = asked.place(settings.file)
    if asked.what == "verify":
        return _verify(settings, place)
    if asked.country:
        if asked.edges:
            _show_edges(settings, place, asked)
        else:
            _show_country(settings, place, asked)
        return 0
    from blockc.cli.views.history import show_events

    events = list(_within(place, asked))
    if settings.json:
        show_json(events)
    else:
        show_events(settings, place, events)
    return 0


def _within(place: Path, asked: HistoryCall) -> Iterator[dict[str, Any]]:
    from blockc.publish.generations import history_of
    from blockc.publish.past import told

    begin, end = asked.span()
    past, _ = history_of(place)
    return (facts for event, facts in told(past) if begin <= event.at < end)


def _verify(settings: Settings, place: Path) -> int:
    from blockc.cli.views.history import show_problems
    from blockc.publish.generations import history_of
    from blockc.publish.past import verified

    past, _ = history_of(place)
    found = verified(place)
    show_problems(settings, place, past, found)
    return 1 if found else 0


def _show_country(settings: Settings, place: Path, asked: HistoryCall) -> None:
    from blockc.changes.country_history import country_intervals
    from blockc.cli.views.history import interval_report, show_intervals
    from blockc.publish.generations import history_of
    from blockc.publish.past import shown_when

    code = _country(asked)
    past, _ = history_of(place)
    found = _cut(asked, country_intervals(shown_when(place, past), code))
    if settings.json:
        show_json([interval_report(path, one) for path, all_ in found.items() for one in all_])
        return
    show_intervals(settings, code, found)
    if not found:
        info(settings, f"nothing was ever published into {place.absolute()}")


def _country(asked: HistoryCall) -> str:
    from blockc.registries.countries import names

    code = (asked.country or "").upper()
    if code not in names():
        raise UsageError(f"{asked.country!r} is not a country code{suggestion(code, names())}")
    return code


def _cut(
    asked: HistoryCall, found: "Mapping[str, Sequence[Interval]]"
) -> "dict[str, list[Interval]]":
    """Return the intervals that have a part in the time that is asked about."""
    begin, end = asked.span()
    return {
        path: [one for one in intervals if one.begin < end and (one.end or _END) > begin]
        for path, intervals in found.items()
    }


def _show_edges(settings: Settings, place: Path, asked: HistoryCall) -> None:
    from blockc.changes.country_history import edge_intervals
    from blockc.cli.views.history import edge_report, show_edge_intervals
    from blockc.publish.generations import history_of
    from blockc.publish.past import edges_of, ran_when

    code = _country(asked)
    past, _ = history_of(place)
    known, reports = edges_of(past), list[Any]()
    for edge in asked.edges:
        if edge not in known:
            hint = f"it has {', '.join(known)}" if known else "it has none; build with [edge.NAME]"
            raise UsageError(
                f"the history has no edge {edge!r}{suggestion(edge, known)}", hint=hint
            )
        there = ran_when(place, past, edge)
        found = _cut(asked, edge_intervals(there.ran, code))
        if settings.json:
            reports += edge_report(edge, found, there.untold)
        else:
            show_edge_intervals(settings, code, edge, found, there.untold)
    if settings.json:
        show_json(reports)
