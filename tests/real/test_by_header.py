"""Apache, Varnish, Squid and HAProxy, asked over one connection about clients that a header names.

Each is started once for a list, believes the header of anybody, and answers 404 to who is not
listed.
"""

import re
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address, ip_network
from pathlib import Path
from shutil import chown
from tempfile import TemporaryDirectory
from threading import Thread

import pytest

from blockc.addresses import FAMILIES, V4, AddrMap, AddrSet
from blockc.targets.core.render import render
from blockc.targets.core.response import Response
from blockc.targets.core.target import Target
from blockc.targets.proxy.haproxy_fallback import ASKED_TWICE
from blockc.targets.proxy.haproxy_list import HAPROXY_LIST
from blockc.targets.proxy.squid import SQUID
from blockc.targets.proxy.varnish import VARNISH
from blockc.targets.web.apache import APACHE
from blockc.values import replace
from tests.real.probes import blocked, ends, listed, mapped
from tests.real.test_answers import free_port
from tests.support.machine import require_program
from tests.targets.artifacts import (
    EDGES,
    LINK,
    TEMPLATES,
    draft,
    prefixes,
    rules_of,
    written,
)

pytestmark = [pytest.mark.real, pytest.mark.slow]
SECONDS = 60
OTHERS, SLOTS = 404, 150
TARGETS = pytest.mark.parametrize(
    "target", [APACHE, HAPROXY_LIST, SQUID, VARNISH], ids=lambda one: one.name
)
CLIENT, REAL = "X-Forwarded-For", "X-Real-IP"
HEADER, SPOOFED = "X-Blockc-export-control", "spoofed"
NAMED = f'<{LINK}>; rel="blocked-by"'
APACHE_CONF = """
ServerRoot /usr/lib/apache2
ServerName x
PidFile {folder}/pid
ErrorLog {folder}/error.log
DefaultRuntimeDir {folder}
Listen 127.0.0.1:{port}
User www-data
Group www-data
LoadModule mpm_event_module modules/mod_mpm_event.so
LoadModule authz_core_module modules/mod_authz_core.so
LoadModule authz_host_module modules/mod_authz_host.so
LoadModule remoteip_module modules/mod_remoteip.so
LoadModule headers_module modules/mod_headers.so
LoadModule rewrite_module modules/mod_rewrite.so
LoadModule setenvif_module modules/mod_setenvif.so
RemoteIPHeader X-Forwarded-For
RemoteIPInternalProxy 127.0.0.1
DocumentRoot {folder}
MaxKeepAliveRequests 0
Header always set X-Listed "expr=%{{reqenv:NAME}}"
Header always set X-Origin "expr=%{{req:X-Blockc-export-control}}"
{include}
"""
HAPROXY_CFG = """
defaults
    mode http
    timeout connect 10s
    timeout client 60s
    timeout server 10s
    timeout http-keep-alive 60s
frontend doors
    bind 127.0.0.1:{port}
    http-request set-src req.hdr(X-Forwarded-For)
    {include}
    http-request return status 404 hdr X-Listed "%[var(txn.NAME)]" hdr X-Origin "%[req.hdr(X-Blockc-export-control)]"
"""  # noqa: E501
SQUID_CONF = """
http_port 127.0.0.1:{port} accel defaultsite=x
pid_filename {folder}/pid
cache_log {folder}/cache.log
logformat listed %note{{NAME}}
access_log {folder}/access.log listed
coredump_dir {folder}
cache deny all
memory_cache_shared off
cache_mem 0
pinger_enable off
netdb_filename none
shutdown_lifetime 0 seconds
follow_x_forwarded_for allow all
{include}
acl rest src all
deny_info 404:ERR_ACCESS_DENIED rest
http_access deny rest
"""
VARNISH_VCL = """
vcl 4.1;
{include}
backend default none;
sub vcl_recv {{ return (synth(404)); }}
sub vcl_synth {{
    set resp.http.X-Origin = req.http.X-Blockc-export-control;
    set resp.body = "";
    return (deliver);
}}
"""
WRAPPED = {
    APACHE.name: '<Location "/">\n<RequireAll>\nRequire all granted\nInclude {folder}/list\n'
    "</RequireAll>\n</Location>",
    HAPROXY_LIST.name: "http-request deny if {{ src -f {folder}/list }}",
    SQUID.name: 'acl listed src "{folder}/list"\nhttp_access deny listed',
    VARNISH.name: 'include "{folder}/list";',
}
WHOLE = {
    APACHE.name: APACHE_CONF,
    HAPROXY_LIST.name: HAPROXY_CFG,
    SQUID.name: SQUID_CONF,
    VARNISH.name: VARNISH_VCL,
}
COMMANDS = {
    APACHE.name: ("apache2", "-D", "FOREGROUND", "-f", "{folder}/conf"),
    HAPROXY_LIST.name: ("haproxy", "-db", "-f", "{folder}/conf"),
    SQUID.name: ("squid", "-n", "blockc{port}", "-N", "-f", "{folder}/conf"),
    VARNISH.name: (
        "varnishd", "-F", "-j", "none", "-n", "{folder}/work", "-a", "127.0.0.1:{port}",
        "-f", "{folder}/conf", "-s", "malloc,10m", "-p", "thread_pool_min=5",
    ),
}  # fmt: skip


@pytest.fixture
def folder() -> Iterator[Path]:
    """Yield a folder that servers can enter which are not root any more."""
    with TemporaryDirectory(prefix="blockc-by-header-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def served(target: Target, folder: Path, include: str = "", behind: int = 0) -> Iterator[int]:
    """Run the real program with the files in `folder` until the block ends, and yield its port.

    Args:
        include: How its configuration takes them in; as for a list that only blocks, if nothing.
        behind: The port of the origin, for Squid, which shows nobody what it sends there.
    """
    port = free_port()
    filled = include or WRAPPED[target.name].format(folder=folder)
    if behind and target is SQUID:
        filled += (
            f"cache_peer 127.0.0.1 parent {behind} 0 no-query originserver\nhttp_access allow all\n"
        )
    name = "blockc_export_control"
    whole = WHOLE[target.name].replace("NAME", name)
    (folder / "conf").write_text(whole.format(folder=folder, port=port, include=filled), "utf-8")
    if target is SQUID:
        chown(folder, "proxy")
    command = [word.format(folder=folder, port=port) for word in COMMANDS[target.name]]
    program = require_program(command[0])
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen([program, *command[1:]], stdout=said, stderr=said)
    try:
        until_it_answers(process, port, folder)
        yield port
    finally:
        process.terminate()
        process.wait(SECONDS)


def until_it_answers(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    """Return once a connection is answered."""
    for _ in range(SECONDS * 20):
        assert process.poll() is None, (folder / "said").read_text("utf-8")
        try:
            with connected(port) as connection:
                answer(connection, "192.0.2.254")
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError((folder / "said").read_text("utf-8"))


@contextmanager
def connected(port: int) -> Iterator[HTTPConnection]:
    """Yield a connection, and close it."""
    connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        yield connection
    finally:
        connection.close()


def answer(
    connection: HTTPConnection, client: str, others: Mapping[str, str] | None = None
) -> HTTPResponse:
    """Return the answer to a client."""
    connection.request("GET", "/", headers={CLIENT: client, REAL: client} | dict(others or {}))
    found = connection.getresponse()
    found.read()
    return found


def statuses(port: int, clients: Iterable[str]) -> dict[str, int]:
    """Return client -> the status of the answer, all asked on one connection."""
    with connected(port) as connection:
        return {client: answer(connection, client).status for client in clients}


def require_agreement(target: Target, folder: Path, data: bytes, intent: AddrMap) -> None:
    """Check the answers at both ends of slots, and to IPv4 clients in the clothes of IPv6."""
    (folder / "list").write_bytes(data)
    wanted: dict[str, bool] = {}
    for family in FAMILIES:
        asked = blocked(intent, family, ends(intent, family, SLOTS))
        wanted |= {text: said for text, said in asked.items() if not mapped(text)}
        if family == V4:
            wanted |= {f"::ffff:{text}": said for text, said in [*asked.items()][::3]}
    wanted = {text: said for text, said in wanted.items() if can_be_asked(target, text)}
    with served(target, folder) as port:
        answers = statuses(port, wanted)
    assert answers == {text: 403 if said else OTHERS for text, said in wanted.items()}


def can_be_asked(target: Target, text: str) -> bool:
    """Return whether a program looks the address up: HAProxy looks some of IPv6 up as IPv4."""
    address = ip_address(text)
    if target is not HAPROXY_LIST or address.version == 4 or mapped(text):
        return True
    return not any(address in ip_network(str(odd)) for odd in ASKED_TWICE)


def listing(target: Target, addresses: AddrSet) -> bytes:
    """Return the artifact that blocks addresses of clients in a header."""
    options = {"source": REAL} if target is VARNISH else {}
    (file,) = written(target, addresses, options)
    return file.data


@TARGETS
def test_a_listed_client_is_refused_and_nobody_else(target: Target, folder: Path) -> None:
    addresses = listed(31, 200)
    require_agreement(target, folder, listing(target, addresses), AddrMap.of_set(addresses))


@TARGETS
def test_the_edges_of_the_space_get_what_the_list_says(target: Target, folder: Path) -> None:
    """All in two lists, so that a program starts twice: everything but little, and the ends."""
    office = prefixes("198.51.100.0/24", "203.0.113.7/32", "2001:db8::/48", "::1/128")
    for number, addresses in enumerate(
        [EDGES["all but the ends"] - office, EDGES["last addresses"] | EDGES["first addresses"]]
    ):
        inside = folder / str(number)
        inside.mkdir()
        require_agreement(target, inside, listing(target, addresses), AddrMap.of_set(addresses))


@TARGETS
def test_all_of_ipv6_does_not_refuse_an_ipv4_client_in_its_clothes(
    target: Target, folder: Path
) -> None:
    """The trap of ::/1 in Squid, which holds ::ffff:0:0/96 and with it all of IPv4."""
    (folder / "list").write_bytes(listing(target, EDGES["all of ipv6"]))
    with served(target, folder) as port:
        found = statuses(port, ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1", "ffff::1"])
    assert [*found.values()] == [OTHERS, OTHERS, 403, 403]


def staged(target: Target, folder: Path, addresses: AddrSet, document: Mapping[str, object]) -> str:
    """Write the files of a list that says more than that it blocks; return how they are included.

    `document`: what differs in it: name, action and response.
    """
    dialect = target.responding()
    name = str(document.get("name", "blockc_export_control"))
    options: dict[str, object] = {"name": name}
    options |= {"source": REAL} if target is VARNISH else {"folder": str(folder)}
    options = {one.name: options[one.name] for one in target.options if one.name in options}
    action = str(document.get("action", "block"))
    one = draft(dialect, rules_of(target, addresses), options, names=("", action))
    changed = replace(one, action=action, response=document.get("response"))
    files = render(dialect, changed, f"{name}.x", TEMPLATES)
    for file in files:
        (folder / file.path).write_bytes(file.data)
    if target is HAPROXY_LIST:
        return files[1].data.decode()
    path = folder / files[-1].path
    return f'include "{path}";\n' if target is VARNISH else f"include {path}\n"


@TARGETS
def test_every_status_that_a_target_claims_is_what_a_listed_client_gets(
    target: Target, folder: Path
) -> None:
    """A list for each status, with a client of its own, all in one configuration.

    Varnish answers with any number; compiling two hundred lists would take it half a minute.
    """
    clients, include = {}, ""
    every = sorted(target.responses.statuses)
    for status in every if target is not VARNISH else (*every[::20], 451, every[-1]):
        clients[f"10.0.{status >> 8}.{status & 255}"] = status
        include += staged(
            target,
            folder,
            prefixes(f"10.0.{status >> 8}.{status & 255}/32"),
            {"name": f"blockc_s{status}", "response": Response(status, LINK)},
        )
    assert len(clients) > 11
    with served(target, folder, include) as port, connected(port) as connection:
        for client, status in clients.items():
            found = answer(connection, client)
            assert (found.status, found.getheader("Link")) == (status, NAMED)
        welcome = answer(connection, "10.0.0.1")
        assert (welcome.status, welcome.getheader("Link")) == (OTHERS, None)


@TARGETS
@pytest.mark.parametrize("action", ["monitor", "warn"])
def test_a_watched_client_is_marked_and_let_through_and_nobody_marks_himself(
    target: Target, action: str, folder: Path
) -> None:
    include = staged(target, folder, prefixes("10.0.0.0/8", "2001:db8::/32"), {"action": action})
    clients = ["10.1.2.3", "11.1.2.3", "2001:db8::1", "::ffff:10.1.1.1"]
    wanted = [action, "", action, action]
    told, others = ("warn", "") if action == "warn" else (SPOOFED, SPOOFED)
    with origin() as behind, served(target, folder, include, behind) as port:
        with connected(port) as connection:
            answers = [answer(connection, client, {HEADER: SPOOFED}) for client in clients]
        assert {one.status for one in answers} == {OTHERS}
        marked = [] if target is SQUID else marks(target, folder, answers)
        deadline = time.monotonic() + 30  # Varnish writes its log a moment after the answer
        while target is VARNISH and marked != wanted and time.monotonic() < deadline:
            marked = marks(target, folder, answers)
    marked = marked or marks(target, folder, answers)  # Squid has written all when it ends
    assert marked == wanted
    origins = [one.getheader("X-Origin") or "" for one in answers]
    assert origins == [told, others, told, told]


def marks(target: Target, folder: Path, answers: Sequence[HTTPResponse]) -> list[str]:
    """Return what the log of a program says of each of some answers."""
    if target is SQUID:
        lines = (folder / "access.log").read_text("utf-8").splitlines()[-len(answers) :]
        return ["" if line == "-" else line for line in lines]
    if target is not VARNISH:
        return [(one.getheader("X-Listed") or "").strip("-") for one in answers]
    command = ["-n", f"{folder}/work", "-d", "-g", "request", "-i", "VCL_Log,ReqHeader"]
    said = subprocess.run(
        [require_program("varnishlog"), *command], capture_output=True, text=True, check=True
    ).stdout
    # Whether it is up was asked too, and the log has that where it pleases.
    groups = [group for group in said.split("*   << Request") if SPOOFED in group]
    found = [re.search(r"blockc_export_control: (\w+)", group) for group in groups]
    return [one[1] if one else "" for one in found][-len(answers) :]


@contextmanager
def origin() -> Iterator[int]:
    """Run a server that answers 404 and the header it got, and yield its port."""

    class Echo(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(OTHERS)
            self.send_header("Content-Length", "0")
            self.send_header("X-Origin", self.headers.get(HEADER, ""))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
