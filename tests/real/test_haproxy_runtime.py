"""The commands of the documentation change a running HAProxy without a reload, all or nothing."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from blockc.targets.core.target import Target
from blockc.targets.proxy.haproxy_list import HAPROXY_LIST
from blockc.targets.proxy.haproxy_map import HAPROXY_MAP
from tests.real.servers import Server
from tests.support.machine import require_program
from tests.targets.artifacts import prefixes, written

pytestmark = [pytest.mark.real, pytest.mark.slow]
CONFIGURATION = """\
global
    stats socket {folder}/admin.sock level admin
defaults
    mode http
    timeout connect 10s
    timeout client 60s
    timeout server 10s
frontend doors
    bind unix@{folder}/s
    http-request return status 200 content-type text/plain string "<block>" if {{ {asks} }}
    http-request return status 200 content-type text/plain string "<none>"
"""
ASKS = {
    "haproxy-map": "url_param(ip),map_ip({folder}/list.map,none) -m str block",
    "haproxy-list": "url_param(ip),ipmask(32,128) -m ip -f {folder}/list.lst",
}
BOTH = pytest.mark.parametrize("target", [HAPROXY_MAP, HAPROXY_LIST], ids=lambda one: one.name)


@contextmanager
def running(target: Target, folder: Path) -> Iterator[Server]:
    """Run HAProxy with the file in `folder` until the block ends."""
    asks = ASKS[target.name].format(folder=folder)
    (folder / "h.cfg").write_text(CONFIGURATION.format(folder=folder, asks=asks), "utf-8")
    command = [require_program("haproxy"), "-D", "-p", f"{folder}/pid", "-f", f"{folder}/h.cfg"]
    subprocess.run(command, check=True)
    try:
        yield Server(f"{folder}/s")
    finally:
        pid = (folder / "pid").read_text("utf-8").split()
        subprocess.run(["kill", *pid], check=True)


def update(target: Target, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the commands of the documentation, for the socket and the file in `folder`."""
    require_program("socat")
    commands = target.deployment.load.partition("nothing changes:\n")[2]
    commands = commands.replace("/run/haproxy", str(folder)).replace("/etc/haproxy", str(folder))
    return subprocess.run(["sh", "-c", commands], capture_output=True, text=True, check=False)


@BOTH
def test_a_running_haproxy_takes_all_of_a_new_file(target: Target, tmp_path: Path) -> None:
    path = tmp_path / f"list.{target.ending}"
    path.write_bytes(written(target, prefixes("10.0.0.0/8"))[0].data)
    with running(target, tmp_path) as server:
        assert server.answers(["10.1.1.1", "11.1.1.1"]) == {"10.1.1.1": "block", "11.1.1.1": "none"}
        many = prefixes("11.0.0.0/8", *(f"12.{n >> 8}.{n & 255}.0/25" for n in range(3_000)))
        path.write_bytes(written(target, many)[0].data)
        done = update(target, tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        wanted = {"10.1.1.1": "none", "11.1.1.1": "block", "12.11.1.1": "block"}
        assert server.answers(wanted) == wanted


@BOTH
def test_a_file_with_a_bad_line_changes_nothing_in_a_running_haproxy(
    target: Target, tmp_path: Path
) -> None:
    path = tmp_path / f"list.{target.ending}"
    path.write_bytes(written(target, prefixes("10.0.0.0/8"))[0].data)
    with running(target, tmp_path) as server:
        path.write_bytes(written(target, prefixes("11.0.0.0/8"))[0].data + b"nonsense block\n")
        done = update(target, tmp_path)
        assert done.returncode == 1
        assert "nonsense" in done.stdout
        wanted = {"10.1.1.1": "block", "11.1.1.1": "none"}
        assert server.answers(wanted) == wanted
