"""What readers say of a text that they refuse, as one line for tables of tests."""

from collections.abc import Callable

import pytest

from blockc.errors import SourceSyntaxError


def told(error: SourceSyntaxError) -> str:
    """Return what an error says and about what: `line:column+width message`."""
    assert error.at
    return f"{error.at.line}:{error.at.column}+{error.at.width} {error.message}"


def refused(read: Callable[..., object], *arguments: object) -> str:
    """Return what is told when `read` refuses its arguments, which it must."""
    with pytest.raises(SourceSyntaxError) as found:
        read(*arguments)
    return told(found.value)
