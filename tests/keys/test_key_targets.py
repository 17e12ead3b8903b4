"""Every key target: its plan names exactly the keys that were decided, whatever they are called."""

import csv
import json
import re
import sqlite3
from collections.abc import Iterator
from importlib import import_module
from urllib.parse import unquote, urlsplit

import pytest

from blockc.errors import PolicyError, Unproved
from blockc.keys.key_registry import KEY_TARGETS
from blockc.keys.key_table import RESTORE, REVOKE
from blockc.keys.key_target import PlannedKey, prove_keys
from blockc.targets.syntax.tokens import Text
from tests.keys.gateway_cases import LIST, case_of, text_of_plan
from tests.support.aws_shapes import model_of

NAMES = sorted(KEY_TARGETS)
HOSTILE = (
    '"', "'", "it's", '"; DROP TABLE gone_keys; --', "'; DROP TABLE gone_keys; --", "') , ('x",
    "a,b", "=cmd|' /C calc'!A0", "+1", "-1", "@x", "../../admin", "a/b", "a?b=c#d", "%2e%2e", "..",
    ".", "$(reboot)", "`reboot`", "a b", "\\", "\\'", "{{ 1 }}", "{id}", "</script>", "&amp;",
    "a\nb", "a\rb", "a\0b", "a\tb", "\x1b[2J", "\u202e", "\u00e9", "\ud800", " a", "a ", "",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_says_what_was_decided(name: str) -> None:
    target, options, keys = case_of(name)
    for some in (keys, keys[:1], []):
        prove_keys(target, text_of_plan(target, options, some), LIST, options, some)


def changed(text: str) -> Iterator[str]:
    """Yield the text without each line, with each line twice, and with each character another."""
    lines = text.splitlines(keepends=True)
    for at, line in enumerate(lines):
        yield "".join(lines[:at] + lines[at + 1 :])
        yield "".join([*lines[:at], line, *lines[at:]])
    for at, letter in enumerate(text):
        if not letter.isspace():
            yield text[:at] + ("b" if letter == "a" else "a") + text[at + 1 :]
            yield text[:at] + text[at + 1 :]


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_plan_is_found(name: str) -> None:
    target, options, keys = case_of(name)
    text = text_of_plan(target, options, keys).text
    for other in changed(text):
        with pytest.raises(Unproved):
            prove_keys(target, Text("plan", other), LIST, options, keys)


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_of_other_keys_another_list_or_gateway_is_found(name: str) -> None:
    target, options, keys = case_of(name)
    text = text_of_plan(target, options, keys)
    swapped = [PlannedKey(one.key, RESTORE, one.name) for one in keys[:1]]
    for wanted in (keys[:1], [*swapped, *keys[1:]], []):
        with pytest.raises(Unproved):
            prove_keys(target, text, LIST, options, wanted)
    with pytest.raises(Unproved):
        prove_keys(target, text, "another", options, keys)
    for option in target.options:
        value = '{"x": 1}' if option.name.endswith("body") else f"{options[option.name]}x"
        other = {**options, option.name: value}
        if option.name != "what":
            with pytest.raises(Unproved):
                prove_keys(target, text, LIST, other, keys)


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_is_refused_or_comes_out_as_it_is(name: str) -> None:
    target, options, keys = case_of(name)
    taken = []
    for hostile in HOSTILE:
        for at, part in enumerate(target.parts_of(options)):
            if part.fits(hostile):
                known = keys[0].name
                key = PlannedKey("k", REVOKE, (*known[:at], hostile, *known[at + 1 :]))
                taken.append(key)
                prove_keys(target, text_of_plan(target, options, [key]), LIST, options, [key])
    assert bool(taken) is (name not in ("aws-api-gateway", "cloudflare-api-tokens"))
    assert all(not set("\n\r\0\t\x1b\u202e") & set("".join(one.name)) for one in taken)


def test_a_body_with_a_number_is_not_one_with_true() -> None:
    target, options, keys = case_of("http")
    options = {**options, "revoke_body": '{"enabled": true}'}
    text = text_of_plan(target, options, keys).text
    with pytest.raises(Unproved):
        prove_keys(target, Text("plan", text.replace("true", "1")), LIST, options, keys)


def hostile_keys(name: str) -> list[PlannedKey]:
    """Return a key for each hostile name that a target takes."""
    (part,) = KEY_TARGETS[name].parts
    return [PlannedKey(one, REVOKE, (one,)) for one in HOSTILE if part.fits(one)]


def test_a_database_takes_hostile_names_as_texts() -> None:
    target, options, _ = case_of("sql")
    keys = hostile_keys("sql")
    assert len(keys) > 15
    base = sqlite3.connect(":memory:")
    for some in (keys, keys, keys[2:]):
        base.executescript(text_of_plan(target, options, some).text)
        rows = base.execute("SELECT key_id, action, list FROM gone_keys").fetchall()
        assert sorted(rows) == sorted((one.key, REVOKE, LIST) for one in some)


def test_the_statements_of_a_table_revoke_and_restore() -> None:
    target, _, keys = case_of("sql")
    base = sqlite3.connect(":memory:")
    base.executescript(text_of_plan(target, {"table": "blockc_keys"}, keys).text)
    base.execute("CREATE TABLE api_keys (id TEXT, enabled INTEGER)")
    first, second = (one.name[0] for one in keys)
    before = [(first, True), (second, False), ("other", True)]
    base.executemany("INSERT INTO api_keys VALUES (?, ?)", before)
    for statement in re.findall(r'-c "(UPDATE [^"]*)"', target.deployment.load):
        base.execute(statement)
    after = dict(base.execute("SELECT id, enabled FROM api_keys"))
    assert after == {first: False, second: True, "other": True}


def test_a_reader_of_csv_takes_hostile_names_as_cells_and_no_spreadsheet_runs_one() -> None:
    target, options, _ = case_of("csv")
    keys = hostile_keys("csv")
    text = text_of_plan(target, options, keys).text
    rows = list(csv.reader(text.splitlines()))
    assert rows == [["id", "action", "list"], *([one.key, REVOKE, LIST] for one in keys)]
    assert not [one.key for one in keys if one.key.startswith(("=", "+", "-", "@"))]


def test_a_path_of_a_call_has_as_many_steps_whatever_the_name() -> None:
    target, options, _ = case_of("http")
    keys = hostile_keys("http")
    calls = json.loads(text_of_plan(target, options, keys).text)["calls"]
    for call, key in zip(calls, keys, strict=True):
        parts = urlsplit(call["url"])
        steps = parts.path.split("/")
        assert (parts.netloc, parts.query, parts.fragment) == ("gate.example.com", "", "")
        assert [steps[1], steps[3]] == ["keys", "disable"]
        assert unquote(steps[2]) == key.key
        assert steps[2] not in (".", "..")


def test_the_commands_of_aws_are_calls_that_its_own_model_takes() -> None:
    target, options, keys = case_of("aws-api-gateway")
    operation = model_of("apigateway").operation_model("UpdateApiKey")
    validator = import_module("botocore.validate").ParamValidator()
    lines = text_of_plan(target, options, keys).text.splitlines()[3:]
    for line, key in zip(lines, keys, strict=True):
        words = line.split()
        assert words[:3] == ["aws", "apigateway", "update-api-key"]
        said = dict(zip(words[3::2], words[4::2], strict=True))
        patch = dict(pair.split("=") for pair in said["--patch-operations"].split(","))
        call = {"apiKey": said["--api-key"], "patchOperations": [patch]}
        assert not validator.validate(call, operation.input_shape).has_errors()
        value = "false" if key.action == REVOKE else "true"
        assert patch == {"op": "replace", "path": "/enabled", "value": value}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "revoke_url is missing"),
        ({"revoke_url": "https://user:secret@gate/{id}"}, "expected empty, or http"),
        ({"revoke_url": "https://gate/keys"}, "expected empty, or http"),
        ({"revoke_url": "https://gate/{id}/{id}"}, "expected empty, or http"),
        ({"revoke_url": "https://gate/{id}", "revoke_body": "{"}, "expected empty, or a JSON"),
        ({"revoke_url": "https://gate/{id}", "revoke_body": "{'a': 1}"}, "revoke_body: not JSON"),
        ({"revoke_url": "https://g/{id}", "revoke_body": '{"a": 1, "a": 2}'}, "occurs twice"),
        ({"revoke_url": "https://g/{id}", "restore_url": "https://g/{id}"}, "the same call"),
    ],
)
def test_calls_of_ones_own_that_cannot_be_meant_are_refused(
    given: dict[str, str], said: str
) -> None:
    target = KEY_TARGETS["http"]
    try:
        wrong = target.conflict(target.settle(given, LIST))
    except PolicyError as reason:
        wrong = reason.message
    assert said in wrong


@pytest.mark.parametrize("name", NAMES)
def test_every_fact_has_a_page_and_a_day(name: str) -> None:
    target = KEY_TARGETS[name]
    assert target.references
    assert all(one.url.startswith("https://") and one.checked for one in target.references)
