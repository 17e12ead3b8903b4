"""Caddy: a file that a site imports, and that answers listed clients with an error status.

Caddy asks whether any of the prefixes of `remote_ip` holds the client, so order does not matter and
there are no exceptions. Clients on IPv4 are IPv4 to it on dual-stack sockets too, and entries in
::ffff:0:0/96 match nobody.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial

from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.live import LiveForm
from blockc.targets.core.mapped import COPIES, decode_with_copies
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
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.addresses import decode_rules
from blockc.targets.syntax.reading import Found, Ordered, Part, Reading, each
from blockc.targets.syntax.statements import LINE_END, StatementGrammar, Words
from blockc.targets.syntax.tokens import Text
from blockc.targets.web.caddy_live import MATCHERS, live_site
from blockc.values import replace

# Words end at a blank or a newline alone; `#`, quotes and braces count only where one begins.
# A return that is not the end of a line vanishes inside a word, so here it stays in it, and fails.
CADDYFILE = StatementGrammar(
    "Caddy",
    word=re.compile(
        r"""(?:[ \t]|\r(?=\n)|\\\r?\n)*+(?:\#[^\n]*+|(
            \n | "[^"\\\n]*+"(?=[ \t\r\n]|\Z) | `[^`\n]*+`(?=[ \t\r\n]|\Z)
            | (?:(?!\r?\n|\\\r?\n)[^ \t\n])++))""",
        re.VERBOSE,
    ),
    ends=(LINE_END,),
    marks="",
    odd='"`#\\',
)
COMPARED, TWICE = "address that is compared", "IPv4 as IPv4-mapped IPv6"
_MATCHER = re.compile(r"@[A-Za-z][A-Za-z0-9_.-]*")
_STATUS = re.compile(r"[45][0-9]{2}")
_LINK = re.compile(r'`<([^<>"`{}\s]+)>; rel="blocked-by"`')
_WITH_STATUS = ("error", "respond")
_QUOTES = ('"', "`")


class _Directives:
    """Directives of a site: the addresses of its matchers, each of which must be refused.

    Source: https://caddyserver.com/docs/caddyfile/concepts and Caddy 2.6.2 itself: a `{` ends its
    line and a `}` has its own; lines of `remote_ip` in one matcher add up. What would depend on
    the import, the environment or a header is an error.
    """

    def __init__(self, text: Text) -> None:
        self.parts: list[Part] = []
        self.found: list[Found] = []
        self._text = text
        self._site = CADDYFILE.read(text)
        self._defined: dict[str, Found] = {}
        self._named: set[str] = set()  # matchers whose clients get a link
        self._refused: dict[str, str] = {}  # matcher -> how
        gap = text.text.find("{$")
        if gap >= 0:  # also in a comment, whose line a value may end
            raise text.error("the environment decides what stands here", gap, 2)
        self._site.skip_ends()
        while self._site.word:
            self._statement()
        for name, made in self._defined.items():
            if name not in self._refused:
                raise made.error(f"nothing refuses the clients of {name}")
            if self._named and name not in self._named:
                raise made.error(f"no link for the clients of {name}, and for others")
            if len({verb in _WITH_STATUS for verb in self._refused.values()}) > 1:
                raise made.error("some clients get a status and others do not")

    def _end_line(self) -> None:
        if self._site.word not in {LINE_END, ""}:
            raise self._site.error("expected the end of the line")
        self._site.skip_ends()

    def _statement(self) -> None:
        first = self._site.word
        if first.startswith("@"):
            self._matcher()
        elif first in {*_WITH_STATUS, "abort"}:
            self._refusal()
        elif first == "header":
            self._header()
        else:
            raise self._site.error("expected a matcher, header, error, respond or abort")
        self._end_line()

    def _matcher(self) -> None:
        made = self._site.found("Caddy matcher")
        name = self._site.take(_MATCHER, "a matcher")
        if name in self._defined:
            raise made.error(f"{name} is defined twice")
        self._defined[name] = made
        if self._site.word != "{":
            self._conditions(self._site.line())
            return
        self._site.expect("{", LINE_END)
        self._site.skip_ends()
        block = self._site.block()
        if not block.words:
            raise made.error(f"{name} without a condition matches everybody")
        self._conditions(block)
        self._site.expect("}")

    def _conditions(self, words: Words) -> None:
        """Take the prefixes of lines that compare an address, the only condition understood."""
        prefixes: list[int] = []
        at = 0
        for line in words.lines():
            if line and line[0] not in MATCHERS:
                raise words.error(
                    at, f"expected {' or '.join(map(repr, MATCHERS))}, found {line[0]!r}"
                )
            if line:
                self.found.append(
                    Found(COMPARED, line[0], self._text.path, partial(words.error, at))
                )
            if len(line) == 1:
                raise words.error(at + 1, "expected a prefix")
            if line[1:2] == ["forwarded"]:
                raise words.error(at + 1, "a header of the client would decide")
            prefixes += range(at + 1, at + len(line))
            at += len(line) + 1
        bare = [_unquoted(words.words[at]) for at in prefixes]
        parts, twice = decode_with_copies(
            self._text, bare, lambda at, why: words.error(prefixes[at], why)
        )
        self.parts += parts
        self.found += [replace(self.found[-1], what=TWICE, value=True)] if twice else []

    def _refusal(self) -> None:
        verb = self._site.step()
        self.found.append(self._site.found("Caddy matcher"))
        name = self._site.take(_MATCHER, "a matcher, or everybody is refused")
        if verb in _WITH_STATUS:
            status = self._site.found("status")
            value = int(self._site.take(_STATUS, "a status of 400 to 599"))
            self.found.append(replace(status, value=value))
        self._refused[name] = verb

    def _header(self) -> None:
        """Step over the header for a matcher; its refusal ends everything, so that comes later."""
        self._site.step()
        self.found.append(self._site.found("Caddy matcher"))
        name = self._site.take(_MATCHER, "a matcher, or everybody gets the link")
        if name in self._refused:
            raise self.found[-1].error(f"the clients of {name} are refused before this")
        self._site.expect("Link")
        match, link = _LINK.fullmatch(self._site.word), self._site.found("link")
        if match is None:
            raise link.error('expected `<URL>; rel="blocked-by"` in backquotes')
        self._site.step()
        self.found.append(replace(link, value=match[1]))
        self._named.add(name)


def _unquoted(word: str) -> str:
    return word[1:-1] if word[0] in _QUOTES and word[1:] else word


def read_caddy(text: Text) -> Reading:
    """Return the rules of a file for a site: every prefix of its matchers, all of them block.

    Raises:
        SourceSyntaxError: If it says anything else, or anything that cannot be proved.
    """
    directives = _Directives(text)
    empty = decode_rules(text, [], 1, lambda _, why: text.error(why, 0))
    return Reading((*directives.parts, *empty), found=tuple(directives.found))


def _orders(document: Document, _: File, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    matcher = f"@{document.options['matcher']}"
    yield Ordered("Caddy matcher", matcher, claimed=True, required=False)
    yield from document.answer(needed=any(part.count for part in parts))
    yield from compared(document, parts)


def compared(document: Document, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    """Yield which address is compared, and whether IPv4 is there twice."""
    yield Ordered(COMPARED, document.options["ip"], required=False)
    if document.options["mapped"]:
        yield Ordered(TWICE, True, required=any(p.count for p in parts if p.version == 4))


_NOTES = """\
Import the file in a site, inside `route` and before everything else:
`example.org { route { import /etc/caddy/list.conf ... } }`, each brace at the end of its line.
Without `route` Caddy sorts directives: `redir` and `handle` then answer listed clients too.

The connection's address is compared, which behind a proxy is the proxy's. With `ip = "client_ip"`
it is the client's in the header of a proxy that the server's `trusted_proxies` names. A header may
spell an IPv4 client as IPv4-mapped IPv6, `::ffff:192.0.2.7`, which no IPv4 entry matches: with
`mapped = true` the entries are there in both forms.

Entries are compared one after the other for every request. `error` runs the `handle_errors` of a
site, which may choose another answer. A status that a stage says takes the place of the option."""

# A site that imports the artifact; it is loaded, and nothing listens.
_NATIVE = NativeCheck(
    programs=("caddy",),
    packages=("caddy",),
    argv=(
        "caddy", "adapt", "--validate", "--adapter", "caddyfile", "--config", "@folder@/Caddyfile",
    ),
    warning='"level":"warn"',
    files={
        "Caddyfile": """\
{
	admin off
}

http://127.0.0.1:8080 {
	route {
		import @0@
	}
}
"""
    },
)  # fmt: skip

IP = Option(
    "ip",
    "remote_ip",
    "remote_ip, that of the connection, or client_ip of Caddy 2.7 and later, which believes the "
    "header of the `trusted_proxies` of a server",
    pattern="remote_ip|client_ip",
    about="which address is compared",
)
STATUS = Option(
    "status",
    403,
    "a number from 400 to 599",
    within=range(400, 600),
    about="what listed clients get where no stage says another",
)

CADDY = Target(
    name="caddy",
    title="Caddy matcher and error",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="caddy.conf.j2",
    ending="conf",
    reader=each(read_caddy),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    comment="#",
    options=(
        Option(
            "matcher",
            "blockc_{word}",
            "1 to 64 lower-case letters, digits or _, a letter first, without the @",
            pattern=r"[a-z][a-z0-9_]{0,63}",
            part="_{part}",
            about="the name of the matcher",
        ),
        STATUS,
        IP,
        COPIES,
    ),
    responses=Responses(statuses=HTTP_ERRORS, links=True),
    native=_NATIVE,
    live=LiveForm(
        commands=("curl -fsS http://localhost:2019/config/",),
        reader=lambda texts, options: read_caddy(live_site(texts, options)),
        shows=frozenset({"Caddy matcher", "status", "link", COMPARED, TWICE}),
        limits="The names of matchers are not shown, so only one route may refuse clients by their "
        "address alone; the file that is in use is read too. Which routes are asked before it is "
        "not looked at.",
    ),
    maturity=Maturity.PROGRAM,
    notes=_NOTES,
    references=(
        Reference(
            "https://caddyserver.com/docs/caddyfile/matchers#remote-ip", checked="2026-11-23"
        ),
    ),
    deployment=Deployment(
        load="caddy reload --config /etc/caddy/Caddyfile  # what does not load changes nothing",
        rollback="blockc rollback && caddy reload --config /etc/caddy/Caddyfile",
    ),
)
