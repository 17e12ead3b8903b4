"""Varnish: an acl, and what `vcl_recv` does to the clients in it.

The longest prefix decides, and one with `!` before it spares what a wider one holds. An acl is
compiled; without `+table` into C that takes minutes and memory for ten thousand entries.

Varnish does not match an IPv4-mapped client with an IPv4 entry. Such an address comes from a header
or from the PROXY protocol, so what is compared has those clothes taken off first.
"""

import re
from collections.abc import Iterator, Sequence

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
from blockc.targets.syntax.reading import Found, Ordered, Reading, acting, each
from blockc.targets.syntax.statements import Statements
from blockc.targets.syntax.tokens import Text
from blockc.targets.syntax.vcl import (
    REQUEST_HEADER,
    SPARED,
    VCL,
    read_acl,
    read_link,
    read_spoofed,
)
from blockc.values import replace

_STATUS = re.compile(r"[45][0-9]{2}")
_UNDRESSED = r'"^::ffff:([0-9.]+)$"', ",", r'"\1"'


def read_vcl(text: Text) -> Reading:
    """Return the rules of an acl, and what happens to the clients in it.

    Source: https://varnish-cache.org/docs/7.1/reference/vcl.html and Varnish 7.1.1 itself: the
    longest prefix decides, whatever the order.

    Raises:
        SourceSyntaxError: If it does anything else, or asks another address than it seems.
    """
    vcl = VCL.read(text)
    vcl.expect("import", "std", ";")
    acl = read_acl(vcl, "Varnish acl", table=True)
    require_no_mapped(text, acl.reading)
    vcl.expect("sub", "vcl_recv", "{")
    header = read_spoofed(vcl)
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


def _source(vcl: Statements) -> Found:
    """Step over the address that is compared, and return which header holds it, or nothing."""
    vcl.expect("std.ip", "(", "regsub", "(")
    source = vcl.found("header with the client", "")
    if vcl.word == "std.ip":
        vcl.expect("std.ip", "(")
        match = REQUEST_HEADER.fullmatch(vcl.word)
        source = vcl.found("header with the client", match[1] if match else "")
        vcl.take(REQUEST_HEADER, "req.http. and the name of a header")
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
    found.append(read_link(vcl))
    vcl.expect("}", "}")
    return found


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
    words={ContentKind.LIST: Vocabulary({"": SPARED, "block": ""})},
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
name=list_$(date +%s)                    # a name serves once
varnishadm vcl.load $name /etc/varnish/default.vcl &&  # compiles; if it fails nothing changes
  varnishadm vcl.use $name
varnishadm vcl.list                      # vcl.discard NAME forgets one that nobody needs""",
        rollback="""\
varnishadm vcl.use NAME  # of what was in use before
blockc rollback          # so that it is loaded after a restart, too""",
    ),
)
