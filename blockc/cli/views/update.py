"""How an update ended, as a table for people and as JSON for programs."""

from datetime import timedelta

from blockc.addresses.family import FAMILIES, Family
from blockc.cli.console import Cell, Figure, amount, info, show_table, warn
from blockc.cli.options import Settings
from blockc.fetch.snapshot import Amount, Snapshot
from blockc.fetch.update.decision import SourceOutcome, UpdateResult
from blockc.fetch.update.update import Update


def tell_outcomes(settings: Settings, done: Update) -> None:
    """Say on stderr what went wrong and what is odd."""
    for one in done.outcomes:
        name = one.source.name
        for text in (*one.problems, *one.warnings):
            warn(f"{name}: {text}")
        if (
            one.snapshot
            and one.result in (UpdateResult.KEPT, UpdateResult.REFUSED)
            and one.problems
        ):
            warn(f"{name}: {one.result}; builds go on with {_named(one.snapshot)}")
        for text in one.oddities:
            info(settings, f"{name}: {text}")


def _named(snapshot: Snapshot) -> str:
    day = snapshot.facts.date
    return f"the data of {day}" if day else f"the data {snapshot.short}"


def show_update(settings: Settings, done: Update) -> None:
    """Print the table that closes an update."""
    if settings.quiet:
        return
    heads = ["source", "data of", "age", "records"]
    heads += [f"{family.name} change" for family in FAMILIES]
    show_table(settings, "Sources", [*heads, "result", "digest"], map(_row, done.outcomes))


def _row(one: SourceOutcome) -> list[Cell]:
    facts = one.snapshot.facts if one.snapshot else None
    return [
        one.source.name,
        facts.date.isoformat() if facts and facts.date else "-",
        age_text(one.age) if one.snapshot else "-",
        facts.records if facts else "",
        *(_change(family, one.change(family.name)) for family in FAMILIES),
        str(one.result),
        one.snapshot.short if one.snapshot else "-",
    ]


def age_text(age: timedelta | None) -> str:
    """Return how old data is, for people.

    >>> [age_text(timedelta(hours=hours)) for hours in (0, 47, 49)]
    ['0 h', '47 h', '2 d']
    """
    if age is None:
        return "-"
    hours = age // timedelta(hours=1)
    return f"{hours} h" if hours < 48 else f"{hours // 24} d"


def _change(family: Family, change: Amount | None) -> Figure:
    """Return how many addresses came or went."""
    if change is None:
        return Figure("-")
    size = amount(family, abs(change.addresses))
    text = f"{size:,}" if isinstance(size, int) else str(size)
    return Figure(f"{'+' if change.addresses > 0 else '-'}{text}" if change.addresses else "0")


def update_report(done: Update, lock: str, *, written: bool) -> dict[str, object]:
    """Return the result of an update as `docs/json.md` describes it."""
    return {
        "lock": lock,
        "written": written,
        "sources": [_outcome_report(one) for one in done.outcomes],
    }


def _outcome_report(one: SourceOutcome) -> dict[str, object]:
    return {
        "name": one.source.name,
        "result": str(one.result),
        "used": snapshot_report(one.snapshot),
        "before": snapshot_report(one.before),
        "refused": snapshot_report(one.refused),
        "age_hours": one.age // timedelta(hours=1) if one.age is not None else None,
        "checked_at": one.checked_at.isoformat(timespec="seconds") if one.checked_at else None,
        "problems": list(one.problems),
        "warnings": [*one.warnings, *one.oddities],
    }


def snapshot_report(snapshot: Snapshot | None) -> dict[str, object] | None:
    """Return a snapshot as JSON shows it; addresses are text, they can be beyond any number."""
    if snapshot is None:
        return None
    facts = snapshot.facts
    return {
        "url": snapshot.url,
        "sha256": snapshot.sha256,
        "bytes": snapshot.bytes,
        "date": facts.date.isoformat() if facts.date else None,
        "serial": facts.serial,
        "records": facts.records,
        "holds": {
            family: {"records": held.records, "addresses": str(held.addresses)}
            for family, held in sorted(facts.holds.items())
        },
    }
