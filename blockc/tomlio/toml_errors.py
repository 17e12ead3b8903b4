"""What Python's TOML reader says of a text it cannot read, in plain words and with the place."""

import re
from functools import lru_cache

from blockc.errors import CONFLICT, Location, is_conflict_mark, line_begin

_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_PLAINER = (
    (re.compile(r"Cannot overwrite a value"), "this key is already set in its table"),
    (re.compile(r"Cannot declare \(.*\) twice"), "this table is already declared"),
    (
        re.compile(r"Cannot mutate immutable namespace \(.*\)"),
        "this table was written as a whole before",
    ),
)


def explained(message: str, path: str, text: str) -> tuple[str, Location]:
    """Return the message of a `TOMLDecodeError` without its place, and the place."""
    found = _AT.search(message)
    line, column = (int(n or 0) for n in found.groups()) if found else (0, 0)
    line = line or text.count("\n") + 1
    said = message[: found.start()] if found else message
    for words, plainer in _PLAINER:
        said = words.sub(plainer, said)
    at = Location(path, line, column, line_of(text, line))
    if is_conflict_mark(at.text):
        return f"{CONFLICT[0]}; {CONFLICT[1]}", at
    return f"not TOML: {said[:1].lower()}{said[1:]}", at


@lru_cache(maxsize=8)
def line_of(text: str, number: int) -> str:
    """Return a line of a text, counted from 1.

    Mistakes in one line share it: of a hundred in a list of many entries it would be most of all.
    """
    begin = line_begin(text, number, "\n")
    end = text.find("\n", begin)
    return text[begin : end if end >= 0 else None].rstrip("\r")
