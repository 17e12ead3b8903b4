"""What an artifact says, read back: its rules, what else it says, and where each of it stands."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np

from blockc.addresses import Family
from blockc.addresses.rules import Rules
from blockc.errors import Location, SourceSyntaxError
from blockc.targets.syntax.tokens import ArtifactFile, Text, Where
from blockc.values import Value

BLOCK = "block"
Reader = Callable[[Sequence[ArtifactFile]], "Reading"]  # of all files, in their order
NAMES = ("", BLOCK)  # the verdicts of a list that only blocks: label 0 and label 1
_ACTIONS = (*NAMES, "monitor", "warn")  # the same with what rules around the entries may say


class Part(Value, eq=False):
    """The rules of one family in one file; `where` makes the error about the one at a position."""

    rules: Rules
    where: Where

    @classmethod
    def joined(cls, parts: Sequence["Part"]) -> "Part":
        """Return parts of one file and family, at least one, as one, in their order."""
        if len(parts) == 1:
            return parts[0]
        places, ends = [part.where for part in parts], np.cumsum([len(p.rules) for p in parts])

        def where(row: int, why: str) -> SourceSyntaxError:
            at = int(np.searchsorted(ends, row, side="right"))
            return places[at](row - int(ends[at - 1] if at else 0), why)

        return cls(Rules.joined([part.rules for part in parts]), where)


class Found(Value, eq=False):
    """Something that a file says beside its entries; `error` makes the error to raise about it."""

    what: str
    value: object
    path: str
    error: Callable[[str], SourceSyntaxError]


class Ordered(Value):
    """What a file may say beside its entries, and nothing else of its kind.

    `required`: it must say it. `claimed`: it is an object of the platform (a table, a set, a
    variable), which only one artifact may make, or a place there which only one may take.
    `hint`: what to do about two artifacts that claim it, if that is not another name.
    """

    what: str
    value: object
    claimed: bool = False
    required: bool = True
    hint: str = ""


class SharedPlace(Value):
    """What several artifacts may claim together as long as they say the same of it.

    Args:
        labels: Whom they hold for: key=value, with commas between them; nothing for all.
        content: What is said of them.
    """

    labels: str
    content: str

    def meets(self, other: "SharedPlace") -> bool:
        """Return whether something may have the labels of both, which then say two things."""
        mine, others = _labels(self.labels), _labels(other.labels)
        apart = any(mine[key] != others[key] for key in mine.keys() & others.keys())
        return not apart and self.content != other.content

    def __str__(self) -> str:
        return self.labels or "all"


def _labels(text: str) -> Mapping[str, str]:
    return dict(pair.split("=", 1) for pair in text.split(",") if pair)


#: What each file of an artifact, by its path, is ordered to say beside its entries.
Orders = Mapping[str, Sequence[Ordered]]


class Reading(Value, eq=False, dict=True):
    """What an artifact says.

    Attributes:
        parts: Its rules file by file, in the order of the files.
        names: The verdict each label of the rules stands for; names[0] is the default.
        found: The objects it makes or uses and whatever else it says, in any order.
    """

    parts: tuple[Part, ...]
    names: tuple[str, ...] = NAMES
    found: tuple[Found, ...] = ()

    @cached_property
    def rules(self) -> Mapping[Family, Rules]:
        """Return the rules of each family that any part is about."""
        families = dict.fromkeys(part.rules.family for part in self.parts)
        return {family: Rules.joined([p.rules for p in self._of(family)]) for family in families}

    def place(self, family: Family, row: int) -> Location | None:
        """Return where the rule at position `row` of a family's rules is written."""
        for part in self._of(family):
            if row < len(part.rules):
                return part.where(row, "").at
            row -= len(part.rules)
        raise IndexError(f"no rule {row} of {family.name} was read")

    def _of(self, family: Family) -> list[Part]:
        return [part for part in self.parts if part.rules.family == family]

    @classmethod
    def joined(cls, readings: Iterable["Reading"]) -> "Reading":
        """Return what several files of one artifact say together."""
        every = list(readings)
        names = max((one.names for one in every), key=len, default=NAMES)
        parts = tuple(part for one in every for part in one.parts)
        return cls(parts, names, tuple(found for one in every for found in one.found))


def decoded(read: Callable[[Sequence[Text]], Reading]) -> Reader:
    """Return the reader of an artifact of text whose files are read together with `read`."""
    return lambda files: read([file.decoded() for file in files])


def each(read: Callable[[Text], Reading]) -> Reader:
    """Return the reader of an artifact of text whose files can be read one by one with `read`."""
    return decoded(lambda texts: Reading.joined(map(read, texts)))


def halves(block: Callable[[Text], Reading], spare: Callable[[Text], Reading]) -> Reader:
    """Return the reader of two sets: files of what to block, then as many of what to spare."""

    def read_both(texts: Sequence[Text]) -> Reading:
        middle = len(texts) // 2
        return two_sets(map(block, texts[:middle]), map(spare, texts[middle:]))

    return decoded(read_both)


def two_sets(block: Iterable[Reading], spare: Iterable[Reading]) -> Reading:
    """Return the rules of a set and of one that is taken away from it, which gets verdict 0."""
    spared = Reading.joined(spare)
    zero = tuple(_labelled(part, 0) for part in spared.parts)
    return Reading.joined([*block, Reading(zero, NAMES, spared.found)])


def acting(reading: Reading, action: str) -> Reading:
    """Return what the entries of a list that blocks say under rules that do `action` instead."""
    if action == BLOCK:
        return reading
    parts = tuple(_labelled(part, _ACTIONS.index(action)) for part in reading.parts)
    return Reading(parts, _ACTIONS, reading.found)


def _labelled(part: Part, label: int) -> Part:
    """Return a part whose entries, its exceptions apart, have another label."""
    rules = part.rules
    verdict = np.minimum(rules.verdict, 1) * np.int32(label)
    return Part(Rules(rules.family, rules.start, rules.last, verdict), part.where)
