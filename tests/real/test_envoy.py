"""A served Envoy with the file it watches: visitors of both families, clients of a proxy."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from random import randrange
from time import monotonic
from typing import Any

import pytest

from blockc.addresses import FAMILIES, AddrMap, AddrSet
from blockc.targets.core.render import render
from blockc.targets.proxy.envoy_rbac import ENVOY_RBAC
from blockc.values import replace
from tests.real.probes import blocked, ends, listed, mapped
from tests.real.test_caddy import can_visit
from tests.support.machine import require_program, require_root
from tests.targets.artifacts import EDGES, PATH, TEMPLATES, draft, prefixes, rules_of, written

pytestmark = [pytest.mark.real, pytest.mark.slow]
TYPE = "type.googleapis.com/envoy.extensions.filters."
READY = "starting main dispatch loop"
NAME = "blockc_export_control"


def bootstrap(folder: Path, manager: Mapping[str, object], port: int = 8080) -> Mapping[str, Any]:
    """Return the configuration of an Envoy that answers 200 to everybody the filter lets pass.

    `manager`: what the connection manager is told besides.
    """
    source = {
        "resource_api_version": "V3",
        "path_config_source": {
            "path": str(folder / "watched" / "list.json"),
            "watched_directory": {"path": str(folder / "watched")},
        },
    }
    discovery = {"config_source": source, "type_urls": [f"{TYPE}http.rbac.v3.RBAC"]}
    route = {"match": {"prefix": "/"}, "direct_response": {"status": 200}}
    connections = {
        "@type": f"{TYPE}network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "here",
        "route_config": {"virtual_hosts": [{"name": "x", "domains": ["*"], "routes": [route]}]},
        "http_filters": [
            {"name": NAME, "config_discovery": discovery},
            {"name": "router", "typed_config": {"@type": f"{TYPE}http.router.v3.Router"}},
        ],
        "delayed_close_timeout": "0s",  # else who asks for the end of the connection waits for it
        **manager,
    }
    address = {"address": "::", "port_value": port, "ipv4_compat": True}
    chain = {"filters": [{"name": "http", "typed_config": connections}]}
    listener = {
        "name": "x",
        "address": {"socket_address": address},
        "filter_chains": [chain],
    }
    return {"node": {"id": "x", "cluster": "x"}, "static_resources": {"listeners": [listener]}}


def command(
    folder: Path, data: bytes, manager: Mapping[str, object], port: int = 8080
) -> list[str]:
    """Return what starts Envoy with the file `data`."""
    (folder / "watched").mkdir()
    (folder / "watched" / "list.json").write_bytes(data)
    config = folder / "envoy.json"
    config.write_text(json.dumps(bootstrap(folder, manager, port)), encoding="utf-8")
    return [
        require_program("envoy"), "-c", str(config), "--disable-hot-restart", "--concurrency", "1",
        "--drain-time-s", "0",
    ]  # fmt: skip


def wanted_of(addresses: AddrSet, slots: int) -> dict[str, bool]:
    """Return address -> whether it is blocked, at both ends of slots of both families."""
    intent = AddrMap.of_set(addresses)
    found: dict[str, bool] = {}
    for family in FAMILIES:
        found |= blocked(intent, family, ends(intent, family, slots))
    return found


@pytest.mark.parametrize("case", ["listed", "neighbours", "all but the ends", "nothing"])
def test_envoy_refuses_who_is_listed_and_nobody_else(case: str, tmp_path: Path) -> None:
    require_root()
    addresses = EDGES[case] if case in EDGES else listed(22)
    (file,) = written(ENVOY_RBAC, addresses)
    wanted = {text: said for text, said in wanted_of(addresses, 300).items() if can_visit(text)}
    job = {"argv": command(tmp_path, file.data, {}), "ready": READY, "probes": list(wanted)}
    done = subprocess.run(
        ["unshare", "--net", sys.executable, Path(__file__).with_name("clients.py")],
        input=json.dumps(job), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    heads = json.loads(done.stdout)
    assert {text: head.split()[1] for text, head in heads.items()} == {
        text: "403" if said else "200" for text, said in wanted.items()
    }


def free_port() -> int:
    """Return a port of the loopback interface that nobody uses, and that no client is given."""
    while True:
        port = randrange(10_000, 30_000)
        with suppress(OSError), socket.socket() as free:
            free.bind(("127.0.0.1", port))
            return port


TRUSTING = {"use_remote_address": True, "xff_num_trusted_hops": 1}


def statuses(
    folder: Path, data: bytes, clients: Sequence[str], manager: Mapping[str, object]
) -> list[str]:
    """Return what Envoy answers to clients whose addresses a proxy in front of it says."""
    port = free_port()
    with served(folder, data, manager, port):
        return answered(port, clients)


@contextmanager
def served(
    folder: Path, data: bytes, manager: Mapping[str, object], port: int
) -> Iterator[subprocess.Popen[str]]:
    """Run Envoy until the block ends; it answers when the block begins."""
    argv = command(folder, data, manager, port)
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr
        assert any(READY in line for line in server.stderr)
        try:
            with socket.socket() as wire:
                while server.poll() is None and wire.connect_ex(("127.0.0.1", port)):
                    pass
            yield server
        finally:
            server.terminate()


def answered(port: int, clients: Sequence[str]) -> list[str]:
    """Return the status for each client, all asked on one connection."""
    found: list[str] = []
    with socket.create_connection(("127.0.0.1", port), timeout=30) as wire:
        reader = wire.makefile("rb")
        for client in clients:  # one after the other: of a hundred at once Envoy answered two
            wire.sendall(f"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {client}\r\n\r\n".encode())
            found.append(reader.readline().split()[1].decode())
            length = 0
            while line := reader.readline().strip():
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            reader.read(length)
    return found


def test_envoy_compares_the_client_that_a_trusted_proxy_names(tmp_path: Path) -> None:
    addresses = listed(23)
    (file,) = written(ENVOY_RBAC, addresses, {"principal": "remote_ip"})
    wanted = {text: said for text, said in wanted_of(addresses, 2_000).items() if not mapped(text)}
    got = statuses(tmp_path, file.data, list(wanted), TRUSTING)
    assert dict(zip(wanted, got, strict=True)) == {
        text: "403" if said else "200" for text, said in wanted.items()
    }


def test_who_is_named_in_the_clothes_of_ipv6_does_not_pass(tmp_path: Path) -> None:
    (file,) = written(ENVOY_RBAC, prefixes("192.0.2.0/24"), {"principal": "remote_ip"})
    clients = ["192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201", "::ffff:192.0.3.1", "192.0.3.1"]
    assert statuses(tmp_path, file.data, clients, TRUSTING) == ["403", "403", "403", "200", "200"]


def test_without_use_remote_address_a_client_says_who_it_is_as_the_page_says(
    tmp_path: Path,
) -> None:
    (file,) = written(ENVOY_RBAC, prefixes("127.0.0.0/8"), {"principal": "remote_ip"})
    assert statuses(tmp_path, file.data, ["8.8.8.8"], {}) == ["200"]


def test_the_address_of_the_connection_is_not_taken_from_a_header(tmp_path: Path) -> None:
    (file,) = written(ENVOY_RBAC, prefixes("127.0.0.0/8"))
    assert statuses(tmp_path, file.data, ["8.8.8.8"], TRUSTING) == ["403"]


def test_a_list_that_is_only_watched_denies_nobody(tmp_path: Path) -> None:
    one = draft(ENVOY_RBAC, rules_of(ENVOY_RBAC, prefixes("127.0.0.0/8")), names=("", "monitor"))
    (file,) = render(ENVOY_RBAC, replace(one, action="monitor"), PATH, TEMPLATES)
    assert statuses(tmp_path, file.data, ["8.8.8.8"], {}) == ["200"]


def test_a_new_file_is_in_force_at_once_and_a_bad_one_leaves_the_old_one(tmp_path: Path) -> None:
    """The commands of the documentation, on a running server."""
    old, new = (written(ENVOY_RBAC, prefixes(net))[0].data for net in ("127.0.0.0/8", "9.0.0.0/8"))
    load = ENVOY_RBAC.deployment.load.replace("/etc/envoy/blockc", str(tmp_path / "watched"))
    port = free_port()
    with served(tmp_path, old, {}, port) as server:
        assert answered(port, ["8.8.8.8"]) == ["403"]
        for data in (new.replace(b'"DENY"', b'"DANY"'), new):
            (tmp_path / "list.json").write_bytes(data)
            subprocess.run(["sh", "-e"], input=load, cwd=tmp_path, text=True, check=True)
            if data != new:
                assert server.stderr
                assert any("DANY" in line for line in server.stderr)  # it says why it refuses
                assert answered(port, ["8.8.8.8"]) == ["403"]
        begun = monotonic()
        while answered(port, ["8.8.8.8"]) != ["200"]:
            assert monotonic() - begun < 30
