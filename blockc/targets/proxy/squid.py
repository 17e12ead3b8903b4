"""Squid: a file for `acl NAME src "FILE"`, and the lines that use it.

Squid keeps the addresses of an acl in a splay tree, IPv4 as IPv4-mapped IPv6. So in one list

* no entry may hold another: Squid leaves out the smaller one with a warning, or finds neither;
* an entry of IPv6 around ::ffff:0:0/96 would hold all IPv4 clients, and one inside it is masked as
  IPv4 is, so that `::ffff:192.0.2.0/120` matches everybody;
* `0.0.0.0/0` is everybody, of IPv6 too, and `::/0` is nobody.

Source: Squid 5.7 itself, asked.
"""

import re
from collections.abc import Iterator, Sequence

from blockc.addresses import FAMILIES, MAPPED
from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import ExtraFile, File
from blockc.targets.core.mapped import around_mapped, require_no_mapped
from blockc.targets.core.marks import HEADER, WATCHED, rule_orders, word
from blockc.targets.core.response import HTTP_ERRORS
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Lengths,
    Maturity,
    NativeCheck,
    Reference,
    Responses,
    Target,
)
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.addresses import require_disjoint
from blockc.targets.syntax.line_grammar import LineGrammar
from blockc.targets.syntax.reading import Found, Ordered, Reading, acting, decoded, each
from blockc.targets.syntax.statements import LINE_END, StatementGrammar, Statements
from blockc.targets.syntax.tokens import Text
from blockc.values import replace

_LINES = LineGrammar("Squid", "one address or prefix", longest_line=2_047)
_CONF = StatementGrammar(
    "Squid",
    word=re.compile(
        r"""[ \t]*+(?:\#[^\n]*+|(
            \n | "(?:[^"\\\n]|\\.)*+"(?=[ \t\n]|\Z) | [^ \t\r\n"'\\\#]++ | [\r"'\\]))""",
        re.VERBOSE,
    ),
    ends=(LINE_END,),
    marks="",
    odd="\"'#\\",
    longest_line=2_047,
)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_PATH = re.compile(r'"(/[\w./-]+)"', re.ASCII)
_PAGE = re.compile(r"([45][0-9]{2}):ERR_ACCESS_DENIED")
_LINK = re.compile(r'"<((?:[^<>"\'%\s\\]|%%)+)>; rel=\\"blocked-by\\""')
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


def read_list(text: Text) -> Reading:
    """Return the rules of a list file: whoever an entry holds is listed.

    What Squid would take otherwise than it is written is an error; see the module.
    """
    lines = _LINES.read(text)
    for first, tokens in lines.batches():
        for at, token in enumerate(tokens, first):
            if token.endswith("/0"):
                raise lines.error(at, f"Squid takes {token} for everybody, or for nobody")
    reading = Reading(lines.rules(ranges=False))
    require_disjoint(reading.parts)
    require_no_mapped(text, reading)
    return reading


def read_with_rules(texts: Sequence[Text]) -> Reading:
    """Return the rules of a list file, and what the lines of a configuration do by it."""
    listed = read_list(texts[0])
    action, found = _read_conf(texts[1], texts[0].path.rpartition("/")[2])
    return acting(replace(listed, found=tuple(found)), action)


def _read_conf(text: Text, list_name: str) -> tuple[str, list[Found]]:
    """Return what happens to who is listed, and the names, status and link that are used.

    Raises:
        SourceSyntaxError: If the lines ask anything but the list, or do anything else.
    """
    text.require_ended_lines("Squid")
    conf = _CONF.read(text)
    conf.skip_ends()
    conf.expect("acl")
    name = conf.found("Squid acl")
    conf.take(_NAME, "the name of an acl")
    conf.expect("src")
    found = [name, _file(conf, list_name)]
    conf.expect(LINE_END)
    if conf.word == "note":
        action, more = _watching(conf, str(name.value))
    else:
        action, more = "block", _refusing(conf, str(name.value))
    conf.skip_ends()
    if conf.word:
        raise conf.error("expected nothing after that")
    return action, [*found, *more]


def _file(conf: Statements, name: str) -> Found:
    folder = conf.found("folder of the list")
    match = _PATH.fullmatch(conf.take(_PATH, 'the whole path of a file in "'))
    path, _, found = match[1].rpartition("/") if match else ("", "", "")
    if found != name:
        raise folder.error(f"the list is {found!r}, its file is {name!r}")
    return replace(folder, value=path)


def _refusing(conf: Statements, name: str) -> list[Found]:
    """Step over the lines that refuse an acl; return status and link."""
    conf.expect("deny_info")
    status = conf.found("status")
    page = _PAGE.fullmatch(conf.take(_PAGE, "a status of 400 to 599 and :ERR_ACCESS_DENIED"))
    found = [replace(status, value=int(page[1]))] if page else []
    conf.expect(name, LINE_END)
    if conf.word == "reply_header_add":
        conf.expect("reply_header_add", "Link")
        link, match = conf.found("link"), _LINK.fullmatch(conf.word)
        if match is None:
            raise link.error(r'expected "<URL>; rel=\"blocked-by\"" with %% for %')
        conf.step()
        conf.expect(name, LINE_END)
        found.append(replace(link, value=match[1].replace("%%", "%")))
    conf.expect("http_access", "deny", name)
    return found


def _watching(conf: Statements, name: str) -> tuple[str, list[Found]]:
    """Step over the lines that mark an acl; return whether the origin is told, and how."""
    conf.expect("note", name)
    action = "warn" if conf.word == "warn" else "monitor"
    conf.expect(action, name)
    if action == "monitor":
        return action, []
    conf.expect(LINE_END, "request_header_access")
    header = conf.found("header for the origin")
    conf.take(_HEADER, "the name of a header")
    conf.expect("deny", "all", LINE_END, "request_header_add", str(header.value), "warn", name)
    return action, [header]


def _orders(document: Document, file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    if file.writer == _CONF_FILE.template:
        yield from rule_orders(document, "Squid acl", "folder of the list", "folder")


_MANUAL = Reference("https://www.squid-cache.org/Doc/config/acl/", checked="2026-11-27")
_NOTES = """\
One list that blocks is used by two lines before any `http_access allow`:
`acl NAME src "/etc/squid/list.txt"` and `http_access deny NAME`.

A list with a stage before `block`, or one that says what blocked clients get, has the lines for it
in a second file, for `include`, Squid 5 and later. In `monitor` a transaction has a note: put
`%note{NAME}` into the log format. In `warn` the origin gets the header as well; a header of that
name that a client sends is taken out.

The connection's address is compared. Behind a proxy, `follow_x_forwarded_for` says whose header is
believed; then that of the client is compared (`acl_uses_indirect_client`, which is on). Squid reads
the file when it is reconfigured. An empty list gives the
warning `empty ACL`, and refuses nobody."""

# A configuration that uses the list; it is parsed, and nothing listens.
_CHECK = """\
http_port 127.0.0.1:3128
cache_log @folder@/cache.log
pid_filename @folder@/pid
"""
_NATIVE = NativeCheck(
    programs=("squid",),
    packages=("squid",),
    argv=("squid", "-k", "parse", "-f", "@folder@/squid.conf"),
    warning="warning: (",
    files={
        "squid.conf": f'{_CHECK}acl listed src "@0@"\nhttp_access deny listed\n',
    },
)
_CONF_FILE = ExtraFile("squid.squid.conf.j2", ".squid.conf", FAMILIES, names_main=True)
_CONF_NATIVE = replace(
    _NATIVE,
    argv=("sh", "@folder@/check.sh"),
    files={
        "begin.conf": _CHECK,
        "check.sh": """\
set -e
sed 's|src ".*"|src "@0@"|' @1@ | cat @folder@/begin.conf - > @folder@/squid.conf
squid -k parse -f @folder@/squid.conf
""",
    },
)

SQUID = Target(
    name="squid",
    title="Squid acl file",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="squid.txt.j2",
    ending="txt",
    reader=each(read_list),
    words={ContentKind.LIST: BLOCKS},
    comment="#",
    adapt=around_mapped,
    never_consulted=(MAPPED,),
    lengths=Lengths(range(1, 33), range(1, 129), _MANUAL),
    native=_NATIVE,
    orders=_orders,
    options=(
        replace(
            word("the acl, and the note for the log; for the second file"),
            default="blockc_{word}",
            pattern=r"[a-z][a-z0-9_]{0,30}",
            expects="1 to 31 lower-case letters, digits or _, a letter first",
        ),
        Option(
            "folder",
            "/etc/squid",
            "a folder on the proxy, from / on; for the second file",
            pattern=r"/[\w.-]+(?:/[\w.-]+){0,9}",
            about="where Squid finds the list",
        ),
        HEADER,
    ),
    responses=Responses(
        actions=WATCHED,
        statuses=HTTP_ERRORS,
        links=True,
        extra_files=(_CONF_FILE,),
        reader=decoded(read_with_rules),
        native=_CONF_NATIVE,
    ),
    maturity=Maturity.PROGRAM,
    notes=_NOTES,
    references=(
        _MANUAL,
        Reference("https://www.squid-cache.org/Doc/config/deny_info/", checked="2026-11-27"),
    ),
    deployment=Deployment(
        load="squid -k parse && squid -k reconfigure",
        rollback="blockc rollback && squid -k reconfigure",
    ),
)
