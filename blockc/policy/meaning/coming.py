"""What a policy will mean later, with the data of today: stages begin, exceptions end."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from blockc.policy.meaning.canaries import require_canaries
from blockc.policy.meaning.resolve import (
    ListEntry,
    Resolved,
    ResolvedList,
    references_first,
    selected_rows,
)
from blockc.policy.meaning.schedule import days_left, schedule_at
from blockc.policy.meaning.slot_matrix import without
from blockc.policy.model import Policy
from blockc.tomlio.when import When
from blockc.values import replace

HORIZON_DAYS = 365


def coming_changes(policy: Policy, now: datetime, within: int | None = HORIZON_DAYS) -> list[When]:
    """Return the days and instants after `now` when a list changes by itself, each once, in order.

    Args:
        policy: A checked policy.
        now: In UTC.
        within: How many days to look ahead; None: as far as the policy says anything.
    """
    found = {when.begin: when for when in _changes(policy) if when.begin > now}
    far = None if within is None else timedelta(days=within)
    return [found[begin] for begin in sorted(found) if far is None or begin - now <= far]


def next_in_sight(policy: Policy, now: datetime) -> datetime | None:
    """Return when `coming_changes` sees further than `now`; None: never."""
    far = timedelta(days=HORIZON_DAYS)
    beyond = [when.begin for when in _changes(policy) if when.begin - now > far]
    return min(beyond) - far if beyond else None


def _changes(policy: Policy) -> Iterator[When]:
    for one in policy.lists:
        yield from (stage.start for stage in one.stages)
        for exemption in one.exemptions:
            written = exemption.until.written if exemption.until else date.max
            if isinstance(written, datetime):
                yield When(written)
            elif written < date.max:
                yield When(written + timedelta(days=1))


def resolve_later(today: Resolved, moment: datetime) -> Resolved:
    """Return what the policy of `today` means at a later moment, ended exceptions left out.

    A list that does not change keeps the very set of addresses it has today.

    Raises:
        Mistakes: Every canary that comes out wrong then.
    """
    matrix = replace(today.matrix, lists=dict(today.matrix.lists))
    known = {one.name: one for one in today.lists}
    never_block = [counted.entry for counted in today.never_block]
    protected = matrix.union([entry.located for entry in never_block])
    changed: dict[str, ResolvedList] = {}
    for definition in references_first(today.policy):
        one = known[definition.name]
        counted = tuple(each for each in one.entries if not _ended(each.entry, moment))
        left = [each.entry for each in counted]
        schedule, addresses = schedule_at(definition.stages, moment), one.addresses
        moved = any(
            name in changed and changed[name].addresses is not known[name].addresses
            for name in definition.references
        )
        if moved or len(left) < len(one.entries):
            rows = matrix.lists[one.name] = selected_rows(definition, left, matrix)
            addresses = matrix.addresses(without(rows, protected))
        changed[one.name] = ResolvedList(definition, addresses, schedule, counted)
    lists = tuple(changed[one.name] for one in today.lists)
    require_canaries(today.policy.protect, lists, never_block, matrix)
    return Resolved(
        today.policy, moment, lists, today.protected, today.never_block, today.notes, matrix
    )


def _ended(entry: ListEntry, moment: datetime) -> bool:
    left = days_left(entry.exemption, moment) if entry.exemption else None
    return left is not None and left < 0
