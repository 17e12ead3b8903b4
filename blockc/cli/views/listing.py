"""Rows that are objects for programs, of which a table for people shows some keys."""

from collections.abc import Callable, Mapping
from typing import Any

from blockc.cli.console import Cell
from blockc.values import Value

Row = Mapping[str, Any]


def plain(value: Any) -> Cell:
    """Return a value as people read it: what is not there is a dash, several are a list.

    >>> plain(None), plain([]), plain(["a", "b"]), plain(7)
    ('-', '-', 'a, b', 7)
    """
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "-"
    return value if isinstance(value, int) else str(value or "-")


class Column(Value):
    """A key of the rows, what stands above it and how its values are shown.

    `wide`: it is left out on a terminal, where rows would be squeezed until nobody can read them.
    """

    key: str
    head: str
    show: Callable[[Any], Cell] = plain
    wide: bool = False


def columns(*keys: str) -> tuple[Column, ...]:
    """Return columns that are called as their keys are."""
    return tuple(Column(key, key) for key in keys)
