"""What fetching needs of the formats: the facts of a file, read once and remembered for builds."""

import json
from collections.abc import Callable, Iterable
from datetime import date

from blockc.addresses.family import FAMILIES
from blockc.cli.options import Settings
from blockc.errors import SourceUnfit, UsageError
from blockc.fetch.clock import Clock
from blockc.fetch.definition import REGISTRIES, Source
from blockc.fetch.folder import Raw
from blockc.fetch.lock import Lock, read_lock
from blockc.fetch.locked import LockedSource, locked_sources
from blockc.fetch.snapshot import Amount, Facts
from blockc.fetch.store.blobs import Blobs
from blockc.fetch.store.parsed import Store
from blockc.fetch.update.tools import Event, Tools
from blockc.formats.checksum import parse_md5
from blockc.formats.delegated.reader import DelegatedFile, read_delegated
from blockc.formats.feeds.feed import Feed
from blockc.formats.feeds.feed_bytes import feed_from_bytes, feed_to_bytes
from blockc.formats.format_table import DELEGATED, FORMATS, form_of
from blockc.workspace.registries import RegistrySnapshot, digest, remember, remembered, snapshot_of
from blockc.workspace.sources import all_sources, lock_path

_STATUSES = ("allocated", "assigned")
# The kind of a remembered feed: raise it when reading the same bytes gives another one.
_FEED = "feed-1"


def _unwatched(_event: Event) -> None:
    """Nobody watches."""


def tools(
    settings: Settings,
    watch: Callable[[Event], None] = _unwatched,
    *,
    remembering: bool = True,
) -> Tools:
    """Return what fetching works with.

    Args:
        watch: Told of every step.
        remembering: Whether what is read is kept for builds.
    """
    store, clock = Store.of(settings.store), Clock()

    def read(source: Source, name: str, data: bytes) -> Facts:
        if source.format != DELEGATED:
            return feed_facts(read_feed(source, name, data))
        raw, today = Raw(name, data), clock.now().date()
        found = read_delegated(name, data, registry=source.registry, today=today)
        if remembering:
            remember(store, source.registry, digest(data), raw, found)
        return delegated_facts(found)

    return Tools(
        root=store.root,
        read=read,
        checksum=parse_md5,
        folder=settings.file.parent,
        clock=clock,
        watch=watch,
    )


def read_feed(source: Source, name: str, data: bytes) -> Feed:
    """Return what a feed's file says, read as its definition wants."""
    form = form_of(source.format, source.rows, max_records=source.expect.max_records)
    return FORMATS[source.format].read(name, data, form)


def locked_feed(store: Store, locked: LockedSource) -> Feed:
    """Return what a feed's file says as the lock has it, parsed or remembered."""
    source = locked.source
    written = [source.format, source.rows, source.expect.max_records, locked.snapshot.sha256]
    key = digest(json.dumps(written, sort_keys=True).encode())
    kept = store.get(_FEED, key)
    if kept:
        return feed_from_bytes(kept)
    feed = read_feed(source, locked.raw.name, locked.raw.data)
    store.put(_FEED, key, feed_to_bytes(feed))
    return feed


def feed_facts(feed: Feed) -> Facts:
    """Return the facts of a feed's file."""
    counts = feed.counts()
    holds = {f.name: Amount(len(feed.spans[f][0]), counts[f]) for f in FAMILIES}
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


def required_lock(settings: Settings) -> Lock:
    """Return the lock beside the policy.

    Raises:
        UsageError: There is none.
        Mistakes: It is not what `blockc update` writes.
    """
    path = lock_path(settings.file)
    lock = read_lock(path)
    if lock is None:
        raise UsageError(
            f"there is no {path}",
            hint="run `blockc update` and commit what it writes, name a folder of registry files "
            "with --from, or try --sample",
        )
    return lock


def locked_snapshots(settings: Settings, today: date) -> list[RegistrySnapshot]:
    """Return the five registries' snapshots with exactly the bytes that the lock names.

    Raises:
        UsageError: There is no lock, or it names not all five.
        SourceUnfit: The bytes of a registry are nowhere to be had.
    """
    lock = required_lock(settings)
    with_tools, known = tools(settings), all_sources(settings.file)
    found = locked_sources(with_tools, lock, known, REGISTRIES, offline=settings.offline)
    store = Store(with_tools.root)
    return [_locked_snapshot(store, one, today) for one in found.values()]


def require_young(found: Iterable[RegistrySnapshot], max_age_hours: int, day: date) -> None:
    """Return if no registry's data is older on `day` than the guard allows.

    Feeds are not asked: each has a `max_age_hours` of its own, which `update` holds it to.

    Raises:
        SourceUnfit: Naming every registry whose data is too old.
    """
    dated = {one.origin.name: date.fromisoformat(one.origin.date) for one in found}
    old = [name for name, since in dated.items() if (day - since).days * 24 > max_age_hours]
    if old:
        oldest = min(dated[name] for name in old)
        raise SourceUnfit(
            f"on {day} the data of {', '.join(old)} is too old, the oldest of {oldest}",
            hint=f"run `blockc update`, or raise [guard] max_age, now {max_age_hours} hours; "
            "with --as-of no age is asked",
        )


def _locked_snapshot(store: Store, locked: LockedSource, today: date) -> RegistrySnapshot:
    """Return what is in a registry's file as the lock has it, parsed or remembered.

    In messages the file has the name it has in the store, where the operator can look at it.
    """
    registry, key = locked.source.registry, locked.snapshot.sha256
    path = Blobs(store.root).path(key)
    kept = remembered(store, registry, path, key)
    if kept:
        return kept
    raw = Raw(str(path), locked.raw.data)
    read = read_delegated(raw.name, raw.data, registry=registry, today=today)
    remember(store, registry, key, raw, read)
    return snapshot_of(registry, path, key, read)
