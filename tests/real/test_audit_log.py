"""The logs that `docs/audit.md` has edges write hold the HMAC of a key that audits make."""

import base64
import json
import os
import re
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NamedTuple

import pytest
import yaml

from blockc.audit.pseudonyms import pseudonym
from tests.cli.conftest import Blockc, blockc
from tests.cli.toy import CHECKOUT
from tests.real.test_envoy import READY, TYPE, free_port
from tests.support.machine import absent, require_program

__all__ = ["blockc"]
pytestmark = [pytest.mark.real, pytest.mark.slow]
PAGE = (CHECKOUT / "docs" / "audit.md").read_text(encoding="utf-8")
SECRETS = (
    "0123456789abcdef",
    "a secret that is longer than a block of its hash, which has 64 " * 2,
)
KEYS = ("s3", "k" * 55, "k" * 64, "ké-" * 70)
HEAD = "defaults\n    mode http\n    option dontlognull\n" + "".join(
    f"    timeout {one} 5s\n" for one in ("connect", "client", "server")
)
MODULE = Path("/usr/lib/nginx/modules/ngx_http_js_module.so")
MANAGER = f"{TYPE}network.http_connection_manager.v3.HttpConnectionManager"


def snippet(language: str) -> str:
    """Return the snippet of the page in that language."""
    found = re.search(rf"## Log a keyed.*?```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


class Edge(NamedTuple):
    """How a program is started, where it listens, and the file that it logs to."""

    argv: Sequence[str]
    port: int
    log: Path
    secret: Mapping[str, str]


def haproxy_edge(folder: Path, secret: str) -> Edge:
    config, port = folder / "haproxy.cfg", free_port()
    config.write_text(HEAD + snippet("haproxy").replace(":8080", f":{port}"), encoding="utf-8")
    keyed = base64.b64encode(secret.encode()).decode()
    argv = [require_program("haproxy"), "-db", "-f", str(config)]
    return Edge(argv, port, folder / "stdout", {"KEYED": keyed})


def nginx_edge(folder: Path, secret: str) -> Edge:
    if not MODULE.exists():
        absent("libnginx-mod-http-js is not installed")
    port, log = free_port(), folder / "audit.log"
    (folder / "keyed.js").write_text(snippet("js"), encoding="utf-8")
    said = snippet("nginx").replace("modules/", f"{MODULE.parent}/").replace(":8080", f":{port}")
    said = said.replace("/etc/nginx/keyed.js", f"{folder}/keyed.js")
    said = said.replace("/var/log/nginx/audit.log", str(log))
    head = f"daemon off; pid {folder}/pid; error_log stderr;\n"
    if os.geteuid() == 0:
        head += "user root;\n"  # who can read the folder
    (folder / "nginx.conf").write_text(head + said, encoding="utf-8")
    argv = [require_program("nginx"), "-p", str(folder), "-c", f"{folder}/nginx.conf"]
    return Edge(argv, port, log, {"BLOCKC_AUDIT_SECRET": secret})


def envoy_edge(folder: Path, secret: str) -> Edge:
    port, log = free_port(), folder / "audit.log"
    said = snippet("yaml").replace("/var/log/envoy/audit.log", str(log))
    said = said.replace("/etc/envoy/keyed.lua", str(CHECKOUT / "examples" / "audit" / "keyed.lua"))
    route = {"match": {"prefix": "/"}, "direct_response": {"status": 200}}
    hosts = [{"name": "x", "domains": ["*"], "routes": [route]}]
    connections = {
        "@type": MANAGER, "stat_prefix": "here", "route_config": {"virtual_hosts": hosts},
        "delayed_close_timeout": "0s", **yaml.safe_load(said),
    }  # fmt: skip
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    chain = {"filters": [{"name": "http", "typed_config": connections}]}
    listener = {"name": "x", "address": address, "filter_chains": [chain]}
    config = {"node": {"id": "x", "cluster": "x"}, "static_resources": {"listeners": [listener]}}
    (folder / "envoy.json").write_text(json.dumps(config), encoding="utf-8")
    argv = [
        require_program("envoy"), "-c", f"{folder}/envoy.json", "--disable-hot-restart",
        "--concurrency", "1", "--drain-time-s", "0",
    ]  # fmt: skip
    return Edge(argv, port, log, {"BLOCKC_AUDIT_SECRET": secret})


EDGES: Mapping[str, Callable[[Path, str], Edge]] = {
    "haproxy": haproxy_edge,
    "nginx": nginx_edge,
    "envoy": envoy_edge,
}


@contextmanager
def running(edge: Edge, folder: Path) -> Iterator[None]:
    """Run an edge until the block ends; it answers when the block begins."""
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as errors:
        server = subprocess.Popen(
            edge.argv, stdout=out, stderr=errors, env={**os.environ, **edge.secret}
        )
    try:
        with socket.socket() as wire:
            while wire.connect_ex(("127.0.0.1", edge.port)):
                assert server.poll() is None, (folder / "stderr").read_text(encoding="utf-8")
                sleep(0.05)
        yield
    finally:
        server.terminate()
        server.wait(20)


def ask(port: int, key: str | None) -> None:
    """Ask for a page with a key."""
    header = "" if key is None else f"X-Api-Key: {key}\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=20) as wire:
        asked = f"GET /a/b?c=1 HTTP/1.1\r\nHost: x\r\n{header}Connection: close\r\n\r\n"
        wire.sendall(asked.encode())
        while wire.recv(1000):
            pass


def logged(log: Path, count: int) -> list[dict[str, Any]]:
    """Return the lines of a log as soon as there are so many."""
    end = monotonic() + 60
    while not log.exists() or log.read_bytes().count(b"\n") < count:
        assert monotonic() < end
        sleep(0.05)
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("secret", SECRETS, ids=["short", "long"])
@pytest.mark.parametrize("name", EDGES)
def test_a_key_in_the_log_of_an_edge_is_its_hmac(
    name: str, secret: str, tmp_path: Path, blockc: Blockc, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge = EDGES[name](tmp_path, secret)
    with running(edge, tmp_path):
        for number, key in enumerate(KEYS, 1):
            ask(edge.port, key)
            logged(edge.log, number)  # a line is written when the answer is on its way already
        for number, none in enumerate((None, ""), len(KEYS) + 1):
            ask(edge.port, none)
            logged(edge.log, number)
        lines = logged(edge.log, len(KEYS) + 2)
    hashes = [pseudonym(key.encode(), secret.encode()) for key in KEYS]
    assert [line["key"] for line in lines[:-2]] == hashes
    assert all(line["key"] in ("-", "", None) for line in lines[-2:])
    asked = tmp_path / "asked.log"
    mine = [json.dumps({**line, "client": "192.0.2.1"}) + "\n" for line in lines]
    asked.write_text("".join(mine), encoding="utf-8")
    (tmp_path / "listed.txt").write_text("192.0.2.0/24\n", encoding="utf-8")
    (tmp_path / "owners.csv").write_text(f"key,contact\n{KEYS[0]},a@b.example\n", encoding="utf-8")
    monkeypatch.setenv("BLOCKC_AUDIT_SECRET", secret)
    words = ("audit", asked, "--lists", tmp_path / "listed.txt", "--key", "json:key")
    said = blockc(*words, "--key-is", "hmac", "--owners", tmp_path / "owners.csv", "--json")
    answers = json.loads(said.out)["answers"]
    assert {one["key"] for one in answers["keys"]} == set(hashes)
    assert answers["notices"][0]["contact"] == "a@b.example"
    impact = {one["by"]: one["value"] for one in answers["impact"]}
    assert impact["path"] == "/a"
    assert impact["day"] > "2020"


def test_envoy_does_not_start_without_the_secret(tmp_path: Path) -> None:
    edge = envoy_edge(tmp_path, "")
    done = subprocess.run(edge.argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode
    assert "BLOCKC_AUDIT_SECRET is not set" in done.stderr
    assert READY not in done.stderr
