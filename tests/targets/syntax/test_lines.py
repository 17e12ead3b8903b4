"""Files of one entry per line: read at once as somebody would who reads character by character."""

from random import Random

import pytest

from blockc.errors import SourceSyntaxError
from blockc.targets.syntax import line_grammar
from blockc.targets.syntax.line_grammar import LineGrammar, Lines
from blockc.targets.syntax.tokens import Text
from tests.support.spoilt import spoilt

GRAMMARS = [
    LineGrammar("a program", "an address"),
    LineGrammar("a program", "an address", comments_anywhere=True),
    LineGrammar("a program", "an address and a word", width=2, longest_line=60),
    LineGrammar("a program", "three words", width=3, comments_anywhere=True, longest_line=40),
]
ROUNDS = 300


def entries(grammar: LineGrammar, text: str) -> list[tuple[int, list[str]]] | int:
    """Return line and words of each entry, or the first line that is refused."""
    wrong, found = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        content = ""
        for at, character in enumerate(line):
            if character == "#" and (grammar.comments_anywhere or at == 0):
                break
            content += character
        words = [word for word in content.replace("\t", " ").split(" ") if word]
        size = len(line.encode("utf-8", "replace"))
        odd = any(not "!" <= character <= "~" for word in words for character in word)
        if odd or 0 < grammar.longest_line < size:
            wrong.append((0, number))
        elif words and len(words) != grammar.width:
            wrong.append((1, number))
        elif words:
            found.append((number, words))
    return min(wrong)[1] if wrong else found


def columns_of(lines: Lines) -> tuple[list[str], ...]:
    """Return the words of all entries, whose first ones come many at a time."""
    first: list[str] = []
    for number, words in lines.batches():
        assert number == len(first)
        first += words
    assert not lines.columns or lines.columns[0] == first
    return lines.columns or (first,)


@pytest.mark.parametrize("size", [1, 7, 30])
@pytest.mark.parametrize("count", [0, 1, 2, 20])
def test_entries_are_cut_into_words_many_at_a_time(
    size: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_grammar, "_BATCH", size)
    words = [f"10.0.{n}.0/24" for n in range(count)]
    lines = GRAMMARS[0].read(Text("x", "".join(f"{word}\n" for word in words)))
    assert columns_of(lines) == (words,)
    assert len([*lines.batches()]) <= max(1, count)
    if count == 20:
        assert len([*lines.batches()]) > 5


@pytest.mark.parametrize("grammar", GRAMMARS, ids=lambda one: f"{one.width}{one.longest_line}")
@pytest.mark.parametrize("seed", range(3))
def test_entries_are_those_of_a_reader_by_character(grammar: LineGrammar, seed: int) -> None:
    random = Random(seed)
    words = " ".join(["10.0.0.0/8", "block", "x"][: grammar.width])
    original = f"# a comment\n{words}\n\n  {words}\t\n{words} # why\n#\n{words}"
    if not grammar.comments_anywhere:
        original = original.replace(" # why", "")
    refused = 0
    for _ in range(ROUNDS):
        text = Text("x", spoilt(original, random) if random.random() < 0.8 else original)
        wanted = entries(grammar, text.text)
        if isinstance(wanted, int):
            refused += 1
            with pytest.raises(SourceSyntaxError) as found:
                grammar.read(text)
            assert found.value.at
            assert found.value.at.line == wanted
            continue
        lines = grammar.read(text)
        assert [*map(list, zip(*columns_of(lines), strict=True))] == [words for _, words in wanted]
        for at, (number, words_there) in enumerate(wanted):
            place = lines.error(at, "").at
            assert place
            assert place.line == number
            assert place.text[place.column - 1 :].startswith(words_there[0])
    assert ROUNDS // 20 < refused < ROUNDS
