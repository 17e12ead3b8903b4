"""Writes the TOML of the lock and of the store: one fact per line, equal values give equal text."""

from collections.abc import Mapping
from datetime import date

TomlValue = str | int | date | Mapping[str, "TomlValue"]


def toml_lines(table: Mapping[str, TomlValue | None]) -> list[str]:
    """Return `key = value` lines for what is not None.

    >>> toml_lines({"serial": "a\\x7f", "none": None, "holds.ipv4": {"records": 1}})
    ['serial = "a\\\\U0000007F"', 'holds.ipv4 = { records = 1 }']
    """
    return [f"{key} = {_text(value)}" for key, value in table.items() if value is not None]


def _text(value: TomlValue) -> str:
    if isinstance(value, str):
        return f'"{"".join(map(_character, value))}"'
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int):
        return str(value)
    return f"{{ {', '.join(toml_lines(value))} }}"


def _character(character: str) -> str:
    """Return a character of a text, escaped if a reviewer or a terminal could be fooled by it."""
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08X}"
