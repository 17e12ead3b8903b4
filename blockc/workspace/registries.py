"""Reads what a build is made of besides its policy: registry files and what blockc ships."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from blockc.addresses.family import FAMILIES
from blockc.fetch.definition import Source, read_source
from blockc.fetch.folder import packed_digest, read_bytes, registry_files, unpack
from blockc.fetch.store.blobs import sha256_of
from blockc.fetch.store.parsed import Store
from blockc.policy.syntax.country_groups import CountryGroup, read_groups
from blockc.registries.records import ALIGNED, Records, records_from_bytes, records_to_bytes
from blockc.resources import sources_dir, templates_dir
from blockc.targets.core.provenance import Origin
from blockc.targets.syntax.tokens import Text
from blockc.values import Value

if TYPE_CHECKING:  # builds find their registries parsed
    from blockc.formats.delegated.reader import DelegatedFile

T = TypeVar("T")

# Part of the key of a parsed snapshot: raise it when reading the same bytes gives other records.
# The registry is another part: one registry's file must not be taken for another's.
SNAPSHOT = "records-3"


class RegistrySnapshot(Value):
    """One registry's file as records, and what the manifest says about it.

    Attributes:
        digest: The sha256 of the file as it was found, packed or not.
        warnings: What is odd about the file, though it was accepted.
    """

    path: Path
    digest: str
    origin: Origin
    records: tuple[Records, ...]
    warnings: tuple[str, ...] = ()


def snapshots(store: Store, folder: Path, today: date) -> tuple[RegistrySnapshot, ...]:
    """Return the five registries' snapshots from the files in `folder`, parsed or remembered.

    Raises:
        SourceUnfit: A registry is missing or its file is not fit for use.
        SourceSyntaxError: A file does not follow its format.
    """
    files = registry_files(folder)
    found: dict[str, RegistrySnapshot] = {}
    for registry, path in files.items():
        kept = remembered(store, registry, path, packed_digest(path))
        if kept:
            found[registry] = kept
    new = {registry: path for registry, path in files.items() if registry not in found}
    if new:
        packed = {registry: (path, read_bytes(path)) for registry, path in new.items()}
        _read(store, packed, found, today)
    return tuple(found[registry] for registry in files)


def _read(
    store: Store,
    files: Mapping[str, tuple[Path, bytes]],
    found: dict[str, RegistrySnapshot],
    today: date,
) -> None:
    """Add the snapshots of files that were not seen before.

    While one is parsed the next is unpacked, which leaves the interpreter to others.
    """
    from concurrent.futures import ThreadPoolExecutor

    from blockc.formats.delegated.reader import read_delegated

    with ThreadPoolExecutor(1) as aside:
        raws = {registry: aside.submit(unpack, *file) for registry, file in files.items()}
        for registry, (path, packed) in files.items():
            raw, key = raws[registry].result(), sha256_of(packed)
            raw_digest = key if raw.data is packed else sha256_of(raw.data)
            read = read_delegated(raw.name, raw.data, registry=registry, today=today)
            remember(store, registry, key, raw.name, raw_digest, read)
            found[registry] = snapshot_of(registry, path, key, raw_digest, read)


def snapshot_of(
    registry: str, path: Path, key: str, raw_digest: str, read: "DelegatedFile"
) -> RegistrySnapshot:
    """Return what was read from the file at `path`, whose bytes have the digest `key`."""
    origin = Origin(registry, read.header.enddate.isoformat(), f"sha256:{raw_digest}")
    records = tuple(read.records[f] for f in FAMILIES)
    return RegistrySnapshot(path, key, origin, records, read.warnings)


def remembered(store: Store, registry: str, path: Path, key: str) -> RegistrySnapshot | None:
    """Return the snapshot that was remembered of bytes with the digest `key`, if any."""
    kept = store.get(f"{SNAPSHOT}-{registry}", key)
    if not kept:
        return None
    try:
        end = kept.index(b"\n")
        day, raw_digest, *oddities = json.loads(kept[:end])
        records = tuple(records_from_bytes(kept, FAMILIES, end + 1).values())
    except ValueError:
        return None  # sealed, and yet not what we write: it was never there
    warnings = tuple(f"{path}{oddity}" for oddity in oddities)
    return RegistrySnapshot(path, key, Origin(registry, day, raw_digest), records, warnings)


def remember(
    store: Store, registry: str, key: str, name: str, raw_digest: str, read: "DelegatedFile"
) -> None:
    """Keep what was read from a file, so that nobody has to parse it again.

    Args:
        key: The digest of the bytes as they were found, packed or not.
        name: What the file is called in warnings.
        raw_digest: The digest of the bytes that were read, unpacked.
    """
    day = read.header.enddate.isoformat()
    oddities = [text.removeprefix(name) for text in read.warnings]
    head = json.dumps([day, f"sha256:{raw_digest}", *oddities]).encode()
    records = tuple(read.records[family] for family in FAMILIES)
    head = head.ljust(-(-(len(head) + 1) // ALIGNED) * ALIGNED - 1) + b"\n"
    store.put(f"{SNAPSHOT}-{registry}", key, head + records_to_bytes(records))


def shipped_templates() -> dict[str, Text]:
    """Return the shipped templates by file name."""
    return {
        path.name: Text(path.name, path.read_text(encoding="utf-8"), file=str(path))
        for path in sorted(templates_dir().glob("*.j2"))
    }


def shipped_files() -> list[Path]:
    """Return the files of blockc that artifacts depend on; its version stands for its code."""
    version = Path(__file__).parents[1] / "__init__.py"
    data = sorted(sources_dir().glob("*.toml")) + sorted((sources_dir() / "groups").glob("*.toml"))
    return [version, *sorted(templates_dir().glob("*.j2")), *data]


class Layered(Mapping[str, T]):
    """The operator's own definitions over those that blockc ships."""

    def __init__(self, own: Mapping[str, T], shipped: Mapping[str, T]) -> None:
        self._own, self._shipped = own, shipped

    def __getitem__(self, name: str) -> T:
        return self._own[name] if name in self._own else self._shipped[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._shipped, *self._own)))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class ShippedSources(Mapping[str, Source]):
    """Every source blockc ships, by name; one is read when somebody asks for it."""

    def __init__(self) -> None:
        self._paths = {path.stem: path for path in sorted(sources_dir().glob("*.toml"))}

    def __getitem__(self, name: str) -> Source:
        return _shipped_source(self._paths[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


@cache
def _shipped_source(path: Path) -> Source:
    return read_source(path.name, path.read_text(encoding="utf-8"))


@cache
def shipped_groups() -> dict[str, CountryGroup]:
    """Return every group of countries blockc ships, by name."""
    paths = sorted((sources_dir() / "groups").glob("*.toml"))
    groups = [read_groups(path.name, path.read_text(encoding="utf-8")) for path in paths]
    return {group.name: group for file in groups for group in file}
