"""Plain lists: a prefix per line, `#` starts a comment; for scripts, pf tables and zone files."""

import re

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
from blockc.targets.syntax.line_grammar import LineGrammar, ListReader
from blockc.targets.syntax.reading import Reader, Reading, each, halves
from blockc.targets.syntax.tokens import Text
from blockc.vocabulary import LineForm

_ENTRY = "one address, prefix or range and nothing beside it"
_LINES = LineGrammar("a program", _ENTRY, comments_anywhere=True)


def read_plain(text: Text) -> Reading:
    """Return the rules of a list: an address, prefix or range per line, all of them block."""
    return Reading(_LINES.read(text).rules(ranges=True))


def read_form(form: LineForm) -> Reader:
    """Return the reader of lists in which a line has addresses and what the form says around them.

    Every line must be one of the form, a comment, empty or one of those around.
    """
    escaped = (re.escape(line).replace(r"\{address\}", r"([^\s]+)") for line in form.lines)
    lines = [re.compile(pattern) for pattern in escaped]

    def read(text: Text) -> Reading:
        tokens, places, at = list[str](), list[tuple[int, int]](), 0
        for content in text.text.split("\n"):
            said = content.strip(" \t")
            found = next((match for line in lines if (match := line.fullmatch(said))), None)
            if found:
                begin = at + content.index(said)
                tokens.append(found[1])
                places.append((begin + found.start(1), len(found[1])))
            elif said and not said.startswith(form.comments) and said not in form.around:
                expected = " or ".join(map(repr, form.lines))
                raise text.error(f"expected a line such as {expected}", at, len(content))
            at += len(content) + 1

        def where(row: int, why: str) -> SourceSyntaxError:
            return text.error(why, *places[row])

        return Reading(decode_rules(text, tokens, 1, where, ranges=True))

    return each(read)


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
    reader=ListReader(_LINES, ranges=True),
    words={ContentKind.LIST: BLOCKS},
    comment="#",
    notes=_NOTES,
    references=(Reference("https://man.openbsd.org/pfctl", checked="2026-11-23"),),
    two_sets=TwoSets(halves(read_plain, read_plain)),
    read_lines=read_form,
    deployment=Deployment(
        load="pfctl -t blocked -T replace -f list.txt  # a table of pf, as an example",
        rollback="pfctl -t blocked -T replace -f PREVIOUS/list.txt",
    ),
)
