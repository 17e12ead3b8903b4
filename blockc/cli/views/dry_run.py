"""What a policy means on one day, without building it: `blockc build --dry-run`."""

from collections.abc import Sequence
from datetime import time

from blockc.addresses import FAMILIES
from blockc.cli.console import Cell, amount, info, show, show_line, show_table
from blockc.cli.options import Settings
from blockc.compiler.preflight import Foreseen
from blockc.policy.meaning.resolve import CountedEntry, Resolved, ResolvedList
from blockc.policy.meaning.schedule import schedule_text
from blockc.policy.meaning.summary import explain, groups_used


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
