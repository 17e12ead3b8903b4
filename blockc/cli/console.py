"""Tables for people, JSON for programs, and lines of progress on stderr."""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, takewhile, zip_longest
from typing import TYPE_CHECKING, Any

import click

from blockc.cli.options import Settings
from blockc.cli.wrap import COARSE, FINE, cell_len, fitted, pieces, terminal_columns, wrapped
from blockc.errors import BlockcError, OutputError, printable

if TYPE_CHECKING:
    from blockc.addresses.family import Family


class Figure(str):
    """A number as people read it, with its unit; it stands to the right like any number."""

    __slots__ = ()


Cell = str | int | Figure
GAP = 2


def show(text: str | bytes) -> None:
    """Print `text`, which is a result, as it is.

    Raises:
        OutputError: If standard output does not take it.
        BrokenPipeError: If its reader has seen enough.
    """
    if sys.stdout is None:
        raise OutputError("standard output is closed", hint="send it somewhere, or to /dev/null")
    try:
        if isinstance(text, bytes):
            sys.stdout.buffer.write(text)
        else:
            sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        abandon_stdout()
        raise
    except OSError as reason:
        raise stdout_failure(reason) from None


@contextmanager
def already_done(what: str) -> Iterator[None]:
    """Say of a report that could not be written that what it reports is done."""
    try:
        yield
    except OutputError as failed:
        raise OutputError(failed.message, hint=f"{what}; only its report is lost") from None


def stdout_failure(reason: OSError) -> OutputError:
    """Return what to say when standard output fails, which is not written to any more."""
    abandon_stdout()
    said = (reason.strerror or str(reason)).lower()
    return OutputError(f"cannot write to standard output: {said}")


def abandon_stdout() -> None:
    """Send what is still buffered nowhere: it would fail once more when the process ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def show_json(value: Any) -> None:
    """Print `value` as JSON, in ASCII: whatever the terminal's encoding, it is what was meant."""
    import json

    show(json.dumps(value, indent=2) + "\n")


def show_table(
    settings: Settings, title: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> None:
    """Print a table; numbers are grouped and stand to the right.

    On a terminal the title, the heads and the widest columns of text are wrapped until the table
    fits; numbers never are. If that does not suffice the columns are shown in several tables, each
    beginning with the first. In a log or a pipe nothing is wrapped, so that a line is a row.
    """
    cells = [list(row) for row in rows]
    texts = [list(heads), *([_cell(cell) for cell in row] for row in cells)]
    numeric = [all(map(_is_figure, column)) for column in zip(*cells, strict=True)]
    numeric = numeric or [False] * len(heads)
    limit = terminal_columns(sys.stdout)
    heading = fitted(title, limit)
    lines = [click.style(heading, bold=True) if limit and settings.color else heading]
    for number, chosen in enumerate(_column_groups(texts, numeric, limit)):
        some = [[row[at] for at in chosen] for row in texts]
        figures = [numeric[at] for at in chosen]
        lines += [""] * bool(number) + _drawn(some, figures, _widths(some, figures, limit))
    show("".join(f"{line}\n" for line in lines))


def show_line(text: str) -> None:
    """Print a line for people beside tables, which is wrapped on a terminal."""
    show(fitted(text, terminal_columns(sys.stdout)) + "\n")


def _is_figure(cell: Cell) -> bool:
    return cell == "" or isinstance(cell, int | Figure)


def _cell(cell: Cell) -> str:
    return f"{cell:,}" if isinstance(cell, int) else printable(cell)


def _widths(
    texts: Sequence[Sequence[str]], numeric: Sequence[bool], limit: int | None
) -> list[int]:
    """Return the width of each column, so that they fit `limit` if wrapping text can do it.

    The widest column is wrapped first, and none within a word or a part of a path; then at hyphens.
    If that does not suffice the terminal wraps the lines, which loses nothing. Of a column of
    numbers only the head is wrapped.
    """
    widths = [max(map(cell_len, column)) for column in zip(*texts, strict=True)]
    excess = sum(widths) + GAP * (len(widths) - 1) - (limit or 0)
    for breaks in (COARSE, FINE) if limit else ():
        least = _least(texts, numeric, breaks)
        while excess > 0 and (loose := [n for n, width in enumerate(widths) if width > least[n]]):
            widths[max(loose, key=widths.__getitem__)] -= 1
            excess -= 1
    return widths


def _least(
    texts: Sequence[Sequence[str]], numeric: Sequence[bool], breaks: re.Pattern[str]
) -> list[int]:
    """Return the width of each column below which a piece of it would be broken."""
    return [
        max(
            cell_len(piece)
            for row, text in enumerate(column)
            for piece in ([text] if number and row else pieces(text, breaks))
        )
        for column, number in zip(zip(*texts, strict=True), numeric, strict=True)
    ]


def _column_groups(
    texts: Sequence[Sequence[str]], numeric: Sequence[bool], limit: int | None
) -> list[list[int]]:
    """Return the columns of each table that fits `limit`; all in one where there is none.

    A column without a head belongs to the one before it.
    """
    heads, every = texts[0], list(range(len(texts[0])))
    if limit is None:
        return [every]
    least = _least(texts, numeric, FINE)
    groups: list[list[int]] = [[0]]
    for at in every[1:]:
        unit = [at, *takewhile(lambda other: not heads[other], every[at + 1 :])]
        if not heads[at] and at > 1:
            continue
        wanted = [*groups[-1], *unit]
        if len(groups[-1]) > 1 and sum(least[n] + GAP for n in wanted) - GAP > limit:
            groups.append([0])
        groups[-1] += unit
    return groups


def _drawn(
    texts: Sequence[Sequence[str]], numeric: Sequence[bool], widths: Sequence[int]
) -> list[str]:
    """Return the table as lines of text, `texts[0]` being its heads."""
    encoding = getattr(sys.stdout, "encoding", None) or ""
    rule = "─" if encoding.lower().startswith("utf") else "-"
    between = rule * (sum(widths) + GAP * (len(widths) - 1))
    heads, *rows = ([*map(_wrapped_lines, row, widths)] for row in texts)
    high = max(map(len, heads), default=0)
    lowered = [[""] * (high - len(head)) + head for head in heads]
    head, *rest = (list(_row_lines(row, numeric, widths)) for row in (lowered, *rows))
    return [*head, between, *chain.from_iterable(rest)]


def _wrapped_lines(text: str, width: int) -> list[str]:
    return wrapped(text, width).split("\n")


def _row_lines(
    cells: Sequence[Sequence[str]], numeric: Sequence[bool], widths: Sequence[int]
) -> Iterator[str]:
    """Yield the lines of a row, as many as its highest cell has."""
    for line in zip_longest(*cells, fillvalue=""):
        padded = []
        for text, number, width in zip(line, numeric, widths, strict=True):
            room = " " * (width - cell_len(text))
            padded.append(room + text if number else text + room)
        yield (" " * GAP).join(padded).rstrip()


def amount(family: "Family", count: int) -> Cell:
    """Return a number of addresses for people; large IPv6 ones in /48s or /64s.

    `~` stands before a number that is rounded, where some addresses are finer than a /64.
    """
    for length in (48, 64):
        size = 1 << max(0, family.width - length)
        if size > 1 and count and count % size == 0:
            return Figure(f"{count // size:,} /{length}")
    if count >= 1 << 63:
        return Figure(f"~{count >> 64:,} /64")
    return count


def amount_text(family: "Family", count: int) -> str:
    """Return a number of addresses of a family in words, as `amount` rounds it.

    >>> from blockc.addresses.family import V4, V6
    >>> amount_text(V4, 1024), amount_text(V6, 3 << 80)
    ('1,024 ipv4 addresses', '3 /48 of ipv6 addresses')
    """
    said = amount(family, count)
    number = f"{said:,}" if isinstance(said, int) else f"{said} of"
    return f"{number} {family.name} addresses"


def stderr_line(text: str) -> None:
    """Print a line on stderr. If that fails nobody can be told, and the work goes on."""
    with suppress(OSError):
        click.echo(text, err=True)


def info(settings: Settings, text: str) -> None:
    """Print a line for people on stderr, unless they asked for quiet."""
    if not settings.quiet:
        _tell("message", text, as_json=settings.json)


def step(settings: Settings, text: str) -> None:
    """Print a line about what is being done on stderr, for those who asked for every step."""
    if settings.verbose:
        _tell("message", text, as_json=settings.json)


def warn(text: str) -> None:
    """Print a warning on stderr; `--quiet` does not hide what somebody must act on."""
    ctx = click.get_current_context(silent=True)
    settings = ctx.obj if ctx else None
    _tell("warning", text, as_json=isinstance(settings, Settings) and settings.json)


def _tell(kind: str, text: str, *, as_json: bool) -> None:
    """Print a line on stderr; whoever asked for JSON reads a value in each of its lines."""
    if as_json:
        import json

        stderr_line(json.dumps({kind: text}))
        return
    said, mark = printable(text), "warning:" if kind == "warning" else ""
    lines = fitted(f"blockc: {mark} {said}" if mark else f"blockc: {said}", _stderr_columns())
    stderr_line(lines.replace(mark, click.style(mark, fg="yellow"), 1) if mark else lines)


def _stderr_columns() -> int | None:
    return terminal_columns(sys.stderr)


def print_error(failure: BlockcError, *, as_json: bool = False) -> None:
    """Print on stderr what went wrong: a message for each mistake, or one JSON value for all."""
    errors = getattr(failure, "errors", (failure,))
    if as_json:
        print_errors_as_json(map(_error_report, errors), failure.exit_code)
        return
    for one in errors:
        lines = fitted(f"blockc: {one}", _stderr_columns())
        stderr_line(lines.replace("blockc:", click.style("blockc:", fg="red"), 1))


def print_failures(failures: Sequence[BlockcError], *, as_json: bool) -> None:
    """Print on stderr why some of the things asked for failed, and others did not."""
    if not as_json:
        for one in failures:
            print_error(one)
    elif failures:
        errors = [error for one in failures for error in getattr(one, "errors", (one,))]
        worst = max(one.exit_code for one in failures)
        print_errors_as_json(map(_error_report, errors), worst)


def print_errors_as_json(errors: Iterable[Mapping[str, object]], exit_code: int) -> None:
    """Print on stderr the value that ends what a failed call says there."""
    import json

    stderr_line(json.dumps({"errors": list(errors), "exit_code": exit_code}))


def plain_report(message: str, hint: str = "") -> dict[str, str | int | None]:
    """Return an error without a place, as `docs/json.md` describes it."""
    return {"message": message, "hint": hint, "path": None, "line": None, "column": None}


def _error_report(error: BlockcError) -> dict[str, str | int | None]:
    """Return one error as `docs/json.md` describes it."""
    at = error.at
    return {
        "message": error.message,
        "hint": error.hint,
        "path": at.path if at else None,
        "line": at.line or None if at else None,
        "column": at.column or None if at else None,
    }
