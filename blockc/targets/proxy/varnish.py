"""Varnish: an acl, and what `vcl_recv` does to the clients in it.

The longest prefix decides, and one with `!` before it spares what a wider one holds. An acl is
compiled; without `+table` into C that takes minutes and memory for ten thousand entries.

Varnish does not match an IPv4-mapped client with an IPv4 entry. Such an address comes from a header
or from the PROXY protocol, so what is compared has those clothes taken off first.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from blockc.addresses import MAPPED
from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.mapped import around_mapped, require_no_mapped
from blockc.targets.core.marks import HEADER, WATCHED, rule_orders, word
from blockc.targets.core.response import HTTP_ERRORS
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Maturity,
    NativeCheck,
    Reference,
    Responses,
    Target,
)
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import ContentKind, Vocabulary
from blockc.targets.syntax.addresses import decode_rules, require_distinct
from blockc.targets.syntax.reading import Found, Ordered, Reading, acting, each
from blockc.targets.syntax.statements import StatementGrammar, Statements, Words
from blockc.targets.syntax.tokens import Text
from blockc.values import replace

# Words are names with dots, numbers, texts in quotes and marks; comments are taken in all forms.
_VCL = StatementGrammar(
    "Varnish",
    word=re.compile(
        r"""[ \t\r\n]*+(?:\#[^\n]*+|//[^\n]*+|(
            \{"[^\n]*?"\} | "[^"\n]*+" | [A-Za-z][A-Za-z0-9_.-]*+ | [0-9]++
            | == | && | \+[a-z]++ | [^ \t\r\n]))""",
        re.VERBOSE,
    ),
    ends=(";",),
    marks="!/;",
    odd="#\\",
)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_HEADER = re.compile(r"req\.http\.([A-Za-z][A-Za-z0-9-]*)")
_STATUS = re.compile(r"[45][0-9]{2}")
_LINK = re.compile(r"""\{"<([^<>"'\\\s]+)>; rel="blocked-by""\}""")
_UNDRESSED = r'"^::ffff:([0-9.]+)$"', ",", r'"\1"'
_SPARED = "!"


class _Acl(NamedTuple):
    name: Found
    reading: Reading


def read_vcl(text: Text) -> Reading:
    """Return the rules of an acl, and what happens to the clients in it.

    Source: https://varnish-cache.org/docs/7.1/reference/vcl.html and Varnish 7.1.1 itself: the
    longest prefix decides, whatever the order.

    Raises:
        SourceSyntaxError: If it does anything else, or asks another address than it seems.
    """
    vcl = _VCL.read(text)
    vcl.expect("import", "std", ";")
    acl = _acl(vcl, text)
    vcl.expect("sub", "vcl_recv", "{")
    header = _spoofed(vcl)
    vcl.expect("if", "(")
    source = _source(vcl)
    vcl.expect("~", str(acl.name.value), ")", "{", "std.log", "(")
    action = _logged(vcl, str(acl.name.value))
    found = [acl.name, source]
    if action == "block":
        found += _refusal(vcl, str(acl.name.value), source)
    elif header:
        vcl.expect("set", f"req.http.{header.value}", "=", '"warn"', ";", "}", "}")
        found, action = [*found, header], "warn"
    else:
        vcl.expect("}", "}")
    if vcl.word:
        raise vcl.error("expected nothing after that")
    return acting(replace(acl.reading, found=tuple(found)), action)


def _acl(vcl: Statements, text: Text) -> _Acl:
    """Step over an acl and return its name and entries."""
    vcl.expect("acl")
    name = vcl.found("Varnish acl")
    vcl.take(_NAME, "the name of an acl")
    if vcl.word != "+table":
        raise vcl.error("expected +table, without which many entries take minutes to compile")
    vcl.expect("+table", "{")
    block = vcl.block()
    vcl.expect("}")
    tokens, verdicts, places = _entries(block)
    parts = decode_rules(text, tokens, verdicts, lambda at, why: block.error(places[at], why))
    require_distinct(parts)
    reading = Reading(parts)
    require_no_mapped(text, reading)
    return _Acl(name, reading)


def _entries(block: Words) -> tuple[list[str], list[int], list[int]]:
    """Return the prefixes of an acl, the verdict of each, and at which word each begins."""
    words, at = block.words, 0
    tokens, verdicts, places = list[str](), list[int](), list[int]()
    while at < len(words):
        places.append(at)
        spared = words[at] == _SPARED
        address, slash, length, end = [*words[at + spared : at + spared + 4], "", "", "", ""][:4]
        quoted = len(address) > 1 and (address[0], address[-1]) == ('"', '"')
        if not quoted or (slash, end) != ("/", ";"):
            raise block.error(at, 'expected "ADDRESS"/LENGTH; or ! before it')
        tokens.append(f"{address[1:-1]}/{length}")
        verdicts.append(0 if spared else 1)
        at += 4 + spared
    return tokens, verdicts, places


def _spoofed(vcl: Statements) -> Found | None:
    """Step over what takes the header for the origin out of a request, and return its name."""
    if vcl.word != "unset":
        return None
    vcl.step()
    header = vcl.found("header for the origin")
    match = _HEADER.fullmatch(vcl.take(_HEADER, "req.http. and the name of a header"))
    vcl.expect(";")
    return replace(header, value=match[1]) if match else None


def _source(vcl: Statements) -> Found:
    """Step over the address that is compared, and return which header holds it, or nothing."""
    vcl.expect("std.ip", "(", "regsub", "(")
    source = vcl.found("header with the client", "")
    if vcl.word == "std.ip":
        vcl.expect("std.ip", "(")
        match = _HEADER.fullmatch(vcl.word)
        source = vcl.found("header with the client", match[1] if match else "")
        vcl.take(_HEADER, "req.http. and the name of a header")
        vcl.expect(",", "client.ip", ")")
    else:
        vcl.expect("client.ip")
    vcl.expect(",", *_UNDRESSED, ")", ",", "client.ip", ")")
    return source


def _logged(vcl: Statements, name: str) -> str:
    """Step over what is logged; return which action it names, monitor for warn too."""
    wanted = {f'"{name}: {action}"': action for action in ("block", "monitor", "warn")}
    if vcl.word not in wanted:
        raise vcl.error(f'expected "{name}: block", monitor or warn')
    action = wanted[vcl.step()]
    vcl.expect(")", ";")
    return action


def _refusal(vcl: Statements, name: str, source: Found) -> list[Found]:
    """Step over the refusal, and what adds a link to it; return status and link."""
    vcl.expect("return", "(", "synth", "(")
    status = vcl.found("status")
    found = [replace(status, value=int(vcl.take(_STATUS, "a status from 400 to 599")))]
    vcl.expect(")", ")", ";", "}", "}")
    if vcl.word != "sub":
        return found
    vcl.expect("sub", "vcl_synth", "{", "if", "(", "resp.status", "==", str(found[0].value), "&&")
    again = _source(vcl)
    if again.value != source.value:
        raise again.error("another address gets the link than is refused")
    vcl.expect("~", name, ")", "{", "set", "resp.http.Link", "=")
    link, match = vcl.found("link"), _LINK.fullmatch(vcl.word)
    if match is None:
        raise link.error('expected {"<URL>; rel="blocked-by""}')
    vcl.step()
    vcl.expect(";", "}", "}")
    return [*found, replace(link, value=match[1])]


def _orders(document: Document, _file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    yield from rule_orders(document, "Varnish acl", "header with the client", "source")


_VCL_PAGE = Reference("https://varnish-cache.org/docs/7.1/reference/vcl.html", checked="2026-11-27")

_NOTES = """\
`include` the file at the top of the VCL: subroutines of one name run in the order in which they
stand, so this one refuses before any other decides. It needs Varnish 6 or later for `+table`.

The address of the connection is compared, or with `source` that in a header, which only a proxy of
your own may be able to set. The PROXY protocol sets the address of the connection.

`varnishlog -i VCL_Log` shows the name of the acl and the word of the stage for each request of who
is listed. In `warn` the origin gets a header as well; one of that name that a client sends is taken
out. A list that is empty refuses nobody."""

# An artifact with a backend that nothing asks; it is compiled, and nothing listens.
_NATIVE = NativeCheck(
    programs=("varnishd", "gcc"),
    packages=("varnish", "gcc", "libc6-dev"),
    argv=("sh", "@folder@/check.sh"),
    files={
        "main.vcl": 'vcl 4.1;\ninclude "@0@";\nbackend default none;\n',
        "check.sh": "export TMPDIR=@folder@\nvarnishd -j none -C -f @folder@/main.vcl"
        " >@folder@/said 2>&1 ||\n{ cat @folder@/said; exit 1; }\n",
    },
)

VARNISH = Target(
    name="varnish",
    title="Varnish acl and subroutine",
    match=Match.LONGEST,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="varnish.vcl.j2",
    ending="vcl",
    reader=each(read_vcl),
    words={ContentKind.LIST: Vocabulary({"": _SPARED, "block": ""})},
    comment="#",
    adapt=around_mapped,
    never_consulted=(MAPPED,),
    native=_NATIVE,
    orders=_orders,
    options=(
        word("the acl"),
        Option(
            "source",
            "",
            "the name of a header that holds one address, not X-Forwarded-For, or nothing for the "
            "connection",
            pattern=r"(?:(?!(?i:x-forwarded-for)$)[A-Za-z][A-Za-z0-9-]{0,63})?",
            about="whose address is compared",
        ),
        HEADER,
    ),
    responses=Responses(actions=WATCHED, statuses=HTTP_ERRORS, links=True),
    maturity=Maturity.PROGRAM,
    notes=_NOTES,
    references=(_VCL_PAGE,),
    deployment=Deployment(
        load="""\
varnishadm vcl.load with_list /etc/varnish/default.vcl  # compiles; if it fails nothing changes
varnishadm vcl.use with_list""",
        rollback="varnishadm vcl.use boot  # or the name of what was in use before",
    ),
)
