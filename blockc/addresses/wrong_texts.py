"""Texts that are no addresses: where they stand, and why the first of them are wrong."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.values import Value, replace

Positions = NDArray[np.int64]
MOST_SHOWN = 20  # wrong texts that are told one by one; more of them are only counted
MOST_PLACES = 1 << 18  # positions that are kept: more than may be left out of any file


class Wrong(Value):
    """A text that is not an address, prefix or range: its position, and why."""

    position: int
    text: str
    message: str
    hint: str


class WrongTexts(Value, eq=False):
    """The texts that could not be read: where all of them are, and why the first ones could not.

    A file of mistakes costs no more than a file of addresses: of most of them nothing but the
    position is kept, and of very many, which no file may have, nothing but their number.

    Invariant: `positions` ascend and are distinct, `first` is about some of the first ones. There
    are `more` than these only where there are MOST_PLACES of them.
    """

    positions: Positions
    first: tuple[Wrong, ...]
    more: int = 0

    @classmethod
    def of(cls, positions: Positions, why: Callable[[int], Wrong]) -> "WrongTexts":
        """Return the texts at `positions`, which ascend; `why` says what is wrong with one."""
        return cls(positions, tuple(map(why, positions[:MOST_SHOWN].tolist()))).cut()

    @classmethod
    def joined(cls, parts: Iterable["WrongTexts"]) -> "WrongTexts":
        """Return all `parts` as one. Of what several say about a text, the first counts."""
        known = [NO_WRONG, *parts]
        first: dict[int, Wrong] = {}
        for one in (wrong for part in known for wrong in part.first):
            first.setdefault(one.position, one)
        positions = np.concatenate([part.positions for part in known])
        if (positions[1:] <= positions[:-1]).any():
            positions = columns.distinct(positions)
        shown = tuple(first[at] for at in sorted(first)[:MOST_SHOWN])
        return cls(positions, shown, sum(part.more for part in known)).cut()

    def cut(self, most: int = MOST_PLACES) -> "WrongTexts":
        """Return the same with at most so many positions."""
        if len(self.positions) <= most:
            return self
        more = self.more + len(self.positions) - most
        return WrongTexts(self.positions[:most].copy(), self.first, more)

    def moved(self, places: Positions) -> "WrongTexts":
        """Return the same with the position n become `places[n]`; places may be the same."""
        first = [replace(one, position=int(places[one.position])) for one in self.first]
        return WrongTexts.joined([WrongTexts(places[self.positions], tuple(first), self.more)])

    def raised(self, by: int) -> "WrongTexts":
        """Return the same with positions higher by a number."""
        if not by:
            return self
        first = [replace(one, position=one.position + by) for one in self.first]
        return WrongTexts(self.positions + by, tuple(first), self.more)

    def __len__(self) -> int:
        return len(self.positions) + self.more


NO_WRONG = WrongTexts(np.zeros(0, dtype=np.int64), ())
