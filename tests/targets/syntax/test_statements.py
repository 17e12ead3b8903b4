"""Words of a block found at once are those found one by one, and each knows its place."""

import re
from random import Random

import pytest

from blockc.errors import SourceSyntaxError
from blockc.targets.core.target import Target
from blockc.targets.kernel.nft_file import NFT
from blockc.targets.kernel.nftables import NFTABLES
from blockc.targets.syntax.statements import LINE_END, StatementGrammar, Statements, Words
from blockc.targets.syntax.tokens import Text
from blockc.targets.web.apache import read_apache
from blockc.targets.web.caddy import CADDY, CADDYFILE
from blockc.targets.web.nginx_geo import NGINX, NGINX_GEO
from tests.support.counting import calls_of
from tests.support.refusals import refused, told
from tests.support.spoilt import spoilt
from tests.targets.artifacts import scattered, written

LANGUAGES = [(NGINX, NGINX_GEO), (NFT, NFTABLES), (CADDYFILE, CADDY)]


def blocks(grammar: StatementGrammar, text: Text) -> list[Words] | str:
    """Return what is between braces, or why that cannot be read."""
    found = []
    try:
        source = grammar.read(text)
        while source.word:
            if source.step() == "{":
                found.append(source.block())
    except SourceSyntaxError as refused:
        return str(refused)
    return found


def is_at(words: Words, index: int) -> bool:
    """Return whether an error about a word points at it in the text."""
    place = words.error(index, "").at
    assert place
    shown = place.text[place.column - 1 :]
    return shown.startswith(words.words[index]) if words.words[index] != LINE_END else shown == ""


@pytest.mark.parametrize(("grammar", "target"), LANGUAGES, ids=lambda one: getattr(one, "name", ""))
@pytest.mark.parametrize("seed", range(8))
def test_words_found_at_once_are_those_found_one_by_one(
    grammar: StatementGrammar, target: Target, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(seed)
    original = written(target, scattered(random, 5))[0].decoded().text
    at_once = 0
    for _ in range(60):
        text = Text("x", spoilt(original, random) if random.random() < 0.9 else original)
        found = blocks(grammar, text)
        with monkeypatch.context() as slowly:
            slowly.setattr(Statements, "_quickly", lambda *_, **__: None)
            wanted = blocks(grammar, text)
        if isinstance(found, str) or isinstance(wanted, str):
            assert found == wanted
            continue
        assert [one.words for one in found] == [one.words for one in wanted]
        assert [one.begin for one in found] == [one.begin for one in wanted]
        at_once += bool(found)
        for words in found:
            assert all(is_at(words, index) for index in range(len(words.words)))
    assert at_once > 10


def items(text: str) -> Words:
    """Return the items of a list in nft's language."""
    source = NFT.read(Text("x", text))
    source.expect("{")
    return source.items(",", "expected items")


@pytest.mark.parametrize(
    "text", ["{ a, b }", "{a,b,}", "{\na\n,,\n b , , # c }\n}", "{a,\n# c\n b}"]
)
def test_items_have_a_mark_between_them_or_several(text: str) -> None:
    found = items(text)
    assert found.words == ["a", "b"]
    assert all(is_at(found, index) for index in range(2))


@pytest.mark.parametrize("text", ["{ }", "{ , a }", "{ a b }", "{ a, b", "{a,\n\nb}"])
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(
        SourceSyntaxError, match=r"expected (items|no empty line|`}`, the text ends here)"
    ):
        items(text)


@pytest.mark.parametrize("grammar", [grammar for grammar, _ in LANGUAGES])
def test_a_character_that_no_program_takes_is_refused_with_its_place(
    grammar: StatementGrammar,
) -> None:
    with pytest.raises(SourceSyntaxError, match="may not take") as refused:
        grammar.read(Text("x", "a\n b\0"))
    assert refused.value.at
    assert (refused.value.at.line, refused.value.at.column) == (2, 3)


WORD = re.compile(r"[ \t]*+(?:#[^\n]*+|(\n|[{};,]|[^ \t\n{};,#]++))")
LINES = StatementGrammar(
    "a program", WORD, ends=(LINE_END, ";"), marks="{};,", odd="#", longest_line=40
)
BLOCKS = StatementGrammar(
    "a program", re.compile(r"[ \t\n]*+(?:#[^\n]*+|([{};,]|[^ \t\n{};,#]++))"), (";",), "{};,", "#"
)  # fmt: skip


# A brace is a word only where it stands alone.
BARE = StatementGrammar(
    "a program", re.compile(r"[ \t\n]*+(?:#[^\n]*+|([^ \t\n#]++))"), (";",), "", "#"
)  # fmt: skip


def source(text: str, grammar: StatementGrammar = LINES) -> Statements:
    """Return a reader at the beginning of a text."""
    return grammar.read(Text("x", text))


def test_words_are_stepped_over_one_by_one() -> None:
    words = source(" a # b\n\tc;\n")
    assert [words.step() for _ in range(6)] == ["a", LINE_END, "c", ";", LINE_END, ""]
    assert (words.step(), words.word, words.at) == ("", "", 11)
    assert told(words.error("why")) == "3:1+1 why, the text ends here"


def test_the_next_word_is_known_with_its_place() -> None:
    words = source("a\n  bcd # e\n")
    words.expect("a", LINE_END)
    assert (words.word, words.at) == ("bcd", 4)
    assert told(words.error("why")) == "2:3+3 why"
    said = words.found("name")
    assert (said.what, said.value, said.path) == ("name", "bcd", "x")
    assert told(said.error("why")) == "2:3+3 why"
    assert words.found("name", 0).value == 0


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("a c", "1:3+1 expected 'b', found 'c'"),
        ("a\n", "1:2+1 expected 'b', found the end of the line"),
        ("a", "1:2+1 expected 'b', found '', the text ends here"),
        ("a b c", "1:5+1 expected the end of the line, found 'c'"),
    ],
)
def test_words_that_are_expected_are_asked_for_by_name(text: str, wrong: str) -> None:
    assert refused(source(text).expect, "a", "b", LINE_END) == wrong


def test_a_word_that_matches_is_taken() -> None:
    words = source("12 a")
    assert words.take(re.compile(r"\d+"), "a number") == "12"
    assert refused(words.take, re.compile(r"\d+"), "a number") == "1:4+1 expected a number"
    assert refused(source("12x").take, re.compile(r"\d+"), "a number") == "1:1+3 expected a number"


def test_ends_of_statements_are_stepped_over() -> None:
    words = source(";\n;a\n\n")
    words.skip_ends()
    assert words.step() == "a"
    words.end()
    assert words.word == ""
    assert refused(source("a").end) == "1:1+1 expected the end of the statement"
    assert refused(source("").end) == "1:1+1 expected the end of the statement, the text ends here"


def test_a_statement_goes_to_its_end() -> None:
    words = source("a b c;;\nd\ne {")
    first = words.statement()
    assert (first.words, first.begin, words.word) == (["a", "b", "c"], 0, "d")
    second = words.statement()
    assert (second.words, second.begin, words.word) == (["d"], 8, "e")
    assert told(first.error(1, "why")) == "1:3+1 why"
    assert told(first.error(3, "why")) == "1:6+1 why"  # what comes next
    assert refused(words.statement) == "3:3+1 expected the end of the statement"
    assert refused(source("e }").statement) == "1:3+1 expected the end of the statement"
    assert refused(source("e").statement).startswith("1:2+1 expected the end of the statement, the")


def test_a_line_goes_to_its_end_or_that_of_the_text() -> None:
    words = source(" a {; }\nb")
    assert (words.line().words, words.word) == (["a", "{", ";", "}"], LINE_END)
    assert words.line().words == []
    words.step()
    last = words.line()
    assert (last.words, last.begin, words.word) == (["b"], 8, "")
    assert told(last.error(0, "why")) == "2:1+1 why"
    assert told(last.error(1, "why")) == "2:2+1 why"  # behind the text


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a b\nc }", [["a", "b"], ["c"]]),
        ("\na b\n\nc d\n}", [[], ["a", "b"], [], ["c", "d"]]),
        ("}", []),
        ("a }", [["a"]]),
    ],
)
def test_a_block_is_cut_into_lines(text: str, lines: list[list[str]]) -> None:
    assert [*source(text).block().lines()] == lines


@pytest.mark.parametrize("slowly", ["", "# a comment\n"])
def test_a_block_is_read_as_columns(slowly: str) -> None:
    words = source(f"{slowly}a 1;\nb\t2;c 3;}} d", BLOCKS)
    block = words.block()
    assert block.rows(2, ";", str) == [["a", "b", "c"], ["1", "2", "3"]]
    assert block.words == ["a", "1", ";", "b", "2", ";", "c", "3", ";"]
    assert words.step() == "}"
    assert words.word == "d"
    shift = slowly.count("\n")
    assert told(block.error(3, "why")) == f"{2 + shift}:1+1 why"
    assert told(block.error(9, "why")) == f"{2 + shift}:9+1 why"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("a 1; b 2 3; c 4; }", "1:6+1 not 'b'"),
        ("a 1; b; c 4; }", "1:6+1 not 'b'"),
        ("a 1; b 2; c 4 }", "1:11+1 not 'c'"),
        ("a 1; b }", "1:6+1 not 'b'"),
        ("a 1 2; }", "1:1+1 not 'a'"),
        ("a 1; b 2; c 3; ; }", "1:16+1 not ';'"),
    ],
)
def test_a_row_with_more_or_fewer_words_is_refused(text: str, wrong: str) -> None:
    block = source(text, BLOCKS).block()
    assert refused(block.rows, 2, ";", lambda word: f"not {word!r}") == wrong


@pytest.mark.parametrize(
    ("grammar", "text", "words"),
    [
        (BLOCKS, "a{b}", ["a", "{", "b"]),
        (BLOCKS, "\n\na\nb\n}", ["a", "b"]),
        (BLOCKS, "a\n# }\nb}", ["a", "b"]),
        (BLOCKS, "a\x0bb c}", ["a\x0bb", "c"]),
        (BLOCKS, "a\u2028b c}", ["a\u2028b", "c"]),
        (BLOCKS, "a;b,c}", ["a", ";", "b", ",", "c"]),
        (LINES, "a\n\nb\n}", ["a", LINE_END, LINE_END, "b", LINE_END]),
        (LINES, "a # }\nb\n}", ["a", LINE_END, "b", LINE_END]),
        (LINES, "}", []),
    ],
)
def test_a_block_goes_to_the_next_brace(
    grammar: StatementGrammar, text: str, words: list[str]
) -> None:
    reader = source(text, grammar)
    block = reader.block()
    assert block.words == words
    assert reader.word == "}"
    assert reader.at == text.rindex("}")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("a b", "1:4+1 expected `}`, the text ends here"),
        ("a # }", "1:6+1 expected `}`, the text ends here"),
    ],
)
def test_a_block_has_an_end(text: str, wrong: str) -> None:
    assert refused(source(text).block) == wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("}", "1:1+1 expected items"),
        (",}", "1:1+1 expected items"),
        ("\n, a}", "2:1+1 expected items"),
        ("a b}", "1:3+1 expected items"),
        ("a, b c, d}", "1:6+1 expected items"),
        ("a,\nb\nc}", "3:1+1 expected items"),
        ("a,\n\nb}", "2:1+1 expected no empty line in a list"),
        ("a,\n \t\n b}", "2:3+1 expected no empty line in a list"),
        ("a,\n b, {", "2:6+1 expected `}`, the text ends here"),
        ("a; b}", "1:2+1 expected items"),
    ],
)
def test_what_is_no_list_is_refused_where_it_is_none(text: str, wrong: str) -> None:
    assert refused(source(text).items, ",", "expected items") == wrong


@pytest.mark.parametrize("text", ["a,\n bc ,d}", "\na,,bc\n,# e\n d ,\n}", "a,bc,\nd,}"])
def test_items_of_a_list_know_their_places(text: str) -> None:
    reader = source(text)
    found = reader.items(",", "expected items")
    assert found.words == ["a", "bc", "d"]
    assert reader.word == "}"
    assert found.begin == 0
    width = told(found.error(1, "why")).partition(" ")[0][-1]
    assert width == "2"
    assert is_at(found, 0)
    assert is_at(found, 1)
    assert is_at(found, 2)
    assert told(found.error(3, "why")).endswith("+1 why")


def test_a_line_that_is_too_long_is_refused() -> None:
    wrong = refused(source, "a\n" + "b" * 41)
    assert wrong == "2:1+1 longer than 40 bytes, a program does not take it whole"
    assert refused(source, "a\n b\0").startswith("2:3+1 a character that a program may not take")
    assert source("b" * 40).word == "b" * 40
    assert source("b" * 400, BLOCKS).word == "b" * 400


def test_each_block_ends_at_its_own_brace() -> None:
    words = source("{ a } { b c }")
    for expected in (["a"], ["b", "c"]):
        words.expect("{")
        assert words.block().words == expected
        words.expect("}")
    assert words.word == ""


def test_ends_of_lines_that_end_no_statement_are_no_words_of_a_block() -> None:
    block = source("a\nb;\n}", StatementGrammar("a program", WORD, (";",), "{};,", "#")).block()
    assert block.words == ["a", "b", ";"]
    assert told(block.error(1, "why")) == "2:1+1 why"


def test_the_first_character_that_no_program_takes_is_told() -> None:
    wrong = refused(source, "a\n b\0\0")
    assert wrong == "2:3+1 a character that a program may not take"


def test_a_block_that_has_no_brace_of_its_own_has_no_end() -> None:
    words = source("} b c")
    words.expect("}")
    assert refused(words.block) == "1:6+1 expected `}`, the text ends here"


def test_a_brace_at_the_end_of_a_word_ends_no_block() -> None:
    words = source("aX} b\n}", BARE)
    assert (words.block().words, words.at) == (["aX}", "b"], 6)


def test_the_words_of_a_plain_block_are_found_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    words = source("a 1;\n" * 100 + "}", BLOCKS)
    asked = []

    def find(at: int) -> tuple[str, int, int]:
        asked.append(at)
        return Statements._next(words, at)

    monkeypatch.setattr(words, "_next", find)
    assert words.block().words == ["a", "1", ";"] * 100
    assert len(asked) == 2  # whether the brace is a word, and the brace


def test_very_many_ends_are_stepped_over_at_once() -> None:
    for grammar, ends in ((NGINX, ";"), (NFT, "\n;"), (CADDYFILE, "\n")):
        source = grammar.read(Text("f", f"{ends * 1_000}XX {ends * 1_000}b"))
        assert calls_of(source.skip_ends) < 100
        assert source.statement().words == ["XX"]
        assert (source.word, source.at) == ("b", len(source.text.text) - 1)


def test_an_error_about_one_of_many_lines_of_apache_points_at_it() -> None:
    text = "# x\nRequire not ip 192.0.2.0/24\nRequire not ip 198.51.100.7 198.51.100.300\n"
    with pytest.raises(SourceSyntaxError) as caught:
        read_apache(Text("f", text))
    at = caught.value.at
    assert at
    assert (at.line, at.text[at.column - 1 :]) == (3, "198.51.100.300")
