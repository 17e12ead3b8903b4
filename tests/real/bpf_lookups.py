"""Runs inside a mount namespace of its own: loads BPF maps, and asks the kernel about addresses

    unshare --mount python bpf_lookups.py < job.json

As a program would: the array of maps gives the map that has its place, and that is asked with the
whole address. There is no library for this; the kernel is asked by bpf(2).
"""

import ctypes
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

CALL = {"x86_64": 321, "aarch64": 280}
LOOKUP, OPEN, BY_ID = 1, 7, 14  # commands of bpf(2)
ENOENT = 2


def bpf(command: int, *words: int) -> int:
    """Return what bpf(2) answers to a command whose attributes are 64-bit words, -1 for none."""
    attributes = (ctypes.c_uint64 * 16)(*words)
    kernel = ctypes.CDLL(None, use_errno=True)
    done: int = kernel.syscall(CALL[platform.machine()], command, attributes, 16 * len(words))
    if done < 0 and ctypes.get_errno() != ENOENT:
        raise SystemExit(os.strerror(ctypes.get_errno()))
    return done


def looked_up(map_: int, key: bytes) -> int | None:
    """Return the value of a key as a number, or None if there is none."""
    asked, value = ctypes.create_string_buffer(key, len(key)), ctypes.c_uint32()
    found = bpf(LOOKUP, map_, ctypes.addressof(asked), ctypes.addressof(value), 0)
    return value.value if found == 0 else None


def opened(path: str) -> int:
    """Return a descriptor of the map that the pinned array has at 0."""
    name = ctypes.create_string_buffer(path.encode())
    array = bpf(OPEN, ctypes.addressof(name), 0, 0)
    number = looked_up(array, bytes(4))
    if number is None:
        raise SystemExit(f"{path} holds no map")
    return bpf(BY_ID, number, 0)


def answers(arrays: Mapping[str, str], probes: list[str]) -> dict[str, int]:
    """Return address -> the value that the kernel finds for it, 0 where it finds none."""
    maps = {int(version): opened(path) for version, path in arrays.items()}
    found = {}
    for text in probes:
        address = ip_address(text)
        key = address.max_prefixlen.to_bytes(4, sys.byteorder) + address.packed
        found[text] = looked_up(maps[address.version], key) or 0
    return found


def main() -> None:
    """Run the job on stdin: `commands`, `arrays` by version, `probes`; print the answers."""
    job: dict[str, Any] = json.load(sys.stdin)
    commands = "\n".join(["mount -t bpf bpf /sys/fs/bpf", *job["commands"]])
    subprocess.run(["sh", "-e"], input=commands, text=True, check=True, stdout=sys.stderr.fileno())
    json.dump(answers(job["arrays"], job["probes"]), sys.stdout)


if __name__ == "__main__":
    main()
