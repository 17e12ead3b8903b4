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
        "caddy": "far.caddy",
        "caddy-json": "far.json",
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


@pytest.mark.parametrize("form", ["nft list", "nft -j list"])
@pytest.mark.parametrize("by_hand", HAND)
def test_an_element_of_nft_changed_by_hand_is_found(
    blockc: Blockc, dist: Path, by_hand: str, form: str
) -> None:
    require_program("nft")
    script = NFT.format(by_hand).replace("nft list", form)
    found = drift(blockc, dist, "nftables", shown(script, dist))
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


@pytest.mark.parametrize(
    ("by_hand", "said"),
    [
        ("nft insert rule inet blockc_far prerouting ip saddr 9.9.9.9 accept", "not understood"),
        ("nft insert rule inet blockc_far prerouting tcp dport 22 accept", "not understood"),
        ("nft insert rule inet blockc_far prerouting ip saddr 9.9.9.9 masquerade", ""),
        ("nft add chain inet blockc_far more", "expected 'type'"),
        ("nft add counter inet blockc_far some", "the table has a counter, which is not"),
        ("nft add set inet blockc_far v7 '{ type ipv4_addr; flags interval, timeout; }'", ""),
        (
            "nft delete rule inet blockc_far prerouting handle 4",
            "'loopback' is ordered and missing",
        ),
        ("nft delete rule inet blockc_far prerouting handle 10", ""),
        ("nft delete table inet blockc_far", "there is no table inet blockc_far"),
    ],
)
def test_whatever_else_of_nft_was_changed_is_found_in_its_json(
    blockc: Blockc, dist: Path, by_hand: str, said: str
) -> None:
    require_program("nft")
    script = NFT.format(f"{by_hand} || true").replace("nft list", "nft -j list")
    dump = shown(script, dist)
    changed = dump != shown(NFT.format("true").replace("nft list", "nft -j list"), dist)
    found = drift(blockc, dist, "nftables", dump)
    assert bool(found) is changed
    assert not changed or any(said in one["message"] for one in found), found


ADMIN = """\
ip link set lo up
caddy run --config base.json >&2 &
caddy=$!
for _ in $(seq 100); do curl -fsS localhost:2999/config/ >/dev/null 2>&1 && break; sleep 0.1; done
{}
curl -fsS localhost:2999{}
kill $caddy
"""
SERVER = "localhost:2999/config/apps/http/servers/s/routes/0"
PUT = f"curl -fsS -X PUT -H 'Content-Type: application/json' --data-binary @far.json {SERVER}"
CADDY_BASE = """{"admin": {"listen": "localhost:2999"}, "apps": {"http": {"servers": {"s": {
  "listen": ["127.0.0.1:8098"],
  "routes": [{"handle": [{"handler": "static_response", "body": "hi"}]}]}}}}}
"""
CADDYFILE = """{
	admin localhost:2999
}
http://127.0.0.1:8098 {
	route {
		import far.caddy
		respond "hi"
	}
}
"""
FIRST = """curl -fsS -X PUT -H 'Content-Type: application/json' --data '{"handle": []}' """ + SERVER


@pytest.mark.parametrize(
    ("by_hand", "path", "said"),
    [
        ("", "/config/", ""),
        ("", "/id/blockc_far", ""),
        (f"curl -fsS -X PATCH --json 404 {SERVER}/handle/0/status_code", "/config/", "is 404"),
        (FIRST, "/config/", "before the route 'blockc_far' others are asked"),
        (f"curl -fsS -X DELETE {SERVER}", "/config/", "there is no route with the @id"),
    ],
)
def test_a_route_that_caddy_has_is_found_in_its_admin_api(
    blockc: Blockc, dist: Path, by_hand: str, path: str, said: str
) -> None:
    require_program("caddy")
    (dist / "base.json").write_text(CADDY_BASE, encoding="utf-8")
    by_hand = by_hand.replace("--json 404", "-H 'Content-Type: application/json' --data 404")
    dump = shown(ADMIN.format(f"{PUT}\n{by_hand}", path), dist)
    found = drift(blockc, dist, "caddy-json", dump)
    assert [one for one in found if said and said in one["message"]] or (not said and not found)


def test_a_file_that_a_site_of_caddy_imports_is_found_in_its_admin_api(
    blockc: Blockc, dist: Path
) -> None:
    require_program("caddy")
    (dist / "Caddyfile").write_text(CADDYFILE, encoding="utf-8")
    adapted = "caddy adapt --config Caddyfile > base.json\n"
    assert drift(blockc, dist, "caddy", shown(adapted + ADMIN.format("", "/config/"), dist)) == []
    changed = "sed 's/9.9.9.9/9.9.9.8/' far.caddy > x; rm far.caddy; mv x far.caddy\n"
    found = drift(
        blockc, dist, "caddy", shown(changed + adapted + ADMIN.format("", "/config/"), dist)
    )
    assert prefixes(found) == {"missing": ["9.9.9.9/32"], "extra": ["9.9.9.8/32"]}


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
