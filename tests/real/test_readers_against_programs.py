"""Spoilt artifacts that a reader takes: the real program must take them too, and mean the same.

That a reader refuses what a program takes is its right, and often its duty. The number of texts is
fixed, and so are the seeds; one that found a difference stays among them.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from random import Random
from typing import Any

import pytest

from blockc.addresses import FAMILIES, V4, V6, AddrMap, AddrSet, Family
from blockc.addresses.lines import prefix_texts
from blockc.addresses.parse import parse_span
from blockc.addresses.rules import meaning
from blockc.errors import BlockcError
from blockc.targets.core.render import render
from blockc.targets.core.target import Target
from blockc.targets.kernel.ipset import IPSET
from blockc.targets.kernel.nftables import NFTABLES
from blockc.targets.proxy.haproxy_map import HAPROXY_MAP
from blockc.targets.syntax.reading import Reading
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.targets.web.nginx_geo import NGINX_GEO
from blockc.values import replace
from blockc.verify.said import beyond_limits
from tests.real.probes import ends, mapped, verdicts
from tests.real.servers import haproxy, nginx
from tests.support.machine import SYSTEM_PATH, require_program, require_root
from tests.support.spoilt import nudged
from tests.targets.artifacts import PATH, TEMPLATES, draft, nested, rules_of

pytestmark = [pytest.mark.real, pytest.mark.slow]
SEEDS = (1, 2)
TRIES, ASKED = 4_000, 15  # texts a seed, and how many of those that are read the program is asked
ENTRIES = nested(
    ("10.0.0.0/8", 1), ("10.1.0.0/16", 0), ("10.1.2.3/32", 1), ("192.0.2.0/24", 1),
    ("2001:db8::/32", 1), ("2001:db8:8::/48", 0), ("2001:db8:8::1/128", 1), ("fd00::/8", 1),
)  # fmt: skip
FLAT = AddrSet.of_ranges(
    map(parse_span, ("10.0.0.0/8", "192.0.2.7", "198.51.100.0/31", "2001:db8::/32", "fd00::1"))
)


def taken(
    target: Target, seed: int, options: dict[str, object] | None = None
) -> Iterator[tuple[list[ArtifactFile], Reading]]:
    """Yield spoilt artifacts that the reader takes and that say something new."""
    random = Random(f"{target.name} {seed}")
    rules = ENTRIES if target.has_exceptions else rules_of(target, FLAT)
    files = render(target, draft(target, rules, options), PATH, TEMPLATES)
    bare = [re.sub("^#.*\n", "", file.data.decode(), flags=re.MULTILINE) for file in files]
    seen: set[tuple[bytes, ...]] = set()
    for _ in range(TRIES):
        texts = list(bare)
        at = random.choice([0, 0, random.randrange(len(texts))])
        for _ in range(random.randint(1, 3)):
            texts[at] = nudged(texts[at], random)
        changed = [
            replace(file, data=text.encode(errors="replace"))
            for file, text in zip(files, texts, strict=True)
        ]
        try:
            reading = target.reader(changed)
        except BlockcError:
            continue
        key = tuple(file.data for file in changed)
        if key not in seen and not beyond_limits(target, reading):
            seen.add(key)
            yield changed, reading
        if len(seen) == ASKED:
            return
    pytest.fail("hardly a spoilt text is read: spoil them less")


def said(target: Target, reading: Reading) -> AddrMap:
    """Return the verdict of every address by what was read."""
    return meaning(target.match, reading.rules.values(), reading.names)


def found(reading: Reading, what: str) -> list[Any]:
    """Return what was read of a kind."""
    return [one.value for one in reading.found if one.what == what]


def in_namespace(script: str, folder: Path, files: list[ArtifactFile]) -> str:
    """Return what a script says in a network namespace of its own; the files are $0, $1, ..."""
    paths = [folder / str(number) for number in range(len(files))]
    for path, file in zip(paths, files, strict=True):
        path.write_bytes(file.data)
    done = subprocess.run(
        ["unshare", "--net", "sh", "-ec", script, *map(str, paths)],
        env={"PATH": SYSTEM_PATH},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stderr}\n{[file.data.decode() for file in files]}"
    return done.stdout


@pytest.mark.parametrize("seed", SEEDS)
def test_nft_drops_what_was_read(seed: int, tmp_path: Path) -> None:
    require_root()
    require_program("nft")
    for files, reading in taken(NFTABLES, seed):
        script = 'nft -f "$0"; nft -f "$0"; nft --json list ruleset'
        listed = json.loads(in_namespace(script, tmp_path, files))["nftables"]
        chains = [one["chain"] for one in listed if "chain" in one]
        dropped = {
            one["match"]["right"][1:]
            for rule in listed
            if {"drop": None} in rule.get("rule", {}).get("expr", [])
            for expr in rule["rule"]["expr"]
            if (one := expr) and "match" in one
        }
        spans = [
            nft_span(element)
            for one in listed
            if one.get("set", {}).get("name") in dropped
            for element in one["set"].get("elem", [])
        ]
        wanted = said(NFTABLES, reading).where(["block"])
        assert AddrSet.of_ranges(spans) == wanted, files[0].data.decode()
        assert {f"inet {one['table']}" for one in chains} <= {*found(reading, "nft table")}
        assert {one["hook"] for one in chains} == {*found(reading, "nft hook")}
        assert {one["prio"] for one in chains} == {*found(reading, "nft priority")}


def nft_span(element: Any) -> tuple[Family, int, int]:
    """Return family, first and last address of an element of a set as nft lists it."""
    if isinstance(element, dict) and "range" in element:
        first, last = map(ip_address, element["range"])
    else:
        prefix = element if isinstance(element, str) else "{addr}/{len}".format(**element["prefix"])
        first, last = ip_network(prefix)[0], ip_network(prefix)[-1]
    return (V4 if first.version == 4 else V6), int(first), int(last)


@pytest.mark.parametrize("seed", SEEDS)
def test_ipset_and_iptables_drop_what_was_read(seed: int, tmp_path: Path) -> None:
    require_root()
    for program in ("ipset", "iptables-restore"):
        require_program(program)
    script = """
ipset restore < "$0"; ipset restore < "$0"
iptables-restore --noflush < "$1"; ip6tables-restore --noflush < "$2"
ipset save; iptables -S; ip6tables -S"""
    for files, reading in taken(IPSET, seed):
        shown = in_namespace(script, tmp_path, files)
        dropped = {
            *re.findall(r"^-A \S+ -m set --match-set (\S+) src -j DROP$", shown, re.MULTILINE)
        }
        entries = {
            (str(ip_network(address)), bool(exception))
            for name, address, exception in re.findall(
                r"^add (\S+) (\S+)( nomatch)?$", shown, re.MULTILINE
            )
            if name in dropped
        }
        wanted = {
            (str(ip_network(text)), not verdict)
            for rules in reading.rules.values()
            for text, verdict in zip(prefix_texts(rules.prefixes()), rules.verdict, strict=True)
            if reading.names[1] == "block"
        }
        assert entries == wanted, [file.data.decode() for file in files]
        chains = {*re.findall(r"^-N (\S+)$", shown, re.MULTILINE)}
        assert chains == {*found(reading, "iptables chain"), *found(reading, "ip6tables chain")}


@pytest.mark.parametrize("seed", SEEDS)
def test_nginx_says_of_a_client_what_was_read(seed: int) -> None:
    require_program("nginx")
    for files, reading in taken(NGINX_GEO, seed, {"source": "arg_ip"}):
        (variable,) = found(reading, "nginx variable")
        if found(reading, "nginx source") != ["$arg_ip"]:
            continue
        words = {"": "0", "block": "1"} if found(reading, "nginx values") == ["1 and 0"] else {}
        intent = said(NGINX_GEO, reading)
        with nginx(files, variable[1:]) as server:
            for family in FAMILIES:
                wanted = {
                    text: words.get(verdict, verdict)
                    for text, verdict in answers(intent, family).items()
                }
                assert server.answers(wanted) == wanted, files[0].data.decode()


@pytest.mark.parametrize("seed", SEEDS)
def test_haproxy_says_of_a_client_what_was_read(seed: int) -> None:
    require_program("haproxy")
    for files, reading in taken(HAPROXY_MAP, seed):
        intent = said(HAPROXY_MAP, reading)
        with haproxy(files) as server:
            for family in FAMILIES:
                wanted = {
                    text: verdict or "none" for text, verdict in answers(intent, family).items()
                }
                assert server.answers(wanted) == wanted, files[0].data.decode()


def answers(intent: AddrMap, family: Family) -> dict[str, str]:
    """Return both ends of every slot with their verdicts, without IPv4 in the clothes of IPv6."""
    asked = verdicts(intent, family, ends(intent, family, None))
    return {str(ip_address(text)): said for text, said in asked.items() if not mapped(text)}
