"""Real web servers on a local socket, asked about many addresses over one connection."""

import re
import socket
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from blockc.targets.syntax.tokens import ArtifactFile
from tests.support.machine import require_haproxy, require_program

AT_ONCE = 200  # requests on their way; their answers must fit the socket's buffer
TIMEOUT_SECONDS = 60
NGINX = """
{head}
pid {folder}/pid; error_log {folder}/error.log warn;
worker_processes 1;
events {{ }}
http {{
    access_log off; keepalive_requests 1000000;
    client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
    uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
    include {folder}/list.conf;
    server {{
        listen unix:{folder}/s;
        location = /asked {{ return 200 "<${variable}>"; }}
        location / {{ if (${variable}) {{ return 403; }} return 200 "<welcome>"; }}
    }}
}}
"""
HAPROXY = """
global
    stats socket {folder}/ready
defaults
    mode http
    timeout connect 10s
    timeout client 60s
    timeout server 10s
frontend asked
    bind unix@{folder}/s
    {bind}
    http-request set-var(txn.asked) url_param(ip),map_ip({folder}/list.map,{default})
    http-request set-var(txn.client) src,map_ip({folder}/list.map,{default})
    http-request return status 200 content-type text/plain lf-string "<%[var(txn.asked)]>" if {{ path /asked }}
    http-request return status 200 content-type text/plain lf-string "<%[var(txn.client)]>"
"""  # noqa: E501
_ANSWER = re.compile(rb"<([^<>]*)>")


class Server:
    """A server that answers on a local socket."""

    def __init__(self, path: str) -> None:
        self.path = path

    def answers(self, addresses: Iterable[str]) -> dict[str, str]:
        """Return address -> what the server says of it, all asked on one connection."""
        asked = list(addresses)
        return dict(zip(asked, self.bodies([f"/asked?ip={one}" for one in asked]), strict=True))

    def bodies(self, queries: Sequence[str]) -> list[str]:
        """Return what each request is answered with, between angle brackets."""
        found: list[str] = []
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(TIMEOUT_SECONDS)
            wire.connect(self.path)
            for at in range(0, len(queries), AT_ONCE):
                some = queries[at : at + AT_ONCE]
                wire.sendall(b"".join(_request(query) for query in some))
                found += _received(wire, len(some))
        return found

    def status(self) -> int:
        """Return the status of the answer to a visitor."""
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(TIMEOUT_SECONDS)
            wire.connect(self.path)
            wire.sendall(_request("/"))
            return int(wire.recv(4096).split()[1])


def _request(query: str) -> bytes:
    return f"GET {query} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def _received(wire: socket.socket, count: int) -> list[str]:
    data = b""
    while data.count(b">") < count:
        more = wire.recv(1 << 18)
        assert more, data[-500:].decode(errors="replace")
        data += more
    return [body.decode() for body in _ANSWER.findall(data)]


@contextmanager
def nginx(files: Sequence[ArtifactFile], variable: str = "", head: str = "") -> Iterator[Server]:
    """Run nginx with the artifact until the block ends; it is ready when its parent returns.

    `variable`: what is asked for, that of the artifact if nothing is given.
    """
    program = require_program("nginx")
    made = re.search(rb"^geo .*\$(\w+) \{$", files[0].data, re.MULTILINE)
    variable = variable or (made[1].decode() if made else "")
    with TemporaryDirectory(prefix="blockc-nginx-") as folder:
        Path(folder, "list.conf").write_bytes(files[0].data)
        configuration = Path(folder, "nginx.conf")
        filled = NGINX.format(folder=folder, variable=variable, head=head)
        configuration.write_text(filled, encoding="utf-8")
        command = [program, "-p", folder, "-c", str(configuration)]
        started = subprocess.run(command, capture_output=True, text=True, check=False)
        assert started.returncode == 0, started.stderr
        try:
            assert Path(folder, "error.log").read_text(encoding="utf-8") == ""
            yield Server(f"{folder}/s")
        finally:
            subprocess.run([*command, "-s", "stop"], capture_output=True, check=True)


@contextmanager
def haproxy(
    files: Sequence[ArtifactFile], default: str = "none", bind: str = "", package: str = ""
) -> Iterator[Server]:
    """Run HAProxy, of Debian or of a package, with the map until the block ends.

    Its master daemon returns once the sockets are bound, so it answers when the block begins.
    """
    program = require_haproxy(package)
    with TemporaryDirectory(prefix="blockc-haproxy-") as folder:
        Path(folder, "list.map").write_bytes(files[0].data)
        configuration = Path(folder, "haproxy.cfg")
        filled = HAPROXY.format(folder=folder, default=default, bind=bind)
        configuration.write_text(filled, encoding="utf-8")
        command = [program, "-D", "-p", f"{folder}/pid", "-f", str(configuration)]
        started = subprocess.run(command, capture_output=True, text=True, check=False)
        assert started.returncode == 0, started.stderr
        pids = Path(folder, "pid").read_text(encoding="utf-8").split()
        try:
            assert started.stderr == ""
            yield Server(f"{folder}/s")
        finally:
            subprocess.run(["kill", *pids], check=True)
