"""What differs between two states: which addresses, in which list and country, and why.

A state says for every address what each list does with it. A list that is `off`, or is not there,
does nothing. So each address of a list has an action before and one after, and where the two
differ it was added, removed, or moved from one action to another.

The reason is found by going from the one state to the other in steps, one cause each. An address
that differs in the end left its old action for good in one step, and the cause of that is its
cause: the causes of a change are disjoint and sum up to it. So what the data listed anew is due to
the data, also where a stage begins to block on the same day.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.addrmap import AddrMap
from blockc.addresses.addrset import AddrSet
from blockc.addresses.columns import Column
from blockc.addresses.family import FAMILIES, Family
from blockc.addresses.partition import Labels, Partition, overlay
from blockc.addresses.totals import totals
from blockc.registries.records import Records
from blockc.values import Value, field

OFF = "off"  # what a list does that is not there, or whose first stage has not begun
Entries = Mapping[Family, int]


class Cause(StrEnum):
    """Why an address is treated differently."""

    DATA = "data"  # the sources say something else
    POLICY = "policy"  # the operator's files do
    DATE = "date"  # a stage began, or an exception ended
    VERSION = "version"  # another blockc reads the same differently
    UNKNOWN = "unknown"  # nobody kept what the older state was made from


class ListState(Value):
    """What a list does, `off` included, and the addresses that it does it to."""

    action: str
    addresses: AddrSet

    @property
    def in_force(self) -> AddrSet:
        """Return the addresses that something is done to."""
        return AddrSet.empty(self.addresses.families) if self.action == OFF else self.addresses


def nobody_knows(families: Sequence[Family] = FAMILIES) -> AddrMap:
    """Return the map of countries where no registry was asked."""
    return AddrMap.of_set(AddrSet.empty(families))


class PolicyState(Value, eq=False):
    """What a policy, or whatever else lists addresses, says at one moment.

    Attributes:
        lists: By name. All of them, and the map, speak about the same families.
        countries: The registered country of every address, an empty name where there is none.
        records: What the registries delegated, to name who is hit.
        entries: How many entries of each family an artifact has, by its path.
    """

    lists: Mapping[str, ListState]
    countries: AddrMap = field(default_factory=nobody_knows)
    records: Sequence[Records] = ()
    entries: Mapping[str, Entries] = field(default_factory=dict)


class Step(Value, eq=False):
    """One cause, and the state that it led to."""

    cause: Cause
    state: PolicyState


class Cell(Value):
    """How many addresses of a family of a list changed in one and the same way.

    Attributes:
        before, after: What the list did and does with them; `off` is nothing.
        country_before, country_after: Where they are registered, empty where nobody knows.
    """

    family: Family
    before: str
    after: str
    country_before: str
    country_after: str
    cause: Cause
    addresses: int

    @property
    def kind(self) -> str:
        """Return `added`, `removed` or `moved`."""
        return "added" if self.before == OFF else "removed" if self.after == OFF else "moved"


class ListChange(Value, eq=False):
    """How a list differs.

    Attributes:
        before, after: Its action.
        added, removed: The addresses that something is done to now, and those left alone again.
        moved: Those with another action now.
        had, has: How many addresses of each family something was, and is, done to.
        cells: The same as numbers, the largest of each family first.
    """

    name: str
    before: str
    after: str
    added: AddrSet
    removed: AddrSet
    moved: AddrSet
    had: Mapping[Family, int]
    has: Mapping[Family, int]
    cells: tuple[Cell, ...]

    def parts(self) -> Iterator[tuple[str, AddrSet]]:
        """Yield the kind of each part that holds an address, and the addresses."""
        for kind in ("added", "removed", "moved"):
            if found := getattr(self, kind):
                yield kind, found

    def count(self, kind: str, family: Family) -> int:
        """Return how many addresses of a family changed in this way."""
        return sum(c.addresses for c in self.cells if c.kind == kind and c.family == family)


class EntriesChange(Value):
    """An artifact whose number of entries differs; an empty mapping where there is none."""

    path: str
    before: Entries
    after: Entries


class PolicyChange(Value, eq=False):
    """How two states differ: the lists and the artifacts that do, in order of name."""

    lists: tuple[ListChange, ...]
    entries: tuple[EntriesChange, ...]

    def __bool__(self) -> bool:
        return bool(self.lists)

    def cells(self) -> Iterator[tuple[ListChange, Cell]]:
        """Yield every number of the change with the list it belongs to."""
        yield from ((one, cell) for one in self.lists for cell in one.cells)


def change(before: PolicyState, steps: Sequence[Step]) -> PolicyChange:
    """Return how the state of the last step differs from the one before.

    Args:
        before: What is compared with.
        steps: What led from there to the last state, at least one.

    Cost: O(n log n) for n runs in the lists that differ, and in the maps of countries.
    """
    states = [before, *(step.state for step in steps)]
    causes = [step.cause for step in steps]
    names = sorted(before.lists.keys() | states[-1].lists.keys())
    found = (_list_change(name, states, causes) for name in names)
    return PolicyChange(
        tuple(one for one in found if one), tuple(_entries_changes(before, states[-1]))
    )


def _entries_changes(before: PolicyState, after: PolicyState) -> Iterator[EntriesChange]:
    for path in sorted(before.entries.keys() | after.entries.keys()):
        was, now = dict(before.entries.get(path, {})), dict(after.entries.get(path, {}))
        if was != now:
            yield EntriesChange(path, was, now)


def _list_change(
    name: str, states: Sequence[PolicyState], causes: Sequence[Cause]
) -> ListChange | None:
    families = states[0].countries.families
    nothing = ListState(OFF, AddrSet.empty(families))
    path = [state.lists.get(name, nothing) for state in states]
    forces = [one.in_force for one in path]
    before, after = forces[0], forces[-1]
    if before == after and (not before or path[0].action == path[-1].action):
        return None
    actions = [one.action for one in path]
    parts = [_runs(actions, [force.part(family) for force in forces]) for family in families]
    cells = [_cells(runs, actions, causes, states[0], states[-1]) for runs in parts]
    both = before & after
    return ListChange(
        name=name,
        before=path[0].action,
        after=path[-1].action,
        added=after - before,
        removed=before - after,
        moved=AddrSet.empty(families) if actions[0] == actions[-1] else both,
        had={family: before.count_of(family) for family in families},
        has={family: after.count_of(family) for family in families},
        cells=tuple(cell for found in cells for cell in found),
    )


class _Runs(Value, eq=False):
    """The runs of a family whose action differs.

    Attributes:
        start, last: Their first and last address, inclusive.
        was, now: Whether something was, and is, done to them.
        step: In which step they left their old action for good, from 0.
    """

    family: Family
    start: Column
    last: Column
    was: NDArray[np.bool_]
    now: NDArray[np.bool_]
    step: NDArray[np.intp]


def _runs(actions: Sequence[str], parts: Sequence[Partition]) -> _Runs:
    """Return the runs that differ between the first and the last of these sets of one family."""
    family = parts[0].family
    slots, held = overlay(*parts)
    kinds = {action: number for number, action in enumerate(dict.fromkeys(actions), start=1)}
    done = [np.where(row, kinds[action], 0) for action, row in zip(actions, held, strict=True)]
    differs = np.flatnonzero(done[0] != done[-1])
    step = np.zeros(len(differs), dtype=np.intp)
    for number, (old, new) in enumerate(pairwise(done)):
        leaves = (old == done[0]) & (new != done[0])
        step[leaves[differs]] = number
    lasts = columns.before(family, np.roll(slots, -1))
    was, now = held[0][differs], held[-1][differs]
    return _Runs(family, slots[differs], lasts[differs], was, now, step)


def _cells(
    runs: _Runs,
    actions: Sequence[str],
    causes: Sequence[Cause],
    before: PolicyState,
    after: PolicyState,
) -> list[Cell]:
    """Return the runs as numbers by action, cause and country, the largest first."""
    family = runs.family
    old = before.countries.part(family).cut(runs.start, runs.last)
    new = after.countries.part(family).cut(old.start, old.last)
    origin = old.span[new.span]
    keys = [runs.was[origin], runs.now[origin], runs.step[origin], old.labels[new.span], new.labels]
    kinds, which = grouped(keys)
    counts = totals(family, new.start, new.last, which, len(kinds))
    cells = [
        Cell(
            family=family,
            before=actions[0] if was else OFF,
            after=actions[-1] if now else OFF,
            country_before=before.countries.names[there],
            country_after=after.countries.names[here],
            cause=causes[step],
            addresses=count,
        )
        for (was, now, step, there, here), count in zip(kinds, counts, strict=True)
    ]
    return sorted(_summed(cells), key=lambda cell: -cell.addresses)


def grouped(keys: Sequence[Labels]) -> tuple[list[list[int]], NDArray[np.int32]]:
    """Return the distinct rows of some columns of small numbers, and which of them each row is."""
    code = np.zeros(len(keys[0]), dtype=np.int64)
    for key in keys:
        code = code * (int(key.max(initial=0)) + 1) + key
    distinct = columns.distinct(code)
    which = np.searchsorted(distinct, code).astype(np.int32)
    at = np.zeros(len(distinct), dtype=np.intp)
    at[which] = np.arange(len(code))
    return np.stack([key[at] for key in keys], axis=1).tolist(), which


def _summed(cells: Iterable[Cell]) -> Iterator[Cell]:
    """Yield cells with those together that only differ in a step of the same cause."""
    found: dict[tuple[Any, ...], Cell] = {}
    for cell in cells:
        key = (
            cell.before, cell.after, cell.country_before, cell.country_after, cell.cause
        )  # fmt: skip
        known = found.get(key)
        total = cell.addresses + (known.addresses if known else 0)
        found[key] = Cell(cell.family, *key, total)
    yield from found.values()
