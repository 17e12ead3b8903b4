"""Configurations of web servers: nginx `allow`, `deny` and `geo`, and Apache `Require` and `Deny`.

Only what is about addresses of clients is read. Other statements are counted; one that could change
what is blocked and is not understood is named.
"""

import re
from collections.abc import Iterator, Sequence

from blockc.addresses.rules import Match
from blockc.importing.entries import (
    Contents,
    Entry,
    EntryColumns,
    LineCounter,
    Scope,
    TooMuch,
    Unread,
    Unreads,
    Worded,
    for_all,
    is_blocking,
    numbered,
    require_few_scopes,
)
from blockc.targets.web.nginx_geo import NGINX

_QUOTES = "\"'"
_ENDS = frozenset(";{}")
_MOST_WORDS = 1_000  # of a statement; those about clients have two or three
_DEEPEST = 100  # blocks in blocks
_PREFIX = re.compile(r"[0-9a-fA-F.:]+/[0-9]{1,3}")
_NOT_OF_CLIENTS = frozenset({"set_real_ip_from"})  # they hold prefixes, of proxies
_ELSEWHERE = "what stands in another file; give that file too"


def read_nginx(text: str, values: Sequence[str]) -> Contents:
    """Return what `geo` blocks, and `allow` and `deny` in each block, say.

    Source: https://nginx.org/en/docs/http/ngx_http_access_module.html: the rules of one block are
    asked in order and the first decides; a block with rules of its own inherits none.
    """
    reader = _Nginx(values, whole="# configuration file " in text)
    for statement in _statements(text):
        reader.statement(*statement)
    return reader.contents()


def _statements(text: str) -> Iterator[tuple[list[str], str, int, int]]:
    """Yield the words of each statement, what ends it, and the lines where it begins and ends.

    It ends with `;`, `{` or `}`.
    """
    words, begin, line, lines = list[str](), 1, 1, LineCounter(text)
    for found in NGINX.word.finditer(text.rstrip(" \t\r\n")):  # a word begins where one ends
        word = found[1]
        if word is None or (word == ";" and not words):
            continue
        if word in _ENDS or not words:
            line = lines.at(found.start(1))
            begin = begin if words else line
        if word in _ENDS:
            yield words, word, begin, line
            words = []
        elif len(words) < _MOST_WORDS:
            words.append(word[1:-1] if word[0] in _QUOTES and word[1:] else word)
    if words:
        yield words, ";", begin, line


def _require_depth(depth: int, line: int) -> None:
    if depth > _DEEPEST:
        raise TooMuch(f"in line {line} more than {_DEEPEST} blocks are open")


class _Nginx:
    """The blocks of a configuration while it is read."""

    def __init__(self, values: Sequence[str], *, whole: bool) -> None:
        self._values = values
        self._whole = whole  # `nginx -T` prints the files that are included too
        self._open: list[tuple[str, EntryColumns]] = [("the file", EntryColumns())]
        self._geo: _Geo | None = None
        self._scopes: list[Scope] = []
        self._unread = Unreads()
        self._others = 0

    def statement(self, names: list[str], end: str, begin: int, line: int) -> None:
        """Take the words of a statement; see `_statements`."""
        if end == "}":
            self._close(names, line)
        elif end == "{":
            if names[:1] == ["geo"]:
                self._geo = _Geo(f"geo {names[-1]} of line {line}", self._values)
            _require_depth(len(self._open), line)
            self._open.append((f"{' '.join(names)} of line {line}", EntryColumns()))
        elif self._geo:
            self._geo.statement(names, begin)
        elif names[:1] in (["allow"], ["deny"]) and len(names) == 2:
            self._rule(names[0], names[1], line)
        elif names[:1] == ["include"] and not self._whole:
            self._unread.append(Unread(line, " ".join(names), _ELSEWHERE))
        elif names[:1] in (["allow"], ["deny"]):
            self._unread.append(Unread(line, " ".join(names), "nginx takes one address here"))
        elif names and names[0] not in _NOT_OF_CLIENTS and any(map(_PREFIX.fullmatch, names)):
            self._unread.append(Unread(line, " ".join(names), "holds a prefix and is not known"))
        elif names:
            self._others += 1

    def _rule(self, verb: str, address: str, line: int) -> None:
        entries = self._open[-1][1]
        if address == "all":
            entries.extend(for_all(line, blocks=verb == "deny"))
        elif address.startswith("unix"):
            self._unread.append(Unread(line, f"{verb} {address}", "not about an address"))
        else:
            entries.add(line, address, verb == "deny")

    def _close(self, names: list[str], line: int) -> None:
        if names:
            self._unread.append(Unread(line, " ".join(names), "a statement without an end"))
        if len(self._open) == 1:
            self._unread.append(Unread(line, "}", "no block is open here"))
            return
        name, entries = self._open.pop()
        if self._geo:
            self._scopes.append(self._geo.scope())
            self._unread.extend(self._geo.unread)
            self._geo = None
        elif entries:
            self._scopes.append(Scope(name, Match.FIRST, entries))
            require_few_scopes(len(self._scopes))

    def contents(self) -> Contents:
        """Return what was read; a block that never ends counts too."""
        for name, entries in self._open:
            if entries:
                self._scopes.append(Scope(name, Match.FIRST, entries))
        if self._geo:
            self._scopes.append(self._geo.scope())
            self._unread.extend(self._geo.unread)
        return Contents(tuple(self._scopes), self._unread, self._others)


class _Geo:
    """A `geo` block: networks and values, of which the narrowest decides."""

    def __init__(self, name: str, values: Sequence[str]) -> None:
        self._name, self._values = name, values
        self._rows = Worded()
        self._default = (0, "")
        self.unread = Unreads()

    def statement(self, names: list[str], line: int) -> None:
        if len(names) == 2 and names[0] == "default":
            self._default = (line, names[1])
        elif len(names) == 2 and names[0] not in {"include", "proxy", "delete"}:
            self._rows.add(line, names[0], names[1])
        elif names not in ([], ["ranges"], ["proxy_recursive"], ["volatile"]):
            why = _ELSEWHERE if names[0] == "include" else "it is not an entry with a value"
            self.unread.append(Unread(line, " ".join(names), why))

    def scope(self) -> Scope:
        """Return the entries; that of the default is the widest."""
        line, default = self._default
        entries = self._rows.decided(default, self._values)
        if default and is_blocking(default, "", self._values):
            entries.extend(for_all(line, blocks=True))
        return Scope(self._name, Match.LONGEST, entries)


_SECTION = re.compile(r"<(/?)(\w+)[^>]*>")
_DIRECTIVES = frozenset(
    ["require", "satisfy", "order", "deny", "allow", "setenvifexpr", "include", "includeoptional"]
)
_PARTIAL = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,2}\.?")


def read_apache(text: str, _: Sequence[str]) -> Contents:
    """Return what `Require ip`, `Allow from` and `Deny from` in each section say.

    Source: https://httpd.apache.org/docs/2.4/howto/access.html and, for `Order`, mod_access_compat.
    """
    open_sections = [_Section("the file", any_of=False, none_of=False)]
    scopes: list[Scope] = []
    unread = Unreads()
    others = 0
    for line, content in numbered(text):
        words = [] if content.lstrip().startswith("#") else _words(content)
        section = _SECTION.fullmatch(content.strip())
        if section and not section[1]:
            _require_depth(len(open_sections), line)
            open_sections.append(open_sections[-1].inside(section[2].lower(), line))
        elif section and len(open_sections) > 1:
            closed = open_sections.pop()
            if closed.own:
                scopes += closed.scopes()
                require_few_scopes(len(scopes))
        elif words and (why := open_sections[-1].take(words, line)):
            if why == _Section.OTHER:
                others += 1
            else:
                unread.append(Unread(line, content.strip(), why))
    for one in open_sections:
        scopes += one.scopes() if one.own else []
    return Contents(tuple(scopes), unread, others)


def _words(content: str) -> list[str]:
    """Return the words of a line, of one that is about something else the first."""
    first = content.split(None, 1)[0].lower()
    return content.lower().split() if first in _DIRECTIVES else [first]


class _Section:
    """The rules of one section; those of `<RequireAll>` and its like belong to the one around."""

    OTHER = "other"

    def __init__(self, name: str, *, any_of: bool, none_of: bool) -> None:
        self.name, self.any_of, self.none_of, self.own = name, any_of, none_of, True
        self.denied = EntryColumns()
        self.allowed = EntryColumns()
        self.required = EntryColumns()
        self.order = "deny,allow"
        self.closed = EntryColumns()

    def inside(self, kind: str, line: int) -> "_Section":
        """Return the section that begins inside this one."""
        if not kind.startswith("require"):
            return _Section(f"<{kind}> of line {line}", any_of=False, none_of=False)
        found = _Section(self.name, any_of=kind == "requireany", none_of=kind == "requirenone")
        found.own = False
        found.denied, found.allowed, found.required = self.denied, self.allowed, self.required
        found.closed = self.closed
        return found

    def take(self, words: list[str], line: int) -> str:
        """Take a directive; return why it is not understood, or nothing."""
        match words:
            case ["require", "not", "ip", *nets] if nets and not self.any_of:
                self.denied.extend(_entries(line, nets, blocks=True))
            case ["require", "ip", *nets] if nets:
                into = self.denied if self.none_of else self.required
                into.extend(_entries(line, nets, blocks=self.none_of))
            case ["require", "all", "granted"] | ["satisfy", _] | ["allow", "from", "all"]:
                return ""
            case ["require", "all", "denied"] | ["deny", "from", "all"]:
                self.closed.extend(for_all(line, blocks=True))
            case ["order", order]:
                self.order = order
            case ["deny" | "allow" as verb, "from", *nets] if nets:
                into = self.denied if verb == "deny" else self.allowed
                into.extend(_entries(line, nets, blocks=verb == "deny"))
            case ["require" | "deny" | "allow" | "setenvifexpr", *_]:
                return "it asks something else than the address"
            case ["include" | "includeoptional", *_]:
                return _ELSEWHERE
            case _:
                return self.OTHER
        return ""

    def scopes(self) -> list[Scope]:
        """Return the rules in the order in which they decide."""
        spared = EntryColumns.joined([self.allowed, self.required])
        spare_first = self.order == "deny,allow" and not self.required
        first = [spared, self.denied] if spare_first else [self.denied, spared]
        closes = spared and (self.required or self.order == "allow,deny")
        last = for_all(spared[-1].line, blocks=True) if closes else []
        rules = EntryColumns.joined([*first, last, self.closed])
        return [Scope(self.name, Match.FIRST, rules)] if rules else []


def _entries(line: int, nets: Sequence[str], *, blocks: bool) -> Iterator[Entry]:
    """Yield an entry for each address; `10.1` stands for 10.1.0.0/16."""
    for net in nets:
        text = net
        if _PARTIAL.fullmatch(net):
            parts = net.rstrip(".").split(".")
            text = ".".join([*parts, *["0"] * (4 - len(parts))]) + f"/{8 * len(parts)}"
        yield Entry(line, text, blocks)
