"""Values of options that click does not know."""

import re
from fractions import Fraction

import click

_DECIMAL = re.compile(r"[0-9]{1,10}(\.[0-9]{1,12})?")


def number(text: str) -> Fraction:
    """Return the exact value of a decimal from 0 to 1,000,000,000.

    Raises:
        click.BadParameter: If it is none.

    >>> number("0.1")
    Fraction(1, 10)
    """
    if not _DECIMAL.fullmatch(text):
        raise click.BadParameter(f"{text!r} is not a number such as 3 or 0.25")
    value = Fraction(text)
    if value > 10**9:
        raise click.BadParameter(f"{text} is more than 1,000,000,000")
    return value
