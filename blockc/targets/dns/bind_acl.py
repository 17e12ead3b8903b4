"""BIND address match lists: an `acl` of a name, in which the first element that fits decides.

An exception is an element with `!` before a wider one. Where the list stands in another one after
`!`, as in `allow-query { !NAME; any; }`, a negated element inside is no match and not a double
negation, so the exception goes on to `any`.
"""

import re
from collections.abc import Iterator, Sequence

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
from blockc.targets.core.verdicts import ContentKind, Vocabulary
from blockc.targets.syntax.addresses import decode_rules, require_distinct
from blockc.targets.syntax.reading import Ordered, Reading, each
from blockc.targets.syntax.statements import StatementGrammar, Words
from blockc.targets.syntax.tokens import Text
from blockc.values import replace

BIND = StatementGrammar(
    "BIND",
    word=re.compile(
        r"""[ \t\r\n]*+(?:\#[^\n]*+|//[^\n]*+|(
            "[^"\\\n]*+" | [{};!] | [^ \t\r\n{};!"\#/]++(?:/[^ \t\r\n{};!"\#/*]++)?+ | ["/]))""",
        re.VERBOSE,
    ),
    ends=(";",),
    marks="{};!",
    odd='"#*\\',
)
_BUILT_IN = ("any", "none", "localhost", "localnets")
_NAME = r"(?!(?:any|none|localhost|localnets)\Z)[A-Za-z][A-Za-z0-9_-]{0,63}"
_QUOTED = re.compile(rf'"?({_NAME})"?', re.ASCII)
_SPARED = "!"


def read_acl(text: Text) -> Reading:
    """Return the rules of one `acl` statement, in which the first element that fits decides.

    Source: "Address Match Lists" in the reference of BIND, and named-checkconf 9.18 itself. An
    element twice, `!!` and shortened addresses, which it takes, are errors here.
    """
    file = BIND.read(text)
    file.expect("acl")
    name = file.found("BIND acl")
    match = _QUOTED.fullmatch(file.step())
    if match is None:
        raise name.error(f"expected a name other than {', '.join(_BUILT_IN)}")
    file.expect("{")
    block = file.block()
    addresses, verdicts, places = _elements(block)

    def where(at: int, why: str) -> SourceSyntaxError:
        return block.error(places[at], why)

    parts = decode_rules(text, addresses, verdicts, where)
    require_distinct(parts)
    file.expect("}", ";")
    if file.word:
        raise file.error("expected one acl and nothing else")
    return Reading(parts, found=(replace(name, value=match[1]),))


def _elements(block: Words) -> tuple[list[str], list[int], list[int]]:
    """Return the address of each element, its label, and which word of the block it is."""
    addresses, verdicts, places = list[str](), list[int](), list[int]()
    words, at = block.words, 0
    while at < len(words):
        spared = words[at] == _SPARED
        at += spared
        if words[at + 1 : at + 2] != [";"]:
            raise block.error(at, "expected an address or a prefix, and `;`")
        addresses.append(words[at])
        verdicts.append(0 if spared else 1)
        places.append(at)
        at += 2
    return addresses, verdicts, places


def _orders(document: Document, _file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    yield Ordered("BIND acl", document.options["name"], claimed=True)


_NOTES = """\
Use it where an address match list is expected: `allow-query { !NAME; any; };` answers REFUSED,
`blackhole { NAME; };` does not answer at all and does not ask servers in it either. An exception is
let through by both.

named reads the elements into a tree, so a long list costs no more for each query than a short one.
A client of a dual-stack socket is one of IPv4 only with `match-mapped-addresses yes`; named opens
a socket for each family by itself, so that is not needed.

There is no stage but `block`: an acl is a condition, and named logs who is refused and nobody else.
The target `rpz` has `monitor`."""

# A configuration that has nothing but the list and one use of it; nothing listens.
_NATIVE = NativeCheck(
    programs=("named-checkconf",),
    packages=("bind9-utils",),
    argv=("named-checkconf", "@folder@/named.conf"),
    files={
        "named.conf": """\
include "@0@";
options { directory "@folder@"; allow-query { !@option.name@; any; }; };
"""
    },
)

BIND_ACL = Target(
    name="bind-acl",
    title="BIND address match list",
    match=Match.FIRST,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="bind-acl.conf.j2",
    ending="conf",
    reader=each(read_acl),
    orders=_orders,
    words={ContentKind.LIST: Vocabulary({"": _SPARED, "block": ""})},
    comment="//",
    options=(
        Option(
            "name",
            "blockc-{list}",
            f"1 to 64 letters, digits, _ or -, a letter first, not {', '.join(_BUILT_IN)}",
            pattern=_NAME,
            part="-{part}",
            about="the name of the acl",
        ),
    ),
    native=_NATIVE,
    debian=("bind9",),
    maturity=Maturity.PROGRAM,
    notes=_NOTES,
    references=(
        Reference(
            "https://github.com/isc-projects/bind9/blob/main/doc/arm/reference.rst",
            checked="2026-11-27",
        ),
    ),
    deployment=Deployment(
        load="named-checkconf && rndc reconfig  # a configuration that is wrong changes nothing",
        rollback="blockc rollback && named-checkconf && rndc reconfig",
    ),
)
