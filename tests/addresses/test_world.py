"""The world: who has which address when records overlap, whatever the order of the files."""

from collections.abc import Callable
from itertools import permutations, product
from random import Random
from typing import Any

import numpy as np
import pytest

from blockc.addresses import columns
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import FAMILIES, V4, V6, Family
from blockc.registries.records import DELEGATED, REGISTRIES, STATUSES
from blockc.registries.registry_map import Conflict, RegistryMap, class_label
from tests.addresses import oracle
from tests.addresses.random_ranges import some_address
from tests.addresses.rows import Row, as_records, some_row, some_rows
from tests.addresses.toy import TOY, every_range, labelled, pairs

DELEGATED_WORDS = [STATUSES[number] for number in DELEGATED]
CN = Row(0, 7, "CN", "apnic", "allocated", 20200101, 3)


def world(family: Family, rows: list[Row]) -> RegistryMap:
    return RegistryMap.of([as_records(family, rows)], [family])


def strength(row: Row) -> tuple[object, ...]:
    """Return what the stronger of two records has more of."""
    return (
        row.status in DELEGATED_WORDS,
        row.first - row.last,
        row.date,
        -REGISTRIES.index(row.registry),
        [-ord(letter) for letter in row.country],
        -STATUSES.index(row.status),
        row.first,
        row.line,
    )


def winner(rows: list[Row], address: int) -> Row | None:
    hits = [row for row in rows if row.first <= address <= row.last]
    return max(hits, key=strength, default=None)


def seen(found: RegistryMap, family: Family) -> list[tuple[int, str, str, str]]:
    """Return start, country, registry and status of every run."""
    part = found.parts[found.families.index(family)]
    return [
        (
            start,
            (label >> 16 and chr(label >> 16) + chr(label >> 8 & 255)) or "",
            REGISTRIES[label >> 4 & 15],
            STATUSES[label & 15],
        )
        for start, label in labelled(part)
    ]


def expected(rows: list[Row], family: Family) -> list[tuple[int, str, str, str]]:
    found: list[tuple[int, str, str, str]] = []
    for address in oracle.edges([(row.first, row.last) for row in rows], family.last):
        best = winner(rows, address)
        says = (best.country, best.registry, best.status) if best else ("", "", "")
        if not found or found[-1][1:] != says:
            found.append((address, *says))
    return found


def test_two_overlapping_records_are_resolved_by_the_rule_in_either_order() -> None:
    random = Random(1)
    for a, b in product(every_range(), repeat=2):
        rows = [some_row(random, *a), some_row(random, *b)]
        assert seen(world(TOY, rows), TOY) == expected(rows, TOY)
        assert world(TOY, rows) == world(TOY, rows[::-1])


@pytest.mark.parametrize("family", [TOY, *FAMILIES])
@pytest.mark.parametrize("seed", range(20))
def test_many_overlapping_records_are_resolved_by_the_rule(family: Family, seed: int) -> None:
    random = Random(seed)
    rows = some_rows(random, family, narrow=seed % 2 == 0)
    assert seen(world(family, rows), family) == expected(rows, family)


@pytest.mark.parametrize("seed", range(20))
def test_no_order_of_files_or_rows_changes_the_world(seed: int) -> None:
    random = Random(seed)
    rows = some_rows(random, V6, narrow=seed % 2 == 0)
    rows += [row._replace(status=random.choice(STATUSES[1:]), line=99) for row in rows[:3]]
    reference = world(V6, rows)
    for _ in range(5):
        random.shuffle(rows)
        cut = random.randrange(len(rows) + 1)
        assert (
            RegistryMap.of([as_records(V6, rows[:cut]), as_records(V6, rows[cut:])], [V6])
            == reference
        )


@pytest.mark.parametrize("field", ["status", "registry", "country", "date", "line"])
def test_twins_that_differ_in_one_thing_have_one_winner(field: str) -> None:
    others: dict[str, list[Any]] = {
        "status": ["assigned", "available", "reserved", "other"],
        "registry": ["arin", "ripencc", "afrinic"],
        "country": ["US", "", "ZZ", "AA"],
        "date": [0, 20210101, 20190101],
        "line": [1, 2, 99],
    }
    rows = [CN, *(CN._replace(**{field: other}) for other in others[field])]
    worlds = [world(TOY, list(order)) for order in permutations(rows)]
    assert all(one == worlds[0] for one in worlds)
    assert seen(worlds[0], TOY) == expected(rows, TOY)


@pytest.mark.parametrize("seed", range(30))
def test_a_conflict_is_told_for_every_record_that_lost_to_another_country(seed: int) -> None:
    random = Random(seed)
    rows = [row._replace(line=n) for n, row in enumerate(some_rows(random, TOY), start=1)]
    losers = {}
    for row in rows:
        for address in range(row.first, row.last + 1):
            best = winner(rows, address)
            assert best is not None
            if best.country != row.country:
                losers[row.line] = best
                break
    found = world(TOY, rows).conflicts
    assert {conflict.dropped[2]: conflict.kept[2] for conflict in found} == {
        line: best.line for line, best in losers.items()
    }
    for conflict in found:
        kept, dropped = rows[conflict.kept[2] - 1], rows[conflict.dropped[2] - 1]
        assert conflict.kept[:2] == (kept.registry, kept.country)
        assert conflict.first == max(kept.first, dropped.first)
        assert conflict.last == min(kept.last, dropped.last)


def test_a_conflict_names_the_place_and_both_sides() -> None:
    rows = [CN, CN._replace(first=2, last=3, country="US", registry="arin", line=8)]
    wanted = Conflict(TOY, 2, 3, ("arin", "US", 8), ("apnic", "CN", 3))
    assert world(TOY, rows).conflicts == world(TOY, rows[::-1]).conflicts == (wanted,)


def test_overlaps_inside_one_country_are_no_conflict() -> None:
    assert world(TOY, [CN, CN._replace(first=2, last=3, status="assigned")]).conflicts == ()


def test_thousands_of_identical_claims_do_not_take_forever() -> None:
    rows = [CN._replace(country=country, line=n) for n in range(2000) for country in ("CN", "US")]
    found = world(V4, rows)
    assert len(found.conflicts) == 2000
    assert {conflict.kept[1] for conflict in found.conflicts} == {"CN"}


@pytest.mark.parametrize("seed", range(20))
def test_selections_are_the_addresses_whose_winner_fits(seed: int) -> None:
    random = Random(seed)
    rows = some_rows(random, V4)
    found = world(V4, rows)
    wanted: dict[str, tuple[list[str], Callable[[Row], bool]]] = {
        "countries": (["CN", ""], lambda row: row.country in ("CN", "")),
        "registries": (["apnic"], lambda row: row.registry == "apnic"),
        "statuses": (["reserved", "other"], lambda row: row.status in ("reserved", "other")),
    }
    probe = [some_address(random, V4) for _ in range(20)]
    addresses = [*probe, *oracle.edges([row[:2] for row in rows], V4.last)]
    column = columns.column(V4, addresses)
    for chosen in ([], ["countries"], ["registries", "statuses"], list(wanted)):
        inside = found.select(**{key: wanted[key][0] for key in chosen}).part(V4).at(column)
        for address, is_in in zip(addresses, inside.tolist(), strict=True):
            best = winner(rows, address)
            fits = best is not None and all(wanted[key][1](best) for key in chosen)
            assert is_in == fits


def test_an_empty_selection_selects_nothing() -> None:
    assert not world(V4, [CN]).select(countries=[])
    assert world(V4, [CN]).select() == world(V4, [CN]).delegated()


@pytest.mark.parametrize("seed", range(20))
def test_countries_divide_the_delegated_space(seed: int) -> None:
    random = Random(seed)
    parts = [as_records(f, some_rows(random, f, narrow=seed % 2 == 0)) for f in FAMILIES]
    found = RegistryMap.of(parts)
    mapped = found.countries()
    assert mapped.names[0] == ""
    assert list(mapped.names) == sorted(set(mapped.names))
    assert mapped.where(mapped.names[1:]) == found.delegated()
    unknown = found.select(countries=["", "ZZ"], statuses=DELEGATED_WORDS)
    assert mapped.where(["ZZ"]) == unknown
    assert mapped.where(["CN"]) == found.select(countries=["CN"], statuses=DELEGATED_WORDS)
    counts = found.country_counts()
    assert list(counts) == list(mapped.names[1:])
    for name, by_family in counts.items():
        assert by_family == {f: mapped.where([name]).count_of(f) for f in FAMILIES}


def test_a_world_without_records_is_empty() -> None:
    nothing = RegistryMap.of([])
    assert nothing.families == FAMILIES
    assert nothing.select() == AddrSet.empty()
    assert nothing.countries().names == ("",)
    assert nothing.country_counts() == {}
    assert nothing.conflicts == ()


def test_records_of_an_unasked_family_are_refused() -> None:
    with pytest.raises(ValueError, match="not asked for"):
        RegistryMap.of([as_records(TOY, [CN])])


def test_records_at_the_ends_of_the_space_stay_there() -> None:
    for family in FAMILIES:
        top = family.last
        rows = [CN._replace(first=top, last=top), CN._replace(first=0, last=0, country="US")]
        found = world(family, rows)
        assert pairs(family, found.select(countries=["CN"]).spans(family)) == [(top, top)]
        assert pairs(family, found.select(countries=["US"]).spans(family)) == [(0, 0)]


def test_a_class_label_is_never_the_label_of_unlisted_space() -> None:
    rows = [
        Row(0, 0, "", registry, status, 0, 1)
        for registry, status in product(REGISTRIES[1:], STATUSES[1:])
    ]
    labels = class_label(as_records(V4, rows))
    assert len(np.unique(labels)) == len(rows)
    assert labels.min() > 0
