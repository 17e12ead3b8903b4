"""What an ipset restore file leaves behind: its commands run on a model of the kernel's sets."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from operator import not_

from blockc.addresses import V4, V6, Family
from blockc.errors import SourceSyntaxError
from blockc.targets.syntax.addresses import decode_rules, require_distinct
from blockc.targets.syntax.reading import Part
from blockc.targets.syntax.tokens import Text

LONGEST_NAME = 31
MOST_ENTRIES = 2**32 - 1
_LONGEST_LINE = 1023  # bytes; what follows in a longer one is a new command, even in a comment
_ODD = re.compile(r"^(?![ \t]*#)[\t -~]*+[^\t\n -~]", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z][\w-]*", re.ASCII)
_EXCEPTION = " nomatch"
_FAMILIES = {"inet": V4, "inet6": V6}
_CREATE = {"family": "inet", "hashsize": "1024", "maxelem": "65536"}


@dataclass
class AddressSet:
    """A set while a restore file runs.

    Attributes:
        known: False while it may hold entries from before, because `create -exist` found it.
        lines: The line of each entry, counted from 0.
        entries: The addresses of each.
        verdicts: The label of each: 1, or 0 for those with `nomatch`.
    """

    family: Family
    maxelem: int
    known: bool
    lines: list[int] = field(default_factory=list)
    entries: list[str] = field(default_factory=list)
    verdicts: list[int] = field(default_factory=list)


class Restore:
    """A restore file, run line by line.

    Source: ipset(8) and ipset 7.17 itself. Sets keep their parameters when they are swapped; a set
    that exists is created again only with `-exist` and the same family and maxelem; an entry
    twice, with or without `nomatch`, fails.
    """

    def __init__(self, text: Text) -> None:
        self.sets: dict[str, AddressSet] = {}
        self._text = text
        self._lines = text.text.split("\n")
        self._at = 0
        self._verbs: dict[str, Callable[[Sequence[str]], None]] = {
            "add": self._add,
            "create": self._create,
            "flush": self._flush,
            "swap": self._swap,
            "destroy": self._destroy,
        }
        self._require_lines()
        self._run()

    def part(self, name: str, family: Family) -> Part:
        """Return the contents of a set: entries block, those with `nomatch` are exceptions."""
        if name not in self.sets:
            raise self._text.error(f"the set {name!r} does not exist in the end", 0)
        found = self.sets[name]
        if found.family != family:
            raise self._text.error(f"the set {name!r} is not of {family.name}", 0)
        if not found.known:
            raise self._text.error(f"the set {name!r} may hold entries from before", 0)

        def where(at: int, why: str) -> SourceSyntaxError:
            return self.error(why, found.lines[at])

        whole = list(map(str.endswith, found.entries, repeat("/0")))
        if any(whole):
            raise where(whole.index(True), "ipset takes prefixes from /1 on")
        families = (family,)
        parts = decode_rules(self._text, found.entries, found.verdicts, where, families=families)
        require_distinct(parts)
        return parts[0]

    def error(self, message: str, line: int | None = None) -> SourceSyntaxError:
        """Return the error about a line, the current one unless another is named."""
        at = self._at if line is None else line
        begin = sum(len(before) + 1 for before in self._lines[:at])
        return self._text.error(message, begin, len(self._lines[at]))

    def _require_lines(self) -> None:
        """Raise unless ipset sees the same lines and blanks in the text as we do."""
        if max(map(len, self._lines)) * 4 > _LONGEST_LINE:  # 4 bytes are the most of a character
            for at, line in enumerate(self._lines):
                if len(line.encode("utf-8", "surrogatepass")) > _LONGEST_LINE:
                    message = f"longer than {_LONGEST_LINE:,} bytes, ipset cuts it in two"
                    raise self.error(message, at)
        commands = "".join([line for line in self._lines if line[:1] != "#"]).replace("\t", " ")
        if commands.isascii() and commands.isprintable():
            return
        odd = _ODD.search(self._text.text)
        if odd:
            raise self._text.error("a command holds a character ipset does not take", odd.end() - 1)

    def _run(self) -> None:
        """Run the commands in order; entries that follow one another are added together."""
        adds = [*map(str.startswith, self._lines, repeat("add ")), False]
        at = 0
        while at < len(self._lines):
            end = adds.index(False, at)
            if end - at < 2 or not self._add_all(at, end):
                end = max(end, at + 1)
                for line in range(at, end):
                    self._at = line
                    self._command(self._lines[line].split())
            at = end

    def _command(self, words: list[str]) -> None:
        if not words or words[0][0] == "#":
            return
        if words[0] not in self._verbs:
            raise self.error(f"the command {words[0]!r} is not understood")
        self._verbs[words[0]](words[1:])

    def _set(self, name: str) -> AddressSet:
        if name not in self.sets:
            raise self.error(f"the set {name!r} does not exist")
        return self.sets[name]

    def _add(self, words: Sequence[str]) -> None:
        if len(words) != 2 and words[2:] != ["nomatch"]:
            raise self.error("expected `add NAME ADDRESSES`, perhaps with `nomatch`")
        filled = self._set(words[0])
        filled.entries.append(words[1])
        filled.verdicts.append(3 - len(words))
        filled.lines.append(self._at)
        if len(filled.entries) > filled.maxelem:
            raise self.error("the set is full")

    def _add_all(self, at: int, end: int) -> bool:
        """Add the entries of lines that are written alike, or none if they are not.

        Cost: a few passes in C, a third of adding one after another.
        """
        lines = self._lines[at:end]
        name = lines[0].split(" ")[1]
        begin = f"add {name} "
        filled = self.sets.get(name)
        if filled is None or len(filled.entries) + len(lines) > filled.maxelem:
            return False
        entries = list(map(str.removesuffix, lines, repeat(_EXCEPTION)))
        alike = all(map(str.startswith, lines, repeat(begin)))
        entries = list(map(str.removeprefix, entries, repeat(begin)))
        together = "".join(entries)
        if not alike or " " in together or "\t" in together or "" in entries:
            return False
        filled.entries += entries
        filled.verdicts += map(not_, map(str.endswith, lines, repeat(_EXCEPTION)))
        filled.lines += range(at, end)
        return True

    def _create(self, words: Sequence[str]) -> None:
        exist = "-exist" in words
        words = [word for word in words if word != "-exist"]
        if len(words) % 2 or words[1:2] != ["hash:net"]:
            raise self.error("expected `create NAME hash:net` and pairs of options")
        name, given = words[0], dict(zip(words[2::2], words[3::2], strict=True))
        if len(given) * 2 < len(words) - 2:
            raise self.error("an option is given twice")
        options = _CREATE | given
        if len(name) > LONGEST_NAME:
            raise self.error(f"the name is longer than {LONGEST_NAME} characters")
        if not _NAME.fullmatch(name):
            raise self.error("expected a name of letters, digits, - and _, a letter first")
        if len(options) > len(_CREATE) or options["family"] not in _FAMILIES:
            raise self.error("expected family inet or inet6, hashsize and maxelem")
        family = _FAMILIES[options["family"]]
        self._number(options["hashsize"])
        made = AddressSet(family, self._number(options["maxelem"]), known=not exist)
        before = self.sets.setdefault(name, made)
        if before is not made and (
            not exist or (before.family, before.maxelem) != (made.family, made.maxelem)
        ):
            raise self.error(f"the set {name!r} exists already, and not like this")

    def _number(self, digits: str) -> int:
        if (
            len(digits) > 10
            or not digits.isdecimal()
            or digits[0] == "0"
            or not 0 < int(digits) <= MOST_ENTRIES
        ):
            raise self.error(f"{digits[:20]!r} is not a number from 1 to {MOST_ENTRIES:,}")
        return int(digits)

    def _flush(self, words: Sequence[str]) -> None:
        if len(words) != 1:
            raise self.error("expected `flush NAME`")
        old = self._set(words[0])
        self.sets[words[0]] = AddressSet(old.family, old.maxelem, known=True)

    def _swap(self, words: Sequence[str]) -> None:
        if len(words) != 2:
            raise self.error("expected `swap NAME NAME`")
        left, right = (self._set(name) for name in words)
        if left.family != right.family:
            raise self.error("the sets are of different families")
        self.sets[words[0]], self.sets[words[1]] = right, left

    def _destroy(self, words: Sequence[str]) -> None:
        if len(words) != 1:
            raise self.error("expected `destroy NAME`")
        self._set(words[0])
        del self.sets[words[0]]
