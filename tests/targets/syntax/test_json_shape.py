"""Documents of a shape: what is taken in, and how everything else is refused."""

import json

import pytest

from blockc.errors import SourceSyntaxError
from blockc.targets.syntax.json_shape import (
    Doing,
    Each,
    Either,
    Entries,
    Maybe,
    Meaning,
    Named,
    Says,
    shaped,
)
from blockc.targets.syntax.reading import Reading
from blockc.targets.syntax.tokens import Text

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
    with pytest.raises(SourceSyntaxError) as refused:
        read({**GOOD, **change})
    assert message in str(refused.value)
