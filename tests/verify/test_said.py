"""What stands beside the entries: what a header states, what was ordered, and what fits."""

import pytest

from blockc.addresses import V4, V6, Family
from blockc.errors import SourceSyntaxError
from blockc.targets.core.target import EntryForm, Lengths, MaxEntries, Reference, Target
from blockc.targets.data.plain import PLAIN
from blockc.targets.syntax.reading import Found, Ordered, Part, Reading
from blockc.targets.syntax.tokens import ArtifactFile, Text
from blockc.values import replace
from blockc.verify.said import beyond_limits, statements, unordered
from tests.targets.artifacts import nested

SOMEWHERE = Reference("https://example.com", "2026-11-27")


def test_a_statement_is_told_with_its_line_however_far_it_is_indented() -> None:
    text = Text(
        "x.txt", "# a remark\n#   list X: X \n#\tlist tabs\n#ipv4: 1 entry, 1 address\n1.1.1.1\n"
    )
    first, second = statements(text, "#")
    assert (first.what, first.value, first.path) == ("list in the header", "list X: X", "x.txt")
    assert (second.what, second.value) == ("ipv4 in the header", "ipv4: 1 entry, 1 address")
    at = first.error("wrong").at
    assert at
    assert (at.line, at.column, at.width, at.text) == (2, 1, 14, "#   list X: X ")
    at = second.error("wrong").at
    assert at
    assert (at.line, at.column, at.width) == (4, 1, 25)


def test_a_text_may_end_in_its_header() -> None:
    assert [one.value for one in statements(Text("x", "#list X: X"), "#")] == ["list X: X"]
    assert not list(statements(Text("x", ""), "#"))
    assert not list(statements(Text("x", "1.1.1.1\n# list X: X\n"), "#"))


@pytest.mark.parametrize(
    "line",
    [
        "list export-control",
        "list export-control: Export control: O'Brien & <Söhne>",
        "stage monitor of list a: counts only",
        "policy sha256:1f1f",
        "source apnic of 2018-10-12, sha256:2e2e",
        "ipv4: 1 entry, 1 address",
        "ipv6: 1,200 entries, 3,000,000 addresses",
    ],
)
def test_a_line_that_our_headers_have_is_a_statement(line: str) -> None:
    assert [one.value for one in statements(Text("x", f"// {line}\n"), "//")] == [line]
    assert not list(statements(Text("x", f"// my {line}\n"), "//"))


def found(what: str, value: object) -> Found:
    """Return what a file says, at the second letter of its second line."""
    text = Text("x", "first\nsecond\n")
    return Found(what, value, "x", lambda why: text.error(why, 7))


def difference(said: list[Found], orders: list[Ordered]) -> SourceSyntaxError | None:
    """Return what is wrong with a file that says this where that was ordered."""
    return unordered(PLAIN, [ArtifactFile("x", b"")], Reading((), found=tuple(said)), {"x": orders})


def test_what_was_not_ordered_is_told_with_its_place_and_what_was() -> None:
    table = [Ordered("table", "a"), Ordered("table", 7), Ordered("hook", "b")]
    for orders, said in {
        (): "ordered is nothing of the kind",
        (table[2],): "ordered is nothing of the kind",
        tuple(table): "ordered is 'a' or 7",
    }.items():
        wrong = difference([found("table", "c")], list(orders))
        assert wrong
        assert wrong.message == f"the table is 'c', {said}"
        assert str(wrong.at) == "x:2:2"


def test_what_is_ordered_and_missing_is_told_with_the_file() -> None:
    orders = [Ordered("table", "a"), Ordered("hook", "b", required=False)]
    wrong = difference([], orders)
    assert wrong
    assert str(wrong) == "x: the table 'a' is ordered and missing"
    assert difference([found("table", "a")], orders) is None
    assert difference([found("table", "a"), found("hook", "b")], orders) is None
    other = replace(found("table", "a"), path="y")
    assert difference([other], orders)


def test_a_header_is_looked_at_where_the_target_has_comments() -> None:
    for target, line in ((PLAIN, b"# list b\n"), (replace(PLAIN, comment=""), b"list b\n")):
        wrong = unordered(target, [ArtifactFile("x", line)], Reading(()), {"x": ()})
        assert bool(wrong) == bool(target.comment)


def test_files_that_nothing_was_ordered_of_are_not_looked_at() -> None:
    reading = Reading((), found=(found("table", "c"),))
    assert unordered(PLAIN, [ArtifactFile("x", b"# list b\n")], reading, {}) is None


def part_of(*entries: str, family: Family = V4, above: int = 0) -> Part:
    """Return the rules of entries, a line each, below some other lines."""
    text = Text("x", "\n" * above + "\n".join(entries))
    rules = nested(*((entry, 1) for entry in entries))[family]
    return Part(rules, lambda row, why: text.error(why, text.text.index(entries[row])))


def limited(*entries: str, **limits: object) -> SourceSyntaxError | None:
    """Return what is wrong with entries for a platform with these limits."""
    target: Target = replace(PLAIN, **limits)
    return beyond_limits(target, Reading((part_of(*entries),)))


def test_as_many_entries_as_fit_are_taken_and_the_next_one_is_pointed_at() -> None:
    two = MaxEntries(2, SOMEWHERE)
    entries = ["10.0.0.0/8", "12.0.0.0/8", "14.0.0.0/8", "16.0.0.0/8"]
    assert limited(*entries[:2], max_entries=two) is None
    wrong = limited(*entries, max_entries=two)
    assert wrong
    assert wrong.message == "plain holds 2 entries, this is one more"
    assert str(wrong.at) == "x:3:1"
    thousands = limited(*(f"10.0.{n >> 8}.{n & 255}/32" for n in range(1001)),
                        max_entries=replace(two, count=1000))  # fmt: skip
    assert thousands
    assert thousands.message == "plain holds 1,000 entries, this is one more"


@pytest.mark.parametrize(
    ("most", "together", "wrong"),
    [
        (6, True, None),
        (5, True, "x:6:1"),
        (3, True, "x:4:1"),
        (2, False, None),
        (1, False, "x:2:1"),
    ],
)
def test_a_limit_is_of_one_file_and_family_or_of_all_together(
    most: int, wrong: str | None, *, together: bool
) -> None:
    parts = (
        part_of("10.0.0.0/8", "12.0.0.0/8"),
        part_of("14.0.0.0/8", "16.0.0.0/8", above=2),
        part_of("2001::/16", "2003::/16", family=V6, above=4),
    )
    limit = MaxEntries(most, SOMEWHERE, together=together)
    error = beyond_limits(replace(PLAIN, max_entries=limit), Reading(parts))
    assert (error and str(error.at)) == wrong


def test_a_capacity_that_an_option_sets_is_for_the_reader_to_enforce() -> None:
    by_option = MaxEntries(1, SOMEWHERE, option="maxelem")
    assert limited("10.0.0.0/8", "12.0.0.0/8", max_entries=by_option) is None


@pytest.mark.parametrize(
    ("prefix", "fits"), [("/7", False), ("/8", True), ("/16", True), ("/17", False)]
)
def test_the_first_and_the_last_length_are_taken_and_none_beyond(
    prefix: str, *, fits: bool
) -> None:
    lengths = Lengths(range(8, 17), range(1, 129), SOMEWHERE)
    entries = ["10.0.0.0/9", f"12.0.0.0{prefix}", "14.0.0.0/8"]
    wrong = limited(*entries, lengths=lengths)
    assert (wrong is None) == fits
    if wrong:
        assert wrong.message == f"plain takes prefixes of /8 to /16, this is a {prefix}"
        assert str(wrong.at) == "x:2:1"
    assert limited(*entries, lengths=lengths, form=EntryForm.RANGE) is None
    assert limited(lengths=lengths) is None
