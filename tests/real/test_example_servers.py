"""The server.conf beside an example, served by nginx with the artifact of the example."""

import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.cli.conftest import Blockc, blockc
from tests.cli.toy import CHECKOUT
from tests.support.machine import require_program

__all__ = ["blockc"]
pytestmark = [pytest.mark.real, pytest.mark.slow]
CONFIGURATION = """
pid {folder}/pid; error_log {folder}/error.log warn;
worker_processes 1;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
    uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
    {artifact}
    {server}
}}
"""


class Asked(HTTPConnection):
    """One question on a local socket; the client's address is an argument of the request."""

    def __init__(self, path: Path) -> None:
        super().__init__("nginx")
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self.path))


@contextmanager
def served(artifact: str, server: str) -> Iterator[Path]:
    """Run nginx until the block ends and yield its socket.

    The two texts stay as they are but for where the server listens and whom it takes as client.
    """
    nginx = require_program("nginx")
    with TemporaryDirectory(prefix="blockc-nginx-") as name:
        folder = Path(name)
        server, listens = re.subn(r"listen [0-9.:]+;", f"listen unix:{folder}/s;", server)
        artifact, clients = re.subn(r"geo \$remote_addr ", "geo $arg_ip ", artifact)
        assert (listens, clients) == (1, 1)
        text = CONFIGURATION.format(folder=folder, artifact=artifact, server=server)
        (folder / "nginx.conf").write_text(text, encoding="utf-8")
        command = [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf")]
        started = subprocess.run(command, capture_output=True, text=True, check=False)
        assert started.returncode == 0, started.stderr
        try:
            yield folder / "s"
        finally:
            subprocess.run([*command, "-s", "stop"], capture_output=True, check=True)


def answer(path: Path, address: str, page: str = "/") -> HTTPResponse:
    """Return what nginx answers a client."""
    connection = Asked(path)
    try:
        connection.request("GET", f"{page}?ip={address}")
        found = connection.getresponse()
        found.read()
        return found
    finally:
        connection.close()


def texts(blockc: Blockc, output: Path, name: str, artifact: str, day: str) -> tuple[str, str]:
    """Build an example and return its artifact and the server beside it, with what it includes."""
    example = CHECKOUT / "examples" / name
    words = ("build", "-q", "--sample", "-f", example / "blockc.toml", "--as-of", day)
    assert blockc(*words, "-o", output).code == 0
    built = (output / "nginx" / artifact).read_text(encoding="utf-8")
    server = (example / "server.conf").read_text(encoding="utf-8")
    return built, re.sub(
        r"include (\S+);", lambda found: (output / found[1]).read_text("utf-8"), server
    )


@pytest.mark.parametrize(
    ("day", "status", "warned"),
    [("2026-11-15", 204, False), ("2026-12-15", 204, True), ("2027-01-15", 451, False)],
)
def test_export_control_is_logged_then_warned_of_then_refused_by_name(
    blockc: Blockc, tmp_path: Path, day: str, status: int, *, warned: bool
) -> None:
    found = texts(blockc, tmp_path / "dist", "export-control", "export-control.conf", day)
    with served(*found) as path:
        hit, spared, other = (answer(path, ip) for ip in ("2.144.0.1", "2.176.0.1", "9.9.9.9"))
        log = path.with_name("export.log").read_text(encoding="utf-8")
    assert (hit.status, spared.status, other.status) == (status, 204, 204)
    assert bool(hit.getheader("Warning")) == warned
    named = '<https://example.com/legal>; rel="blocked-by"'
    assert hit.getheader("Link") == (named if status == 451 else None)
    assert {spared.getheader("Warning"), spared.getheader("Link")} == {None}
    action = "warn" if warned else "block" if status == 451 else "monitor"
    assert f' {action} "GET /?ip=2.144.0.1' in log


def test_everybody_reads_the_shop_and_five_countries_log_in(blockc: Blockc, tmp_path: Path) -> None:
    found = texts(blockc, tmp_path / "dist", "login-five-countries", "login.conf", "2026-11-23")
    with served(*found) as path:
        pages = {
            (ip, page): answer(path, ip, page).status
            for ip in ("31.10.16.1", "81.2.69.7", "1.0.1.1")
            for page in ("/", "/login")
        }
    assert [key for key, status in pages.items() if status == 403] == [("1.0.1.1", "/login")]


def test_the_admin_interface_is_not_there_for_others(blockc: Blockc, tmp_path: Path) -> None:
    found = texts(blockc, tmp_path / "dist", "office-only", "admin.conf", "2026-11-23")
    with served(*found) as path:
        inside = [
            answer(path, ip).status for ip in ("203.0.113.70", "192.0.2.77", "2001:db8:17::1")
        ]
        outside = [answer(path, ip).status for ip in ("203.0.113.71", "192.0.2.78", "10.0.0.1")]
    assert (inside, outside) == ([204] * 3, [404] * 3)
