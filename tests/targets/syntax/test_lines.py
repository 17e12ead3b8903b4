"""Files of one entry per line: read at once as somebody would who reads character by character."""

from random import Random

import pytest

from blockc.addresses import FAMILIES, V4, V6, Family, columns, plain_text
from blockc.errors import SourceSyntaxError
from blockc.targets.syntax import line_grammar
from blockc.targets.syntax.addresses import decode_rules
from blockc.targets.syntax.line_grammar import LineGrammar, Lines, ListReader
from blockc.targets.syntax.reading import Found, Reading
from blockc.targets.syntax.tokens import Text
from tests.support.counting import calls_of
from tests.support.memory import growth
from tests.support.refusals import refused, told
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
        if 0 < grammar.longest_line < size:
            wrong.append((0, number))
        elif any(not "!" <= character <= "~" for word in words for character in word):
            wrong.append((1, number))
        elif words and len(words) != grammar.width:
            wrong.append((2, number))
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
    monkeypatch.setattr(plain_text, "_BATCH", size)
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


LIST = LineGrammar("a list", "one word", comments_anywhere=True)
MAP = LineGrammar("a map", "two words", width=2, longest_line=9)
NARROW = LineGrammar("a column", "one word")
BARE = LineGrammar("a bare list", "one word", comments=False)


@pytest.mark.parametrize(
    ("grammar", "text", "columns"),
    [
        (LIST, "", [[]]),
        (LIST, "# a", [[]]),
        (LIST, "# a\n#b\n", [[]]),
        (LIST, "# a\nb\nc", [["b", "c"]]),
        (LIST, "a\n\tb # b\n\n # c\nd#", [["a", "b", "d"]]),
        (LIST, "a\nb\n # \u2028 \x01\n#\ud800\n", [["a", "b"]]),
        (NARROW, "# a\n b \nc#d\n#e\n", [["b", "c#d"]]),
        (NARROW, "#XX\na\nX", [["a", "X"]]),
        (NARROW, " a\nb\n", [["a", "b"]]),
        (MAP, "", [[], []]),
        (MAP, "# a\n\n", [[], []]),
        (MAP, "# a\nb c\n", [["b"], ["c"]]),
        (MAP, "a b\nc\td\n", [["a", "c"], ["b", "d"]]),
        (MAP, "# \u2028\na b\n\n#c\n  # d \nX X", [["a", "#", "X"], ["b", "d", "X"]]),
        (MAP, "123456 89", [["123456"], ["89"]]),
        (BARE, "a\n\nb\n", [["a", "b"]]),
    ],
)
def test_entries_are_read_and_comments_are_not(
    grammar: LineGrammar, text: str, columns: list[list[str]]
) -> None:
    assert [*columns_of(grammar.read(Text("x", text)))] == columns


@pytest.mark.parametrize(
    ("grammar", "text", "wrong"),
    [
        (LIST, "a\nb c # d", "2:1+3 expected one word"),
        (LIST, "# a\n\n\tb c\t# b", "3:2+3 expected one word"),
        (LIST, "# a\nb\rc\n", "2:2+1 an entry holds a character that a list may not take"),
        (
            LIST,
            "# \x01\n  a\x1f# a\x1f",
            "2:4+1 an entry holds a character that a list may not take",
        ),
        (LIST, "a\n\ud800b a", "2:1+1 an entry holds a character that a list may not take"),
        (NARROW, "a\n b # c", "2:2+5 expected one word"),
        (MAP, "a\nb\n", "1:1+1 expected two words"),
        (MAP, "a b\n\nc d e\nf", "3:1+5 expected two words"),
        (MAP, "a b\nc\nd e f\n", "2:1+1 expected two words"),
        (MAP, "a b\n1234567 90\né", "2:1+1 longer than 9 bytes, a map cuts it in two"),
        (MAP, "# 34567 90\n", "1:1+1 longer than 9 bytes, a map cuts it in two"),
        (BARE, "a\nb# c\n#", "2:2+1 a bare list takes no comments"),
        (BARE, "#\na\n", "1:1+1 a bare list takes no comments"),
    ],
)
def test_what_is_not_an_entry_is_refused_where_it_stands(
    grammar: LineGrammar, text: str, wrong: str
) -> None:
    assert refused(grammar.read, Text("x", text)) == wrong


def test_an_error_about_an_entry_points_at_its_words() -> None:
    lines = LIST.read(Text("x", "# a\n\ta\n\n b # b\nc"))
    assert [told(lines.error(at, "why")) for at in range(3)] == [
        "2:2+1 why", "4:2+1 why", "5:1+1 why",
    ]  # fmt: skip
    assert told(MAP.read(Text("x", " a  b ")).error(0, "why")) == "1:2+4 why"


@pytest.mark.parametrize(
    ("grammar", "text", "words"),
    [
        (LIST, "\n# a\n\n# b\nc\nd\n", ["c", "d"]),
        (NARROW, "c\nd", ["c", "d"]),
        (LIST, "c\n\nd", []),
        (LIST, "c\nd\n\n", []),
        (LIST, "c\nd#", []),
        (MAP, "c d\ne f", []),
    ],
)
def test_no_list_is_made_of_entries_that_follow_one_another(
    grammar: LineGrammar, text: str, words: list[str]
) -> None:
    lines = grammar.read(Text("x", text))
    assert bool(lines.columns) == (not words)
    assert not words or [*lines.batches()] == [(0, words)]


@pytest.mark.parametrize("size", [1, 40, 1 << 17])
def test_plain_ipv4_is_decoded_as_all_other_entries_are(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch of nothing else never becomes words; one with a range or IPv6 does."""
    monkeypatch.setattr(plain_text, "_BATCH", size)
    words = [f"10.0.{n}.0/24" for n in range(9)] + ["::1", "10.1.0.1", "10.2.0.1-10.2.0.3"]
    lines = GRAMMARS[0].read(Text("x", "\n".join(words)))
    wanted = decode_rules(lines.text, words, 1, lines.error, ranges=True)
    for part, same in zip(lines.rules(ranges=True), wanted, strict=True):
        assert part.rules.family == same.rules.family
        assert part.rules.start.tolist() == same.rules.start.tolist()
        assert part.rules.last.tolist() == same.rules.last.tolist()
    assert refused(lambda: lines.rules(ranges=False)).startswith("12:1+17 ")
    only = GRAMMARS[0].read(Text("x", "10.0.0.1\n", (V6,)))
    assert refused(lambda: only.rules(ranges=False)).startswith("1:1+8 an ipv4 entry")


@pytest.mark.parametrize("piece", ["a\n", "{}\n", "\n", "a b c d\n", "#\n", "a b\na\n", '"" '])
@pytest.mark.parametrize("grammar", [GRAMMARS[0], *GRAMMARS[2:]], ids=lambda one: str(one.width))
def test_a_file_of_odd_lines_takes_little_memory(
    grammar: LineGrammar, piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_text, "_BATCH", 1 << 11)
    monkeypatch.setattr(line_grammar, "_LONG", 1 << 10)
    assert growth(lambda text: grammar.read(Text("x", text)), piece) < 20


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", " #\n"])
def test_a_text_without_entries_has_no_rules_of_each_family(text: str) -> None:
    for families in (FAMILIES, (V6,)):
        parts = LIST.read(Text("x", text, families)).rules(ranges=False)
        assert [(one.rules.family, len(one.rules)) for one in parts] == [(f, 0) for f in families]


def test_an_error_about_an_entry_of_a_later_batch_names_its_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plain_text, "_BATCH", 1)
    lines = GRAMMARS[0].read(Text("x", "10.0.0.1\n10.0.0.2\n::3\n10.0.0.4\n"))
    ipv4, ipv6 = lines.rules(ranges=False)
    assert [told(ipv4.where(row, "why")) for row in range(3)] == [
        "1:1+8 why", "2:1+8 why", "4:1+8 why",
    ]  # fmt: skip
    assert told(ipv6.where(0, "why")) == "3:1+3 why"
    (only,) = GRAMMARS[0].read(Text("x", "10.0.0.0/24\n10.0.1.0\n", (V4,))).rules(ranges=False)
    assert told(only.where(1, "why")) == "2:1+8 why"
    wrong = GRAMMARS[0].read(Text("x", "10.0.0.1\n10.0.0.2/31\n10.0.0.3/31\n"))
    assert refused(lambda: wrong.rules(ranges=False)) == "3:1+11 10.0.0.3/31 has host bits set"
    assert told(only.where(0, "why")) == "1:1+11 why"


def test_what_is_wrong_with_a_family_without_entries_is_told_at_the_first_line() -> None:
    for text in ("10.0.0.0/8\n10.0.0.9\n", " 10.0.0.0/8\n10.0.0.9\n"):
        _, ipv6 = LIST.read(Text("x", text)).rules(ranges=False)
        assert not len(ipv6.rules)
        assert told(ipv6.where(0, "why")) == f"1:{text.index('1') + 1}+10 why"


def test_no_line_of_plain_ipv4_becomes_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """A word takes several times the memory of what it says."""
    monkeypatch.setattr(line_grammar, "decode_rules", None)
    lines = LIST.read(Text("x", "# a\n10.0.0.0/8\n11.0.0.1-11.0.0.5\n9.9.9.9\n"))
    ipv4, _ = lines.rules(ranges=True)
    assert ipv4.rules.start.tolist() == [10 << 24, 11 << 24 | 1, 0x09090909]


READER = ListReader(GRAMMARS[0], ranges=True)
MIXED = "# a remark\n10.0.0.0/8\n11.0.0.1\n12.0.0.0-12.0.0.9\n2001:db8::/32\n2001:db8:1::1\n"
OF_MANY = {
    "both families": [MIXED, "", "10.0.0.0/8", "::/1\n", "# nothing\n"],
    "ranges of IPv6": [MIXED, "::-::5\n2001:db8::/127\n", "1.0.0.0/8\n"],
    "nothing": ["", ""],
    "no list": [],
}


def said(reading: Reading) -> list[object]:
    """Return what was read: the families, every rule, and where it stands."""
    return [
        (
            part.rules.family,
            columns.ints(part.rules.family, part.rules.start),
            columns.last_ints(part.rules.family, part.rules.last),
            part.rules.verdict.tolist(),
            [part.where(row, "").at for row in range(len(part.rules))],
        )
        for part in reading.parts
    ]


@pytest.mark.parametrize("texts", OF_MANY.values(), ids=OF_MANY)
@pytest.mark.parametrize("batch", [3, plain_text._BATCH])
def test_many_lists_together_say_what_each_says_alone(
    texts: list[str], batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_text, "_BATCH", batch)
    artifacts = [[Text(f"{n}.txt", text).encoded()] for n, text in enumerate(texts)]
    together = READER.together(artifacts)
    assert together is not None
    assert [*map(said, together)] == [said(READER(files)) for files in artifacts]
    both = [[file for files in artifacts for file in files]]
    assert [*map(said, READER.together(both) or [])] == [said(READER(both[0]))]


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.0/8\n# a remark\n11.0.0.0/8\n",  # its entries do not follow one another
        "2001:db8::/32\n10.0.0.0/8\n",  # nor its families
        "::ffff:10.0.0.1\n",
        "10.0.0.1/8\n",
        "nonsense\n",
    ],
)
def test_what_is_odd_about_one_of_many_lists_is_left_to_who_reads_it_alone(text: str) -> None:
    assert READER.together([[Text("1", MIXED).encoded()], [Text("2", text).encoded()]]) is None


@pytest.mark.parametrize(
    ("text", "family"), [("10.0.0.0/8\n", V6), ("2001:db8::/32\n", V4), (MIXED, V6), (MIXED, V4)]
)
def test_many_lists_are_not_read_together_if_one_has_entries_of_another_family(
    text: str, family: Family
) -> None:
    assert READER.together([[Text("1", text, (family,)).encoded()]]) is None


def test_many_lists_of_one_family_have_no_part_of_the_other() -> None:
    files = [Text("1", "2001:db8::/32\n", (V6,)).encoded()]
    assert [said(one) for one in READER.together([files]) or []] == [said(READER(files))]
    assert [part.rules.family for part in READER(files).parts] == [V6]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("two words\n", "expected an address"),
        ("2001:db8::1/32\n", "2001:db8::1/32 has host bits set"),
        ("2001:db8::/129\n", "'129' is not a prefix length of ipv6"),
        ("non:sense\n", "'non:sense' is not an address"),
    ],
)
def test_a_line_that_is_no_entry_of_any_list_is_refused_when_many_are_read(
    text: str, message: str
) -> None:
    with pytest.raises(SourceSyntaxError, match=message):
        READER.together([[Text("1", MIXED).encoded()], [Text("2", text).encoded()]])


def test_what_stands_beside_many_lists_is_found_for_each() -> None:
    def beside(last: Text, first: Text) -> list[Found]:
        return [Found("table", last.text, first.path, SourceSyntaxError)]

    reader = ListReader(GRAMMARS[0], ranges=True, beside=beside)
    artifacts = [[Text(name, MIXED).encoded(), Text("x", name).encoded()] for name in "ab"]
    together = reader.together(artifacts) or []
    assert [[(one.value, one.path) for one in each.found] for each in together] == [
        [("a", "a")],
        [("b", "b")],
    ]
    assert [*map(said, together)] == [said(reader(files)) for files in artifacts]


def test_ranges_are_no_entries_of_many_lists_that_take_none() -> None:
    reader = ListReader(GRAMMARS[0], ranges=False)
    assert reader.together([[Text("1", "10.0.0.1-10.0.0.2\n").encoded()]]) is None
    with pytest.raises(SourceSyntaxError, match="'::1-::2' is not an address"):
        reader.together([[Text("1", "::1-::2\n").encoded()]])


def test_a_strange_character_in_a_comment_costs_no_look_at_all_lines() -> None:
    def calls(comment: str) -> int:
        text = Text("x", f"#{comment}\n" + "a b\n" * 5_000)
        return calls_of(lambda: MAP.read(text))

    assert calls("\u2028") < calls("x") + 50


def test_a_strange_character_in_a_comment_behind_a_blank_line_is_let() -> None:
    text = Text("f", "\n# für uns\n1.2.3.4\n")
    assert columns_of(GRAMMARS[0].read(text)) == (["1.2.3.4"],)
