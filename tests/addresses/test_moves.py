"""Two worlds compared: what moved to another registry or country, and what is nobody's now."""

from collections import Counter
from random import Random

from blockc.addresses import columns
from blockc.addresses.family import V4, Family
from blockc.registries.moves import Holder, country_shifts, moves
from blockc.registries.records import REGISTRIES, STATUSES, country_text
from blockc.registries.registry_map import RegistryMap
from tests.addresses.rows import Row, as_records, some_rows
from tests.addresses.toy import TOY

GIVEN = ("allocated", "assigned")


def world(*rows: Row, family: Family = V4) -> RegistryMap:
    """Return the world of one family's rows."""
    return RegistryMap.of([as_records(family, list(rows))], [family])


def row(first: int, last: int, country: str, registry: str, status: str = "allocated") -> Row:
    """Return a record of a day and line that say nothing."""
    return Row(first, last, country, registry, status, 20250220, 1)


BEFORE = world(
    row(0, 99, "BR", "lacnic"),
    row(100, 199, "CL", "lacnic"),
    row(200, 299, "US", "arin"),
    row(300, 399, "AR", "lacnic", "reserved"),
)


def test_nothing_moves_where_nothing_changed() -> None:
    again = world(row(0, 49, "BR", "lacnic", "assigned"), row(50, 99, "BR", "lacnic"))
    assert moves(world(row(0, 99, "BR", "lacnic")), again) == ()


def test_each_move_has_both_sides() -> None:
    after = world(
        row(0, 59, "US", "arin"),
        row(60, 69, "BR", "lacnic", "reserved"),
        row(80, 99, "BR", "lacnic"),
        row(100, 199, "UY", "lacnic"),
        row(200, 399, "US", "arin"),
    )
    brazil, chile = Holder("lacnic", "BR", True), Holder("lacnic", "CL", True)
    found = moves(BEFORE, after)
    assert [(one.addresses, one.before, one.after, one.is_transfer) for one in found] == [
        (100, chile, Holder("lacnic", "UY", True), False),
        (60, brazil, Holder("arin", "US", True), True),
        (10, brazil, Holder("", "", False), False),
        (10, brazil, Holder("lacnic", "BR", False), False),
    ]
    shifts = country_shifts(BEFORE, found)
    assert [(one.before, one.after, one.addresses, one.share) for one in shifts] == [
        ("CL", "UY", 100, 1.0),
        ("BR", "US", 60, 0.6),
    ]


def test_what_two_registries_do_for_one_country_pair_is_one_shift() -> None:
    before = world(row(0, 9, "BR", "lacnic"), row(10, 19, "BR", "arin"))
    after = world(row(0, 9, "US", "lacnic"), row(10, 14, "US", "arin"), row(15, 19, "BR", "arin"))
    (shift,) = country_shifts(before, moves(before, after))
    assert (shift.before, shift.after, shift.addresses, shift.share) == ("BR", "US", 15, 0.75)


def holders(found: RegistryMap, family: Family) -> list[Holder]:
    """Return the holder of every address of a small family."""
    labels = found.parts[0].at(columns.column(family, range(family.size))).tolist()
    return [
        Holder(REGISTRIES[n >> 4 & 15], country_text(n >> 8), STATUSES[n & 15] in GIVEN)
        for n in labels
    ]


def test_moves_are_those_found_address_by_address() -> None:
    random = Random(20250220)
    for _ in range(200):
        worlds = [
            RegistryMap.of([as_records(TOY, some_rows(random, TOY))], [TOY]) for _ in range(2)
        ]
        pairs = zip(*(holders(one, TOY) for one in worlds), strict=True)
        expected = Counter((old, new) for old, new in pairs if old.delegated and old != new)
        found = moves(worlds[0], worlds[1])
        assert {(one.before, one.after): one.addresses for one in found} == expected
