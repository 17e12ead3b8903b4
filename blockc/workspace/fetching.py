"""What fetching needs of the formats: the facts of a file, read once and remembered for builds."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from blockc.addresses.family import FAMILIES
from blockc.errors import BlockcError
from blockc.fetch.clock import Clock
from blockc.fetch.definition import Source
from blockc.fetch.snapshot import AS_NUMBERS, Amount, Facts, Snapshot
from blockc.fetch.store.blobs import Blobs, sha256_of
from blockc.fetch.store.parsed import Store
from blockc.fetch.update.tools import Event, Tools
from blockc.formats.checksum import parse_md5
from blockc.formats.delegated.reader import DelegatedFile, read_delegated
from blockc.formats.feeds.feed import Feed
from blockc.formats.format_table import DELEGATED, FORMATS
from blockc.registries.records import Records
from blockc.workspace.registries import remember, remembered

_STATUSES = ("allocated", "assigned")


def _unwatched(_event: Event) -> None:
    """Nobody watches."""


def fetch_tools(
    store: Store,
    folder: Path,
    watch: Callable[[Event], None] = _unwatched,
    *,
    remembering: bool = True,
) -> Tools:
    """Return what fetching works with.

    Args:
        folder: Where the policy is; relative urls of files are beside it.
        watch: Told of every step.
        remembering: Whether what is read is kept for builds.
    """
    clock = Clock()
    lists: dict[str, tuple[Records, ...]] = {}  # by digest, what was read or looked up

    def read(source: Source, name: str, data: bytes) -> Facts:
        if source.format != DELEGATED:
            return feed_facts(read_feed(source, name, data))
        today = clock.now().date()
        found = read_delegated(name, data, registry=source.registry, today=today)
        key = sha256_of(data)
        lists[key] = tuple(found.records[family] for family in FAMILIES)
        if remembering:
            remember(store, source.registry, key, name, key, found)
        return delegated_facts(found)

    def records(registry: str, snapshot: Snapshot) -> tuple[Records, ...] | None:
        if snapshot.sha256 not in lists:
            found = _records(store, registry, snapshot, clock.now().date())
            if found is None:
                return None
            lists[snapshot.sha256] = found
        return lists[snapshot.sha256]

    return Tools(
        root=store.root,
        read=read,
        records=records,
        checksum=parse_md5,
        folder=folder,
        clock=clock,
        watch=watch,
    )


def _records(
    store: Store, registry: str, snapshot: Snapshot, today: date
) -> tuple[Records, ...] | None:
    """Return what a registry's snapshot in the store lists, None if it cannot be had or read."""
    path = Blobs(store.root).path(snapshot.sha256)
    kept = remembered(store, registry, path, snapshot.sha256)
    if kept:
        return kept.records
    data = Blobs(store.root).get(snapshot.sha256)
    if data is None:
        return None
    try:
        found = read_delegated(str(path), data, registry=registry, today=today)
    except BlockcError:
        return None
    return tuple(found.records[family] for family in FAMILIES)


def read_feed(source: Source, name: str, data: bytes) -> Feed:
    """Return what a feed's file says, read as its definition wants."""
    return FORMATS[source.format].read(name, data, source.options)


def feed_facts(feed: Feed) -> Facts:
    """Return the facts of a feed's file."""
    counts = feed.counts()
    holds = {f.name: Amount(len(feed.spans[f][0]), counts[f]) for f in FAMILIES}
    systems = len(feed.as_numbers)
    holds[AS_NUMBERS] = Amount(systems, systems)
    return Facts(
        records=feed.records,
        holds={family: held for family, held in holds.items() if held.records},
        date=feed.date,
        serial=feed.serial,
        warnings=feed.warnings,
    )


def delegated_facts(read: DelegatedFile) -> Facts:
    """Return the facts of a registry's file: what it delegates, whatever else it lists."""
    counts = read.counts
    holds = {}
    for family in FAMILIES:
        records = sum(counts.statuses[family][status] for status in _STATUSES)
        holds[family.name] = Amount(records, counts.delegated[family])
    return Facts(
        records=sum(counts.rows.values()),
        holds=holds,
        date=read.header.enddate,
        serial=read.header.serial,
        warnings=read.warnings,
    )
