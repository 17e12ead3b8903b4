"""Documents of a shape: what is taken in, and how everything else is refused."""

import json

import pytest

from blockc.addresses import V4, V6
from blockc.errors import SourceSyntaxError
from blockc.targets.syntax.json_shape import (
    Codes,
    Doing,
    Each,
    Either,
    Entries,
    Labels,
    Maybe,
    Meaning,
    Named,
    Says,
    Shape,
    numbered,
    of_countries,
    shaped,
)
from blockc.targets.syntax.reading import Reading
from blockc.targets.syntax.tokens import Text
from tests.support.refusals import refused, told

SHAPE = {
    "kind": "List",
    "name": Says("name", "[a-z]+"),
    "status": Says("status", r"deny\((\d+)\)"),
    "size": Maybe(Says("size", kind=int)),
    "rules": Each({"to": Either(("deny", Doing("monitor", "log"))), "of": Entries()}, least=1),
    "one": Named("key", "[a-z]+", Either((Meaning("form", "text", "x"), {}))),
}
GOOD = {
    "kind": "List", "name": "abc", "status": "deny(403)", "size": 3,
    "rules": [{"to": "deny", "of": ["10.0.0.0/8"]}, {"to": "deny", "of": ["::1/128"]}],
    "one": {"key": "x"},
}  # fmt: skip


def read(document: object) -> Reading:
    """Return what a document of `SHAPE` says."""
    return shaped(SHAPE)(Text("x.json", json.dumps(document)))


def test_a_document_says_its_names_and_the_entries_of_every_place() -> None:
    reading = read(GOOD)
    assert {one.what: one.value for one in reading.found} == {
        "name": "abc", "status": "403", "size": 3, "key": "key", "form": "text",
    }  # fmt: skip
    assert [len(part.rules) for part in reading.parts] == [1, 0, 0, 1]
    assert reading.names == ("", "block")


def test_an_action_holds_for_the_whole_document_or_it_is_refused() -> None:
    log = {"to": "log", "of": ["10.0.0.0/8"]}
    assert read({**GOOD, "rules": [log]}).names[2] == "monitor"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "Set"}, "kind: expected 'List'"),
        ({"name": "A"}, "name: 'A' cannot be the name"),
        ({"name": "a\n"}, "cannot be the name"),
        ({"name": 1}, "name: expected a text"),
        ({"status": "deny(\u0664)"}, "cannot be the status"),  # a digit, and not of ASCII
        ({"size": True}, "size: expected a number"),
        ({"size": "3"}, "size: expected a number"),
        ({"more": 1}, "more: unknown key 'more'"),
        ({"rules": []}, "rules: expected a list of 1 or more"),
        ({"rules": {}}, "rules: expected a list"),
        ({"rules": [1]}, "expected an object with to, of"),
        ({"rules": [{"of": []}]}, "the key 'to' is missing"),
        ({"rules": [{"to": "drop", "of": []}]}, "expected 'deny'"),
        ({"rules": [{"to": "deny", "of": "10.0.0.0/8"}]}, "expected a list of addresses"),
        ({"rules": [{"to": "deny", "of": ["x"]}]}, "'x' is not an address"),
        ({"one": {}}, "expected one key and nothing beside it"),
        ({"one": {"A": "x"}}, "'A' is not a key"),
        ({"one": {"a": 1}}, "expected 'x'"),
    ],
)
def test_anything_else_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(SourceSyntaxError) as found:
        read({**GOOD, **change})
    assert message in str(found.value)


def of(shape: Shape, value: str) -> Reading:
    """Return what a document says that has a value of a shape under the key `k`."""
    return shaped({"k": shape})(Text("x", f'{{"k": {value}}}'))


def said(reading: Reading) -> list[tuple[str, object, str]]:
    """Return what a reading says, and where that stands."""
    return [(one.what, one.value, told(one.error("")).split()[0]) for one in reading.found]


def test_a_document_without_entries_is_told_at_its_beginning() -> None:
    parts = of("a", '"a"').parts
    assert [(part.rules.family, len(part.rules)) for part in parts] == [(V4, 0), (V6, 0)]
    assert [told(part.where(0, "why")) for part in parts] == ["1:1+1 why"] * 2


def test_two_actions_are_told_at_the_second() -> None:
    shape = Each(Either((Doing("warn", "x"), Doing("monitor", "y"), "z")))
    assert of(shape, '["z", "y", "y"]').names[2] == "monitor"
    wrong = refused(of, shape, '["z", "x", "y"]')
    assert wrong == "1:18+3 k[2]: this does 'monitor' and another place 'warn'"


def test_a_list_of_a_shape_has_just_its_values() -> None:
    shape = [Says("first"), 2]
    assert said(of(shape, '["a", 2]')) == [("first", "a", "1:8+3")]
    for value in ('["a"]', '["a", 2, 3]', '"ab"', "7"):
        assert refused(of, shape, value).endswith(" k: expected a list of 2")
    assert refused(of, shape, '["a", true]') == "1:13+4 k[1]: expected 2"


def test_codes_of_countries_stand_once_each_in_the_whole_document() -> None:
    shape = [Codes(2), Codes(1)]
    assert said(of(shape, '[["FR", "IT"], ["DE"]]')) == [
        ("country", "FR", "1:9+4"), ("country", "IT", "1:15+4"), ("country", "DE", "1:23+4"),
    ]  # fmt: skip
    once = "expected the code of a country, each once"
    for value, wrong in (
        ('[["FR", "FR"], []]', f"1:15+4 k[0][1]: {once}"),
        ('[["FR"], ["FR"]]', f"1:17+4 k[1][0]: {once}"),
        ('[["fr"], []]', f"1:9+4 k[0][0]: {once}"),
        ('[["FRA"], []]', f"1:9+5 k[0][0]: {once}"),
        ("[[1], []]", f"1:9+1 k[0][0]: {once}"),
        ('[["FR"], ["IT", "DE"]]', "1:16+1 k[1]: expected a list of 1 codes at most"),
        ('["FR", []]', "1:8+4 k[0]: expected a list of 2 codes at most"),
        ("[7, []]", "1:8+1 k[0]: expected a list of 2 codes at most"),
    ):
        assert refused(of, shape, value) == wrong


def test_what_is_done_to_countries_is_said_once() -> None:
    codes = Codes(9)
    blocked = of_countries(of([codes], '[["FR", "IT"]]'))
    assert [(one.what, one.value) for one in blocked.found] == [
        ("country", "FR"), ("country", "IT"), ("action", "block"),
    ]  # fmt: skip
    watched = of_countries(of([Doing("monitor", codes), Says("name")], '[["FR", "IT"], "n"]'))
    assert said(watched)[2:] == [("name", "n", "1:22+3"), ("action", "monitor", "1:9+4")]
    assert watched.parts == ()
    assert of_countries(of(codes, "[]")).found == ()


def test_labels_are_said_as_one_text() -> None:
    shape = Labels("selector")
    assert said(of(shape, '{"a": "1", "b": "2"}')) == [("selector", "a=1,b=2", "1:7+1")]
    for value in ("{}", "[]", '["a"]'):
        assert refused(of, shape, value) == "1:7+1 k: expected an object of labels"
    assert refused(of, shape, '{"a": "1", "b": 2}') == "1:7+1 k: a label that is not a text"


def test_a_text_of_digits_may_be_a_number() -> None:
    assert said(of(Says("status", r"deny\((\d+)\)", number=True), '"deny(403)"')) == [
        ("status", 403, "1:7+11"),
    ]  # fmt: skip


def test_the_name_of_a_key_is_of_ascii() -> None:
    shape = Named("key", r"\w+", 1)
    assert said(of(shape, '{"a": 1}')) == [("key", "a", "1:13+1")]
    assert refused(of, shape, '{"é": 1}') == "1:13+1 k.é: 'é' is not a key"


def test_entries_have_the_verdict_and_the_families_of_their_list() -> None:
    shape = Entries(lambda item: item.get("of"), (V4,), lambda item: item.get("to", 1), most=2)
    (part,) = of(shape, '[{"of": "10.0.0.0/8"}, {"of": "9.9.9.9", "to": 0}]').parts
    assert part.rules.verdict.tolist() == [1, 0]
    assert told(part.where(1, "why")) == "1:30+1 k[1]: why"
    for value, wrong in (
        ('[{"of": "::/0"}]', "1:8+1 k[0]: an ipv6 entry where it does not belong"),
        ('[{"of": "1.1.1.1"}, {}]', "1:27+1 k[1]: this entry is not understood"),
        ('{"of": "1.1.1.1"}', "1:7+1 k: expected a list of addresses"),
        ('[{"of": "1.1.1.1"}, {"of": "1.1.1.2"}, {"of": "1.1.1.3"}]',
         "1:46+1 k[2]: expected at most 2 here"),
    ):  # fmt: skip
        assert refused(of, shape, value) == wrong


def test_of_several_shapes_one_is_chosen_at_first_sight() -> None:
    """What is then wrong is told of the chosen one, or of the first if none fits."""
    even = Entries(lambda item: f"10.0.0.{item}" if type(item) is int else None)
    shape = Either((even, [1, 2], Named("key", "[a-z]", 1), {"a": 1, "b": Maybe(2)}, "x"))
    assert len(of(shape, "[7, 8]").parts[0].rules) == 2
    assert said(of(shape, '{"c": 1}')) == [("key", "c", "1:13+1")]
    assert of(shape, '{"a": 1, "b": 2}').found == ()
    assert of(shape, '"x"').found == ()
    for value, wrong in (
        ('[7, "y"]', "1:11+3 k[1]: this entry is not understood"),
        ('["y", 2]', "1:8+3 k[0]: expected 1"),
        ('["y"]', "1:8+3 k[0]: this entry is not understood"),
        ("true", "1:7+4 k: expected a list of addresses"),
        ('{"a": 1, "b": 3}', "1:7+1 k: expected a list of addresses"),
        ('{"b": 2, "c": 1}', "1:7+1 k: expected a list of addresses"),
    ):
        assert refused(of, shape, value) == wrong


def test_a_shape_with_a_key_that_may_be_missing_fits_without_it() -> None:
    shape = Either(({"b": Maybe(2), "a": 1, "c": 1}, {"a": 2, "b": Maybe(Says("b"))}))
    assert said(of(shape, '{"a": 2, "b": "x"}')) == [("b", "x", "1:21+3")]
    assert of(shape, '{"a": 1, "c": 1}').found == ()
    assert of(shape, '{"a": 2}').found == ()


RULES = {"rules": Each({"name": Says("rule"), "at": Says("priority", kind=int)})}


def rules(*pairs: tuple[str, int]) -> Reading:
    """Return what a document of rules says."""
    listed = [{"name": name, "at": at} for name, at in pairs]
    return numbered(shaped(RULES)(Text("x", json.dumps({"rules": listed}))), "rule", "priority")


def test_rules_that_follow_one_another_are_said_once() -> None:
    assert [(one.what, one.value) for one in rules(("a_1", 7), ("a_2", 8), ("a_3", 9)).found] == [
        ("rule", "a"), ("priority", 7),
    ]  # fmt: skip
    assert rules().found == ()


@pytest.mark.parametrize(
    ("pairs", "wrong"),
    [
        ([("a", 7)], "expected a_1"),
        ([("a_1", 7), ("b_2", 8)], "rules[1].name: expected a_2"),
        ([("a_1", 7), ("a_2", 8), ("a_2", 9)], "rules[2].name: expected a_3"),
        ([("a_1", 7), ("a_2", 9)], "rules[1].at: expected 8"),
    ],
)
def test_a_rule_out_of_order_is_refused(pairs: list[tuple[str, int]], wrong: str) -> None:
    assert refused(rules, *pairs).endswith(wrong)


def test_every_rule_has_a_priority() -> None:
    two = shaped(RULES)(
        Text("x", '{"rules": [{"name": "a_1", "at": 1}, {"name": "a_2", "at": 2}]}')
    )
    with pytest.raises(ValueError, match="shorter"):
        numbered(Reading((), found=two.found[:3]), "rule", "priority")
