"""Typed values from TOML, every mistake with its place, and the places themselves."""

import subprocess
import sys
import tomllib
import tracemalloc
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from blockc.errors import DefinitionError, Location, Mistakes, PolicyError
from blockc.tomlio import positions
from blockc.tomlio.positions import Key
from blockc.tomlio.tables import (
    Findings,
    Place,
    Table,
    TomlDocument,
    for_editors,
    from_table,
    json_schema,
    read_definition,
)

CHECKOUT = Path(__file__).resolve().parents[1]
SHIPPED = sorted(
    [*CHECKOUT.glob("sources/**/*.toml"), *CHECKOUT.glob("tests/corpus/**/good/*.toml")]
)
TORTURE = '''\
# a comment [not.a.table]
top = 1
"quoted key" = 2
'literal "key"' = 3
dotted.key."with space" = 4
"été" = { deep = { deeper = [5, [6, 7], { x = 8 }] }, after = 9 }   # after = 0
text = """
[fake]
key = 10
""" # 11
numbers = [   # comments, and a comma too many
  1_000,
  # 12
  0x0d, 14,
]
dates = [2027-03-01, 2027-03-01T10:00:00Z]
"日本" = "語" # wide

[ spaced . out ]
a = 15
[spaced.out."sub"]
a = 16

[[array]]
a = 17
[array.sub]
b = 18
[[array.inner]]
c = 19
[[array.inner]]
c = 20
[[array]]
a = 21
inner = [{ c = 22 }, { c = 23 }]

[later]
[array.0]
z = 24
'''


class Colour(Table):
    """A table in a table."""

    name: Literal["red", "green"]
    shade: int = 0


class Sample(Table):
    """One of everything that a definition may hold."""

    title: str
    since: date
    ratio: float = 0.5
    on: bool = False
    colours: tuple[Colour, ...] = ()
    by_name: dict[str, Colour] = {}  # noqa: RUF012 - msgspec copies it
    except_: tuple[str | Colour, ...] = ()
    limit: int | None = None


def leaves(value: Any, key: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Yield every value of parsed TOML with its key, containers too."""
    if key:
        yield key, value
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*key, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*key, index))


def shown(at: Location) -> str:
    """Return what the caret of a location underlines."""
    return at.text[at.column - 1 : at.column - 1 + at.width]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_place_of_every_value_of_our_own_files_is_found(path: Path) -> None:
    require_places(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_place_of_every_value_is_found_however_keys_are_spelt(newline: str) -> None:
    require_places(TORTURE.replace("\n", newline))


def test_the_places_in_a_long_line_are_counted_in_characters() -> None:
    """Nodes of a line are placed one after the other, without a look at all before each."""
    require_places("a = [" + ", ".join(f"'\u00e9{n}'" for n in range(200)) + ", [1, 'é'], 2]\n")


def require_places(text: str) -> None:
    """Require that the text at each value's place is that value."""
    document = TomlDocument("x.toml", text)
    for key, value in leaves(tomllib.loads(text)):
        seen = shown(document.location(key))
        if isinstance(value, dict | list) or "\n" in str(value):
            assert seen, f"{key} has no place"
        else:
            assert tomllib.loads(f"x = {seen}")["x"] == value, key


def test_the_place_of_a_name_is_the_key_itself() -> None:
    document = TomlDocument("x.toml", TORTURE)
    assert shown(document.location(("quoted key",), name=True)) == '"quoted key"'
    assert shown(document.location(("spaced", "out"), name=True)) == "spaced . out"
    assert shown(document.location(("array", 0, "inner", 1, "c"), name=True)) == "c"
    assert document.location(("array", 0, "inner", 1), name=True).line == 30


def test_what_is_not_there_is_placed_at_the_nearest_table() -> None:
    document = TomlDocument("x.toml", "a = 1\n[b]\nc = 2\n")
    assert document.location(("b", "missing", 7)).line == 2
    assert str(document.location(("nowhere",))) == "x.toml"


def test_what_the_grammar_cannot_read_has_the_place_of_its_file() -> None:
    document = TomlDocument("x.toml", "a = = 1\n")
    assert str(document.location(("a",))) == "x.toml"


def test_a_place_narrows_to_a_part_of_its_value() -> None:
    place = Place(TomlDocument("x.toml", 'a = ["é", "{country}/{family}"]\n'), ("a", 1))
    assert shown(place.location("{family}")) == "{family}"
    assert shown(place.location("{part}")) == '"{country}/{family}"'


def test_a_good_definition_is_read() -> None:
    text = 'title = "x"\nsince = 2026-11-23\nratio = 1\nexcept = ["a", { name = "red" }]\n'
    sample = read_definition(Sample, "x.toml", text)
    assert sample.since == date(2026, 11, 23)
    assert sample.except_ == ("a", Colour(name="red"))


WRONG = """\
titel = "x"
since = "2026-11-23"
ratio = "half"
on = 1
limit = true
colours = [{ name = "rad" }, 7, { shade = 1.5, name = "red" }]
except = ["a", 4, { nam = "red" }]

[by_name.one]
name = 2
"""
EXPECTED = """\
x.toml: 'title' is missing
x.toml:1:1: unknown key 'titel'; did you mean 'title'?
x.toml:2:9: expected a date such as 2027-03-01 without quotes, found the text '2026-11-23'
x.toml:3:9: expected a number, found the text 'half'
x.toml:4:6: expected true or false, found 1
x.toml:5:9: expected a whole number, found true
x.toml:6:21: expected 'green' or 'red', found the text 'rad'; did you mean 'red'?
x.toml:6:30: expected a table, found 7
x.toml:6:43: expected a whole number, found 1.5
x.toml:7:16: expected text or a table, found 4
x.toml:7:19: 'name' is missing
x.toml:7:21: unknown key 'nam'; did you mean 'name'?
x.toml:10:8: expected 'green' or 'red', found 2"""


def test_all_mistakes_are_reported_in_the_order_of_the_file() -> None:
    with pytest.raises(Mistakes) as caught:
        read_definition(Sample, "x.toml", WRONG)
    assert [str(error).split("\n")[0] for error in caught.value.errors] == EXPECTED.split("\n")
    assert {type(error) for error in caught.value.errors} == {DefinitionError}


def test_a_definition_without_mistakes_does_not_pay_for_places() -> None:
    code = (
        "import sys; from blockc.tomlio.tables import Table, read_definition\n"
        "class One(Table):\n  a: int\n"
        "read_definition(One, 'x.toml', 'a = 1')\n"
        "sys.exit('tree_sitter' in sys.modules or 'iso3166' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=CHECKOUT)


def test_what_is_wrong_is_drawn_with_a_caret() -> None:
    with pytest.raises(Mistakes) as caught:
        read_definition(Colour, "x.toml", 'name = "red"\nshde = 1  # \u200b', error=PolicyError)
    (error,) = caught.value.errors
    assert isinstance(error, PolicyError)
    assert str(error).split("\n")[1:] == ["    shde = 1  # \\u200b", "    ^^^^"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = \n", "x.toml:1:5: not TOML: invalid value"),
        ("a = 1\na = 2\n", "x.toml:2:6: not TOML: this key is already set in its table"),
        ("a = [1", "x.toml:1: not TOML: unclosed array"),
        ("a = " + "[" * 5000, "x.toml: nested too deeply"),
        ("a = 1\n\x00 = 2", "x.toml:2:1: not TOML: invalid statement"),
        ("[a]\n[a]\n", "x.toml:2:3: not TOML: this table is already declared"),
        ("a = {}\na.b = 1\n", "x.toml:2:8: not TOML: this table was written as a whole before"),
    ],
)
def test_what_is_not_toml_is_one_mistake(text: str, message: str) -> None:
    with pytest.raises(Mistakes) as caught:
        TomlDocument("x.toml", text).table()
    assert str(caught.value).split("\n")[0] == message


def test_a_key_is_reported_once_and_what_follows_from_it_is_not() -> None:
    document = TomlDocument("x.toml", "a = { b = [1] }\n")
    findings = Findings()
    place = Place(document)
    findings.add(place / "a" / "b", "wrong")
    findings.add(place / "a" / "b" / 0, "wrong inside")
    findings.add(place / "a" / "b", "wrong again")
    findings.add(place / "a", "wrong around")
    with pytest.raises(Mistakes) as caught:
        findings.require_none()
    assert [error.message for error in caught.value.errors] == ["wrong around", "wrong"]


def test_a_mistake_that_knows_its_place_keeps_it() -> None:
    findings = Findings(PolicyError)
    elsewhere = Location("other.txt", 3, 1, "text")
    place = Place(TomlDocument("x.toml", "a = 1\nb = 2\n"))
    findings.add_error(place / "a", PolicyError("there", at=elsewhere))
    findings.add_error(place / "b", PolicyError("here", hint="do that"))
    with pytest.raises(Mistakes) as caught:
        findings.require_none()
    first = [str(error).split("\n")[0] for error in caught.value.errors]
    assert first == ["other.txt:3:1: there", "x.toml:2:5: here; do that"]


def test_what_is_repaired_has_the_right_type_everywhere() -> None:
    findings = Findings()
    document = TomlDocument("x.toml", WRONG)
    sample = from_table(Sample, document.table(), Place(document), findings)
    assert (sample.title, sample.since, sample.ratio, sample.on) == ("", date.min, 0.0, False)
    assert [colour.name for colour in sample.colours] == ["green", "green", "red"]


class Checked(Table):
    """A table with words for editors."""

    code: Annotated[str, for_editors(description="two letters", pattern="^[A-Z]{2}$")]


def test_a_schema_carries_what_editors_need_and_reading_does_not_enforce_it() -> None:
    schema = json_schema(Checked, identity="urn:x", title="x")
    code = schema["$defs"]["Checked"]["properties"]["code"]
    assert code == {"type": "string", "description": "two letters", "pattern": "^[A-Z]{2}$"}
    assert read_definition(Checked, "x.toml", 'code = "lower"').code == "lower"


def test_the_places_of_the_items_of_a_list_are_numbers_and_not_objects() -> None:
    text = "a = [[1, 2], " + "1," * 20_000 + "]\n"
    positions.of(text[:20] + "]")  # imports what it needs
    tracemalloc.start()
    values, _ = positions.of(text)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert values.get(("a", 0, 1)) == (1, 10, 1)
    assert values.get(("a", 20_000)) == (1, 40_012, 1)
    assert values.get(("a", 20_001)) is None
    assert kept < 30 * 20_000  # an object for each were 200


def test_a_very_long_message_is_told_without_its_middle() -> None:
    said = DefinitionError(f"{'x' * 100_000} is not right", at=Location("f", 1)).message
    assert len(said) < 8_100
    assert (said[:2], said[-13:]) == ("xx", " is not right")
    several = Mistakes([PolicyError("y" * 7_000), PolicyError("z" * 7_000)])
    assert several.message == str(several) == f"{'y' * 7_000}\n{'z' * 7_000}"
