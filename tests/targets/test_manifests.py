"""Kubernetes manifests by the schemas that projects publish, and the traps of their policies."""

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

import jsonschema
import pytest

from blockc.addresses import AddrMap, AddrSet
from blockc.addresses.parse import parse_prefix
from blockc.errors import PolicyError, Unproved
from blockc.targets.cluster.manifests import OBJECT
from blockc.targets.core.render import render
from blockc.targets.core.target import Target
from blockc.targets.registry import ROWS, TARGETS
from blockc.targets.syntax.tokens import Text
from blockc.values import replace
from blockc.verify.proof import prove
from tests.support.machine import absent
from tests.targets.artifacts import EDGES, PATH, TEMPLATES, draft, prefixes, rules_of, written
from tests.targets.crds import validate

CLUSTER = [TARGETS[name] for name, row in ROWS.items() if row.category == "cluster"]
GATEWAY, ISTIO, CILIUM = "envoy-gateway", "istio-authorizationpolicy", "cilium-policy"
CALICO, POLICY = "calico-policy", "kubernetes-networkpolicy"
EVERY = pytest.mark.parametrize("target", CLUSTER, ids=lambda target: target.name)


def objects(
    target: Target, addresses: AddrSet, action: str = "block"
) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a manifest."""
    one = draft(target, rules_of(target, addresses), names=("", action))
    (file,) = render(target, replace(one, action=action), PATH, TEMPLATES)
    document = json.loads(file.data)
    yield from document["items"] if document["kind"] == "List" else [document]


def schemas() -> ModuleType:
    """Return the schemas of Kubernetes' own objects, 100 MB of them."""
    try:
        return import_module("kubernetes_validate")
    except ImportError:
        absent("kubernetes-validate is not installed")


@EVERY
@pytest.mark.parametrize("case", EDGES)
def test_the_published_schema_takes_every_edge(target: Target, case: str) -> None:
    for one in objects(target, EDGES[case]):
        if one["kind"] == "NetworkPolicy":
            schemas().validate(one, "1.31", strict=True)
        else:
            validate(one)


@EVERY
def test_what_only_watches_has_the_same_schema(target: Target) -> None:
    for action in target.responses.actions:
        for one in objects(target, EDGES["neighbours"], action):
            if one["kind"] != "NetworkPolicy":
                validate(one)


@EVERY
def test_the_schema_finds_what_does_not_belong(target: Target) -> None:
    for one in objects(target, EDGES["neighbours"]):
        if one["kind"] != "NetworkPolicy":
            with pytest.raises(jsonschema.ValidationError):
                validate({**one, "spec": {**one["spec"], "x": 1}})


def test_rules_of_a_schema_are_asked_too() -> None:
    gateway, *_ = objects(TARGETS[GATEWAY], EDGES["neighbours"])
    (reference,) = gateway["spec"]["targetRefs"]
    service = {**reference, "kind": "Service"}
    with pytest.raises(jsonschema.ValidationError, match="'ListenerSet', 'HTTPRoute'"):
        validate({**gateway, "spec": {**gateway["spec"], "targetRefs": [service]}})
    group, *_ = objects(TARGETS[CILIUM], EDGES["neighbours"])
    with pytest.raises(jsonschema.ValidationError, match="is not a 'cidr'"):
        validate({**group, "spec": {"externalCIDRs": ["192.0.2.0"]}})


@pytest.mark.parametrize("tier", ["default", "kube-admin", "kube-baseline"])
def test_no_tier_of_calico_itself_is_written_anew(tier: str) -> None:
    """Its default one must deny, and what the others do, and when, is Calico's to say."""
    with pytest.raises(PolicyError, match=r"expected 1 to 63 .* tier of Calico's own"):
        draft(TARGETS[CALICO], rules_of(TARGETS[CALICO], EDGES["neighbours"]), {"tier": tier})


def test_the_largest_object_fits_a_request_to_etcd() -> None:
    count = OBJECT.count
    longest = [f"2{at:03x}:{at:04x}:ffff:ffff:ffff:ffff:ffff:fff0/124" for at in range(4095)]
    assert max(map(len, longest)) + len('"",') == 46
    assert len("255.255.255.254/32") + len('"",') == 21
    request = count * (46 + 21)
    assert request < 1.5 * 2**20 * 0.9
    assert request * 1.1 < 1.5 * 2**20


@EVERY
def test_an_empty_list_denies_nobody(target: Target) -> None:
    prove(target, written(target, AddrSet.empty()), AddrMap.of_set(AddrSet.empty()))
    text = "".join(file.data.decode() for file in written(target, AddrSet.empty()))
    for denies_all in ('"ipBlocks": []', '"clientCIDRs": []', '"rules": [{}]', '"except": []'):
        assert denies_all not in text


def refused(target: str, old: str, new: str, options: Mapping[str, object] | None = None) -> str:
    """Return why the proof of an artifact fails, in which something was changed."""
    one = TARGETS[target]
    name, addresses = str(one.writer), EDGES["neighbours"]
    template = TEMPLATES[name].text
    assert old in template
    document = draft(one, rules_of(one, addresses), options)
    changed = {**TEMPLATES, name: Text(name, template.replace(old, new))}
    files = render(one, document, PATH, changed)
    with pytest.raises(Unproved) as wrong:
        prove(one, files, AddrMap.of_set(addresses), "", document.orders(one, PATH))
    return wrong.value.message


@pytest.mark.parametrize(
    ("target", "old", "new", "message"),
    [
        (GATEWAY, '"Allow"', '"Deny"', "expected 'Allow'"),
        (GATEWAY, '"action": "Deny"', '"action": "Allow"', "expected 'Deny'"),
        (GATEWAY, "{{ option.gateway }}", "other", "the gateway is 'other', ordered is 'eg'"),
        (GATEWAY, '"name": "{{ option.name }}",\n          "act', '"name": "x",\n          "act',
         "the rule is 'x'"),
        (ISTIO, '"DENY"', '"ALLOW"', "expected 'DENY'"),
        (ISTIO, '"{{ option.source }}": [', '"remoteIpBlocks": [',
         "the source is 'remoteIpBlocks', ordered is 'ipBlocks'"),
        (ISTIO, "{{ option.namespace }}", "default", "the namespace is 'defau"),
        (ISTIO, "{% if option.selector %}", "{% if false %}",
         "the selector 'istio=ingressgateway' is ordered and missing"),
        (ISTIO, '"{{ option.source }}": [', '"notIpBlocks": [', "unknown key"),
        (ISTIO, "{{ provenance.policy }}", "x", "the policy is 'x'"),
        (ISTIO, "{{ provenance.list }}", "x", "the list is 'x'"),
        (ISTIO, '"name": "{{ option.name }}"', '"name": "x"',
         "the AuthorizationPolicy is 'x'"),
        (CILIUM, '"ingress": false', '"ingress": true', "expected False"),
        (CILIUM, '"enableDefaultDeny": {"ingress": false, "egress": false},', "",
         "the key 'enableDefaultDeny' is missing"),
        (CILIUM, '"cidrGroupRef": "{{ option.name }}', '"cidrGroupRef": "x',
         "the CIDR group is 'x'"),
        (CILIUM, "ingressDeny", "ingress", "unknown key 'ingress'"),
        (CALICO, '"defaultAction": "Pass"', '"defaultAction": "Deny"', "expected 'Pass'"),
        (CALICO, "blockc == '{{ option.name }}'", "blockc == 'x'", "the source is 'x'"),
        (CALICO, '"blockc": "{{ option.name }}"', '"blockc": "x"', "the label is 'x'"),
        (CALICO, '"tier": "{{ option.tier }}"', '"tier": "default"', "the tier is 'default'"),
        (CALICO, "{{ option.order }}", "99", "the order of the tier is 99"),
        (CALICO, "{{ option.endpoints }}", "x()", "the Calico selector is 'x()'"),
        (CALICO, '"Deny" }}', '"Allow" }}', "expected 'Deny'"),
        (POLICY, '{"namespaceSelector": {}}', '{"podSelector": {}}', "unknown"),
        (POLICY, "{% if option.cluster %}", "{% if false %}", "cannot be read"),
        (POLICY, '"policyTypes": ["Ingress"]', '"policyTypes": ["Egress"]',
         "expected 'Ingress'"),
    ],
)  # fmt: skip
def test_a_policy_that_does_something_else_is_refused(
    target: str, old: str, new: str, message: str
) -> None:
    assert message in refused(target, old, new)


def test_a_policy_that_lets_a_family_in_twice_is_refused_since_the_wider_one_decides() -> None:
    old = "{% if option.cluster %}\n          {"
    new = '          {"ipBlock": {"cidr": "0.0.0.0/0"}},\n' + old
    assert "ipv4 is let in twice" in refused(POLICY, old, new)


def test_a_policy_that_lets_nobody_in_has_no_rule_since_an_empty_one_lets_everybody_in() -> None:
    one = TARGETS[POLICY]
    whole = AddrSet.of(map(parse_prefix, ("0.0.0.0/0", "::/0")))
    rules = {part.family: part for part in rules_of(replace(one, lengths=None), whole).values()}
    (file,) = render(one, draft(one, rules, {"cluster": False}), PATH, TEMPLATES)
    ingress = json.loads(file.data)["spec"]["ingress"]
    assert ingress == [] or all(rule["from"] for rule in ingress)
    prove(one, [file], AddrMap.of_set(whole))


def test_a_family_that_is_blocked_whole_is_not_let_in() -> None:
    one = TARGETS[POLICY]
    (file,) = written(one, prefixes("0.0.0.0/0", "2001:db8::/32"))
    prove(one, [file], AddrMap.of_set(prefixes("0.0.0.0/0", "2001:db8::/32")))
