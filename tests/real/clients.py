"""Runs inside a network namespace of its own: starts a server, and visits it from many addresses

    unshare --net python clients.py < job.json

Every address is made a local one of the loopback interface, so a client can be whoever it wants.
"""

import json
import socket
import subprocess
import sys
from ipaddress import ip_address
from typing import Any

PORT = 8080
SERVER = {4: "127.0.0.1", 6: "::1"}
EVERYBODY = """
ip link set lo up
ip route add local 0.0.0.0/0 dev lo
ip -6 route add local ::/0 dev lo
echo 1 > /proc/sys/net/ipv4/ip_nonlocal_bind
echo 1 > /proc/sys/net/ipv6/ip_nonlocal_bind
"""
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def visit(source: str) -> str:
    """Return the head of the answer to a visitor from an address."""
    version = ip_address(source).version
    kind = socket.AF_INET if version == 4 else socket.AF_INET6
    with socket.socket(kind) as wire:
        wire.settimeout(10)
        wire.bind((source, 0))
        wire.connect((SERVER[version], PORT))
        if ip_address(wire.getsockname()[0]) != ip_address(source):
            raise SystemExit(f"{source} cannot be the source of a connection")
        wire.sendall(REQUEST)
        answer = b""
        while more := wire.recv(1 << 16):
            answer += more
    return answer.partition(b"\r\n\r\n")[0].decode()


def listens() -> bool:
    """Return whether the server takes connections of both families."""
    for version, address in SERVER.items():
        with socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6) as wire:
            if wire.connect_ex((address, PORT)):
                return False
    return True


def main() -> None:
    """Run the job on stdin and print the head of each answer.

    `argv` starts the server, which logs a line with `ready` once it listens, or is about to;
    `probes` are the addresses to come from.
    """
    job: dict[str, Any] = json.load(sys.stdin)
    subprocess.run(["sh", "-e"], input=EVERYBODY, text=True, check=True)
    with subprocess.Popen(job["argv"], stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr
        said = ""
        for line in server.stderr:
            said += line
            if job["ready"] in line:
                break
        try:
            if job["ready"] not in said:
                raise SystemExit(said)
            while server.poll() is None and not listens():
                pass
            json.dump({source: visit(source) for source in job["probes"]}, sys.stdout)
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
