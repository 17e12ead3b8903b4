"""VCL, the language of Varnish, and of Fastly, which went its own way from an early version on.

Both have acls and subroutines with the same words; what a client is compared with, how a refusal is
said and what is logged differ, and stand in their targets.
"""

import re
from typing import NamedTuple

from blockc.targets.syntax.addresses import decode_rules, require_distinct
from blockc.targets.syntax.reading import Found, Reading
from blockc.targets.syntax.statements import StatementGrammar, Statements, Words
from blockc.values import replace

# Words are names with dots, numbers, texts in quotes and marks. Of the forms of a comment only `#`
# is taken: a `/` is a mark of its own, which an acl is full of.
VCL = StatementGrammar(
    "VCL",
    word=re.compile(
        r"""[ \t\r\n]*+(?:\#[^\n]*+|(
            \{"[^\n]*?"\} | "[^"\n]*+" | [A-Za-z][A-Za-z0-9_.-]*+ | [0-9]++
            | == | && | \+[a-z]++ | [^ \t\r\n]))""",
        re.VERBOSE,
    ),
    ends=(";",),
    marks="!/;",
    odd="#\\",
)
SPARED = "!"  # before a prefix that a wider one holds, and that is not in the acl
REQUEST_HEADER = re.compile(r"req\.http\.([A-Za-z][A-Za-z0-9-]*)")
_ENTRY = re.compile(r'"([^"\0]*)"\0/\0([^\0]+)\0;')  # four words; no text has the character itself
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_LINK = re.compile(r"""\{"<([^<>"'\\\s]+)>; rel="blocked-by""\}""")


class Acl(NamedTuple):
    """An acl: its name and who is in it."""

    name: Found
    reading: Reading


def read_acl(vcl: Statements, what: str, *, table: bool) -> Acl:
    """Step over an acl and return its name and entries.

    Args:
        what: Whose acl it is: programs that do not meet may have one of the same name.
        table: It must say `+table`, which only Varnish knows.
    """
    vcl.expect("acl")
    name = vcl.found(what)
    vcl.take(_NAME, "the name of an acl")
    if table and vcl.word != "+table":
        raise vcl.error("expected +table, without which many entries take minutes to compile")
    vcl.expect(*["+table"] * table, "{")
    block = vcl.block()
    vcl.expect("}")
    tokens, verdicts, places = _entries(block)
    parts = decode_rules(vcl.text, tokens, verdicts, lambda at, why: block.error(places[at], why))
    require_distinct(parts)
    return Acl(name, Reading(parts))


def _entries(block: Words) -> tuple[list[str], list[int], list[int]]:
    """Return the prefixes of an acl, the verdict of each, and at which word each begins."""
    words, at = block.words, 0
    tokens, verdicts, places = list[str](), list[int](), list[int]()
    while at < len(words):
        places.append(at)
        spared = words[at] == SPARED
        entry = _ENTRY.fullmatch("\0".join(words[at + spared : at + spared + 4]))
        if entry is None:
            raise block.error(at, 'expected "ADDRESS"/LENGTH; or ! before it')
        tokens.append("/".join(entry.groups()))
        verdicts.append(0 if spared else 1)
        at += 4 + spared
    return tokens, verdicts, places


def read_spoofed(vcl: Statements) -> Found | None:
    """Step over what takes the header for the origin out of a request, and return its name."""
    if vcl.word != "unset":
        return None
    vcl.step()
    header = vcl.found("header for the origin")
    name = vcl.take(REQUEST_HEADER, "req.http. and the name of a header")
    vcl.expect(";")
    return replace(header, value=name.removeprefix("req.http."))


def read_link(vcl: Statements) -> Found:
    """Step over the value of a header Link and the end of its statement, and return the URL."""
    link, match = vcl.found("link"), _LINK.fullmatch(vcl.word)
    if match is None:
        raise link.error('expected {"<URL>; rel="blocked-by""}')
    vcl.step()
    vcl.expect(";")
    return replace(link, value=match[1])
