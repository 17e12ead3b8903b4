"""What nginx, HAProxy and Caddy answer to a listed client and to another, by the files we write.

Each listens on the loopback interface, which has many addresses: 127.0.0.2 is the listed client.
Every status that a target says it can answer with is asked for, each by a host of its own.
"""

import os
import signal
import socket
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from blockc.targets.core.render import render
from blockc.targets.core.response import Response
from blockc.targets.core.target import Target
from blockc.targets.core.verdicts import ContentKind
from blockc.targets.proxy.haproxy_map import HAPROXY_MAP
from blockc.targets.web.caddy import CADDY
from blockc.targets.web.nginx_geo import NGINX_GEO
from blockc.values import replace
from tests.support.machine import HAPROXIES, require_haproxy, require_program
from tests.targets.artifacts import LINK, TEMPLATES, draft, nested, prefixes, rules_of

pytestmark = [pytest.mark.real, pytest.mark.slow]
LISTED, OTHER = "127.0.0.2", "127.0.0.1"
NAMED = f'<{LINK}>; rel="blocked-by"'
SECONDS = 20
NGINX = """
pid {folder}/pid; error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    access_log off; server_names_hash_max_size 4096; recursive_error_pages on;
    client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
    uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
    include {folder}/list.conf;
    {servers}
}}
"""
NGINX_HOST = """
    server {{
        listen 127.0.0.1:{port}; server_name s{status};
        include {folder}/{status}.server.conf;
        location / {{ return 204; }}
    }}
"""
HAPROXY = """
defaults
    mode http
    timeout connect 10s
    timeout client 10s
    timeout server 10s
frontend doors
    bind 127.0.0.1:{port}
    use_backend %[req.hdr(host)]
{servers}
"""
HAPROXY_HOST = """
backend s{status}
{rules}
    http-request return status 204
"""
CADDYFILE = """
{{
	admin off
	auto_https off
}}
{servers}
"""
CADDY_HOST = """
http://s{status}:{port} {{
	bind 127.0.0.1
	route {{
		import {folder}/{status}.conf
		respond 204
	}}
}}
"""


class Client(HTTPConnection):
    """A client with an address of its own."""

    def __init__(self, address: str, port: int) -> None:
        super().__init__("127.0.0.1", port, timeout=SECONDS, source_address=(address, 0))


def answer(port: int, client: str, status: int) -> HTTPResponse:
    """Return what the host of a status answers to a client."""
    connection = Client(client, port)
    connection.request("GET", "/", headers={"Host": f"s{status}"})
    found = connection.getresponse()
    found.read()
    connection.close()
    return found


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def running(folder: Path, target: Target, text: str, package: str = "") -> Iterator[None]:
    """Run the real program with a configuration until the block ends.

    `package`: which HAProxy it is, see `require_haproxy`.

    Each goes into the background once it listens, and leaves its number in a file.
    """
    name, words = COMMANDS[target.name]
    (folder / name).write_text(text, encoding="utf-8")
    command = [word.format(folder=folder) for word in words]
    with (folder / "said").open("wb") as said:
        program = require_haproxy(package) if target is HAPROXY_MAP else require_program(command[0])
        done = subprocess.run([program, *command[1:]], stdout=said, stderr=said, check=False)
    assert done.returncode == 0, (folder / "said").read_text("utf-8")
    try:
        yield
    finally:
        os.kill(int((folder / "pid").read_text("utf-8")), signal.SIGTERM)


def written(folder: Path, target: Target, status: int, link: str) -> None:
    """Write the artifact that blocks the listed client with a status, called after that."""
    dialect = target.responding()
    rules = rules_of(target, prefixes(f"{LISTED}/32"))
    options = {"folder": str(folder)} if target is HAPROXY_MAP else {}
    document = replace(draft(dialect, rules, options), response=Response(status, link))
    for file in render(dialect, document, f"{status}.{target.ending}", TEMPLATES):
        (folder / file.path).write_bytes(file.data)
    (folder / f"{status}.conf").rename(folder / "list.conf") if target is NGINX_GEO else None


@contextmanager
def served(
    folder: Path, target: Target, statuses: Iterable[int], link: str, package: str = ""
) -> Iterator[int]:
    """Run the real program with a host for each status, and yield its port."""
    port, servers = free_port(), []
    whole, host = CONFIGURATIONS[target.name]
    for status in statuses:
        written(folder, target, status, link)
        rules = folder / f"{status}.rules.cfg"
        lines = rules.read_text("utf-8") if rules.exists() else ""
        servers.append(host.format(folder=folder, port=port, status=status, rules=lines))
    text = whole.format(folder=folder, port=port, servers="".join(servers))
    with running(folder, target, text, package):
        yield port


CONFIGURATIONS = {
    "nginx-geo": (NGINX, NGINX_HOST),
    "haproxy-map": (HAPROXY, HAPROXY_HOST),
    "caddy": (CADDYFILE, CADDY_HOST),
}
COMMANDS = {  # by target: the name of the configuration, and the command
    "nginx-geo": ("n.conf", ("nginx", "-p", "{folder}", "-c", "{folder}/n.conf")),
    "haproxy-map": ("h.cfg", ("haproxy", "-D", "-p", "{folder}/pid", "-f", "{folder}/h.cfg")),
    "caddy": (
        "Caddyfile",
        (
            "caddy", "start", "--adapter", "caddyfile", "--config", "{folder}/Caddyfile",
            "--pidfile", "{folder}/pid",
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("link", ["", LINK], ids=["status", "status and link"])
@pytest.mark.parametrize(
    ("target", "package"),
    [(NGINX_GEO, ""), (CADDY, ""), *((HAPROXY_MAP, package) for package in HAPROXIES)],
    ids=lambda one: one if isinstance(one, str) else one.name,
)
def test_a_listed_client_gets_every_status_that_can_be_said_and_others_are_served(
    tmp_path: Path, target: Target, package: str, link: str
) -> None:
    statuses = sorted(target.responses.statuses)
    assert len(statuses) > 190
    with served(tmp_path, target, statuses, link, package) as port:
        for status in statuses:
            refused, welcome = (answer(port, client, status) for client in (LISTED, OTHER))
            assert (refused.status, refused.getheader("Link")) == (status, NAMED if link else None)
            assert (welcome.status, welcome.getheader("Link")) == (204, None)


def test_nginx_refuses_by_the_word_block_alone(tmp_path: Path) -> None:
    kind, names = ContentKind.VERDICTS, ("", "block", "monitor")
    rules = nested((f"{LISTED}/32", 1), ("127.0.0.3/32", 2))
    one = draft(NGINX_GEO.responding(), rules, kind=kind, names=names)
    for file in render(NGINX_GEO.responding(), one, "451.conf", TEMPLATES):
        (tmp_path / file.path).write_bytes(file.data)
    (tmp_path / "451.conf").rename(tmp_path / "list.conf")
    port = free_port()
    servers = NGINX_HOST.format(folder=tmp_path, port=port, status=451)
    with running(tmp_path, NGINX_GEO, NGINX.format(folder=tmp_path, servers=servers)):
        found = [answer(port, client, 451) for client in (LISTED, "127.0.0.3", OTHER)]
    assert [one.status for one in found] == [451, 204, 204]
    assert [one.getheader("Link") for one in found] == [NAMED, None, None]


def test_each_of_two_lists_in_one_server_of_nginx_sends_its_own_link(tmp_path: Path) -> None:
    """A server has one page for a status, that of the file which is included first."""
    links = {LISTED: "https://one.example/", "127.0.0.3": "https://two.example/"}
    includes, maps = "", ""
    for number, (client, link) in enumerate(links.items()):
        options = {"variable": f"list_{number}"}
        rules = rules_of(NGINX_GEO, prefixes(f"{client}/32"))
        one = replace(draft(NGINX_GEO.responding(), rules, options), response=Response(451, link))
        for file in render(NGINX_GEO.responding(), one, f"{number}.conf", TEMPLATES):
            (tmp_path / file.path).write_bytes(file.data)
        maps += f"include {tmp_path}/{number}.conf;\n"
        includes += f"include {tmp_path}/{number}.server.conf;\n"
    (tmp_path / "list.conf").write_text(maps, "utf-8")
    (tmp_path / "451.server.conf").write_text(includes, "utf-8")
    port = free_port()
    servers = NGINX_HOST.format(folder=tmp_path, port=port, status=451)
    with running(tmp_path, NGINX_GEO, NGINX.format(folder=tmp_path, servers=servers)):
        found = [answer(port, client, 451) for client in (*links, OTHER)]
    assert [one.status for one in found] == [451, 451, 204]
    named = [f'<{link}>; rel="blocked-by"' for link in links.values()]
    assert [one.getheader("Link") for one in found] == [*named, None]
