"""Files of commands: which lines are commands, what their words are, and where each stands."""

import re

import pytest

from blockc.addresses import plain_text
from blockc.targets.syntax.commands import Command, CommandGrammar, Commands, Run
from blockc.targets.syntax.tokens import Text
from tests.support.refusals import refused, told

WORD = re.compile(r"[^ \t]+")
INDENTED = CommandGrammar("ipset", WORD, longest_line=30, comments_indented=True)
FLUSH = CommandGrammar("iptables", WORD, longest_line=30)

TEXT = """# a comment

create a
add a 1.1.1.1
add a 1.1.1.2
 add a 1.1.1.3
add\ta 1.1.1.4
add a 1.1.1.5

add a 1.1.1.6
addition
add a 1.1.1.7
add b  1.1.1.8
add a 1.1.1.9"""


def commands(text: str, grammar: CommandGrammar = INDENTED) -> Commands:
    """Return the commands of a text."""
    return grammar.read(Text("x", text))


def test_commands_are_lines_that_are_neither_blank_nor_comments() -> None:
    found = list(commands("# a\n\n \t \n  # b\ncreate a\tb \n\t add c\n#"))
    assert [(one.line, one.words) for one in found] == [
        (4, ["create", "a", "b"]),
        (5, ["add", "c"]),
    ]
    assert [one.content for one in found] == ["create a\tb ", "\t add c"]


def test_a_comment_may_be_indented_to_some_programs_alone() -> None:
    assert list(commands(" # a\n\t#\n#")) == []
    found = list(commands(" # a\n\t#\n#\n\n ", FLUSH))
    assert [one.words for one in found] == [["#", "a"], ["#"], []]


@pytest.mark.parametrize(
    ("text", "grammar", "wrong"),
    [
        ("# ä\u2028\n  # é\nadd", INDENTED, ""),
        ("# \x01é\nadd\t~", FLUSH, ""),
        ("a\n # \x01\nadd", FLUSH, "2:4+1"),
        ("# a\nb\n add é\nö", INDENTED, "3:6+1"),
        ("a\n\n  # é\na\x1fb", INDENTED, "4:2+1"),
        ("a b\r\n", INDENTED, "1:4+1"),
        ("\t\x7f", FLUSH, "1:2+1"),
        ("\x00", FLUSH, "1:1+1"),
        ("a\n\r# b", INDENTED, "2:1+1"),
        ("X # \ud800", INDENTED, "1:5+1"),
        ("# \ud800\nX", INDENTED, ""),
    ],
)
def test_a_command_is_printable_ascii_and_a_comment_is_anything(
    text: str, grammar: CommandGrammar, wrong: str
) -> None:
    if wrong:
        told_of = f"{wrong} a command holds a character {grammar.program} does not take"
        assert refused(commands, text, grammar) == told_of
    else:
        assert len(list(commands(text, grammar))) == 1


def test_a_longer_line_is_two_to_the_program_and_refused() -> None:
    assert list(commands("#" + "x" * 29)) == []
    wrong = refused(commands, "a\n#" + "x" * 30, FLUSH)
    assert wrong == "2:1+1 longer than 30 bytes, iptables cuts it in two"


def test_commands_that_follow_one_another_are_a_run() -> None:
    found = list(commands(TEXT).runs("add"))
    runs = [(one.begin, one.lines) for one in found if isinstance(one, Run)]
    assert runs == [
        (3, ["add a 1.1.1.1", "add a 1.1.1.2"]),
        (11, ["add a 1.1.1.7", "add b  1.1.1.8", "add a 1.1.1.9"]),
    ]
    single = [(one.line, one.words[-1]) for one in found if isinstance(one, Command)]
    assert single == [
        (2, "a"), (5, "1.1.1.3"), (6, "1.1.1.4"), (7, "1.1.1.5"), (9, "1.1.1.6"), (10, "addition"),
    ]  # fmt: skip
    order = [one.begin if isinstance(one, Run) else one.line for one in found]
    assert order == sorted(order)


def test_a_text_may_begin_with_a_run_and_end_behind_it() -> None:
    (run, last) = commands("add a\nadd b\n# c\n\nflush\n").runs("add")
    assert isinstance(run, Run)
    assert isinstance(last, Command)
    assert (run.begin, run.lines, last.line, last.words) == (0, ["add a", "add b"], 4, ["flush"])
    assert list(commands("").runs("add")) == []
    *_, alone = commands("add a\nflush\nadd b").runs("add")
    assert isinstance(alone, Command)
    assert (alone.line, alone.words) == (2, ["add", "b"])


def test_a_run_of_a_long_text_comes_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_text, "_BATCH", 20)
    found = list(commands(TEXT).runs("add"))
    lines = [line for one in found if isinstance(one, Run) for line in one.commands()]
    every = lines + [one for one in found if isinstance(one, Command)]
    assert len(lines) < len(every)
    assert sorted((one.line, one.content) for one in every) == [
        (line, content)
        for line, content in enumerate(TEXT.split("\n"))
        if content[:1] not in {"", "#"}
    ]
    assert [one.line for one in commands(TEXT)] == sorted(one.line for one in every)


def test_what_follows_the_same_beginning_is_found_at_once() -> None:
    *_, run = commands(TEXT).runs("add")
    assert isinstance(run, Run)
    assert run.after("add ") == ["a 1.1.1.7", "b  1.1.1.8", "a 1.1.1.9"]
    assert run.after("add a ") is None
    assert [(one.line, one.words) for one in run.commands()] == [
        (11, ["add", "a", "1.1.1.7"]),
        (12, ["add", "b", "1.1.1.8"]),
        (13, ["add", "a", "1.1.1.9"]),
    ]
    assert told(next(run.commands()).error("why", 2)) == "12:7+7 why"


@pytest.mark.parametrize(
    ("line", "word", "place"),
    [
        (2, None, "3:1+8"),
        (2, 0, "3:2+1"),
        (2, 1, "3:5+3"),
        (2, 7, "3:5+3"),  # a word that is missing: the last one is next to where it should be
        (1, None, "2:1+1"),
        (3, None, "4:1+2"),
        (3, 0, "4:1+1"),
    ],
)
def test_an_error_is_about_a_line_or_a_word_of_it(line: int, word: int | None, place: str) -> None:
    text = "first\n\n a  bcd \nx "
    source = commands(text)
    assert told(source.error("why", line, word)) == f"{place} why"
    assert told(source.command(line, text.split("\n")[line]).error("why", word)) == f"{place} why"


def test_an_error_about_the_end_is_behind_the_last_character() -> None:
    assert told(commands("a\nbc").end_error("why")) == "2:3+1 why"


def test_what_a_word_says_knows_its_place() -> None:
    (command,) = commands("# a\ncreate b c")
    said = command.found("set", 1)
    assert (said.what, said.value, said.path) == ("set", "b", "x")
    assert told(said.error("why")) == "2:8+1 why"
    assert command.found("set", 2, {"b": 1}).value == {"b": 1}
    assert told(command.found("set", 2, 0).error("why")) == "2:10+1 why"
