"""Tables of cells: what is a row, and where what is wrong stands."""

import pytest

from blockc.addresses import plain_text
from blockc.errors import SourceSyntaxError
from blockc.targets.syntax.delimited import DelimitedGrammar
from blockc.targets.syntax.tokens import Text
from tests.support.memory import growth
from tests.support.refusals import refused, told

CSV = DelimitedGrammar("a program", 2)
ODD = "a character that a program may not take"
REMARKED = DelimitedGrammar("a program", 2, comment="#")


@pytest.fixture(params=[1, 5, 1 << 17], autouse=True)
def _batches(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_text, "_BATCH", request.param)


@pytest.mark.parametrize("piece", ["{}\n", "\n", "a\n", "a,b,c\n", "a,b\na\n", '""\n'])
@pytest.mark.parametrize("grammar", [CSV, REMARKED], ids=["csv", "with comments"])
def test_a_file_of_odd_lines_takes_little_memory(
    grammar: DelimitedGrammar, piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_text, "_BATCH", 1 << 11)
    assert growth(lambda text: grammar.read(Text("x", text)), piece) < 20


def test_cells_are_returned_by_column_from_a_row_on() -> None:
    table = CSV.read(Text("x", "a,b\nc,\n"))
    assert table.columns() == (["a", "c"], ["b", ""])
    assert table.columns(1) == (["c"], [""])
    assert table.columns(2) == ([], [])
    assert CSV.read(Text("x", "")).columns() == ([], [])


def test_comments_are_no_rows_where_there_are_comments() -> None:
    table = REMARKED.read(Text("x", '# é, "\na,b\n#\nc,d\n'))
    assert table.columns() == (["a", "c"], ["b", "d"])
    error = table.error(1, "wrong").at
    assert error
    assert (error.line, error.column, error.text) == (4, 1, "c,d")
    with pytest.raises(SourceSyntaxError, match="expected 2 cells"):
        CSV.read(Text("x", "# a\na,b\n"))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("a,b\nc,d", "2:4+1 the last line has no end"),
        ("a,b\n\n", "2:1+1 expected 2 cells"),
        ("a,b\nc\n", "2:1+1 expected 2 cells"),
        ("a,b\nc,d,e\n", "2:1+5 expected 2 cells"),
        ("a,b\n" * 5 + "cde\n", "6:1+3 expected 2 cells"),
        ("a,b\r\n", f"1:1+4 {ODD}"),
        ('a,b\n"c",d\n', f"2:1+5 {ODD}"),
        ("a,b\nc,\t\n", f"2:1+3 {ODD}"),
        ("a,é\n", f"1:1+3 {ODD}"),
        ("a,b\n" * 5 + "c,'\n", f"6:1+3 {ODD}"),
    ],
)
def test_what_programs_read_differently_is_refused(text: str, wrong: str) -> None:
    assert refused(CSV.read, Text("x", text)) == wrong


def test_a_column_of_one_value_says_it_once() -> None:
    table = CSV.read(Text("x", "a,b\na,c\n"))
    first, second = table.columns()
    (said,) = table.one_value("letter", first)
    assert (said.what, said.value, said.path) == ("letter", "a", "x")
    assert told(said.error("why")) == "1:1+3 why"
    assert table.one_value("letter", []) == []
    assert refused(table.one_value, "letter", second) == "2:1+3 another letter than 'b'"


def test_a_column_below_a_head_is_told_with_its_lines() -> None:
    table = CSV.read(Text("x", "head,h\na,b\nc,b\ndd,bb\n"))
    first, second = table.columns(1)
    assert refused(table.one_value, "letter", first, 1) == "3:1+3 another letter than 'a'"
    assert refused(table.one_value, "letter", second, 1) == "4:1+5 another letter than 'b'"
    (said,) = table.one_value("letter", second[:2], 1)
    assert told(said.error("why")) == "2:1+3 why"
