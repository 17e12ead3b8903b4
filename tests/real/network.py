"""Runs inside a network namespace of its own: loads rules, sends packets, tells which passed

    unshare --net python network.py < job.json

A pair of virtual cables is enough: what goes into one end comes out of the other as if from
outside, with whatever source address we write into it. Behind the rules under test a rule of our
own notes the source of each packet of ours that got through: the kernel sends some too, from `::`
where it asks whether its own address is taken.
"""

import json
import os
import socket
import struct
import subprocess
import sys
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

Address = IPv4Address | IPv6Address
MAC = bytes.fromhex("020000000002")
ETHERTYPE = {4: 0x0800, 6: 0x86DD}
INSIDE: dict[int, Address] = {4: IPv4Address("198.18.0.1"), 6: IPv6Address("2001:2::1")}
LAST = IPv4Address("198.18.0.99")
PORT, LAST_PORT = 4000, 4001
LISTINGS = 200

CABLE = """
ip link set lo up
ip link add outside type veth peer name inside address 02:00:00:00:00:02
echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter
echo 0 > /proc/sys/net/ipv4/conf/inside/rp_filter
ip addr add 198.18.0.1/32 dev inside
ip -6 addr add 2001:2::1/128 dev inside nodad
ip link set outside up
ip link set inside up
"""
WITNESS = """
table inet witness {
	set seen4 { type ipv4_addr; flags dynamic; size 65535; }
	set seen6 { type ipv6_addr; flags dynamic; size 65535; }
	set last { type ipv4_addr; flags dynamic; size 65535; }
	chain before {
		type filter hook prerouting priority -400; policy accept;
		iif "inside" udp dport 4001 add @last { ip saddr } drop
	}
	chain after {
		type filter hook HOOK priority 100; policy accept;
		iif "inside" udp dport 4000 ip saddr 0.0.0.0/0 add @seen4 { ip saddr } drop
		iif "inside" udp dport 4000 ip6 saddr ::/0 add @seen6 { ip6 saddr } drop
	}
}
"""


def checksum(header: bytes) -> int:
    """Return the Internet checksum of an even number of bytes (RFC 1071)."""
    total: int = sum(struct.unpack(f">{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame(source: Address, port: int = PORT) -> bytes:
    """Return an Ethernet frame with a UDP packet from `source` to the inside."""
    udp = struct.pack(">HHHH", port, port, 8, 0)
    inside = INSIDE[source.version].packed
    if source.version == 4:
        head = struct.pack(">BBHHHBBH", 0x45, 0, 28, 0, 0, 64, 17, 0) + source.packed + inside
        head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    else:
        head = struct.pack(">IHBB", 6 << 28, 8, 17, 64) + source.packed + inside
    ether: bytes = MAC + bytes(6) + struct.pack(">H", ETHERTYPE[source.version])
    return ether + head + udp


def noted(name: str) -> set[str]:
    """Return the sources that are in one of our sets."""
    command = ["nft", "--json", "list", "set", "inet", "witness", name]
    listed = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    elements = next(item["set"] for item in listed["nftables"] if "set" in item).get("elem", [])
    return {str(ip_address(element)) for element in elements}


def passed(sources: list[str]) -> list[str]:
    """Send a packet from each source and return those that got through.

    One CPU sends and receives, so packets stay in order; the last is noted before any rule.
    """
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind(("outside", 0))
        for source in map(ip_address, sources):
            wire.send(frame(source))
        wire.send(frame(LAST, LAST_PORT))
    for _ in range(LISTINGS):
        if str(LAST) in noted("last"):
            return sorted((noted("seen4") | noted("seen6")) & set(sources))
    raise SystemExit("the last packet never arrived")


def main() -> None:
    """Run the job on stdin: `commands` and `after` (shell), `hook`, `probes`; print what passed."""
    job: dict[str, Any] = json.load(sys.stdin)
    witness = WITNESS.replace("HOOK", job["hook"])
    subprocess.run(["sh", "-e"], input=CABLE, text=True, check=True)
    subprocess.run(["sh", "-e"], input="\n".join(job["commands"]), text=True, check=True)
    subprocess.run(["nft", "-f", "-"], input=witness, text=True, check=True)
    found = passed(job["probes"])
    subprocess.run(["sh", "-e"], input=job["after"], text=True, check=True)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
