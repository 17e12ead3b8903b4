"""Precedence as laws: every choice of blocked, exempt and protected addresses of a toy family."""

from collections.abc import Iterable
from datetime import date
from itertools import product

import pytest

from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import Family
from blockc.policy.meaning.resolve import resolve
from blockc.policy.model import Exemption, Guard, List, LocatedSelector, Policy, Protect
from blockc.policy.syntax.selectors import AddressRange, ListSelector, Selector
from blockc.registries.registry_map import RegistryMap
from blockc.tomlio.tables import Place, TomlDocument
from tests.policy.toy import Files

TOY = Family(4, 2)
PLACE = Place(TomlDocument("toy.toml", ""))
SUBSETS = [frozenset(n for n in range(4) if bits >> n & 1) for bits in range(16)]
Subset = frozenset[int]


def located(selectors: Iterable[Selector]) -> tuple[LocatedSelector, ...]:
    return tuple(LocatedSelector(selector, PLACE) for selector in selectors)


def singles(subset: Subset) -> list[Selector]:
    return [AddressRange(TOY, address, address) for address in sorted(subset)]


def list_of(
    name: str, block: Iterable[Selector], allow: Iterable[Selector], exemption: Iterable[Selector]
) -> List:
    exceptions = tuple(Exemption(one) for one in located(exemption))
    return List(
        name, name, "", located(block), located(allow), exceptions, (), PLACE, allow_empty=True
    )


def meanings(lists: Iterable[List], never_block: Subset) -> dict[str, Subset]:
    """Return which addresses each list blocks."""
    policy = Policy(
        files=("toy.toml",),
        lists=tuple(sorted(lists, key=lambda one: one.name)),
        outputs=(),
        protect=Protect(located(singles(never_block))),
        guard=Guard(),
        groups={},
    )
    world = RegistryMap.of([], families=[TOY])
    result = resolve(policy, world, read_file=Files(), as_of=date(2026, 11, 23))
    return {one.name: held(one.addresses) for one in result.lists}


def held(addresses: AddrSet) -> Subset:
    """Return the single addresses of a set of the toy family."""
    start, last = addresses.spans(TOY)
    pairs = zip(start.tolist(), last.tolist(), strict=True)
    return frozenset(n for first, end in pairs for n in range(first, end + 1))


@pytest.mark.parametrize("never", SUBSETS, ids=sorted)
def test_protect_beats_except_beats_block_on_every_input(never: Subset) -> None:
    cases = {f"l{n}": pair for n, pair in enumerate(product(SUBSETS[1:], SUBSETS))}
    blocking = [list_of(n, singles(b), (), singles(e)) for n, (b, e) in cases.items()]
    allowing = [list_of(n, (), singles(a), singles(e)) for n, (a, e) in cases.items()]
    blocks, allows = meanings(blocking, never), meanings(allowing, never)
    for name, (asked, exemption) in cases.items():
        assert blocks[name] == asked - exemption - never, (asked, exemption)
        assert allows[name] == SUBSETS[15] - asked - exemption - never, (asked, exemption)


@pytest.mark.parametrize("never", SUBSETS, ids=sorted)
def test_a_list_in_a_list_is_what_it_selects_wherever_it_stands(never: Subset) -> None:
    cases = {f"l{n}": pair for n, pair in enumerate(product(SUBSETS[1:], SUBSETS))}
    lists = [made for n, (b, e) in cases.items() for made in nested(n, b, e)]
    found = meanings(lists, never)
    for name, (block, exemption) in cases.items():
        selected = block - exemption
        assert found[name] == found[f"{name}-blocks"] == selected - never
        left = SUBSETS[15] - selected - never
        assert found[f"{name}-allows"] == found[f"{name}-spares"] == left


def nested(name: str, block: Subset, exemption: Subset) -> list[List]:
    """Return a list and three that refer to it, one under each key."""
    return [
        list_of(name, singles(block), (), singles(exemption)),
        list_of(f"{name}-blocks", [ListSelector(name)], (), ()),
        list_of(f"{name}-allows", (), [ListSelector(name)], ()),
        list_of(f"{name}-spares", singles(SUBSETS[15]), (), [ListSelector(name)]),
    ]


def test_the_order_of_entries_never_matters() -> None:
    entries, last = singles(SUBSETS[7]), singles(SUBSETS[8])
    orders = [entries, entries[::-1], entries[1:] + entries[:1], entries + entries]
    lists = [list_of(f"l{n}", order + last, (), last) for n, order in enumerate(orders)]
    assert set(meanings(lists, SUBSETS[1]).values()) == {SUBSETS[7] - SUBSETS[1]}
