"""The part of the nftables language in which a table that drops or counts sources is written."""

import re
from collections.abc import Collection, Sequence

from blockc.addresses import FAMILIES, V4, V6, Family
from blockc.addresses.rules import Rules
from blockc.targets.kernel.passing import ESTABLISHED, LOOPBACK, NEIGHBOURS, PASSES
from blockc.targets.syntax.addresses import decode_rules, require_disjoint
from blockc.targets.syntax.reading import Found, Part
from blockc.targets.syntax.statements import LINE_END, StatementGrammar, Statements, Words
from blockc.targets.syntax.tokens import Text
from blockc.values import replace

HOOKS = ("prerouting", "input", "forward")
# A line of comment is nothing at all, a comment behind words leaves the end of its line. Without
# that end, and where a carriage return stands, nft 1.0.6 says "junk".
NFT = StatementGrammar(
    "nft",
    word=re.compile(
        r"""^[ \t]*+\#[^\n]*+\n | [ \t]*+(?:\#[^\n]*+(?=\n)
            | (\n | "[^"\n]*" | [{};,="\#] | [^ \t\n{};,="\#]++))""",
        re.VERBOSE | re.MULTILINE,
    ),
    ends=(LINE_END, ";"),
    marks="{};,=",
    odd='"#\\',
)
_NAME = re.compile(r"[A-Za-z][\w./-]*", re.ASCII)
_TYPE = re.compile("ipv4_addr|ipv6_addr")
_FAMILIES = {"ipv4_addr": V4, "ipv6_addr": V6}
_SADDR = {"ip": V4, "ip6": V6}
_PASSING = {  # a rule that lets traffic pass whoever sends it -> what that is
    'iif "lo" accept': LOOPBACK,
    'iifname "lo" accept': LOOPBACK,
    "ct state established , related accept": ESTABLISHED,
    "ct state related , established accept": ESTABLISHED,
} | {
    f"ip6 hoplimit 255 icmpv6 type {word} accept": kind
    for word, kind in zip(
        ("nd-router-solicit", "nd-router-advert", "nd-neighbor-solicit", "nd-neighbor-advert"),
        NEIGHBOURS,
        strict=True,
    )
}
_TRACKED = -200  # the priority at which connections get their state in the hook prerouting
_WEIGHT = ("monitor", "warn", "block")
_DOES = {  # an action -> what follows `ip saddr @SET`
    "block": re.compile("(counter )*drop"),
    "warn": re.compile(
        r"(counter )*limit rate [1-9][0-9]{0,6}/(second|minute|hour|day) (counter )*"
        r'log prefix "[\w:. -]{1,120}"',
        re.ASCII,
    ),
    "monitor": re.compile("counter"),
}
_PRIORITIES = {"raw": -300, "mangle": -150, "filter": 0, "security": 50}
_PRIORITY = re.compile(rf"({'|'.join(_PRIORITIES)}|-?[0-9]{{1,5}})(?: ([+-]) ([0-9]{{1,5}}))?")


class NftFile:
    """One table of the family `inet`: its interval sets, and what its chains do to their sources.

    They drop them, or they count them, or they log some: a rule without `drop` or `accept` goes on
    to the next.

    The table is emptied before it is filled and its chains accept by policy, so what is in the
    file is all there is. Anything else is an error. Of a table that nft shows, which is `shown`,
    that is true as well.

    Source: nft(8) and nft 1.0.6 itself: statements end at a newline or `;`, prefixes, ranges and
    single addresses may be mixed, intervals must not overlap.
    """

    def __init__(self, text: Text, *, shown: bool = False) -> None:
        self.sets: dict[str, Part] = {}
        self.actions: dict[str, str] = {}  # set -> what happens to its sources
        self.found: list[Found] = []
        self._chains = set[str]()
        self._place = ("", 0)
        self._passes: set[object] | None = None
        self._text = text
        self._file = NFT.read(text)
        self._file.skip_ends()
        if shown:
            self._block(self._shown())
            return
        name = self._table("table")
        if self._table("delete", "table") != name:
            raise self.found[-1].error(f"expected the table {name!r} to be deleted first")
        self._block(name)

    def _shown(self) -> str:
        """Return the name of the table that nft shows, without a step."""
        name = self._file.text.text[self._file.at :].split()[2:3]
        found = self._file.found("nft table", f"inet {''.join(name)}")
        self.found.append(found)
        return "".join(name)

    def _name(self, known: Collection[str] = ()) -> str:
        if self._file.word in known:
            raise self._file.error(f"{self._file.word!r} is defined twice")
        return self._file.take(_NAME, "a name")

    def _table(self, *verb: str) -> str:
        """Step over the statement that adds or deletes a table, and return its name."""
        self._file.expect(*verb, "inet")
        self.found.append(self._file.found("nft table", f"inet {self._file.word}"))
        name = self._name()
        if self._file.word not in NFT.ends:
            raise self._file.error("the table may hold elements from before: add and delete it")
        self._file.end()
        return name

    def _block(self, name: str) -> None:
        self._file.expect("table", "inet", name, "{")
        self._file.skip_ends()
        while self._file.word != "}":
            if self._file.word not in {"set", "chain"}:
                raise self._file.error("expected a set or a chain")
            if self._file.step() == "set":
                self._set(self._opened(self.sets))
            else:
                self._chains.add(self._opened(self._chains))
                self._chain()
            self._close()
        self._file.step()
        self._file.skip_ends()
        if self._file.word:
            raise self._file.error("expected nothing after the table")

    def _opened(self, known: Collection[str]) -> str:
        name = self._name(known)
        self._file.expect("{")
        self._file.skip_ends()
        return name

    def _close(self) -> None:
        self._file.expect("}")
        if self._file.word not in NFT.ends:
            raise self._file.error("expected a new line after `}`")
        self._file.skip_ends()

    def _set(self, name: str) -> None:
        self._file.expect("type")
        family = _FAMILIES[self._file.take(_TYPE, "ipv4_addr or ipv6_addr")]
        self._file.end()
        self._file.expect("flags", "interval")
        self._file.end()
        self.sets[name] = Part(Rules.empty(family), lambda _, why: self._file.error(why))
        if self._file.word == "elements":
            self._file.expect("elements", "=", "{")
            (self.sets[name],) = elements(self._file, (family,))
            self._close()

    def _chain(self) -> None:
        self._base()
        if self._file.word == "policy":
            self._file.expect("policy", "accept")
            self._file.end()
        passes: list[Found] = []
        acts = False
        while self._file.word not in {"}", ""}:
            found = self._file.found(PASSES)
            rule = self._file.statement()
            passing = _PASSING.get(" ".join(rule.words))
            if passing:
                self._require_reached(rule, passing, acts=acts)
                passes.append(replace(found, value=passing))
                continue
            action = _action(rule.words)
            if not action:
                raise rule.error(0, "this rule is not understood")
            acts = True
            name = self._source_set(rule)
            self.actions[name] = max(action, self.actions.get(name, action), key=_WEIGHT.index)
        if acts:
            self._require_alike(passes)

    def _require_reached(self, rule: Words, passing: str, *, acts: bool) -> None:
        """Raise unless a rule that lets traffic pass is asked before sets are, and can match."""
        if acts:
            raise rule.error(0, "what passes must stand before the rules about sources")
        if passing == ESTABLISHED and not tracks(*self._place):
            raise rule.error(0, f"connections are tracked only from priority {_TRACKED} on")

    def _require_alike(self, passes: Sequence[Found]) -> None:
        """Raise if another chain that acts lets other traffic pass: it would be stopped there."""
        kinds = {one.value for one in passes}
        if self._passes not in (None, kinds):
            raise self._file.error("the chains let different traffic pass")
        self._passes = kinds
        self.found += passes

    def _base(self) -> None:
        """Step over where the chain is hooked in.

        All chains of a file must be hooked in at one place: what is dropped in one and not in
        another is not simply dropped.
        """
        self._file.expect("type", "filter", "hook")
        hook = self._file.found("nft hook")
        self._file.take(re.compile("|".join(HOOKS)), f"a hook, {' or '.join(HOOKS)}")
        self._file.expect("priority")
        begin = self._file.found("nft priority")
        words = " ".join(self._file.statement().words)
        if not _PRIORITY.fullmatch(words):
            raise begin.error("expected a priority")
        priority = replace(begin, value=priority_number(words))
        place = str(hook.value), priority_number(words)
        if self._place not in (("", 0), place):
            raise hook.error("the chains are hooked in at different places")
        self._place = place
        self.found += [hook, priority]

    def _source_set(self, rule: Words) -> str:
        family, name = _SADDR[rule.words[0]], rule.words[2][1:]
        if name not in self.sets or self.sets[name].rules.family != family:
            raise rule.error(2, f"there is no set {name!r} of {family.name}")
        return name


def elements(file: Statements, families: tuple[Family, ...] = FAMILIES) -> tuple[Part, ...]:
    """Step over the elements of an interval set, and return their rules for each of `families`.

    The closing brace is left to the caller.
    """
    items = file.items(",", "expected elements with a comma between two of them")
    parts = decode_rules(file.text, items.words, 1, items.error, families=families, ranges=True)
    require_disjoint(parts)
    return parts


def tracks(hook: str, priority: int) -> bool:
    """Return whether connections have their state where a chain is hooked in."""
    return hook != "prerouting" or priority > _TRACKED


def priority_number(words: str) -> int:
    """Return a priority as nft counts it.

    >>> priority_number("raw"), priority_number("filter - 10"), priority_number("-7")
    (-300, -10, -7)
    """
    match = _PRIORITY.fullmatch(words)
    if match is None:
        raise ValueError(f"{words!r} is not a priority")
    base = _PRIORITIES[match[1]] if match[1] in _PRIORITIES else int(match[1])
    return base + int(f"{match[2]}{match[3]}" if match[2] else 0)


def _action(rule: Sequence[str]) -> str:
    """Return what a rule does to the sources in the set it names, or nothing if it is another."""
    if len(rule) < 4 or rule[0] not in _SADDR or rule[1] != "saddr" or rule[2][:1] != "@":
        return ""
    does = " ".join(rule[3:])
    return next((action for action, words in _DOES.items() if words.fullmatch(does)), "")
