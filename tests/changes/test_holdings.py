"""Who is hit by a change, against an oracle of single addresses."""

from collections import Counter
from random import Random

import numpy as np
import pytest

from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import V4, Family
from blockc.addresses.partition import Partition
from blockc.changes.change import Cause, ListState, PolicyState, Step, change, nobody_knows
from blockc.changes.holdings import Holding, largest
from blockc.registries.records import REGISTRIES, STATUSES, Records, country_number
from blockc.registries.registry_map import RegistryMap, holders
from tests.addresses.toy import labelled

TOY = Family(0, 4)


def records(rows: list[tuple[int, int, str, str]], family: Family = TOY) -> Records:
    """Return records of ranges with a country and a status, dated and numbered by their place."""
    first, last, country, status = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Records(
        family,
        np.array(first, dtype=np.uint64),
        np.array(last, dtype=np.uint64),
        np.array([country_number(code) for code in country], dtype=np.uint16),
        np.full(len(rows), REGISTRIES.index("ripencc"), dtype=np.uint8),
        np.array([STATUSES.index(one) for one in status], dtype=np.uint8),
        np.array([20200101 + n for n in range(len(rows))], dtype=np.int32),
        np.arange(1, len(rows) + 1, dtype=np.int32),
    )


def state(held: AddrSet, listed: Records) -> PolicyState:
    """Return a state with one list, `x`."""
    return PolicyState({"x": ListState("block", held)}, nobody_knows(held.families), [listed])


def random_rows(random: Random) -> list[tuple[int, int, str, str]]:
    """Return ranges that may overlap."""
    spans = [sorted(random.choices(range(TOY.size), k=2)) for _ in range(random.randrange(6))]
    statuses = ("allocated", "assigned", "available")
    return [(a, b, random.choice(("AA", "BB", "")), random.choice(statuses)) for a, b in spans]


@pytest.mark.parametrize("seed", range(100))
def test_every_changed_address_is_counted_once_where_the_registries_say(seed: int) -> None:
    random = Random(seed)
    lists = [records(random_rows(random)) for _ in range(2)]
    held = [{a for a in range(TOY.size) if random.random() < 0.5} for _ in range(2)]
    sets = [AddrSet.of_ranges([(TOY, a, a) for a in one], [TOY]) for one in held]
    before, after = (state(one, listed) for one, listed in zip(sets, lists, strict=True))
    found = largest(change(before, [Step(Cause.DATA, after)]), before, after, most=99)[TOY]
    rows = Counter[tuple[str, int]]()
    for kind, addresses, listed in (
        ("removed", held[0] - held[1], lists[0]),
        ("added", held[1] - held[0], lists[1]),
    ):
        for address in addresses:
            rows[kind, _line(listed, address)] += 1
    counted = Counter[tuple[str, int]]()
    for one in found:
        counted[one.kind, one.line] += one.addresses
        assert one.addresses <= one.last - one.first + 1
        assert (one.registry == "ripencc") == (one.line > 0)
    assert counted == rows
    assert [one.addresses for one in found] == sorted((o.addresses for o in found), reverse=True)


def _line(listed: Records, address: int) -> int:
    """Return the line of the record that the map of the registries goes by, 0 for none."""
    part = RegistryMap.of([listed.take(listed.delegated)], [TOY]).parts[0]
    label = int(part.at(np.array([address], dtype=np.uint64))[0])
    rows = [
        (int(last) - int(first), -int(date), int(row))
        for first, last, date, row, country, status in zip(
            listed.start, listed.last, listed.date, listed.row, listed.country, listed.status,
            strict=True,
        )
        if first <= address <= last and STATUSES[status] in ("allocated", "assigned")
        and label >> 8 == country
    ]  # fmt: skip
    return min(rows)[2] if rows else 0


def test_a_range_that_nobody_holds_is_named_by_itself() -> None:
    listed = records([(0, 3, "AA", "allocated")])
    before, after = state(AddrSet.empty([TOY]), listed), state(AddrSet.everything([TOY]), listed)
    found = largest(change(before, [Step(Cause.POLICY, after)]), before, after)[TOY]
    assert found == (
        Holding("x", "added", TOY, 4, 15, "", "", 0, 0, 12),
        Holding("x", "added", TOY, 0, 3, "ripencc", "AA", 20200101, 1, 4),
    )


def test_only_so_many_are_named() -> None:
    listed = records([(n, n, "AA", "allocated") for n in range(16)])
    before, after = state(AddrSet.empty([TOY]), listed), state(AddrSet.everything([TOY]), listed)
    found = largest(change(before, [Step(Cause.POLICY, after)]), before, after, most=5)[TOY]
    assert [one.first for one in found] == [0, 1, 2, 3, 4]


def test_holders_are_those_of_the_map_where_records_overlap() -> None:
    listed = records([(0, 9, "AA", "allocated"), (2, 3, "BB", "assigned")])
    assert labelled(holders(listed)) == [(0, 1), (2, 2), (4, 1), (10, 0)]


def test_no_records_hold_nothing() -> None:
    assert holders(Records.empty(V4)) == Partition.filled(V4, np.int32(0))
