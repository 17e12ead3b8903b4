"""Texts that know where they are."""

from collections.abc import Callable

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

    def require_lines(self, longest: int, why: str) -> None:
        """Raise SourceSyntaxError about a line of more bytes than `longest`, if that is not 0."""
        lines = self.text.split("\n") if longest else [""]
        if max(map(len, lines)) * 4 <= longest:  # 4 bytes are the most of a character
            return
        at = 0
        for line in lines:
            if len(line.encode("utf-8", "surrogatepass")) > longest > 0:
                raise self.error(f"longer than {longest:,} bytes, {why}", at)
            at += len(line) + 1

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
