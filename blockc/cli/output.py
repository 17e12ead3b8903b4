"""Tables for people, JSON for programs, and lines of progress on stderr."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

from blockc.addresses.family import Family
from blockc.cli.shared import Settings
from blockc.errors import printable

Cell = str | int


def show_json(value: Any) -> None:
    """Print `value` as JSON: stable key order, a line feed at the end."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def show_table(
    settings: Settings, title: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> None:
    """Print a table; numbers are grouped and stand to the right.

    Outside a terminal nothing is wrapped or cut, so that a log or a pipe gets every word.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    lines = [list(row) for row in rows]
    table = Table(
        box=box.SIMPLE, title=title, title_justify="left", title_style="bold", pad_edge=False
    )
    for place, head in enumerate(heads):
        numeric = bool(lines) and all(isinstance(line[place], int) for line in lines)
        table.add_column(head, justify="right" if numeric else "left", overflow="fold")
    for line in lines:
        table.add_row(*(Text(_cell(cell)) for cell in line))
    terminal = sys.stdout.isatty()
    plain = not settings.color or bool(os.environ.get("NO_COLOR"))
    Console(width=None if terminal else 1000, no_color=plain, highlight=False).print(table)


def _cell(cell: Cell) -> str:
    return f"{cell:,}" if isinstance(cell, int) else printable(cell)


def amount(family: Family, count: int) -> Cell:
    """Return a number of addresses for people; IPv6 in whole /48s or /64s where it is some."""
    for length in (48, 64):
        size = 1 << max(0, family.width - length)
        if size > 1 and count and count % size == 0:
            return f"{count // size:,} /{length}"
    return count


def say(settings: Settings, text: str) -> None:
    """Print a line for people on stderr, unless they asked for quiet."""
    if not settings.quiet:
        click.echo(f"blockc: {printable(text)}", err=True)


def step(settings: Settings, text: str) -> None:
    """Print a line about what is being done on stderr, for those who asked for every step."""
    if settings.verbose:
        click.echo(f"blockc: {printable(text)}", err=True)


def warn(text: str) -> None:
    """Print a warning on stderr; `--quiet` does not hide what somebody must act on."""
    click.echo(f"blockc: warning: {printable(text)}", err=True)
