"""Lists of addresses as text, whole columns at a time, both ways.

Reading: `plain_lines` decodes the bulk of every list; whatever looks different in any way goes
to `text.parse_span`, which also words every error. So the fast path has no opinion of its own.
"""

from collections.abc import Sequence

import numpy as np

from blockc.addresses import columns
from blockc.addresses.columns import Column, Spans
from blockc.addresses.family import V4, V6, Family
from blockc.addresses.fast_format import address_lines
from blockc.addresses.fast_parse import plain_v4, plain_v6
from blockc.addresses.parse import HostBits, parse_span
from blockc.addresses.prefixes import Prefixes
from blockc.errors import Location, SourceSyntaxError
from blockc.values import replace

_SHOWN = 200  # characters of a line that an error shows; whatever is longer is no address
_BLANKS = " \t\r\v\f"


def prefix_lines(prefixes: Prefixes) -> bytes:
    """Return the canonical text of each prefix, a line each."""
    endings = [f"/{length}\n" for length in range(prefixes.family.width + 1)]
    return address_lines(prefixes.family, prefixes.start, endings, prefixes.length)


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


def read_spans(name: str, data: bytes, *, truncate: bool = False) -> dict[Family, Spans]:
    """Read a list: an address, prefix or range a line, `#` and `;` start a comment.

    Args:
        name: What the input is called in messages.
        data: The bytes of the list; families may be mixed.
        truncate: Clear host bits instead of refusing them.

    Returns:
        Start and inclusive end a family, in no useful order, overlapping as the input does.

    Raises:
        SourceSyntaxError: At the first line that is neither.
    """
    data = _whole_lines(data)
    plain, rows, rest = plain_v4(data, truncate=truncate)
    raws, texts = _bodies(rest)
    wide, taken = plain_v6(texts)
    spans: dict[Family, list[tuple[int, int]]] = {V4: [], V6: []}
    for place in np.flatnonzero(~taken).tolist():
        if texts[place]:
            at = Location(name, int(rows[place]) + 1, text=raws[place][:_SHOWN])
            family, first, last = _span(at, texts[place], truncate=truncate)
            spans[family].append((first, last))
    v4, v6 = (columns.span_columns(family, spans[family]) for family in (V4, V6))
    return {V4: _joined([plain, v4]), V6: _joined([wide, v6])}


def _whole_lines(data: bytes) -> bytes:
    """Return `data` with every line ended by a newline alone."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    return data if not data or data.endswith(b"\n") else data + b"\n"


def _bodies(lines: bytes) -> tuple[list[str], list[str]]:
    """Return whole lines as text, and without their comments and the blanks around them.

    Decoded all at once, because there may be a million; what is not UTF-8 becomes escapes.
    """
    text = lines.decode("utf-8", "backslashreplace")
    raws = text.split("\n")[:-1]
    if not any(mark in text for mark in f"#;{_BLANKS}"):
        return raws, raws
    return raws, [raw.partition("#")[0].partition(";")[0].strip(_BLANKS) for raw in raws]


def _span(at: Location, text: str, *, truncate: bool) -> tuple[Family, int, int]:
    """Return what `text`, the body of the line at `at`, means."""
    hint = "expected an address, a prefix or a range"
    try:
        if len(text) > _SHOWN:
            raise ValueError(f"no address has {len(text)} characters")
        return parse_span(text, truncate=truncate)
    except HostBits as reason:
        message, hint = str(reason), "correct it, or have host bits cleared"
    except ValueError as reason:
        message = str(reason)
    column = at.text.find(text) + 1
    raise SourceSyntaxError(message, at=replace(at, column=column, width=len(text)), hint=hint)


def _joined(parts: Sequence[Spans]) -> Spans:
    """Return all spans as one pair of columns, not copied if only one part has any."""
    filled = [part for part in parts if len(part[0])] or parts[:1]
    if len(filled) == 1:
        return filled[0]
    alike = columns.spans_alike(filled)
    return np.concatenate([start for start, _ in alike]), np.concatenate([e for _, e in alike])
