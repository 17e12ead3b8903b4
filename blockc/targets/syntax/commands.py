"""Files of commands, one per line: ipset and iptables restore files.

A line is a command, blank or a comment. Programs read lines into a buffer, so what follows in a
longer line is a command of its own, even where a comment seems to go on.
"""

import re
from collections.abc import Iterator
from functools import partial
from itertools import repeat

from blockc.addresses.plain_text import line_batches, lines_one_by_one
from blockc.errors import SourceSyntaxError, line_begin
from blockc.targets.syntax.reading import Found
from blockc.targets.syntax.tokens import ODD, Text
from blockc.values import Value


class CommandGrammar(Value):
    """How a program cuts a file into commands and these into words.

    Args:
        program: Its name, for messages.
        word: Matches a word of a line.
        longest_line: The most bytes of a line that the program reads at once.
        comments_indented: Whether blanks may stand before the `#` of a comment.
    """

    program: str
    word: re.Pattern[str]
    longest_line: int
    comments_indented: bool = False

    def read(self, text: Text) -> "Commands":
        """Return the lines of a text, if the program sees the same lines and blanks as we do.

        Raises:
            SourceSyntaxError: About the first line or character that it does not.
        """
        text.require_lines(self.longest_line, f"{self.program} cuts it in two")
        if not text.is_plain():
            self._require_characters(text)
        return Commands(self, text)

    def is_comment(self, line: str) -> bool:
        """Return whether a line is blank or a comment."""
        return (line.lstrip(" \t") if self.comments_indented else line)[:1] in {"", "#"}

    def _require_characters(self, text: Text) -> None:
        for begin, line in text.odd_lines():
            odd = ODD.search(line)
            if odd and not self.is_comment(line):
                message = f"a command holds a character {self.program} does not take"
                raise text.error(message, begin + odd.start())


class Command(Value, eq=False):
    """A line, counted from 0, as it is written and its words."""

    source: "Commands"
    line: int
    content: str
    words: list[str]

    def error(self, message: str, word: int | None = None) -> SourceSyntaxError:
        """Return the error to raise about a word, or about the whole line."""
        return self.source.error(message, self.line, word)

    def found(self, what: str, word: int, value: object = None) -> Found:
        """Return what a word says, or `value` where it says that in other words."""
        said = self.words[word] if value is None else value
        return Found(what, said, self.source.text.path, partial(self.error, word=word))


class Run(Value, eq=False):
    """Lines that follow one another and begin with the same word, from line `begin` on."""

    source: "Commands"
    begin: int
    lines: list[str]

    def after(self, beginning: str) -> list[str] | None:
        """Return what follows `beginning` in each line, or None if one begins otherwise."""
        if not all(map(str.startswith, self.lines, repeat(beginning))):
            return None
        return list(map(str.removeprefix, self.lines, repeat(beginning)))

    def commands(self) -> Iterator[Command]:
        """Yield the lines one by one."""
        for line, content in enumerate(self.lines, self.begin):
            yield self.source.command(line, content)


class Commands(Value, eq=False):
    """The lines of a text, which is cut into lines many at a time: a list of all may be far longer.

    What is asked for by its line, is looked for from the beginning.
    """

    grammar: CommandGrammar
    text: Text

    def __iter__(self) -> Iterator[Command]:
        """Yield the commands."""
        for line, content in enumerate(lines_one_by_one(self.text.text)):
            if content and not self.grammar.is_comment(content):
                yield self.command(line, content)

    def command(self, line: int, content: str) -> Command:
        """Return the command of a line."""
        return Command(self, line, content, self.grammar.word.findall(content))

    def runs(self, verb: str) -> Iterator[Command | Run]:
        """Yield the commands, and those that begin with `verb` as far as they follow one another.

        Cost: a pass in C over the lines of a run, of which a long text has several.
        """
        begin = 0
        for lines in line_batches(self.text.text):
            alike = bytes(map(str.startswith, lines, repeat(f"{verb} "))) + b"\0"
            at = 0
            while at < len(lines):
                end = alike.index(0, at)
                if end - at > 1:
                    yield Run(self, begin + at, lines[at:end])
                elif lines[at] and not self.grammar.is_comment(lines[at]):
                    yield self.command(begin + at, lines[at])
                at = max(end, at + 1)
            begin += len(lines)

    def error(self, message: str, line: int, word: int | None = None) -> SourceSyntaxError:
        """Return the error to raise about a line, or about one of its words."""
        begin = line_begin(self.text.text, line + 1, "\n")
        end = self.text.text.find("\n", begin)
        content = self.text.text[begin : end if end >= 0 else None]
        if word is None:
            return self.text.error(message, begin, len(content))
        places = [match.span() for match in self.grammar.word.finditer(content)]
        first, last = places[min(word, len(places) - 1)]
        return self.text.error(message, begin + first, last - first)

    def end_error(self, message: str) -> SourceSyntaxError:
        """Return the error to raise about the end of the text."""
        return self.text.error(message, len(self.text.text))
