"""A served nginx in front of TCP, asked by the PROXY protocol about clients of both families."""

import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from blockc.addresses import FAMILIES, AddrMap
from blockc.addresses.rules import Match, meaning
from blockc.errors import PolicyError
from blockc.targets.core.render import render
from blockc.targets.syntax.reading import NAMES
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.targets.web.nginx_stream import NGINX_STREAM
from blockc.values import replace
from tests.real.probes import blocked, ends, listed, mapped
from tests.real.test_answers import free_port
from tests.support.machine import require_program
from tests.targets.artifacts import (
    EDGES,
    PATH,
    PROVENANCE,
    TEMPLATES,
    draft,
    nested,
    prefixes,
    rules_of,
)

pytestmark = [pytest.mark.real, pytest.mark.slow]
SECONDS, SLOTS = 20, 150
MODULE = Path("/usr/lib/nginx/modules/ngx_stream_module.so")
BY_SOCKET = "unix:{}/s proxy_protocol"
BY_HEADER = {"source": "proxy_protocol_addr"}
CONFIGURATION = """
{load}
pid {folder}/pid; error_log {folder}/error.log crit;
worker_processes 1;
events {{ }}
stream {{
    include {folder}/list.conf;
    upstream backend {{ server unix:{folder}/backend; }}
    log_format stage "<$proxy_protocol_addr$remote_addr $blockc_export_control_stream_action>";
    access_log off;
    server {{ listen unix:{folder}/backend; return "welcome"; }}
    server {{
        listen {listen};
        access_log {folder}/access.log stage;
        proxy_pass $blockc_export_control_stream_upstream;
    }}
}}
"""


@contextmanager
def nginx(
    files: Iterable[ArtifactFile], listen: str = "unix:{}/s proxy_protocol"
) -> Iterator[Path]:
    """Run nginx with the artifact until the block ends; it listens when its parent returns."""
    program = require_program("nginx")
    with TemporaryDirectory(prefix="blockc-stream-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # workers run as somebody else, and connect to a socket in it
        for file in files:
            (folder / "list.conf").write_bytes(file.data)
        load = f"load_module {MODULE};" if MODULE.exists() else ""
        filled = CONFIGURATION.format(load=load, folder=folder, listen=listen.format(folder))
        (folder / "nginx.conf").write_text(filled, encoding="utf-8")
        command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]
        started = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (started.returncode, started.stderr) == (0, "")
        try:
            yield folder
        finally:
            subprocess.run([*command, "-s", "stop"], capture_output=True, check=True)


def is_served(folder: Path, address: str) -> bool:
    """Return whether a client with this address reaches the server behind nginx."""
    version, there = ("TCP6", "::1") if ":" in address else ("TCP4", "127.0.0.1")
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(SECONDS)
        wire.connect(str(folder / "s"))
        wire.sendall(f"PROXY {version} {address} {there} 1 2\r\n".encode())
        return _received(wire)


def _received(wire: socket.socket) -> bool:
    found = b""
    while more := wire.recv(100):
        found += more
    assert found in {b"", b"welcome"}
    return bool(found)


def require_agreement(intent: AddrMap, files: Iterable[ArtifactFile]) -> None:
    """Check who is served at both ends of slots."""
    with nginx(files) as folder:
        for family in FAMILIES:
            asked = blocked(intent, family, ends(intent, family, SLOTS))
            wanted = {text: not said for text, said in asked.items() if not mapped(text)}
            assert {text: is_served(folder, text) for text in wanted} == wanted


def test_nginx_closes_the_connections_of_the_list_and_no_others() -> None:
    addresses = listed(7)
    document = draft(NGINX_STREAM, rules_of(NGINX_STREAM, addresses), BY_HEADER)
    require_agreement(AddrMap.of_set(addresses), render(NGINX_STREAM, document, PATH, TEMPLATES))


@pytest.mark.parametrize("case", EDGES)
def test_nginx_agrees_at_the_edges_of_the_space(case: str) -> None:
    document = draft(NGINX_STREAM, rules_of(NGINX_STREAM, EDGES[case]), BY_HEADER)
    files = render(NGINX_STREAM, document, PATH, TEMPLATES)
    require_agreement(AddrMap.of_set(EDGES[case]), files)


def test_an_exception_inside_an_entry_is_served() -> None:
    rules = nested(
        ("10.1.2.0/24", 1), ("10.0.0.0/8", 1), ("10.1.0.0/16", 0), ("10.1.2.3/32", 0),
        ("2001:db8:8::1/128", 1), ("2001:db8::/32", 1), ("2001:db8:8::/48", 0),
    )  # fmt: skip
    files = render(NGINX_STREAM, draft(NGINX_STREAM, rules, BY_HEADER), PATH, TEMPLATES)
    require_agreement(meaning(Match.LONGEST, rules.values(), NAMES), files)


def test_a_client_in_ipv4_mapped_form_is_one_of_ipv4() -> None:
    addresses = prefixes("192.0.2.0/24", "::/1") - prefixes("192.0.2.7/32")
    document = draft(NGINX_STREAM, rules_of(NGINX_STREAM, addresses), BY_HEADER)
    wanted = {"::ffff:192.0.2.1": False, "::ffff:192.0.2.7": True, "::ffff:8.8.8.8": True}
    with nginx(render(NGINX_STREAM, document, PATH, TEMPLATES)) as folder:
        assert {text: is_served(folder, text) for text in wanted} == wanted


@pytest.mark.parametrize("action", ["monitor", "warn", "block"])
def test_the_log_has_the_word_of_the_stage_and_only_block_closes(action: str) -> None:
    rules = rules_of(NGINX_STREAM, prefixes("192.0.2.0/24", "2001:db8::/32"))
    document = draft(NGINX_STREAM, rules, BY_HEADER, names=("", action))
    files = render(NGINX_STREAM, replace(document, action=action), PATH, TEMPLATES)
    with nginx(files) as folder:
        clients = ("192.0.2.1", "2001:db8::1", "192.0.3.1")
        served = [is_served(folder, one) for one in clients]
        assert served == [action != "block", action != "block", True]
        assert logged(folder, len(clients)) == [
            f"192.0.2.1unix: {action}", f"2001:db8::1unix: {action}", "192.0.3.1unix: ",
        ]  # fmt: skip


def logged(folder: Path, count: int) -> list[str]:
    """Return what the log says, once it says so much; it is written after the last byte."""
    until, text = time.monotonic() + SECONDS, ""
    while text.count(">") < count and time.monotonic() < until:
        text = (folder / "access.log").read_text("utf-8")
    return [line.strip("<>") for line in text.splitlines()]


@pytest.mark.parametrize(
    ("source", "listed_client", "closed"),
    [
        ("remote_addr", "127.0.0.2", ["127.0.0.2"]),
        ("proxy_protocol_addr", "127.0.0.2", []),
        ("proxy_protocol_addr", "255.255.255.255", ["127.0.0.1", "127.0.0.2"]),
    ],
)
def test_without_a_proxy_header_what_the_header_would_say_is_the_last_address(
    source: str, listed_client: str, closed: list[str]
) -> None:
    rules = rules_of(NGINX_STREAM, prefixes(f"{listed_client}/32"))
    document = draft(NGINX_STREAM, rules, {"source": source})
    port = free_port()
    with nginx(render(NGINX_STREAM, document, PATH, TEMPLATES), f"127.0.0.1:{port}"):
        clients = ("127.0.0.1", "127.0.0.2")
        assert [client for client in clients if not visited(port, client)] == closed


def visited(port: int, client: str) -> bool:
    """Return whether a client of this machine is served."""
    address = ("127.0.0.1", port)
    with socket.create_connection(address, timeout=SECONDS, source_address=(client, 0)) as wire:
        return _received(wire)


def test_nginx_takes_the_longest_variable_without_a_setting_of_its_own(tmp_path: Path) -> None:
    require_program("nginx")
    rules = rules_of(NGINX_STREAM, EDGES["neighbours"])
    (file,) = render(
        NGINX_STREAM, draft(NGINX_STREAM, rules, {"variable": "a" * 37}), PATH, TEMPLATES
    )
    (tmp_path / "list.conf").write_bytes(file.data)
    load = f"load_module {MODULE};" if MODULE.exists() else ""
    text = f"{load}\npid {tmp_path}/pid; events {{ }}\nstream {{ include {tmp_path}/list.conf; }}\n"
    (tmp_path / "nginx.conf").write_text(text, encoding="utf-8")
    words = ["nginx", "-t", "-q", "-e", "stderr", "-c", f"{tmp_path}/nginx.conf"]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with pytest.raises(PolicyError, match="expected 1 to 37") as refused:
        draft(NGINX_STREAM, rules, provenance=replace(PROVENANCE, list="a" * 24))
    assert refused.value.hint == "set variable in the output"
