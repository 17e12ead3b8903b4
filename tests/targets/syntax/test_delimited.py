"""Tables of cells: what is a row, and where what is wrong stands."""

import pytest

from blockc.errors import SourceSyntaxError
from blockc.targets.syntax.delimited import DelimitedGrammar
from blockc.targets.syntax.tokens import Text

CSV = DelimitedGrammar("a program", 2)
REMARKED = DelimitedGrammar("a program", 2, comment="#")


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
