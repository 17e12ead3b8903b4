"""The bytes of a MaxMind DB file: a binary tree of 128 bits, the records, the metadata.

The tree is made a level at a time for all entries at once, that of IPv4 apart: it is 32 levels
deep, and hangs below `::/96` and where else that is asked for.

Source: MaxMind DB file format 2.0, https://maxmind.github.io/MaxMind-DB/
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import V4, V6, columns
from blockc.addresses.columns import U64
from blockc.addresses.family import Family, Prefix
from blockc.addresses.rules import Rules
from blockc.errors import DoesNotFit

_MARKER = b"\xab\xcd\xefMaxMind.com"
_GAP = 16
_EMPTY, _IPV4 = -1, -2  # branches that lead nowhere, and to the tree of IPv4
_RECORDS = -3  # the first record, the second is one less
_TYPES = {16: 5, 32: 6, 64: 9}


class Unsigned(NamedTuple):
    """A number of a type of so many bits."""

    bits: int
    number: int


Datum = str | bool | Unsigned | Sequence[str] | Mapping[str, "Datum"]


class _Entries(NamedTuple):
    """Disjoint prefixes in address order, and what each leads to."""

    high: U64
    low: U64
    length: NDArray[np.int16]
    leads_to: NDArray[np.int64]


def mmdb_bytes(
    rules: Mapping[Family, Rules],
    records: Sequence[Datum],
    metadata: Mapping[str, Datum],
    aliases: Sequence[Prefix] = (),
) -> bytes:
    """Return a file with a record for each rule.

    Args:
        rules: Disjoint ones, those of IPv6 outside `::/96` and the aliases.
        records: The record of each label of the rules.
        metadata: What they say besides what the tree needs.
        aliases: Prefixes of IPv6 whose next 32 bits are looked up as IPv4.

    Raises:
        DoesNotFit: The file would be larger than its format can say.

    Cost: O(n * depth of the tree) in numpy, about 2 us an entry.
    """
    ipv4 = _entries(rules[V4])
    below = _nodes(ipv4)
    root = _IPV4 if len(below) else int(ipv4.leads_to[0]) if len(ipv4.length) else _EMPTY
    above = _nodes(_with_ipv4(_entries(rules[V6]), root, [Prefix(V6, 0, 96), *aliases]))
    if not len(above):
        above = np.full((1, 2), _EMPTY)
    nodes = np.concatenate([above, np.where(below >= 0, below + len(above), below)])
    used = sorted({*rules[V4].verdict.tolist(), *rules[V6].verdict.tolist()})
    said = {label: encoded(records[label]) for label in used}
    size, branches = _branches(nodes, len(above), said)
    about = {"node_count": Unsigned(32, len(nodes)), "record_size": Unsigned(16, size), **metadata}
    return b"".join([_packed(branches, size), bytes(_GAP), *said.values(), _MARKER, encoded(about)])


def _entries(rules: Rules) -> _Entries:
    order = np.argsort(rules.start, kind="stable")
    rules = rules.take(order)
    columns.require_runs(rules.family, rules.start, rules.last)
    high, low = rules.start, np.zeros(len(rules), np.uint64)
    if rules.family == V4:
        high = high << np.uint64(32)
    elif columns.is_wide(rules.start):
        high, low = columns.split(rules.start)
    return _Entries(high, low, rules.prefixes().length, _RECORDS - rules.verdict.astype(np.int64))


def _with_ipv4(entries: _Entries, root: int, places: Sequence[Prefix]) -> _Entries:
    """Return the entries of IPv6 and the places where IPv4 hangs below them."""
    if root == _EMPTY:
        return entries
    ipv4 = _Entries(
        np.array([place.first >> 64 for place in places], np.uint64),
        np.array([place.first & 0xFFFF_FFFF_FFFF_FFFF for place in places], np.uint64),
        np.array([place.length for place in places], np.int16),
        np.full(len(places), root, np.int64),
    )
    pairs: list[Any] = list(zip(ipv4, entries, strict=True))
    both = [np.concatenate(pair) for pair in pairs]
    order = np.lexsort((both[1], both[0]))
    return _Entries(*(column[order] for column in both))


def _nodes(entries: _Entries) -> NDArray[np.int64]:
    """Return where a 0 and a 1 lead from each node, a row a node, level by level from the root."""
    high, low, length, leads_to = entries
    levels = [np.zeros(0, np.int64)]
    row = np.zeros(len(length), np.int64)  # of each entry: its node, counted from the level's first
    first = depth = 0
    if len(length) and not length[0]:
        return np.zeros((0, 2), np.int64)  # all of the space: there is nothing to branch
    while len(length):
        count = int(row[-1]) + 1
        first += count
        half = high if depth < 64 else low
        branch = 2 * row + (half >> np.uint64(63 - depth % 64) & np.uint64(1)).astype(np.int64)
        depth += 1
        level = np.full(2 * count, _EMPTY, np.int64)
        on = length > depth
        level[branch[~on]] = leads_to[~on]
        high, low, length, leads_to = high[on], low[on], length[on], leads_to[on]
        branch = branch[on]
        row = np.cumsum(np.diff(branch, prepend=branch[:1]) != 0)
        level[branch] = first + row
        levels.append(level)
    return np.concatenate(levels).reshape(-1, 2)


def _branches(
    nodes: NDArray[np.int64], ipv4: int, said: Mapping[int, bytes]
) -> tuple[int, NDArray[np.int64]]:
    """Return the bits that a branch needs, and where each leads, in numbers of the file."""
    count = len(nodes)
    found = np.where(nodes == _EMPTY, count, np.where(nodes == _IPV4, ipv4, nodes))
    place = count + _GAP
    for label, record in said.items():
        found[nodes == _RECORDS - label] = place
        place += len(record)
    for size in (24, 28, 32):
        if place <= 1 << size:
            return size, found
    raise DoesNotFit(
        f"mmdb holds 4,294,967,296 nodes and bytes of records, the list has {place:,}",
        hint="write fewer countries a list",
    )


def _packed(branches: NDArray[np.int64], size: int) -> bytes:
    raw = branches.astype(">u4").view(np.uint8).reshape(-1, 2, 4)
    if size != 28:
        return raw[:, :, 4 - size // 8 :].tobytes()
    middle = raw[:, 0, :1] << 4 | raw[:, 1, :1]
    return np.concatenate([raw[:, 0, 1:], middle, raw[:, 1, 1:]], axis=1).tobytes()


def encoded(value: Datum) -> bytes:
    """Return a value as records and metadata hold it."""
    if isinstance(value, bool):
        return _control(14, int(value))
    if isinstance(value, str):
        return _control(2, len(value.encode())) + value.encode()
    if isinstance(value, Unsigned):
        raw = value.number.to_bytes(value.bits // 8, "big").lstrip(b"\0")
        return _control(_TYPES[value.bits], len(raw)) + raw
    if isinstance(value, Mapping):
        items = (encoded(key) + encoded(item) for key, item in value.items())
        return _control(7, len(value)) + b"".join(items)
    return _control(11, len(value)) + b"".join(map(encoded, value))


def _control(kind: int, size: int) -> bytes:
    """Return the bytes that begin a value of a type and a size."""
    longer = ((65_821, 3), (285, 2), (29, 1))
    least, extra = next((one for one in longer if size >= one[0]), (size, 0))
    short = 28 + extra if extra else size
    head = bytes([kind << 5 | short]) if kind < 8 else bytes([short, kind - 7])
    return head + (size - least).to_bytes(extra, "big")
