"""The part of the nftables grammar in which a table that drops sources is written."""

import re
from collections.abc import Sequence

from blockc.addresses import V4, V6, Family
from blockc.addresses.rules import Rules
from blockc.errors import SourceSyntaxError
from blockc.targets.syntax.addresses import decode_rules, require_disjoint
from blockc.targets.syntax.reading import Part
from blockc.targets.syntax.tokens import Text, TokenStream

HOOKS = ("prerouting", "input", "forward")
_WORD = re.compile(r'[ \t\r]*+(?:#[^\n]*+|(\n|"[^"\n]*"|[{};,="]|[^ \t\r\n{};,="#]++))')
_ENDS = ("\n", ";")
_NAME = re.compile(r"[A-Za-z][\w./-]*", re.ASCII)
_TYPES = {"ipv4_addr": V4, "ipv6_addr": V6}
_SADDR = {"ip": V4, "ip6": V6}
_LOOPBACK = (["iif", '"lo"', "accept"], ["iifname", '"lo"', "accept"])
_PRIORITY = re.compile(r"(raw|mangle|filter|security|-?[0-9]{1,5})( [+-] [0-9]{1,5})?", re.ASCII)


class NftFile:
    """One table of the family `inet`: its interval sets, and which of them its chains drop.

    The table is emptied before it is filled and its chains accept by policy, so what is in the
    file is all there is. Anything else is an error.

    Source: nft(8) and nft 1.0.6 itself: statements end at a newline or `;`, prefixes, ranges and
    single addresses may be mixed, intervals must not overlap.
    """

    def __init__(self, text: Text) -> None:
        self.sets: dict[str, Part] = {}
        self.dropped: list[str] = []
        self._text = text
        self._words = TokenStream(text, _WORD)
        self._at = 0
        name = self._table_statement("table")
        if self._table_statement("delete", "table") != name:
            raise self._words.error(self._at, f"expected the table {name!r} to be deleted first")
        self._table_block(name)

    def _peek(self) -> str:
        return self._words.words[self._at] if self._at < len(self._words) else ""

    def _take(self) -> str:
        word = self._peek()
        self._at += 1
        return word

    def _expect(self, *wanted: str) -> None:
        self._words.expect(self._at, *wanted)
        self._at += len(wanted)

    def _skip_ends(self) -> None:
        while self._peek() in _ENDS:
            self._at += 1

    def _statement(self) -> list[str]:
        """Return the words up to the end of the statement, and step over that."""
        begin = self._at
        while self._peek() not in {*_ENDS, "{", "}", ""}:
            self._at += 1
        if self._peek() not in _ENDS:
            raise self._words.error(self._at, "expected the end of the statement")
        statement = self._words.words[begin : self._at]
        self._skip_ends()
        return statement

    def _name(self) -> str:
        name = self._take()
        if not _NAME.fullmatch(name):
            raise self._words.error(self._at - 1, "expected a name")
        return name

    def _table_statement(self, *verb: str) -> str:
        self._skip_ends()
        self._expect(*verb, "inet")
        name = self._name()
        if self._peek() not in _ENDS:
            raise self._words.error(
                self._at, "the table may hold elements from before", "add and delete it first"
            )
        return name

    def _table_block(self, name: str) -> None:
        self._skip_ends()
        self._expect("table", "inet", name, "{")
        self._skip_ends()
        while self._peek() != "}":
            kind = self._take()
            if kind not in {"set", "chain"}:
                raise self._words.error(self._at - 1, "expected a set or a chain")
            inner = self._name()
            self._expect("{")
            self._skip_ends()
            if kind == "set":
                self._set(inner)
            else:
                self._chain()
            self._close()
        self._at += 1
        self._skip_ends()
        if self._at < len(self._words):
            raise self._words.error(self._at, "expected nothing after the table")

    def _close(self) -> None:
        self._expect("}")
        if self._peek() not in _ENDS:
            raise self._words.error(self._at, "expected a new line after `}`")
        self._skip_ends()

    def _set(self, name: str) -> None:
        if name in self.sets:
            raise self._words.error(self._at, f"the set {name!r} is defined twice")
        self._expect("type")
        kind = self._take()
        if kind not in _TYPES:
            raise self._words.error(self._at - 1, "expected ipv4_addr or ipv6_addr")
        self._statement_end()
        self._expect("flags", "interval")
        self._statement_end()
        self.sets[name] = Part(Rules.empty(_TYPES[kind]), self._words.error)
        if self._peek() == "elements":
            self._expect("elements", "=", "{")
            self.sets[name] = self._elements(_TYPES[kind])
            self._close()

    def _statement_end(self) -> None:
        at = self._at
        if self._statement():
            raise self._words.error(at, "expected the end of the statement")

    def _elements(self, family: Family) -> Part:
        """Return the elements up to the closing brace, which is left to the caller."""
        begin = self._at
        try:
            self._at = self._words.words.index("}", begin)
        except ValueError:
            raise self._words.error(len(self._words), "expected `}`") from None
        found = [word for word in self._words.words[begin : self._at] if word != "\n"]
        if found and found[-1] == ",":
            del found[-1]
        if len(found) % 2 == 0 or set(found[1::2]) - {","}:
            raise self._words.error(self._at, "expected elements with a comma between two of them")
        end = self._at

        def where(at: int, why: str) -> SourceSyntaxError:
            apart = [w for w in range(begin, end) if self._words.words[w] not in {"\n", ","}]
            return self._words.error(apart[at], why)

        families = (family,)
        parts = decode_rules(self._text, found[0::2], 1, where, families=families, ranges=True)
        require_disjoint(parts)
        return parts[0]

    def _chain(self) -> None:
        self._require_base(self._statement())
        if self._peek() == "policy":
            self._expect("policy", "accept")
            self._statement_end()
        while self._peek() not in {"}", ""}:
            begin = self._at
            rule = self._statement()
            if rule in _LOOPBACK:
                continue
            if not self._is_drop(rule):
                raise self._words.error(begin, "this rule is not understood")
            self._require_set(rule[2][1:], _SADDR[rule[0]], begin + 2)
            self.dropped.append(rule[2][1:])

    def _require_base(self, words: Sequence[str]) -> None:
        known = words[:3] == ["type", "filter", "hook"] and words[4:5] == ["priority"]
        if not known or words[3] not in HOOKS or not _PRIORITY.fullmatch(" ".join(words[5:])):
            raise self._words.error(self._at - 1, "expected a filter chain with hook and priority")

    @staticmethod
    def _is_drop(rule: Sequence[str]) -> bool:
        bare = [word for word in rule if word != "counter"]
        return (
            len(bare) == 4
            and bare[0] in _SADDR
            and bare[1] == "saddr"
            and bare[2].startswith("@")
            and bare[3] == "drop"
            and rule[2] == bare[2]
        )

    def _require_set(self, name: str, family: Family, at: int) -> None:
        if name not in self.sets or self.sets[name].rules.family != family:
            raise self._words.error(at, f"there is no set {name!r} of {family.name}")
