"""Runs inside a network namespace of its own: a host with a packet filter, and its neighbour.

    unshare --net python two_hosts.py < job.json

The neighbour is a second namespace at the other end of a cable. Asked is what a host needs to go
on living once a list that blocks its neighbour is loaded.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable

SERVER = """
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
with socket.create_server((sys.argv[1], 8080), family=family) as server:
    while True:
        taken, _ = server.accept()
        taken.sendall(b"200")
        taken.close()
"""
CLIENT = """
import socket, sys
with socket.create_connection((sys.argv[1], 8080), timeout=1) as taken:
    sys.exit(taken.recv(3) != b"200")
"""
HOST = {4: "192.0.2.1", 6: "2001:db8::1"}
NEIGHBOUR = {4: "192.0.2.2", 6: "2001:db8::2"}


def run(*words: str) -> bool:
    """Run a command and return whether it succeeded."""
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def wait_for(done: Callable[[], bool]) -> None:
    """Return once something holds, which takes a moment after a process was started."""
    for _ in range(200):
        if done():
            return
        time.sleep(0.05)
    raise SystemExit("waited in vain")


def main() -> None:
    """Load the `commands` of the job on stdin and print what still works, by name."""
    commands = json.load(sys.stdin)["commands"]
    other = subprocess.Popen(["unshare", "--net", "sleep", "600"])
    inside = ["nsenter", "--net", "--target", str(other.pid), "--"]
    servers: list[subprocess.Popen[bytes]] = []
    try:
        ours = subprocess.check_output(["readlink", "/proc/self/ns/net"])
        theirs = ["readlink", f"/proc/{other.pid}/ns/net"]
        wait_for(lambda: subprocess.check_output(theirs) != ours)
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "cable", "type", "veth", "peer", "name", "far")
        run("ip", "link", "set", "far", "netns", str(other.pid))
        for version, bits in ((4, "24"), (6, "64")):
            nodad = ["nodad"] if version == 6 else []
            run("ip", "addr", "add", f"{HOST[version]}/{bits}", "dev", "cable", *nodad)
            add = ["ip", "addr", "add", f"{NEIGHBOUR[version]}/{bits}", "dev", "far", *nodad]
            run(*inside, *add)
        run("ip", "link", "set", "cable", "up")
        run(*inside, "ip", "link", "set", "far", "up")
        for prefix, address in ((inside, NEIGHBOUR), ([], HOST)):
            servers += [
                subprocess.Popen([*prefix, sys.executable, "-c", SERVER, one])
                for one in address.values()
            ]
        client = [sys.executable, "-c", CLIENT]
        for one in NEIGHBOUR.values():
            wait_for(lambda one=one: run(*client, one))  # type: ignore[misc]
        for one in HOST.values():
            wait_for(lambda one=one: run(*inside, *client, one))  # type: ignore[misc]
        subprocess.run(["sh", "-e"], input="\n".join(commands), text=True, check=True)
        found = {}
        for version in (4, 6):
            run("ip", "neigh", "flush", "all")
            found[f"outgoing {version}"] = run(*client, NEIGHBOUR[version])
            found[f"incoming {version}"] = run(*inside, *client, HOST[version])
            found[f"loopback {version}"] = run(*client, HOST[version])
        json.dump(found, sys.stdout)
    finally:
        for process in (*servers, other):
            process.kill()


if __name__ == "__main__":
    main()
