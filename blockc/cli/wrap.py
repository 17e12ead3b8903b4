"""Text in lines as wide as the terminal, broken between words and not within them."""

import re
from typing import TextIO

#: Where a text may be broken: at blanks and after a slash; if that does not suffice after a hyphen.
COARSE, FINE = re.compile(r"[^\s/]*/|[^\s/]+|\s+"), re.compile(r"[^\s/-]*[/-]|[^\s/-]+|\s+")


def terminal_columns(stream: TextIO | None) -> int | None:
    """Return how wide the terminal is that a stream goes to, or None if it goes elsewhere."""
    if stream is None or not stream.isatty():
        return None
    from shutil import get_terminal_size

    return get_terminal_size().columns


def fitted(text: str, columns: int | None) -> str:
    """Return a text whose lines fit `columns`; lines that begin with a blank show a source as is.

    >>> print(fitted("blockc: a/file: is wrong\\n    as it is written there", 15))
    blockc: a/file:
    is wrong
        as it is written there
    """
    if columns is None or max(map(len, text.split("\n"))) <= columns:
        return text
    lines = (line if line[:1].isspace() else wrapped(line, columns) for line in text.split("\n"))
    return "\n".join(lines)


def pieces(text: str, breaks: re.Pattern[str]) -> list[str]:
    """Return the pieces of a text that stay whole.

    >>> pieces("nginx/a-b.conf and more", COARSE)
    ['nginx/', 'a-b.conf', ' ', 'and', ' ', 'more']
    """
    return breaks.findall(text) or [""]


def wrapped(text: str, width: int) -> str:
    """Return a text in lines no wider than `width`, broken only between pieces."""
    coarse = pieces(text, COARSE)
    whole = all(cell_len(piece) <= width for piece in coarse)
    lines = [""]
    for piece in coarse if whole else pieces(text, FINE):
        if lines[-1] and cell_len(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return "\n".join(line.rstrip() for line in lines)


def cell_len(text: str) -> int:
    """Return how many columns of a terminal a text takes; it has no characters that control one.

    >>> cell_len("Zürich"), cell_len("東京")
    (6, 4)
    """
    if text.isascii():
        return len(text)
    from rich.cells import cell_len as width

    return width(text)
