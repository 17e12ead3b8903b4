"""Templates of JSON with a shape that say something else than ordered are refused."""

import pytest

from blockc.addresses import AddrMap
from blockc.errors import Unproved
from blockc.targets.core.render import render
from blockc.targets.core.target import Target
from blockc.targets.registry import TARGETS
from blockc.targets.syntax.tokens import Text
from blockc.values import replace
from blockc.verify.proof import prove
from tests.targets.artifacts import EDGES, PATH, TEMPLATES, draft, prefixes, rules_of, written
from tests.targets.test_wrong_templates import require_refused

ADDRESSES = EDGES["neighbours"]
ENVOY = "envoy-rbac"
SHAPED = (ENVOY,)


@pytest.mark.parametrize(
    ("target", "old", "new", "message"),
    [
        (ENVOY, '"name": "{{ option.name }}', '"name": "other', "Envoy filter is 'other', order"),
        (ENVOY, '"{{ option.name }}": {', '"other": {', "the RBAC policy is 'other', ordered is"),
        (ENVOY, "provenance.list", "'another'", "the version is 'list another, policy"),
        (ENVOY, "{{ option.principal }}", "source_ip", "this entry is not understood"),
        (ENVOY, '"principals": [', '"x": 1, "principals": [', "unknown key 'x'"),
        (ENVOY, '{"any": true}', '{"any": false}', "expected True"),
        (ENVOY, '"DENY"', '"ALLOW"', "expected 'DENY'"),
        (ENVOY, '"shadow_rules" if action == "monitor" else "rules"', '"matcher"',
         "unknown key 'matcher'"),
    ],
)  # fmt: skip
def test_a_wrong_shape_is_refused_with_the_place(
    target: str, old: str, new: str, message: str
) -> None:
    one = TARGETS[target]
    require_refused(one, str(one.writer), old, new, message)


@pytest.mark.parametrize(
    ("target", "action"), [(one, action) for one in TARGETS.values()
    for action in sorted(one.responses.actions) if one.name in SHAPED],
    ids=lambda value: value if isinstance(value, str) else value.name,
)  # fmt: skip
def test_a_rule_that_blocks_where_it_should_watch_is_refused(target: Target, action: str) -> None:
    document = draft(target, rules_of(target, ADDRESSES), names=("", action))
    watched = replace(document, action=action)
    intent, orders = AddrMap.of_set(ADDRESSES, action), watched.orders(target, PATH)
    prove(target, render(target, watched, PATH, TEMPLATES), intent, "", orders)
    with pytest.raises(Unproved, match=f"is blocked, the policy gives it '{action}'"):
        prove(target, render(target, document, PATH, TEMPLATES), intent)


def test_another_principal_than_ordered_is_refused() -> None:
    target = TARGETS[ENVOY]
    text = TEMPLATES[str(target.writer)].text
    wrong = text.replace("{{ option.principal }}", "remote_ip").replace(
        "option.principal", '"remote_ip"'
    )
    document = draft(target, rules_of(target, ADDRESSES))
    files = render(target, document, PATH, {**TEMPLATES, str(target.writer): Text("x", wrong)})
    with pytest.raises(Unproved, match="the Envoy principal is 'remote_ip', ordered is 'direct_re"):
        prove(target, files, AddrMap.of_set(ADDRESSES), "", document.orders(target, PATH))


def test_an_ipv4_entry_without_its_twin_in_the_clothes_of_ipv6_is_refused() -> None:
    target, addresses = TARGETS[ENVOY], prefixes("192.0.2.0/24", "10.0.0.0/8", "2001:db8::/32")
    (file,) = written(target, addresses, {"principal": "remote_ip"})
    intent = AddrMap.of_set(addresses)
    prove(target, [file], intent)
    twin = b'{"remote_ip": {"address_prefix": "::ffff:192.0.2.0", "prefix_len": 120}},\n'
    assert twin in file.data
    for new, message in (
        (b"", "a client that is named as ::ffff: and this passes"),
        (twin.replace(b"120", b"121"), "a client that is named as ::ffff: and this passes"),
        (twin + twin.replace(b".2.", b".3."), "without the one of IPv4"),
    ):
        wrong = replace(file, data=file.data.replace(twin, new))
        with pytest.raises(Unproved, match=message):
            prove(target, [wrong], intent)


@pytest.mark.parametrize("case", EDGES)
def test_every_edge_is_read_back_where_headers_are_compared(case: str) -> None:
    target = TARGETS[ENVOY]
    prove(
        target,
        written(target, EDGES[case], {"principal": "remote_ip"}),
        AddrMap.of_set(EDGES[case]),
    )
