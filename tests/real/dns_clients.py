"""Runs inside a network namespace of its own: starts a DNS server, asks it from many addresses

    unshare --net python dns_clients.py < job.json

Every address there is belongs to this machine there, so a client may have any of them.
"""

import json
import select
import socket
import subprocess
import sys
import time
from ipaddress import ip_address
from pathlib import Path

PORT = 5300
FREEBIND = {4: (socket.IPPROTO_IP, 15), 6: (socket.IPPROTO_IPV6, 78)}
SERVER = {4: "127.0.0.1", 6: "::1"}
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
NAMESPACE = """
ip link set lo up
ip route add local 0.0.0.0/0 dev lo
ip -6 route add local ::/0 dev lo
"""
HEAD = bytes.fromhex("beef 0100 0001 0000 0000 0000")  # a query that wants recursion
TYPES = {"A": 1, "TXT": 16, "AAAA": 28}
RCODES = {0: "NOERROR", 2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED"}
AT_ONCE = 100
TRIES = 3
Probe = tuple[str, str, str]  # the address of a client, the name and the type it asks for


def asked(probes: list[Probe], patience: float) -> dict[Probe, str]:
    """Return probe -> the code of the answer; nothing where there was none."""
    found: dict[Probe, str] = {}
    for at in range(0, len(probes), AT_ONCE):
        left = probes[at : at + AT_ONCE]
        for _ in range(TRIES):
            found |= one_round(left, patience)
            left = [probe for probe in left if probe not in found]
            if not left:
                break
    return found


def one_round(probes: list[Probe], patience: float) -> dict[Probe, str]:
    """Send every query and return the codes of the answers that come in time."""
    sockets = {client(source): (source, name, kind) for source, name, kind in probes}
    found: dict[Probe, str] = {}
    for wire, (_, name, kind) in sockets.items():
        wire.send(query(name, kind))
    end = time.monotonic() + patience
    while len(found) < len(sockets) and (left := end - time.monotonic()) > 0:
        for wire in select.select([*sockets], [], [], left)[0]:
            try:
                answer = wire.recv(4096)
            except ConnectionRefusedError:  # not ready yet
                continue
            found[sockets[wire]] = RCODES.get(answer[3] & 15, str(answer[3] & 15))
    for wire in sockets:
        wire.close()
    return found


def query(name: str, kind: str) -> bytes:
    """Return a query for a name without a dot at its end."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return HEAD + labels + b"\x00" + TYPES[kind].to_bytes(2, "big") + b"\x00\x01"


def client(source: str) -> socket.socket:
    """Return a socket that sends from `source`."""
    version = ip_address(source).version
    wire = socket.socket(FAMILY[version], socket.SOCK_DGRAM)
    wire.setsockopt(*FREEBIND[version], 1)
    wire.bind((source, 0))
    wire.connect((SERVER[version], PORT))
    return wire


def main() -> None:
    """Run the job on stdin and print the answer to each probe.

    `server` is its command, `log` where its messages go, `ready` what it answers when it is, `says`
    what it says then, `patience` in seconds.
    """
    job = json.load(sys.stdin)
    subprocess.run(["sh", "-e"], input=NAMESPACE, text=True, check=True)
    log = Path(job["log"])
    with log.open("w") as said:
        server = subprocess.Popen(
            job["server"], stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
        )
    ready, probes = (list(map(tuple, job[key])) for key in ("ready", "probes"))
    try:
        for _ in range(200):
            said_so = job["says"] in log.read_text()
            if said_so and {*asked(ready, 0.1).values()} == {"NOERROR"}:
                break
            time.sleep(0.05)
        else:
            raise SystemExit(f"the server does not answer: {log.read_text()}")
        found = asked(probes, job["patience"])
        json.dump([found.get(probe) for probe in probes], sys.stdout)
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    main()
