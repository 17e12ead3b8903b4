"""The guard: an exact arithmetic of limits, against an oracle that counts single addresses."""

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from random import Random

import pytest

from blockc.addresses.addrmap import AddrMap
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import V4, V6, Family, Prefix
from blockc.changes.change import OFF, Cause, ListState, PolicyState, Step, change
from blockc.changes.guard import (
    Loss,
    Refusal,
    change_digest,
    first_build,
    judge,
    judge_losses,
    unit_of,
)
from blockc.policy.model import ChangeLimits, Guard, Limit
from tests.changes.oracle import CAUSES, CODES, TOYS, Plain, random_plain, steps_of


def state(v4: int, v6: int = 0, action: str = "block", country: str = "XX") -> PolicyState:
    """Return a state whose list `x` holds so many addresses of IPv4, and /48 of IPv6."""
    ranges = [(V4, 0, v4 - 1)] * bool(v4) + [(V6, 0, (v6 << 80) - 1)] * bool(v6)
    held = AddrSet.of_ranges(ranges)
    everything = AddrSet.everything()
    return PolicyState({"x": ListState(action, held)}, AddrMap.of_set(everything, country))


def judged(
    before: PolicyState, after: PolicyState, guard: Guard, cause: Cause = Cause.DATA
) -> list[str]:
    """Return rule, kind and key of every refusal."""
    found = judge(change(before, [Step(cause, after)]), before, after, guard)
    return [f"{one.rule} {one.kind} {one.key}" for one in found]


TIGHT = Guard(ignore_below_ipv4=0, ignore_below_ipv6=0)
ADDED = "list added [guard] max_added"
REMOVED = "list removed [guard] max_removed"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [(1000, 1020, []), (1000, 1021, [ADDED]), (1000, 980, []), (1000, 979, [REMOVED])],
)
def test_a_share_is_of_what_the_list_blocked_before(
    before: int, after: int, expected: list[str]
) -> None:
    assert judged(state(before), state(after), TIGHT) == expected
    assert judged(state(0, before), state(0, after), TIGHT) == expected


def test_no_share_is_exceeded_by_fewer_than_are_ignored() -> None:
    guard = Guard(ignore_below_ipv4=100, ignore_below_ipv6=200)
    assert judged(state(0), state(99), guard) == []
    assert judged(state(0), state(100), guard) == [ADDED]
    assert judged(state(0, 0), state(0, 199), guard) == []
    assert judged(state(0, 0), state(0, 200), guard) == [ADDED]


def test_a_number_is_of_addresses_or_of_48s_and_nothing_below_it_is_ignored() -> None:
    guard = Guard(max_added=5, max_removed=3)
    country = "country added [guard] max_added"
    assert judged(state(0), state(5), guard) == []
    assert judged(state(0), state(6), guard) == [ADDED, country]
    assert judged(state(0, 0), state(0, 5), guard) == []
    assert judged(state(0, 0), state(0, 6), guard) == [ADDED, country]
    assert judged(state(10), state(7), guard) == []
    assert judged(state(10), state(6), guard)[0] == REMOVED
    assert [unit_of(family) for family in (V4, V6, TOYS[0])] == [1, 1 << 80, 1]


@pytest.mark.parametrize(("was", "now"), [(OFF, "monitor"), ("monitor", "warn"), ("warn", OFF)])
def test_a_list_that_does_not_block_may_change_as_it_likes(was: str, now: str) -> None:
    assert judged(state(10, action=was), state(1 << 30, action=now), TIGHT) == []


def test_a_list_that_begins_to_block_by_edit_is_judged_and_by_date_it_is_not() -> None:
    before, after = state(1 << 20, action="monitor"), state(1 << 20)
    assert judged(before, after, TIGHT, Cause.POLICY) == [ADDED]
    assert judged(before, after, TIGHT, Cause.DATE) == []
    assert judged(after, before, TIGHT, Cause.POLICY) == [REMOVED]
    assert judged(after, before, TIGHT, Cause.DATE) == []


def test_a_date_that_goes_back_excuses_nothing() -> None:
    before, after = state(1 << 20), state(1 << 20, action="monitor")
    found = change(before, [Step(Cause.DATE, after)])
    assert judge(found, before, after, TIGHT) == ()
    (refusal,) = judge(found, before, after, TIGHT, back=True)
    assert (refusal.kind, refusal.addresses) == ("removed", 1 << 20)


def test_what_data_does_on_the_day_of_a_stage_is_judged_all_the_same() -> None:
    before, grown, after = state(1000), state(1100), state(1200)
    steps = [Step(Cause.DATA, grown), Step(Cause.DATE, after)]
    (refusal,) = judge(change(before, steps), before, after, TIGHT)
    assert (refusal.addresses, refusal.whole) == (100, 1000)


def test_what_the_data_lists_on_the_day_a_stage_begins_is_due_to_the_data() -> None:
    before, grown = (state(n, action="monitor") for n in (1000, 1100))
    after = state(1100)
    steps = [Step(Cause.DATA, grown), Step(Cause.DATE, after)]
    (refusal,) = judge(change(before, steps), before, after, TIGHT)
    assert (refusal.addresses, refusal.rule) == (100, "list")


def lost(path: list[PolicyState], causes: list[Cause], more: int, *, back: bool = False) -> int:
    """Return how many addresses are refused, where an output of `x` gives up so many more."""
    steps = [Step(*pair) for pair in zip(causes, path[1:], strict=True)]
    then, now = ({"o": Loss(("x",), {V4: n}, {})} for n in (50, 50 + more))
    guard, ends = Guard(max_added=0, ignore_below_ipv4=0), (path[0], path[-1])
    found = judge_losses(then, now, change(path[0], steps), ends, guard, back=back)
    return sum(one.addresses for one in found)


def test_a_date_that_moves_few_addresses_excuses_the_loss_of_so_many() -> None:
    path = [state(1000), state(1007)]
    assert lost(path, [Cause.DATE], 7) == 0
    assert lost(path, [Cause.DATE], 8) == 1
    assert lost(path[::-1], [Cause.DATE], 8) == 1
    assert lost(path, [Cause.DATA], 7) == 7


def test_a_list_that_begins_to_block_by_date_excuses_all_its_outputs_lose() -> None:
    waiting, blocking, more = state(1000, action="monitor"), state(1000), state(1001)
    assert lost([waiting, blocking], [Cause.DATE], 1 << 20) == 0
    assert lost([waiting, blocking], [Cause.POLICY], 5) == 5
    # the edit lets it block, and an exception ends on the same day
    assert lost([waiting, blocking, more], [Cause.POLICY, Cause.DATE], 5) == 4


def test_a_date_that_goes_back_excuses_no_loss() -> None:
    waiting, blocking, more = state(1000, action="monitor"), state(1000), state(1007)
    assert lost([waiting, blocking], [Cause.DATE], 5, back=True) == 5
    assert lost([more, blocking], [Cause.DATE], 5, back=True) == 5


def test_a_list_that_appears_or_goes_is_judged_as_all_of_it() -> None:
    nothing = PolicyState({}, state(1).countries)
    assert judged(nothing, state(1 << 20), TIGHT) == [ADDED]
    assert judged(state(1 << 20), nothing, TIGHT) == [REMOVED]


def test_a_country_has_a_limit_of_its_own_size() -> None:
    everywhere = AddrSet.of([Prefix(V4, 0, 8)])
    small = AddrSet.of([Prefix(V4, 0, 16)])
    countries = AddrMap.layered({"AA": small, "BB": everywhere})
    before = PolicyState({"x": ListState("block", everywhere - small)}, countries)
    after = PolicyState({"x": ListState("block", everywhere)}, countries)
    found = judge(change(before, [Step(Cause.DATA, after)]), before, after, TIGHT)
    assert found == (
        Refusal(
            "country", "added", "x", "AA", V4, 1 << 16, 1 << 16, Fraction(2, 100),
            "[guard] max_added",
        ),
    )  # fmt: skip
    assert [
        one.kind for one in judge(change(after, [Step(Cause.DATA, before)]), after, before, TIGHT)
    ] == ["removed"]


def test_tables_of_lists_and_countries_stand_in_for_the_general_limits() -> None:
    before, after = state(1000), state(1100)
    lax, strict = ChangeLimits(Fraction(1, 2)), ChangeLimits(1)
    assert judged(before, after, Guard(lists={"x": lax}, ignore_below_ipv4=0)) == []
    assert judged(before, after, Guard(lists={"y": lax}, ignore_below_ipv4=0)) == [ADDED]
    assert judged(before, after, Guard(lists={"x": strict})) == [
        "list added [guard.list.x] max_added"
    ]
    assert judged(before, after, Guard(countries={"XX": strict})) == [
        "country added [guard.country.XX] max_added"
    ]
    assert judged(after, before, Guard(lists={"x": strict}, ignore_below_ipv4=0)) == [REMOVED]


def test_where_nobody_knows_countries_only_lists_are_judged() -> None:
    before, after = (state(n, country="") for n in (1000, 5000))
    assert judged(before, after, Guard(max_added=1)) == [ADDED]


def test_a_first_build_is_allowed_or_needs_approval() -> None:
    assert first_build(Guard()) == ()
    (one,) = first_build(Guard(first_build="approve"))
    assert (one.rule, one.key) == ("first build", "[guard] first_build")


def test_a_digest_is_of_one_change_from_one_generation() -> None:
    digests = {change_digest(*pair) for pair in (("a", "b"), ("b", "a"), ("", "b"), ("a", "c"))}
    assert len(digests) == 4
    assert all(len(one) == 12 for one in digests)


@pytest.mark.parametrize("seed", range(100))
def test_random_changes_are_judged_as_single_addresses_say(seed: int) -> None:
    random = Random(seed)
    path = [random_plain(random, ["a", "b"]) for _ in range(3)]
    causes = [random.choice(CAUSES) for _ in range(2)]
    limits: list[Limit] = [Fraction(1, 3), 1, Fraction(1, 4), 0]
    guard = Guard(
        max_added=random.choice(limits),
        max_removed=random.choice(limits),
        lists={"a": ChangeLimits(Fraction(1, 2))},
        countries={"AA": ChangeLimits(max_removed=2)},
        ignore_below_ipv4=0,
    )
    before, after = path[0].state(), path[-1].state()
    found = judge(change(before, steps_of(path, causes)), before, after, guard)
    assert {_numbers(one) for one in found} == set(_expected(path, causes, guard))
    assert len(found) == len({_numbers(one) for one in found})


Numbers = tuple[str, str, str, str, Family | None, int, int]


def _numbers(one: Refusal) -> Numbers:
    return one.rule, one.kind, one.list, one.country, one.family, one.addresses, one.whole


def _expected(path: list[Plain], causes: list[Cause], guard: Guard) -> Iterator[Numbers]:
    for name in ("a", "b"):
        for family in TOYS:
            counts = _blocked(path, causes, name, family)
            for kind, at in (("added", path[-1]), ("removed", path[0])):
                had = sum(path[0].done(name, family, n) == "block" for n in range(family.size))
                total = sum(n for (k, _), n in counts.items() if k == kind)
                if _over(kind, total, had, guard, guard.lists.get(name)):
                    yield "list", kind, name, "", family, total, had
                for number, code in enumerate(CODES):
                    count = counts[kind, code]
                    size = sum(one == number for one in at.countries[family])
                    if code and _over(kind, count, size, guard, guard.countries.get(code)):
                        yield "country", kind, name, code, family, count, size


def _over(kind: str, count: int, whole: int, guard: Guard, own: ChangeLimits | None) -> bool:
    said = getattr(own, f"max_{kind}", None)
    limit = getattr(guard, f"max_{kind}") if said is None else said
    return bool(count > (limit if isinstance(limit, int) else limit * whole))


def _blocked(
    path: list[Plain], causes: list[Cause], name: str, family: Family
) -> Counter[tuple[str, str]]:
    counts = Counter[tuple[str, str]]()
    for address in range(family.size):
        done = [one.done(name, family, address) for one in path]
        if done[0] == done[-1] or "block" not in (done[0], done[-1]):
            continue
        if causes[max(n for n in (0, 1) if done[n] == done[0] != done[n + 1])] is Cause.DATE:
            continue
        kind, at = ("added", path[-1]) if done[-1] == "block" else ("removed", path[0])
        counts[kind, CODES[at.countries[family][address]]] += 1
    return counts
