"""A column of texts as numbers into a table of the distinct ones."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from blockc.values import Value

Codes = NDArray[np.int32]


class Coded(Value, eq=False):
    """Texts by number.

    Invariant: `names` are distinct and the first is empty; `codes` are positions in them.
    """

    names: tuple[str, ...]
    codes: Codes

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Coded":
        """Return `texts`, numbered in the order of their first appearance."""
        names = tuple(dict.fromkeys(["", *texts]))
        numbers = {name: number for number, name in enumerate(names)}
        codes = np.fromiter(map(numbers.__getitem__, texts), dtype=np.int32, count=len(texts))
        return cls(names, codes)

    @classmethod
    def constant(cls, text: str, count: int) -> "Coded":
        """Return `count` times the same text."""
        names = ("", text) if text else ("",)
        return cls(names, np.full(count, len(names) - 1, dtype=np.int32))

    def renamed(self, change: Callable[[str], str]) -> "Coded":
        """Return the texts as `change` writes them."""
        again = Coded.of([change(name) for name in self.names])
        return Coded(again.names, again.codes[self.codes])

    def wrong(self, right: Callable[[str], bool]) -> Iterator[tuple[int, str]]:
        """Yield position and text of the texts that are neither empty nor right."""
        bad = np.array([bool(name) and not right(name) for name in self.names])
        for position in np.flatnonzero(bad[self.codes]).tolist():
            yield position, self.names[self.codes[position]]
