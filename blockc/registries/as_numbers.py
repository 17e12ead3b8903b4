"""Autonomous system numbers as people and publishers write them."""

import re
from array import array

from blockc.addresses.plain_text import TextLines, lines_one_by_one
from blockc.errors import Location, SourceMistakes, SourceSyntaxError

LAST_AS_NUMBER = 2**32 - 1
_WRITTEN = re.compile(r"(?:AS)?(\d{1,10})", re.IGNORECASE | re.ASCII)
# A number behind `;` is the next entry and not a remark, unless the whole line is commented out.
_COMMENT = re.compile(r"#.*|^\s*;.*|;(?!\s*(?:AS)?\d+\s*(?:[;,#]|$)).*", re.IGNORECASE)
_MOST_ERRORS = 20
_SHOWN = 100  # characters of what is not a number


def parse_as_number(text: str) -> int:
    """Return the number that `text` says, with or without `AS` before it.

    Raises:
        ValueError: If it says none.

    >>> parse_as_number("AS64500"), parse_as_number("64500")
    (64500, 64500)
    """
    match = _WRITTEN.fullmatch(text)
    if not match or int(match[1]) > LAST_AS_NUMBER:
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
        raise ValueError(f"{shown!r} is not an AS number")
    return int(match[1])


def without_comment(line: str) -> str:
    """Return what stands on a line before `#` or `;`; with it what is an entry behind a `;`.

    So that `AS64500; AS64501` is refused, and does not lose the second one.

    >>> without_comment("AS64500 ; EXAMPLE-1"), without_comment("AS64500; AS64501 ; two")
    ('AS64500', 'AS64500; AS64501')
    """
    return _COMMENT.sub("", line, count=1).strip()


def read_as_numbers(name: str, data: bytes) -> list[int]:
    """Read a list of AS numbers, one on each line; `#` and `;` start a comment.

    Args:
        name: What the list is called in messages.

    Raises:
        SourceMistakes: The first lines that are not an AS number, each with its place, and how many
            more there are.
        SourceUnfit: The file is not text.
        SourceSyntaxError: At the first NUL byte.
    """
    lines = TextLines.of(name, data, may_be_empty=True)
    numbers, wrong, count = array("Q"), list[SourceSyntaxError](), 0
    for line, text in enumerate(lines_one_by_one(lines.text), start=1):
        body = without_comment(text)
        if not body:
            continue
        try:
            numbers.append(parse_as_number(body))
        except ValueError as reason:
            count += 1
            if count <= _MOST_ERRORS:
                hint = "expected such as AS64500 or 64500"
                wrong.append(SourceSyntaxError(str(reason), at=lines.at(line, body), hint=hint))
    if count > len(wrong):
        more = f"{count - len(wrong):,} more bad lines"
        wrong.append(SourceSyntaxError(more, at=Location(name)))
    if wrong:
        raise SourceMistakes(wrong)
    return numbers.tolist()
