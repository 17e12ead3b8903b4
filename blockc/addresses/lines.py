"""Lists of addresses as text, whole columns at a time, both ways: the one reader of lists.

`fast_parse` decodes the bulk of every list; whatever looks different in any way is read one by
one, in every form people write (`human_forms`), and is also what errors come from. So the fast
path has no opinion of its own.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.columns import Column, Spans
from blockc.addresses.family import FAMILIES, V4, V6, Family
from blockc.addresses.fast_format import address_lines
from blockc.addresses.fast_parse import plain_v4, plain_v6
from blockc.addresses.human_forms import COMMA, ZEROS, advice, parse_written
from blockc.addresses.parse import HostBits
from blockc.addresses.plain_text import TextLines
from blockc.addresses.prefixes import Prefixes, minimal_cover
from blockc.errors import Location, SourceMistakes, SourceSyntaxError
from blockc.values import Value, replace

Positions = NDArray[np.int64]
BLANKS = " \t\r\v\f"
_LONGEST = 200  # characters; whatever is longer is not an address
_FOREIGN = re.compile(r"[^0-9A-Fa-f:./\n-]")
_SPANS = 1 << 17  # written at a time
_MOST_ERRORS = 20  # bad lines that are shown one by one; more of them are only counted
_HOST_BITS = 'correct it, or set host_bits = "clear" in [rows]'
_IN_A_LIST = {  # what to do where no [rows] says how a file is written
    _HOST_BITS: "correct it, or have host bits cleared",
    ZEROS: "a number with a leading zero, which some programs read as octal: write it without",
    COMMA: "write one entry on each line, and a range as first-last",
}
_LEADING_ZEROS = re.compile(r"(?<![0-9A-Fa-f:./])0+(?=[0-9]+\.)|(?<=[0-9]\.)0+(?=[0-9])")
_Part = tuple[Spans, Positions]


def prefix_lines(prefixes: Prefixes) -> bytes:
    """Return the canonical text of each prefix, a line each."""
    endings = [f"/{length}\n" for length in range(prefixes.family.width + 1)]
    return address_lines(prefixes.family, prefixes.start, endings, prefixes.length)


def cover_lines(family: Family, spans: Spans) -> Iterator[bytes]:
    """Yield the lines of the fewest prefixes that are exactly `spans`, many at a time.

    Args:
        spans: Sorted and disjoint.
    """
    start, last = spans
    for at in range(0, len(start), _SPANS):
        yield prefix_lines(minimal_cover(family, start[at : at + _SPANS], last[at : at + _SPANS]))


def prefix_texts(prefixes: Prefixes) -> list[str]:
    """Return the canonical text of each prefix, `first/length`."""
    return prefix_lines(prefixes).decode().splitlines()


def address_texts(family: Family, starts: Column) -> list[str]:
    """Return the canonical text of each address of a column of starts."""
    ending = np.zeros(len(starts), dtype=np.intp)
    return address_lines(family, starts, ["\n"], ending).decode().splitlines()


def last_texts(family: Family, lasts: Column) -> list[str]:
    """Return the canonical text of each address of a column of inclusive ends."""
    return address_texts(family, columns.widen_lasts(lasts) if family.grain else lasts)


class Spelling(Value):
    """How a list writes addresses besides the forms everybody does, if it does.

    Attributes:
        range: The mark between the two ends of a range.
        split: The mark between entries.
        zeros: Numbers of IPv4 are filled with zeros and are decimal: `001.002.003.004`.
    """

    range: str = ""
    split: str = ""
    zeros: bool = False


class Wrong(Value):
    """A text that is not an address, prefix or range: its position, and why."""

    position: int
    text: str
    message: str
    hint: str


class Decoded(Value, eq=False):
    """Spans per family, each with the position of its text, ascending; and what could not be read.

    Invariant: `spans` and `positions` have one length per family.
    """

    spans: Mapping[Family, Spans]
    positions: Mapping[Family, Positions]
    wrong: tuple[Wrong, ...]

    @property
    def count(self) -> int:
        """Return how many texts were read."""
        return sum(map(len, self.positions.values()))


NOTHING = Decoded(
    {family: columns.span_columns(family, []) for family in FAMILIES},
    {family: np.zeros(0, dtype=np.int64) for family in FAMILIES},
    (),
)


def read_spans(name: str, data: bytes, *, truncate: bool = False) -> dict[Family, Spans]:
    """Read a list: an address, prefix or range a line, `#` and `;` start a comment.

    A list may be empty: that is for its owner to decide.

    Args:
        name: What the input is called in messages.
        data: The bytes of the list; families may be mixed.
        truncate: Clear host bits instead of refusing them.

    Returns:
        Start and inclusive end by family, in the order of the lines, overlapping as they do.

    Raises:
        SourceSyntaxError: One line is not an entry.
        SourceMistakes: Several are not: the first of them, and how many more there are.
        SourceUnfit: The file is compressed, a web page, or in another encoding than UTF-8.
    """
    lines = TextLines.of(name, data, may_be_empty=True)
    decoded = decode_lines(lines.data, truncate=truncate)
    if decoded.wrong:
        raise _errors(lines, sorted(decoded.wrong, key=lambda one: one.position))
    return dict(decoded.spans)


def _errors(lines: TextLines, wrong: Sequence[Wrong]) -> SourceSyntaxError | SourceMistakes:
    """Return the errors of `wrong` lines, in order; of very many the first ones and a count."""
    shown = wrong[:_MOST_ERRORS]
    errors = [
        SourceSyntaxError(
            one.message,
            at=lines.at(one.position + 1, one.text),
            hint=_IN_A_LIST.get(one.hint, one.hint),
        )
        for one in shown
    ]
    if len(wrong) > len(errors):
        more = f"{len(wrong) - len(errors):,} more bad lines"
        errors.append(SourceSyntaxError(more, at=Location(lines.name)))
    return errors[0] if len(errors) == 1 else SourceMistakes(errors)


def decode_lines(
    data: bytes, *, truncate: bool = False, spelling: Spelling | None = None
) -> Decoded:
    """Read a list, one entry a line; `#` and `;` start a comment. Positions count lines from 0.

    Args:
        data: Lines, each ended by a newline.
        truncate: Clear host bits instead of refusing them.
        spelling: What else joins or separates addresses.
    """
    if spelling:
        bodies = [_body(line) for line in data.decode("utf-8", "backslashreplace").split("\n")]
        chosen = [n for n, body in enumerate(bodies) if body]
        found = decode_texts([bodies[n] for n in chosen], truncate=truncate, spelling=spelling)
        return _moved(found, np.array(chosen, dtype=np.int64))
    plain, rest, text = plain_v4(data, truncate=truncate)
    lines = data.count(b"\n")
    bulk = plain, np.delete(np.arange(lines, dtype=np.int64), rest)
    bodies = [_body(line) for line in text.decode("utf-8", "backslashreplace").split("\n")[:-1]]
    chosen = [n for n, body in enumerate(bodies) if body]
    return _decoded(bulk, [bodies[n] for n in chosen], rest[chosen], truncate=truncate)


def decode_texts(
    texts: Sequence[str], *, truncate: bool = False, spelling: Spelling | None = None
) -> Decoded:
    """Read one entry a text, blanks around it allowed. Positions are those in `texts`.

    Args:
        truncate: Clear host bits instead of refusing them.
        spelling: What else joins or separates addresses; entries of one text have its position.
    """
    if spelling:
        return _decode_spelling(texts, spelling, truncate=truncate)
    joined = "\n".join(texts) + "\n" if texts else ""
    if _FOREIGN.search(joined):
        texts = [text.strip(BLANKS) for text in texts]
        joined = "\n".join("" if _FOREIGN.search(text) else text for text in texts) + "\n"
    if joined.count("\n") != len(texts):  # a text with a newline of its own: all one by one
        joined = "\n" * len(texts)
    plain, rest, _ = plain_v4(joined.encode(), truncate=truncate)
    bulk = plain, np.delete(np.arange(len(texts), dtype=np.int64), rest)
    return _decoded(bulk, [texts[n] for n in rest.tolist()], rest, truncate=truncate)


def _decode_spelling(texts: Sequence[str], spelling: Spelling, *, truncate: bool) -> Decoded:
    pieces, owners = list(texts), np.arange(len(texts), dtype=np.int64)
    if spelling.split:
        parts = [
            [p for p in text.split(spelling.split) if p.strip(BLANKS)] or [""] for text in texts
        ]
        pieces = [piece for one in parts for piece in one]
        owners = np.repeat(owners, [len(one) for one in parts])
    if spelling.range:
        mark = spelling.range
        pieces = [p.replace(mark, "-") if p.count(mark) == 1 else p for p in pieces]
    if spelling.zeros:
        pieces = [without_zeros(piece) for piece in pieces]
    return _moved(decode_texts(pieces, truncate=truncate), owners)


def without_zeros(text: str) -> str:
    """Return `text` with the numbers of its IPv4 addresses not filled with zeros.

    >>> without_zeros("001.020.000.010 - 001.020.000.255")
    '1.20.0.10 - 1.20.0.255'
    """
    return _LEADING_ZEROS.sub("", text)


def _moved(decoded: Decoded, places: Positions) -> Decoded:
    """Return `decoded` with the position n become `places[n]`."""
    positions = {family: places[at] for family, at in decoded.positions.items()}
    wrong = [replace(one, position=int(places[one.position])) for one in decoded.wrong]
    return Decoded(decoded.spans, positions, tuple(wrong))


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
            wrong.append(Wrong(position, text, str(reason), advice(text[:_LONGEST])))
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
