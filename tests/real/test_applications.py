"""The applications in `examples/applications`, served by the servers people run, on loopback."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic

import pytest

from tests.cli.conftest import Blockc, blockc
from tests.cli.toy import CHECKOUT

__all__ = ["blockc"]
pytestmark = [pytest.mark.real, pytest.mark.slow]
EXAMPLES, SECONDS = CHECKOUT / "examples" / "applications", 60
PROXY, BLOCKED, WARNED = "127.0.0.1", "127.0.0.66", "127.0.0.77"
LINK = "https://example.com/legal"
POLICY = f"""
version = 1
[list.blocked]
block = ["{BLOCKED}", "203.0.113.0/24", "2001:db8::/32"]
stages = [{{ from = 2020-01-01, action = "block", status = 451, blocked_by = "{LINK}" }}]
[list.warned]
block = ["{WARNED}"]
stages = [{{ from = 2020-01-01, action = "warn" }}]
[[output]]
lists = ["blocked", "warned"]
target = "matcher"
path = "edge.blockc"
"""
UVICORN = ("uvicorn", "--no-proxy-headers", "--log-level", "warning", "--fd", "{fd}")
GUNICORN = ("gunicorn", "--log-level", "warning", "--bind", "fd://{fd}")
SERVED = {
    "Starlette": (*UVICORN, "starlette_app:app"),
    "FastAPI": (*UVICORN, "fastapi_app:app"),
    "Flask": (*GUNICORN, "flask_app:app"),
    "Django by WSGI": (*GUNICORN, "django_app:application"),
    "Django by ASGI": (*UVICORN, "django_app:asgi"),
}


class Client(HTTPConnection):
    """A client on one of the addresses of loopback."""

    def __init__(self, port: int, source: str) -> None:
        super().__init__("127.0.0.1", port, timeout=SECONDS, source_address=(source, 0))


@contextmanager
def running(command: Sequence[str], dist: Path) -> Iterator[int]:
    """Run a server until the block ends and yield its port; it gets a socket that listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        os.set_inheritable(listener.fileno(), True)
        module, *rest = (word.format(fd=listener.fileno()) for word in command)
        server = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", module, *rest],
            cwd=EXAMPLES,
            env={**os.environ, "BLOCKC_DIST": str(dist), "PYTHONPATH": str(CHECKOUT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[listener.fileno()],
        )
        try:
            yield int(listener.getsockname()[1])
        finally:
            server.terminate()
            with suppress(subprocess.TimeoutExpired):
                server.wait(timeout=SECONDS)
            server.kill()
            server.communicate()


def answer(port: int, source: str, path: str = "/", said: str = "") -> tuple[int, str, str]:
    """Return the status, the text and the header Link that a client gets."""
    client = Client(port, source)
    client.request("GET", path, headers={"X-Forwarded-For": said} if said else {})
    got = client.getresponse()
    found = got.status, got.read().decode(), got.getheader("Link", "")
    client.close()
    return found


@pytest.mark.parametrize("name", SERVED)
def test_an_application_refuses_whom_the_list_blocks(
    name: str, tmp_path: Path, blockc: Blockc
) -> None:
    policy, dist = tmp_path / "blockc.toml", tmp_path / "dist"
    policy.write_text(POLICY, encoding="utf-8")
    assert blockc("build", "-q", "-f", policy, "-o", dist).code == 0
    refused = (451, "451 Unavailable For Legal Reasons\n", f'<{LINK}>; rel="blocked-by"')
    with running(SERVED[name], dist) as port:
        assert answer(port, PROXY) == (200, "hello", "")
        assert answer(port, BLOCKED) == refused
        assert answer(port, BLOCKED, "/health") == (200, "well", "")
        assert answer(port, WARNED) == (200, "soon you cannot reach us", "")
        # A trusted proxy says who the client is; what strangers say left of that does not count.
        assert answer(port, PROXY, said="8.8.8.8, 203.0.113.9") == refused
        assert answer(port, PROXY, said="203.0.113.9, 8.8.8.8") == (200, "hello", "")
        assert answer(port, PROXY, said="[2001:db8::1]:443") == refused
        assert answer(port, BLOCKED, said="8.8.8.8") == refused
        # The next build takes effect in the running process.
        policy.write_text(POLICY.replace(BLOCKED, "127.0.0.88"), encoding="utf-8")
        assert blockc("build", "-q", "-f", policy, "-o", dist).code == 0
        deadline = monotonic() + SECONDS
        while answer(port, BLOCKED)[0] != 200:
            assert monotonic() < deadline
        assert answer(port, "127.0.0.88") == refused
