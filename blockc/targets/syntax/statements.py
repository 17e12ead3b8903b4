"""Languages of statements and blocks in braces: nginx, nft, Caddyfiles.

They differ in how a text is cut into words, in what ends a statement and in what a word may hold:
that is the grammar, a value. Reading is the same for all: word after word with a look at the next
one, and the many entries of a block at once.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

from blockc.addresses.plain_text import keeping_once
from blockc.errors import SourceSyntaxError
from blockc.targets.syntax.reading import Found
from blockc.targets.syntax.tokens import Text
from blockc.values import Value

LINE_END = "\0"  # the end of a line, where it is a word; no text has the character itself
_EMPTY_LINE = re.compile(r"\n[ \t]*\n")
_SPLIT_ALONE = "\v\f\r\x1c\x1d\x1e\x1f"  # blanks to `split`, and to no other language alike


class StatementGrammar(Value):
    """How a program cuts a text into words and statements.

    Args:
        program: Its name, for messages.
        word: Matches blanks before a word and then a comment, or in its only group a word. What
            is neither blank nor comment must be a word, so that nothing is skipped unseen.
        ends: The words that end a statement.
        marks: The characters that are words of their own wherever they stand.
        odd: Those that mean something particular in or around a word: quotes, comments, escapes.
        longest_line: The most bytes of a line that the program reads; 0 where there is no limit.
    """

    program: str
    word: re.Pattern[str]
    ends: tuple[str, ...]
    marks: str
    odd: str
    longest_line: int = 0

    def read(self, text: Text) -> "Statements":
        """Return a reader at the beginning of the text.

        Raises:
            SourceSyntaxError: About a line or a character that the program does not take.
        """
        text.require_lines(self.longest_line, f"{self.program} does not take it whole")
        if LINE_END in text.text:
            raise text.error(f"a character that {self.program} may not take", text.text.index("\0"))
        return Statements(self, text)


class Words(Value, eq=False):
    """Words that follow one another from a position of the text on, without those of `skipped`."""

    source: "Statements"
    begin: int
    words: list[str]
    skipped: tuple[str, ...] = ()

    def error(self, index: int, message: str) -> SourceSyntaxError:
        """Return the error to raise about word `index`; past the last it is what comes next."""
        places = self.source.places(self.begin, self.skipped)
        at, width = next(islice(places, index, None), (len(self.source.text.text), 1))
        return self.source.text.error(message, at, width)

    def lines(self) -> Iterator[list[str]]:
        """Yield the words of each line, without its end; the last line may have none."""
        begin = 0
        for end in [at for at, word in enumerate(self.words) if word == LINE_END]:
            yield self.words[begin:end]
            begin = end + 1
        if begin < len(self.words):
            yield self.words[begin:]

    def rows(self, width: int, end: str, wrong: Callable[[str], str]) -> list[list[str]]:
        """Return words as columns, if they are statements of `width` words each.

        Args:
            wrong: What to say of a statement with more or fewer that begins with a word.

        Raises:
            SourceSyntaxError: About the first such statement.
        """
        step = width + 1
        if len(self.words) % step or {*self.words[width::step]} - {end}:
            ends = enumerate(self.words[width::step])
            row = next((row for row, word in ends if word != end), len(self.words) // step)
            raise self.error(row * step, wrong(self.words[row * step]))
        return [self.words[column::step] for column in range(width)]


class Statements:
    """A text while it is read."""

    def __init__(self, grammar: StatementGrammar, text: Text) -> None:
        self.text = text
        self.grammar = grammar
        self._match = grammar.word.match
        ends = "".join(grammar.ends).replace(LINE_END, "\n")
        self._ends = re.compile(f"[{ends}]+")
        self._once = keeping_once()
        self.word, self.at, self._after = self._next(0)

    def step(self) -> str:
        """Step over the next word and return it, nothing at the end of the text."""
        taken = self.word
        self.word, self.at, self._after = self._next(self._after)
        return taken

    def _next(self, at: int) -> tuple[str, int, int]:
        """Return the next word from `at` on, its position and what comes after it."""
        text = self.text.text
        while found := self._match(text, at):
            if found[1]:
                word = LINE_END if found[1] == "\n" else found[1]
                return word, found.start(1), found.end()
            at = found.end()
        return "", len(text), len(text)

    def places(self, at: int, skipped: tuple[str, ...]) -> Iterator[tuple[int, int]]:
        """Yield position and width of each word from `at` on that is not one of `skipped`."""
        while True:
            word, begin, at = self._next(at)
            if not word:
                return
            if word not in skipped:
                yield begin, len(word)

    def error(self, message: str) -> SourceSyntaxError:
        """Return the error to raise about the next word."""
        ends = "" if self.word else ", the text ends here"
        return self.text.error(message + ends, self.at, len(self.word))

    def found(self, what: str, value: object = None) -> Found:
        """Return what the next word says, or `value` where it says that in other words."""
        error = partial(self.text.error, at=self.at, width=len(self.word))
        return Found(what, self.word if value is None else value, self.text.path, error)

    def expect(self, *wanted: str) -> None:
        """Step over these words.

        Raises:
            SourceSyntaxError: About the first that is another.
        """
        for word in wanted:
            if self.word != word:
                raise self.error(f"expected {_shown(word)}, found {_shown(self.word)}")
            self.step()

    def take(self, pattern: re.Pattern[str], expected: str) -> str:
        """Step over a word that matches a pattern, and return it."""
        if not pattern.fullmatch(self.word):
            raise self.error(f"expected {expected}")
        return self.step()

    def skip_ends(self) -> None:
        """Step over ends of statements."""
        while self.word in self.grammar.ends:
            run = self._ends.match(self.text.text, self._after)  # of very many, all at once
            self._after = run.end() if run else self._after
            self.step()

    def end(self) -> None:
        """Step over the end of a statement, and over more of them."""
        if self.word not in self.grammar.ends:
            raise self.error("expected the end of the statement")
        self.skip_ends()

    def statement(self) -> Words:
        """Step over a statement and its end, and return its words without the end."""
        found = Words(self, self.at, [])
        while self.word and self.word not in {*self.grammar.ends, "{", "}"}:
            found.words.append(self._once(self.step()))
        self.end()
        return found

    def line(self) -> Words:
        """Step over the words up to the end of the line or of the text, and return them."""
        found = Words(self, self.at, [])
        while self.word not in {LINE_END, ""}:
            found.words.append(self._once(self.step()))
        return found

    def block(self) -> Words:
        """Step over all words up to the next `}` and return them.

        Cost: a few passes in C where there are no quotes, comments or odd characters, about 0.1 us
        a word; with them twenty times that.
        """
        return self._up_to_brace(() if LINE_END in self.grammar.ends else (LINE_END,))

    def items(self, mark: str, expected: str) -> Words:
        """Step over a list up to the next `}` and return its items, with `mark` between them.

        As in nft there may be more marks than one, also after the last item, and a line may end
        between any two words, but there is no empty line.

        Raises:
            SourceSyntaxError: If there are no items, or two without a mark between them.
        """
        begin = self.word, self.at, self._after
        found = self._up_to_brace((LINE_END,))
        marks, items = found.words[1::2], found.words[0::2]
        if (
            {*marks} - {mark}
            or mark in items
            or _EMPTY_LINE.search(self.text.text[found.begin : self.at])
        ):
            self.word, self.at, self._after = begin
            items = self._items_one_by_one(mark, expected)
        if not items:
            raise self.error(expected)
        return Words(self, found.begin, items, (LINE_END, mark))

    def _items_one_by_one(self, mark: str, expected: str) -> list[str]:
        found = self._up_to_brace(())
        items, before, line_end = list[str](), mark, False
        for at, word in enumerate(found.words):
            if word == LINE_END and line_end:
                raise found.error(at, "expected no empty line in a list")
            line_end = word == LINE_END
            if line_end:
                continue
            if (not items and word == mark) or mark not in {word, before}:
                raise found.error(at, expected)
            items += [word] if word != mark else []
            before = word
        return items

    def _up_to_brace(self, skipped: tuple[str, ...]) -> Words:
        begin, end = self.at, self.text.text.find("}", self.at)
        words = self._quickly(begin, end, lines=LINE_END not in skipped)
        if words is None:
            words = []
            while self.word and self.word != "}":
                if self.word not in skipped:
                    words.append(self.word)
                self.step()
        else:
            self._after = end
            self.step()
        if self.word != "}":
            raise self.error("expected `}`")
        return Words(self, begin, words, skipped)

    def _quickly(self, begin: int, end: int, *, lines: bool) -> list[str] | None:
        """Return the words of a part of the text, or None where that takes a closer look.

        The part begins at a word and must end before another.
        """
        region, marks = self.text.text[begin:end], self.grammar.marks
        if end == -1 or not region.isascii() or self._next(end)[0] != "}":
            return None
        if any(map(region.__contains__, self.grammar.odd + _SPLIT_ALONE)):
            return None
        if region and region[-1] not in " \t\n" + marks:
            return None
        for mark in marks:
            region = region.replace(mark, f" {mark} ")
        return (region.replace("\n", f" {LINE_END} ") if lines else region).split()


def _shown(word: str) -> str:
    return "the end of the line" if word == LINE_END else repr(word)
