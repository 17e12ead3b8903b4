"""The data that the lock names: the registries, and what `feed:` and `asn:` stand for."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import numpy as np

from blockc.addresses.addrmap import AddrMap
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import FAMILIES
from blockc.addresses.partition import Partition, merge_spans, paint
from blockc.addresses.totals import total
from blockc.errors import PolicyError, SourceUnfit, UsageError, suggestion
from blockc.fetch.definition import Source
from blockc.fetch.lock import Lock
from blockc.fetch.snapshot import AS_NUMBERS, Amount, Snapshot
from blockc.fetch.store.blobs import Blobs, sha256_of
from blockc.fetch.store.parsed import Store
from blockc.storage.local import read_local
from blockc.targets.core.provenance import Origin
from blockc.values import Changing, field
from blockc.vocabulary import RIRS, UNDATED
from blockc.workspace.file_reader import FileReader, lock_path
from blockc.workspace.registries import RegistrySnapshot, remember, remembered, snapshot_of
from blockc.workspace.sources import ASN_SOURCE, all_sources

if TYPE_CHECKING:  # most builds fetch and parse nothing
    from blockc.fetch.locked import LockedSource
    from blockc.formats.feeds.feed import Feed

# The kind of a remembered feed: raise it when reading the same bytes gives another one.
_FEED = "feed-2"


class LockedData(Changing, dict=True):
    """The sources of a build with exactly the bytes that the lock names; each is read once.

    Nothing is read before it is asked for: a build from a folder without feeds needs no lock.

    Attributes:
        reader: Reads the policy, beside which the lock stands.
        offline: Open no socket for bytes that the store does not hold.
        parsed_suffices: Ask for no bytes of a registry that was parsed before: to explain, not to
            build.
        origins: What headers and the manifest say about the feeds read so far, by name.
    """

    reader: FileReader
    store: Store
    offline: bool = False
    parsed_suffices: bool = False
    origins: dict[str, Origin] = field(default_factory=dict)
    _feeds: "dict[str, Feed]" = field(default_factory=dict)
    _files: dict[str, str] = field(default_factory=dict)

    @cached_property
    def lock(self) -> Lock:
        """Return the lock beside the policy.

        Raises:
            UsageError: There is none.
            Mistakes: It is not what `blockc update` writes.
        """
        lock = self.reader.lock()
        if lock is None:
            raise UsageError(
                f"there is no {lock_path(self.reader.policy)}",
                hint="run `blockc update` and commit what it writes, name a folder of registry "
                "files with --from, or try --sample",
            )
        return lock

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """Return every source that the policy can name."""
        return all_sources(self.reader)

    def registries(self, today: date) -> tuple[RegistrySnapshot, ...]:
        """Return the five registries' snapshots.

        Raises:
            UsageError: There is no lock, or it does not name all five.
            SourceUnfit: The bytes of a registry are nowhere to be had.
        """
        held = {name: self._parsed(name) for name in RIRS} if self.parsed_suffices else {}
        known = {name: one for name, one in held.items() if one}
        rest = [name for name in RIRS if name not in known]
        for one in self._fetched(rest) if rest else ():
            known[one.source.name] = self._registry(one, today)
        return tuple(known[name] for name in RIRS)

    def feed(self, name: str, filters: Sequence[tuple[str, str]]) -> AddrSet:
        """Return the addresses of the rows of a source that pass every filter.

        Raises:
            PolicyError: No row is called what a filter asks for.
            UsageError: There is no lock, or it does not name the source.
            SourceUnfit: The bytes of the source are nowhere to be had.
        """
        feed = self._feed(name)
        if self._lists_as_numbers(name):
            hint = f"write asn:feed:{name} for the addresses that they announce"
            raise PolicyError(f"the source {name} lists AS numbers", hint=hint)
        if not feed.records:  # it may be empty, or it would not have been accepted
            return AddrSet.empty()
        for tag, value in filters:
            known = feed.tags[tag].names
            if value not in known:
                near = suggestion(value, known)
                raise PolicyError(f"no row of {name} has the {tag} {value!r}{near}")
        return feed.addresses(filters)

    def feed_file(self, name: str) -> "tuple[Feed, str, str]":
        """Return what a source says row by row, where its bytes are, and their digest."""
        return self._feed(name), self.file_of(name), f"sha256:{self.lock.sources[name].sha256}"

    def file_of(self, name: str) -> str:
        """Return where people find the bytes of a source.

        That is the file its `file:` url names, as long as it holds what the lock names, and else
        the file of the store.
        """
        locked = self.lock.sources[name]
        if locked.url not in self._files:
            stored = Blobs(self.store.root).path(locked.sha256)
            self._files[locked.url] = str(self._own_file(name) or stored)
        return self._files[locked.url]

    def own_path(self, name: str) -> Path | None:
        """Return the file that the url of a source names, None if it names none."""
        url = self.lock.sources[name].url
        if not url.startswith("file:"):
            return None
        return self.reader.policy.parent / unquote(urlsplit(url).path)

    def _own_file(self, name: str) -> Path | None:
        path = self.own_path(name)
        with suppress(OSError):
            digest = self.lock.sources[name].sha256
            return path if path and sha256_of(read_local(path, None)) == digest else None
        return None

    def as_numbers(self, name: str) -> Collection[int]:
        """Return the AS numbers that a source lists.

        Raises:
            PolicyError: It lists addresses.
        """
        if not self._lists_as_numbers(name):
            raise PolicyError(f"the source {name} lists addresses", hint=f"write feed:{name}")
        return self._feed(name).as_numbers

    def _lists_as_numbers(self, name: str) -> bool:
        return self.sources[name].options.rows.lists == "as-numbers"

    def asn(self, numbers: Collection[int]) -> AddrSet:
        """Return the addresses that autonomous systems announce.

        Raises:
            PolicyError: The source that is asked, one of the operator's own, tells no AS numbers.
        """
        feed = self._feed(ASN_SOURCE)
        if "asn" not in feed.tags:
            hint = f"give sources/{ASN_SOURCE}.toml a column or tag asn"
            raise PolicyError(f"the source {ASN_SOURCE} tells no AS numbers", hint=hint)
        if not numbers:
            return AddrSet.empty()
        return feed.addresses([("asn", str(number)) for number in numbers])

    def networks(self) -> AddrMap | None:
        """Return who announces each address, such as `AS64500`; None if the lock has no such data.

        An address of several autonomous systems has the last one that the source names.

        Raises:
            SourceUnfit: The bytes of the source are nowhere to be had.
        """
        lock = self.reader.lock()
        if lock is None or ASN_SOURCE not in lock.sources:
            return None
        feed = self._feed(ASN_SOURCE)
        if "asn" not in feed.tags:
            return None
        tag = feed.tags["asn"]
        names = tuple(f"AS{name}" if name not in ("", "0") else "" for name in tag.names)
        parts = (
            paint(Partition.filled(f, np.int32(0)), [(*feed.spans[f], tag.labels[f])])
            for f in FAMILIES
        )
        return AddrMap(tuple(parts), names)

    def _fetched(self, names: Iterable[str]) -> "list[LockedSource]":
        from blockc.fetch.locked import locked_sources
        from blockc.workspace.fetching import fetch_tools

        tools = fetch_tools(self.store, self.reader.policy.parent)
        found = locked_sources(tools, self.lock, self.sources, names, offline=self.offline)
        return list(found.values())

    def _feed(self, name: str) -> "Feed":
        if name not in self._feeds:
            (one,) = self._fetched([name])
            feed = _read_feed(self.store, one)
            day = feed.date.isoformat() if feed.date else UNDATED
            self.origins[name] = Origin(name, day, f"sha256:{one.snapshot.sha256}")
            self._feeds[name] = feed
        return self._feeds[name]

    def _registry(self, locked: "LockedSource", today: date) -> RegistrySnapshot:
        """Return what is in a registry's file as the lock has it, parsed or remembered.

        In messages the file has the name it has in the store, where the operator can look at it.
        """
        kept = self._parsed(locked.source.name)
        if kept:
            return kept
        from blockc.formats.delegated.reader import read_delegated

        registry, key = locked.source.registry, locked.snapshot.sha256
        path = Blobs(self.store.root).path(key)
        name, data = str(path), locked.raw.data
        read = read_delegated(name, data, registry=registry, today=today)
        remember(self.store, registry, key, name, key, read)
        return snapshot_of(registry, path, key, key, read)

    def _parsed(self, name: str) -> RegistrySnapshot | None:
        """Return what was remembered of a registry's file as the lock has it, if anything was."""
        locked = self.lock.sources.get(name)
        if locked is None:
            return None
        path = Blobs(self.store.root).path(locked.sha256)
        kept = remembered(self.store, self.sources[name].registry, path, locked.sha256)
        return kept if kept and _is_of(kept, locked) else None


def _is_of(kept: RegistrySnapshot, locked: Snapshot) -> bool:
    """Return whether what was remembered can be what the lock names: its digest and its amounts.

    The lock is reviewed; what lies in the store can be put there by whoever writes it.
    """
    if kept.origin.digest != f"sha256:{locked.sha256}":
        return False
    for part in kept.records:
        given = part.take(part.delegated)
        said = locked.facts.holds.get(part.family.name, Amount(0, 0))
        if len(given) != said.records:
            return False
        spans = given.start, given.last
        if total(part.family, *spans) != said.addresses and (
            total(part.family, *merge_spans(part.family, *spans)) != said.addresses
        ):
            return False
    return True


def _read_feed(store: Store, locked: "LockedSource") -> "Feed":
    """Return what a feed's file says as the lock has it, parsed or remembered."""
    from blockc.formats.feeds.feed import feed_from_bytes, feed_to_bytes
    from blockc.workspace.fetching import read_feed

    source = locked.source
    key = sha256_of(f"{source.reading} {locked.snapshot.sha256}".encode())
    kept = store.get(_FEED, key)
    if kept:
        with suppress(ValueError):  # sealed, and yet not what we write: it was never there
            found = feed_from_bytes(kept)
            rows = {family.name: len(start) for family, (start, _) in found.spans.items()}
            rows[AS_NUMBERS] = len(found.as_numbers)
            said = {name: held.records for name, held in locked.snapshot.facts.holds.items()}
            if {name: count for name, count in rows.items() if count} == said:
                return found
    feed = read_feed(source, locked.raw.name, locked.raw.data)
    store.put(_FEED, key, feed_to_bytes(feed))
    return feed


def require_young(
    found: Iterable[RegistrySnapshot], lock: Lock | None, max_age_hours: int, day: date
) -> None:
    """Return if no registry's data is older on `day` than the guard allows.

    A registry's data is of the later day of what its end date says and its serial in the lock.
    Feeds are not asked: each has a `max_age_hours` of its own, which `update` holds it to.

    Raises:
        SourceUnfit: Naming every registry whose data is too old.
    """
    dated = {one.origin.name: _day_of(one, lock, day) for one in found}
    old = [name for name, since in dated.items() if (day - since).days * 24 > max_age_hours]
    if old:
        oldest = min(dated[name] for name in old)
        raise SourceUnfit(
            f"on {day} the data of {', '.join(old)} is too old, the oldest of {oldest}",
            hint=f"run `blockc update`, or raise [guard] max_age, now {max_age_hours} hours; "
            "with --as-of another day no age is asked",
        )


def _day_of(found: RegistrySnapshot, lock: Lock | None, day: date) -> date:
    from blockc.fetch.update.continuity import serial_day

    end, name = date.fromisoformat(found.origin.date), found.origin.name
    locked = lock.sources.get(name) if lock else None
    now = datetime(day.year, day.month, day.day, tzinfo=UTC)
    said = serial_day(name, locked.facts.serial, now) if locked else None
    return max(end, said.date()) if said else end
