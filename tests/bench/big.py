"""Ten million ranges, as many as a geolocation or whois database has, to a set and to prefixes.

Run as `python -m tests.bench.big FAMILY COUNT` it does that once, which is what is measured.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from blockc.addresses import columns
from blockc.addresses.addrset import AddrSet
from blockc.addresses.columns import Spans
from blockc.addresses.family import FAMILIES, V4
from blockc.addresses.lines import cover_lines
from tests.bench.clock import processes_in_turns
from tests.bench.table import Row, Scale


def rows(scale: Scale) -> Iterator[Row]:
    """Yield both families, IPv6 with ranges finer than a /64, at two sizes each."""
    for family in FAMILIES:
        for count in (scale.size(1_000_000), scale.size(10_000_000)):
            command = [sys.executable, "-m", "tests.bench.big", family.name, str(count)]
            with TemporaryDirectory() as folder:
                best = processes_in_turns(1, {"big": command}, Path(folder))["big"]
            yield Row(
                what=f"{count:,} {family.name} ranges to prefix lines",
                seconds=best.seconds,
                megabytes=best.megabytes,
                reach="<= 8 s, <= 1000 MB for 10 M",
            )


def some_ranges(name: str, count: int) -> Spans:
    """Return aligned ranges of 1 to 256 addresses at random places of the family `name`."""
    random = np.random.default_rng(1)
    size = np.uint64(1) << random.integers(0, 9, count, dtype=np.uint64)
    place = random.integers(0, 1 << 24, count, dtype=np.uint64) << np.uint64(8)
    if name == V4.name:
        return place, place + size - np.uint64(1)
    high = random.integers(0x2000 << 48, 0x3000 << 48, count, dtype=np.uint64)
    return columns.join(high, place), columns.join(high, place + size - np.uint64(1))


if __name__ == "__main__":
    (family,) = (family for family in FAMILIES if family.name == sys.argv[1])
    addresses = AddrSet.of_spans({family: some_ranges(family.name, int(sys.argv[2]))})
    sys.stdout.buffer.writelines(cover_lines(family, addresses.spans(family)))
