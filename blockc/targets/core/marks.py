"""What rules around the entries of one list do besides blocking: log a word, and tell the origin.

In `monitor` who is listed gets a mark for the log, in `warn` also a header on the way to the
origin, so that the application can say what is to come. A client can send that header itself, so
it is taken out of every request before it is set. Each list has its own, or a second list would
take out what the first has set.
"""

from collections.abc import Iterator

from blockc.targets.core.document import Document
from blockc.targets.core.target_options import Option
from blockc.targets.syntax.reading import Ordered

WATCHED = frozenset({"monitor", "warn"})

HEADER = Option(
    "header",
    "X-Blockc-{list}",
    "1 to 64 letters, digits or -, a letter first",
    pattern=r"[A-Za-z][A-Za-z0-9-]{0,63}",
    about="the header by which the origin is told who is listed, in the stage warn",
    part="-{part}",
)


def word(about: str, kept: str = "") -> Option:
    """Return the option that names something of the platform after the list."""
    return Option(
        "name",
        "blockc_{word}",
        "1 to 64 lower-case letters, digits or _, a letter first",
        pattern=rf"{kept}[a-z][a-z0-9_]{{0,63}}",
        part="_{part}",
        about=about,
    )


def rule_orders(document: Document, what: str, beside: str, option: str) -> Iterator[Ordered]:
    """Yield what rules around the entries must say, in the stage that is in force.

    Args:
        what: The object of the platform that they make.
        beside: What else they must name, as the value of `option`.
    """
    options = document.options
    yield Ordered(what, options["name"], claimed=True)
    yield Ordered(beside, options[option])
    if document.action == "block":
        yield from document.refusal()
    if document.action == "warn":
        yield Ordered("header for the origin", options["header"], claimed=True)
