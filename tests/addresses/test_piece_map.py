"""Pieces of one map: each by itself is what it is in the map of all."""

from itertools import product

import numpy as np
import pytest

from blockc.addresses import V6, AddrMap, AddrSet, columns
from blockc.addresses.family import Family, Prefix
from blockc.addresses.partition import Partition
from blockc.addresses.piece_map import PieceMap
from tests.addresses.toy import int32

TINY = Family(0, 2)
VERDICTS = ("", "block", "warn")
TOGETHER = ("", "block in A", "warn in A", "block in B", "warn in B")


def cut(labels: tuple[int, ...]) -> Partition:
    """Return the partition of the tiny family with a label an address."""
    return Partition.of(TINY, np.arange(4, dtype=np.uint64), int32([*labels]))


def test_the_map_of_each_piece_has_its_verdicts_and_no_others_on_every_input() -> None:
    for labels in product(range(5), repeat=4):
        pieces = PieceMap(AddrMap((cut(labels),), TOGETHER), VERDICTS, 2)
        for map_, outer in zip(pieces.maps, ([0, 1, 2], [0, 3, 4]), strict=True):
            wanted = tuple(outer.index(n) if n in outer else 0 for n in labels)
            assert map_ == AddrMap((cut(wanted),), VERDICTS), labels


@pytest.mark.parametrize("first", [0, 1 << 64])
def test_a_piece_of_whole_units_is_narrow_beside_one_that_is_finer(first: int) -> None:
    whole, fine = Prefix(V6, first, 64), Prefix(V6, 5 << 64, 128)
    cuts = AddrMap.layered({"A": AddrSet.of([whole]), "B": AddrSet.of([fine])}, default="C")
    blocked = AddrMap.of_set(AddrSet.of([whole, fine]))
    pieces = PieceMap.of(blocked, cuts, ("A", "B", "C"))
    narrow, wide, nothing = pieces.maps
    assert narrow == AddrMap.of_set(AddrSet.of([whole]))
    assert wide == AddrMap.of_set(AddrSet.of([fine]))
    assert nothing == AddrMap.of_set(AddrSet.empty())
    assert [columns.is_wide(one.part(V6).starts) for one in (narrow, wide)] == [False, True]
