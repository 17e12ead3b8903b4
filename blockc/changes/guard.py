"""Whether a change may go live without approval, by the limits of `[guard]`.

What counts is who is blocked: addresses that become blocked, and addresses that stop being
blocked. A list that only monitors or warns may change as it likes. So may a list on the day the
policy names for it: that a stage begins or an exception ends was reviewed when it was written. It
was not reviewed that it goes back: where the clock does, what a date takes back is judged too.

What an artifact gives up to keep to its limit counts too: addresses that no list names and that it
blocks, and addresses of a list that it lets through. The policy allows that there are some; how
many more there are than in what is published is judged like a change of the list.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from blockc.addresses.addrmap import AddrMap
from blockc.addresses.family import Family
from blockc.changes.change import Cause, ListChange, PolicyChange, PolicyState
from blockc.policy.model import ChangeLimits, Guard, Limit
from blockc.values import Value

BLOCK = "block"
SHORT_DIGEST, SHORTEST_DIGEST = 12, 8
Rule = Literal["list", "country", "loss", "first build"]


class Refusal(Value):
    """A limit that a change exceeds.

    Attributes:
        kind: `added` for addresses that become blocked, `removed` for those that stop being so.
        list: The list that changes; empty for the first build.
        country: Where the addresses are registered; empty where the rule is about the whole list.
        addresses: How many change so, out of `whole`: those the list blocked before, or those
            registered in the country.
        output: The output whose artifacts give up so many more for their limits.
        limit: What is allowed.
        key: The key of the policy that says so.
    """

    rule: Rule
    kind: str
    list: str
    country: str
    family: Family | None
    addresses: int
    whole: int
    limit: Limit
    key: str
    output: str = ""


class Loss(Value):
    """What the artifacts of an output give up for their limits.

    Attributes:
        lists: The lists that they hold.
        added: Delegated addresses that no list names and that are blocked, by family.
        removed: Addresses of the lists that are let through, by family.
    """

    lists: tuple[str, ...]
    added: Mapping[Family, int]
    removed: Mapping[Family, int]


class Approval(Value):
    """Somebody's word that one change may go live.

    Attributes:
        digest: Of the change, or how it begins; see `change_digest`.
    """

    digest: str
    by: str
    reason: str

    def is_for(self, digest: str) -> bool:
        """Return whether this is about the change with this digest."""
        return len(self.digest) >= SHORTEST_DIGEST and digest.startswith(self.digest)


def unit_of(family: Family) -> int:
    """Return how many addresses a number in `[guard]` stands for: 1 in IPv4, a /48 in IPv6.

    A /48 is what one site gets; the /32 of a small provider is 65,536 of them, as many as an IPv4
    /16 has addresses.
    """
    return 1 << max(0, family.width - 48)


def judge(
    found: PolicyChange,
    before: PolicyState,
    after: PolicyState,
    guard: Guard,
    *,
    back: bool = False,
) -> tuple[Refusal, ...]:
    """Return every limit of `guard` that a change exceeds; for a list, then for countries of it.

    Args:
        back: The newer state is of an earlier moment, so a date excuses nothing.

    Cost: that of counting the addresses of all countries, if a country changes by more than the
    guard ignores.
    """
    sizes = _Sizes(before.countries, after.countries)
    excused = None if back else Cause.DATE
    return tuple(
        refusal for one in found.lists for refusal in _refusals(one, sizes, guard, excused)
    )


def judge_losses(
    before: Mapping[str, Loss],
    after: Mapping[str, Loss],
    found: PolicyChange,
    states: tuple[PolicyState, PolicyState],
    guard: Guard,
    *,
    back: bool = False,
) -> tuple[Refusal, ...]:
    """Return every limit that is exceeded by what outputs give up for their limits.

    A date that lets a whole list begin, or stop, to block excuses what its outputs give up. Any
    other excuses as many addresses as it moves: an exception of one address ends, and that is all.

    Args:
        before, after: What is given up, by output.
        found: How the two states differ.
        back: The newer state is of an earlier moment, so a date excuses nothing.
    """
    dated = {} if back else {one.name: one for one in found.lists}
    begun = {name for name, one in dated.items() if _begins_by_date(one)}
    return tuple(
        refusal
        for output, loss in after.items()
        if not begun.intersection(loss.lists)
        for refusal in _losses(
            output,
            _with_moved(before.get(output), [dated[name] for name in loss.lists if name in dated]),
            loss,
            states,
            guard,
        )
    )


def _begins_by_date(one: ListChange) -> bool:
    """Return whether a date lets the whole list begin, or stop, to block."""
    whole = one.before, one.after
    return (one.before == BLOCK) != (one.after == BLOCK) and any(
        cell.cause is Cause.DATE and (cell.before, cell.after) == whole for cell in one.cells
    )


def _with_moved(loss: Loss | None, lists: Sequence[ListChange]) -> Loss:
    """Return a loss and, on both sides, the addresses that dates let be blocked or not any more."""
    moved = Counter[Family]()
    for cell in (cell for one in lists for cell in one.cells):
        if cell.cause is Cause.DATE and BLOCK in (cell.before, cell.after):
            moved[cell.family] += cell.addresses
    known = loss or Loss((), {}, {})
    added, removed = Counter(known.added) + moved, Counter(known.removed) + moved
    return Loss(known.lists, added, removed)


def _losses(
    output: str,
    before: Loss,
    after: Loss,
    states: tuple[PolicyState, PolicyState],
    guard: Guard,
) -> Iterator[Refusal]:
    """Yield what an output may not give up, by the limits of the first of its lists that block.

    Args:
        before: What it may give up without a question.
    """
    blocking = [
        name
        for name in after.lists
        if name in states[1].lists and states[1].lists[name].action == BLOCK
    ]
    had = [states[0].lists[name] for name in blocking if name in states[0].lists]
    for kind in ("added", "removed") if blocking else ():
        limits = guard.lists.get(blocking[0], ChangeLimits())
        limit, key = _limit(kind, guard, limits, f"[guard.list.{blocking[0]}]")
        now: Mapping[Family, int] = getattr(after, kind)
        then: Mapping[Family, int] = getattr(before, kind)
        for family, count in now.items():
            more = count - then.get(family, 0)
            whole = sum(one.addresses.count_of(family) for one in had if one.action == BLOCK)
            if more > 0 and _exceeds(limit, more, whole, family, guard):
                name = "+".join(after.lists)
                yield Refusal("loss", kind, name, "", family, more, whole, limit, key, output)


def first_build(guard: Guard) -> tuple[Refusal, ...]:
    """Return what is refused where there is nothing to compare with."""
    if guard.first_build == "allow":
        return ()
    return (Refusal("first build", "added", "", "", None, 0, 0, 0, "[guard] first_build"),)


def change_digest(before: str, after: str) -> str:
    """Return what identifies one change: from one generation to exactly these contents.

    Args:
        before: The name of the generation that is live; empty if there is none.
        after: The digest of everything that is to be published.
    """
    return hashlib.sha256(f"{before}\n{after}".encode()).hexdigest()[:SHORT_DIGEST]


class _Sizes:
    """How many addresses are registered in a country, counted when they are first asked for."""

    def __init__(self, before: AddrMap, after: AddrMap) -> None:
        self._maps = {"added": after, "removed": before}
        self._counts: dict[tuple[str, Family], dict[str, int]] = {}

    def of(self, kind: str, country: str, family: Family) -> int:
        """Return the size of a country: by the map after where it gains, else by that before."""
        known = self._maps[kind]
        if (kind, family) not in self._counts:
            counts = zip(known.names, known.counts(family), strict=True)
            self._counts[kind, family] = dict(counts)
        return self._counts[kind, family][country]


def _refusals(
    one: ListChange, sizes: _Sizes, guard: Guard, excused: Cause | None
) -> Iterator[Refusal]:
    """Yield what a list may not do, and then what it may not do to countries."""
    of_list = guard.lists.get(one.name, ChangeLimits())
    had = one.had if one.before == BLOCK else {}
    for (kind, family), countries in _blocked(one, excused).items():
        whole, total = had.get(family, 0), sum(countries.values())
        limit, key = _limit(kind, guard, of_list, f"[guard.list.{one.name}]")
        if _exceeds(limit, total, whole, family, guard):
            yield Refusal("list", kind, one.name, "", family, total, whole, limit, key)
        for code, count in sorted(countries.items(), key=lambda pair: (-pair[1], pair[0])):
            of_country = guard.countries.get(code, ChangeLimits())
            limit, key = _limit(kind, guard, of_country, f"[guard.country.{code}]")
            if not code or not _exceeds(limit, count, 0, family, guard):
                continue  # nobody knows the country, or it is too few to count the whole of it
            size = sizes.of(kind, code, family)
            if _exceeds(limit, count, size, family, guard):
                yield Refusal("country", kind, one.name, code, family, count, size, limit, key)


def _blocked(one: ListChange, excused: Cause | None) -> dict[tuple[str, Family], dict[str, int]]:
    """Return kind and family -> country -> how many addresses become, or stop being, blocked.

    Those of one cause may be left out.
    """
    found: dict[tuple[str, Family], dict[str, int]] = {}
    for cell in one.cells:
        if cell.cause is excused or BLOCK not in (cell.before, cell.after):
            continue
        added = cell.after == BLOCK
        country = cell.country_after if added else cell.country_before
        counts = found.setdefault(("added" if added else "removed", cell.family), {})
        counts[country] = counts.get(country, 0) + cell.addresses
    return found


def _limit(kind: str, guard: Guard, own: ChangeLimits, table: str) -> tuple[Limit, str]:
    """Return the limit that holds, and the key that says it."""
    key = f"max_{kind}"
    said: Limit | None = getattr(own, key)
    if said is not None:
        return said, f"{table} {key}"
    general: Limit = getattr(guard, key)
    return general, f"[guard] {key}"


def _exceeds(limit: Limit, count: int, whole: int, family: Family, guard: Guard) -> bool:
    """Return whether so many addresses, out of `whole`, are more than a limit allows."""
    unit = unit_of(family)
    if isinstance(limit, int):
        return count > limit * unit
    return count >= guard.ignore_below(family) * unit and count > limit * whole
