"""Longest-prefix lookup over PyTricia: the structure that is independent of the sweep.

The only door to pytricia. It accepts keys with host bits and lengths that do not exist, so only
`Prefixes`, which cannot hold either, may enter; and it mixes families in one trie, so there is
one trie per family.
"""

from collections import deque
from collections.abc import Sequence
from itertools import repeat

import numpy as np
import pytricia
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.columns import Column
from blockc.addresses.family import V4, Family
from blockc.addresses.parse import parse_raw
from blockc.addresses.prefixes import Prefixes


class PrefixIndex:
    """Prefixes of one family with a label each, asked for the longest match.

    Invariant: a prefix is stored once; a later label for the same prefix replaces the first.
    """

    def __init__(self, family: Family, prefixes: Prefixes, labels: Sequence[int]) -> None:
        self.family = family
        self._trie = pytricia.PyTricia(family.width)
        self.add(prefixes, labels)

    def add(self, prefixes: Prefixes, labels: Sequence[int]) -> None:
        """Store more prefixes, in their order."""
        keys = _keys(self.family, prefixes.start)
        if len(labels) != len(keys):
            raise ValueError("prefixes have one label each")
        deque(map(self._trie.insert, keys, prefixes.length.tolist(), labels), maxlen=0)

    def longest(self, address: int) -> int | None:
        """Return the label of the longest prefix that holds `address`, or None."""
        key = address.to_bytes(self.family.width // 8, "big")
        found: int | None = self._trie.get(key, None)
        return found

    def longest_prefix(self, address: int) -> str | None:
        """Return the text of the longest prefix that holds `address`, or None."""
        key: str | None = self._trie.get_key(self.family.text(address))
        if key is None:
            return None
        first, _, length = key.partition("/")  # pytricia writes low IPv6 with dotted octets
        return f"{self.family.text(parse_raw(first)[1])}/{length}"

    def labels(self, addresses: Column, default: int = 0) -> NDArray[np.int32]:
        """Return the label of the longest match of each address of a column of starts.

        Ends in a narrow column are not addresses: pass them through `columns.widen_lasts`.
        """
        keys = _keys(self.family, addresses)
        return np.fromiter(map(self._trie.get, keys, repeat(default)), np.int32, len(keys))

    def __len__(self) -> int:
        return len(self._trie)


def _keys(family: Family, starts: Column) -> list[bytes]:
    """Return addresses as the packed bytes pytricia reads without parsing text."""
    raw = starts.astype(">u4").view("V4") if family == V4 else columns.widen(starts).view("V16")
    keys: list[bytes] = raw.tolist()
    return keys
