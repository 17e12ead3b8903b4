"""One map of many pieces that share no address, so that all of them are worked on in one sweep."""

from functools import cached_property
from itertools import pairwise
from operator import is_not
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.addrmap import AddrMap
from blockc.addresses.family import Family
from blockc.addresses.partition import Partition, overlay
from blockc.values import Value

Numbers = NDArray[Any]


class PieceMap(Value, dict=True):
    """The verdicts of numbered pieces, each of which is a map of its own.

    Invariant: label 0 of `together` is an address of no piece; of the others each piece has as
    many as there are verdicts besides the default, in the order of the pieces.

    Attributes:
        together: Piece and verdict of every address.
        verdicts: The names of the verdicts in each piece, the default first.
        count: The number of pieces.
    """

    together: AddrMap
    verdicts: tuple[str, ...]
    count: int

    @classmethod
    def of(cls, verdicts: AddrMap, pieces: AddrMap, codes: tuple[str, ...]) -> "PieceMap":
        """Return `verdicts` cut into the labels of `pieces`, numbered in the order of `codes`.

        Cost: one overlay for each family.
        """
        number = np.array([codes.index(name) for name in pieces.names], dtype=np.int32)
        parts = []
        for wanted, cut in zip(verdicts.parts, pieces.parts, strict=True):
            slots, (verdict, piece) = overlay(wanted, cut)
            labels = _labels(number[piece], verdict, len(verdicts.names))
            parts.append(Partition.of(wanted.family, slots, labels))
        names = (f"{name} in {code}" for code in codes for name in verdicts.names[1:])
        together = AddrMap(tuple(parts), (verdicts.names[0], *names))
        return cls(together, verdicts.names, len(codes))

    def numbers(self, labels: Numbers) -> Numbers:
        """Return the piece of each label but 0."""
        return (labels - 1) // (len(self.verdicts) - 1)

    def inner(self, labels: Numbers) -> Numbers:
        """Return the position in `verdicts` of each label but 0."""
        return ((labels - 1) % (len(self.verdicts) - 1) + 1).astype(np.int32)

    def labels(self, numbers: Numbers, inner: Numbers) -> NDArray[np.int32]:
        """Return the label of each position in `verdicts` in the piece of a number."""
        return _labels(numbers, inner, len(self.verdicts))

    def tally(self, labels: Numbers) -> list[int]:
        """Return how many of `labels`, none of which is 0, are in each piece."""
        found: list[int] = np.bincount(self.numbers(labels), minlength=self.count).tolist()
        return found

    def addresses(self, family: Family) -> list[int]:
        """Return how many addresses of each piece have a verdict."""
        counts, each = self.together.counts(family)[1:], len(self.verdicts) - 1
        return [sum(counts[at : at + each]) for at in range(0, len(counts), each)]

    def rows(self, labels: Numbers) -> tuple[NDArray[np.intp], list[int]]:
        """Return the positions of the `labels` but 0, piece by piece and each in their order.

        And where those of each piece begin; behind the last one, where they end.
        """
        chosen = np.flatnonzero(labels)
        # Numbers of 16 bits and fewer are sorted by their digits, ten times as fast as wider ones.
        numbers = self.numbers(labels[chosen]).astype(np.min_scalar_type(self.count))
        order = np.argsort(numbers, kind="stable")
        bounds = np.searchsorted(numbers[order], np.arange(self.count + 1)).tolist()
        return chosen[order], bounds

    @cached_property
    def maps(self) -> tuple[AddrMap, ...]:
        """Return the map of each piece alone; all that hold nothing are the same value.

        Cost: O(runs) for all of them together, and a few checks for each that is not empty.
        """
        empty = [Partition.filled(part.family, np.int32(0)) for part in self.together.parts]
        nothing = AddrMap(tuple(empty), self.verdicts)
        families = map(self._partitions, self.together.parts, empty)
        return tuple(
            AddrMap(parts, self.verdicts) if any(map(is_not, parts, empty)) else nothing
            for parts in zip(*families, strict=True)
        )

    def _partitions(self, part: Partition, empty: Partition) -> list[Partition]:
        """Return the partition of each piece, all of them laid out at once, one behind the other.

        Before each run there is a gap, unless it begins where the one before it stops, or where
        the space does; behind the last run of a piece there is one, unless the space ends there.
        """
        rows, pieces = self.rows(part.labels)
        if not len(rows):
            return [empty] * self.count
        ends = np.array([*dict.fromkeys(pieces)][1:], dtype=np.intp)  # `unique` imports much
        start, stop = part.starts[rows], columns.after(part.family, part.lasts[rows])
        zero = columns.first_address(start)
        before = np.concatenate([zero, stop[:-1]])
        before[np.append(0, ends[:-1])] = zero[0]
        behind = np.zeros(len(rows), dtype=bool)
        behind[ends - 1] = stop[ends - 1] != zero[0]
        keep = np.stack([before != start, np.ones_like(behind), behind], axis=1)
        starts = np.stack([before, start, stop], axis=1)[keep]
        inner = self.inner(part.labels[rows])
        labels = np.stack([np.zeros_like(inner), inner, np.zeros_like(inner)], axis=1)[keep]
        bounds = np.append(0, np.cumsum(keep.sum(axis=1)))[pieces].tolist()
        return [
            Partition(part.family, columns.narrow(starts[begin:end]), labels[begin:end])
            if begin < end
            else empty
            for begin, end in pairwise(bounds)
        ]


def _labels(numbers: Numbers, inner: Numbers, verdicts: int) -> NDArray[np.int32]:
    return np.where(inner > 0, numbers * (verdicts - 1) + inner, 0).astype(np.int32)
