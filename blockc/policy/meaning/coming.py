"""What a policy will mean on later days, with the data of today: stages begin, exceptions end."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from blockc.policy.meaning.resolve import (
    ListEntry,
    Resolved,
    ResolvedList,
    references_first,
    require_canaries,
    selected_rows,
)
from blockc.policy.meaning.schedule import days_left, schedule_on
from blockc.policy.meaning.slot_matrix import without
from blockc.policy.model import Policy

HORIZON_DAYS = 365


def coming_days(policy: Policy, today: date, within: int | None = HORIZON_DAYS) -> list[date]:
    """Return the days after `today` on which a list changes by itself, each once, in order.

    Args:
        policy: A checked policy.
        today: A UTC day.
        within: How many days to look ahead; None: as far as the policy says anything.
    """
    found = {day for day in _changes(policy) if day > today}
    return sorted(day for day in found if within is None or (day - today).days <= within)


def next_in_sight(policy: Policy, today: date) -> date | None:
    """Return the day on which `coming_days` sees further than today; None: never."""
    beyond = [day for day in _changes(policy) if (day - today).days > HORIZON_DAYS]
    return min(beyond) - timedelta(days=HORIZON_DAYS) if beyond else None


def _changes(policy: Policy) -> Iterator[date]:
    for one in policy.lists:
        yield from (stage.start for stage in one.stages)
        for exemption in one.exemptions:
            if exemption.until and exemption.until < date.max:
                yield exemption.until + timedelta(days=1)


def resolve_later(today: Resolved, day: date) -> Resolved:
    """Return what the policy of `today` means on a later day, ended exceptions left out.

    A list that does not change keeps the very set of addresses it has today.

    Raises:
        Mistakes: Every canary that comes out wrong then.
    """
    matrix = replace(today.matrix, lists=dict(today.matrix.lists))
    known = {one.name: one for one in today.lists}
    protected = matrix.union([counted.entry.located for counted in today.never_block])
    changed: dict[str, ResolvedList] = {}
    for definition in references_first(today.policy):
        one = known[definition.name]
        entries = [counted.entry for counted in one.entries]
        left = [entry for entry in entries if not _ended(entry, day)]
        schedule, addresses = schedule_on(definition.stages, day), one.addresses
        moved = any(
            name in changed and changed[name].addresses is not known[name].addresses
            for name in definition.references
        )
        if moved or len(left) < len(entries):
            rows = matrix.lists[one.name] = selected_rows(definition, left, matrix)
            addresses = matrix.addresses(without(rows, protected))
        changed[one.name] = ResolvedList(definition, addresses, schedule, one.entries)
    lists = tuple(changed[one.name] for one in today.lists)
    require_canaries(today.policy.protect, lists, today.protected)
    return Resolved(
        today.policy, day, lists, today.protected, today.never_block, today.notes, matrix
    )


def _ended(entry: ListEntry, day: date) -> bool:
    left = days_left(entry.exemption, day) if entry.exemption else None
    return left is not None and left < 0
