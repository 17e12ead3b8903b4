"""A table of ranges to a feed, beside the standard library's csv and ipaddress."""

import csv
import random
from collections.abc import Iterator
from io import StringIO
from ipaddress import IPv4Address

from blockc.addresses.family import V4
from blockc.formats.feeds.feed import Feed, feed_from_bytes, feed_to_bytes
from blockc.formats.format_table import FORMATS, form_of
from tests.bench.clock import in_turns
from tests.bench.table import Row, Scale

FORM = form_of("csv", {"columns": ("start", "last", "country")})
RANGES = 350_000  # as many as GeoLite2 Country has for IPv4
CODES = ("US", "DE", "CN", "FR", "BR", "JP", "")


def rows(scale: Scale) -> Iterator[Row]:
    """Yield reading a table, and reading again what was remembered of it."""
    data = made(scale.size(RANGES))
    feed = read(data)
    kept = feed_to_bytes(feed)
    best = in_turns(
        scale.rounds,
        {
            "blockc": lambda: read(data),
            "plain": lambda: plain(data),
            "again": lambda: feed_from_bytes(kept),
        },
    )
    yield Row(
        what=f"{feed.records:,} ranges, {len(data) / 1e6:.1f} MB, to a feed",
        seconds=best["blockc"],
        peer="csv and ipaddress",
        peer_seconds=best["plain"],
        reach="<= 1.5 s for 350,000",
        differs=feed.addresses([("country", "DE")]).count_of(V4) != plain(data),
    )
    yield Row(what="the same, remembered", seconds=best["again"], reach="<= 50 ms")


def made(count: int) -> bytes:
    """Return a table of ranges of unequal size, side by side, none of them special."""
    luck, lines, at = random.Random(1), [], 11 << 24
    most = (88 << 24) // count  # 11.0.0.0 to 98.255.255.255
    for _ in range(count):
        last = at + luck.randrange(1, most)
        lines.append(f"{IPv4Address(at)},{IPv4Address(last)},{luck.choice(CODES)}\n")
        at = last + luck.randrange(1, 3)
    return "".join(lines).encode()


def read(data: bytes) -> Feed:
    """Return what blockc reads."""
    return FORMATS["csv"].read("bench", data, FORM)


def plain(data: bytes) -> int:
    """Return how many addresses are in DE, read by the standard library row by row."""
    total = 0
    for start, last, country in csv.reader(StringIO(data.decode())):
        first, end = int(IPv4Address(start)), int(IPv4Address(last))
        total += end - first + 1 if country == "DE" else 0
    return total
