"""MaxMind DB files read strictly: a binary tree of 128 bits, records, metadata, nothing unused.

Readers in programs walk the tree for one address; here all of it is walked, a level at a time, and
what a reader might see otherwise is an error: a node that two branches reach, a record above
`::/96` that would decide about both families, types that records of ours never have. Only
`::ffff:0:0/96`, `2001::/32` and `2002::/16` may lead where `::/96` leads, as they do in MaxMind's
own files, so that an IPv4 client in IPv6 clothes is one of IPv4.

Source: MaxMind DB file format 2.0, https://maxmind.github.io/MaxMind-DB/
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from blockc.addresses.bit_tree import (
    IPV4_DEPTH,
    WIDTH,
    Branches,
    in_address_order,
    ipv4_branch,
    tree_nodes,
)
from blockc.addresses.columns import U64
from blockc.errors import SourceSyntaxError
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import Value

MARKER = b"\xab\xcd\xefMaxMind.com"
_GAP = 16  # zero bytes part the tree from the records
_MAPPED = np.uint64(0xFFFF << 32)
#: The depth of places that hold IPv4 in tunnels, and the upper half of their first address.
_TUNNELS = {32: np.uint64(0x2001 << 48), 16: np.uint64(0x2002 << 48)}  # Teredo and 6to4
_DEEPEST = 16  # records are maps in maps
_UTF8, _UINT16, _UINT32, _MAP, _UINT64, _ARRAY, _BOOLEAN = 2, 5, 6, 7, 9, 11, 14

#: The numbers of the metadata, and how many bits each has to the readers in programs.
_BITS = {
    "binary_format_major_version": 16,
    "binary_format_minor_version": 16,
    "ip_version": 16,
    "record_size": 16,
    "node_count": 32,
    "build_epoch": 64,
}

Error = Callable[[str, int], SourceSyntaxError]


class _Number(NamedTuple):
    """A number of a type of so many bits."""

    bits: int
    value: int


class Ipv4Places(NamedTuple):
    """Where IPv4 is looked up besides `::/96`: in mapped addresses, in those of tunnels."""

    mapped: bool
    tunnels: bool


class Networks(NamedTuple):
    """Networks in address order.

    Columns:
        high, low: The upper and lower half of the first address, IPv4 below `::/96`.
        length: As in IPv6.
        record: Where its record begins, counted from the first record.
        place: The byte of the file with its node, for messages.
    """

    high: U64
    low: U64
    length: NDArray[np.int16]
    record: NDArray[np.int64]
    place: NDArray[np.int64]


class Database(Value, eq=False):
    """One file, cut into its three sections."""

    file: ArtifactFile
    metadata: Mapping[str, Any]
    nodes: NDArray[np.int64]  # a row a node: where a 0 and a 1 lead
    records: bytes

    def record(self, at: int) -> Any:
        """Return the record that begins `at` bytes after the first."""
        begin = self.file.data.rindex(MARKER) - len(self.records)
        return _value(self.records, at, lambda why, place: self.file.error(why, begin + place))[0]

    def leaves(self) -> tuple[Networks, Ipv4Places | None]:
        """Return all networks, those of IPv4 once, and where else IPv4 is looked up.

        None where there is no IPv4 to be looked up.
        """
        return _Walk(self).leaves()


def database(file: ArtifactFile) -> Database:
    """Return the sections of a file.

    Raises:
        SourceSyntaxError: It is not such a file, or its sections do not fit together.
    """
    tree, found, raw = file.data.rpartition(MARKER)
    begin = len(tree) + len(found)
    if not found:
        raise file.error("not a MaxMind DB file: it has no metadata", 0)
    metadata, end = _value(raw, 0, lambda why, at: file.error(why, begin + at))
    if end != len(raw):
        raise file.error("something follows the metadata", begin + end)
    metadata = _plain(file, metadata, begin)
    size, count = metadata["record_size"], metadata["node_count"]
    cut = count * size // 4
    if len(tree) < cut + _GAP or any(tree[cut : cut + _GAP]):
        raise file.error("zeros must part the tree from the records", min(cut, len(tree)))
    nodes = tree_nodes(tree, count, size // 4)
    records = tree[cut + _GAP :]
    told = nodes > count
    wrong = told & ((nodes < count + _GAP) | (nodes >= count + _GAP + len(records)))
    if wrong.any():
        row = int(np.flatnonzero(wrong.any(axis=1))[0])
        raise file.error("a branch leads out of the file", row * size // 4)
    return Database(file, metadata, nodes, records)


def _plain(file: ArtifactFile, metadata: Any, at: int) -> dict[str, Any]:
    """Return the metadata with plain numbers, once those are of the right types and values."""
    wanted = {"binary_format_major_version": (2,), "ip_version": (6,), "record_size": (24, 28, 32)}
    if not isinstance(metadata, dict):
        raise file.error("the metadata are not a map", at)
    for key, bits in _BITS.items():
        number = metadata.get(key)
        if not isinstance(number, _Number) or number.bits != bits:
            raise file.error(f"{key} is not a number of {bits} bits", at)
        metadata[key] = number.value
    for key, values in wanted.items():
        if metadata[key] not in values:
            expected = ", ".join(map(str, values))
            raise file.error(f"{key} is {metadata[key]}, expected {expected}", at)
    for key in ("node_count", "build_epoch"):
        if not metadata[key]:
            raise file.error(f"{key} is 0, expected a number from 1 on", at)
    return metadata


class _Walk:
    """All branches of a tree at once, a level at a time."""

    def __init__(self, whole: Database) -> None:
        self._whole = whole
        self._empty = len(whole.nodes)
        self._size = whole.metadata["record_size"] // 4
        self._steps = 0
        self._seen = np.full(len(whole.nodes), False)
        self._found: list[tuple[int, Branches]] = []
        self._parents: list[NDArray[np.int64]] = []
        self._ipv4 = ipv4_branch(whole.nodes)  # the walk finds a record above out
        self._mapped: bool  # known once the walk comes to IPv4
        self._tunnels: list[int] = []
        self._aliased = {
            IPV4_DEPTH: self._leave_mapped,
            **dict.fromkeys(_TUNNELS, self._leave_tunnel),
        }

    def leaves(self) -> tuple[Networks, Ipv4Places | None]:
        branches = Branches.root()
        for depth in range(1, WIDTH + 1):
            if not len(branches.node):
                break
            self._visit(branches.node)
            parents = branches.node.repeat(2)
            branches = branches.below(self._whole.nodes[branches.node].ravel(), depth)
            if depth in self._aliased:
                kept = self._aliased[depth](branches, parents)
                branches, parents = branches.take(kept), parents[kept]
            told = branches.node > self._empty
            self._tell(branches.take(told), depth, parents[told])
            branches = branches.take(branches.node < self._empty)
        if len(branches.node):
            raise self._error("the tree is deeper than an address", int(branches.node[0]))
        if not self._seen.all():
            raise self._error("a node that no branch reaches", int(np.argmin(self._seen)))
        if 0 < len(self._tunnels) < len(_TUNNELS):
            raise self._error("one of 2001::/32 and 2002::/16 leads to IPv4, the other does not", 0)
        if self._ipv4 == self._empty:
            return self._in_order(), None
        return self._in_order(), Ipv4Places(self._mapped, bool(self._tunnels))

    def _visit(self, node: NDArray[np.int64]) -> None:
        """Note that some nodes are reached; each is once, so a walk ends."""
        self._steps += len(node)
        again = self._seen[node]
        self._seen[node] = True
        if again.any() or self._steps > self._empty:
            raise self._error("two branches lead to the same node", int(node[np.argmax(again)]))

    def _tell(self, branches: Branches, depth: int, parents: NDArray[np.int64]) -> None:
        above = (branches.high == 0) & (branches.low == 0)
        if depth < IPV4_DEPTH and above.any():
            at = int(parents[above][0])
            raise self._error("a record above ::/96 would decide about both families", at)
        self._found.append((depth, branches))
        self._parents.append(parents)

    def _leave_mapped(self, branches: Branches, parents: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return a mask of all branches but that of `::ffff:0:0/96`, which leads to IPv4."""
        node, high, low = branches
        there = (high == 0) & (low == _MAPPED) & (node != self._empty)
        if there.any() and (node[there] != self._ipv4).any():
            at = int(parents[there][0])
            raise self._error("::ffff:0:0/96 leads to something else than ::/96", at)
        self._mapped = bool(there.any())
        kept: NDArray[np.bool_] = ~there
        return kept

    def _leave_tunnel(self, branches: Branches, _parents: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return a mask of all branches but that of a tunnel, if it leads to IPv4.

        Where that is a record, it is said of the tunnel as of any other network.
        """
        there = np.isin(branches.high, [*_TUNNELS.values()]) & (branches.node == self._ipv4)
        there &= self._ipv4 < self._empty
        self._tunnels += branches.high[there].tolist()
        kept: NDArray[np.bool_] = ~there
        return kept

    def _in_order(self) -> Networks:
        (node, high, low), length, order = in_address_order(self._found)
        record = node - self._empty - _GAP
        place = np.concatenate([np.zeros(0, np.int64), *self._parents])[order] * self._size
        return Networks(high, low, length, record, place)

    def _error(self, message: str, node: int) -> SourceSyntaxError:
        return self._whole.file.error(message, node * self._size)


def _value(data: bytes, at: int, error: Error, depth: int = 0) -> tuple[Any, int]:
    """Return the value that begins at a byte, and where it ends."""
    kind, size, begin = _control(data, at, error)
    if kind == _BOOLEAN and size < 2:
        return bool(size), begin
    if kind in {_MAP, _ARRAY} and depth < _DEEPEST:
        return _collected(data, begin, error, (kind, size, depth))
    end = begin + size
    if end > len(data):
        raise error("a value that goes beyond its section", at)
    if kind == _UTF8:
        try:
            return data[begin:end].decode(), end
        except UnicodeDecodeError:
            raise error("a text that is not UTF-8", begin) from None
    bits = {_UINT16: 16, _UINT32: 32, _UINT64: 64}.get(kind)
    if bits is None or 8 * size > bits:
        raise error(f"a value of type {kind} and size {size}, which no record of ours has", at)
    return _Number(bits, int.from_bytes(data[begin:end])), end


def _collected(
    data: bytes, at: int, error: Error, what: tuple[int, int, int]
) -> tuple[dict[str, Any] | list[Any], int]:
    """Return a map or a list of a type, a size and a depth."""
    kind, size, depth = what
    said: dict[str, Any] = {}
    items: list[Any] = []
    for _ in range(size):
        item, end = _value(data, at, error, depth + 1)
        if kind == _ARRAY:
            items.append(item)
            at = end
            continue
        if type(item) is not str or item in said:
            raise error(f"the key {item!r} is not a text, or occurs twice", at)
        said[item], at = _value(data, end, error, depth + 1)
    return (items if kind == _ARRAY else said), at


def _control(data: bytes, at: int, error: Error) -> tuple[int, int, int]:
    """Return type and size of the value that begins at a byte, and where its content begins."""
    try:
        kind, size, begin = data[at] >> 5, data[at] & 31, at + 1
        if not kind:
            kind, begin = data[begin] + 7, begin + 1
    except IndexError:
        raise error("a value that goes beyond its section", at) from None
    if size > 28:
        more, base = size - 28, {29: 29, 30: 285, 31: 65_821}[size]
        size, begin = base + int.from_bytes(data[begin : begin + more]), begin + more
    return kind, size, begin
