"""What a change is, one address at a time, on sets of small numbers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random

import numpy as np

from blockc.addresses.addrmap import AddrMap
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import Family
from blockc.addresses.partition import Partition
from blockc.changes.change import OFF, Cause, Cell, ListState, PolicyChange, PolicyState, Step
from blockc.values import Value

TOYS = (Family(0, 3), Family(1, 2))
CODES = ("", "AA", "BB")
ACTIONS = (OFF, "monitor", "block")
CAUSES = (Cause.VERSION, Cause.DATA, Cause.POLICY, Cause.DATE)
Members = Mapping[Family, frozenset[int]]


class Plain(Value, eq=False):
    """A state as sets: name -> action and members; family -> the country of each address."""

    lists: Mapping[str, tuple[str, Members]]
    countries: Mapping[Family, Sequence[int]]

    def state(self) -> PolicyState:
        """Return the same as the code has it."""
        return PolicyState(
            {name: ListState(does, as_set(held)) for name, (does, held) in self.lists.items()},
            country_map(self.countries),
        )

    def done(self, name: str, family: Family, address: int) -> str:
        """Return what a list does with an address."""
        does, held = self.lists.get(name, (OFF, dict.fromkeys(TOYS, frozenset[int]())))
        return does if address in held[family] else OFF


def as_set(members: Members) -> AddrSet:
    """Return members as a set of addresses."""
    ranges = [(family, one, one) for family, held in members.items() for one in held]
    return AddrSet.of_ranges(ranges, TOYS)


def country_map(countries: Mapping[Family, Sequence[int]]) -> AddrMap:
    """Return the map with these positions in `CODES`, address by address."""
    parts = [
        Partition.of(f, np.arange(f.size, dtype=np.uint64), np.array(countries[f], dtype=np.int32))
        for f in TOYS
    ]
    return AddrMap(tuple(parts), CODES)


def random_plain(random: Random, names: Sequence[str]) -> Plain:
    """Return a state in which some of the lists are, and some are not."""
    lists = {
        name: (
            random.choice(ACTIONS),
            {f: frozenset(random.sample(range(f.size), random.randrange(f.size))) for f in TOYS},
        )
        for name in names
        if random.random() < 0.8
    }
    countries = {f: [random.randrange(len(CODES)) for _ in range(f.size)] for f in TOYS}
    return Plain(lists, countries)


Key = tuple[str, Family, str, str, str, str, Cause]


def expected(path: Sequence[Plain], causes: Sequence[Cause]) -> Counter[Key]:
    """Return how many addresses changed in which way, found by asking one after another."""
    found: Counter[Key] = Counter()
    first, final = path[0], path[-1]
    for name in {name for plain in path for name in plain.lists}:
        for family in TOYS:
            for address in range(family.size):
                done = [plain.done(name, family, address) for plain in path]
                if done[0] == done[-1]:
                    continue
                step = max(n for n in range(len(causes)) if done[n] == done[0] != done[n + 1])
                there, here = (CODES[one.countries[family][address]] for one in (first, final))
                found[name, family, done[0], done[-1], there, here, causes[step]] += 1
    return found


def key_of(name: str, cell: Cell) -> Key:
    """Return what a cell counts."""
    return (
        name,
        cell.family,
        cell.before,
        cell.after,
        cell.country_before,
        cell.country_after,
        cell.cause,
    )


def counted(found: PolicyChange) -> Counter[Key]:
    """Return the numbers of a change; no key twice."""
    pairs = [(key_of(one.name, cell), cell.addresses) for one, cell in found.cells()]
    assert len({key for key, _ in pairs}) == len(pairs)
    return Counter(dict(pairs))


def steps_of(path: Sequence[Plain], causes: Sequence[Cause]) -> list[Step]:
    """Return the steps along a path."""
    return [Step(cause, one.state()) for cause, one in zip(causes, path[1:], strict=True)]
