"""From a policy and the world of one day to sets of addresses.

Precedence is decided here and nowhere else, and is set algebra, so that the order of entries,
lists and files cannot matter:

    selected(list) = block - except               for a list that blocks
    selected(list) = everything - allow - except  for a list that allows
    addresses(list) = selected(list) - never_block

`list:NAME` is what the other list selects: protection is applied once, at the end, to each.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from blockc.addresses.addrmap import AddrMap
from blockc.addresses.addrset import AddrSet
from blockc.addresses.world import World
from blockc.definitions import Findings
from blockc.errors import PolicyError
from blockc.policy.countries import NO_COUNTRY
from blockc.policy.gather import ReadFile
from blockc.policy.model import Canary, List, Note, Policy, Spared, Written
from blockc.policy.schedule import WARN_DAYS, Schedule, days_left, schedule_on
from blockc.policy.selectors import ListOf
from blockc.policy.terms import Counts, Data, Feeds, Terms


@dataclass(frozen=True, slots=True)
class Chosen:
    """What one entry of a list stands for today. `role` is the key it stands under."""

    role: str
    written: Written
    counts: Counts
    spared: Spared | None = None
    days_left: int | None = None

    @property
    def count(self) -> int:
        """Return the number of addresses of all families."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class ResolvedList:
    """A list as it is on one day: its addresses, and what happens to their traffic."""

    wanted: List
    addresses: AddrSet
    schedule: Schedule
    chosen: tuple[Chosen, ...]

    @property
    def name(self) -> str:
        """Return the name of the list."""
        return self.wanted.name


@dataclass(frozen=True, slots=True)
class Resolved:
    """A policy as it is on one day.

    Invariant: lists are in order of name; none holds an address of `protected`.
    """

    policy: Policy
    as_of: date
    lists: tuple[ResolvedList, ...]
    protected: AddrSet
    chosen: tuple[Chosen, ...]
    notes: tuple[Note, ...]

    def list_of(self, name: str) -> ResolvedList:
        """Return the list called `name`."""
        return next(one for one in self.lists if one.name == name)


def resolve(
    policy: Policy,
    world: World,
    *,
    read_file: ReadFile,
    as_of: date,
    feeds: Feeds | None = None,
    allow_expired: bool = False,
) -> Resolved:
    """Return what `policy` means on the day `as_of`.

    Args:
        policy: A checked policy.
        world: Who holds which address.
        read_file: Returns the bytes of a file named by `file:`; OSError if there is none.
        as_of: A UTC day.
        feeds: What `feed:` and `asn:` stand for.
        allow_expired: Leave ended exceptions out with a note, instead of refusing them.

    Raises:
        Mistakes: Every entry that cannot be resolved, and every canary that came out wrong.
    """
    terms = Terms(Data(world, policy.groups, policy.guard, read_file, feeds))
    work = _Work(terms, as_of, allow_expired=allow_expired)
    never_block = work.choose("never_block", policy.protect.never_block)
    for one in _references_first(policy):
        work.select(one)
    protected = work.union(never_block)
    lists = tuple(work.finished(one, protected) for one in policy.lists)
    work.require_canaries(policy, lists)
    work.findings.require_none()
    return Resolved(
        policy,
        as_of,
        lists,
        protected,
        tuple(never_block),
        (*policy.notes, *work.notes),
    )


def countries_map(world: World) -> AddrMap:
    """Return the registered country of every address, `ZZ` where there is none.

    `ZZ` is space delegated without a country and all that is not delegated, listed or not: so
    the files of `split_by = "country"` together are exactly the list, whatever it selects.
    """
    mapped = world.countries()
    names = (NO_COUNTRY, *(name for name in mapped.names[1:] if name != NO_COUNTRY))
    table = np.array([names.index(name or NO_COUNTRY) for name in mapped.names], dtype=np.int32)
    return AddrMap(tuple(part.relabel(table[part.labels]) for part in mapped.parts), names)


@dataclass(slots=True)
class _Work:
    """What was found so far while a policy is resolved."""

    terms: Terms
    as_of: date
    allow_expired: bool
    findings: Findings = field(default_factory=lambda: Findings(PolicyError))
    notes: list[Note] = field(default_factory=list)
    entries: dict[str, tuple[Chosen, ...]] = field(default_factory=dict)

    def choose(self, role: str, entries: Iterable[Written]) -> list[Chosen]:
        """Return what each entry stands for, noting those that stand for nothing known."""
        found = ((written, self._counts(written)) for written in entries)
        return [Chosen(role, written, counts) for written, counts in found if counts]

    def union(self, chosen: Iterable[Chosen]) -> AddrSet:
        """Return what any of `chosen` stands for."""
        return self.terms.union(one.written for one in chosen)

    def select(self, one: List) -> None:
        """Find what a list selects; the lists it refers to have been found before."""
        sides = self.choose("block", one.block) + self.choose("allow", one.allow)
        spared = self._spared(one)
        asked = self.union(sides)
        wanted = ~asked if one.allow else asked
        self.terms.lists[one.name] = wanted - self.union(spared) if spared else wanted
        self.entries[one.name] = (*sides, *spared)

    def finished(self, one: List, protected: AddrSet) -> ResolvedList:
        """Return a list with protection applied."""
        selected = self.terms.lists[one.name]
        addresses = selected - protected if protected else selected
        schedule = schedule_on(one.stages, self.as_of)
        return ResolvedList(one, addresses, schedule, self.entries[one.name])

    def require_canaries(self, policy: Policy, lists: Sequence[ResolvedList]) -> None:
        """Note every canary that came out wrong, whatever the stage of the lists."""
        for canary in policy.protect.must_block:
            wanted = self._set_of(canary)
            if all(wanted - one.addresses for one in lists):
                said = f"{canary.addresses} must be blocked, and no list blocks it"
                self.findings.add(canary.place, said)
        for canary in policy.protect.must_allow:
            wanted = self._set_of(canary)
            for one in lists:
                if one.wanted.block and wanted & one.addresses:
                    said = f"{canary.addresses} must be allowed, and list {one.name!r} blocks it"
                    self.findings.add(canary.place, said)

    def _set_of(self, canary: Canary) -> AddrSet:
        where = canary.addresses
        return AddrSet.of_ranges([(where.family, where.first, where.last)], self.terms.families)

    def _counts(self, written: Written) -> Counts | None:
        try:
            counts = self.terms.counts(written)
        except PolicyError as mistake:
            self.findings.add_error(written.place, mistake)
            return None
        if not any(counts.values()):
            self.notes.append(Note(written.place, f"{written.selector} has no addresses"))
        return counts

    def _spared(self, one: List) -> list[Chosen]:
        """Return the exceptions in force; one that has ended is a mistake, or a note if allowed."""
        in_force = [spared for spared in one.spared if not self._ended(one, spared)]
        counts = ((spared, self._counts(spared.written)) for spared in in_force)
        return [
            Chosen("except", spared.written, found, spared, days_left(spared, self.as_of))
            for spared, found in counts
            if found
        ]

    def _ended(self, one: List, spared: Spared) -> bool:
        """Return whether an exception no longer holds, and say so in time."""
        left = days_left(spared, self.as_of)
        if left is None or left > WARN_DAYS:
            return False
        place, name = spared.written.place, f"exception {spared.written.selector}"
        if left >= 0:
            days = "today" if left == 0 else "in 1 day" if left == 1 else f"in {left} days"
            said = f"{name} of list {one.name!r} ends {days}, on {spared.until}"
            self.notes.append(Note(place, f"{said}; {spared.owner} owns it"))
        elif self.allow_expired:
            said = f"{name} of list {one.name!r} ended on {spared.until} and is left out"
            self.notes.append(Note(place, said))
        else:
            said = f"{name} of list {one.name!r} ended on {spared.until}"
            hint = f"ask {spared.owner}, then remove or prolong it, or pass --allow-expired"
            self.findings.add(place, said, hint=hint)
        return left < 0


def _references_first(policy: Policy) -> Iterator[List]:
    """Yield every list after the lists it refers to; `parse` has refused circles."""
    done: set[str] = set()

    def visit(one: List) -> Iterator[List]:
        if one.name in done:
            return
        done.add(one.name)
        for written in (*one.block, *one.allow, *(spared.written for spared in one.spared)):
            if isinstance(written.selector, ListOf):
                yield from visit(policy.list_of(written.selector.name))
        yield one

    for one in policy.lists:
        yield from visit(one)
