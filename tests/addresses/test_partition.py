"""Partitions: canonical, swept together, and painted like a list would be."""

import tracemalloc
from itertools import permutations, product
from random import Random

import numpy as np
import pytest

from blockc.addresses import columns
from blockc.addresses.family import V4, V6, Family
from blockc.addresses.partition import (
    Partition,
    laid_out,
    merge_spans,
    overlay,
    paint,
    set_partition,
)
from tests.addresses import oracle
from tests.addresses.random_ranges import some_address, some_ranges
from tests.addresses.toy import TOY, every_range, int32, labelled, pairs, spans

BLANK = Partition.filled(TOY, np.int32(0))
FORMS = [(V4, True), (V6, True), (V6, False)]


def cut(labels: list[int]) -> Partition:
    """Return the partition of the toy family with a label an address."""
    return Partition.of(TOY, np.arange(8, dtype=np.uint64), int32(labels))


def painted(background: Partition, rules: list[oracle.Rule], *, wide: bool = False) -> Partition:
    """Return the rules painted one layer each, and make sure one layer for all is the same."""
    family = background.family
    layers = [
        (*spans(family, [(first, last)], wide=wide), int32([label])) for first, last, label in rules
    ]
    together = spans(family, [rule[:2] for rule in rules], wide=wide)
    found = paint(background, layers)
    assert found == paint(background, [(*together, int32([rule[2] for rule in rules]))])
    return found


def test_a_partition_is_canonical_and_keeps_every_label_on_every_input() -> None:
    for labels in product(range(2), repeat=8):
        part = cut(list(labels))
        assert part.at(np.arange(8, dtype=np.uint64)).tolist() == list(labels)
        assert labelled(part) == oracle.runs(list(enumerate(labels)))
        assert columns.ints(TOY, part.lasts) == [start - 1 for start, _ in labelled(part)[1:]] + [7]


def test_equal_partitions_have_equal_arrays_whatever_they_were_made_of() -> None:
    wide = columns.widen(columns.column(V6, [0, 1 << 64, 2 << 64]))
    narrow = columns.column(V6, [0, 2 << 64])
    assert Partition.of(V6, wide, int32([1, 1, 0])) == Partition.of(V6, narrow, int32([1, 0]))
    assert Partition.of(V6, wide, int32([1, 0, 1])) != Partition.of(V6, narrow, int32([1, 0]))
    assert not columns.is_wide(Partition.of(V6, wide, int32([1, 0, 1])).starts)


@pytest.mark.parametrize(
    ("starts", "labels", "reason"),
    [
        ([], [], "starts at address 0"),
        ([1], [0], "starts at address 0"),
        ([0, 2, 1], [0, 1, 2], "order"),
        ([0, 2, 2], [0, 1, 2], "order"),
        ([0, 2], [0], "one label a run"),
        ([0, 2], [1, 1], "have one label"),
    ],
)
def test_a_partition_cannot_be_built_wrong(
    starts: list[int], labels: list[int], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        Partition(TOY, np.array(starts, dtype=np.uint64), int32(labels))


def test_nobody_can_change_a_partition() -> None:
    starts, labels = np.array([0, 4], dtype=np.uint64), int32([0, 1])
    part = Partition(TOY, starts, labels)
    for array in (part.starts, part.labels, starts, labels, part.relabel(int32([5, 6])).labels):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_an_overlay_asks_every_partition_at_every_slot_on_every_input() -> None:
    for a, b in product(product(range(2), repeat=4), repeat=2):
        left, right = cut([*a, *b]), cut([*b, *reversed(a)])
        slots, (first, second) = overlay(left, right)
        for slot, one, other in zip(slots.tolist(), first.tolist(), second.tolist(), strict=True):
            assert (one, other) == ([*a, *b][slot], [*b, *reversed(a)][slot])
        assert set(slots.tolist()) == {s for part in (left, right) for s, _ in labelled(part)}


def test_an_overlay_of_some_that_are_alike_and_some_without_a_boundary_is_right() -> None:
    """What adds no boundary of its own is not sorted with the others."""
    cuts = [[0, 1, 0, 0, 1, 1, 0, 2], [5, 3, 5, 5, 3, 3, 5, 3], [0] * 8, [7] * 8, [1] * 3 + [2] * 5]
    for parts in permutations(map(cut, cuts), 4):
        slots, labels = overlay(*parts)
        wanted = sorted({slot for part in parts for slot, _ in labelled(part)})
        assert slots.tolist() == wanted
        for part, row in zip(parts, labels, strict=True):
            assert row.tolist() == part.at(slots).tolist()


@pytest.mark.parametrize("parts", [(), (BLANK, Partition.filled(V4, np.int32(0)))])
def test_an_overlay_needs_one_family(parts: tuple[Partition, ...]) -> None:
    with pytest.raises(ValueError, match="one family"):
        overlay(*parts)


def test_every_two_ranges_are_cut_where_the_label_changes() -> None:
    part = Partition.of(TOY, np.array([0, 2, 3, 6], dtype=np.uint64), int32([0, 1, 2, 1]))
    labels = part.at(np.arange(8, dtype=np.uint64)).tolist()
    for both in product(every_range(), repeat=2):
        pieces = part.cut(*spans(TOY, both))
        found = [
            (span, first, last, label)
            for span, (first, last), label in zip(
                pieces.span.tolist(),
                pairs(TOY, (pieces.start, pieces.last)),
                pieces.labels.tolist(),
                strict=True,
            )
        ]
        singly = [(s, a, labels[a]) for s, first, last, _ in found for a in range(first, last + 1)]
        assert singly == [
            (n, a, labels[a]) for n, (f, t) in enumerate(both) for a in range(f, t + 1)
        ]
        assert all(
            labels[first : last + 1] == [label] * (last + 1 - first)
            for _, first, last, label in found
        )
        assert len(found) == sum(
            1 + sum(labels[a] != labels[a + 1] for a in range(f, t)) for f, t in both
        )


@pytest.mark.parametrize(("wide_part", "wide_spans"), list(product((False, True), repeat=2)))
def test_spans_and_runs_of_both_forms_are_cut_exactly(*, wide_part: bool, wide_spans: bool) -> None:
    net = 0x2001_0DB8 << 96
    fine = net + (5 if wide_part else 1 << 64)
    part = Partition.of(V6, columns.column(V6, [0, net, fine]), int32([0, 1, 2]))
    first, last = net - (1 << 64), net + (9 if wide_spans else (2 << 64) - 1)
    pieces = part.cut(*spans(V6, [(first, last), (V6.last - (1 << 64) + 1, V6.last)]))
    found = pairs(V6, (pieces.start, pieces.last))
    inner = [(first, net - 1), (net, min(fine - 1, last))]
    inner += [(fine, last)] if fine <= last else []
    assert found == [*inner, (V6.last - (1 << 64) + 1, V6.last)]
    assert pieces.labels.tolist() == [*[0, 1, 2][: len(inner)], 2]


def test_painting_two_spans_over_anything_is_what_a_list_would_do() -> None:
    backgrounds = [BLANK, cut([0, 0, 1, 1, 2, 0, 3, 3])]
    for (a, b), background in product(product(every_range(), repeat=2), backgrounds):
        picture = background.at(np.arange(8, dtype=np.uint64)).tolist()
        for label, (first, last) in enumerate((a, b), start=5):
            picture[first : last + 1] = [label] * (last - first + 1)
        found = painted(background, [(*a, 5), (*b, 6)])
        assert labelled(found) == oracle.runs(list(enumerate(picture)))


@pytest.mark.parametrize("seed", range(30))
def test_painting_many_spans_is_what_a_list_would_do(seed: int) -> None:
    random = Random(seed)
    rules = [(*random.choice(every_range()), random.randrange(4)) for _ in range(9)]
    assert labelled(painted(BLANK, rules)) == oracle.last_wins(rules, 7)


@pytest.mark.parametrize(("family", "narrow"), FORMS)
@pytest.mark.parametrize("seed", range(20))
def test_painting_is_right_at_real_widths(family: Family, seed: int, *, narrow: bool) -> None:
    random = Random(seed)
    found = some_ranges(random, family, narrow=narrow)
    rules = [(first, last, random.randrange(4)) for first, last in found]
    background = Partition.filled(family, np.int32(0))
    for wide in {False, bool(family.grain)}:
        picture = painted(background, rules, wide=wide)
        assert labelled(picture) == oracle.last_wins(rules, family.last)


def test_painting_nothing_leaves_the_background() -> None:
    background = cut([0, 1, 1, 0, 2, 2, 2, 0])
    assert paint(background, []) == background
    assert painted(background, []) == background


def test_merging_two_ranges_keeps_them_apart_just_if_a_gap_is_between_them() -> None:
    for a, b in product(every_range(), repeat=2):
        found = pairs(TOY, merge_spans(TOY, *spans(TOY, [a, b])))
        assert found == oracle.union([a, b])


@pytest.mark.parametrize(("family", "narrow"), FORMS)
@pytest.mark.parametrize("seed", range(30))
def test_merging_is_the_union_at_real_widths(family: Family, seed: int, *, narrow: bool) -> None:
    rows = some_ranges(Random(seed), family, narrow=narrow)
    for wide in {False, bool(family.grain)}:
        merged = merge_spans(family, *spans(family, rows, wide=wide))
        assert pairs(family, merged) == oracle.union(rows)
        part = set_partition(family, *spans(family, rows, wide=wide))
        assert pairs(family, part.runs(part.labels)) == oracle.union(rows)


@pytest.mark.parametrize("family", [TOY, V4, V6])
def test_spans_that_touch_both_ends_of_the_space_merge_without_wrapping(family: Family) -> None:
    top = family.last
    for rows in (
        [(0, top)],
        [(0, 0), (top, top)],
        [(0, top - 1), (top, top)],
        [(top, top), (0, 0), (1, top - 1)],
        [(0, 2), (0, 2), (top - 1, top), (top, top)],
    ):
        assert pairs(family, merge_spans(family, *spans(family, rows))) == oracle.union(rows)
        part = set_partition(family, *spans(family, rows))
        assert pairs(family, part.runs(~part.labels)) == oracle.complement(rows, top)


def test_merging_never_hands_back_what_it_was_given() -> None:
    start, last = spans(V4, [(0, 4), (6, 9)])
    merged = merge_spans(V4, start, last)
    assert not any(np.shares_memory(a, b) for a in merged for b in (start, last))


def test_a_partition_answers_for_addresses_in_the_other_form() -> None:
    finer = set_partition(V6, *spans(V6, [((1 << 64) + 5, (2 << 64) - 1)]))
    assert finer.at(columns.column(V6, [1 << 64, 2 << 64])).tolist() == [False, False]
    whole = set_partition(V6, *spans(V6, [(1 << 64, (2 << 64) - 1)]))
    wanted = [0, (1 << 64) - 1, 1 << 64, (1 << 64) + 7, (2 << 64) - 1, 2 << 64]
    assert whole.at(columns.column(V6, wanted)).tolist() == [False, False, True, True, True, False]


@pytest.mark.parametrize("seed", range(20))
def test_an_overlay_of_both_forms_is_right(seed: int) -> None:
    random = Random(seed)
    fine, whole = some_ranges(random, V6), some_ranges(random, V6, narrow=True)
    a, b = set_partition(V6, *spans(V6, fine)), set_partition(V6, *spans(V6, whole))
    slots, (first, second) = overlay(a, b)
    for slot, one, other in zip(columns.ints(V6, slots), first, second, strict=True):
        assert one == any(x <= slot <= y for x, y in fine)
        assert other == any(x <= slot <= y for x, y in whole)
    probe = [some_address(random, V6) for _ in range(50)]
    hits = [any(x <= address <= y for x, y in fine) for address in probe]
    assert a.at(columns.column(V6, probe)).tolist() == hits


@pytest.mark.parametrize(("family", "narrow"), FORMS)
@pytest.mark.parametrize("seed", range(20))
def test_laying_out_runs_is_painting_them(family: Family, seed: int, *, narrow: bool) -> None:
    random = Random(seed)
    rows = oracle.union(some_ranges(random, family, narrow=narrow))
    rows += oracle.complement(rows, family.last)[:: seed % 3 + 1]  # some of them touch
    rows.sort()
    labels = int32([random.randrange(3) for _ in rows])
    found = laid_out(family, *spans(family, rows), labels)
    layer = (*spans(family, rows), labels)
    assert found == paint(Partition.filled(family, np.int32(0)), [layer])


def test_every_two_disjoint_ranges_are_laid_out_as_they_would_be_painted() -> None:
    for a, b in product(every_range(), repeat=2):
        if a[1] < b[0]:
            layer = (*spans(TOY, [a, b]), int32([1, 2]))
            assert laid_out(TOY, *layer) == paint(BLANK, [layer])
        alone = (*spans(TOY, [a]), int32([1]))
        assert laid_out(TOY, *alone) == paint(BLANK, [alone])


def test_runs_that_overlap_or_are_out_of_order_are_not_laid_out() -> None:
    for rows in ([(0, 4), (4, 5)], [(4, 5), (0, 1)]):
        with pytest.raises(ValueError, match="not sorted and disjoint"):
            laid_out(TOY, *spans(TOY, rows), int32([1, 1]))


def test_a_set_of_many_spans_takes_no_memory_beside_itself_and_its_spans(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(columns, "_PIECE", 1 << 10)
    count = 1 << 17
    high, zero = np.arange(count, dtype=np.uint64) << np.uint64(8), np.zeros(count, dtype=np.uint64)
    start, last = columns.join(high, zero), columns.join(high, zero)
    tracemalloc.start()
    made = set_partition(V6, start, last)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    in_order = start.nbytes + last.nbytes
    assert peak < in_order + made.starts.nbytes + made.labels.nbytes + count
