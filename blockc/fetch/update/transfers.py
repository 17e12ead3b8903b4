"""Space that moved to another registry has not vanished: the registries' files are judged together.

A registry's file may be refused because it delegates too much less than the one before. What
another registry's file delegates now was transferred, and does not count. The two files do not
always come on one day: space that stands in no file at all is on its way, and the data before it is
used until both agree, or for some days.

Nor has space changed its country because one file says so of very much of it: a file with as many
records as ever, in which a third of a country is another one, is refused.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta

import numpy as np

from blockc.fetch.definition import Source
from blockc.fetch.snapshot import Snapshot
from blockc.fetch.update.decision import SourceOutcome, UpdateResult
from blockc.fetch.update.tools import RegistryRecords
from blockc.registries.moves import Move, country_shifts, moves, relabelled
from blockc.registries.records import Records
from blockc.registries.registry_map import RegistryMap
from blockc.values import Value, replace
from blockc.vocabulary import RIRS

Snapshots = Mapping[str, Snapshot]  # by registry
Accept = Callable[[Source, Snapshot], SourceOutcome]
TakeBack = Callable[[SourceOutcome, str], SourceOutcome]
_LEAST_SHIFT = 1 << 16  # IPv4 addresses, or /48: a shift of less is news and nothing to ask about
_WAIT = timedelta(days=4)  # how old data may grow that is used while space is on its way
_MOST_ON_ITS_WAY = 0.05  # of a registry; the largest transfer of a day had 2.1 % of LACNIC
_NEWS = 0.001  # of a registry's space: a transfer of that much is worth a line
_SHIFT = 0.01  # of a country's space: that much in another country overnight is worth a warning


def judged_together(
    outcomes: Sequence[SourceOutcome],
    locked: Snapshots,
    records: RegistryRecords,
    accept: Accept,
    take_back: TakeBack,
) -> tuple[SourceOutcome, ...]:
    """Return `outcomes` with those changed that the files of all registries show in another light.

    Args:
        locked: What builds use until now, by name of the source.
        records: Returns what a snapshot lists, None if it is not at hand.
        accept: Updates a source once more and accepts this snapshot.
        take_back: Refuses after all what came, with the reason.
    """
    found = {one.source.name: one for one in outcomes}
    current = {name: locked[name] for name in RIRS if name in locked}
    before = current | {one.source.registry: one.before for one in outcomes if one.before}
    current |= {one.source.registry: one.snapshot for one in outcomes if one.snapshot}
    for one in outcomes:
        registry = one.source.registry
        if not (registry and one.refused and one.shrank and registry in before):
            continue
        old, after = records(registry, before[registry]), {**current, registry: one.refused}
        world = _world(records, after)
        if not old or not world:
            continue
        loss = _Loss.of(old, world)
        if not loss.too_much(one, before[registry]):
            origin = one.refused.url == one.source.urls[0]
            result = UpdateResult.ORIGIN if origin else UpdateResult.MIRROR
            found[one.source.name] = replace(accept(one.source, one.refused), result=result)
            current = after
        elif loss.may_be_on_its_way(one, before[registry]):
            found[one.source.name] = _waiting(one, loss)
    worlds = _worlds(before, current, records)
    if worlds:
        world, changed = worlds[0], moves(*worlds)
        refused = dict(_refusals(found, world, changed))
        if not refused:
            return _with_news(found, before, world, changed)
        found |= {name: take_back(found[name], said) for name, said in refused.items()}
    return tuple(found.values())


def _refusals(
    found: Mapping[str, SourceOutcome], old: RegistryMap, changed: Sequence[Move]
) -> Iterator[tuple[str, str]]:
    """Yield each source whose new file calls too much of a country another one, and the reason."""
    new = {one.source.registry: one for one in found.values() if one.result in _NEW}
    reasons: dict[str, list[str]] = {}
    for shift in relabelled(old, changed):
        one = new.get(shift.registry)
        units = shift.addresses >> max(0, shift.family.width - 48)
        if one and units >= _LEAST_SHIFT and shift.share > one.source.expect.max_country_shift:
            to = ", ".join(f"{country} ({count:,})" for country, count in shift.countries[:3])
            more = " and others" if len(shift.countries) > 3 else ""
            reasons.setdefault(one.source.name, []).append(
                f"{shift.share:.1%} of the {shift.family.name} addresses of {shift.before} are "
                f"registered in {to}{more} in it, more than expect.max_country_shift = "
                f"{one.source.expect.max_country_shift} allows"
            )
    yield from ((name, "; ".join(said)) for name, said in reasons.items())


_NEW = (UpdateResult.ORIGIN, UpdateResult.MIRROR)


def _waiting(one: SourceOutcome, loss: "_Loss") -> SourceOutcome:
    amounts = " and ".join(f"{count:,} {name}" for name, count in loss.on_the_way.items() if count)
    day = one.refused.facts.date if one.refused else None
    said = (
        f"{amounts} addresses are not in its file of {day} any more and in no other registry's "
        f"yet; the data before it is used until another registry has them, or is {_WAIT.days} days "
        "old"
    )
    return replace(one, result=UpdateResult.KEPT, problems=(said,))


class _Loss(Value):
    """What a registry delegated before and nobody delegates now.

    Attributes:
        on_the_way: Addresses that stand in no registry's file, by name of the family.
        given_up: Addresses that a file calls available or reserved.
        records: How many of its records began in either.
        records_given_up: How many of these began in what a file calls available or reserved.
    """

    on_the_way: Mapping[str, int]
    given_up: Mapping[str, int]
    records: Mapping[str, int]
    records_given_up: Mapping[str, int]

    @classmethod
    def of(cls, before: Sequence[Records], after: RegistryMap) -> "_Loss":
        """Return what of the records `before`, one part for each family, `after` has no more."""
        names = [family.name for family in after.families]
        on_the_way, given_up = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
        for move in moves(RegistryMap.of(before), after):
            if not move.after.delegated:
                kind = given_up if move.after.registry else on_the_way
                kind[move.family.name] += move.addresses
        ours = {part.family: part.take(part.delegated) for part in before}
        gone, listed = {}, {}
        for part, delegated in zip(after.parts, after.delegated().parts, strict=True):
            start = ours[part.family].start
            free = delegated.at(start) == 0
            gone[part.family.name] = int(np.count_nonzero(free))
            listed[part.family.name] = int(np.count_nonzero(free & (part.at(start) != 0)))
        return cls(on_the_way, given_up, gone, listed)

    def too_much(self, one: SourceOutcome, before: Snapshot) -> bool:
        """Return whether more is nobody's now than the source may lose."""
        gone = {name: self.on_the_way[name] + self.given_up[name] for name in self.given_up}
        return _exceeds(one, before, gone, self.records)

    def may_be_on_its_way(self, one: SourceOutcome, before: Snapshot) -> bool:
        """Return whether no more is given up than may be, and the rest can be a transfer."""
        few = all(
            self.on_the_way[family] <= had.addresses * _MOST_ON_ITS_WAY
            for family, had in before.facts.holds.items()
        )
        young = one.age is not None and one.age < _WAIT
        return few and young and not _exceeds(one, before, self.given_up, self.records_given_up)


def _exceeds(
    one: SourceOutcome,
    before: Snapshot,
    addresses: Mapping[str, int],
    records: Mapping[str, int],
) -> bool:
    """Return whether a loss is larger than the shares that the source may lose."""
    expect, holds = one.source.expect, before.facts.holds
    return any(
        addresses[family] > had.addresses * expect.max_shrink_addresses
        or records[family] > had.records * expect.max_shrink_records
        for family, had in holds.items()
    )


def _world(records: RegistryRecords, snapshots: Snapshots) -> RegistryMap | None:
    """Return the world that these files describe; None if one of them is not at hand."""
    parts = [records(registry, snapshot) for registry, snapshot in snapshots.items()]
    return RegistryMap.of(part for found in parts for part in found or ()) if all(parts) else None


def _worlds(
    before: Snapshots, after: Snapshots, records: RegistryRecords
) -> tuple[RegistryMap, RegistryMap] | None:
    """Return the worlds before and after, None if they are one or not whole."""
    changed = any(before.get(name) != after.get(name) for name in RIRS)
    if not changed or not before.keys() >= set(RIRS) <= after.keys():
        return None
    old, new = _world(records, before), _world(records, after)
    return (old, new) if old and new else None


def _with_news(
    found: Mapping[str, SourceOutcome],
    before: Snapshots,
    old: RegistryMap,
    changed: Sequence[Move],
) -> tuple[SourceOutcome, ...]:
    """Return the outcomes with what moved between registries, and between countries."""
    said = dict(_news(before, old, changed))
    return tuple(
        replace(one, oddities=(*one.oddities, *said.get(one.source.registry, ())))
        for one in found.values()
    )


def _news(
    before: Snapshots, old: RegistryMap, changed: Sequence[Move]
) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield registry and lines about what it lost to others, and about countries that moved."""
    lines: dict[str, list[str]] = {name: [] for name in RIRS}
    for move in changed:
        had = before[move.before.registry].facts.holds.get(move.family.name)
        if move.is_transfer and had and move.addresses >= had.addresses * _NEWS:
            lines[move.before.registry].append(
                f"transfer: {move.addresses:,} {move.family.name} addresses went from "
                f"{move.before.registry} ({move.before.country or '--'}) to "
                f"{move.after.registry} ({move.after.country or '--'})"
            )
    for shift in country_shifts(old, changed):
        if shift.share >= _SHIFT:
            from_there = (one for one in changed if one.changes_country)
            largest = next(one for one in from_there if one.before.country == shift.before)
            lines[largest.before.registry].append(
                f"{shift.share:.1%} of the {shift.family.name} addresses of {shift.before} are "
                f"registered in {shift.after} now"
            )
    yield from lines.items()
