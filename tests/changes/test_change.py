"""Changes: against an oracle of single addresses, and the laws they keep."""

from collections import Counter
from itertools import product
from random import Random

import pytest

from blockc.addresses.addrmap import AddrMap
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import V4, V6, Prefix
from blockc.changes.change import OFF, Cause, ListState, PolicyState, Step, change
from tests.addresses.toy import every_subset
from tests.changes.oracle import (
    CAUSES,
    TOYS,
    Plain,
    counted,
    expected,
    key_of,
    random_plain,
    steps_of,
)

SMALL = TOYS[1]


def test_every_pair_of_sets_and_actions_of_a_toy_family() -> None:
    none = frozenset[int]()
    nowhere = {family: [0] * family.size for family in TOYS}
    sets = every_subset(SMALL.width)
    does = [("block", "block"), ("monitor", "block"), (OFF, "block"), ("block", OFF)]
    cases = [(*pair, *actions) for pair in product(sets, sets) for actions in does]
    assert len(cases) == 16 * 16 * 4
    first, final = {}, {}
    for number, (old, new, was, now) in enumerate(cases):
        first[f"x{number}"] = was, {TOYS[0]: none, SMALL: old}
        final[f"x{number}"] = now, {TOYS[0]: none, SMALL: new}
    path = [Plain(first, nowhere), Plain(final, nowhere)]
    found = change(path[0].state(), steps_of(path, [Cause.DATA]))
    assert counted(found) == expected(path, [Cause.DATA])
    for one in found.lists:
        old, new, was, now = cases[int(one.name[1:])]
        before, after = none if was == OFF else old, none if now == OFF else new
        assert one.added == _set(after - before)
        assert one.removed == _set(before - after)
        assert one.moved == _set(before & after if was != now else none)
        assert (one.had[SMALL], one.has[SMALL]) == (len(before), len(after))
        assert (one.before, one.after) == (was, now)


def _set(members: frozenset[int]) -> AddrSet:
    return AddrSet.of_ranges([(SMALL, one, one) for one in members], TOYS)


@pytest.mark.parametrize("seed", range(150))
def test_random_paths_are_what_the_oracle_says(seed: int) -> None:
    random = Random(seed)
    length = random.randrange(1, 5)
    path = [random_plain(random, ["a", "b", "c"]) for _ in range(length + 1)]
    causes = [random.choice(CAUSES) for _ in range(length)]
    found = change(path[0].state(), steps_of(path, causes))
    assert counted(found) == expected(path, causes)
    assert [one.name for one in found.lists] == sorted(one.name for one in found.lists)


@pytest.mark.parametrize("seed", range(50))
def test_a_change_back_is_the_change_reversed(seed: int) -> None:
    random = Random(seed)
    a, b = (random_plain(random, ["a", "b"]) for _ in range(2))
    there = change(a.state(), steps_of([a, b], [Cause.DATA]))
    back = change(b.state(), steps_of([b, a], [Cause.DATA]))
    reversed_ = Counter(
        {
            (name, family, after, before, new, old, cause): count
            for (name, family, before, after, old, new, cause), count in counted(there).items()
        }
    )
    assert counted(back) == reversed_
    for one, other in zip(there.lists, back.lists, strict=True):
        assert (one.added, one.removed, one.moved) == (other.removed, other.added, other.moved)
        assert (one.had, one.has) == (other.has, other.had)


@pytest.mark.parametrize("seed", range(50))
def test_the_parts_are_disjoint_and_the_causes_sum_up_to_them(seed: int) -> None:
    random = Random(seed)
    path = [random_plain(random, ["a"]) for _ in range(5)]
    with_causes = change(path[0].state(), steps_of(path, CAUSES))
    without = change(path[0].state(), steps_of([path[0], path[-1]], [Cause.DATA]))
    sums: Counter[tuple[object, ...]] = Counter()
    for one, cell in with_causes.cells():
        sums[key_of(one.name, cell)[:-1]] += cell.addresses
    assert sums == {key[:-1]: count for key, count in counted(without).items()}
    for one in with_causes.lists:
        parts = [found for _, found in one.parts()]
        assert sum(part.count for part in parts) == sum(cell.addresses for cell in one.cells)
        assert all(a.isdisjoint(b) for n, a in enumerate(parts) for b in parts[:n])
        for kind, part in one.parts():
            assert all(one.count(kind, family) == part.count_of(family) for family in TOYS)


def test_what_is_set_and_undone_on_the_way_is_no_change() -> None:
    a, b = (random_plain(Random(seed), ["a", "b"]) for seed in (1, 2))
    assert not change(a.state(), steps_of([a, b, a], [Cause.DATA, Cause.POLICY]))


def test_an_unchanged_state_is_no_change() -> None:
    state = random_plain(Random(1), ["a", "b", "c"]).state()
    found = change(state, [Step(Cause.DATA, state)])
    assert not found
    assert (found.lists, found.entries) == ((), ())


def test_both_families_are_counted_exactly_and_narrow_meets_wide() -> None:
    fine = [Prefix(V6, 0x2001_0DB8 << 96, 32), Prefix(V4, 10 << 24, 8)]
    one, more = Prefix(V6, (0x2001_0DB8 << 96) + 1, 128), Prefix(V6, 1 << 127, 1)
    countries = AddrMap.of_set(AddrSet.of(fine), "XX")
    before = PolicyState({"a": ListState("block", AddrSet.of([*fine, more]))}, countries)
    after = PolicyState({"a": ListState("block", AddrSet.of(fine) - AddrSet.of([one]))}, countries)
    found = change(before, [Step(Cause.POLICY, after)])
    (gone,) = found.lists
    assert [(c.country_before, c.addresses) for c in gone.cells] == [("", 1 << 127), ("XX", 1)]
    assert [f for f in (V4, V6) if gone.count("removed", f)] == [V6]
    assert gone.had == {V4: 1 << 24, V6: (1 << 96) + (1 << 127)}
    assert gone.removed.prefix_count(V6) == 2


def test_artifacts_with_another_number_of_entries_are_named() -> None:
    before = PolicyState({}, entries={"a.txt": {V4: 3, V6: 1}, "b.txt": {V4: 1}, "gone": {V4: 2}})
    after = PolicyState({}, entries={"a.txt": {V4: 4, V6: 1}, "b.txt": {V4: 1}, "new": {V6: 1}})
    found = change(before, [Step(Cause.DATA, after)])
    rows = [(one.path, dict(one.before), dict(one.after)) for one in found.entries]
    assert rows == [
        ("a.txt", {V4: 3, V6: 1}, {V4: 4, V6: 1}),
        ("gone", {V4: 2}, {}),
        ("new", {}, {V6: 1}),
    ]
