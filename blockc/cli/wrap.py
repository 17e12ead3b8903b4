"""Text in lines as wide as the terminal, broken between words and not within them."""

import re
from collections.abc import Sequence
from typing import TextIO

#: Where a text may be broken: at blanks and after a slash; if that does not suffice after a hyphen.
COARSE, FINE = re.compile(r"[^\s/]*/|[^\s/]+|\s+"), re.compile(r"[^\s/-]*[/-]|[^\s/-]+|\s+")
_COMMAND = re.compile(r"(`[^`]+`[^\s`]*)")  # as messages show one, and the mark behind it
_WORDS = re.compile(r"(?:'[^']*'|\"[^\"]*\"|[^\s'\"]|['\"])+|\s+")  # of a shell


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
    """Return a text in lines no wider than `width`, broken only between pieces.

    A command in backquotes is broken only between words of the shell, with the mark that lets the
    shell go on: so it can be pasted.

    >>> print(wrapped("run `blockc build -o /srv/a` now", 24))
    run `blockc build -o \\
    /srv/a` now
    """
    prose, *others = _COMMAND.split(text)
    coarse = pieces(text, COARSE)
    breaks = COARSE if all(cell_len(piece) <= width for piece in coarse) else FINE
    lines = [""]
    _add(lines, pieces(prose, breaks), width)
    for command, prose in zip(others[::2], others[1::2], strict=True):
        _add(lines, pieces(command, _WORDS), width, goes_on=" \\")
        _add(lines, pieces(prose, breaks), width)
    return "\n".join(line.rstrip() for line in lines)


def _add(lines: list[str], some: Sequence[str], width: int, goes_on: str = "") -> None:
    """Add pieces to the last of some lines and below; `goes_on` stands where they are broken."""
    for number, piece in enumerate(some):
        room = width - len(goes_on) * (number + 1 < len(some))
        if lines[-1] and cell_len(lines[-1] + piece.rstrip()) > room:
            lines[-1] = lines[-1].rstrip() + goes_on * (number > 0)
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()


def cell_len(text: str) -> int:
    """Return how many columns of a terminal a text takes; it has no characters that control one.

    >>> cell_len("Zürich"), cell_len("東京")
    (6, 4)
    """
    if text.isascii():
        return len(text)
    from rich.cells import cell_len as width

    return width(text)
