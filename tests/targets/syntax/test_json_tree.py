"""JSON values know where they stand, whatever else in the text looks like them."""

import json
from random import Random

import pytest

from blockc.errors import SourceSyntaxError
from blockc.targets.syntax.json_tree import JsonNode, json_object
from blockc.targets.syntax.tokens import Text
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
