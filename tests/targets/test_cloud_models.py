"""Bodies for cloud APIs, by what the vendors' own clients say of them; see `scripts.cloud_models`.

Of `list`, `policy`, `acl` and `comment` around them the pages of the targets say that they are for
people and are not sent.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from blockc.targets.core.render import render
from blockc.targets.core.response import Response
from blockc.targets.core.target import Target
from blockc.targets.registry import TARGETS
from blockc.values import replace
from tests.targets.artifacts import EDGES, PATH, TEMPLATES, draft, of_countries, rules_of

MODELS = json.loads(Path(__file__).with_name("cloud_models.json").read_text("utf-8"))
#: Target -> the model and the type of each body in its files, file by file, and where it stands.
BODIES: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "azure-frontdoor": (("azure-frontdoor", "CustomRule", "customRules"),),
    "azure-frontdoor-geo": (("azure-frontdoor", "CustomRule", "customRules"),),
    "azure-appgateway": (("azure-network", "WebApplicationFirewallCustomRule", "customRules"),),
    "azure-ip-group": (("azure-network", "IpGroup", "resources"),) * 2,
    "cloud-armor": (("google-compute", "SecurityPolicyRule", "rules"),),
    "cloud-armor-country": (("google-compute", "SecurityPolicyRule", "rules"),),
    "cloud-armor-group": (
        ("google-networksecurity", "AddressGroup", ""),
        ("google-networksecurity", "AddressGroup", ""),
        ("google-compute", "SecurityPolicyRule", "rules"),
    ),
    "fastly-acl": (("fastly", "BulkUpdateAclEntry", "entries"),),
    "cloudflare-list": (
        ("cloudflare", "BodyListsListItemIPComment", ""),
        ("cloudflare", "ListCreateParams", ""),
        ("cloudflare", "{action}RuleParam", ""),
    ),
    "cloudflare-country": (("cloudflare", "{action}RuleParam", ""),),
}
_OF_TEMPLATES = {"type", "apiVersion", "name"}
KINDS = {"string": str, "number": int, "boolean": bool}
OF_RULES = {"block": "Block", "monitor": "Log", "warn": "ManagedChallenge"}


def problems(model: Mapping[str, Any], kind: Any, value: Any, at: str) -> Iterator[str]:
    """Yield why a value is not what a model says of it."""
    if isinstance(kind, str):
        yield from [] if type(value) is KINDS[kind] else [f"{at} is not a {kind}"]
    elif kind is None:
        yield f"{at} is not in the part of the model that was taken"
    elif "enum" in kind:
        yield from [] if value in kind["enum"] else [f"{at} is {value!r}"]
    elif "dict" in kind:
        yield from (f"{at}.{key} is not a text" for key in value if type(value[key]) is not str)
    elif "list" in kind:
        yield from [] if type(value) is list else [f"{at} is not a list"]
        for number, item in enumerate(value if type(value) is list else ()):
            yield from problems(model, kind["list"], item, f"{at}[{number}]")
    else:
        of_type = model[kind["type"]]
        yield from (f"{at} has no {key}" for key in of_type["required"] if key not in value)
        for key, item in value.items():
            if key in of_type["fields"]:
                yield from problems(model, of_type["fields"][key], item, f"{at}.{key}")
            else:
                yield f"{at} knows no {key}"


def bodies(target: Target, case: str, action: str) -> Iterator[tuple[str, str, Any]]:
    """Yield the model, the type and the value of each body in an artifact."""
    dialect = target.responding() if target.responses.extra_files else target
    status = 403 if 403 in target.responses.statuses else None
    answer = Response(status) if status and action == "block" else None
    if target.codes:
        codes = ("CN", "KP") if case != "nothing" else ()
        document = of_countries(dialect, *codes, action=action, response=answer)
    else:
        document = draft(dialect, rules_of(dialect, EDGES[case]), names=("", action))
        document = replace(document, action=action, response=answer)
    parts = (document.options,) if target.joint else ()
    files = render(dialect, replace(document, part_options=parts), PATH, TEMPLATES)
    for file, (model, name, key) in zip(files, BODIES[target.name], strict=True):
        value = json.loads(file.data)
        found = value[key] if key else value
        if target.name == "azure-ip-group":  # in a template there is more around a resource
            found = [{key: one[key] for key in one if key not in _OF_TEMPLATES} for one in found]
        for one in found if isinstance(found, list) else [found]:
            yield model, name.format(action=OF_RULES[action]), one


@pytest.mark.parametrize("action", ["block", "monitor", "warn"])
@pytest.mark.parametrize("target", [*map(TARGETS.__getitem__, BODIES)], ids=lambda one: one.name)
def test_the_client_of_the_vendor_knows_every_key_and_value(target: Target, action: str) -> None:
    if not (action == "block" or action in target.responses.actions):
        return
    seen = set[str]()
    for case in ("neighbours", "nothing", "halves", "ipv6 only"):
        for model, name, body in bodies(target, case, action):
            seen.add(name)
            assert [*problems(MODELS[model], {"type": name}, body, name)] == []
    assert seen == {name.format(action=OF_RULES[action]) for _, name, _ in BODIES[target.name]}


def test_what_a_client_does_not_know_is_found() -> None:
    (_, name, body), *_ = bodies(TARGETS["azure-frontdoor"], "neighbours", "block")
    model = MODELS["azure-frontdoor"]
    condition = body["matchConditions"][0]
    for wrong, said in (
        ({**body, "state": "Enabled"}, "x knows no state"),
        ({**body, "action": "Deny"}, "x.action is 'Deny'"),
        ({**body, "priority": "7"}, "x.priority is not a number"),
        ({**body, "groupBy": ["x"]}, "x.groupBy[0] is not in the part of the model that was taken"),
        ({key: body[key] for key in body if key != "ruleType"}, "x has no ruleType"),
        ({**body, "matchConditions": [condition | {"matchValue": "10.0.0.0/8"}]},
         "x.matchConditions[0].matchValue is not a list"),
    ):  # fmt: skip
        assert [*problems(model, {"type": name}, wrong, "x")] == [said]


def test_the_actions_that_google_documents_are_those_that_are_written() -> None:
    """The action is a text to Google's client, whose page names what it may be."""
    (_, _, body), *_ = bodies(TARGETS["cloud-armor"], "neighbours", "block")
    assert body["action"] == "deny(403)"
    assert TARGETS["cloud-armor"].responses.statuses == {403, 404, 502}
