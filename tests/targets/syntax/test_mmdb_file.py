"""MaxMind DB files: which networks a tree holds, what a record says, and what is refused where."""

from collections.abc import Mapping
from random import Random
from typing import Any

import numpy as np
import pytest

from blockc.targets.data.mmdb_list import MMDB
from blockc.targets.data.mmdb_writer import Unsigned, encoded
from blockc.targets.syntax.mmdb_file import MARKER, Database, Ipv4Places, database
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import replace
from tests.support.refusals import refused
from tests.targets.artifacts import EDGES, scattered, written
from tests.targets.mmdb_trees import DEEP, SAID, made

MAPPED = 0xFFFF << 32


def walked(whole: Database) -> list[tuple[int, int, int, int]]:
    """Return address, length, record and place of each network, branch by branch."""
    count, size = len(whole.nodes), whole.metadata["record_size"] // 4
    nodes = whole.nodes.tolist()
    ipv4: list[int] = []
    found = []
    branches = [(0, 0, 0)]
    while branches:
        node, address, depth = branches.pop()
        for bit in (1, 0):
            to, there = nodes[node][bit], address | bit << 127 - depth
            if depth == 95:
                ipv4 += [to] if there == 0 else []
                if there == MAPPED and to != count:
                    continue
            if to < count:
                branches.append((to, there, depth + 1))
            elif to > count:
                found.append((there, depth + 1, to - count - 16, node * size))
    return sorted(found)


@pytest.mark.parametrize("mapped", [True, False])
@pytest.mark.parametrize("case", ["ipv4 only", "scattered", "deep", "halves"])
def test_networks_are_those_of_a_walk_branch_by_branch(case: str, *, mapped: bool) -> None:
    rules = {
        "ipv4 only": EDGES["ipv4 only"],
        "scattered": scattered(Random(1), 30),
        "deep": scattered(Random(2), 5),
        "halves": scattered(Random(3), 1),
    }[case]
    (file,) = written(MMDB, rules, {"mapped": mapped})
    whole = database(file)
    networks, seen = whole.leaves()
    addresses = [
        high << 64 | low
        for high, low in zip(networks.high.tolist(), networks.low.tolist(), strict=True)
    ]
    columns = (networks.length, networks.record, networks.place)
    rows = list(zip(addresses, *(column.tolist() for column in columns), strict=True))
    assert rows == walked(whole)
    assert rows
    assert seen == Ipv4Places(mapped, tunnels=False)
    assert [column.dtype for column in columns] == [np.int16, np.int64, np.int64]


def test_networks_of_every_length_are_found_in_the_order_of_their_addresses() -> None:
    tail = [(at + 1, 1000) for at in range(127)] + [(1001, 1000)]
    nodes = [(at + 1 if at < 127 else 1000, to) for at, (_, to) in enumerate(tail)]
    nodes[:96] = [(at + 1, 96) for at in range(96)]  # nothing above ::/96
    whole = database(made([(a, 128 if b == 96 else b) for a, b in nodes], bytes(40)))
    networks, mapped = whole.leaves()
    assert mapped == Ipv4Places(mapped=False, tunnels=False)
    lengths = networks.length.tolist()
    assert lengths == [128, *range(128, 96, -1)]
    assert networks.high.tolist() == [0] * 33
    assert networks.low.tolist() == [0, *(1 << at for at in range(32))]
    assert networks.place.tolist() == [127 * 6, *(at * 6 for at in range(127, 95, -1))]
    assert networks.record.tolist() == [0] * 33


def test_a_tree_without_ipv4_has_nothing_to_map() -> None:
    whole = database(made([(2, 1), (1000, 2)], bytes(40)))
    assert whole.leaves()[1] is None


def to_mapped(to: int, ipv4: int) -> ArtifactFile:
    """Return a file whose `::ffff:0:0/96` leads to one place and `::/96` to another."""
    nodes = [(at + 1, -1) for at in range(80)]  # zeros from bit 1 to bit 80
    nodes += [(at + 1, 96 if at == 80 else -1) for at in range(80, 95)] + [(ipv4, -1)]
    nodes += [(-1, at + 1) for at in range(96, 110)] + [(-1, to)]
    count = len(nodes)
    return made([(count if a < 0 else a, count if b < 0 else b) for a, b in nodes], bytes(40))


def test_mapped_space_leads_where_ipv4_leads_or_nowhere() -> None:
    networks, places = database(to_mapped(1005, 1005)).leaves()
    assert (networks.record.tolist(), networks.length.tolist(), places) == (
        [5],
        [96],
        (True, False),
    )
    networks, places = database(to_mapped(-1, 1005)).leaves()
    assert (networks.record.tolist(), networks.place.tolist(), places) == (
        [5],
        [95 * 6],
        (False, False),
    )
    for ipv4 in (-1, 1005):
        wrong = refused(database(to_mapped(1006, ipv4)).leaves)
        assert wrong == "0:0+1 byte 660: ::ffff:0:0/96 leads to something else than ::/96"


def with_ends(ends: Mapping[str, int], shared: str = "") -> ArtifactFile:
    """Return a file whose tree leads from prefixes, as bits, to places; elsewhere to nothing.

    Args:
        shared: A prefix of which some hold a node; those that lead to -1 lead there.
    """
    numbers = {"": 0}
    for bits in ends:
        for length in range(1, len(bits)):
            numbers.setdefault(bits[:length], len(numbers))
    to = {bits: numbers[shared] if at < 0 else at for bits, at in ends.items()} | numbers
    ways = [[to.get(bits + bit, len(numbers)) for bit in "01"] for bits in numbers]
    return made([(zero, one) for zero, one in ways], bytes(40))


IPV4, TEREDO, SIX_TO_FOUR = "0" * 96, f"{0x2001:016b}" + "0" * 16, f"{0x2002:016b}"


def test_both_tunnels_lead_to_ipv4_or_none() -> None:
    ten = {IPV4 + "00001010": 1000}
    networks, places = database(with_ends({**ten, TEREDO: -1, SIX_TO_FOUR: -1}, IPV4)).leaves()
    assert (networks.length.tolist(), places) == ([104], (False, True))
    assert database(with_ends(ten)).leaves()[1] == (False, False)
    for tunnel in (TEREDO, SIX_TO_FOUR):
        wrong = refused(database(with_ends({**ten, tunnel: -1}, IPV4)).leaves)
        why = "one of 2001::/32 and 2002::/16 leads to IPv4, the other does not"
        assert wrong == f"0:0+1 byte 0: {why}"


def test_what_is_beside_a_tunnel_is_no_tunnel_where_there_is_no_ipv4() -> None:
    beside = TEREDO[:-1] + "1"
    networks, places = database(with_ends({beside: 1000})).leaves()
    assert (networks.high.tolist(), places) == ([0x2001_0001 << 32], None)


GOOD = made([(1, 1)])


def without(*keys: str) -> ArtifactFile:
    """Return a file whose metadata lack some keys."""
    about: Any = {
        "node_count": Unsigned(32, 1), "record_size": Unsigned(16, 24),
        "ip_version": Unsigned(16, 6),
        "binary_format_major_version": Unsigned(16, 2),
        "binary_format_minor_version": Unsigned(16, 0), "build_epoch": Unsigned(64, 1),
    }  # fmt: skip
    for key in keys:
        del about[key]
    return replace(GOOD, data=GOOD.data.rpartition(MARKER)[0] + MARKER + encoded(about))


def with_metadata(raw: bytes) -> ArtifactFile:
    """Return a file with other metadata."""
    return replace(GOOD, data=GOOD.data.rpartition(MARKER)[0] + MARKER + raw)


def cut_gap(zeros: int) -> ArtifactFile:
    """Return a file without records and so many zero bytes behind its one node."""
    tree, marker, raw = GOOD.data.rpartition(MARKER)
    return replace(GOOD, data=tree[:6] + bytes(zeros) + marker + raw)


META = len(GOOD.data.rpartition(MARKER)[0]) + len(MARKER)
COUNT = {"node_count": Unsigned(32, 2)}


@pytest.mark.parametrize(
    ("file", "at", "why"),
    [
        (ArtifactFile("x", b"abc"), 0, "not a MaxMind DB file: it has no metadata"),
        (with_metadata(b"\x41a"), META, "the metadata are not a map"),
        (with_metadata(b""), META, "a value that goes beyond its section"),
        (with_metadata(b"\x5d"), META, "a value that goes beyond its section"),
        (with_metadata(b"\x43ab"), META, "a value that goes beyond its section"),
        (with_metadata(b"\xe1\x41a"), META + 3, "a value that goes beyond its section"),
        (with_metadata(b"\xe1\x41\xff\x41a"), META + 2, "a text that is not UTF-8"),
        (
            with_metadata(b"\xe1\x41a\x02\x07\0\0"),
            META + 3,
            "a value of type 14 and size 2, which no record of ours has",
        ),
        (
            with_metadata(b"\xe1\x41a\xa3\1\1\1"),
            META + 3,
            "a value of type 5 and size 3, which no record of ours has",
        ),
        (
            with_metadata(b"\xe1\x41a\xc5\1\1\1\1\1"),
            META + 3,
            "a value of type 6 and size 5, which no record of ours has",
        ),
        (
            with_metadata(b"\xe1\xa1\1\x41a"),
            META + 1,
            "the key _Number(bits=16, value=1) is not a text, or occurs twice",
        ),
        (
            with_metadata(b"\xe3\x41a\x41b\x41c\x41d\x41a\x41e"),
            META + 9,
            "the key 'a' is not a text, or occurs twice",
        ),
        (replace(GOOD, data=GOOD.data + b"xx"), len(GOOD.data), "something follows the metadata"),
        (without("ip_version"), META, "ip_version is not a number of 16 bits"),
        (without("node_count", "build_epoch"), META, "node_count is not a number of 32 bits"),
        (
            made([(1, 1)], changes={"record_size": Unsigned(16, 20)}),
            META,
            "record_size is 20, expected 24, 28, 32",
        ),
        (
            made([(1, 1)], changes={"ip_version": Unsigned(16, 4)}),
            META,
            "ip_version is 4, expected 6",
        ),
        (
            made([(1, 1)], changes={"node_count": Unsigned(32, 0)}),
            META,
            "node_count is 0, expected a number from 1 on",
        ),
        (
            made([(1, 1)], changes={"build_epoch": Unsigned(64, 0)}),
            META,
            "build_epoch is 0, expected a number from 1 on",
        ),
        (made([(1, 1)], changes=COUNT), 12, "zeros must part the tree from the records"),
        (
            made([(1, 1)], changes={"node_count": Unsigned(32, 9)}),
            META - len(MARKER),
            "zeros must part the tree from the records",
        ),
        (cut_gap(10), 6, "zeros must part the tree from the records"),
        (made([(1, 3), (3, 4), (0, 0)]), 6, "a branch leads out of the file"),
        (made([(1, 2), (2, 2 + 15)]), 6, "a branch leads out of the file"),
        (
            made([(1, 2), (2, 2), (1000 + len(encoded(SAID)), 3)]),
            12,
            "a branch leads out of the file",
        ),
    ],
)
def test_what_is_no_such_file_is_refused_where_it_is_none(
    file: ArtifactFile, at: int, why: str
) -> None:
    assert refused(database, file) == f"0:0+1 byte {at:,}: {why}"


@pytest.mark.parametrize(
    ("file", "at", "why"),
    [
        (made([(1, 2), (1000, 2)]), 6, "a record above ::/96 would decide about both families"),
        (made([(0, 1)]), 0, "two branches lead to the same node"),
        (made([(1, 2), (3, 2), (4, 4), (4, 4)]), 12, "two branches lead to the same node"),
        (made([(3, 3), (3, 3), (3, 3)]), 6, "a node that no branch reaches"),
        (made(DEEP), 128 * 6, "the tree is deeper than an address"),
    ],
)
def test_a_tree_that_programs_could_walk_otherwise_is_refused(
    file: ArtifactFile, at: int, why: str
) -> None:
    assert refused(database(file).leaves) == f"0:0+1 byte {at}: {why}"


def test_a_file_may_have_no_records() -> None:
    assert database(cut_gap(16)).records == b""
    assert len(database(cut_gap(16)).leaves()[0].high) == 0


def test_records_are_read_from_where_they_begin() -> None:
    records = encoded({"a": ["b", "d"]}) + encoded({"c": Unsigned(32, 258)}) + MARKER + b"\x00"
    whole = database(made([(1, 1)], records))
    second = len(encoded({"a": ["b", "d"]}))
    assert whole.record(0) == {"a": ["b", "d"]}
    assert whole.record(second) == {"c": (32, 258)}
    wrong = refused(whole.record, len(records) - 1)
    place = 6 + 16 + len(records) - 1
    assert wrong == f"0:0+1 byte {place}: a value that goes beyond its section"
    wrong = refused(whole.record, len(records) - 1 - len(MARKER))
    assert wrong.endswith("which no record of ours has")


@pytest.mark.parametrize("depth", [1, 15, 16, 17])
def test_records_are_maps_in_maps_down_to_a_depth(depth: int) -> None:
    whole = database(made([(1, 1)], b"\xe1\x41a" * depth + b"\x41b"))
    if depth > 16:
        assert "a value of type 7 and size 1, which" in refused(whole.record, 0)
        return
    said = whole.record(0)
    for _ in range(depth):
        said = said["a"]
    assert said == "b"


@pytest.mark.parametrize("depth", [1, 15, 16, 17])
def test_records_are_lists_in_lists_down_to_a_depth(depth: int) -> None:
    whole = database(made([(1, 1)], b"\x01\x04" * depth + b"\x41b"))
    if depth > 16:
        assert "a value of type 11 and size 1, which" in refused(whole.record, 0)
        return
    said = whole.record(0)
    for _ in range(depth):
        (said,) = said
    assert said == "b"
