"""JSON values know where they stand, whatever else in the text looks like them."""

import json
from random import Random
from typing import Any

import pytest

from blockc.errors import SourceSyntaxError
from blockc.targets.syntax.json_tree import JsonNode, Path, json_list, json_object
from blockc.targets.syntax.tokens import Text
from tests.support.refusals import refused, told
from tests.support.spoilt import spoilt

TEXT = r"""{"a": "b", "b": {"c": ["b", "a", {"d": []}], "\u0064": "\"c\" : [1"},
 "c": [[1, -2.5e3], {}, "b"], "d" : null}"""


def nodes(node: JsonNode) -> list[JsonNode]:
    """Return a value and all that are in it, in the order of the text."""
    if isinstance(node.value, dict):
        inner = [JsonNode(node.text, (*node.path, key), node.value[key]) for key in node.value]
    else:
        inner = node.items() if isinstance(node.value, list) else []
    return [node, *(found for one in inner for found in nodes(one))]


def test_every_value_is_found_where_it_stands() -> None:
    decode = json.JSONDecoder().raw_decode
    found = nodes(json_object(Text("x", TEXT)))
    places = []
    for node in found:
        at = node.error("").at
        assert at
        position = sum(len(line) + 1 for line in TEXT.split("\n")[: at.line - 1]) + at.column - 1
        places.append(position)
        assert decode(TEXT, position)[0] == node.value
    assert len(found) == 16
    assert places == sorted(set(places))


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ('{"a": "a", "b": {"a": 1, "a": 2}}', 31, "the key 'a' occurs twice"),
        ('{"a": NaN}', 1, "a number"),
        ('{"a": [}', 8, "not JSON"),
    ],
)
def test_what_is_not_strict_json_is_refused_where_it_stands(
    text: str, column: int, reason: str
) -> None:
    with pytest.raises(SourceSyntaxError, match=reason) as refused:
        json_object(Text("x", text))
    assert refused.value.at
    assert refused.value.at.column == column


@pytest.mark.parametrize("seed", range(5))
def test_what_is_taken_is_what_the_standard_library_reads(seed: int) -> None:
    random = Random(seed)
    taken = 0
    for _ in range(300):
        text = spoilt(TEXT, random)
        try:
            node = json_object(Text("x", text))
        except SourceSyntaxError:
            continue
        taken += 1
        assert node.value == json.loads(text)
    assert taken


def node(text: str) -> JsonNode:
    """Return the object of a text."""
    return json_object(Text("x", text))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('{"a": [}', "1:8+1 not JSON: expecting value"),
        ("[1]", "1:1+1 expected a JSON object"),
        ('"a"', "1:1+1 expected a JSON object"),
        ("", "1:1+1 not JSON: expecting value"),
        ('{"a": 1}\n{}', "2:1+1 not JSON: extra data"),
        ('{"a": -Infinity}', "1:1+1 not JSON: a number that is too long or none"),
        ('{"a": ' + "9" * 5000 + "}", "1:1+1 not JSON: a number that is too long or none"),
        ("[" * 100_000, "1:1+1 not JSON: nested too deep"),
        ('{"b": {"a": 0},\n"a": "a", "a" : [2]}', "2:17+1 the key 'a' occurs twice"),
        ('{"c": {"b": 0, "\\u0062": 1}, "b": 2}', "1:26+1 the key 'b' occurs twice"),
        ('{"c": [{"b": 0}, {"b": 0, "d": "b", "b": 12345}]}', "1:42+5 the key 'b' occurs twice"),
        ('{"a": {"b": 1}, "c": 2, "b": 1, "a": {"b": 1}}', "1:38+1 the key 'a' occurs twice"),
    ],
)
def test_what_is_no_object_of_json_is_refused(text: str, wrong: str) -> None:
    assert refused(node, text) == wrong


KINDS = {"a": str, "b": list}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('{"a": "x", "b": [], "c": 1}', "1:26+1 c: unknown key 'c'"),
        ('{"a": "x"}', "1:1+1 the key 'b' is missing"),
        ('{"a": 1, "b": []}', "1:7+1 a: 'a' is not a text"),
        ('{"a": "x",\n "b": {"x": 1}}', "2:7+1 b: 'b' is not a list"),
        ('{"a": "x", "b": [], "d": 1}', "1:26+1 d: 'd' is not true or false"),
        ('{"a": "x", "b": [], "d": true, "e": false}', "1:37+5 e: 'e' is not a number"),
        ('{"a": "x", "b": [], "f": []}', "1:26+1 f: 'f' is not an object"),
    ],
)
def test_an_object_has_the_keys_and_types_that_are_asked_for(text: str, wrong: str) -> None:
    assert refused(node(text).fields, KINDS, {"d": bool, "e": int, "f": dict}) == wrong


def test_what_is_optional_may_be_missing() -> None:
    found = node('{"b": [1], "a": "x", "d": true}').fields(KINDS, {"c": int, "d": bool})
    assert {key: (one.path, one.value) for key, one in found.items()} == {
        "a": (("a",), "x"), "b": (("b",), [1]), "d": (("d",), True),
    }  # fmt: skip
    assert [*found] == ["a", "b", "d"]
    assert refused(node('{"a": "", "b": [], "c": 1}').fields, KINDS) == "1:25+1 c: unknown key 'c'"


def test_fields_are_those_of_an_object() -> None:
    inner = node('{"a": ["x"]}').only("a", list).items()[0]
    assert refused(inner.fields, KINDS) == "1:8+3 a[0]: expected an object with a, b"
    assert refused(inner.only, "k", str) == "1:8+3 a[0]: expected k and nothing beside it"


@pytest.mark.parametrize("text", ['{"k": 1, "a": 2}', "{}", '{"a": 1}'])
def test_an_only_key_has_nothing_beside_it(text: str) -> None:
    assert refused(node(text).only, "k", int) == "1:1+1 expected k and nothing beside it"
    assert node('{"k": 1}').only("k", int).value == 1
    assert refused(node('{"k": 1}').only, "k", str) == "1:7+1 k: 'k' is not a text"


def test_items_of_a_list_are_texts_or_refused_where_they_stand() -> None:
    listed = node('{"k": {"l": ["a", "b", 3, "d", 5]}}').only("k", dict).only("l", list)
    assert [one.value for one in listed.items()] == ["a", "b", 3, "d", 5]
    assert refused(listed.texts) == "1:24+1 k.l[2]: 3 is not a text"
    assert told(listed.where(1, "why")) == "1:19+3 k.l[1]: why"
    assert node('{"l": ["a", "b"]}').only("l", list).texts() == ["a", "b"]
    assert node('{"l": []}').only("l", list).texts() == []


def test_a_text_may_hold_one_list() -> None:
    assert json_list(Text("x", '["a"]')).texts() == ["a"]
    assert refused(json_list, Text("x", "{}")) == "1:1+1 expected a JSON list"


def test_a_column_is_the_text_under_one_key_of_each_object() -> None:
    listed = json_list(Text("x", '[{"a": "1"}, {"b": "x", "a": "2"}]'))
    assert listed.column("a") == ["1", "2"]
    assert listed.column("a", {"a", "b"}) == ["1", "2"]
    assert listed.column("a", ["b"]) == ["1", "2"]
    assert json_list(Text("x", "[]")).column("a", {"a"}) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('[{"a": "1"}, {"b": "2"}]', "1:14+1 [1]: expected an object with a text 'a'"),
        ('[{"a": "1"}, {"a": 2}, 3]', "1:14+1 [1]: expected an object with a text 'a'"),
        ('[{"a": "1"}, "a", 3]', "1:14+3 [1]: expected an object with a text 'a'"),
        ('[{"a": "1"}, {"a": "2", "c": "3"}]', "1:30+3 [1].c: unknown key 'c'"),
        ('[{"a": "1"}, {"a": "2", "b": 3}]', "1:30+1 [1].b: 'b' is not a text"),
    ],
)
def test_an_object_without_its_text_or_with_more_is_refused_where_it_stands(
    text: str, wrong: str
) -> None:
    assert refused(json_list(Text("x", text)).column, "a", {"a", "b"}) == wrong


def test_what_a_value_says_knows_its_place() -> None:
    value = node('{"k": {"l": "m"}}').only("k", dict).only("l", str)
    said = value.found("name")
    assert (said.what, said.value, said.path) == ("name", "m", "x")
    assert told(said.error("why")) == "1:13+3 k.l: why"
    assert value.found("name", 0).value == 0


@pytest.mark.parametrize(
    ("text", "path", "place"),
    [
        ('{"a": {}, "b": []}', ("b",), "1:16+1"),
        ('{"a": [[], [1, 22], {"a": 0}], "b": 33}', ("a", 1, 1), "1:16+2"),
        ('{"a": [[], [1, 22], {"a": 0}], "b": 33}', ("a", 2, "a"), "1:27+1"),
        ('{"a": [[], [1, 22], {"a": 0}], "b": 33}', ("b",), "1:37+2"),
        ('{"a\\"": "}",\n\t"b" :"\\\\"}', ("b",), "2:7+4"),
        ('{"a": {"b": {"c": 1}, "d": 2}, "e": 3}', ("a", "d"), "1:28+1"),
        ('{"a": {"b": {"c": 1}, "d": 2}, "e": 3}', ("e",), "1:37+1"),
        ('{"a": [1], "b": ["c", "d"], "c": 2}', ("b", 1), "1:23+3"),
        ('{"a": [1], "b": ["c", "d"], "c": 2}', ("c",), "1:34+1"),
        ('{"a": 1}', (), "1:1+1"),
    ],
)
def test_values_are_found_behind_all_that_stands_before_them(
    text: str, path: Path, place: str
) -> None:
    value: Any = json.loads(text)
    for step in path:
        value = value[step]
    shown = told(JsonNode(Text("x", text), path, value).error("why"))
    assert shown.startswith(f"{place} ")
