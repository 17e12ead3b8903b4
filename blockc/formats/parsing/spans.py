"""Many addresses, prefixes and ranges as text, to columns of spans.

`addresses.plain_lines` decodes the bulk; whatever looks different in any way is read one by one,
in every form people write, and is also what errors come from.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.columns import Spans
from blockc.addresses.family import FAMILIES, V4, V6, Family
from blockc.addresses.fast_parse import plain_v4, plain_v6
from blockc.addresses.human_forms import parse_written
from blockc.addresses.parse import HostBits
from blockc.values import Value, replace

Positions = NDArray[np.int64]
BLANKS = " \t\v\f"
_LONGEST = 200  # characters; whatever is longer is no address
_FOREIGN = re.compile(r"[^0-9A-Fa-f:./\n-]")
_EXPECTED = "expected an address, a prefix or a range"
_HOST_BITS = 'correct it, or set host_bits = "clear" in [rows]'
_Part = tuple[Spans, Positions]


class Wrong(Value):
    """A text that is no address, prefix or range: its position, and why."""

    position: int
    text: str
    message: str
    hint: str


class Decoded(Value, eq=False):
    """Spans a family, each with the position of its text, ascending; and what could not be read.

    Invariant: `spans` and `positions` have one length a family.
    """

    spans: Mapping[Family, Spans]
    positions: Mapping[Family, Positions]
    wrong: tuple[Wrong, ...]

    @property
    def count(self) -> int:
        """Return how many texts were read."""
        return sum(map(len, self.positions.values()))


def decode_lines(data: bytes, *, truncate: bool = False) -> Decoded:
    """Read a list, one entry a line; `#` and `;` start a comment. Positions count lines from 0.

    Args:
        data: Lines, each ended by a newline.
        truncate: Clear host bits instead of refusing them.
    """
    plain, rest, text = plain_v4(data, truncate=truncate)
    lines = data.count(b"\n")
    bulk = plain, np.delete(np.arange(lines, dtype=np.int64), rest)
    bodies = [_body(line) for line in text.decode("utf-8", "backslashreplace").split("\n")[:-1]]
    chosen = [n for n, body in enumerate(bodies) if body]
    return _decoded(bulk, [bodies[n] for n in chosen], rest[chosen], truncate=truncate)


def decode_texts(texts: Sequence[str], *, truncate: bool = False) -> Decoded:
    """Read one entry a text, blanks around it allowed. Positions are those in `texts`.

    Args:
        truncate: Clear host bits instead of refusing them.
    """
    joined = "\n".join(texts) + "\n" if texts else ""
    if _FOREIGN.search(joined):
        texts = [text.strip(BLANKS) for text in texts]
        joined = "\n".join("" if _FOREIGN.search(text) else text for text in texts) + "\n"
    if joined.count("\n") != len(texts):  # a text with a newline of its own: all one by one
        joined = "\n" * len(texts)
    plain, rest, _ = plain_v4(joined.encode(), truncate=truncate)
    bulk = plain, np.delete(np.arange(len(texts), dtype=np.int64), rest)
    return _decoded(bulk, [texts[n] for n in rest.tolist()], rest, truncate=truncate)


def shifted(parts: Iterable[tuple[Decoded, int]]) -> Decoded:
    """Return all `parts` as one, the positions of each raised by its number."""
    known = list(parts)
    spans, positions = {}, {}
    for family in FAMILIES:
        pieces = [(one.spans[family], one.positions[family] + by) for one, by in known]
        spans[family], positions[family] = _merged(pieces)
    wrong = [replace(w, position=w.position + by) for one, by in known for w in one.wrong]
    return Decoded(spans, positions, tuple(wrong))


def _body(line: str) -> str:
    return line.partition("#")[0].partition(";")[0].strip(BLANKS)


def _decoded(bulk: _Part, texts: list[str], positions: Positions, *, truncate: bool) -> Decoded:
    """Return `bulk`, which is IPv4, and what `texts` at `positions` say."""
    wide, taken = plain_v6(texts)
    rest = np.flatnonzero(~taken).tolist()
    single, wrong = _one_by_one(((int(positions[n]), texts[n]) for n in rest), truncate=truncate)
    spans, places = {}, {}
    for family, first in ((V4, bulk), (V6, (wide, positions[taken]))):
        spans[family], places[family] = _merged([first, single[family]])
    return Decoded(spans, places, tuple(wrong))


def _one_by_one(
    numbered: Iterable[tuple[int, str]], *, truncate: bool
) -> tuple[dict[Family, _Part], list[Wrong]]:
    found: dict[Family, list[tuple[int, int]]] = {family: [] for family in FAMILIES}
    places: dict[Family, list[int]] = {family: [] for family in FAMILIES}
    wrong = []
    for position, text in numbered:
        try:
            if len(text) > _LONGEST:
                raise ValueError(f"no address has {len(text):,} characters")
            family, first, last = parse_written(text, truncate=truncate)
        except HostBits as reason:
            wrong.append(Wrong(position, text, str(reason), _HOST_BITS))
        except ValueError as reason:
            wrong.append(Wrong(position, text, str(reason), _EXPECTED))
        else:
            found[family].append((first, last))
            places[family].append(position)
    parts = {
        family: (columns.span_columns(family, found[family]), np.array(places[family], np.int64))
        for family in FAMILIES
    }
    return parts, wrong


def _merged(parts: Sequence[_Part]) -> _Part:
    """Return the spans of all parts in the order of their positions."""
    filled = [part for part in parts if len(part[1])] or [parts[0]]
    if len(filled) == 1:
        return filled[0]
    alike = columns.spans_alike([spans for spans, _ in filled])
    positions = np.concatenate([places for _, places in filled])
    order = np.argsort(positions, kind="stable")
    start, last = (np.concatenate([pair[end] for pair in alike])[order] for end in (0, 1))
    return (start, last), positions[order]
