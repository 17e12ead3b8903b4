"""The bytes of a MaxMind DB file: what the writer makes, and what the reader refuses."""

from random import Random
from typing import Self

import numpy as np
import pytest

from blockc.addresses import V4, V6, AddrMap, AddrSet, Prefix
from blockc.addresses.bit_tree import tree_nodes
from blockc.addresses.rules import Rules, without_space
from blockc.errors import DoesNotFit, PolicyError, SourceSyntaxError, Unproved
from blockc.targets.core.provenance import Origin
from blockc.targets.core.render import render
from blockc.targets.core.target import Target
from blockc.targets.data import mmdb_writer
from blockc.targets.data.mmdb_list import IPV4_SPACE, MMDB, MMDB_MAXMIND, read_mmdb
from blockc.targets.data.mmdb_writer import Datum, Unsigned, encoded, mmdb_bytes
from blockc.targets.syntax.mmdb_file import MARKER, database
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import replace
from blockc.verify.proof import prove
from tests.targets.artifacts import (
    EDGES,
    PATH,
    PROVENANCE,
    draft,
    nested,
    prefixes,
    rules_of,
    scattered,
    written,
    written_rules,
)
from tests.targets.mmdb_trees import DEEP, SAID, made

ABOUT = {
    "ip_version": (16, 6),
    "binary_format_major_version": (16, 2),
    "binary_format_minor_version": (16, 0),
    "build_epoch": (64, 1),
}
NOTHING = {V4: Rules.empty(V4), V6: Rules.empty(V6)}


@pytest.mark.parametrize("size", [24, 28, 32])
def test_branches_of_every_size_are_read_as_they_were_written(size: int) -> None:
    random = Random(size)
    whole = database(made([(1, 2), (1000, 1001), (3, 1000), (4, 4)], bytes(200), size))
    assert whole.nodes.tolist() == [[1, 2], [20, 21], [3, 20], [4, 4]]
    numbers = [[random.getrandbits(size), random.getrandbits(size)] for _ in range(50)]
    raw = mmdb_writer._packed(np.array(numbers, np.int64), size)
    assert tree_nodes(raw, 50, size // 4).tolist() == numbers


def test_a_branch_gets_the_bits_that_the_file_needs_and_no_more() -> None:
    nodes = np.full((4, 2), -1)
    for record, size in ((2**24 - 20, 24), (2**24 - 19, 28), (2**28 - 20, 28), (2**28 - 19, 32)):
        assert mmdb_writer._branches(nodes, 0, {1: _Long(record)})[0] == size
    with pytest.raises(DoesNotFit, match="mmdb holds 4,294,967,296 nodes and bytes of records"):
        mmdb_writer._branches(nodes, 0, {1: _Long(2**32 - 19)})


class _Long(bytes):
    """Stands for a record of so many bytes."""

    def __new__(cls, size: int) -> Self:
        made = super().__new__(cls)
        made._size = size
        return made

    _size: int

    def __len__(self) -> int:
        return self._size


@pytest.mark.parametrize("length", [0, 28, 29, 30, 284, 285, 286, 65_820, 65_821, 65_822, 200_000])
def test_texts_of_every_length_are_read_as_they_were_written(length: int) -> None:
    about = database(made([(1, 1)], changes={"description": "x" * length})).metadata
    assert about["description"] == "x" * length


def test_numbers_maps_lists_and_truths_are_read_as_they_were_written() -> None:
    value: Datum = {
        "none": Unsigned(16, 0),
        "most": Unsigned(64, 2**64 - 1),
        "list": ["ä", ""],
        "map": {"yes": True, "no": False},
    }
    about = database(made([(1, 1)], changes={"value": value})).metadata
    assert about["value"] == {
        "none": (16, 0), "most": (64, 2**64 - 1), "list": ["ä", ""],
        "map": {"yes": True, "no": False},
    }  # fmt: skip


LOOP = [(0, 1)]


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (made([(1000, 1)]), "a record above ::/96 would decide about both families"),
        (made(LOOP), "two branches lead to the same node"),
        (made([(1, 1), (2, 2)]), "two branches lead to the same node"),
        (made([(2, 2), (2, 2)]), "a node that no branch reaches"),
        (made(DEEP), "deeper than an address"),
        (made([(1, 5)]), "a branch leads out of the file"),
        (made([(1, 1000 + len(encoded(SAID)))]), "a branch leads out of the file"),
        (made([(1, 1001)]), "which is not a verdict as the others are"),
        (made([(1, 1000)], encoded({"blockc": "teapot"})), "says 'teapot', which is not"),
        (made([(1, 1000)], encoded({"blockc": False})), "the record says False, which is not"),
        (made([(1, 1000)], encoded({"a": "block", "b": "block"})), "the record says False"),
        (made([(1, 1000)], encoded(["block"])), "the record says False"),
        (made([(1, 1000)], b"\x20\x00"), "a value of type 1 and size 0"),
        (made([(1, 1000)], b"\xe1\x41a\xe1" + b"\x41a\xe1" * 20), "of type 7 and size 1"),
        (made([(1, 1000)], b"\xe1\x46blo"), "a value that goes beyond its section"),
        (made([(1, 1000)], b"\xe1\x41\xff\x45block"), "a text that is not UTF-8"),
        (made([(1, 1000)], b"\xe2\x41a\x45block\x41a\x45block"), "the key 'a' is not a text, or"),
        (made([(1, 1)], changes={"ip_version": Unsigned(16, 4)}), "ip_version is 4, expected 6"),
        (made([(1, 1)], changes={"record_size": Unsigned(16, 20)}), "record_size is 20, expected"),
        (made([(1, 1)], changes={"node_count": Unsigned(32, 0)}), "node_count is 0, expected"),
        (made([(1, 1)], changes={"node_count": Unsigned(32, 9)}), "zeros must part the tree"),
        (made([(1, 1)], changes={"binary_format_major_version": Unsigned(16, 3)}), "is 3, exp"),
        (made([(1, 1)], changes={"build_epoch": Unsigned(64, 0)}), "build_epoch is 0, expected"),
        (made([(1, 1)], changes={"build_epoch": Unsigned(32, 0)}), "not a number of 64 bits"),
        (made([(1, 1)], changes={"node_count": "1"}), "node_count is not a number of 32 bits"),
        (made([(1, 1000)], encoded({"blockc": Unsigned(16, 1)})), "the record says False"),
        (ArtifactFile("x", b""), "not a MaxMind DB file"),
        (ArtifactFile("x", MARKER + b"\x41a"), "the metadata are not a map"),
        (replace(made([(1, 1)]), data=made([(1, 1)]).data + b"x"), "something follows"),
    ],
)  # fmt: skip
def test_what_programs_could_read_otherwise_is_refused(file: ArtifactFile, reason: str) -> None:
    with pytest.raises(SourceSyntaxError) as refused:
        read_mmdb((file,))
    assert reason in refused.value.message
    assert refused.value.message.startswith("byte ")


def test_mapped_space_that_leads_elsewhere_is_refused() -> None:
    (file,) = written(MMDB, EDGES["ipv4 only"])
    whole = database(file)
    _, mapped = whole.leaves()
    assert mapped == (True, False)
    ipv4 = int(np.flatnonzero(np.bincount(whole.nodes.ravel())[: len(whole.nodes)] == 2)[0])
    nodes = whole.nodes.copy()
    last = int(np.flatnonzero((nodes == ipv4).any(axis=1))[-1])
    nodes[last][nodes[last] == ipv4] = len(nodes) + 16
    tree = mmdb_writer._packed(nodes, 24)
    with pytest.raises(SourceSyntaxError, match="::ffff:0:0/96 leads to something else than ::/96"):
        read_mmdb((replace(file, data=tree + file.data[len(tree) :]),))


def test_entries_of_ipv6_leave_the_places_of_ipv4_out() -> None:
    rules = nested(("::/0", 1))[V6]
    beside = without_space(rules, IPV4_SPACE)
    assert len(beside) == 80 + 15 + 15  # beside the way down to both, and to each from there
    assert (
        len(without_space(nested(("::1:0/112", 1), ("::ffff:1.2.3.0/120", 1))[V6], IPV4_SPACE)) == 0
    )
    far = nested(("2001:db8::/32", 1))[V6]
    assert without_space(far, IPV4_SPACE) is far


def test_equal_inputs_give_equal_bytes_and_the_day_is_that_of_the_sources() -> None:
    rules = rules_of(MMDB, scattered(Random(3), 40))
    file, again = (written_rules(MMDB, rules)[0].data for _ in range(2))
    assert file == again
    undated = replace(PROVENANCE, sources=(Origin("own", "no-date", "sha256:0"),))
    (old,) = render(MMDB, draft(MMDB, rules, provenance=undated), PATH, {})
    assert database(old).metadata["build_epoch"] == 1


def test_a_record_that_says_true_is_for_a_list_that_blocks() -> None:
    one = draft(MMDB, rules_of(MMDB, EDGES["ipv4 only"]), {"boolean": True})
    with pytest.raises(PolicyError, match="says block and nothing else, not 'monitor'"):
        render(MMDB, replace(one, names=("", "monitor")), PATH, {})


def test_overlapping_entries_are_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="disjoint"):
        mmdb_bytes(
            {**NOTHING, **nested(("10.0.0.0/8", 1), ("10.1.0.0/16", 1))},
            ["", SAID],
            {},
        )


def test_a_file_as_those_of_maxmind_leads_to_ipv4_from_tunnels_too() -> None:
    addresses = prefixes("192.0.2.0/24", "2002::/16", "2001::/23", "2001:db8::/32")
    (file,) = written(MMDB_MAXMIND, addresses)
    networks, places = database(file).leaves()
    assert places == (True, True)
    read = read_mmdb((file,))
    assert read.rules[V4].prefixes().texts() == ["192.0.2.0/24"]
    spared = prefixes("2001::/32", "2002::/16")
    wanted = prefixes("2001::/23", "2001:db8::/32") - spared
    assert AddrSet.of(read.rules[V6].prefixes()) == wanted
    assert len(networks.record) == 1 + len(read.rules[V6])


def test_all_of_ipv4_is_a_tree_to_which_tunnels_can_lead() -> None:
    (file,) = written(MMDB_MAXMIND, EDGES["all of ipv4"])
    assert database(file).leaves()[1] == (True, True)
    assert read_mmdb((file,)).rules[V4].prefixes().texts() == ["0.0.0.0/1", "128.0.0.0/1"]


def test_one_tunnel_without_the_other_is_refused() -> None:
    rules = {**NOTHING, **nested(("192.0.2.0/24", 1))}
    metadata = {key: Unsigned(bits, at) for key, (bits, at) in ABOUT.items()}
    one = mmdb_bytes(rules, ["", SAID], metadata, [Prefix(V6, 0x2002 << 112, 16)])
    with pytest.raises(SourceSyntaxError, match="leads to IPv4, the other does not"):
        database(ArtifactFile("x", one)).leaves()


@pytest.mark.parametrize(
    ("target", "other", "place"),
    [(MMDB, MMDB_MAXMIND, "True"), (MMDB_MAXMIND, MMDB, "False")],
)
def test_a_file_with_other_places_of_ipv4_than_ordered_is_refused(
    target: Target, other: Target, place: str
) -> None:
    rules = rules_of(target, EDGES["ipv4 only"])
    names = {"field": "country.iso_code", "database_type": "GeoLite2-Country"}
    one = draft(target, rules, names)
    orders = one.orders(target, PATH)
    files = render(other, draft(other, rules, names), PATH, {})
    with pytest.raises(Unproved, match=f"the tunnels as IPv4 is {place}"):
        prove(target, files, AddrMap.of_set(EDGES["ipv4 only"]), "x", orders)
