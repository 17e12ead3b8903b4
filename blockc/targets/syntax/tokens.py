"""Texts that know where they are, and the words a grammar finds in one."""

import re
from collections.abc import Callable
from functools import cached_property

from blockc.addresses import FAMILIES, Family
from blockc.errors import Location, SourceSyntaxError
from blockc.values import Value

Where = Callable[[int, str], SourceSyntaxError]  # makes the error about the item at a position


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

    def encoded(self) -> "ArtifactFile":
        """Return the file with this text.

        Raises:
            UnicodeEncodeError: If it holds half of a surrogate pair, which is not a character.
        """
        return ArtifactFile(self.path, self.text.encode(), self.families)


class ArtifactFile(Value):
    """One finished file of an artifact, text or not. `families` is what it may speak of."""

    path: str
    data: bytes
    families: tuple[Family, ...] = FAMILIES

    def decoded(self) -> Text:
        """Return its text.

        Raises:
            SourceSyntaxError: If it is not UTF-8.
        """
        try:
            return Text(self.path, self.data.decode(), self.families)
        except UnicodeDecodeError as wrong:
            line = self.data.count(b"\n", 0, wrong.start) + 1
            raise SourceSyntaxError("not UTF-8 text", at=Location(self.path, line)) from None

    def error(self, message: str, at: int) -> SourceSyntaxError:
        """Return the error to raise about what begins at byte `at` of a file without lines."""
        return SourceSyntaxError(f"byte {at:,}: {message}", at=Location(self.path))


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
