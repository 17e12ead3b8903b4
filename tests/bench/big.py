"""Ten million ranges, as many as a geolocation or whois database has, to a set and to prefixes.

Run as `python -m tests.bench.big FAMILY COUNT` it does that once, which is what is measured.

And five million as the file of a policy, compiled into one list that is proved, by `blockc build`.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from blockc.addresses import columns
from blockc.addresses.addrset import AddrSet
from blockc.addresses.columns import Spans
from blockc.addresses.family import FAMILIES, V4, Family
from blockc.addresses.lines import address_texts, cover_lines, last_texts, prefix_texts
from blockc.addresses.prefixes import minimal_cover
from tests.bench.clock import blockc, processes_in_turns, run
from tests.bench.table import Row, Scale


def rows(scale: Scale) -> Iterator[Row]:
    """Yield both families, IPv6 with ranges finer than a /64, at two sizes each, and the builds."""
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
    for families in ((V4,), FAMILIES):
        yield _build_row(families, scale.size(5_000_000))


def _build_row(families: Sequence[Family], count: int) -> Row:
    """Return what a build takes whose policy names a file of ranges, shared by the families."""
    with TemporaryDirectory() as folder:
        with Path(folder, "ranges.txt").open("wb") as file:
            for family in families:
                file.writelines(_range_lines(family, count // len(families)))
        policy = Path(folder, "blockc.toml")
        policy.write_text(_POLICY, encoding="utf-8")
        output = ("--store", f"{folder}/store", "-o", f"{folder}/dist")
        command = blockc("build", "-q", "-f", str(policy), *output)
        once = run(command, Path(folder, "said"))
    names = " and ".join(family.name for family in families)
    return Row(
        what=f"build of a file of {count:,} {names} ranges",
        seconds=once.processor,
        megabytes=once.megabytes,
        reach="<= 10 s of CPU, <= 1000 MB for 5 M of IPv4",
    )


_POLICY = """\
version = 1

[list.big]
block = ["file:ranges.txt"]

[[output]]
target = "plain"
list = "big"
path = "big-{family}.txt"
"""


def _range_lines(family: Family, count: int) -> Iterator[bytes]:
    """Yield lines of ranges of which no two touch: a prefix and `first-last` in turn."""
    random = np.random.default_rng(2)
    place = np.sort(random.choice(1 << 23, count, replace=False)).astype(np.uint64) << np.uint64(9)
    hosts = (np.uint64(1) << random.integers(0, 9, count, dtype=np.uint64)) - np.uint64(1)
    start, last = place, place | hosts
    if family != V4:
        high = place | np.uint64(0x20010DB8 << 32)
        start, last = columns.join(high, np.zeros_like(hosts)), columns.join(high, hosts)
    for rows in columns.slices(count):
        spans = start[rows], last[rows]
        ends = zip(address_texts(family, spans[0]), last_texts(family, spans[1]), strict=True)
        pairs = zip(prefix_texts(minimal_cover(family, *spans)), ends, strict=True)
        lines = (f"{a}-{b}\n" if n % 2 else f"{one}\n" for n, (one, (a, b)) in enumerate(pairs))
        yield "".join(lines).encode()


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
