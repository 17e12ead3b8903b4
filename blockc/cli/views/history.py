"""The history of a published folder, as tables for people and as JSON for programs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from blockc.addresses.family import FAMILIES, Family
from blockc.changes.country_history import Interval
from blockc.cli.console import Cell, amount, info, show, show_json, show_table
from blockc.cli.options import Settings
from blockc.cli.views.generations import SHORT, instant
from blockc.errors import counted, printable
from blockc.publish.history import History
from blockc.publish.past import Problem


def show_events(settings: Settings, place: Path, events: Sequence[Mapping[str, Any]]) -> None:
    """Print events, one per row."""
    heads = ["n", "at (UTC)", "event", "generation", "by", "what"]
    rows = [_event_row(one) for one in events]
    show_table(settings, f"History of {printable(str(place))}", heads, rows)


def _event_row(one: Mapping[str, Any]) -> list[Cell]:
    approved = one.get("approved")
    by = one.get("by") or (approved.get("by") if isinstance(approved, dict) else "")
    at = instant(datetime.fromisoformat(one["at"]))
    what = printable("; ".join(_words(one)))
    return [one["n"], at, one["event"], one.get("generation") or "", printable(str(by or "")), what]


def _words(one: Mapping[str, Any]) -> list[str]:
    """Return what people want to know of an event beside its kind."""
    found = []
    if "artifacts" in one:
        found.append(counted(len(one["artifacts"]), "file"))
    if one.get("policy"):
        found.append(f"policy {str(one['policy'])[:SHORT]}")
    if one.get("source"):
        found.append(f"source {one['source']}")
    if one.get("list"):
        found.append(f"list {one['list']}")
    if one.get("path") and "keys" in one:
        found.append(f"{one['path']}: {counted(len(one['keys']), 'key')}")
    if one.get("action"):
        found.append(f"{one.get('action_before') or 'nothing'} -> {one['action']}")
    if one.get("select"):
        until = f" until {one['until']}" if one.get("until") else ""
        owner = f", {one['owner']} owns it" if one.get("owner") else ""
        found.append(f"{one['select']}{until}{owner}")
    found += [
        f"{refused['path']}: the program of {refused['target']} refuses it: {refused['said']}"
        for refused in one.get("programs", ())
    ]
    found += [_refusal_words(refusal) for refusal in one.get("refusals", ())]
    found += [str(one[key]) for key in ("reason", "rule", "said") if one.get(key)]
    if one.get("clock_behind_seconds"):
        found.append(f"the clock went back by {one['clock_behind_seconds']:,} s")
    return found


def _refusal_words(one: Mapping[str, Any]) -> str:
    """Return which limit of the guard a change exceeded, and by what."""
    limit = f"{one['key']} = {one['limit']}"
    if one["rule"] == "keys":
        return f"{one['path']}: {one['keys']:,} of {one['known']:,} keys, {limit}"
    if not one["family"]:
        return limit
    what = f"{int(one['addresses']):,} {one['family']} addresses {one['kind']}"
    where = f"list {one['list']}" + (f", {one['country']}" if one["country"] else "")
    if one.get("output"):
        where = f"output {one['output']}, what its limit costs"
    return f"{where}: {what}, {limit}"


def show_problems(settings: Settings, place: Path, past: History, found: Sequence[Problem]) -> None:
    """Print what is wrong with a history, or that nothing is."""
    last = past.last
    if settings.json:
        show_json(
            {
                "folder": str(place.absolute()),
                "events": len(past.lines),
                "head": past.head,
                "problems": [{"line": one.line or None, "said": one.said} for one in found],
            }
        )
        return
    for one in found:
        where = f"line {one.line}" if one.line else "at the end"
        show(f"{where}: {printable(one.said)}\n")
    if not found:
        span = f", {instant(last.at)} UTC the last" if last else ""
        said = f"{counted(len(past.lines), 'event')}{span}, no line changed, removed or put in"
        info(settings, f"{said}; the chain ends with {past.head or 'nothing'}")


def interval_report(path: str, one: Interval) -> dict[str, Any]:
    """Return an interval as `docs/json.md` describes it."""
    return {
        "artifact": path,
        "blocked": one.blocked,
        "from": one.begin.isoformat(),
        "to": one.end.isoformat() if one.end else None,
        "generations": list(one.generations),
        "least": {family: str(count) for family, count in one.least.items()},
        "most": {family: str(count) for family, count in one.most.items()},
    }


def edge_report(
    edge: str, found: Mapping[str, Sequence[Interval]], untold: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the intervals of an edge as `docs/json.md` describes them."""
    return [
        {"edge": edge, "output": report.pop("artifact"), "told": path not in untold}
        | {"known": one.known}
        | report
        for path, intervals in found.items()
        for one in intervals
        for report in (interval_report(path, one),)
    ]


def show_edge_intervals(
    settings: Settings,
    country: str,
    edge: str,
    found: Mapping[str, Sequence[Interval]],
    untold: Sequence[str],
) -> None:
    """Print when a country was blocked on an edge, by output, and by what that is known."""
    _show_table_of_intervals(settings, f"When {country} was blocked on {edge}", country, found)
    for path in untold:
        said = f"{printable(path)}: nobody said what runs on {edge}; it is taken for what was shown"
        info(settings, said)


def show_intervals(
    settings: Settings, country: str, found: Mapping[str, Sequence[Interval]]
) -> None:
    """Print when a country was blocked in each artifact, and since when without a gap."""
    _show_table_of_intervals(settings, f"When {country} was blocked", country, found)


def _show_table_of_intervals(
    settings: Settings, title: str, country: str, found: Mapping[str, Sequence[Interval]]
) -> None:
    rows: list[list[Cell]] = [
        [
            path if not number else "",
            instant(one.begin),
            instant(one.end) if one.end else "now",
            _word(one),
            *(_span(family, one) for family in FAMILIES),
        ]
        for path, intervals in found.items()
        for number, one in enumerate(intervals)
    ]
    heads = ["artifact", "from (UTC)", "to", country, "ipv4 addresses", "ipv6 addresses"]
    show_table(settings, title, heads, rows)
    for path, intervals in found.items():
        last = intervals[-1] if intervals else None
        if last and last.end is None:
            word = "without a gap" if last.blocked else _word(last)
            info(settings, f"{printable(path)}: {word} since {instant(last.begin)} UTC")


def _word(one: Interval) -> str:
    if not one.known:
        return "not known"
    return "blocked" if one.blocked else "not blocked"


def _span(family: Family, one: Interval) -> str:
    least, most = one.least[family.name], one.most[family.name]
    if not most:
        return ""
    ends = [amount(family, count) for count in dict.fromkeys((least, most))]
    return " to ".join(f"{end:,}" if isinstance(end, int) else str(end) for end in ends)
