"""BIRD prefix sets: one for each family, for filters of routes.

A set holds every prefix inside an entry, by the `+` behind it. A route wider than an entry is not
in the set, although some of its addresses are.
"""

import re
from collections.abc import Iterator, Sequence

from blockc.addresses import FAMILIES, Family
from blockc.addresses.rules import Match
from blockc.errors import SourceSyntaxError
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Maturity,
    NativeCheck,
    Reference,
    Target,
)
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.addresses import decode_rules, require_distinct
from blockc.targets.syntax.reading import Ordered, Part, Reading, each
from blockc.targets.syntax.statements import StatementGrammar, Statements
from blockc.targets.syntax.tokens import Text
from blockc.values import replace

BIRD = StatementGrammar(
    "BIRD",
    word=re.compile(r"[ \t\n]*+(?:\#[^\n]*+|([\[\],;=]|[^ \t\n\[\],;=\#]++|\#))"),
    ends=(";",),
    marks="[],;=",
    odd="#",
)
_NAME = re.compile(r"([a-z][a-z0-9_]{0,48})_v([46])")


def read_sets(text: Text) -> Reading:
    """Return the rules of two prefix sets, whose entries hold all that is inside them.

    Source: https://bird.network.cz/?get_doc&v=16&f=bird-5.html and bird 2.0.12 itself. An entry
    without `+`, which holds one prefix and nothing inside it, is an error here.
    """
    file, parts, found = BIRD.read(text), list[Part](), []
    for family in FAMILIES:
        file.expect("define")
        name, match = file.found("BIRD sets"), _NAME.fullmatch(file.step())
        if match is None or match[2] != str(family.version):
            raise name.error(f"expected the name of a set that ends with _v{family.version}")
        found.append(replace(name, value=match[1]))
        file.expect("=", "[")
        parts += _entries(file, family)
        file.expect("]", ";")
    if file.word:
        raise file.error("expected two sets and nothing else")
    require_distinct(parts)
    return Reading(tuple(parts), found=tuple(found))


def _entries(file: Statements, family: Family) -> tuple[Part, ...]:
    """Step over the entries of a set up to its `]` and return their rules."""
    begin, words = file.at, list[str]()
    while file.word not in {"]", ""}:
        words.append(file.step())

    def where(at: int, why: str) -> SourceSyntaxError:
        places = [place for place, _ in zip(file.places(begin, ()), words, strict=False)]
        return file.text.error(why, *places[at])

    for at, word in enumerate(words):
        if (word == ",") != bool(at % 2):
            raise where(at, "expected entries with a comma between two")
        if not at % 2 and not word.endswith("+"):
            raise where(at, "expected a prefix with + behind it, for all that is inside")
    if words and not len(words) % 2:
        raise where(len(words) - 1, "expected no comma behind the last entry")
    prefixes = [word[:-1] for word in words[::2]]
    return decode_rules(
        file.text, prefixes, 1, lambda at, why: where(2 * at, why), families=(family,)
    )


def _orders(document: Document, _file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    yield Ordered("BIRD sets", document.options["name"], claimed=True)


_NOTES = """\
Include the file and ask the sets in a filter: `if net ~ NAME_v4 then reject;`. What is compared is
a route and not a client: all routes inside an entry match, a default route does not.

An operator of networks who wants to drop packets by such routes needs a route to nowhere for each
entry besides."""

_NATIVE = NativeCheck(
    programs=("bird",),
    packages=("bird2",),
    argv=("bird", "-p", "-c", "@folder@/bird.conf"),
    files={
        "bird.conf": """\
include "@0@";
router id 192.0.2.1;
protocol device {}
filter check4 { if net ~ @option.name@_v4 then reject; accept; }
filter check6 { if net ~ @option.name@_v6 then reject; accept; }
"""
    },
)

BIRD_SET = Target(
    name="bird-set",
    title="BIRD prefix sets",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="bird-set.conf.j2",
    ending="conf",
    reader=each(read_sets),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    comment="#",
    options=(
        Option(
            "name",
            "blockc_{word}",
            "1 to 48 lower-case letters, digits or _, a letter first, without _v4 and _v6",
            # A keyword of BIRD can be no name; none of them ends with _v4.
            pattern=r"[a-z][a-z0-9_]{0,47}",
            part="_{part}",
            about="the names of the sets, before _v4 and _v6",
        ),
    ),
    native=_NATIVE,
    maturity=Maturity.PROGRAM,
    notes=_NOTES,
    references=(
        Reference("https://bird.network.cz/?get_doc&v=16&f=bird-5.html", checked="2026-11-27"),
    ),
    deployment=Deployment(
        load="bird -p && birdc configure  # a configuration that is wrong changes nothing",
        rollback="birdc configure undo",
    ),
)
