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

PORT = 5300
FREEBIND = {4: (socket.IPPROTO_IP, 15), 6: (socket.IPPROTO_IPV6, 78)}
SERVER = {4: "127.0.0.1", 6: "::1"}
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
NAMESPACE = """
ip link set lo up
ip route add local 0.0.0.0/0 dev lo
ip -6 route add local ::/0 dev lo
"""
QUESTION = b"\x07example\x00\x00\x10\x00\x01"  # example. TXT IN
QUERY = bytes.fromhex("beef 0000 0001 0000 0000 0000") + QUESTION
RCODES = {0: "NOERROR", 2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED"}
AT_ONCE = 100
TRIES = 3


def asked_from(sources: list[str], patience: float) -> dict[str, str]:
    """Return source -> the code of the answer to its query; nothing where there was none."""
    found: dict[str, str] = {}
    for at in range(0, len(sources), AT_ONCE):
        left = sources[at : at + AT_ONCE]
        for _ in range(TRIES):
            found |= one_round(left, patience)
            left = [source for source in left if source not in found]
            if not left:
                break
    return found


def one_round(sources: list[str], patience: float) -> dict[str, str]:
    """Send a query from each source and return the codes of the answers that come in time."""
    sockets = {client(source): source for source in sources}
    found: dict[str, str] = {}
    for wire in sockets:
        wire.send(QUERY)
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


def client(source: str) -> socket.socket:
    """Return a socket that sends from `source`."""
    version = ip_address(source).version
    wire = socket.socket(FAMILY[version], socket.SOCK_DGRAM)
    wire.setsockopt(*FREEBIND[version], 1)
    wire.bind((source, 0))
    wire.connect((SERVER[version], PORT))
    return wire


def main() -> None:
    """Run the job on stdin: `server` (argv), `probes`, `patience`; print what was answered."""
    job = json.load(sys.stdin)
    subprocess.run(["sh", "-e"], input=NAMESPACE, text=True, check=True)
    server = subprocess.Popen(job["server"], stdin=subprocess.DEVNULL, stdout=sys.stderr)
    try:
        for _ in range(200):
            if {*asked_from(job["ready"], 0.1).values()} == {"NOERROR"}:
                break
            time.sleep(0.05)
        else:
            raise SystemExit("the server does not answer")
        json.dump(asked_from(job["probes"], job["patience"]), sys.stdout)
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    main()
