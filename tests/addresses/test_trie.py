"""The prefix tree: every prefix where leaves part, found without arithmetic on addresses."""

import numpy as np
import pytest

from blockc.addresses import columns
from blockc.addresses.family import V4, V6, Family, Prefix
from blockc.addresses.partition import Partition
from blockc.addresses.prefixes import Prefixes
from blockc.addresses.trie import Trie, block_starts, trie_of
from blockc.passes.exact.lengths import pieces_of

TOY = Family(0, 3)


def toy_partition(bits: int) -> Partition:
    labels = np.array([bits >> cell & 1 for cell in range(TOY.size)], dtype=np.int32)
    return Partition.of(TOY, np.arange(TOY.size, dtype=np.uint64), labels)


def prefixes_of(family: Family, texts: list[tuple[int, int]]) -> Prefixes:
    starts = columns.column(family, [first for first, _ in texts])
    return Prefixes(family, starts, np.array([length for _, length in texts], dtype=np.int16))


def contains(outer: Prefix, inner: Prefix) -> bool:
    return outer.first <= inner.first and inner.last <= outer.last


def test_the_tree_over_a_whole_space_is_full_on_every_input() -> None:
    for bits in range(1 << TOY.size):
        trie, labels = trie_of(toy_partition(bits))
        count = len(trie.leaves)
        nodes = list(trie.prefixes(np.arange(len(trie))))
        assert nodes[trie.root] == Prefix(TOY, 0, 0)
        assert sum(leaf.size for leaf in nodes[:count]) == TOY.size
        for leaf, label in zip(nodes[:count], labels.tolist(), strict=True):
            assert {bits >> cell & 1 for cell in range(leaf.first, leaf.last + 1)} == {label}
        for node, left, right in zip(range(count, len(trie)), *trie.children(), strict=True):
            assert left < node > right
            assert nodes[left].length == nodes[right].length == nodes[node].length + 1
            assert (nodes[left].first, nodes[right].last) == (nodes[node].first, nodes[node].last)


def test_levels_hold_every_inner_node_once_longest_first() -> None:
    trie, _ = trie_of(toy_partition(0b1011_0010))
    seen = [node for level in trie.levels for node in range(level.node.start, level.node.stop)]
    assert seen == list(range(len(trie.leaves), len(trie)))
    assert trie.length[seen].tolist() == sorted(trie.length[seen].tolist(), reverse=True)


@pytest.mark.parametrize("family", [V4, V6])
def test_chains_are_one_node_the_longest_prefix_that_holds_the_leaves(family: Family) -> None:
    rng = np.random.default_rng(7)
    top = family.width - 8
    cells = sorted(rng.choice(256, 40, replace=False).tolist())
    leaves = prefixes_of(family, [((cell << 1) << top - 1, 8) for cell in cells])
    trie = Trie.over(leaves)
    nodes = list(trie.prefixes(np.arange(len(trie))))
    for node in range(len(leaves), len(trie)):
        inside = nodes[trie.first[node] : trie.last[node] + 1]
        assert all(contains(nodes[node], leaf) for leaf in inside)
        halves = (
            Prefix(family, nodes[node].first, nodes[node].length + 1),
            Prefix(family, nodes[node].first + nodes[node].size // 2, nodes[node].length + 1),
        )
        for half in halves:
            assert any(contains(half, leaf) for leaf in inside), "a shorter prefix would do"


def test_wide_leaves_part_at_every_depth_up_to_the_last_bit() -> None:
    firsts = sorted({0, 1, 2, 3, 1 << 63, 1 << 64, (1 << 127) + 1, (1 << 128) - 1})
    trie = Trie.over(prefixes_of(V6, [(first, 128) for first in firsts]))
    found = {str(node) for node in trie.prefixes(np.arange(len(firsts), len(trie)))}
    assert found == {"::/126", "::/127", "::2/127", "::/64", "::/63", "::/0", "8000::/1"}


def test_one_leaf_is_the_root_and_none_is_refused() -> None:
    trie = Trie.over(prefixes_of(V4, [(0x0A00_0000, 8)]))
    assert (len(trie), trie.root, trie.levels) == (1, 0, ())
    assert [len(side) for side in trie.children()] == [0, 0]
    with pytest.raises(ValueError, match="at least one leaf"):
        Trie.over(Prefixes.empty(V4))


@pytest.mark.parametrize(("family", "bits"), [(V4, 32), (V6, 64), (V6, 128)])
def test_block_starts_clear_exactly_the_host_bits(family: Family, bits: int) -> None:
    unit = family.width - bits
    address = 0xABCD_EF01_2345_6789_ABCD_EF01_2345_6789 >> 128 - bits << unit
    lengths = np.arange(bits + 1, dtype=np.int16)
    inside = columns.column(family, [address] * len(lengths))
    got = columns.ints(family, block_starts(family, inside, lengths))
    shifts = [family.width - length for length in lengths.tolist()]
    assert got == [address >> shift << shift for shift in shifts]


def test_pieces_cover_their_prefix_in_order_and_know_their_row() -> None:
    starts = columns.widen(columns.column(V6, [0, 1 << 64, 1 << 127]))
    prefixes = Prefixes(V6, starts, np.array([126, 64, 128], dtype=np.int16))
    goal = np.array([128, 66, 128], dtype=np.int16)
    pieces, origin = pieces_of(prefixes, goal)
    assert origin.tolist() == [0] * 4 + [1] * 4 + [2]
    assert pieces.length.tolist() == [128] * 4 + [66] * 4 + [128]
    firsts = columns.ints(V6, pieces.start)
    assert firsts == [*range(4), *((1 << 64) + (n << 62) for n in range(4)), 1 << 127]
