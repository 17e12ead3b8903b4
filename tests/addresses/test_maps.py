"""Maps: layers, the addresses of a label, and how many there are."""

from itertools import product
from random import Random

import numpy as np
import pytest

from blockc.addresses.addrmap import AddrMap
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import FAMILIES, V4, V6
from blockc.addresses.partition import Partition
from tests.addresses import oracle
from tests.addresses.random_ranges import some_ranges
from tests.addresses.toy import (
    TOY,
    address_set,
    every_subset,
    int32,
    labelled,
    pairs,
    ranges,
    spans,
)

CELLS = np.arange(8, dtype=np.uint64)


def test_the_first_layer_that_holds_an_address_names_it_on_every_pair_of_layers() -> None:
    subsets = every_subset()[::9]
    for a, b in product(subsets, repeat=2):
        layers = {"a": address_set(TOY, ranges(a)), "b": address_set(TOY, ranges(b))}
        found = AddrMap.layered(layers, default="none", families=[TOY])
        assert found.names == ("none", "a", "b")
        wanted = [1 if cell in a else 2 if cell in b else 0 for cell in range(8)]
        assert found.part(TOY).at(CELLS).tolist() == wanted


@pytest.mark.parametrize("seed", range(25))
def test_layers_are_painted_from_the_last_to_the_first_in_both_families(seed: int) -> None:
    random = Random(seed)
    rows = [
        {family: some_ranges(random, family, narrow=seed % 2 == 0) for family in FAMILIES}
        for _ in range(4)
    ]
    layers = {
        f"layer {number}": AddrSet.of_spans({f: spans(f, row[f]) for f in FAMILIES})
        for number, row in enumerate(rows, start=1)
    }
    found = AddrMap.layered(layers)
    for family in FAMILIES:
        rules = [(*one, number) for number, row in enumerate(rows, start=1) for one in row[family]]
        assert labelled(found.part(family)) == oracle.last_wins(rules[::-1], family.last)
        counts = found.counts(family)
        assert sum(counts) == family.size
        for label, name in enumerate(found.names):
            assert found.where([name]).count_of(family) == counts[label]


def test_a_map_of_no_layers_is_its_default_everywhere() -> None:
    found = AddrMap.layered({}, default="allow")
    assert found.where(["allow"]) == AddrSet.everything()
    assert found.where([]) == found.where(["block"]) == AddrSet.empty()


def test_a_map_of_a_set_says_its_name_there_and_the_default_elsewhere() -> None:
    for cells in every_subset():
        addresses = address_set(TOY, ranges(cells))
        found = AddrMap.of_set(addresses, "block", "allow")
        assert found.where(["block"]) == addresses
        assert found.where(["allow"]) == ~addresses
        assert found.where(["block", "allow"]) == AddrSet.everything([TOY])


def test_labels_of_one_name_are_asked_for_together() -> None:
    part = Partition(TOY, np.array([0, 2, 5], dtype=np.uint64), int32([1, 2, 0]))
    found = AddrMap((part,), ("", "CN", "CN"))
    assert pairs(TOY, found.where(["CN"]).spans(TOY)) == [(0, 4)]


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ((Partition.filled(V4, np.int32(2)),), "no name"),
        ((Partition.filled(V4, np.int32(-1)),), "no name"),
        ((Partition.filled(V4, np.int64(0)),), "int32"),
        ((Partition.filled(V6, np.int32(0)), Partition.filled(V4, np.int32(0))), "order"),
    ],
)
def test_a_map_cannot_be_built_wrong(parts: tuple[Partition, ...], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        AddrMap(parts, ("", "block"))
