"""A plan of every key target: options, two names, and how its text is made."""

from collections.abc import Mapping, Sequence

from blockc.keys.key_registry import KEY_TARGETS
from blockc.keys.key_table import RESTORE, REVOKE
from blockc.keys.key_target import KeyTarget, OptionValues, PlannedKey, key_context
from blockc.targets.core.render import fill
from blockc.targets.syntax.tokens import Text
from blockc.workspace.audit.planning import key_templates

LIST = "export-control"
_UUID = "7c0a5b3e-0b6f-4b0e-9d53-1f4f3c0a9e2"
OPTIONS: Mapping[str, Mapping[str, object]] = {
    "apigee": {"organization": "acme"},
    "azure-api-management": {"subscription": f"{_UUID}1", "group": "rg", "service": "gate"},
    "http": {
        "revoke_url": "https://gate.example.com/keys/{id}/disable",
        "revoke_body": '{"why": "export control"}',
        "restore_method": "DELETE",
        "restore_url": "https://gate.example.com/keys/{id}/block",
    },
    "sql": {"table": "gone_keys"},
}
NAMES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "apigee": (("ops@bazaar.example", "quotes"), ("o'hara+1@reise.example", "book%20it$")),
    "aws-api-gateway": (("x7yq2m9a1b",), ("p3kd81mfz0",)),
    "azure-api-management": (("bazaar-1",), ("reise.7",)),
    "cloudflare-api-tokens": (("ed17574386854bf78a67040be0a770b0",), ("0" * 31 + "1",)),
    "kong": (("bazaar", f"{_UUID}1"), ("reise~7", f"{_UUID}2")),
}
ANYTHING = (("k-1",), ("k/2?x=1&y",))


def case_of(name: str) -> tuple[KeyTarget, OptionValues, list[PlannedKey]]:
    """Return a target, its options, and a key to revoke and one to restore if it can."""
    target = KEY_TARGETS[name]
    options = target.settle(OPTIONS.get(name, {}), LIST)
    first, second = NAMES.get(name, ANYTHING)
    action = RESTORE if target.restores(options) else REVOKE
    return target, options, [PlannedKey("a", REVOKE, first), PlannedKey("b", action, second)]


def text_of_plan(target: KeyTarget, options: OptionValues, keys: Sequence[PlannedKey]) -> Text:
    """Return the text of a plan."""
    template = key_templates()[target.template]
    return Text("plan", fill(template, key_context(target, LIST, options, keys)))
