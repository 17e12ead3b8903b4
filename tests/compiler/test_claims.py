"""No two artifacts of a build make one object: a table, a set, a variable."""

import time
from itertools import count

import pytest

from blockc.compiler.claims import shared_by_outputs
from blockc.errors import Mistakes
from blockc.policy.checking.parse_policy import parse_policy
from blockc.policy.model import Policy
from blockc.targets.registry import TARGETS
from blockc.workspace.policy_files import known
from tests.compiler.toy import compiled

NUMBERS = count()
LISTS = """
[list.a]
block = ["CN"]
[list.b]
block = ["192.0.2.0/24"]
[list.a-b]
block = ["CN", "192.0.2.0/24"]
"""


def output(target: str, more: str = "", says: str = 'list = "a"', path: str = "") -> str:
    """Return the text of an output with a path of its own."""
    path = path or f"{next(NUMBERS)}.{target}"
    return f'[[output]]\ntarget = "{target}"\npath = "{path}"\n{says}\n{more}\n'


def policy(text: str) -> Policy:
    """Return the policy of a text."""
    return parse_policy("p.toml", f"version = 1\n{text}", known=known())


SHARED = [
    (output("nftables", 'hook = "input"'), output("nftables", 'hook = "forward"'),
     "nft table 'inet blockc_a'"),
    (output("nftables"), output("nftables", 'table = "blockc_a"', 'list = "b"'), "nft table"),
    (output("nginx-geo", says='lists = ["a", "b"]'), output("nginx-geo", says='lists = ["a-b"]'),
     "nginx variable '$blockc_a_b_action'"),
    (output("nginx-geo", 'variable = "x"'),
     output("nginx-geo", 'variable = "x"', 'map = "country"'),
     "nginx variable '$x'"),
    (output("nginx-stream", 'variable = "x"'),
     output("nginx-stream", 'variable = "x_action"', 'list = "b"'),
     "nginx variable '$x_action'"),
    (output("aws-wafv2-ipset"), output("aws-wafv2-ipset", 'name = "blockc-a"', 'list = "b"'),
     "AWS IP set 'REGIONAL blockc-a-ipv4'"),
    (output("aws-wafv2-ipset", 'name = "x-except"'),
     output("aws-wafv2-ipset", 'name = "x"\nmax_entries = 9\nwhen_over = "two-sets"'),
     "AWS IP set 'REGIONAL x-except-ipv4'"),
    (output("ipset"), output("ipset", 'set = "blockc_a"', 'list = "b"'),
     "ipset set 'blockc_a_v4'"),
    (output("caddy"), output("caddy", "status = 404"), "Caddy matcher '@blockc_a'"),
    (output("envoy-gateway"), output("envoy-gateway", says='list = "b"'),
     "policy of the gateway 'default/eg'"),
    (output("kubernetes-networkpolicy"), output("kubernetes-networkpolicy", says='list = "b"'),
     "pods of the namespace default with the labels 'all'"),
    (output("kubernetes-networkpolicy", 'selector = "app=web"'),
     output("kubernetes-networkpolicy", says='list = "b"'), "with the labels 'all'"),
    (output("kubernetes-networkpolicy", 'selector = "app=web"'),
     output("kubernetes-networkpolicy", 'selector = "tier=edge"', 'list = "b"'),
     "with the labels 'tier=edge'"),
    (output("calico-policy"), output("calico-policy", "order = 20", 'list = "b"'),
     "order of Calico's tier 'tier=blockc'"),
    (output("traefik-middleware", 'name = "x"'),
     output("traefik-middleware", 'name = "x"', 'list = "b"'), "Middleware 'default/x'"),
    (output("calico-policy", 'name = "x"'),
     output("calico-policy", 'name = "x"\ntier = "late"', 'list = "b"'), "GlobalNetworkSet 'x'"),
    (output("suricata-iprep"), output("suricata-iprep", "sid = 1000002", 'list = "b"'),
     "category id '1'"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "what"), SHARED, ids=[what for *_, what in SHARED])
def test_two_outputs_that_make_one_object_are_refused_with_both_places(
    one: str, other: str, what: str
) -> None:
    text = LISTS + one + other
    errors = shared_by_outputs(policy(text))
    assert len(errors) == 1
    assert what in errors[0].message
    lines = [at + 2 for at, line in enumerate(text.split("\n")) if line == "[[output]]"]
    assert errors[0].at
    second = errors[0].at.line
    (first,) = {*lines} - {second}
    assert second in lines
    assert f"(p.toml:{first})" in errors[0].message
    with pytest.raises(Mistakes, match="is also made by"):
        compiled(text)


@pytest.mark.parametrize(
    "more",
    [
        output("nftables", 'table = "blockc_x"'),
        output("nftables", says='list = "b"'),
        output("aws-wafv2-ipset", 'scope = "CLOUDFRONT"'),
        output("nginx-geo"),
        output("plain") + output("plain", 'header = "none"') + output("json"),
        output("envoy-gateway") + output("envoy-gateway", 'gateway = "inner"', 'list = "b"'),
        output("kubernetes-networkpolicy", 'selector = "app=web"')
        + output("kubernetes-networkpolicy", 'selector = "app=api,tier=x"', 'list = "b"')
        + output("kubernetes-networkpolicy", 'namespace = "x"', 'list = "a-b"'),
        output("kubernetes-networkpolicy")
        + output("kubernetes-networkpolicy", 'selector = "app=web"\nname = "again"'),
        output("calico-policy")
        + output("calico-policy", says='list = "b"')
        + output("calico-policy", 'order = 20\ntier = "late"', 'list = "a-b"'),
    ],
)
def test_objects_of_different_names_scopes_and_platforms_are_different(more: str) -> None:
    first = output("nftables") + output("aws-wafv2-ipset")
    assert shared_by_outputs(policy(LISTS + first + more)) == []
    assert compiled(LISTS + first + more).artifacts


NAMESPACED = (
    "envoy-gateway",
    "istio-authorizationpolicy",
    "kubernetes-networkpolicy",
    "traefik-middleware",
)


@pytest.mark.parametrize("target", NAMESPACED)
def test_one_name_in_two_namespaces_is_two_objects(target: str) -> None:
    one, other, again = (
        output(target, f'name = "x"\nnamespace = "{place}"', says)
        for place, says in (("a", 'list = "a"'), ("b", 'list = "b"'), ("a", 'list = "b"'))
    )
    assert compiled(LISTS + one + other).artifacts
    errors = shared_by_outputs(policy(LISTS + one + again))
    assert ["'a/x' is also made by" in error.message for error in errors] == [True]


def test_every_target_with_a_namespace_claims_its_name_there() -> None:
    with_namespace = {
        name
        for name, target in TARGETS.items()
        if any(option.name == "namespace" for option in target.options)
    }
    assert with_namespace == {*NAMESPACED}


@pytest.mark.parametrize(
    ("target", "more"),
    [
        ("aws-network-firewall", "sid = 7"),
        ("azure-frontdoor", "priority = 7"),
        ("azure-appgateway", "priority = 7"),
        ("cloud-armor", "priority = 7"),
    ],
)
def test_numbers_are_not_claimed_where_the_policy_of_the_rules_is_not_named(
    target: str, more: str
) -> None:
    """Each output may be for a rule group or a policy of its own, as with two applications."""
    both = output(target, more) + output(target, more, 'list = "b"')
    assert shared_by_outputs(policy(LISTS + both)) == []


def test_the_pieces_of_a_split_list_are_compared_when_they_are_known() -> None:
    pieces = output("nginx-geo", 'split_by = "country"', path="{country}.conf")
    text = LISTS.replace("a-b", "a-cn") + pieces + output("nginx-geo", says='list = "a-cn"')
    assert shared_by_outputs(policy(text)) == []
    with pytest.raises(Mistakes, match="'\\$blockc_a_cn' is also made by") as refused:
        compiled(text)
    assert refused.value.exit_code == 2


def test_a_thousand_outputs_are_compared_in_linear_time() -> None:
    outputs = "".join(output("nftables", f'table = "blockc_{n}"') for n in range(1_000))
    many = policy(LISTS + outputs)
    begin = time.process_time()
    assert shared_by_outputs(many) == []
    assert time.process_time() - begin < 1


def test_one_list_as_a_flag_and_as_words_are_two_variables() -> None:
    text = LISTS + output("nginx-geo") + output("nginx-geo", says='lists = ["a"]')
    text += output("nginx-geo", says='map = "country"')
    assert shared_by_outputs(policy(text)) == []
