"""A served Caddy in either form, visited from both ends of slots of each family."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from pathlib import Path

import pytest

from blockc.addresses import FAMILIES, AddrMap, AddrSet
from blockc.targets.core.render import render
from blockc.targets.core.response import Response
from blockc.targets.core.target import Target
from blockc.targets.web.caddy import CADDY
from blockc.targets.web.caddy_json import CADDY_JSON
from blockc.values import replace
from tests.real.probes import blocked, ends, listed
from tests.support.machine import SYSTEM_PATH, require_program, require_root
from tests.targets.artifacts import EDGES, PATH, TEMPLATES, draft, prefixes, rules_of, written

pytestmark = [pytest.mark.real, pytest.mark.slow]
FORMS = pytest.mark.parametrize("target", [CADDY, CADDY_JSON], ids=lambda target: target.name)
SITE = """\
{{
	admin off
}}

http://:8080 {{
	route {{
		import {folder}/list
		respond "<welcome>"
	}}
}}
"""
SLOTS = 400
BROADCAST = ("127.255.255.255", "255.255.255.255")


@pytest.fixture(autouse=True)
def requirements() -> None:
    """Ask for what every test here needs: root, and the programs."""
    require_root()
    for name in ("unshare", "ip", "caddy"):
        require_program(name)


def at_home(folder: Path) -> Mapping[str, str]:
    """Return an environment in which Caddy keeps what it keeps in a folder of ours."""
    ours = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    return {**os.environ, "PATH": SYSTEM_PATH, **ours}


def answers(data: bytes, target: Target, folder: Path, probes: Iterable[str]) -> Mapping[str, str]:
    """Return address -> the head of Caddy's answer to a visitor from there."""
    (folder / "list").write_bytes(data)
    if target is CADDY:
        (folder / "Caddyfile").write_text(SITE.format(folder=folder), encoding="utf-8")
        config = ["--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]
    else:
        welcome = {"handle": [{"handler": "static_response", "body": "<welcome>"}]}
        server = {"listen": [":8080"], "routes": [json.loads(data), welcome]}
        whole = {"admin": {"disabled": True}, "apps": {"http": {"servers": {"x": server}}}}
        (folder / "caddy.json").write_text(json.dumps(whole), encoding="utf-8")
        config = ["--config", str(folder / "caddy.json")]
    argv = [require_program("caddy"), "run", *config]
    job = {"argv": argv, "ready": "serving initial configuration", "probes": list(probes)}
    script = Path(__file__).with_name("clients.py")
    done = subprocess.run(
        ["unshare", "--net", sys.executable, script],
        input=json.dumps(job), env=at_home(folder), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def can_visit(text: str) -> bool:
    """Return whether a TCP client can have the address; the kernel refuses to come from others."""
    address = ip_address(text)
    mapped = getattr(address, "ipv4_mapped", None) is not None
    without_interface = address.version == 6 and address.is_link_local
    odd = address.is_multicast or address.is_unspecified or mapped or without_interface
    return not odd and text not in BROADCAST


def require_agreement(target: Target, addresses: AddrSet, folder: Path) -> None:
    """Check Caddy's answer at both ends of the slots of a list."""
    (file,) = written(target, addresses)
    intent = AddrMap.of_set(addresses)
    wanted: dict[str, bool] = {}
    for family in FAMILIES:
        asked = blocked(intent, family, ends(intent, family, SLOTS))
        wanted |= {text: said for text, said in asked.items() if can_visit(text)}
    heads = answers(file.data, target, folder, wanted)
    codes = {True: "403 Forbidden", False: "200 OK"}
    assert {text: head.split("\r\n")[0] for text, head in heads.items()} == {
        text: f"HTTP/1.1 {codes[said]}" for text, said in wanted.items()
    }


@FORMS
def test_caddy_refuses_who_is_listed_and_nobody_else(target: Target, tmp_path: Path) -> None:
    require_agreement(target, listed(21), tmp_path)


@FORMS
@pytest.mark.parametrize("case", EDGES)
def test_caddy_agrees_at_the_edges_of_the_space(target: Target, case: str, tmp_path: Path) -> None:
    require_agreement(target, EDGES[case], tmp_path)


def test_caddy_sends_the_status_and_the_link_that_the_policy_orders(tmp_path: Path) -> None:
    addresses = prefixes("10.0.0.0/8")
    answer = Response(451, "https://example.com/law?a=1&b")
    one = replace(draft(CADDY_JSON, rules_of(CADDY_JSON, addresses)), response=answer)
    (file,) = render(CADDY_JSON, one, PATH, TEMPLATES)
    heads = answers(file.data, CADDY_JSON, tmp_path, ["10.1.2.3", "11.1.2.3"])
    assert heads["10.1.2.3"].startswith("HTTP/1.1 451 ")
    assert 'Link: <https://example.com/law?a=1&b>; rel="blocked-by"' in heads["10.1.2.3"]
    assert heads["11.1.2.3"].startswith("HTTP/1.1 200 ")
    assert "Link:" not in heads["11.1.2.3"]


def test_the_api_takes_a_new_file_in_place_of_the_old_one(tmp_path: Path) -> None:
    """The two commands of the documentation, in a network of their own."""
    require_program("curl")
    old, new = (written(CADDY_JSON, prefixes(net))[0].data for net in ("10.0.0.0/8", "11.0.0.0/8"))
    (tmp_path / "list.json").write_bytes(old)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "list.json").write_bytes(new)
    server = {"listen": [":8080"], "routes": [{"handle": [{"handler": "static_response"}]}]}
    whole = {"apps": {"http": {"servers": {"SERVER": server}}}}
    (tmp_path / "caddy.json").write_text(json.dumps(whole), encoding="utf-8")
    once, later = CADDY_JSON.deployment.load.split("\ncurl")[1:]
    visit = "curl -s -o /dev/null -w '%{http_code}\\n' --interface"
    later = later.replace("/id/ID", "/id/blockc_export_control")
    commands = f"""
ip link set lo up
ip addr add 10.0.0.1/8 dev lo
ip addr add 11.0.0.1/8 dev lo
trap 'caddy stop >log 2>&1' EXIT
caddy start --config caddy.json >log 2>&1
curl{once}
{visit} 10.0.0.1 http://127.0.0.1:8080; {visit} 11.0.0.1 http://127.0.0.1:8080
cd new
curl{later}
{visit} 10.0.0.1 http://127.0.0.1:8080; {visit} 11.0.0.1 http://127.0.0.1:8080
"""
    done = subprocess.run(
        ["unshare", "--net", "sh", "-e"],
        input=commands, cwd=tmp_path, env=at_home(tmp_path),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["403", "200", "200", "403"], done.stderr
