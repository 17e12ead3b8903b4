"""Files with one entry per line: lists of addresses, and maps from an address to a word.

What a program sees in such a file differs in three things: where a comment may start, how long a
line may be, and how many words an entry has. The rest is the same for all: a line ends at a line
feed alone, words are parted by blanks and tabs, and an entry is printable ASCII, because a
carriage return or a blank of Unicode is part of a word to one program and not to another.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, islice, repeat

import numpy as np

from blockc.addresses import FAMILIES, V4, Family
from blockc.addresses.plain_text import line_batches, lines_one_by_one, text_batches
from blockc.addresses.rules import Rules
from blockc.errors import SourceSyntaxError
from blockc.targets.syntax.addresses import decode_rules, line_spans, plain_lines
from blockc.targets.syntax.reading import Found, Part, Reading
from blockc.targets.syntax.tokens import ODD, ArtifactFile, Text, Where
from blockc.values import Value

_BLANKS = " \t"
_GOING_ON = re.compile(r"^[ \t]+(?=[^ \t\n])", re.MULTILINE)
_END = " \0 "  # the end of an entry, as a word; no text has the character itself
_LONG = 4_000  # characters of a line whose words may take much memory
_BEFORE = ("#", "\n")  # lines before the first entry begin so
_COMMENTS = ("#",)
_BETWEEN = (*_COMMENTS, "\n\n", *_BLANKS)  # what does not stand between entries of one word


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
        comments: Whether there are comments at all.
        continued: Whether a line that begins with a blank goes on with the one before, which is
            refused here.
    """

    program: str
    entry: str
    width: int = 1
    comments_anywhere: bool = False
    longest_line: int = 0
    comments: bool = True
    continued: bool = False

    def read(self, text: Text) -> "Lines":
        """Return the entries of a text.

        Raises:
            SourceSyntaxError: About the first line that is not what it should be.

        Cost: a few passes in C over the text; with comments or blanks between entries five times
        that.
        """
        text.require_lines(self.longest_line, f"{self.program} cuts it in two")
        if not self.comments and "#" in text.text:
            raise text.error(f"{self.program} takes no comments", text.text.index("#"))
        if not text.is_plain():
            self._require_characters(text)
        going_on = _GOING_ON.search(text.text) if self.continued else None
        if going_on:
            message = f"to {self.program} this goes on with the line before"
            raise text.error(message, going_on.start())
        return self._quickly(text) or self._line_by_line(text)

    def _quickly(self, text: Text) -> "Lines | None":
        """Return the entries if only comments come before the first, and nothing between two."""
        begin = 0
        while text.text.startswith(_BEFORE, begin):
            begin = text.text.find("\n", begin) + 1 or len(text.text)
        apart = _BETWEEN if self.width == 1 else _COMMENTS
        if any(text.text.find(mark, begin) >= 0 for mark in apart):
            return None
        if self.width == 1:
            return Lines(self, text, begin=begin)
        columns = self._columns()
        for some in text_batches(text.text, begin):
            if self._add(columns, some.splitlines()) is not None:
                return None
        return Lines(self, text, columns)

    def _columns(self) -> tuple[list[str], ...]:
        return tuple([] for _ in range(self.width))

    def _add(self, columns: tuple[list[str], ...], entries: Sequence[str]) -> int | None:
        """Add the words of entries to columns; if one has not `width`, return its position."""
        if not entries:
            return None
        step = self.width + 1
        long = max(map(len, entries)) > _LONG
        words = [] if long and self._wrong(entries) is not None else _END.join(entries).split()
        if len(words) != step * len(entries) - 1 or {*words[self.width :: step]} - {"\0"}:
            del words
            return self._wrong(entries)
        for at, column in enumerate(columns):
            column.extend(words[at::step])
        return None

    def _wrong(self, entries: Sequence[str]) -> int | None:
        """Return the position of the first entry that has not `width` words."""
        most = self.width  # no more words are made of a line
        wrong = (at for at, one in enumerate(entries) if len(one.split(None, most)) != most)
        return next(wrong, None)

    def _line_by_line(self, text: Text) -> "Lines":
        columns = self._columns()
        for some in text_batches(text.text):
            lines = some.split("\n")
            plain = map(str.strip, lines, repeat(_BLANKS))
            entries = [*filter(None, map(self._content, lines) if "#" in some else plain)]
            wrong = self._add(columns, entries)
            if wrong is not None:
                raise self.error(text, len(columns[0]) + wrong, f"expected {self.entry}")
        return Lines(self, text, columns)

    def _content(self, line: str) -> str:
        """Return a line without its comment and the blanks around what is left."""
        if line[:1] == "#":
            return ""
        return (line.partition("#")[0] if self.comments_anywhere else line).strip(_BLANKS)

    def _require_characters(self, text: Text) -> None:
        """Raise unless the program sees the same blanks in the entries as we do."""
        for at, line in text.odd_lines():
            content = self._content(line)
            odd = ODD.search(content)
            if odd:
                message = f"an entry holds a character that {self.program} may not take"
                raise text.error(message, at + line.index(content) + odd.start())

    def error(self, text: Text, entry: int, why: str) -> SourceSyntaxError:
        """Return the error about an entry, counted from 0 over the lines that hold one."""
        return text.error(why, *next(islice(self._places(text), entry, None)))

    def _places(self, text: Text) -> Iterator[tuple[int, int]]:
        """Yield position and width of each entry."""
        at = 0
        for line in lines_one_by_one(text.text):
            content = self._content(line)
            if content:
                yield at + line.index(content), len(content)
            at += len(line) + 1


class Lines(Value, eq=False):
    """The entries of a text, a column of words each for the first, the second, ... of an entry.

    Attributes:
        columns: None of them where entries are of one word and stand in the text from `begin` on,
            a line each.
    """

    grammar: LineGrammar
    text: Text
    columns: tuple[list[str], ...] = ()
    begin: int = 0

    def batches(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the first words of entries, many at a time, and the number of the first entry.

        A list of all of them would be several times the text.
        """
        if self.columns:
            yield 0, self.columns[0]
            return
        count = 0
        for lines in line_batches(self.text.text, self.begin):
            words = lines if lines[-1] else lines[:-1]  # behind the last newline is no line
            if words:
                yield count, words
            count += len(words)

    def rules(self, *, ranges: bool) -> tuple[Part, ...]:
        """Return the rules of entries of one word, all of which block: a part for each family."""
        found = defaultdict[Family, list[Part]](list)
        for part in self._parts(ranges=ranges):
            found[part.rules.family].append(part)
        return tuple(
            Part.joined([one for one in parts if len(one.rules)] or [parts[0]])
            for parts in found.values()
        )

    def _parts(self, *, ranges: bool) -> Iterator[Part]:
        """Yield the rules in columns, of each family; else then those of many lines after others.

        Of plain IPv4 no text becomes a word.
        """
        if self.columns:
            yield from decode_rules(self.text, self.columns[0], 1, self.error, ranges=ranges)
            return
        for family in self.text.families:
            yield Part(Rules.empty(family), self.error)
        first = 0
        for some in text_batches(self.text.text, self.begin):
            where = self.after(first)
            lines = some.removesuffix("\n") + "\n"  # behind the last newline is no line
            quick = plain_lines(lines.encode(), ranges=ranges) if V4 in self.text.families else None
            if quick:
                yield Part(Rules.of_spans(V4, *quick), where)
            elif words := lines.split():
                yield from decode_rules(self.text, words, 1, where, ranges=ranges)
            first += lines.count("\n")

    def by_family(self) -> tuple[str, str] | None:
        """Return the lines of IPv4 and those of IPv6 behind them, each ended, if they are so."""
        if self.columns:
            return None
        body = self.text.text[self.begin :]
        if body and not body.endswith("\n"):
            body += "\n"
        before = body.partition(":")[0]
        begin = len(before) - len(before.rpartition("\n")[2])
        ipv4, ipv6 = body[:begin], body[begin:]
        return None if "." in ipv6 else (ipv4, ipv6)

    def after(self, first: int) -> Where:
        """Return what makes the errors about entries from `first` on."""
        return partial(self._error_after, first)

    def _error_after(self, first: int, entry: int, why: str) -> SourceSyntaxError:
        return self.error(first + entry, why)

    def error(self, entry: int, why: str) -> SourceSyntaxError:
        """Return the error to raise about an entry, counted from 0."""
        return self.grammar.error(self.text, entry, why)


class ListReader(Value, eq=False):
    """The reader of artifacts that are lists: files with entries of one word, all of which block.

    Attributes:
        ranges: Whether an entry may be `first-last`.
        beside: Reads the last file, if that is no list, given it and the list.
    """

    grammar: LineGrammar
    ranges: bool
    beside: Callable[[Text, Text], Iterable[Found]] | None = None

    def __call__(self, files: Sequence[ArtifactFile]) -> Reading:
        """Return what the files of one artifact say, in their order."""
        lists, found = self._lists(files)
        return Reading(
            tuple(part for one in lists for part in one.rules(ranges=self.ranges)), found=found
        )

    def together(self, artifacts: Iterable[Sequence[ArtifactFile]]) -> list[Reading] | None:
        """Return what the files of each of many artifacts say, all addresses decoded in one go.

        None where something is odd about one: whoever reads it alone will know what that is.

        Raises:
            SourceSyntaxError: About a line that is no entry.
        """
        every = [self._lists(files) for files in artifacts]
        parts = _rules_together([one for lists, _ in every for one in lists], ranges=self.ranges)
        if parts is None:
            return None
        rest = iter(parts)
        return [
            Reading(tuple(chain.from_iterable(islice(rest, len(lists)))), found=found)
            for lists, found in every
        ]

    def _lists(self, files: Sequence[ArtifactFile]) -> tuple[list[Lines], tuple[Found, ...]]:
        texts = [file.decoded() for file in files]
        found = tuple(self.beside(texts.pop(), texts[0])) if self.beside else ()
        return [self.grammar.read(text) for text in texts], found


def _rules_together(lists: Sequence[Lines], *, ranges: bool) -> list[list[Part]] | None:
    """Return the rules of many lists, a part for each family of each, or None; see `together`."""
    bodies = [one.by_family() for one in lists]
    parts = [list[Part]() for _ in lists]
    before = [0] * len(lists)
    for at, family in enumerate(FAMILIES):
        own = [body[at] for body in bodies if body]
        spans = line_spans(family, "".join(own), ranges=ranges) if len(own) == len(lists) else None
        if spans is None:
            return None
        counts = [text.count("\n") for text in own]
        whole = Rules.of_spans(family, *spans)
        bounds = np.cumsum([0, *counts]).tolist()
        for n, one in enumerate(lists):
            begin, end = bounds[n : n + 2]
            if family in one.text.families:
                parts[n].append(Part(whole.take(slice(begin, end)), one.after(before[n])))
            elif begin < end:
                return None
        before = counts
    return parts
