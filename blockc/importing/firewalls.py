"""What packet filters print of themselves: `iptables-save`, `ipset save` and `nft list`."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

from blockc.addresses.plain_text import keeping_once
from blockc.addresses.rules import Match
from blockc.importing.entries import (
    SET,
    Contents,
    EntriesByName,
    Entry,
    EntryColumns,
    LineCounter,
    Scope,
    Unread,
    Unreads,
    numbered,
    require_few_of_sets,
)
from blockc.values import Value

_BLOCKS = {"DROP": True, "REJECT": True, "ACCEPT": False, "RETURN": False}
_QUOTES = re.compile(r"[\"'\\]")
_MORE = "it asks for more than the source of a packet"


class _Rule(Value):
    """What a rule of iptables says.

    `asks`: something else than the source. `sets`: names of sets that are asked for.
    """

    chain: str
    sources: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    verdict: str = ""
    asks: bool = False


def read_iptables(text: str, _: Sequence[str]) -> Contents:
    """Return what the chains of `iptables-save` or `ip6tables-save` say of sources.

    In a chain the first rule decides. What a rule asks besides is not evaluated: it is named.
    """
    chains, unread = EntriesByName(), Unreads()
    others, table = 0, ""
    everybody = "::/0" if re.search(r"-s \S*:", text) else "0.0.0.0/0"
    for line, content in numbered(text):
        said = content.strip()
        if said.startswith("*"):
            table = said[1:]
        if re.match(r":\S+ DROP\b", said):
            unread.append(Unread(line, said, "what happens to packets that no rule names"))
        if not re.match(r"(?:\[[0-9:]+\] )?-A ", said):
            others += bool(said) and not said.startswith("#")
            continue
        rule = _rule(said)
        why = _why_not(rule)
        if why:
            unread.append(Unread(line, said, why))
        elif rule.verdict in _BLOCKS:
            blocks = _BLOCKS[rule.verdict]
            sources = (*rule.sources, *(f"{SET}{name}" for name in rule.sets)) or (everybody,)
            chain = f"chain {rule.chain} of {table or 'a table'}"
            for source in sources:
                chains[chain].add(line, source, blocks)
        else:
            others += 1
    scopes = [
        Scope(name, Match.FIRST, entries)
        for name, entries in chains.items()
        if entries.any_blocks()
    ]
    return Contents(tuple(scopes), unread, others)


def _why_not(rule: _Rule) -> str:
    """Return why a rule is not imported although it may block somebody, or nothing."""
    blocks = rule.verdict in _BLOCKS
    if rule.asks and blocks:
        return _MORE
    if (rule.sources or rule.sets) and not blocks:
        return f"what {rule.verdict or 'no target'} does to the source is not known"
    return ""


def _rule(said: str) -> _Rule:
    """Return what the words of a rule say; one whose quotes have no end asks for more."""
    try:
        said = re.sub(r"^\[[0-9:]+\] ", "", said)
        words = shlex.split(said) if _QUOTES.search(said) else said.split()
    except ValueError:
        return _Rule(said.split()[1], verdict="DROP", asks=True)
    chain, sources, sets = words[1], list[str](), list[str]()
    verdict, asks, at = "", False, 2
    while at < len(words):
        word, value = words[at], "".join(words[at + 1 : at + 2])
        at += 2
        if word in {"-s", "--source"}:
            sources += value.split(",")
        elif word in {"-j", "--jump", "-g", "--goto"}:
            verdict = value
        elif word == "--src-range":
            sources.append(value)
        elif word == "--match-set":
            sets.append(value)
            asks |= words[at : at + 1] != ["src"]
            at += 1
        elif word not in {"-m", "--comment", "--reject-with"}:
            asks = True
            at -= 1
    asks |= "!" in words
    return _Rule(chain, tuple(sources), tuple(sets), verdict, asks)


def read_ipset(text: str, _: Sequence[str]) -> Contents:
    """Return the sets of `ipset save`; of a set the narrowest entry decides, `nomatch` spares."""
    sets, unread = EntriesByName(), Unreads()
    kinds: dict[str, str] = {}
    for line, content in numbered(text):
        words = content.replace("-exist ", "").split(None, 3)
        if words[:1] == ["create"] and words[2:]:
            kinds[words[1]] = words[2]
        elif words[:1] == ["add"] and words[2:]:
            kind = kinds.get(words[1], "hash:net")
            if kind not in {"hash:net", "hash:ip", "bitmap:ip"}:
                unread.append(Unread(line, content, f"a set of {kind} holds more than addresses"))
                continue
            blocks = not _NOMATCH.search("".join(words[3:]))
            sets[words[1]].add(line, words[2], blocks)
        elif words[:1] == ["swap"] and words[2:]:
            one, other = words[1:3]
            sets[one], sets[other] = sets[other], sets[one]
        elif words[:1] in (["flush"], ["destroy"]):
            sets.pop("".join(words[1:]), None)
    scopes = [Scope(f"set {name}", Match.LONGEST, found) for name, found in sets.items() if found]
    return Contents(tuple(scopes), unread)


_NOMATCH = re.compile(r"(?<!\S)nomatch(?!\S)")
_SET = re.compile(r"\bset\s+([\w.-]+)\s*\{")
_TYPE = re.compile(r"\btype(?:of)?\s+([^;\n]+)")
_RULE = re.compile(
    r"^[ \t]*(?:ip|ip6) saddr (!= )?(@[\w.-]+|\{[^{}]*\}|[0-9A-Fa-f:./-]+)([^\n]*)", re.MULTILINE
)
_EXTRA = re.compile(
    r"\bcounter(?: packets [0-9]+ bytes [0-9]+)?|\bcomment -+|\blog(?: prefix -+)?(?: level \w+)?"
    r"|# handle [0-9]+|(?<=reject) with [\w -]+"
)
_VERDICTS = {"drop": True, "reject": True, "accept": False, "return": False}
_CHAIN = re.compile(r"^[ \t]*chain\s+([\w.-]+)\s*\{", re.MULTILINE)


def read_nft(text: str, _: Sequence[str]) -> Contents:
    """Return what the chains of `nft list` say of sources, or the sets where there is no chain."""
    once = keeping_once()
    text = re.sub(r'"[^"\n]*"', lambda said: once("-" * len(said[0])), text)
    sets, unread = _sets(text)
    chains = EntriesByName()
    used, count = set[str](), 0
    lines, chain = LineCounter(text), _Chains(text)
    for found in _RULE.finditer(text):
        line = lines.at(found.start(2))
        verdict = " ".join(_EXTRA.sub("", found[3]).split())
        if found[1] or verdict not in _VERDICTS:
            if verdict or found[1]:
                unread.append(Unread(line, found[0].strip(), _MORE))
            continue
        blocks, name = _VERDICTS[verdict], chain.at(found.start())
        entries = chains[f"chain {name}"]
        if found[2].startswith("@"):
            used.add(found[2][1:])
            count += len(sets.get(found[2][1:], ()))
            require_few_of_sets(count)
            held = sets.get(found[2][1:], ())
            entries.extend(entry._replace(blocks=blocks) for entry in held)
        else:
            for item in found[2].strip("{}").split(","):
                if item.strip():
                    entries.add(line, item.strip(), blocks)
    if not chains:
        scopes = [Scope(f"set {name}", Match.MEMBER, one) for name, one in sets.items()]
        return Contents(tuple(scopes), unread)
    for name, entries in sets.items():
        if name not in used:
            line = entries[0].line if entries else 1
            unread.append(Unread(line, f"set {name}", "no rule that was read uses it"))
    scopes = [Scope(name, Match.FIRST, found) for name, found in chains.items() if found]
    return Contents(tuple(scopes), unread)


class _Chains:
    """Tells in which chain a position lies, of one position after another."""

    def __init__(self, text: str) -> None:
        self._others = _CHAIN.finditer(text)
        self._next = next(self._others, None)
        self._name = "without a name"

    def at(self, position: int) -> str:
        """Return the name of the chain; no position is before the last one."""
        while self._next and self._next.end() <= position:
            self._name, self._next = self._next[1], next(self._others, None)
        return self._name


def _sets(text: str) -> tuple[Mapping[str, EntryColumns], Unreads]:
    """Return the elements of each set of addresses, and the sets of other things."""
    sets, unread = EntriesByName(), Unreads()
    end, lines = 0, LineCounter(text)
    while found := _SET.search(text, end):
        end = _brace(text, found.end())
        body = text[found.end() : end]
        kind = _TYPE.search(body)
        line = lines.at(found.start())
        if kind and kind[1].strip() not in {"ipv4_addr", "ipv6_addr", "ip saddr", "ip6 saddr"}:
            unread.append(Unread(line, f"set {found[1]}", f"it holds {kind[1].strip()}"))
            continue
        sets[found[1]].extend(_elements(text, found.end(), end, lines))
    return sets, unread


def _elements(text: str, begin: int, end: int, lines: LineCounter) -> Iterator[Entry]:
    """Yield the elements of a set, without counters, comments and timeouts."""
    begin = text.find("elements", begin, end)
    begin = text.find("{", begin, end) if begin >= 0 else -1
    if begin < 0:
        return
    at, line = begin + 1, lines.at(begin)
    for item in text[at : _brace(text, at)].split(","):
        before = len(item) - len(item.lstrip())
        here = line + item.count("\n", 0, before)
        if item.strip():
            yield Entry(here, item.split(None, 1)[0])
        line += item.count("\n")


def _brace(text: str, at: int) -> int:
    """Return the position of the brace that closes what is open at a position."""
    depth = 1
    for brace in re.compile("[{}]").finditer(text, at):
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            return brace.start()
    return len(text)
