"""A policy full of mistakes is refused soon, for the price of reading it."""

import pytest

from blockc.errors import Mistakes
from blockc.tomlio import tables
from blockc.tomlio.tables import MAX_DEPTH, MOST_MISTAKES
from tests.policy.toy import parsed
from tests.support.counting import calls_of


def mistakes_of(text: str) -> Mistakes:
    """Return all that is said to be wrong with a policy."""
    with pytest.raises(Mistakes) as caught:
        parsed(text)
    return caught.value


def keys(count: int) -> str:
    """Return a policy with so many keys that no policy has."""
    return "".join(f"key{n} = 1\n" for n in range(count))


@pytest.mark.parametrize("count", [MOST_MISTAKES, 3 * MOST_MISTAKES])
def test_the_first_of_very_many_mistakes_are_told_and_that_there_are_more(count: int) -> None:
    found = mistakes_of(keys(count)).errors

    assert len(found) == MOST_MISTAKES + 1
    assert [one.at.line for one in found[:-1] if one.at] == [*range(2, MOST_MISTAKES + 2)]
    end = f"there may be more than these {MOST_MISTAKES} mistakes, the check ends here"
    assert str(found[-1]) == f"etc/blockc.toml: {end}"


def test_a_few_mistakes_are_all_told() -> None:
    found = mistakes_of(keys(MOST_MISTAKES - 1)).errors
    assert len(found) == MOST_MISTAKES - 1
    assert "check ends" not in str(found[-1])


def test_ten_times_the_mistakes_take_at_most_ten_times_the_work() -> None:
    few, many = keys(2000), keys(20_000)
    assert calls_of(lambda: mistakes_of(many)) < 11 * calls_of(lambda: mistakes_of(few))


@pytest.mark.parametrize("before", ["", "[", "[[", "x = [{ ", "x = { y = 1, ", " \t"])
@pytest.mark.parametrize("part", ["a", '"a.b"', "'a'", "a-1_B"])
def test_a_key_of_very_many_parts_is_refused_unread(
    before: str, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    monkeypatch.setattr("tomllib.loads", read.append)
    text = f"{before}{' . '.join([part] * 20_000)}"

    assert str(mistakes_of(text)).startswith(
        "etc/blockc.toml:2: nested too deeply, a key of more than 30 parts\n"
    )
    assert not read


@pytest.mark.parametrize(
    "text",
    [
        f"a = '{'x.' * 100}'",
        f"# {'x.' * 100}",
        f"a = [1.5, {'1.5, ' * 100}]",
        f"{'x.' * (MAX_DEPTH - 1)}x = 1",
    ],
)
def test_other_texts_with_many_dots_are_read(text: str) -> None:
    assert "parts" not in str(mistakes_of(f"{text}\nunknown = 1\n"))


def test_mistakes_in_one_line_share_it() -> None:
    found = mistakes_of(f"[list.a]\nblock = [{', '.join(f'{n}' for n in range(200))}]\n")
    assert len({id(one.at.text) for one in found.errors if one.at and one.at.line}) == 1


def test_fifty_thousand_entries_are_read_and_no_more() -> None:
    text = "[list.a]\nblock = ['DE'{}]\n".format
    parsed(text(", 'DE'" * 49_990))
    assert "values, lists and tables" in str(mistakes_of(text(", 'DE'" * 50_000)))


LONG_LIST = """[list.a]
block = ["192.0.2.0/24", '192.0.2.0/33', "CN"]
[[output]]
path = "b"
target = "plain"
list = "b"
[list.c]
blok = ["CN"]
"""


@pytest.mark.parametrize("most", [0, 20_000])
def test_mistakes_of_a_file_that_is_very_long_have_the_places_of_their_words(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MOST_PLACED", most)
    found = [error.at for error in mistakes_of(LONG_LIST).errors if error.at]
    places = {(at.line, at.column, at.width) for at in found}
    assert {(3, 26, 14), (7, 8, 3), (9, 1, 4)} <= places


def test_a_word_that_is_twice_in_a_very_long_file_has_no_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tables, "MOST_PLACED", 20)
    assert str(mistakes_of(keys(3))).startswith("etc/blockc.toml:2:1: unknown key 'key0'")
    assert str(mistakes_of(keys(30))).startswith("etc/blockc.toml:2:1: unknown key 'key0'")
    twice = f"{keys(30)}[a]\nkey0 = 1\n"
    assert str(mistakes_of(twice)).startswith("etc/blockc.toml: unknown key 'key0'")


def test_a_file_that_is_too_long_is_refused_before_it_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text, most = keys(3), len("version = 1\n" + keys(3))
    monkeypatch.setattr(tables, "MAX_CHARACTERS", most)
    assert "unknown key" in str(mistakes_of(text))
    monkeypatch.setattr("tomllib.loads", lambda _: pytest.fail("it was read"))
    said = f"etc/blockc.toml: {most + 1:,} characters, expected at most {most:,}"
    assert str(mistakes_of(f"{text}#")).startswith(said)


@pytest.mark.parametrize(
    ("limit", "piece", "said"),
    [
        ("MAX_TABLES", "[list.a{}]\nbock = ['DE']\n", "4 tables, expected at most 3"),
        ("MAX_TABLES", " [[output]]\npath = '{}'\n", "4 tables, expected at most 3"),
    ],
)
def test_a_file_of_too_many_tables_is_refused_before_it_is_read(
    limit: str, piece: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusal(count: int) -> str:
        return str(mistakes_of("".join(map(piece.format, range(count)))))

    monkeypatch.setattr(tables, limit, 3)
    assert "expected at most" not in refusal(2)
    monkeypatch.setattr("tomllib.loads", lambda _: pytest.fail("it was read"))
    assert refusal(4).startswith(f"etc/blockc.toml: {said}; put parts of it into other files")


@pytest.mark.parametrize("piece", ["1,", "[],", "{},", "'',"])
def test_a_file_of_hardly_anything_but_marks_is_refused_before_it_is_read(
    piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MAX_VALUES", 10_100)
    assert "'a'" in str(mistakes_of(f"a = [{piece * 5_000}]"))
    assert "'a'" in str(mistakes_of("a = [" + "'192.0.2.0/24', " * 10_000 + "]"))
    monkeypatch.setattr("tomllib.loads", lambda _: pytest.fail("it was read"))
    said = str(mistakes_of(f"a = [{piece * 10_100}]"))
    assert "values, lists and tables, expected at most 10,100" in said
    assert "file:PATH" in said


def test_a_large_policy_is_read() -> None:
    lists = "".join(f"[list.a{n}]\nblock = ['DE', '192.0.2.0/24']\n" for n in range(50))
    outputs = "".join(
        f"[[output]]\ntarget = 'plain'\npath = 'a/{n}.txt'\nlist = 'a{n % 50}'\n"
        for n in range(1_000)
    )
    assert len(parsed(lists + outputs).outputs) == 1_000
