"""Words of a block found at once are those found one by one, and each knows its place."""

from random import Random

import pytest

from blockc.errors import SourceSyntaxError
from blockc.targets.core.target import Target
from blockc.targets.kernel.nft_file import NFT
from blockc.targets.kernel.nftables import NFTABLES
from blockc.targets.syntax.statements import LINE_END, StatementGrammar, Statements, Words
from blockc.targets.syntax.tokens import Text
from blockc.targets.web.caddy import CADDY, CADDYFILE
from blockc.targets.web.nginx_geo import NGINX, NGINX_GEO
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
