"""Lists of addresses as text, whole columns at a time, both ways: the one reader of lists.

`fast_parse` decodes the bulk of every list; whatever looks different in any way is read one by
one, in every form people write (`human_forms`), and is also what errors come from. So the fast
path has no opinion of its own.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import numpy as np

from blockc.addresses import columns
from blockc.addresses.columns import Column, Spans
from blockc.addresses.family import FAMILIES, V4, V6, Family
from blockc.addresses.fast_format import address_lines
from blockc.addresses.fast_parse import plain_v4, plain_v6
from blockc.addresses.human_forms import (
    BETWEEN,
    HIDDEN,
    ZEROS,
    advice,
    hidden_entries,
    may_be_written,
    parse_written,
    without_zeros,
)
from blockc.addresses.parse import HostBits
from blockc.addresses.plain_text import TextLines
from blockc.addresses.prefixes import Prefixes, minimal_cover
from blockc.addresses.wrong_texts import (
    MOST_PLACES,
    MOST_SHOWN,
    NO_WRONG,
    Positions,
    Wrong,
    WrongTexts,
)
from blockc.errors import Location, SourceMistakes, SourceSyntaxError
from blockc.values import Value, replace

BLANKS = " \t\r\v\f"
_LONGEST = 200  # characters; whatever is longer is not an address
_FOREIGN = re.compile(r"[^0-9A-Fa-f:./\n-]")
_SPANS = 1 << 17  # written at a time
_BATCH = 1 << 14  # texts that are decoded at a time: lists of texts are several times the file
_HOST_BITS = 'correct it, or set host_bits = "clear" in [rows]'
IN_A_LIST = {  # what to do where no [rows] says how a file is written
    _HOST_BITS: "correct it, or have host bits cleared",
    ZEROS: "a number with a leading zero, which some programs read as octal: write it without",
    **dict.fromkeys(BETWEEN.values(), "write one entry on each line, and a range as first-last"),
    HIDDEN[1]: "write one entry on each line, or begin a remark with `#`",
}
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


class Decoded(Value, eq=False):
    """Spans per family, each with the position of its text, ascending; and what could not be read.

    Invariant: `spans` and `positions` have one length per family.
    """

    spans: Mapping[Family, Spans]
    positions: Mapping[Family, Positions]
    wrong: WrongTexts = NO_WRONG

    @property
    def count(self) -> int:
        """Return how many texts were read."""
        return sum(map(len, self.positions.values()))


NOTHING = Decoded(
    {family: columns.span_columns(family, []) for family in FAMILIES},
    {family: np.zeros(0, dtype=np.int64) for family in FAMILIES},
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
        raise _errors(lines, decoded.wrong)
    return dict(decoded.spans)


def _errors(lines: TextLines, wrong: WrongTexts) -> SourceSyntaxError | SourceMistakes:
    """Return the errors of `wrong` lines, in order; of very many the first ones and a count."""
    errors = [
        SourceSyntaxError(
            one.message,
            at=lines.at(one.position + 1, one.text),
            hint=IN_A_LIST.get(one.hint, one.hint),
        )
        for one in wrong.first
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
    comments = "#" if spelling and ";" in spelling.range + spelling.split else "#;"
    decoded = shifted(_line_parts(data, comments, spelling, truncate=truncate))
    hidden = hidden_entries(data) if ";" in comments else ()
    lost = {line: Wrong(line, text, *HIDDEN) for line, text in hidden}
    wrong = WrongTexts.of(np.array([*lost], np.int64), lost.__getitem__)
    return replace(decoded, wrong=WrongTexts.joined([decoded.wrong, wrong]))


def _line_parts(
    data: bytes, comments: str, spelling: Spelling | None, *, truncate: bool
) -> Iterator[tuple[Decoded, int]]:
    for spans, places, rest, text in plain_v4(data, truncate=truncate, take=not spelling):
        bodies = _bodies(text.decode("utf-8", "backslashreplace"), comments)
        chosen = [n for n, body in enumerate(bodies) if body]
        texts, others = [bodies[n] for n in chosen], rest[chosen]
        if spelling:
            found = _moved(decode_texts(texts, truncate=truncate, spelling=spelling), others)
        else:
            found = _decoded((spans, places), texts, others, truncate=truncate)
        yield found, 0


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
    batches = range(0, len(texts), _BATCH)
    return shifted((_decode_batch(texts[n : n + _BATCH], truncate=truncate), n) for n in batches)


def _decode_batch(texts: Sequence[str], *, truncate: bool) -> Decoded:
    joined = "\n".join(texts) + "\n"
    if _FOREIGN.search(joined):
        texts = [text.strip(BLANKS) for text in texts]
        joined = "\n".join("" if _FOREIGN.search(text) else text for text in texts) + "\n"
    if joined.count("\n") != len(texts):  # a text with a newline of its own: all one by one
        joined = "\n" * len(texts)
    parts = []
    for spans, places, rest, _ in plain_v4(joined.encode(), truncate=truncate):
        others = [texts[n] for n in rest.tolist()]
        parts.append((_decoded((spans, places), others, rest, truncate=truncate), 0))
    return shifted(parts)


def _decode_spelling(texts: Sequence[str], spelling: Spelling, *, truncate: bool) -> Decoded:
    pieces = _pieces(texts, spelling.split)

    def parts() -> Iterator[tuple[Decoded, int]]:
        while batch := list(islice(pieces, _BATCH)):
            owners = np.array([owner for owner, _ in batch], dtype=np.int64)
            found = [_respelt(piece, spelling) for _, piece in batch]
            yield _moved(decode_texts(found, truncate=truncate), owners), 0

    return shifted(parts())


def _pieces(texts: Sequence[str], mark: str) -> Iterator[tuple[int, str]]:
    """Yield the entries of each text, which has a `mark` between them, and its position."""
    for owner, text in enumerate(texts):
        begin, blank = 0, True
        while mark and (end := text.find(mark, begin)) >= 0:
            if piece := text[begin:end].strip(BLANKS):
                yield owner, piece
                blank = False
            begin = end + 1
        if (piece := text[begin:].strip(BLANKS)) or blank:
            yield owner, piece


def _respelt(piece: str, spelling: Spelling) -> str:
    """Return an entry as everybody writes it."""
    if spelling.range and piece.count(spelling.range) == 1:
        piece = piece.replace(spelling.range, "-")
    return without_zeros(piece) if spelling.zeros else piece


def _moved(decoded: Decoded, places: Positions) -> Decoded:
    """Return `decoded` with the position n become `places[n]`."""
    positions = {family: places[at] for family, at in decoded.positions.items()}
    return Decoded(decoded.spans, positions, decoded.wrong.moved(places))


def shifted(parts: Iterable[tuple[Decoded, int]]) -> Decoded:
    """Return all `parts` as one, the positions of each raised by its number, and then in order."""
    pieces: dict[Family, list[_Part]] = {family: [] for family in FAMILIES}
    wrong, places_left = list[WrongTexts](), MOST_PLACES
    for one, by in parts:
        for family, found in pieces.items():
            if len(at := one.positions[family]):
                found.append((one.spans[family], at + by if by else at))
        if one.wrong:
            wrong.append(one.wrong.raised(by).cut(places_left))
            places_left -= len(wrong[-1].positions)
    joined = {
        family: _concatenated(found or [(NOTHING.spans[family], NOTHING.positions[family])])
        for family, found in pieces.items()
    }
    spans = {family: spans for family, (spans, _) in joined.items()}
    positions = {family: at for family, (_, at) in joined.items()}
    return Decoded(spans, positions, WrongTexts.joined(wrong))


def _bodies(text: str, comments: str) -> list[str]:
    """Return each line without its comment, which begins with one mark of two, and the blanks."""
    lines = text.split("\n")[:-1]
    if "#" in text or ";" in text:
        lines = [line.partition(comments[0])[0].partition(comments[-1])[0] for line in lines]
    return [line.strip(BLANKS) for line in lines]


def _decoded(bulk: _Part, texts: list[str], positions: Positions, *, truncate: bool) -> Decoded:
    """Return `bulk`, which is IPv4, and what `texts` at `positions` say."""
    if not texts:
        spans, at = {**NOTHING.spans, V4: bulk[0]}, {**NOTHING.positions, V4: bulk[1]}
        return Decoded(spans, at)
    wide, taken = plain_v6(texts)
    rest = np.flatnonzero(~taken).tolist()
    single, wrong = _one_by_one(((int(positions[n]), texts[n]) for n in rest), truncate=truncate)
    spans, places = {}, {}
    for family, first in ((V4, bulk), (V6, (wide, positions[taken]))):
        spans[family], places[family] = _merged([first, single[family]])
    return Decoded(spans, places, wrong)


def _one_by_one(
    numbered: Iterable[tuple[int, str]], *, truncate: bool
) -> tuple[dict[Family, _Part], WrongTexts]:
    found: dict[Family, list[tuple[int, int]]] = {family: [] for family in FAMILIES}
    places: dict[Family, list[int]] = {family: [] for family in FAMILIES}
    first: list[Wrong] = []
    wrong: list[int] = []
    for position, text in numbered:
        if len(first) == MOST_SHOWN and not may_be_written(text):
            wrong.append(position)
            continue
        try:
            if len(text) > _LONGEST:
                raise ValueError(f"no address has {len(text):,} characters")
            family, start, last = parse_written(text, truncate=truncate)
        except ValueError as reason:
            wrong.append(position)
            if len(first) < MOST_SHOWN:
                first.append(_wrong(position, text, reason))
        else:
            found[family].append((start, last))
            places[family].append(position)
    parts = {
        family: (columns.span_columns(family, found[family]), np.array(places[family], np.int64))
        for family in FAMILIES
    }
    return parts, WrongTexts(np.array(wrong, dtype=np.int64), tuple(first))


def _wrong(position: int, text: str, reason: ValueError) -> Wrong:
    hint = _HOST_BITS if isinstance(reason, HostBits) else advice(text[:_LONGEST])
    return Wrong(position, text, str(reason), hint)


def _merged(parts: Sequence[_Part]) -> _Part:
    """Return the spans of all parts in the order of their positions."""
    filled = [part for part in parts if len(part[1])] or [parts[0]]
    if len(filled) == 1:
        return filled[0]
    (start, last), positions = _concatenated(filled)
    order = np.argsort(positions, kind="stable")
    return (start[order], last[order]), positions[order]


def _concatenated(parts: Sequence[_Part]) -> _Part:
    """Return the spans of all parts one behind the other."""
    if len(parts) == 1:
        return parts[0]
    alike = columns.spans_alike([spans for spans, _ in parts])
    start, last = (np.concatenate([pair[end] for pair in alike]) for end in (0, 1))
    return (start, last), np.concatenate([places for _, places in parts])
