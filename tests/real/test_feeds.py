"""A feed as devices get it from nginx: the whole of it, or 304 while it is what they have."""

import base64
import http.client
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from blockc.addresses import AddrSet
from blockc.targets.appliance.feeds import PALOALTO_EDL
from blockc.targets.core.render import render
from tests.support.machine import require_program
from tests.targets.artifacts import EDGES, TEMPLATES, draft, prefixes, rules_of

pytestmark = [pytest.mark.real]
URL = "/blocklists/paloalto-edl/export-control"
NGINX = """
pid {folder}/pid; error_log {folder}/error.log warn;
worker_processes 1;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
    uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
    etag off; satisfy any;
    server {{
        listen 127.0.0.1:{port};
        include {folder}/list.nginx.conf;
    }}
}}
"""
Headers = Mapping[str, str]


def publish(folder: Path, addresses: AddrSet, options: Mapping[str, str]) -> bytes:
    """Write feed and location as a build does, by a rename, and return the feed."""
    one = draft(PALOALTO_EDL, rules_of(PALOALTO_EDL, addresses), {"folder": str(folder), **options})
    files = render(PALOALTO_EDL, one, "list.txt", TEMPLATES)
    for file in files:
        (folder / "new").write_bytes(file.data)
        (folder / "new").rename(folder / file.path)
    return files[0].data


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """Serve a folder, and yield the port."""
    program = require_program("nginx")
    folder.chmod(0o755)  # workers are not root
    for above in folder.parents:
        if not above.stat().st_mode & 0o001:
            above.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=folder, port=port), encoding="utf-8")
    command = [program, "-p", str(folder), "-c", str(configuration)]
    started = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (started.returncode, started.stderr) == (0, "")
    try:
        yield port
    finally:
        subprocess.run([*command, "-s", "stop"], capture_output=True, check=True)


def get(
    port: int, headers: Headers | None = None, source: str = "127.0.0.1", method: str = "GET"
) -> tuple[int, Headers, bytes]:
    """Return status, headers and body of the answer to a device."""
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=10, source_address=(source, 0))
    try:
        wire.request(method, URL, headers=dict(headers or {}))
        answer = wire.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        wire.close()


def test_a_device_gets_304_until_a_build_changes_the_feed(tmp_path: Path) -> None:
    feed = publish(tmp_path, EDGES["ipv4 only"], {})
    with served(tmp_path) as port:
        status, headers, body = get(port)
        assert (status, body) == (200, feed)
        assert headers["Content-Type"] == "text/plain"
        assert headers["Cache-Control"] == "no-cache"
        assert "Last-Modified" in headers
        mine = {"If-None-Match": headers["ETag"]}
        assert get(port, mine)[::2] == (304, b"")
        status, head, body = get(port, method="HEAD")
        assert (status, head["ETag"], body) == (200, headers["ETag"], b"")

        changed = publish(tmp_path, EDGES["ipv4 only"] | prefixes("203.0.113.0/24"), {})
        status, headers, body = get(port, mine)
        assert (status, body) == (200, changed)
        assert get(port, {"If-None-Match": headers["ETag"]})[0] == 304


def test_only_the_devices_that_are_allowed_get_the_feed(tmp_path: Path) -> None:
    publish(tmp_path, EDGES["ipv4 only"], {"allow": "127.0.0.2 2001:db8::/32"})
    with served(tmp_path) as port:
        assert get(port, source="127.0.0.2")[0] == 200
        assert get(port)[0] == 403


def test_a_device_must_have_the_address_and_the_password(tmp_path: Path) -> None:
    users = tmp_path / "users"
    publish(tmp_path, EDGES["ipv4 only"], {"allow": "127.0.0.2", "users": str(users)})
    users.write_text("edge:{PLAIN}secret\n", encoding="utf-8")
    users.chmod(0o644)
    word = base64.b64encode(b"edge:secret").decode()
    with served(tmp_path) as port:
        known = {"Authorization": f"Basic {word}"}
        assert get(port, known, "127.0.0.2")[0] == 200
        assert get(port, source="127.0.0.2")[0] == 401
        assert get(port, known)[0] == 403
