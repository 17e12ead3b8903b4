"""`blockc.lock`: which bytes of which source a build uses, written to be reviewed in a diff."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from blockc.errors import Location, UsageError, os_reason
from blockc.fetch.definition import NAME as NAME_OF_SOURCE
from blockc.fetch.snapshot import Snapshot, SnapshotTable, snapshot_lines, snapshot_of
from blockc.storage.atomic import write_whole
from blockc.storage.local import read_local
from blockc.tomlio.tables import Findings, Place, Table, TomlDocument, from_table, table_field

NAME = "blockc.lock"
VERSION = 1
_HEAD = f"""\
# Written by `blockc update`; commit it. `blockc build` uses exactly these files.
version = {VERSION}
"""


class LockTable(Table):
    """The keys of the lock."""

    version: int
    source: dict[str, SnapshotTable] = table_field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lock:
    """Source -> the snapshot that builds use. Invariant: sorted by name."""

    sources: Mapping[str, Snapshot] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ordered = {name: self.sources[name] for name in sorted(self.sources)}
        object.__setattr__(self, "sources", MappingProxyType(ordered))

    def with_sources(self, changed: Mapping[str, Snapshot]) -> "Lock":
        """Return the lock with the `changed` sources in place of their older selves."""
        return Lock({**self.sources, **changed})

    def only(self, names: Iterable[str]) -> "Lock":
        """Return the lock with no other sources than `names`."""
        wanted = set(names)
        return Lock({name: one for name, one in self.sources.items() if name in wanted})


def lock_text(lock: Lock) -> str:
    """Return the file that `parse_lock` reads; equal locks give equal bytes."""
    parts = [_HEAD]
    for name, snapshot in lock.sources.items():
        parts.append("\n".join(["", f"[source.{name}]", *snapshot_lines(snapshot), ""]))
    return "".join(parts)


def parse_lock(path: str, text: str) -> Lock:
    """Return the lock that `text` says.

    Raises:
        Mistakes: Every DefinitionError in it, each with its place.
    """
    document = TomlDocument(path, text)
    findings, place = Findings(), Place(document)
    table = from_table(LockTable, document.table(), place, findings)
    if table.version != VERSION:
        wrong = f"version {table.version} of the lock, this blockc understands {VERSION}"
        findings.add(place / "version", wrong, hint="use the version of blockc that wrote it")
    for name in table.source:
        if not NAME_OF_SOURCE.fullmatch(name):
            findings.add_name(place / "source" / name, f"{name!r} is not a name of a source")
    sources = {
        name: snapshot_of(one, place / "source" / name, findings)
        for name, one in table.source.items()
    }
    findings.require_none()
    return Lock(sources)


def read_lock(path: Path, read: Callable[[Path], bytes] = read_local) -> Lock | None:
    """Return the lock at `path`, None if there is no such file.

    Raises:
        Mistakes: It is not a lock.
        UsageError: It cannot be read.
    """
    try:
        return parse_lock(str(path), read(path).decode())
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise UsageError("not UTF-8 text", at=Location(str(path)), hint=_REWRITE) from None
    except OSError as error:
        said = f"cannot read the lock: {os_reason(error)}"
        raise UsageError(said, at=Location(str(path))) from None


def write_lock(path: Path, lock: Lock) -> bool:
    """Make the file at `path` say `lock`; return False, and touch nothing, if it does already.

    Raises:
        OutputError: It cannot be written; the old one stands.
    """
    data = lock_text(lock).encode()
    if path.is_file() and read_local(path) == data:
        return False
    write_whole(path, data)
    return True


_REWRITE = "take it from version control again, or remove it and run `blockc update`"
