"""A source small enough to read at a glance, its format, and tools that never wait."""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from blockc.errors import Location, SourceSyntaxError, SourceUnfit
from blockc.fetch.clock import Clock, RetryPolicy
from blockc.fetch.definition import Checksum, Expectations, Licence, Source
from blockc.fetch.snapshot import Amount, Facts
from blockc.fetch.update.tools import Event, Tools
from blockc.values import replace

NOW = datetime(2018, 10, 14, 12, 0, tzinfo=UTC)
QUICK = RetryPolicy(connect_seconds=2.0, read_seconds=0.2, total_seconds=5.0)
SOURCE = Source(
    name="toy",
    title="A toy registry",
    format="delegated",
    registry="apnic",
    urls=("https://example.com/toy",),
    checksum=None,
    licence=Licence(text="free"),
    refresh_hours=24,
    max_age_hours=168,
    expect=Expectations(
        min_records=1, max_bytes=100_000, max_shrink_addresses=0.02, max_shrink_records=0.05
    ),
)


def source(*urls: str, name: str = "toy", checksum: bool = False, **changed: object) -> Source:
    """Return the toy source with these urls."""
    beside = Checksum(kind="md5", suffix=".md5") if checksum else None
    return replace(SOURCE, name=name, urls=urls, checksum=beside, **changed)


def toy(
    day: str = "2018-10-13",
    serial: int = 1,
    records: int = 1000,
    addresses: int = 256_000,
    owner: str = "toy",
) -> bytes:
    """Return a file of the toy's format, of some hundred bytes."""
    return f"{owner}|{day}|{serial}|{records}|{addresses}\n".encode() + b"#\n" * 100 + b"end\n"


_SHAPE = re.compile(rb"(\w+)\|([0-9-]*)\|(\d*)\|(\d+)\|(\d+)\n(?:#\n){100}end\n")


def read_toy(asked: Source, name: str, data: bytes) -> Facts:
    """Return the facts of a file of the toy's format."""
    found = _SHAPE.fullmatch(data)
    if not found:
        raise SourceSyntaxError("not a toy", at=Location(name, 1))
    owner, day, serial, records, addresses = (field.decode() for field in found.groups())
    if owner != asked.name:
        raise SourceUnfit(f"the file of {owner}, expected that of {asked.name}", at=Location(name))
    return Facts(
        records=int(records),
        holds={"ipv4": Amount(int(records), int(addresses))},
        date=date.fromisoformat(day) if day else None,
        serial=serial,
    )


def read_checksum(name: str, data: bytes) -> str:
    """Return the first word, which must look like an md5."""
    word = data.decode().split()[0]
    if len(word) != 32:
        raise SourceSyntaxError("no md5", at=Location(name))
    return word


def md5(data: bytes) -> bytes:
    """Return the checksum file of `data`."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest().encode() + b"  toy\n"


def clock(now: datetime = NOW, pause: Callable[[float], object] | None = None) -> Clock:
    """Return a clock that stands still and waits for nothing."""
    return Clock(now=lambda: now, chance=lambda: 0.0, pause=pause or (lambda _seconds: None))


def tools(root: Path, **changed: object) -> Tools:
    """Return the tools for the toy, with a store at `root`."""
    plain = Tools(
        root=root, read=read_toy, checksum=read_checksum, clock=clock(), retries=QUICK, folder=root
    )
    return replace(plain, **changed)


class Watched(list[Event]):
    """The events of an update, in the order they came."""

    def __call__(self, event: Event) -> None:
        """Note `event`."""
        self.append(event)
