"""Texts that know where they are."""

import re
from collections.abc import Callable, Iterator

from blockc.addresses import FAMILIES, Family
from blockc.addresses.plain_text import text_batches
from blockc.errors import Location, SourceSyntaxError
from blockc.values import Value

ODD = re.compile(r"[^\t -~]")  # what one line of printable ASCII and tabs does not hold
_ODD_IN_LINES = re.compile(r"[^\t\n -~]")
_PLAIN = bytes(range(ord(" "), ord("~") + 1)) + b"\t\n"
Where = Callable[[int, str], SourceSyntaxError]  # makes the error about the item at a position


class Text(Value):
    """The text of one file: an artifact's, or a template's.

    `families` is what it may speak of. `file`: where it is, if it is a template of blockc.
    """

    path: str
    text: str
    families: tuple[Family, ...] = FAMILIES
    file: str = ""

    def error(self, message: str, at: int, width: int = 1, hint: str = "") -> SourceSyntaxError:
        """Return the error to raise about the `width` characters from position `at`."""
        begin = self.text.rfind("\n", 0, at) + 1
        end = self.text.find("\n", begin)
        line = self.text[begin : end if end >= 0 else None]
        number = self.text.count("\n", 0, begin) + 1
        place = Location(self.path, number, at - begin + 1, line, max(1, width))
        return SourceSyntaxError(message, at=place, hint=hint)

    def is_plain(self) -> bool:
        """Return whether all lines are printable ASCII and tabs, as they are in most files."""
        return not self.text.encode(errors="surrogatepass").translate(None, _PLAIN)

    def odd_lines(self) -> Iterator[tuple[int, str]]:
        """Yield each line that holds something else than these, and its position."""
        end = 0
        while found := _ODD_IN_LINES.search(self.text, end):
            begin = self.text.rfind("\n", 0, found.start()) + 1
            end = self.text.find("\n", found.start())
            end = end if end >= 0 else len(self.text)
            yield begin, self.text[begin:end]

    def require_lines(self, longest: int, why: str) -> None:
        """Raise SourceSyntaxError about a line of more bytes than `longest`, if that is not 0."""
        if not longest:
            return
        at = 0
        for some in text_batches(self.text):
            lengths = [*map(len, some.encode(errors="surrogatepass").split(b"\n"))]
            if max(lengths) > longest:
                row = next(row for row, length in enumerate(lengths) if length > longest)
                at += sum(len(line) + 1 for line in some.split("\n")[:row])
                raise self.error(f"longer than {longest:,} bytes, {why}", at)
            at += len(some) + 1

    def require_ended_lines(self, program: str) -> None:
        """Raise SourceSyntaxError about a line that a backslash at its end makes longer.

        Between two lines of comment it changes nothing.
        """
        for found in re.finditer(r"\\\r?\n", self.text):
            begin = self.text.rfind("\n", 0, found.start()) + 1
            if not all(self.text.startswith("#", at) for at in (begin, found.end())):
                raise self.error(f"{program} takes the next line for a part of this", found.start())

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
            line = self.data[: wrong.start].count(b"\n") + 1
            raise SourceSyntaxError("not UTF-8 text", at=Location(self.path, line)) from None

    def error(self, message: str, at: int) -> SourceSyntaxError:
        """Return the error to raise about what begins at byte `at` of a file without lines."""
        return SourceSyntaxError(f"byte {at:,}: {message}", at=Location(self.path))
