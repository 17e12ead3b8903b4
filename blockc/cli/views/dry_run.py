"""What a policy means on one day, without building it: `blockc build --dry-run`."""

from collections.abc import Sequence
from datetime import date, time

from blockc.addresses import FAMILIES
from blockc.cli.console import Cell, amount, info, show, show_line, show_table
from blockc.cli.options import Settings
from blockc.compiler.preflight import Foreseen
from blockc.policy.meaning.resolve import CountedEntry, Resolved, ResolvedList
from blockc.policy.meaning.schedule import ALWAYS, Schedule
from blockc.policy.meaning.summary import explain, groups_used
from blockc.policy.model import Stage


def dry_run_report(
    resolved: Resolved, foreseen: Sequence[Foreseen], *, sample: bool
) -> dict[str, object]:
    """Return what a policy means as `docs/json.md` describes it."""
    coming = [foreseen_report(one) for one in foreseen]
    return {"sample": sample, **explain(resolved), "coming": coming}


def foreseen_report(one: Foreseen) -> dict[str, object]:
    """Return what a later build will be refused for as `docs/json.md` describes it."""
    return {
        "from": str(one.when),
        "output": one.path,
        "reason": one.problem.message,
        "exit_code": one.problem.exit_code,
    }


def show_dry_run(settings: Settings, resolved: Resolved, *, sample: bool) -> None:
    """Print what each list is on the day: its stage, its entries and its exceptions."""
    moment = resolved.moment
    minutes = f"{moment:%Y-%m-%d %H:%M}" if moment.time() != time() else moment.date()
    show(f"As of {minutes} (UTC)\n")
    for one in resolved.lists:
        show("\n")
        titled = one.definition.title not in ("", one.name)
        title = f"{one.name}: {one.definition.title}" if titled else one.name
        show_table(settings, title, _HEADS, [*map(_row, one.entries), _result_row(one)])
        show_line(f"stage: {schedule_text(one.schedule, resolved.as_of)}")
        _show_exceptions(settings, one)
    if resolved.never_block:
        show("\n")
        show_table(settings, "Never blocked, by any list", _HEADS, map(_row, resolved.never_block))
    _show_groups(settings, resolved)
    if sample:
        info(settings, "SAMPLE DATA, for trying blockc and not for use")
    info(settings, "nothing was published")


_HEADS = ["entry", "", *(f"{family.name} addresses" for family in FAMILIES)]


def _row(counted: CountedEntry) -> list[Cell]:
    entry = counted.entry
    return [entry.role, str(entry.located.selector), *_amounts(counted.counts)]


def _result_row(one: ResolvedList) -> list[Cell]:
    return ["result", "", *_amounts([one.addresses.count_of(family) for family in FAMILIES])]


def _amounts(counts: Sequence[int]) -> list[Cell]:
    return [amount(family, count) for family, count in zip(FAMILIES, counts, strict=True)]


def _show_exceptions(settings: Settings, one: ResolvedList) -> None:
    """Print who owns which exception, the one that ends first on top."""
    owned = [
        counted
        for counted in one.entries
        if counted.entry.exemption and counted.entry.exemption.owner
    ]
    owned.sort(key=lambda counted: (counted.days_left is None, counted.days_left or 0))
    if owned:
        show("\n")
        heads = ["except", "days left", "until", "owner", "reason"]
        show_table(settings, f"Exceptions of {one.name}", heads, map(_exception_row, owned))


def _show_groups(settings: Settings, resolved: Resolved) -> None:
    """Print the groups the policy selects: what is in them, since when, and what they leave out."""
    rows: list[list[Cell]] = [
        [group.name, group.day.isoformat(), " ".join(group.countries), group.caveat]
        for group in groups_used(resolved)
    ]
    if rows:
        show("\n")
        show_table(settings, "Groups", ["group", "as of", "countries", "caveat"], rows)


def _exception_row(counted: CountedEntry) -> list[Cell]:
    exemption = counted.entry.exemption
    if exemption is None:
        raise ValueError("only an exception has an owner")
    left = "" if counted.days_left is None else counted.days_left
    until = str(exemption.until) if exemption.until else "no end"
    return [str(exemption.located.selector), left, until, exemption.owner, exemption.reason]


def schedule_text(schedule: Schedule, day: date) -> str:
    """Return the stage in force on `day` and the next one, as a sentence.

    >>> from blockc.policy.model import Stage
    >>> from blockc.tomlio.when import When
    >>> schedule = Schedule(None, Stage(When(date(2027, 1, 1)), "block", 451))
    >>> schedule_text(schedule, date(2026, 12, 31))
    'off; from 2027-01-01, in 1 day: block with 451'
    """
    now = _stage_text(schedule.now) if schedule.now else "off"
    if schedule.now and schedule.now is not ALWAYS:
        now = f"{now} since {schedule.now.start}"
    if schedule.then is None:
        return now
    days = (schedule.then.start.begin.date() - day).days
    left = f"{days} day{'s' * (days != 1)}"
    return f"{now}; from {schedule.then.start}, in {left}: {_stage_text(schedule.then)}"


def _stage_text(stage: Stage) -> str:
    """Return what is done with the traffic, and by whose order."""
    status = f" with {stage.status}" if stage.status else ""
    return f"{stage.action}{status}" + (f" for {stage.blocked_by}" if stage.blocked_by else "")
