"""Sets: the laws of algebra, on every toy set and at real widths."""

from itertools import product
from random import Random

import numpy as np
import pytest

from blockc.addresses import columns
from blockc.addresses import lines as lines_of_lists
from blockc.addresses.addrset import AddrSet, union
from blockc.addresses.family import FAMILIES, V4, V6, Family, Prefix
from blockc.addresses.lines import cover_lines, prefix_lines
from blockc.addresses.partition import Partition
from tests.addresses import oracle
from tests.addresses.random_ranges import some_ranges
from tests.addresses.toy import TOY, address_set, every_subset, pairs, ranges, spans

TINY = Family(0, 2)
#: Every pair of toy sets at once: pair number n lives in addresses 8 * n to 8 * n + 7.
PAIRS = Family(0, 19)


def members(found: AddrSet) -> frozenset[int]:
    """Return every address of a set of one small family."""
    (family,) = found.families
    inside = found.part(family).at(np.arange(family.size, dtype=np.uint64))
    return frozenset(np.flatnonzero(inside).tolist())


def test_operators_are_set_algebra_on_every_pair_of_tiny_sets() -> None:
    made = [(cells, address_set(TINY, ranges(cells))) for cells in every_subset(2)]
    for (a, left), (b, right) in product(made, repeat=2):
        assert members(left | right) == a | b
        assert members(left & right) == a & b
        assert members(left - right) == a - b
        assert members(left ^ right) == a ^ b
        assert (left == right) == (a == b)
        assert left.isdisjoint(right) == a.isdisjoint(b)


def test_operators_are_set_algebra_on_every_pair_of_toy_sets_side_by_side() -> None:
    bits = np.arange(256, dtype=np.uint64)[:, None] >> np.arange(8, dtype=np.uint64) & np.uint64(1)
    a = np.repeat(bits.astype(bool), 256, axis=0).reshape(-1)
    b = np.tile(bits.astype(bool), (256, 1)).reshape(-1)
    cells = np.arange(PAIRS.size, dtype=np.uint64)
    left, right = (AddrSet((Partition.of(PAIRS, cells, labels),)) for labels in (a, b))
    for found, wanted in (
        (left | right, a | b),
        (left & right, a & b),
        (left - right, a & ~b),
        (left ^ right, a ^ b),
        (~left, ~a),
    ):
        assert np.array_equal(found.part(PAIRS).at(cells), wanted)
        assert found.count == int(wanted.sum())


def test_every_toy_set_knows_its_spans_count_prefixes_and_complement() -> None:
    for cells in every_subset():
        found = address_set(TOY, ranges(cells))
        assert pairs(TOY, found.spans(TOY)) == oracle.union(ranges(cells))
        assert found.count == len(cells)
        assert bool(found) == bool(cells)
        assert members(~found) == frozenset(range(8)) - cells
        assert ~~found == found
        assert found.prefix_count(TOY) == len(found.prefixes(TOY))
        assert AddrSet.of(found.prefixes(TOY), [TOY]) == found
        for first, length in [*oracle.cover([(0, 7)], TOY), (4, 1), (2, 2), (5, 3)]:
            block = range(first, first + (8 >> length))
            assert (Prefix(TOY, first, length) in found) == (frozenset(block) <= cells)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", range(30))
def test_operators_are_the_oracle_at_real_widths(family: Family, seed: int) -> None:
    random = Random(seed)
    a, b = some_ranges(random, family, narrow=seed % 2 == 0), some_ranges(random, family)
    left, right, top = address_set(family, a), address_set(family, b), family.last
    for found, wanted in (
        (left | right, oracle.union(a, b)),
        (left & right, oracle.intersection(a, b, top)),
        (left - right, oracle.difference(a, b, top)),
        (left ^ right, oracle.union(oracle.difference(a, b, top), oracle.difference(b, a, top))),
        (~left, oracle.complement(a, top)),
        (union([left, right], [family]), oracle.union(a, b)),
    ):
        assert pairs(family, found.spans(family)) == wanted
        assert found == address_set(family, wanted)
        assert found.count == sum(last - first + 1 for first, last in wanted)


@pytest.mark.parametrize("seed", range(25))
def test_the_laws_hold_for_both_families_together(seed: int) -> None:
    random = Random(seed)
    a, b, c = (
        AddrSet.of_spans({f: spans(f, some_ranges(random, f)) for f in FAMILIES}) for _ in range(3)
    )
    nothing, everything = AddrSet.empty(), AddrSet.everything()
    assert a | b == b | a
    assert a & b == b & a
    assert (a | b) | c == a | (b | c)
    assert (a & b) & c == a & (b & c)
    assert a & (b | c) == (a & b) | (a & c)
    assert a | (b & c) == (a | b) & (a | c)
    assert ~(a | b) == ~a & ~b
    assert a - b == a & ~b
    assert a ^ b == (a | b) - (a & b)
    assert a | nothing == a & everything == a
    assert a & nothing == a - everything == nothing
    assert a | ~a == nothing | everything == everything
    assert a.count + (~a).count == everything.count == 2**32 + 2**128
    assert a.only(V4) | a.only(V6) == a
    assert union([a, b, c]) == a | b | c


def test_space_finer_than_a_64_is_never_rounded() -> None:
    one = AddrSet.of([Prefix(V6, (1 << 64) + 1, 128)])
    unit = AddrSet.of([Prefix(V6, 1 << 64, 64)])
    assert one.count == 1
    assert (unit - one).count == (1 << 64) - 1
    assert unit - one | one == unit
    assert not columns.is_wide(unit.part(V6).starts)
    assert [str(prefix) for prefix in one.prefixes(V6)] == ["::1:0:0:0:1/128"]


def test_the_last_addresses_of_both_families_are_members_like_any_other() -> None:
    for family in FAMILIES:
        top = AddrSet.of([Prefix(family, family.last, family.width)])
        assert pairs(family, top.spans(family)) == [(family.last, family.last)]
        assert pairs(family, (~top).spans(family)) == [(0, family.last - 1)]


def test_the_union_of_no_sets_is_nothing() -> None:
    assert union([]) == AddrSet.empty()


@pytest.mark.parametrize("bad", [(V4, 5, 4), (V4, 0, 1 << 32), (V6, -1, 4)])
def test_ranges_that_cannot_be_are_refused(bad: tuple[Family, int, int]) -> None:
    with pytest.raises(ValueError, match="not a range of ipv"):
        AddrSet.of_ranges([bad])


def test_sets_of_different_families_do_not_mix() -> None:
    with pytest.raises(ValueError, match="not a range of ipv6"):
        AddrSet.of([Prefix(V6, 0, 0)], [V4])
    with pytest.raises(ValueError, match="different families"):
        AddrSet.empty([V4]) | AddrSet.empty()


def test_a_set_cannot_be_built_wrong() -> None:
    v4, v6 = Partition.filled(V4, np.True_), Partition.filled(V6, np.True_)
    for parts, reason in (
        ((v6, v4), "order"),
        ((v4, v4), "order"),
        ((Partition.filled(V4, np.int32(1)),), "booleans"),
    ):
        with pytest.raises(ValueError, match=reason):
            AddrSet(parts)


@pytest.mark.parametrize("family", FAMILIES)
def test_many_spans_are_handled_in_pieces_as_if_at_once(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(7)
    found = [some_ranges(random, family) for _ in range(30)]
    whole = [AddrSet.of_spans({family: spans(family, rows)}) for rows in found]
    lines = [prefix_lines(one.prefixes(family)) for one in whole]
    monkeypatch.setattr(columns, "_PIECE", 3)
    monkeypatch.setattr(lines_of_lists, "_SPANS", 2)
    for rows, one, text in zip(found, whole, lines, strict=True):
        pieces = AddrSet.of_spans({family: spans(family, rows)})
        assert pieces == one
        assert b"".join(cover_lines(family, pieces.spans(family))) == text
