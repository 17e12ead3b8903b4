"""Terraform's JSON: blocks and references, and where what Terraform would do otherwise stands."""

import pytest

from blockc.addresses import V4, V6
from blockc.targets.syntax.json_tree import JsonNode, json_object
from blockc.targets.syntax.terraform_json import (
    blocked_by,
    comments,
    configuration,
    declarations,
    entries,
    labelled,
    literal,
    reference,
    require,
    require_used,
    rows,
    values,
    variable,
)
from blockc.targets.syntax.tokens import Text
from tests.support.refusals import refused, told

NO_NAME = "is not a name: letters, digits, _ and -, no digit first"
FILE = """\
{"//": ["list far: 2 entries", "policy: 1"],
 "resource": {"kind_a": {"one": {"x": 1}, "two": {}}},
 "variable": {"id": {"type": "string", "description": "$${x} of"}},
 "output": {"o": {"value": "y"}}}
"""


def node(value: str) -> JsonNode:
    """Return the value of the key `k` of a text."""
    return json_object(Text("x", f'{{"k": {value}}}')).child("k")


def test_a_file_has_blocks_by_type_and_label() -> None:
    whole = configuration(Text("x", FILE), ("kind_a", "kind_b"))
    bodies = {kind: [*labels] for kind, labels in whole.resources.items()}
    assert bodies == {"kind_a": ["one", "two"], "kind_b": []}
    assert whole.resources["kind_a"]["one"].value == {"x": 1}
    assert ([*whole.variables], [*whole.outputs]) == (["id"], ["o"])
    assert [(one.what, one.value) for one in whole.comments] == [
        ("list in the comment", "list far: 2 entries"), ("policy in the comment", "policy: 1"),
    ]  # fmt: skip
    assert told(whole.comments[1].error("why")).startswith("1:32+11 ")
    (declared,) = declarations(whole)
    assert (declared.what, declared.value) == ("variable", "id")
    assert told(declared.error("why")) == "3:21+1 variable.id: why"


def test_a_file_may_have_no_block() -> None:
    whole = configuration(Text("x", "{}"), ("kind_a",))
    assert whole.resources == {"kind_a": {}}
    assert (whole.variables, whole.outputs, whole.comments) == ({}, {}, ())
    assert configuration(Text("x", "{}")).resources == {}


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ('"output"', '"module"', "4:12+1 module: unknown key 'module'"),
        ('["list far: 2 entries", "policy: 1"]', '"policy"', "1:8+8 //: '//' is not a list"),
        ('"policy: 1"', "1", "1:32+1 //[1]: 1 is not a text"),
        ('"kind_a"', '"kind_c"', "2:25+1 resource.kind_c: unknown key 'kind_c'"),
        ('{"one": {"x": 1}, "two": {}}', "[]",
         "2:25+1 resource.kind_a: 'kind_a' is not an object"),
        ('{"x": 1}', "[]", "2:33+1 resource.kind_a.one: 'one' is not an object"),
        ('"one"', '"1one"', f"2:34+1 resource.kind_a.1one: '1one' {NO_NAME}"),
    ],
)  # fmt: skip
def test_a_file_has_nothing_else(old: str, new: str, wrong: str) -> None:
    assert old in FILE
    assert refused(configuration, Text("x", FILE.replace(old, new)), ("kind_a",)) == wrong


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ('"string"', '"any"', "expected one of string, number, map(string), list(string)"),
        ('"$${x} of"', '"${x} of"', "a template would decide what stands here"),
        ('"type": "string", ', "", "the key 'type' is missing"),
        ('"type": "string"', '"default": "a", "type": "string"', "unknown key 'default'"),
    ],
)
def test_a_variable_has_a_plain_type_and_no_default(old: str, new: str, wrong: str) -> None:
    whole = configuration(Text("x", FILE.replace(old, new)), ("kind_a",))
    assert refused(declarations, whole).endswith(wrong)


def test_a_file_of_variables_has_values_and_a_comment() -> None:
    found, about = values(Text("x", '{"//": ["list far"], "a": 1, "b": ["x"]}'))
    assert {name: one.value for name, one in found.items()} == {"a": 1, "b": ["x"]}
    assert [one.value for one in about] == ["list far"]
    assert values(Text("x", '{"a": 1}'))[1] == ()
    assert refused(values, Text("x", '{"//": 1}')) == "1:8+1 //: '//' is not a list"


def test_labels_are_those_of_an_object() -> None:
    assert refused(labelled, node("[]")) == "1:7+1 k: expected an object"
    assert [*labelled(node('{"a-1": {}, "_b": {}}'))] == ["a-1", "_b"]


def test_there_may_be_no_comment() -> None:
    assert comments(None) == ()


@pytest.mark.parametrize(
    ("said", "meant"),
    [('"a $b %c"', "a $b %c"), ('"$${a} %%{b}"', "${a} %{b}"), ('"{a}"', "{a}"), ('""', "")],
)
def test_a_text_is_what_terraform_takes_it_for(said: str, meant: str) -> None:
    assert literal(node(said)) == meant


@pytest.mark.parametrize("said", ['"${a}"', '"x %{ if a }"', '"$$%{a}"', '"%%${a}"'])
def test_a_template_is_no_text(said: str) -> None:
    wrong = f"1:7+{len(said)} k: a template would decide what stands here"
    assert refused(literal, node(said)) == wrong


def test_a_link_to_who_blocks_is_its_url() -> None:
    link = blocked_by(node(r'"<https://a/?b=%%{c}>; rel=\"blocked-by\""'))
    assert (link.what, link.value) == ("link", "https://a/?b=%{c}")
    for wrong in (r'"<a>; rel=\"x\""', r'"<a b>; rel=\"blocked-by\""', '"<a>"'):
        told_of = refused(blocked_by, node(wrong))
        assert told_of == f'1:7+{len(wrong)} k: expected <URL>; rel="blocked-by"'


@pytest.mark.parametrize(("said", "value"), [("true", 1), ("1", True), ('"1"', 1), ("1.0", 1)])
def test_a_value_must_be_of_the_same_type(said: str, value: object) -> None:
    assert refused(require, node(said), value).endswith(f"k: expected {value!r}")


def test_a_value_that_is_what_it_must_be_is_taken() -> None:
    require(node('{"a": [1]}'), {"a": [1]})
    require(node("true"), True)
    assert refused(require, node("2"), 1) == "1:7+1 k: expected 1"


def test_a_reference_is_the_label_in_it() -> None:
    assert reference(node('"${kind_a.one-1.arn}"'), "kind_a", "arn") == "one-1"


@pytest.mark.parametrize(
    "said",
    [
        "1",
        '"kind_a.one.arn"',
        '"${kind_b.one.arn}"',
        '"${kind_a.1.arn}"',
        '"${kind_a.a.id}"',
        '"${kind_a.a.arn}x"',
        '"${kind_a.a.arn"',
    ],
)
def test_anything_else_is_no_reference(said: str) -> None:
    wrong = refused(reference, node(said), "kind_a", "arn")
    assert wrong == f"1:7+{len(said)} k: expected ${{kind_a.NAME.arn}}"


def test_a_variable_is_the_name_of_one_that_is_declared() -> None:
    declared = {"id": node("{}")}
    assert variable(node('"${var.id}"'), declared) == "id"
    for said in ("1", '"var.id"', '"${var.id}x"', '"${local.id}"', '"${var.1}"'):
        wrong = refused(variable, node(said), declared)
        assert wrong == f"1:7+{len(said)} k: expected ${{var.NAME}}"
    other = refused(variable, node('"${var.x}"'), declared)
    assert other == "1:7+10 k: the variable 'x' is not declared"


def test_what_is_made_is_used_once() -> None:
    made = labelled(node('{"a": {}, "b": {}}'))
    one, two, more = node('["a", "b", "a"]').items()
    require_used(made, [("a", one), ("b", two)], None)
    require_used({}, [], None)
    again = refused(require_used, made, [("a", one), ("b", two), ("a", more)], None)
    assert again == "1:8+3 k[0]: 'a' is not made and used exactly once"
    unknown = refused(require_used, made, [("a", one), ("c", two)], None)
    assert unknown == "1:13+3 k[1]: 'c' is not made and used exactly once"
    assert (
        refused(require_used, made, [("a", one)], None) == "1:22+1 k.b: the rule does not use 'b'"
    )
    at_rule = refused(require_used, made, [("a", one)], two)
    assert at_rule == "1:13+3 k[1]: the rule does not use 'b'"


def test_entries_stand_once_each() -> None:
    text = Text("x", '{"k": ["10.0.0.0/8", "::/0", "10.0.0.0/8"]}')
    items = json_object(text).child("k")
    tokens = items.texts()
    twice = refused(entries, text, items, tokens)
    assert twice == "1:30+12 k[2]: 10.0.0.0/8 occurs twice"
    ipv4, ipv6 = entries(text, items, tokens[:2])
    assert (ipv4.rules.family, ipv6.rules.family) == (V4, V6)
    assert (ipv4.rules.verdict.tolist(), ipv6.rules.verdict.tolist()) == ([1], [1])
    assert told(ipv6.where(0, "why")) == "1:22+6 k[1]: why"
    other = refused(entries, text, items, tokens[:2], (V6,))
    assert other == "1:8+12 k[0]: an ipv4 entry where it does not belong"


def test_objects_of_a_list_have_the_same_keys() -> None:
    items = node('[{"a": "1", "b": 2}, {"b": 3, "a": "4"}]')
    assert rows(items, {"a": str, "b": int}) == [{"a": "1", "b": 2}, {"a": "4", "b": 3}]
    assert rows(node("[]"), {"a": str}) == []
    for said, wrong in (
        ('[{"a": "1"}, {"a": 2}]', "1:26+1 k[1].a: 'a' is not a text"),
        ('[{"a": "1"}, {"a": "2", "c": 1}]', "1:36+1 k[1].c: unknown key 'c'"),
        ('[{"a": "1"}, {}]', "1:20+1 k[1]: the key 'a' is missing"),
        ('[{"a": "1"}, 7]', "1:20+1 k[1]: expected an object with a"),
    ):
        assert refused(rows, node(said), {"a": str}) == wrong
