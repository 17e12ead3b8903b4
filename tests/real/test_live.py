"""What live systems say they have: loaded, dumped, verified, then changed by hand and found out."""

import json
import os
import shlex
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Blockc
from tests.cli.conftest import blockc as blockc_fixture
from tests.cli.toy import write_policy
from tests.support.machine import SYSTEM_PATH, require_program, require_root

pytestmark = [pytest.mark.real, pytest.mark.slow]
blockc = blockc_fixture  # a fixture
POLICY = """\
version = 1

[list.far]
block = ["175.45.176.0/22", "9.9.9.9", "2001:db8:1::/48", "10.0.0.0-10.0.0.6"]
except = ["175.45.177.0/24"]
"""
OUTPUT = '[[output]]\nlist = "far"\ntarget = "{}"\npath = "{}"\n'


@pytest.fixture
def dist(blockc: Blockc, tmp_path: Path) -> Path:
    """Return a folder with a small list published for every target that has something live."""
    outputs = {
        "nftables": "far.nft",
        "ipset": "far.ipset",
        "haproxy-map": "far.map",
        "nginx-geo": "far.conf",
    }
    text = POLICY + "".join(OUTPUT.format(*one) for one in outputs.items())
    built = blockc("build", "-q", "-f", write_policy(tmp_path, text))
    assert built.code == 0, built.err
    return tmp_path / "dist"


def shown(script: str, folder: Path) -> str:
    """Return what a shell script prints in a network namespace of its own."""
    require_root()
    command = [require_program("unshare"), "--net", "sh", "-ec", script]
    environment = {**os.environ, "PATH": SYSTEM_PATH}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def drift(blockc: Blockc, dist: Path, target: str, dump: str) -> list[Any]:
    """Return how what a system shows differs from what is published."""
    done = blockc("verify", dist, "--dump", "-", "--target", target, "--json", stdin=dump.encode())
    report = json.loads(done.out)
    assert (done.code == 0) is report["holds"] is (not report["differences"])
    found: list[Any] = report["differences"]
    return found


def prefixes(found: list[Any]) -> dict[str, list[str]]:
    """Return the IPv4 prefixes of each kind of drift in the only difference."""
    (one,) = found
    kinds = {kind: one[kind]["ipv4"]["prefixes"] for kind in ("missing", "extra", "other")}
    return {kind: some for kind, some in kinds.items() if some}


NFT = "nft -f far.nft; {}; nft list ruleset"
HAND = {  # what somebody does by hand -> what of it is found
    "true": {},
    "nft add table ip another": {},
    "nft delete element inet blockc_far v4 '{ 9.9.9.9 }'": {"missing": ["9.9.9.9/32"]},
    "nft add element inet blockc_far v4 '{ 8.8.8.8 }'": {"extra": ["8.8.8.8/32"]},
}


@pytest.mark.parametrize("by_hand", HAND)
def test_an_element_of_nft_changed_by_hand_is_found(
    blockc: Blockc, dist: Path, by_hand: str
) -> None:
    require_program("nft")
    found = drift(blockc, dist, "nftables", shown(NFT.format(by_hand), dist))
    assert (prefixes(found) if found else {}) == HAND[by_hand]


def test_another_hook_another_rule_and_no_table_of_nft_are_found(
    blockc: Blockc, dist: Path
) -> None:
    require_program("nft")
    moved = "sed 's/hook prerouting priority mangle/hook input priority filter/' far.nft"
    dump = shown(f"{moved} | nft -f -; nft list ruleset", dist)
    hook, priority, *_ = drift(blockc, dist, "nftables", dump)
    assert "the nft hook is 'input', ordered is 'prerouting'" in hook["message"]
    assert "the nft priority is 0, ordered is -150" in priority["message"]
    passes = "nft insert rule inet blockc_far prerouting ip saddr 9.9.9.9 accept"
    (rule,) = drift(blockc, dist, "nftables", shown(NFT.format(passes), dist))
    assert rule["message"] == "this rule is not understood"
    (none,) = drift(blockc, dist, "nftables", shown("nft add table ip x; nft list ruleset", dist))
    assert none["message"] == "there is no table inet blockc_far"


IPSET = """\
ipset restore < far.ipset
iptables-restore --noflush < far.rules.v4
ip6tables-restore --noflush < far.rules.v6
ipset create others hash:ip
ipset add others 1.2.3.4
iptables -I INPUT 1 -j blockc_far
ip6tables -I INPUT 1 -j blockc_far
{}
ipset save
iptables-save -c
ip6tables-save
"""


@pytest.mark.parametrize(
    ("by_hand", "wanted"),
    [
        ("true", {}),
        ("ipset del blockc_far_v4 9.9.9.9", {"missing": ["9.9.9.9/32"]}),
        ("ipset add blockc_far_v4 8.8.8.0/24", {"extra": ["8.8.8.0/24"]}),
        ("ipset del blockc_far_v4 175.45.177.0/24", {"extra": ["175.45.177.0/24"]}),
    ],
)
def test_an_entry_of_ipset_changed_by_hand_is_found(
    blockc: Blockc, dist: Path, by_hand: str, wanted: dict[str, list[str]]
) -> None:
    for program in ("ipset", "iptables", "ip6tables"):
        require_program(program)
    found = drift(blockc, dist, "ipset", shown(IPSET.format(by_hand), dist))
    assert (prefixes(found) if found else {}) == wanted


@pytest.mark.parametrize(
    ("by_hand", "said"),
    [
        ("iptables -D INPUT 1", "the iptables rule that sends packets to the chain 'blockc_far'"),
        (
            "ip6tables -D blockc_far 1",
            "the ip6tables traffic that passes 'loopback' is ordered and missing",
        ),
        ("iptables -I blockc_far 1 -s 9.9.9.9 -j RETURN", "this rule is not understood"),
        (
            "iptables -D INPUT 1; iptables -F blockc_far; iptables -X blockc_far",
            "expected a chain of its own",
        ),
    ],
)
def test_a_rule_of_iptables_changed_by_hand_is_found(
    blockc: Blockc, dist: Path, by_hand: str, said: str
) -> None:
    require_program("ipset")
    (found, *_) = drift(blockc, dist, "ipset", shown(IPSET.format(by_hand), dist))
    assert said in found["message"]


def test_a_map_of_haproxy_changed_through_its_socket_is_found(
    blockc: Blockc, dist: Path, haproxy: Path
) -> None:
    def asked(line: str) -> str:
        with socket.socket(socket.AF_UNIX) as wire:
            wire.connect(str(haproxy))
            wire.sendall(f"{line}\n".encode())
            with wire.makefile(encoding="ascii") as answer:
                return answer.read()

    path = dist / "far.map"
    assert drift(blockc, dist, "haproxy-map", asked(f"show map {path}")) == []
    asked(f"del map {path} 9.9.9.9/32")
    found = drift(blockc, dist, "haproxy-map", asked(f"show map {path}"))
    assert prefixes(found) == {"missing": ["9.9.9.9/32"]}
    asked(f"add map {path} 9.9.9.9/32 warn")
    found = drift(blockc, dist, "haproxy-map", asked(f"show map {path}"))
    assert prefixes(found) == {"other": ["9.9.9.9/32"]}


@pytest.fixture
def haproxy(dist: Path, tmp_path: Path) -> Iterator[Path]:
    """Return the socket of an HAProxy that uses the map."""
    program, configuration, control = require_program("haproxy"), tmp_path / "h.cfg", tmp_path / "c"
    configuration.write_text(
        f"global\n  stats socket {control} mode 600 level admin\n"
        "defaults\n  mode http\n  timeout client 1s\n  timeout server 1s\n  timeout connect 1s\n"
        f"frontend f\n  bind {tmp_path}/s\n"
        f"  http-request deny if {{ src,map_ip({dist}/far.map,none) -m str block }}\n",
        encoding="utf-8",
    )
    subprocess.run([program, "-D", "-p", tmp_path / "pid", "-f", configuration], check=True)
    yield control
    subprocess.run(["kill", *(tmp_path / "pid").read_text(encoding="ascii").split()], check=True)


def test_a_file_that_nginx_includes_and_that_is_not_the_published_one_is_found(
    blockc: Blockc, dist: Path, tmp_path: Path
) -> None:
    require_program("nginx")
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(
        f"pid {tmp_path}/pid; error_log stderr; events {{}}\nhttp {{\n"
        "    geo $other { default 0; 1.2.3.0/24 1; }\n"
        f"    include {tmp_path}/in-use.conf;\n    server {{ listen unix:{tmp_path}/s; }}\n}}\n",
        encoding="utf-8",
    )

    def dumped(text: str) -> str:
        (tmp_path / "in-use.conf").write_text(text, encoding="utf-8")
        words = ("nginx", "-T", "-q", "-p", str(tmp_path), "-c", str(configuration))
        return shown(shlex.join(words), tmp_path)

    published = (dist / "far.conf").read_text(encoding="utf-8")
    assert drift(blockc, dist, "nginx-geo", dumped(published)) == []
    found = drift(blockc, dist, "nginx-geo", dumped(published.replace("9.9.9.9 1;", "9.9.9.8 1;")))
    assert prefixes(found) == {"missing": ["9.9.9.9/32"], "extra": ["9.9.9.8/32"]}
    (renamed,) = drift(blockc, dist, "nginx-geo", dumped(published.replace("$blockc_far", "$gone")))
    assert renamed["message"] == "there is no geo block for $blockc_far"
