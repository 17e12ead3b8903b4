"""A served HAProxy, asked about both ends of slots of each family on one connection."""

import socket
import subprocess
from pathlib import Path
from random import Random

import pytest

from blockc.addresses import FAMILIES, V4, V6, AddrMap, AddrSet, columns
from blockc.addresses.rules import Match, meaning
from blockc.targets.core.render import render
from blockc.targets.core.response import Response
from blockc.targets.core.verdicts import ContentKind
from blockc.targets.proxy.haproxy_list import HAPROXY_LIST
from blockc.targets.proxy.haproxy_map import HAPROXY_MAP
from blockc.targets.syntax.reading import NAMES
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import replace
from tests.real.probes import ends, listed, mapped, verdicts
from tests.real.servers import haproxy
from tests.support.machine import HAPROXIES, require_haproxy
from tests.targets.artifacts import (
    EDGES,
    LINK,
    PATH,
    PROVENANCE,
    TEMPLATES,
    draft,
    nested,
    prefixes,
    rules_of,
    written,
    written_rules,
)

pytestmark = [pytest.mark.real, pytest.mark.slow]
PROBES = 300
VERSIONS = pytest.mark.parametrize("package", HAPROXIES)


def require_agreement(intent: AddrMap, texts: tuple[ArtifactFile, ...], package: str = "") -> None:
    """Check HAProxy's answers at both ends of slots, and where it looks twice."""
    with haproxy(texts, package=package) as server:
        for family in FAMILIES:
            asked = verdicts(intent, family, ends(intent, family))
            wanted = {text: said or "none" for text, said in asked.items() if not mapped(text)}
            assert server.answers(wanted) == wanted
        wanted = looked_up_twice(intent)
        assert server.answers(wanted) == wanted


def looked_up_twice(intent: AddrMap) -> dict[str, str]:
    """Return IPv6 addresses that hold one of IPv4, and what each must get.

    Mapped ones are clients of IPv4. 6to4 and the old compatible ones are of IPv6, whatever the
    IPv4 address inside them gets.
    """
    random = Random(1)
    four = columns.ints(V4, ends(intent, V4))
    wanted = {}
    for address in random.sample(four, min(PROBES, len(four))):
        said = intent.part(V4).at(columns.column(V4, [address]))[0]
        wanted[f"::ffff:{V4.text(address)}"] = intent.names[said] or "none"
        for inside in (address << 80 | 0x2002 << 112, address):
            label = intent.part(V6).at(columns.column(V6, [inside]))[0]
            wanted[V6.text(inside)] = intent.names[label] or "none"
    return wanted


@VERSIONS
def test_haproxy_blocks_what_the_list_blocks_and_nothing_else(package: str) -> None:
    addresses = listed(6)
    require_agreement(AddrMap.of_set(addresses), written(HAPROXY_MAP, addresses), package)


@pytest.mark.parametrize("case", EDGES)
def test_haproxy_agrees_at_the_edges_of_the_space(case: str) -> None:
    require_agreement(AddrMap.of_set(EDGES[case]), written(HAPROXY_MAP, EDGES[case]))


def test_haproxy_agrees_about_everything_but_an_office() -> None:
    addresses = AddrSet.everything() - prefixes(
        "198.51.100.0/24", "203.0.113.7/32", "2001:db8::/48"
    )
    require_agreement(AddrMap.of_set(addresses), written(HAPROXY_MAP, addresses))


@VERSIONS
def test_haproxy_lets_an_exception_inside_an_entry_through(package: str) -> None:
    rules = nested(
        ("10.1.2.0/24", 1), ("10.0.0.0/8", 1), ("10.1.0.0/16", 0), ("10.1.2.3/32", 0),
        ("2001:db8:8::1/128", 1), ("2001:db8::/32", 1), ("2001:db8:8::/48", 0),
    )  # fmt: skip
    intent = meaning(Match.LONGEST, rules.values(), NAMES)
    require_agreement(intent, written_rules(HAPROXY_MAP, rules), package)


@VERSIONS
@pytest.mark.parametrize("action", ["block", "monitor", "warn"])
def test_the_rules_of_a_list_load_in_every_stage(package: str, action: str, tmp_path: Path) -> None:
    dialect = HAPROXY_LIST.responding()
    rules = rules_of(dialect, prefixes("192.0.2.0/24", "2001:db8::/32"))
    document = draft(dialect, rules, {"folder": str(tmp_path)}, names=("", action))
    answer = Response(451, LINK) if action == "block" else None
    files = render(dialect, replace(document, action=action, response=answer), "l", TEMPLATES)
    for file in files:
        (tmp_path / file.path).write_bytes(file.data)
    head = "defaults\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n mode http\n"
    conf = f"{head}frontend x\n bind unix@{tmp_path}/s\n{files[1].data.decode()}"
    (tmp_path / "conf").write_text(f"{conf}http-request return status 200\n", encoding="utf-8")
    command = [require_haproxy(package), "-c", "-f", str(tmp_path / "conf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_map_of_lists_says_the_action_of_each() -> None:
    rules = nested(
        ("0.0.0.0/0", 2), ("10.0.0.0/8", 1), ("10.1.0.0/16", 0), ("10.1.2.3/32", 3),
        ("2000::/3", 3), ("2001:db8::/32", 0), ("2001:db8:8::1/128", 1),
    )  # fmt: skip
    names = ("", "block", "monitor", "warn")
    one = draft(HAPROXY_MAP, rules, None, PROVENANCE, ContentKind.VERDICTS, names)
    texts = render(HAPROXY_MAP, one, PATH, TEMPLATES)
    require_agreement(meaning(Match.LONGEST, rules.values(), names), texts)


def test_an_ipv4_client_of_a_dual_stack_socket_is_one_of_ipv4() -> None:
    """HAProxy sees 127.0.0.1 as ::ffff:127.0.0.1 there, which the list of IPv6 must not decide."""
    office = AddrSet.everything() - prefixes("127.0.0.1/32", "2001:db8::/48")
    for addresses, said in ((office, "none"), (prefixes("127.0.0.0/8"), "block")):
        port = free_port()
        texts = written(HAPROXY_MAP, addresses)
        with haproxy(texts, bind=f"bind :::{port} v4v6"):
            assert asked_from_loopback(port) == said


def free_port() -> int:
    """Return a port nobody listens on, in both families."""
    with socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::", 0))
        found: int = probe.getsockname()[1]
        return found


def asked_from_loopback(port: int) -> str:
    """Return what HAProxy says of a client of IPv4 on this machine."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        wire.sendall(b"GET / HTTP/1.0\r\n\r\n")
        answer = b""
        while more := wire.recv(4096):
            answer += more
    return answer.rpartition(b"<")[2].rstrip(b">").decode()
