"""Reading artifacts back: texts that know where they are, their words, and what they say."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np

from blockc.addresses import FAMILIES, Family, columns
from blockc.addresses.rules import Rules
from blockc.errors import Location, SourceSyntaxError
from blockc.values import Value

BLOCK = "block"
NAMES = ("", BLOCK)  # the verdicts of a list that only blocks: label 0 and label 1


class Text(Value):
    """The text of one file: an artifact's, or a template's. `families` is what it may speak of."""

    path: str
    text: str
    families: tuple[Family, ...] = FAMILIES

    def error(self, message: str, at: int, width: int = 1, hint: str = "") -> SourceSyntaxError:
        """Return the error to raise about the `width` characters from position `at`."""
        begin = self.text.rfind("\n", 0, at) + 1
        line = self.text[begin:].split("\n", 1)[0]
        number = self.text.count("\n", 0, at) + 1
        place = Location(self.path, number, at - begin + 1, line, max(1, width))
        return SourceSyntaxError(message, at=place, hint=hint)


class Reading(Value):
    """What an artifact says: its rules a family, and the names of their verdicts."""

    rules: Mapping[Family, Rules]
    names: tuple[str, ...] = NAMES

    @classmethod
    def joined(cls, readings: Iterable["Reading"]) -> "Reading":
        """Return the rules of several files of one artifact, in the order of the files."""
        found: dict[Family, Rules] = {}
        names: tuple[str, ...] = NAMES
        for reading in readings:
            names = reading.names
            for family, rules in reading.rules.items():
                found[family] = _appended(found[family], rules) if family in found else rules
        return cls(found, names)


def each(read: Callable[[Text], Reading]) -> Callable[[Sequence[Text]], Reading]:
    """Return the reader of an artifact whose files can be read one by one with `read`."""

    def read_all(texts: Sequence[Text]) -> Reading:
        return Reading.joined(map(read, texts))

    return read_all


def halves(
    block: Callable[[Text], Reading], spare: Callable[[Text], Reading]
) -> Callable[[Sequence[Text]], Reading]:
    """Return the reader of two sets: files of what to block, then as many of what to spare."""

    def read_both(texts: Sequence[Text]) -> Reading:
        middle = len(texts) // 2
        return two_sets(map(block, texts[:middle]), map(spare, texts[middle:]))

    return read_both


def two_sets(block: Iterable[Reading], spare: Iterable[Reading]) -> Reading:
    """Return the rules of a set and of one that is taken away from it, which gets verdict 0."""
    spared = Reading.joined(spare)
    zero = {f: Rules(f, r.start, r.last, np.zeros_like(r.verdict)) for f, r in spared.rules.items()}
    return Reading.joined([Reading.joined(block), Reading(zero)])


class TokenStream:
    """The words of a text, cut by a grammar, each with its place for whoever complains.

    The pattern's only group is a word; what it matches outside the group is blank or comment. A
    character that is neither must be a word, so that nothing is skipped unseen.

    Args:
        quick: Returns the same words faster, or None where it cannot.
    """

    def __init__(
        self,
        text: Text,
        pattern: re.Pattern[str],
        quick: Callable[[str], list[str] | None] = lambda _: None,
    ) -> None:
        self.text = text
        self._pattern = pattern
        found = quick(text.text)
        self.words: list[str] = self._all() if found is None else found

    def _all(self) -> list[str]:
        return list(filter(None, self._pattern.findall(self.text.text)))

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def _places(self) -> list[int]:
        return [m.start(1) for m in self._pattern.finditer(self.text.text) if m[1]]

    def error(self, index: int, message: str, hint: str = "") -> SourceSyntaxError:
        """Return the error to raise about word `index`; past the last it is the end of text."""
        if index >= len(self.words):
            return self.text.error(f"{message}, the text ends here", len(self.text.text), hint=hint)
        return self.text.error(message, self._places[index], len(self.words[index]), hint)

    def expect(self, index: int, *wanted: str) -> None:
        """Raise SourceSyntaxError unless the words from `index` on are `wanted`."""
        for place, word in enumerate(wanted, index):
            found = self.words[place] if place < len(self.words) else ""
            if found != word:
                shown = "the end of the line" if word == "\n" else repr(word)
                raise self.error(place, f"expected {shown}, found {found!r}")


Where = Callable[[int, str], SourceSyntaxError]


def _appended(left: Rules, right: Rules) -> Rules:
    pairs = columns.spans_alike([(left.start, left.last), (right.start, right.last)])
    start, last = (np.concatenate(column) for column in zip(*pairs, strict=True))
    return Rules(left.family, start, last, np.concatenate([left.verdict, right.verdict]))
