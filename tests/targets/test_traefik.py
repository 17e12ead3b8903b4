"""Traefik's allow lists: the complement of a list, as a program in Go reads it."""

import json
import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import pytest

from blockc.addresses import FAMILIES, AddrMap, AddrSet
from blockc.errors import Miscompiled, Unproved
from blockc.targets.core.render import render
from blockc.targets.core.target import Target
from blockc.targets.proxy.traefik import TRAEFIK, TRAEFIK_MIDDLEWARE
from blockc.targets.syntax.tokens import ArtifactFile, Text
from blockc.verify.proof import prove
from tests.real.probes import blocked, ends, listed
from tests.targets.artifacts import (
    EDGES,
    PATH,
    TEMPLATES,
    changed,
    draft,
    prefixes,
    rules_of,
    written,
)
from tests.targets.crds import validate

BOTH = pytest.mark.parametrize("target", [TRAEFIK, TRAEFIK_MIDDLEWARE], ids=lambda one: one.name)


def ranges(target: Target, addresses: AddrSet) -> list[str]:
    """Return the sourceRange of an artifact."""
    (file,) = written(target, addresses)
    document = json.loads(re.sub(r"(?m)^#.*$", "", file.data.decode()))
    if target is TRAEFIK:
        (allow,) = document["http"]["middlewares"].values()
    else:
        allow = document["spec"]
    found: list[str] = allow["ipAllowList"]["sourceRange"]
    return found


def as_go_reads(text: str) -> IPv4Network | IPv6Network:
    """Return a prefix as net.ParseCIDR and IPNet.Contains take it: mapped is IPv4."""
    network = ip_network(text)
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None or network.prefixlen < 96:
        return network
    return ip_network((int(mapped), network.prefixlen - 96))


@BOTH
@pytest.mark.parametrize("case", [*EDGES, "listed"])
def test_a_program_in_go_lets_everybody_pass_but_the_list(target: Target, case: str) -> None:
    addresses = EDGES[case] if case in EDGES else listed(31, 40)
    networks = [as_go_reads(text) for text in ranges(target, addresses)]
    intent = AddrMap.of_set(addresses)
    for family in FAMILIES:
        for text, wanted in blocked(intent, family, ends(intent, family, 60)).items():
            address = ip_address(text)
            if address == ip_address(0) or getattr(address, "ipv4_mapped", None):
                continue
            passes = any(address in one for one in networks if one.version == address.version)
            assert passes is not wanted, text


@BOTH
@pytest.mark.parametrize("case", EDGES)
def test_no_list_is_empty_since_traefik_would_not_take_it(target: Target, case: str) -> None:
    assert ranges(target, EDGES[case])


def test_an_empty_allow_list_is_refused() -> None:
    (file,) = written(TRAEFIK, AddrSet.everything())
    with pytest.raises(Miscompiled, match="does not take an empty sourceRange"):
        prove(TRAEFIK, [changed(file, '"0.0.0.0/32"', "")], AddrMap.of_set(AddrSet.everything()))


def test_a_prefix_that_go_takes_for_all_of_ipv4_is_never_written_and_refused() -> None:
    addresses = prefixes("::/1")
    assert "::ffff:0:0/96" not in ranges(TRAEFIK, addresses)
    (file,) = written(TRAEFIK, addresses)
    wrong = changed(file, '"8000::/1"', '"8000::/1",\n"::ffff:0:0/96"')
    with pytest.raises(Miscompiled, match="takes this prefix of IPv6 for IPv4"):
        prove(TRAEFIK, [wrong], AddrMap.of_set(addresses))


@BOTH
def test_the_answer_and_the_depth_are_what_the_policy_says(target: Target) -> None:
    document = draft(target, rules_of(target, EDGES["neighbours"]), {"status": 451, "depth": 2})
    orders, intent = document.orders(target, PATH), AddrMap.of_set(EDGES["neighbours"])
    files = render(target, document, PATH, TEMPLATES)
    prove(target, files, intent, "", orders)

    def refused(old: str, new: str) -> str:
        with pytest.raises(Unproved) as wrong:
            prove(target, [changed(files[0], old, new)], intent, "", orders)
        return wrong.value.message

    assert "the status is 404, ordered is 451" in refused(
        '"rejectStatusCode": 451', '"rejectStatusCode": 404'
    )
    assert "the depth is 1, ordered is 2" in refused('"depth": 2', '"depth": 1')
    assert "unknown key 'excludedIPs'" in refused('"depth": 2', '"depth": 2, "excludedIPs": []')
    assert "'x'" in refused('"blockc-export-control"', '"x"')


@pytest.mark.parametrize("case", EDGES)
def test_the_schema_of_the_middleware_takes_every_edge(case: str) -> None:
    (file,) = written(TRAEFIK_MIDDLEWARE, EDGES[case], {"depth": 1})
    validate(json.loads(file.data))


def test_the_file_is_yaml() -> None:
    import yaml

    (file,) = written(TRAEFIK, EDGES["neighbours"])
    document = yaml.safe_load(file.data)
    assert list(document["http"]["middlewares"]) == ["blockc-export-control"]


def test_a_reader_counts_lines_from_the_top_of_the_file() -> None:
    (file,) = written(TRAEFIK, EDGES["neighbours"])
    wrong = ArtifactFile(file.path, file.data.replace(b'"http"', b'"tcp"'), file.families)
    with pytest.raises(Miscompiled) as refused:
        prove(TRAEFIK, [wrong], AddrMap.of_set(EDGES["neighbours"]))
    assert refused.value.at
    assert (
        Text("x", wrong.data.decode()).text.split("\n")[refused.value.at.line - 1].strip()
        == '"tcp": {'
    )


def test_a_gap_is_pointed_at_by_the_prefix_before_it() -> None:
    (file,) = written(TRAEFIK, prefixes("10.0.0.0/8", "2001:db8::/32"))
    with pytest.raises(Miscompiled) as refused:
        prove(TRAEFIK, [file], AddrMap.of_set(prefixes("2001:db8::/32")))
    assert refused.value.at
    assert '"8.0.0.0/7"' in refused.value.at.text
    everything = written(TRAEFIK, AddrSet.everything())
    with pytest.raises(Miscompiled):
        prove(TRAEFIK, everything, AddrMap.of_set(AddrSet.empty()))
