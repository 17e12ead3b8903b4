"""Reads what a build is made of: registry files, their parsed snapshots, the policy's files."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from blockc.addresses.family import FAMILIES
from blockc.addresses.records import Records, records_from_bytes, records_to_bytes
from blockc.cli.output import step
from blockc.cli.shared import Settings
from blockc.errors import PolicyError
from blockc.fetch.definition import Source, read_source
from blockc.fetch.folder import read_bytes, registry_files, unpack
from blockc.fetch.store import Store
from blockc.formats.delegated import read_delegated
from blockc.policy.groups import CountryGroup, read_groups
from blockc.resources import sources_dir, templates_dir
from blockc.targets.draft import Origin
from blockc.targets.reading import Text

# Part of the key of a parsed snapshot: raise it when reading the same bytes gives other records.
SNAPSHOT = "records-1"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One registry's file as records, and what the manifest says about it."""

    origin: Origin
    records: tuple[Records, ...]
    warnings: tuple[str, ...] = ()


def digest(data: bytes) -> str:
    """Return the sha256 of `data` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def sample_folder() -> Path:
    """Return the folder of the bundled sample."""
    return sources_dir() / "sample"


def snapshots(settings: Settings, folder: Path, today: date) -> list[Snapshot]:
    """Return the five registries' snapshots from the files in `folder`, parsed or remembered.

    Raises:
        SourceUnfit: A registry is missing or its file is not fit for use.
        SourceSyntaxError: A file does not follow its format.
    """
    store = Store.of(settings.store)
    found = [
        _snapshot(store, registry, path, today) for registry, path in registry_files(folder).items()
    ]
    for text in (text for one in found for text in one.warnings):
        step(settings, text)
    return found


def _snapshot(store: Store, registry: str, path: Path, today: date) -> Snapshot:
    """Return one registry's snapshot; a file seen before is neither unpacked nor parsed again."""
    packed = read_bytes(path)
    key = digest(packed)
    kept = store.get(SNAPSHOT, key)
    if kept:
        head, _, body = kept.partition(b"\n")
        day, raw_digest = head.decode().split()
        remembered = tuple(records_from_bytes(body, FAMILIES).values())
        return Snapshot(Origin(registry, day, raw_digest), remembered)
    raw = unpack(path, packed)
    read = read_delegated(raw.name, raw.data, registry=registry, today=today)
    origin = Origin(registry, read.header.enddate.isoformat(), f"sha256:{digest(raw.data)}")
    records = tuple(read.records[family] for family in FAMILIES)
    head = f"{origin.date} {origin.digest}\n".encode()
    store.put(SNAPSHOT, key, head + records_to_bytes(records))
    return Snapshot(origin, records, read.warnings)


def templates(own: Iterable[str], read_file: "FileReader") -> dict[str, Text]:
    """Return the shipped templates by file name and an operator's own by path."""
    shipped = {
        path.name: Text(path.name, path.read_text(encoding="utf-8"))
        for path in sorted(templates_dir().glob("*.j2"))
    }
    return shipped | {path: Text(path, _text(path, read_file(path))) for path in own}


def _text(path: str, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise PolicyError(f"{path} is not UTF-8 text") from None


def shipped_sources() -> dict[str, Source]:
    """Return every source blockc ships, by name."""
    paths = sorted(sources_dir().glob("*.toml"))
    return {path.stem: read_source(path.name, path.read_text(encoding="utf-8")) for path in paths}


def shipped_groups() -> dict[str, CountryGroup]:
    """Return every group of countries blockc ships, by name."""
    paths = sorted((sources_dir() / "groups").glob("*.toml"))
    groups = [read_groups(path.name, path.read_text(encoding="utf-8")) for path in paths]
    return {group.name: group for file in groups for group in file}


@dataclass(slots=True)
class FileReader:
    """Reads the files a policy names and remembers what they were.

    `digests`: path -> sha256 of every file read so far.
    """

    digests: dict[str, str] = field(default_factory=dict)

    def __call__(self, path: str) -> bytes:
        """Return the bytes of the file at `path`; OSError if there is none."""
        data = Path(path).read_bytes()
        self.digests[path] = digest(data)
        return data

    def digest(self, texts: Mapping[str, str]) -> str:
        """Return one digest of `texts` and of every file read, whatever the order of reading.

        Paths are left out: the same policy in another folder is the same policy.
        """
        parts = sorted([*map(digest, map(str.encode, texts.values())), *self.digests.values()])
        return digest("\n".join(parts).encode())
