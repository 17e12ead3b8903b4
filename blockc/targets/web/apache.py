"""Apache: `Require not ip`, or a variable of the environment and what is done by it.

A list that only blocks is refused by `Require not`, which answers 403 and nothing else. It stands
by itself and not within `<RequireAll>`: beside another such block, or beside any other `Require`,
Apache lets in whom one of them lets in, and so nobody would be blocked. By itself it is an error
wherever it cannot block. A list that says
more (a status, a link, a stage before `block`) becomes a variable, which the log can show and
a rewrite rule can answer by.

Apache compares entries one after the other. A line with many of them loads in a fraction of the
time of many lines with one, so there are a hundred on a line. An IPv4-mapped client is one of IPv4
to it, and entries in ::ffff:0:0/96 are refused, as are `0.0.0.0/0` and `::/0`.

Source: Apache 2.4.71 itself, asked.
"""

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import partial

from blockc.addresses import MAPPED
from blockc.addresses.rules import Match
from blockc.errors import SourceSyntaxError
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.mapped import around_mapped, require_no_mapped
from blockc.targets.core.marks import HEADER, WATCHED, word
from blockc.targets.core.response import Response
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
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.addresses import decode_rules
from blockc.targets.syntax.reading import Found, Ordered, Part, Reading, acting, each
from blockc.targets.syntax.statements import LINE_END, StatementGrammar, Statements, Words
from blockc.targets.syntax.tokens import Text
from blockc.values import replace

# Words are parted by blanks; a quoted one is whole. `#` makes a comment of a whole line only.
_CONF = StatementGrammar(
    "Apache",
    word=re.compile(
        r"""(?:(?<![^\n])[ \t]*+\#[^\n]*+|[ \t]++|(
            \n | "(?:[^"\\\n]|\\.)*+"(?=[ \t\n]|\Z) | '[^'\\\n]*+'(?=[ \t\n]|\Z)
            | [^ \t\n]++))""",
        re.VERBOSE,
    ),
    ends=(LINE_END,),
    marks="",
    odd="\"'#\\",
)
_TEST = re.compile(r"-R '([0-9A-Fa-f:./]+)'")
_SET = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(block|monitor|warn)")
_ASKED = re.compile(r"%\{ENV:([A-Za-z_][A-Za-z0-9_]*)\}")
_BY_NAME = re.compile(r"env=[A-Za-z_][A-Za-z0-9_]*")
_RULE = re.compile(r"\[R=([45][0-9]{2}),L\]")
_LINK = re.compile(r'"<((?:[^<>"\'%$\s\\]|%%)+)>; rel=\\"blocked-by\\""')
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")

#: The statuses that Apache 2.4.71 has a name for; a rewrite rule cannot answer with another.
STATUSES = frozenset(
    {
        *range(400, 418), *range(421, 425), 426, 428, 429, 431, 451,
        *range(500, 509), 510, 511,
    }
)  # fmt: skip


def read_apache(text: Text) -> Reading:
    """Return the rules of `Require not ip`, or of the tests that set a variable.

    Raises:
        SourceSyntaxError: If it says anything else, or anything that cannot be proved.
    """
    text.require_ended_lines("Apache")
    for odd in re.finditer(r"[^\t\n -~]", text.text):
        line = text.text[text.text.rfind("\n", 0, odd.start()) + 1 : odd.start()]
        if not line.lstrip(" \t").startswith("#"):
            raise text.error("a character that Apache may not take", odd.start())
    conf = _CONF.read(text)
    conf.skip_ends()
    reading = _required(conf, text) if conf.word == "Require" else _tested(conf, text)
    conf.skip_ends()
    if conf.word:
        raise conf.error("expected nothing after that")
    require_no_mapped(text, reading)
    return reading


def _required(conf: Statements, text: Text) -> Reading:
    """Step over lines that refuse addresses; return those, which are decoded at once."""
    prefixes, firsts, begins = list[str](), array("q"), array("q")

    def error(at: int, why: str) -> SourceSyntaxError:
        row = bisect_right(firsts, at) - 1
        return Words(conf, begins[row], []).error(at - firsts[row], why)

    while conf.word == "Require":
        conf.expect("Require", "not", "ip")
        line = conf.line()
        if not line.words:
            raise line.error(0, "expected a prefix")
        firsts.append(len(prefixes))
        begins.append(line.begin)
        prefixes += line.words
        conf.expect(LINE_END)
    return Reading(decode_rules(text, prefixes, 1, error))


def _tested(conf: Statements, text: Text) -> Reading:
    """Step over the tests that set a variable and what is done by it."""
    parts = [*decode_rules(text, [], 1, lambda _, why: conf.error(why))]
    found, action = list[Found](), ""
    while conf.word == "SetEnvIfExpr":
        conf.step()
        test = conf.line()
        if len(test.words) != 2:
            raise test.error(0, "expected an expression in quotes and NAME=WORD")
        parts += _tests(test, text)
        match = _SET.fullmatch(test.words[1])
        if match is None or match[2] != (action or match[2]):
            raise test.error(1, f"expected NAME={action or 'block, monitor or warn'}")
        action = match[2]
        found.append(Found("Apache variable", match[1], text.path, partial(test.error, 1)))
        conf.skip_ends()
    names = {one.value for one in found}
    if conf.word == "RewriteEngine" and action in {"", "block"}:
        found += _refusal(conf)
    elif conf.word == "RequestHeader" and action in {"", "warn"}:
        found += _told(conf)
    elif action in {"block", "warn"}:
        raise conf.error("expected what is done to who is listed")
    for one in found:
        if one.what == "Apache variable" and names and one.value not in names:
            raise one.error("nothing sets this variable")
    return acting(Reading(tuple(parts), found=tuple(found)), action or "block")


def _tests(test: Words, text: Text) -> Sequence[Part]:
    """Return the rules of the subnets that an expression asks for."""
    expression = test.words[0]
    matches = [_TEST.fullmatch(one) for one in expression[1:-1].split(" || ")]
    if expression[:1] != '"' or None in matches:
        raise test.error(0, "expected \"-R 'PREFIX' || -R 'PREFIX' ...\"")
    tokens = [match[1] for match in matches if match]
    return decode_rules(text, tokens, 1, lambda at, why: test.error(0, f"{tokens[at]}: {why}"))


def _refusal(conf: Statements) -> list[Found]:
    """Step over the rewrite rule that refuses by a variable; return that, status and link."""
    conf.expect("RewriteEngine", "On", LINE_END)
    conf.expect("RewriteCond", "%{ENV:REDIRECT_STATUS}", "^$", LINE_END, "RewriteCond")
    variable, match = conf.found("Apache variable"), _ASKED.fullmatch(conf.word)
    if match is None:
        raise variable.error("expected %{ENV:NAME}")
    conf.step()
    conf.expect("=block", LINE_END, "RewriteRule", "^", "-")
    status, rule = conf.found("status"), _RULE.fullmatch(conf.word)
    if rule is None or int(rule[1]) not in STATUSES:
        raise status.error("expected [R=STATUS,L] with a status that Apache knows")
    conf.step()
    found = [replace(variable, value=match[1]), replace(status, value=int(rule[1]))]
    conf.skip_ends()
    if not conf.word:
        return found
    conf.expect("Header", "always", "set", "Link")
    link, url = conf.found("link"), _LINK.fullmatch(conf.word)
    if url is None:
        raise link.error(r'expected "<URL>; rel=\"blocked-by\"" with %% for %')
    conf.step()
    conf.expect(f"env={match[1]}")
    return [*found, replace(link, value=url[1].replace("%%", "%"))]


def _told(conf: Statements) -> list[Found]:
    """Step over the header for the origin; return its name and the variable that decides."""
    conf.expect("RequestHeader", "unset")
    header = conf.found("header for the origin")
    conf.take(_HEADER, "the name of a header")
    conf.expect(LINE_END, "RequestHeader", "set", str(header.value), "warn")
    variable = conf.found("Apache variable")
    return [header, replace(variable, value=conf.take(_BY_NAME, "env=NAME")[4:])]


_UNASKED = Response(asked=False)


def _orders(document: Document, _file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    options = document.options
    yield Ordered("Apache variable", options["name"], claimed=True, required=False)
    if document.action == "warn":
        yield Ordered("header for the origin", options["header"], claimed=True)
    if document.action == "block":
        yield from replace(document, response=document.response or _UNASKED).answer()


_NOTES = """\
A list that blocks is lines of `Require not ip`. Include one or several such files in one
`<RequireAll>`, beside what lets in:

    <Location "/">
      <RequireAll>
        Require all granted
        Include /etc/apache2/list.conf
      </RequireAll>
    </Location>

Anywhere else Apache says that a negative directive has no effect, and does not start or reload.
`Require` in a section that is more specific takes its place, unless that says `AuthMerging And`.

A list with a stage before `block`, or one that says what blocked clients get, sets the variable
`NAME` instead: include the file in each `<VirtualHost>`, before other rewrite rules. It needs
mod_setenvif, mod_rewrite and mod_headers. In `monitor` the variable is `monitor`: put `%{NAME}e`
into the log format. In `warn` it is `warn`, and the application gets the header; a header of that
name that a client sends is taken out. Where 403 is enough, the first form is faster to read.

The connection's address is compared. Behind a proxy, mod_remoteip puts the client's in its place
for both forms; say with `RemoteIPInternalProxy` whose header is believed.

Each request is compared with the entries one after the other: 5 ms for 100,000 of them. For long
lists ask nginx or HAProxy in front, or the firewall."""

_MODULES = "".join(
    f"LoadModule {name}_module modules/mod_{name}.so\n"
    for name in (
        "mpm_event", "authz_core", "authz_host", "headers", "rewrite", "setenvif",
    )
)  # fmt: skip
_CHECK = f"""\
ServerRoot /usr/lib/apache2
ServerName blockc
PidFile @folder@/pid
ErrorLog @folder@/error.log
DefaultRuntimeDir @folder@
Listen 127.0.0.1:8080
{_MODULES}"""

_ADMITTING = """\
<Location "/">
<RequireAll>
Require all granted
Include @0@
</RequireAll>
</Location>
"""

# A configuration that has nothing but the artifact; it is parsed, and nothing listens.
_NATIVE = NativeCheck(
    programs=("apache2",),
    packages=("apache2",),
    argv=("apache2", "-t", "-f", "@folder@/apache2.conf"),
    warning=":warn]",
    files={"apache2.conf": f"{_CHECK}{_ADMITTING}"},
)
_LOCATION = Reference(
    "https://httpd.apache.org/docs/2.4/mod/mod_authz_host.html", checked="2026-11-27"
)

APACHE = Target(
    name="apache",
    title="Apache access control",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="apache.conf.j2",
    ending="conf",
    reader=each(read_apache),
    words={ContentKind.LIST: BLOCKS},
    comment="#",
    adapt=around_mapped,
    never_consulted=(MAPPED,),
    lengths=Lengths(range(1, 33), range(1, 129), _LOCATION),
    native=_NATIVE,
    orders=_orders,
    options=(word("the variable, where a list says more than that it blocks"), HEADER),
    responses=Responses(
        actions=WATCHED,
        statuses=STATUSES,
        links=True,
        reader=each(read_apache),
        native=replace(_NATIVE, files={"apache2.conf": f"{_CHECK}Include @0@\n"}),
    ),
    maturity=Maturity.PROGRAM,
    notes=_NOTES,
    references=(
        _LOCATION,
        Reference("https://httpd.apache.org/docs/2.4/expr.html", checked="2026-11-27"),
    ),
    deployment=Deployment(
        load="apachectl configtest && apachectl graceful",
        rollback="blockc rollback && apachectl configtest && apachectl graceful",
    ),
)
