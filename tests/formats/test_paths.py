"""The language of places in JSON."""

import re

import pytest

from blockc.formats.parsing.json_paths import Missing, PathStep, parse_path, texts_at
from blockc.formats.parsing.json_rows import JsonRows, single_text

DOCUMENT = {
    "made": 7,
    "on": True,
    "none": None,
    "values": [
        {"name": "A", "where": {"region": "eu"}, "nets": ["1.2.3.0/24", "1.2.4.0/24"]},
        {"name": "B", "nets": ["1.2.5.0/24"], "tags": ["x", "y"]},
    ],
    "web": ["1.0.0.0/24"],
    "api": [],
}


def rows(path: str, **tags: str) -> list[tuple[str, ...]]:
    """Return what a path leads to in the document, each with its tags."""
    found = JsonRows({name: parse_path(text) for name, text in tags.items()})
    found.add(DOCUMENT, parse_path(path))
    return list(zip(found.texts, *found.tags.values(), strict=True))


@pytest.mark.parametrize(
    "text", ["a", "a.b", "a[]", "[]", "[].a", "{a,b}", "{a,b}[].c d", "*~", "a[].*~", "a.b[]"]
)
def test_a_path_is_written_as_it_was_read(text: str) -> None:
    assert str(parse_path(text)) == text


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("", ""), ("a.", ""), (".a", ""), ("a..b", ""), ("a.[]", "[]"), ("a[0]", "a[0]"),
        ("a[][]", "a[][]"), ("{a", "{a"), ("{}", "{}"), ("{a,}", "{a,}"), ("a b ", "a b "),
        ("a~b", "a~b"), ("$.a", None), ("a\n", "a\n"), (".".join("a" * 30), "a"),
    ],
)  # fmt: skip
def test_what_is_no_path_is_refused_with_its_step(text: str, step: str | None) -> None:
    if step is None:
        assert parse_path(text).steps[0] == PathStep(("$",), each=False)  # a key like any other
        return
    with pytest.raises(ValueError, match=re.escape(f"{step!r} is no step of one")):
        parse_path(text)


def test_only_a_key_has_a_name() -> None:
    with pytest.raises(ValueError, match="only a key has a name"):
        parse_path("[]~")


def test_tags_follow_the_way_to_the_prefix_and_then_their_own() -> None:
    assert rows("values[].nets[]", name="values[].name", region="values[].where.region") == [
        ("1.2.3.0/24", "A", "eu"),
        ("1.2.4.0/24", "A", "eu"),
        ("1.2.5.0/24", "B", ""),
    ]
    assert rows("values[].nets[]", made="made", prefix="values[].nets[]", on="on", none="none") == [
        (net, "7", net, "true", "") for net in ("1.2.3.0/24", "1.2.4.0/24", "1.2.5.0/24")
    ]


def test_a_prefix_with_several_values_of_a_tag_is_a_row_for_each() -> None:
    assert rows("values[].nets[]", tag="values[].tags[]") == [
        ("1.2.3.0/24", ""),
        ("1.2.4.0/24", ""),
        ("1.2.5.0/24", "x"),
        ("1.2.5.0/24", "y"),
    ]


def test_keys_in_braces_may_be_missing_but_not_all() -> None:
    assert rows("{web,api,git}[]", service="*~") == [("1.0.0.0/24", "web")]
    with pytest.raises(Missing, match="the file has no key 'git' or 'hooks'"):
        rows("{git,hooks}[]")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("valuez[]", "the file has no key 'valuez'"),
        ("values[].net", "values[0] has no key 'net'"),
        ("values.nets", "values is a list, expected an object"),
        ("made[]", "made is a number or truth, expected a list"),
        ("none.x", "none is null, expected an object"),
        ("values[].name.x", "values[0].name is a text, expected an object"),
        ("values[]", "values[0] is an object, expected the text of a prefix"),
        ("made", "made is a number or truth, expected the text of a prefix"),
        ("[]", "the file is an object, expected a list"),
    ],
)
def test_what_is_not_there_is_told_with_its_place(path: str, said: str) -> None:
    with pytest.raises(Missing, match=re.escape(said)):
        rows(path)


def test_a_tag_that_is_no_text_is_refused() -> None:
    with pytest.raises(Missing, match=r"values\[0\]\.where is an object, expected a text"):
        rows("values[].nets[]", where="values[].where")


def test_one_text_of_the_file_is_one() -> None:
    assert single_text(DOCUMENT, parse_path("made")) == "7"
    with pytest.raises(Missing, match=r"has 2 of \{web,api\}, expected one"):
        single_text(DOCUMENT, parse_path("{web,api}"))


@pytest.mark.parametrize(
    ("more", "unlisted"),
    [
        ({"copilot": ["1.0.1.0/24"]}, {"copilot": "{web,api}[]"}),
        ({"copilot": ["1.0.1.7/24"], "mail": ["2001:db8::/32"]}, {"copilot", "mail"}),
        ({"ssh_keys": ["ssh-ed25519 AAAA"], "on": True, "domains": {"a": []}, "none": None}, {}),
        ({"copilot": []}, {}),
        ({"copilot": "1.0.1.0/24"}, {}),
    ],
)
def test_a_key_with_addresses_beside_a_fixed_list_of_keys_is_noted(
    more: dict[str, object], unlisted: dict[str, str] | set[str]
) -> None:
    found = JsonRows({})
    found.add({"web": ["1.0.0.0/24"], "api": [], **more}, parse_path("{web,api}[]"))
    assert found.texts == ["1.0.0.0/24"]
    assert set(found.unlisted) == set(unlisted)
    if isinstance(unlisted, dict):
        assert found.unlisted == unlisted


def test_keys_beside_one_key_or_any_key_are_nobodys_business() -> None:
    for path in ("web[]", "{*}[]"):
        found = JsonRows({})
        found.add({"web": ["1.0.0.0/24"], "mail": ["1.0.1.0/24"]}, parse_path(path))
        assert found.unlisted == {}


def test_keys_that_are_no_texts_are_other_keys() -> None:
    """A damaged MaxMind DB may have numbers for keys, which its reader hands on."""
    assert texts_at({1: "a", None: "b"}, parse_path("name?").steps, "") == []
    assert texts_at({1: "a", "name": "b"}, parse_path("name").steps, "") == ["b"]
