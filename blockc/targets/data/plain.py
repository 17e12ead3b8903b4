"""Plain lists: a prefix per line, `#` starts a comment; for scripts, pf tables and zone files."""

from functools import partial
from itertools import chain

from blockc.addresses.rules import Match
from blockc.errors import SourceSyntaxError
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Reference,
    Target,
    TwoSets,
)
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.addresses import decode_rules
from blockc.targets.syntax.line_grammar import LineGrammar, Lines
from blockc.targets.syntax.reading import Reading, each, halves
from blockc.targets.syntax.tokens import Text

_ENTRY = "one address, prefix or range and nothing beside it"
_LINES = LineGrammar("a program", _ENTRY, comments_anywhere=True)


def read_plain(text: Text) -> Reading:
    """Return the rules of a list: an address, prefix or range per line, all of them block."""
    lines = _LINES.read(text)
    parts = [
        decode_rules(text, words, 1, partial(_error, lines, first), ranges=True)
        for first, words in lines.batches()
    ]
    return Reading(tuple(chain.from_iterable(parts)) or decode_rules(text, [], 1, lines.error))


def _error(lines: Lines, first: int, entry: int, why: str) -> SourceSyntaxError:
    return lines.error(first + entry, why)


_NOTES = """\
In two sets, whoever loads the first file must take the exceptions out of it."""

PLAIN = Target(
    name="plain",
    title="Plain list, a prefix per line",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.EITHER,
    writer="plain.txt.j2",
    ending="txt",
    reader=each(read_plain),
    words={ContentKind.LIST: BLOCKS},
    comment="#",
    notes=_NOTES,
    references=(Reference("https://man.openbsd.org/pfctl", checked="2026-11-23"),),
    two_sets=TwoSets(halves(read_plain, read_plain)),
    deployment=Deployment(
        load="pfctl -t blocked -T replace -f list.txt  # a table of pf, as an example",
        rollback="pfctl -t blocked -T replace -f PREVIOUS/list.txt",
    ),
)
