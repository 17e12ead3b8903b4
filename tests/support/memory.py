"""How much memory a reader takes for each character of a text."""

import tracemalloc
from collections.abc import Callable
from contextlib import suppress

from blockc.errors import BlockcError

_SIZE = 1 << 15


def growth(read: Callable[[str], object], piece: str) -> float:
    """Return how many bytes more `read` has at its peak for a character more of a text of pieces.

    Whether it takes the text or refuses it does not matter.
    """
    peaks = []
    for size in (_SIZE, 3 * _SIZE):
        text = piece * (size // len(piece))
        tracemalloc.start()
        with suppress(BlockcError):
            read(text)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    return (peaks[1] - peaks[0]) / (2 * _SIZE)
