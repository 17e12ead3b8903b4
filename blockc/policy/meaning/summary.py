"""What a policy resolves to on one day, as plain values: for `build --dry-run` and `--json`.

Counts of addresses are texts, because an IPv6 count exceeds what many JSON readers keep exactly.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from blockc.addresses.family import Family
from blockc.policy.meaning.coming import next_in_sight
from blockc.policy.meaning.resolve import STALE_DAYS, CountedEntry, Resolved, ResolvedList
from blockc.policy.meaning.schedule import WARN_DAYS, days_left
from blockc.policy.model import LocatedSelector, Stage
from blockc.policy.syntax.country_groups import CountryGroup
from blockc.policy.syntax.selectors import GroupSelector
from blockc.tomlio.when import When

Plain = dict[str, Any]


def explain(resolved: Resolved) -> Plain:
    """Return everything a policy stands for today: lists, entries, stages, groups and notes."""
    families = resolved.protected.families
    return {
        "as_of": resolved.as_of.isoformat(),
        "lists": [_list(one, families) for one in resolved.lists],
        "never_block": [_entry(one, families) for one in resolved.never_block],
        "groups": [_group(one) for one in groups_used(resolved)],
        "notes": [str(note) for note in resolved.notes],
    }


def groups_used(resolved: Resolved) -> tuple[CountryGroup, ...]:
    """Return the groups that a policy selects, in order of name."""
    entries: Iterable[LocatedSelector] = (
        counted.entry.located
        for part in (resolved.never_block, *(one.entries for one in resolved.lists))
        for counted in part
    )
    names = {one.selector.name for one in entries if isinstance(one.selector, GroupSelector)}
    return tuple(resolved.policy.groups[name] for name in sorted(names))


def list_report(one: ResolvedList) -> Plain:
    """Return what a list is and does as `docs/json.md` describes it, its addresses apart."""
    schedule = one.schedule
    return {
        "name": one.name,
        "title": one.definition.title,
        "reference": one.definition.reference,
        "action": schedule.action,
        "stage": _stage(schedule.now if one.definition.stages else None),
        "next_stage": _stage(schedule.then),
    }


def _list(one: ResolvedList, families: Sequence[Family]) -> Plain:
    return {
        **list_report(one),
        "addresses": {f.name: str(one.addresses.count_of(f)) for f in families},
        "entries": [_entry(counted, families) for counted in one.entries],
    }


def _stage(stage: Stage | None) -> Plain | None:
    if stage is None:
        return None
    return {
        "from": str(stage.start),
        "action": stage.action,
        "status": stage.status,
        "blocked_by": stage.blocked_by,
    }


def _entry(counted: CountedEntry, families: Sequence[Family]) -> Plain:
    entry = counted.entry
    counts = zip(families, counted.counts, strict=True)
    plain: Plain = {
        "key": entry.role,
        "selector": str(entry.located.selector),
        "addresses": {family.name: str(count) for family, count in counts},
    }
    exemption = entry.exemption
    if exemption and exemption.owner:
        until = str(exemption.until) if exemption.until else None
        plain |= {"owner": exemption.owner, "reason": exemption.reason, "until": until}
        plain["days_left"] = counted.days_left
    return plain


def _group(group: CountryGroup) -> Plain:
    return {
        "name": group.name,
        "title": group.title,
        "countries": list(group.countries),
        "source": group.source,
        "date": group.day.isoformat(),
        "caveat": group.caveat,
    }


def same_until(resolved: Resolved) -> datetime | None:
    """Return when a policy may mean something else or have other notes; None: never.

    A note that counts days holds on one UTC day only.
    """
    moment, ends = resolved.moment, list[datetime]()
    sight = next_in_sight(resolved.policy, moment)
    if sight:
        ends.append(sight)
    for one in resolved.lists:
        if one.schedule.then:
            ends.append(one.schedule.then.start.begin)
        for exemption in one.definition.exemptions:
            left = days_left(exemption, moment)
            if exemption.until and left is not None and left >= 0:
                ends += [exemption.until.end, day_after(resolved.as_of, left - WARN_DAYS - 1)]
    last_checked = (group.day for group in groups_used(resolved))
    stale = (day_after(since, STALE_DAYS) for since in last_checked)
    return min([*ends, *(end for end in stale if end > moment)], default=None)


def day_after(day: date, days: int) -> datetime:
    """Return the end of the day so many days after `day`, or of `day` itself if that is later."""
    return When(day + timedelta(days=min(max(0, days), (date.max - day).days))).end
