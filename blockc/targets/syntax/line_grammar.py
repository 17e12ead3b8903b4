"""Files with one entry per line: lists of addresses, and maps from an address to a word.

What a program sees in such a file differs in three things: where a comment may start, how long a
line may be, and how many words an entry has. The rest is the same for all: a line ends at a line
feed alone, words are parted by blanks and tabs, and an entry is printable ASCII, because a
carriage return or a blank of Unicode is part of a word to one program and not to another.
"""

from collections.abc import Iterator

from blockc.errors import SourceSyntaxError
from blockc.targets.syntax.tokens import Text
from blockc.values import Value

_BLANKS = " \t"
_BATCH = 1 << 20  # characters that are cut into words at a time


class LineGrammar(Value):
    """How a program cuts a file into entries.

    Args:
        program: Its name, for messages.
        entry: What an entry is, for messages.
        width: How many words an entry has.
        comments_anywhere: Whether `#` starts a comment wherever it stands, or only as the first
            character of a line.
        longest_line: The most bytes a line may have; to the program, what follows is a new line,
            in a comment too. 0 where there is no limit.
    """

    program: str
    entry: str
    width: int = 1
    comments_anywhere: bool = False
    longest_line: int = 0

    def read(self, text: Text) -> "Lines":
        """Return the entries of a text.

        Raises:
            SourceSyntaxError: About the first line that is not what it should be.

        Cost: a few passes in C over the text; with comments or blanks between entries five times
        that.
        """
        return self._quickly(text) or self._line_by_line(text)

    def _quickly(self, text: Text) -> "Lines | None":
        """Return the entries if comments stand at the beginning alone and no line is odd."""
        begin = 0
        while text.text.startswith("#", begin):
            begin = text.text.find("\n", begin) + 1 or len(text.text)
        body = text.text[begin:].removesuffix("\n")
        if "#" in body or "\n\n" in body or "\n" in {body[:1], body[-1:]}:
            return None
        if not (body.isascii() and body.replace("\n", "").isprintable()):
            return None
        if self.longest_line and max(map(len, text.text.split("\n"))) * 4 > self.longest_line:
            return None
        if self.width == 1:
            return Lines(self, text, (), body) if " " not in body else None
        count = body.count("\n") + bool(body)
        columns = self._columns(body.replace("\n", " \0 "), count)
        return Lines(self, text, columns) if columns else None

    def _columns(self, joined: str, count: int) -> tuple[list[str], ...] | None:
        """Return the words of entries that a lone NUL parts, or None if one has more or fewer."""
        step = self.width + 1
        words = joined.split()
        if len(words) != max(0, step * count - 1) or {*words[self.width :: step]} - {"\0"}:
            return None
        return tuple(words[column::step] for column in range(self.width))

    def _line_by_line(self, text: Text) -> "Lines":
        every = text.text.split("\n")
        lines = [line for line in every if line[:1] != "#"]
        if self.comments_anywhere:
            lines = [line.partition("#")[0] for line in lines]
        lines = [line for line in lines if line.strip(_BLANKS)]
        self._require_lines(text)
        columns = self._columns(" \0 ".join(lines), len(lines))
        if columns is None:
            at = next(at for at, line in enumerate(lines) if len(line.split()) != self.width)
            raise self.error(text, at, f"expected {self.entry}")
        return Lines(self, text, columns)

    def _content(self, line: str) -> str:
        """Return a line without its comment and the blanks at its end."""
        if line[:1] == "#":
            return ""
        return (line.partition("#")[0] if self.comments_anywhere else line).rstrip(_BLANKS)

    def _require_lines(self, text: Text) -> None:
        """Raise unless the program sees the same lines and blanks in the text as we do."""
        at = 0
        for line in text.text.split("\n"):
            if 0 < self.longest_line < len(line.encode("utf-8", "surrogatepass")):
                limit = f"{self.longest_line:,}"
                raise text.error(f"longer than {limit} bytes, {self.program} cuts it in two", at)
            content = self._content(line)
            seen = content.replace("\t", " ")
            if not (seen.isascii() and seen.isprintable()):
                message = f"an entry holds a character that {self.program} may not take"
                raise text.error(message, at, len(content))
            at += len(line) + 1

    def error(self, text: Text, entry: int, why: str) -> SourceSyntaxError:
        """Return the error about an entry, counted from 0 over the lines that hold one."""
        at = 0
        for line in text.text.split("\n"):
            content = self._content(line)
            if content:
                if not entry:
                    entered = content.lstrip(_BLANKS)
                    return text.error(why, at + len(content) - len(entered), len(entered))
                entry -= 1
            at += len(line) + 1
        return text.error(why, len(text.text))


class Lines(Value, eq=False):
    """The entries of a text, a column of words each for the first, the second, ... of an entry.

    Attributes:
        columns: None where entries are of one word and stand in `body`, a line each.
    """

    grammar: LineGrammar
    text: Text
    columns: tuple[list[str], ...]
    body: str = ""

    def batches(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the first words of entries, many at a time, and the number of the first entry.

        A list of all of them would be several times the text.
        """
        if self.columns:
            yield 0, self.columns[0]
        begin = count = 0
        while begin < len(self.body):
            end = self.body.find("\n", begin + _BATCH)
            words = self.body[begin : end if end >= 0 else None].split("\n")
            yield count, words
            begin = end + 1 if end >= 0 else len(self.body)
            count += len(words)

    def error(self, entry: int, why: str) -> SourceSyntaxError:
        """Return the error to raise about an entry, counted from 0."""
        return self.grammar.error(self.text, entry, why)
