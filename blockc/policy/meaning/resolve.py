"""From a policy and the world of one day to sets of addresses.

Precedence is decided here and nowhere else, and is set algebra, so that the order of entries,
lists and files cannot matter:

    selected(list) = block - except               for a list that blocks
    selected(list) = everything - allow - except  for a list that allows
    addresses(list) = selected(list) - never_block

`list:NAME` is what the other list selects: protection is applied once, at the end, to each.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from graphlib import TopologicalSorter
from itertools import chain

import numpy as np

from blockc.addresses.addrmap import AddrMap
from blockc.addresses.addrset import AddrSet
from blockc.errors import PolicyError
from blockc.policy.meaning.canaries import require_canaries
from blockc.policy.meaning.schedule import WARN_DAYS, Schedule, days_left, schedule_at
from blockc.policy.meaning.selector_sets import (
    EMPTY_HINT,
    Counts,
    Feeds,
    SelectorData,
    SelectorSets,
)
from blockc.policy.meaning.slot_matrix import Rows, SlotMatrix, inverse, without
from blockc.policy.model import Exemption, List, LocatedSelector, Note, Policy
from blockc.policy.syntax.includes import ReadFile
from blockc.policy.syntax.selectors import AddressRange, GroupSelector, ListSelector
from blockc.registries.countries import NO_COUNTRY
from blockc.registries.registry_map import RegistryMap
from blockc.tomlio.tables import Findings, Place
from blockc.tomlio.when import When
from blockc.values import Changing, Value, field

STALE_DAYS = 365
_EMPTY_LIST_HINT = "give the list allow_empty = true if that is right"


class ListEntry(Value):
    """One entry of a list that holds today. `role` is the key it stands under."""

    role: str
    located: LocatedSelector
    exemption: Exemption | None = None


class CountedEntry(Value):
    """An entry and what it stands for today.

    `counts`: addresses, one number per family.
    `days_left`: of an exception with an end; 0 on its last day.
    """

    entry: ListEntry
    counts: Counts
    days_left: int | None = None


class ResolvedList(Value):
    """A list as it is on one day: its addresses, and what happens to their traffic."""

    definition: List
    addresses: AddrSet
    schedule: Schedule
    entries: tuple[CountedEntry, ...]

    @property
    def name(self) -> str:
        """Return the name of the list."""
        return self.definition.name


class Resolved(Value, eq=False):
    """A policy as it is at one moment, in UTC.

    Invariant: lists are in order of name; none holds an address of `protected`. `matrix` is what
    the lists were drawn on.
    """

    policy: Policy
    moment: datetime
    lists: tuple[ResolvedList, ...]
    protected: AddrSet
    never_block: tuple[CountedEntry, ...]
    notes: tuple[Note, ...]
    matrix: SlotMatrix

    @property
    def as_of(self) -> date:
        """Return the UTC day of the moment."""
        return self.moment.date()

    def list_of(self, name: str) -> ResolvedList:
        """Return the list called `name`."""
        return next(one for one in self.lists if one.name == name)


def resolve(
    policy: Policy,
    world: RegistryMap,
    *,
    read_file: ReadFile,
    as_of: date,
    feeds: Feeds | None = None,
    allow_expired: bool = False,
) -> Resolved:
    """Return what `policy` means at one moment.

    Args:
        policy: A checked policy.
        world: Who holds which address.
        read_file: Returns the bytes of a file named by `file:`; OSError if there is none.
        as_of: An instant, or a UTC day, which is its first moment.
        feeds: What `feed:` and `asn:` stand for.
        allow_expired: Leave ended exceptions out with a note, instead of refusing them.

    Raises:
        Mistakes: Every entry that cannot be resolved, and every canary that came out wrong.
    """
    found = resolve_whatever(
        policy,
        world,
        read_file=read_file,
        as_of=as_of,
        feeds=feeds,
        allow_expired=allow_expired,
    )
    never_block = [counted.entry for counted in found.never_block]
    require_canaries(policy.protect, found.lists, never_block, found.matrix)
    return found


def resolve_whatever(
    policy: Policy,
    world: RegistryMap,
    *,
    read_file: ReadFile,
    as_of: date,
    feeds: Feeds | None = None,
    allow_expired: bool = False,
) -> Resolved:
    """Return the same whatever the canaries say: to explain why one came out wrong, not to build.

    Raises:
        Mistakes: Every entry that cannot be resolved.
    """
    selectors = SelectorSets(SelectorData(world, policy.groups, policy.guard, read_file, feeds))
    moment = When(as_of).begin
    work = _Work(selectors, moment, allow_expired=allow_expired)
    entries = {one.name: work.entries(one) for one in policy.lists}
    never_block = work.known("never_block", policy.protect.never_block)
    work.findings.require_none()
    everything = chain(never_block, *entries.values())
    matrix = SlotMatrix.of(selectors, [entry.located for entry in everything])
    protected = matrix.union([entry.located for entry in never_block])
    for one in references_first(policy):
        matrix.lists[one.name] = selected_rows(one, entries[one.name], matrix)
    lists = tuple(
        work.resolved_list(one, entries[one.name], protected, matrix) for one in policy.lists
    )
    counted = work.counted(never_block, matrix)
    work.findings.require_none()
    notes = (*policy.notes, *work.notes)
    spared = matrix.addresses(protected)
    return Resolved(policy, moment, lists, spared, counted, notes, matrix)


def countries_map(world: RegistryMap) -> AddrMap:
    """Return the registered country of every address, `ZZ` where there is none.

    `ZZ` is space delegated without a country and all that is not delegated, listed or not: so
    the files of `split_by = "country"` together are exactly the list, whatever it selects.
    """
    mapped = world.countries()
    names = (NO_COUNTRY, *(name for name in mapped.names[1:] if name != NO_COUNTRY))
    table = np.array([names.index(name or NO_COUNTRY) for name in mapped.names], dtype=np.int32)
    return AddrMap(tuple(part.relabel(table[part.labels]) for part in mapped.parts), names)


def selected_rows(one: List, entries: Sequence[ListEntry], matrix: SlotMatrix) -> Rows:
    """Return what a list selects: the lists it refers to have been found before."""
    asked = matrix.union([entry.located for entry in entries if entry.role != "except"])
    exempt = matrix.union([entry.located for entry in entries if entry.role == "except"])
    return without(inverse(asked) if one.allow else asked, exempt)


class _Work(Changing):
    """What was found so far while a policy is resolved."""

    selectors: SelectorSets
    moment: datetime
    allow_expired: bool
    findings: Findings = field(default_factory=lambda: Findings(PolicyError))
    notes: list[Note] = field(default_factory=list)

    def entries(self, one: List) -> list[ListEntry]:
        """Return the entries of a list that hold today, noting those that cannot be resolved."""
        sides = self.known("block", one.block) + self.known("allow", one.allow)
        in_force = (exemption for exemption in one.exemptions if not self._ended(one, exemption))
        return sides + [
            ListEntry("except", exemption.located, exemption)
            for exemption in in_force
            if self._is_known(exemption.located)
        ]

    def known(self, role: str, entries: Iterable[LocatedSelector]) -> list[ListEntry]:
        """Return `entries`, noting those that cannot be resolved."""
        return [ListEntry(role, located) for located in entries if self._is_known(located)]

    def resolved_list(
        self, one: List, entries: Sequence[ListEntry], protected: Rows, matrix: SlotMatrix
    ) -> ResolvedList:
        """Return a list with protection applied and its entries counted."""
        addresses = matrix.addresses(without(matrix.lists[one.name], protected))
        schedule = schedule_at(one.stages, self.moment)
        counted = self.counted(entries, matrix, allow_empty=one.allow_empty)
        if not one.allow_empty:
            self._require_some(one, counted, addresses)
            self._note_families(one, counted, addresses)
        return ResolvedList(one, addresses, schedule, counted)

    def _require_some(self, one: List, counted: Sequence[CountedEntry], addresses: AddrSet) -> None:
        """Note a list that blocks nobody, or everybody because it allows nobody.

        An entry that stands for nothing and may not is a mistake of its own, reported already.
        """
        sides = [entry for entry in counted if entry.entry.role != "except"]
        side = "allow" if one.allow else "block"
        if not any(any(entry.counts) for entry in sides):
            if not all(entry.entry.located.allow_empty for entry in sides):
                return
            effect = "it blocks every address" if one.allow else "it blocks nothing"
            said = f"list {one.name!r} has no addresses in {side}: {effect}"
        elif not addresses:
            said = f"list {one.name!r} blocks nothing: everything in it is allowed or spared"
        else:
            return
        self.findings.add_name(one.place / side, said, hint=_EMPTY_LIST_HINT)

    def _note_families(
        self, one: List, counted: Sequence[CountedEntry], addresses: AddrSet
    ) -> None:
        """Note a family that a list blocks whole, or not at all, and another that it does not.

        Every target holds both families, so a list that was written with one in mind decides about
        the other too. What an entry says of a whole family is meant.
        """
        for place, family in enumerate(self.selectors.families):
            asked = [entry for entry in counted if entry.counts[place]]
            spared = [entry for entry in asked if one.allow or entry.entry.role == "except"]
            left = addresses.count_of(family)
            if one.allow and not spared and any(any(entry.counts) for entry in counted):
                key, said = "allow", f"allows no IPv{family.version}: it blocks all of it"
            elif not one.allow and asked and not left and addresses:
                if any(entry.counts[place] == family.size for entry in spared):
                    continue
                said = f"blocks no IPv{family.version}: all of it is allowed or spared"
                key = "except" if spared else "block"
            else:
                continue
            said = f"list {one.name!r} {said}; {_EMPTY_LIST_HINT}"
            self.notes.append(Note(one.place / key, said))

    def counted(
        self, entries: Iterable[ListEntry], matrix: SlotMatrix, *, allow_empty: bool = False
    ) -> tuple[CountedEntry, ...]:
        """Return entries with their counts, noting those without any address."""
        return tuple(
            self._counted(entry, matrix, allow_empty=allow_empty or entry.located.allow_empty)
            for entry in entries
        )

    def _counted(self, entry: ListEntry, matrix: SlotMatrix, *, allow_empty: bool) -> CountedEntry:
        selector = entry.located.selector
        if isinstance(selector, ListSelector):
            counts = self.selectors.count(matrix.addresses(matrix.lists[selector.name]))
        else:
            counts = self.selectors.counts(entry.located)
        if not any(counts):
            said = f"{selector} has no addresses"
            if allow_empty:
                self.notes.append(Note(entry.located.place, said))
            else:
                self.findings.add(entry.located.place, said, hint=EMPTY_HINT)
        if isinstance(selector, GroupSelector):
            self._note_age(selector, entry.located.place)
        left = days_left(entry.exemption, self.moment) if entry.exemption else None
        return CountedEntry(entry, counts, left)

    def _note_age(self, selector: GroupSelector, place: Place) -> None:
        day = self.selectors.data.groups[selector.name].day
        if (self.moment.date() - day).days > STALE_DAYS:
            said = f"{selector} was last checked on {day}, more than a year ago"
            self.notes.append(Note(place, said))

    def _is_known(self, located: LocatedSelector) -> bool:
        if isinstance(located.selector, ListSelector | AddressRange):
            return True
        try:
            self.selectors.counts(located)
        except PolicyError as mistake:
            self.findings.add_error(located.place, mistake)
            return False
        return True

    def _ended(self, one: List, exemption: Exemption) -> bool:
        """Return whether an exception no longer holds, and say so in time."""
        left = days_left(exemption, self.moment)
        if left is None or left > WARN_DAYS:
            return False
        place, name = exemption.located.place, f"exception {exemption.located.selector}"
        if left >= 0:
            days = "today" if left == 0 else "in 1 day" if left == 1 else f"in {left} days"
            said = f"{name} of list {one.name!r} ends {days}, on {exemption.until}"
            self.notes.append(Note(place, f"{said}; {exemption.owner} owns it"))
        elif self.allow_expired:
            said = f"{name} of list {one.name!r} ended on {exemption.until} and is left out"
            self.notes.append(Note(place, said))
        else:
            said = f"{name} of list {one.name!r} ended on {exemption.until}"
            hint = f"ask {exemption.owner}, then remove or prolong it, or pass --allow-expired"
            self.findings.add(place, said, hint=hint)
        return left < 0


def references_first(policy: Policy) -> Iterator[List]:
    """Yield every list after the lists it refers to; `parse` has refused circles."""
    named = {one.name: one for one in policy.lists}
    order = TopologicalSorter({one.name: one.references for one in policy.lists})
    yield from map(named.__getitem__, order.static_order())
