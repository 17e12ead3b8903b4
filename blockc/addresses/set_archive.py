"""A set of addresses as few bytes that are quick to read: what a record keeps of each list."""

import json
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import FAMILIES
from blockc.addresses.partition import Partition

_MAGIC = b"blockc set 1\n"
_MOST_BYTES = 256_000_000  # unpacked: more than any list has, and no bomb
_TYPES = ("<u4", "<u8", "|S16")


def set_to_bytes(addresses: AddrSet) -> bytes:
    """Return a set as the starts of its runs, family by family; equal sets give equal bytes.

    Labels are not written: they alternate from the first one on.
    """
    head, parts = [], list[bytes]()
    for part in addresses.parts:
        starts = part.starts
        if not columns.is_wide(starts):  # numbers grow slowly: their differences pack well
            steps = np.diff(starts, prepend=np.uint64(0))
            small = not len(steps) or int(steps.max()) < 1 << 32
            starts = steps.astype("<u4" if small else "<u8")
        head.append([part.family.version, bool(part.labels[0]), starts.dtype.str, len(starts)])
        parts.append(starts.tobytes())
    return _MAGIC + json.dumps(head).encode() + b"\n" + zlib.compress(b"".join(parts), 1)


def set_from_bytes(data: bytes) -> AddrSet:
    """Return the set that `set_to_bytes` wrote.

    Raises:
        ValueError: It is not that.
    """
    try:
        if not data.startswith(_MAGIC):
            raise ValueError("it begins with something else")
        line, _, packed = data[len(_MAGIC) :].partition(b"\n")
        unpacked, at, parts = _unpacked(packed), 0, []
        for family, (version, first, kind, count) in zip(FAMILIES, json.loads(line), strict=True):
            if version != family.version or kind not in _TYPES or count < 1:
                raise ValueError("it has another head")
            found: NDArray[Any] = np.frombuffer(unpacked, np.dtype(kind), count, at)
            at += found.nbytes
            if not columns.is_wide(found):
                found = np.cumsum(found.astype(np.uint64), dtype=np.uint64)
                if int(found[-1]) >> (family.width - family.grain):
                    raise ValueError("an address is not of its family")
            labels = np.arange(count) % 2 == (0 if first else 1)
            parts.append(Partition(family, found, labels))
        if at != len(unpacked):
            raise ValueError("it is too long")
        return AddrSet(tuple(parts))
    except (ValueError, TypeError, zlib.error, RecursionError, OverflowError) as reason:
        raise ValueError(f"not a set of addresses: {reason}") from None


def _unpacked(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    found = unpacker.decompress(packed, _MOST_BYTES)
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("it is cut short or too long")
    return found
