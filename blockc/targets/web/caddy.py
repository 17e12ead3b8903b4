"""Caddy: a file that a site imports, and that answers listed clients with an error status.

Caddy asks whether any of the prefixes of `remote_ip` holds the client, so order does not matter and
there are no exceptions. Clients on IPv4 are IPv4 to it on dual-stack sockets too, and entries in
::ffff:0:0/96 match nobody.
"""

import re

from blockc.addresses.rules import Match
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
from blockc.targets.syntax.addresses import decode_rules
from blockc.targets.syntax.reading import Reading, each
from blockc.targets.syntax.tokens import Text, TokenStream

# Tokens end at a blank or a newline alone; `#`, quotes and braces count only where one begins.
# A return that is not the end of a line vanishes inside a token, so here it stays in it, and fails.
_TOKEN = re.compile(
    r"""(?:[ \t]|\r(?=\n)|\\\r?\n)*+(?:\#[^\n]*+|(
        \n | "[^"\\\n]*+"(?=[ \t\r\n]|\Z) | `[^`\n]*+`(?=[ \t\r\n]|\Z)
        | (?:(?!\r?\n|\\\r?\n)[^ \t\n])++))""",
    re.VERBOSE,
)
_MATCHER = re.compile(r"@[A-Za-z][A-Za-z0-9_.-]*")
_STATUS = re.compile(r"4[0-9]{2}")
_WITH_STATUS = ("error", "respond")
_QUOTES = ('"', "`")


class _Directives:
    """Directives of a site: the addresses of its matchers, each of which must be refused.

    Source: https://caddyserver.com/docs/caddyfile/concepts and Caddy 2.6.2 itself: a `{` ends its
    line and a `}` has its own; lines of `remote_ip` in one matcher add up. What would depend on
    the import, the environment or a header is an error.
    """

    def __init__(self, text: Text) -> None:
        self.networks: list[int] = []  # the positions of their tokens
        self.tokens = TokenStream(text, _TOKEN)
        self._at = 0
        self._defined: dict[str, int] = {}
        self._refused: set[str] = set()
        gap = text.text.find("{$")
        if gap >= 0:  # also in a comment, whose line a value may end
            raise text.error("the environment decides what stands here", gap, 2)
        self._skip_lines()
        while self._peek():
            self._statement()
        for name, at in self._defined.items():
            if name not in self._refused:
                raise self.tokens.error(at, f"nothing refuses the clients of {name}")

    def _peek(self) -> str:
        return self.tokens.words[self._at] if self._at < len(self.tokens) else ""

    def _skip_lines(self) -> None:
        while self._peek() == "\n":
            self._at += 1

    def _end_line(self) -> None:
        if self._peek() not in {"\n", ""}:
            raise self.tokens.error(self._at, "expected the end of the line")
        self._skip_lines()

    def _open(self) -> None:
        self.tokens.expect(self._at, "{", "\n")
        self._at += 1
        self._skip_lines()

    def _named(self, pattern: re.Pattern[str], expected: str) -> str:
        word = self._peek()
        if not pattern.fullmatch(word):
            raise self.tokens.error(self._at, expected)
        self._at += 1
        return word

    def _statement(self) -> None:
        first = self._peek()
        if first.startswith("@"):
            self._matcher()
        elif first in {*_WITH_STATUS, "abort"}:
            self._refusal()
        else:
            raise self.tokens.error(self._at, "expected a matcher, error, respond or abort")
        self._end_line()

    def _matcher(self) -> None:
        at = self._at
        name = self._named(_MATCHER, "expected a matcher")
        if name in self._defined:
            raise self.tokens.error(at, f"{name} is defined twice")
        self._defined[name] = at
        if self._peek() != "{":
            self._remote_ip()
            return
        self._open()
        if self._peek() == "}":
            raise self.tokens.error(at, f"{name} without a condition matches everybody")
        while self._peek() != "}":
            self._remote_ip()
            self._end_line()
        self._at += 1

    def _remote_ip(self) -> None:
        self.tokens.expect(self._at, "remote_ip")
        self._at += 1
        begin = self._at
        while self._peek() not in {"\n", ""}:
            self._at += 1
        if self._at == begin:
            raise self.tokens.error(begin, "expected a prefix")
        if self.tokens.words[begin] == "forwarded":
            raise self.tokens.error(begin, "a header of the client would decide")
        self.networks += range(begin, self._at)

    def _refusal(self) -> None:
        verb = self._peek()
        self._at += 1
        name = self._named(_MATCHER, "expected a matcher, or everybody is refused")
        if verb in _WITH_STATUS:
            self._named(_STATUS, "expected a status of 400 to 499")
        self._refused.add(name)


def read_caddy(text: Text) -> Reading:
    """Return the rules of a file for a site: every prefix of its matchers, all of them block.

    Raises:
        SourceSyntaxError: If it says anything else, or anything that cannot be proved.
    """
    directives = _Directives(text)
    words = [directives.tokens.words[at] for at in directives.networks]
    bare = [word[1:-1] if word[0] in _QUOTES and word[1:] else word for word in words]
    return Reading(
        decode_rules(
            text, bare, 1, lambda at, why: directives.tokens.error(directives.networks[at], why)
        )
    )


_NOTES = """\
Import the file in a site, inside `route` and before everything else:
`example.org { route { import /etc/caddy/list.conf ... } }`, each brace at the end of its line.
Without `route` Caddy sorts directives: `redir` and `handle` then answer listed clients too.

The connection's address is compared, not a header's: behind a proxy that is the proxy. Entries are
compared one after the other for every request. `error` runs the `handle_errors` of a site, which
may choose another answer."""

# A site that imports the artifact; it is loaded, and nothing listens.
_NATIVE = NativeCheck(
    programs=("caddy",),
    packages=("caddy",),
    argv=(
        "caddy", "adapt", "--validate", "--adapter", "caddyfile", "--config", "@folder@/Caddyfile",
    ),
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

CADDY = Target(
    name="caddy",
    title="Caddy matcher and error",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="caddy.conf.j2",
    ending="conf",
    reader=each(read_caddy),
    words={ContentKind.LIST: BLOCKS},
    comment="#",
    options=(
        Option(
            "matcher",
            "blockc_{word}",
            "1 to 64 lower-case letters, digits or _, a letter first, without the @",
            pattern=r"[a-z][a-z0-9_]{0,63}",
            part="_{part}",
        ),
        Option("status", 403, "a number from 400 to 499", within=range(400, 500)),
    ),
    native=_NATIVE,
    maturity=Maturity.PROGRAM,
    notes=_NOTES,
    references=(
        Reference(
            "https://caddyserver.com/docs/caddyfile/matchers#remote-ip", checked="2026-11-23"
        ),
    ),
    deployment=Deployment(
        load="caddy reload --config /etc/caddy/Caddyfile  # what does not load changes nothing",
        rollback="cp PREVIOUS/list.conf list.conf && caddy reload --config /etc/caddy/Caddyfile",
    ),
)
