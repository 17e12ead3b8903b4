"""Tables of cells: what is a row, and where what is wrong stands."""

import pytest

from blockc.addresses import plain_text
from blockc.errors import SourceSyntaxError
from blockc.targets.syntax.delimited import DelimitedGrammar
from blockc.targets.syntax.tokens import Text
from tests.support.memory import growth

CSV = DelimitedGrammar("a program", 2)
REMARKED = DelimitedGrammar("a program", 2, comment="#")


@pytest.fixture(params=[1, 1 << 17], autouse=True)
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
    ("text", "message", "line"),
    [
        ("a,b\nc,d", "the last line has no end", 2),
        ("a,b\n\n", "expected 2 cells", 2),
        ("a,b\nc\n", "expected 2 cells", 2),
        ("a,b\nc,d,e\n", "expected 2 cells", 2),
        ("a,b\r\n", "a character that a program may not take", 1),
        ('a,b\n"c",d\n', "a character that a program may not take", 2),
        ("a,b\nc,\t\n", "a character that a program may not take", 2),
        ("a,é\n", "a character that a program may not take", 1),
    ],
)
def test_what_programs_read_differently_is_refused(text: str, message: str, line: int) -> None:
    with pytest.raises(SourceSyntaxError, match=message) as refused:
        CSV.read(Text("x", text))
    assert refused.value.at
    assert refused.value.at.line == line


def test_a_column_of_one_value_says_it_once() -> None:
    table = CSV.read(Text("x", "a,b\na,c\n"))
    first, second = table.columns()
    assert [one.value for one in table.one_value("letter", first)] == ["a"]
    assert table.one_value("letter", []) == []
    with pytest.raises(SourceSyntaxError, match="another letter than 'b'") as refused:
        table.one_value("letter", second)
    assert refused.value.at
    assert refused.value.at.line == 2
