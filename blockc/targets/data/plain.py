"""Plain lists: a prefix a line, `#` starts a comment; for scripts, pf tables and zone files."""

import re

from blockc.addresses.rules import Match
from blockc.errors import SourceSyntaxError
from blockc.targets.core.options import Option
from blockc.targets.core.target import EntryForm, Layout, Reference, Target
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.addresses import decode_rules
from blockc.targets.syntax.reading import Reading, each, halves
from blockc.targets.syntax.tokens import Text, TokenStream

_WORD = re.compile(r"[ \t\r\n]*+(?:#[^\n]*+|([^ \t\r\n#]++))")


def read_plain(text: Text) -> Reading:
    """Return the rules of a list: an address, prefix or range a line, all of them block."""
    words = TokenStream(text, _WORD)

    def where(at: int, why: str) -> SourceSyntaxError:
        return words.error(at, why, "expected an address, a prefix or a range")

    return Reading(decode_rules(text, words.words, 1, where, ranges=True))


_NOTES = """\
In two sets, whoever loads the first file must take the exceptions out of it."""

PLAIN = Target(
    name="plain",
    title="Plain list, a prefix a line",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.EITHER,
    template="plain.txt.j2",
    reader=each(read_plain),
    words={ContentKind.LIST: BLOCKS},
    comment="#",
    options=(Option("header", True, "true or false"),),
    notes=_NOTES,
    references=(Reference("https://man.openbsd.org/pfctl", checked="2026-11-23"),),
).with_two_sets(halves(read_plain, read_plain))
