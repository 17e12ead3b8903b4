"""A served nginx, asked about both ends of a thousand slots of each family on one connection."""

import socket
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from blockc.addresses import FAMILIES, AddrMap
from blockc.addresses.rules import Match, meaning
from blockc.targets.nginx_geo import NGINX_GEO
from blockc.targets.reading import NAMES, Text
from blockc.targets.render import render
from tests.real.probes import blocked, ends, listed
from tests.support.machine import require_program
from tests.targets.artifacts import EDGES, PATH, TEMPLATES, draft, nested, prefixes, rules_of

pytestmark = [pytest.mark.real, pytest.mark.slow]
CONFIGURATION = """
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
        location = /asked {{ return 200 "$blockc_export_control"; }}
        location / {{ if ($blockc_export_control) {{ return 403; }} return 200 "welcome"; }}
    }}
}}
"""


class _Connection(HTTPConnection):
    """A connection to a local socket."""

    def __init__(self, path: str) -> None:
        super().__init__("nginx")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


@contextmanager
def served(texts: tuple[Text, ...]) -> Iterator[_Connection]:
    """Run nginx with the artifact until the block ends; it is ready when its parent returns."""
    nginx = require_program("nginx")
    with TemporaryDirectory(prefix="blockc-nginx-") as folder:
        Path(folder, "list.conf").write_text(texts[0].text, encoding="utf-8")
        configuration = Path(folder, "nginx.conf")
        configuration.write_text(CONFIGURATION.format(folder=folder), encoding="utf-8")
        command = [nginx, "-p", folder, "-c", str(configuration)]
        started = subprocess.run(command, capture_output=True, text=True, check=False)
        assert started.returncode == 0, started.stderr
        connection = _Connection(f"{folder}/s")
        try:
            assert Path(folder, "error.log").read_text(encoding="utf-8") == ""
            yield connection
        finally:
            connection.close()
            subprocess.run([*command, "-s", "stop"], capture_output=True, check=True)


def answers(connection: _Connection, addresses: Iterable[str]) -> dict[str, bool]:
    """Return address -> whether nginx blocks it, all asked on one connection."""
    found = {}
    for address in addresses:
        connection.request("GET", f"/asked?ip={address}")
        body = connection.getresponse().read()
        assert body in {b"0", b"1"}
        found[address] = body == b"1"
    return found


def asked_by_argument(intent: AddrMap, texts: tuple[Text, ...]) -> None:
    """Check nginx's answer at both ends of the slots of `intent`."""
    with served(texts) as connection:
        for family in FAMILIES:
            wanted = blocked(intent, family, ends(intent, family))
            wanted = {text: verdict for text, verdict in wanted.items() if not mapped(text)}
            assert answers(connection, wanted) == wanted


def mapped(text: str) -> bool:
    """Return whether this is an IPv4 address in the clothes of IPv6, which nginx takes off."""
    return getattr(ip_address(text), "ipv4_mapped", None) is not None


OPTIONS = {"source": "arg_ip"}


def test_nginx_blocks_what_the_list_blocks_and_nothing_else() -> None:
    addresses = listed(5)
    one = draft(NGINX_GEO, rules_of(NGINX_GEO, addresses), OPTIONS)
    asked_by_argument(AddrMap.of_set(addresses), render(NGINX_GEO, one, PATH, TEMPLATES))


@pytest.mark.parametrize("case", EDGES)
def test_nginx_agrees_at_the_edges_of_the_space(case: str) -> None:
    one = draft(NGINX_GEO, rules_of(NGINX_GEO, EDGES[case]), OPTIONS)
    asked_by_argument(AddrMap.of_set(EDGES[case]), render(NGINX_GEO, one, PATH, TEMPLATES))


def test_nginx_lets_an_exception_inside_an_entry_through() -> None:
    rules = nested(
        ("10.1.2.0/24", 1), ("10.0.0.0/8", 1), ("10.1.0.0/16", 0), ("10.1.2.3/32", 0),
        ("2001:db8:8::1/128", 1), ("2001:db8::/32", 1), ("2001:db8:8::/48", 0),
    )  # fmt: skip
    texts = render(NGINX_GEO, draft(NGINX_GEO, rules, OPTIONS), PATH, TEMPLATES)
    asked_by_argument(meaning(Match.LONGEST, rules.values(), NAMES), texts)


def test_what_is_no_address_is_treated_as_the_last_one() -> None:
    """As the module's documentation says: such clients are blocked where 255.255.255.255 is."""
    for last, verdict in (("255.255.255.255/32", True), ("255.255.255.254/32", False)):
        one = draft(NGINX_GEO, rules_of(NGINX_GEO, prefixes(last)), OPTIONS)
        with served(render(NGINX_GEO, one, PATH, TEMPLATES)) as connection:
            assert answers(connection, ["", "nonsense", "1.2.3"]) == dict.fromkeys(
                ["", "nonsense", "1.2.3"], verdict
            )


def test_a_mapped_address_is_asked_as_ipv4() -> None:
    addresses = prefixes("192.0.2.0/24", "::/1") - prefixes("192.0.2.7/32")
    one = draft(NGINX_GEO, rules_of(NGINX_GEO, addresses), OPTIONS)
    with served(render(NGINX_GEO, one, PATH, TEMPLATES)) as connection:
        assert answers(connection, ["::ffff:192.0.2.1", "::ffff:192.0.2.7", "::ffff:8.8.8.8"]) == {
            "::ffff:192.0.2.1": True,
            "::ffff:192.0.2.7": False,
            "::ffff:8.8.8.8": False,
        }


def test_a_blocked_client_gets_403_and_another_is_served() -> None:
    """A client on a local socket has no address, so a list of everything blocks it."""
    for case, status in (("everything", 403), ("ipv4 only", 200)):
        one = draft(NGINX_GEO, rules_of(NGINX_GEO, EDGES[case]))
        with served(render(NGINX_GEO, one, PATH, TEMPLATES)) as connection:
            connection.request("GET", "/")
            assert connection.getresponse().status == status
