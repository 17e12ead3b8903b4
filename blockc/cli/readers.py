"""What fetching needs of the formats: the facts of a file, read once and remembered for builds."""

from collections.abc import Callable
from datetime import date

from blockc.addresses.family import FAMILIES
from blockc.cli.inputs import Snapshot, digest, remember, remembered, snapshot_of
from blockc.cli.shared import Settings
from blockc.errors import UsageError
from blockc.fetch.blobs import Blobs
from blockc.fetch.clock import Clock
from blockc.fetch.definition import Source
from blockc.fetch.folder import Raw
from blockc.fetch.locked import LockedSource
from blockc.fetch.snapshot import Amount, Facts
from blockc.fetch.store import Store
from blockc.fetch.tools import Event, Tools
from blockc.formats.checksum import parse_md5
from blockc.formats.delegated import Delegated, read_delegated

DELEGATED = ("allocated", "assigned")


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
        if source.format != "delegated":
            raise UsageError(f"{source.name} has the format {source.format!r}, which is not known")
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


def delegated_facts(read: Delegated) -> Facts:
    """Return the facts of a registry's file: what it delegates, whatever else it lists."""
    counts = read.counts
    holds = {}
    for family in FAMILIES:
        records = sum(counts.statuses[family][status] for status in DELEGATED)
        holds[family.name] = Amount(records, counts.delegated[family])
    return Facts(
        records=sum(counts.rows.values()),
        holds=holds,
        date=read.header.enddate,
        serial=read.header.serial,
        warnings=read.warnings,
    )


def locked_snapshot(store: Store, locked: LockedSource, today: date) -> Snapshot:
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
