"""Texts and files know where they are, and which lines are too long for a program."""

import pytest

from blockc.addresses import FAMILIES, V4, V6, Family, plain_text
from blockc.errors import SourceSyntaxError
from blockc.targets.syntax.tokens import ArtifactFile, Text
from tests.support.refusals import refused, told

TEXT = Text("x.conf", "\none\ntwo three\n")


@pytest.mark.parametrize(
    ("at", "place", "line"),
    [
        (0, "1:1", ""),
        (1, "2:1", "one"),
        (3, "2:3", "one"),
        (4, "2:4", "one"),
        (5, "3:1", "two three"),
        (9, "3:5", "two three"),
        (15, "4:1", ""),
    ],
)
def test_an_error_shows_the_line_it_is_about_and_the_column(at: int, place: str, line: str) -> None:
    error = TEXT.error("what is wrong", at)
    assert told(error) == f"{place}+1 what is wrong"
    assert error.at
    assert (error.at.path, error.at.text) == ("x.conf", line)
    assert told(TEXT.error("", at, 5)) == f"{place}+5 "
    assert told(TEXT.error("", at, 0)) == f"{place}+1 "


def test_an_error_may_say_what_to_do() -> None:
    error = TEXT.error("what is wrong", 5, hint="what to do")
    assert str(error) == "x.conf:3:1: what is wrong; what to do\n    two three\n    ^"
    assert TEXT.error("", 5).hint == ""


def test_a_first_line_without_an_end_is_a_line() -> None:
    error = Text("x", "ab").error("", 1)
    assert error.at
    assert (error.at.line, error.at.column, error.at.text) == (1, 2, "ab")


@pytest.mark.parametrize(
    ("text", "longest", "place"),
    [
        ("12345\n123456\n1234567", 5, "2:1"),
        ("12345\n123456\n1234567", 6, "3:1"),
        ("12345\n123456\n1234567", 7, ""),
        ("12345\n123456\n1234567", 0, ""),
        ("", 1, ""),
        ("a b\n\n123456", 5, "3:1"),
        ("ä\nää\n1234", 3, "2:1"),  # two bytes each
        ("a\n\ud800\n1234", 3, "3:1"),  # half of a pair is three bytes to `surrogatepass`
        ("a\n\ud800\n123", 2, "2:1"),
    ],
)
def test_lines_are_measured_in_bytes(text: str, longest: int, place: str) -> None:
    if place:
        wrong = refused(Text("x", text).require_lines, longest, "which is a pity")
        assert wrong == f"{place}+1 longer than {longest} bytes, which is a pity"
    else:
        Text("x", text).require_lines(longest, "which is a pity")


@pytest.mark.parametrize("size", [1, 3, 8])
def test_a_line_that_is_too_long_is_found_however_far_down_it_is(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_text, "_BATCH", size)
    for above in range(9):
        text = Text("x", "ab\nä\n\n"[: above % 3 * 3] + "ab\n" * above + "12345\nab\n123456\n")
        line = text.text[: text.text.index("1")].count("\n") + 1
        assert refused(text.require_lines, 4, "why") == f"{line}:1+1 longer than 4 bytes, why"


TWO_IN_ONE = "a program takes the next line for a part of this"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a\nb\\\nc\n", "2:2"),
        ("a \\\r\nc\n", "1:3"),
        ("# a\\\nb\n", "1:4"),  # what follows is part of the comment, and blocks nobody
        ("a\\\n# b\n", "1:2"),
        ("#a\\\n#b\\\nc\n", "2:3"),
        (" #a\\\n#b\n", "1:4"),
        ("#a\n#b\nc\\\n#d\n", "3:2"),
        ("\n#a\\\n #b\n", "2:3"),
        ("a\\\n\\\n", "1:2"),
        ("#a\\\n#b\n", ""),
        ("\n#a\\\n#b\\\r\n#c\nd\n", ""),
        ("a\\b\n\\ \nc\\", ""),
    ],
)
def test_a_line_that_goes_on_in_the_next_is_refused_unless_both_are_comments(
    text: str, place: str
) -> None:
    if place:
        wrong = refused(Text("x", text).require_ended_lines, "a program")
        assert wrong == f"{place}+1 {TWO_IN_ONE}"
    else:
        Text("x", text).require_ended_lines("a program")


def test_a_limit_is_told_with_its_thousands_parted() -> None:
    wrong = refused(Text("x", "x" * 1025).require_lines, 1024, "why")
    assert wrong == "1:1+1 longer than 1,024 bytes, why"


@pytest.mark.parametrize("families", [FAMILIES, (V4,), (V6,)])
def test_a_text_and_its_file_say_the_same(families: tuple[Family, ...]) -> None:
    text = Text("x.conf", "a ä 😀\n", families)
    file = text.encoded()
    assert file == ArtifactFile("x.conf", "a ä 😀\n".encode(), families)
    assert file.decoded() == text


def test_half_of_a_surrogate_pair_is_not_written() -> None:
    with pytest.raises(UnicodeEncodeError):
        Text("x", "\ud800").encoded()


@pytest.mark.parametrize(("data", "line"), [(b"\xff\n\n", 1), (b"a\nb\n\xc3\n", 3), (b"\n\xe9", 2)])
def test_bytes_that_are_not_utf_8_are_refused_with_their_line(data: bytes, line: int) -> None:
    file = ArtifactFile("x.conf", data)
    assert refused(file.decoded) == f"{line}:0+1 not UTF-8 text"
    with pytest.raises(SourceSyntaxError, match=r"x\.conf:\d: not"):
        file.decoded()


def test_an_error_about_a_file_without_lines_counts_bytes() -> None:
    error = ArtifactFile("x.mmdb", b"").error("what is wrong", 1234)
    assert str(error) == "x.mmdb: byte 1,234: what is wrong"
