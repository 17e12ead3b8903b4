"""What an ipset restore file leaves behind: its commands run on a model of the kernel's sets."""

import re
from collections.abc import Callable
from itertools import repeat
from operator import not_

from blockc.addresses import V4, V6, Family
from blockc.errors import SourceSyntaxError
from blockc.targets.syntax.addresses import decode_rules, require_distinct
from blockc.targets.syntax.commands import Command, CommandGrammar, Run
from blockc.targets.syntax.reading import Found, Part
from blockc.targets.syntax.tokens import Text
from blockc.values import Changing, field

LONGEST_NAME = 31
MOST_ENTRIES = 2**32 - 1
IPSET_COMMANDS = CommandGrammar(
    "ipset", re.compile(r"[^ \t]+"), longest_line=1023, comments_indented=True
)
_NAME = re.compile(r"[A-Za-z][\w-]*", re.ASCII)
_EXCEPTION = " nomatch"
_FAMILIES = {"inet": V4, "inet6": V6}
_CREATE = {"family": "inet", "hashsize": "1024", "maxelem": "65536"}


class AddressSet(Changing):
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
    twice, with or without `nomatch`, fails where no `-exist` came before, and is refused anyhow.
    """

    def __init__(self, text: Text) -> None:
        self.sets: dict[str, AddressSet] = {}
        self.found: list[Found] = []
        self._commands = IPSET_COMMANDS.read(text)
        self._verbs: dict[str, Callable[[Command], None]] = {
            "add": self._add,
            "create": self._create,
            "flush": self._flush,
            "swap": self._swap,
            "destroy": self._destroy,
        }
        for step in self._commands.runs("add"):
            self._run(step)

    def part(self, name: str, family: Family) -> Part:
        """Return the contents of a set: entries block, those with `nomatch` are exceptions."""
        text = self._commands.text
        if name not in self.sets:
            raise text.error(f"the set {name!r} does not exist in the end", 0)
        found = self.sets[name]
        if found.family != family:
            raise text.error(f"the set {name!r} is not of {family.name}", 0)
        if not found.known:
            raise text.error(f"the set {name!r} may hold entries from before", 0)

        def where(at: int, why: str) -> SourceSyntaxError:
            return self._commands.error(why, found.lines[at], 2)

        families = (family,)
        parts = decode_rules(text, found.entries, found.verdicts, where, families=families)
        require_distinct(parts)
        return parts[0]

    def _run(self, step: Command | Run) -> None:
        if isinstance(step, Run):
            if not self._add_all(step):
                for command in step.commands():
                    self._add(command)
            return
        if step.words[0] not in self._verbs:
            raise step.error(f"the command {step.words[0]!r} is not understood", 0)
        self._verbs[step.words[0]](step)

    def require_loadable_again(self) -> None:
        """Raise SourceSyntaxError unless the file loads where it has been loaded before."""
        after_once, found = self.sets, self.found
        again = {
            name: AddressSet(one.family, one.maxelem, known=False)
            for name, one in after_once.items()
        }
        self.sets, self.found = again, []
        try:
            for step in self._commands.runs("add"):
                if isinstance(step, Command) and step.words[0] != "add":
                    self._run(step)
                else:
                    self._require_fresh(step)
        except SourceSyntaxError as refused:
            message = f"the file cannot be loaded a second time: {refused.message}"
            raise SourceSyntaxError(message, at=refused.at) from None
        self.sets, self.found = after_once, found

    def _require_fresh(self, step: Command | Run) -> None:
        """Raise unless the sets that entries go to were made or emptied before."""
        name = step.lines[0].split()[1] if isinstance(step, Run) else ""
        alike = isinstance(step, Run) and step.after(f"add {name} ") and self.sets[name].known
        commands = step.commands() if isinstance(step, Run) else [step]
        for command in () if alike else commands:
            self._filled(command)

    def _filled(self, command: Command) -> AddressSet:
        """Return the set that an entry goes to."""
        filled = self._set(command)
        if not filled.known:
            raise command.error(f"the set {command.words[1]!r} may hold entries from before", 1)
        return filled

    def _set(self, command: Command, word: int = 1) -> AddressSet:
        name = command.words[word]
        if name not in self.sets:
            raise command.error(f"the set {name!r} does not exist", word)
        return self.sets[name]

    def _add(self, command: Command) -> None:
        words = command.words
        if len(words) != 3 and words[3:] != ["nomatch"]:
            raise command.error("expected `add NAME ADDRESSES`, perhaps with `nomatch`")
        filled = self._filled(command)
        filled.entries.append(words[2])
        filled.verdicts.append(4 - len(words))
        filled.lines.append(command.line)
        if len(filled.entries) > filled.maxelem:
            raise command.error("the set is full")

    def _add_all(self, run: Run) -> bool:
        """Add the entries of lines that are written alike, or none if they are not.

        Cost: a few passes in C, a third of adding one after another.
        """
        name = run.lines[0].split(" ")[1]
        filled, rest = self.sets.get(name), run.after(f"add {name} ")
        if filled is None or rest is None or not filled.known:
            return False
        entries = list(map(str.removesuffix, rest, repeat(_EXCEPTION)))
        together = "".join(entries)
        full = len(filled.entries) + len(entries) > filled.maxelem
        if full or " " in together or "\t" in together or "" in entries:
            return False
        filled.entries += entries
        filled.verdicts += map(not_, map(str.endswith, rest, repeat(_EXCEPTION)))
        filled.lines += range(run.begin, run.begin + len(entries))
        return True

    def _create(self, command: Command) -> None:
        words = [word for word in command.words[1:] if word != "-exist"]
        exist = len(words) < len(command.words) - 1
        if len(words) % 2 or words[1:2] != ["hash:net"]:
            raise command.error("expected `create NAME hash:net` and pairs of options")
        name, given = words[0], dict(zip(words[2::2], words[3::2], strict=True))
        if len(given) * 2 < len(words) - 2:
            raise command.error("an option is given twice")
        options = _CREATE | given
        if len(name) > LONGEST_NAME:
            raise command.error(f"the name is longer than {LONGEST_NAME} characters")
        if not _NAME.fullmatch(name):
            raise command.error("expected a name of letters, digits, - and _, a letter first")
        if len(options) > len(_CREATE) or options["family"] not in _FAMILIES:
            raise command.error("expected family inet or inet6, hashsize and maxelem")
        numbers = {key: _number(command, options[key]) for key in ("hashsize", "maxelem")}
        made = AddressSet(_FAMILIES[options["family"]], numbers["maxelem"], known=not exist)
        before = self.sets.setdefault(name, made)
        if before is not made and (
            not exist or (before.family, before.maxelem) != (made.family, made.maxelem)
        ):
            raise command.error(f"the set {name!r} exists already, and not like this")
        self.found.append(command.found("ipset set", command.words.index(name), name))
        self.found += [command.found(key, 0, number) for key, number in numbers.items()]

    def _flush(self, command: Command) -> None:
        if len(command.words) != 2:
            raise command.error("expected `flush NAME`")
        old = self._set(command)
        self.sets[command.words[1]] = AddressSet(old.family, old.maxelem, known=True)

    def _swap(self, command: Command) -> None:
        if len(command.words) != 3:
            raise command.error("expected `swap NAME NAME`")
        left, right = self._set(command, 1), self._set(command, 2)
        if left.family != right.family:
            raise command.error("the sets are of different families")
        self.sets[command.words[1]], self.sets[command.words[2]] = right, left

    def _destroy(self, command: Command) -> None:
        if len(command.words) != 2:
            raise command.error("expected `destroy NAME`")
        self._set(command)
        del self.sets[command.words[1]]


def _number(command: Command, digits: str) -> int:
    """Return a number of ipset, which takes one that begins with 0 for octal."""
    if not re.fullmatch("[1-9][0-9]{0,9}", digits) or int(digits) > MOST_ENTRIES:
        raise command.error(f"{digits[:20]!r} is not a number from 1 to {MOST_ENTRIES:,}")
    return int(digits)
