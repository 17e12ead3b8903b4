"""What every generation was made from, kept beside it in `.generations`.

    dist/.generations/records/3f0c....json   the record of a generation
    dist/.generations/objects/9a02...        bytes that records name by their sha256
    dist/.generations/locks/3f0c....lock     the lock of a generation that is kept: see `store gc`

A record stays as long as the history names its generation, also when the artifacts have gone.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from blockc.errors import BlockcError, Location, OutputError, UsageError, os_reason, suggestion
from blockc.storage.atomic import Advice, write_files
from blockc.storage.local import read_local
from blockc.values import Value, field, from_json, json_bytes
from blockc.vocabulary import KEY_PLANS

SCHEMA = "blockc-record/1"
INSIDE, RECORDS, OBJECTS, LOCKS = ".generations", "records", "objects", "locks"
GENERATION = re.compile(r"[0-9a-f]{16}(-[0-9]+)?")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class RecordedFile(Value):
    """A file that the policy was read from.

    Attributes:
        name: Its path from the folder of the policy.
        sha256: Of its bytes, which are an object.
        read_as: The absolute path it was read by; nothing if it was not.
    """

    name: str
    sha256: str
    read_as: str = ""


class RecordedList(Value):
    """A list: what happened to its traffic and since when, and its addresses, which are an object.

    `since` is the day or instant of its stage as the policy has it; nothing without stages.
    """

    name: str
    action: str
    addresses: str
    since: str


class RecordedException(Value):
    """An exception that was in force; `until` is as the policy has it, nothing if it has no end."""

    list: str
    select: str
    owner: str
    reason: str
    until: str


class RecordedProof(Value):
    """What was read back and compared: how many artifacts, files, and entries by family."""

    artifacts: int
    files: int
    entries: dict[str, int]


class RecordedRegistry(Value):
    """A registry's file that was read from a folder, packed or not: its bytes are no object."""

    name: str
    path: str
    sha256: str


class RecordedSource(Value):
    """A source, as the manifest names it: its date, and the digest of its unpacked bytes."""

    name: str
    date: str
    digest: str


class Record(Value, kw_only=True):
    """What a generation was made from.

    Attributes:
        schema: Of the record itself.
        blockc: The version that made it.
        moment: The instant that decided, UTC.
        sample: It was made from the bundled sample.
        folder: It was made from a folder of registries' files; then `registries` names them.
        allow_expired: Ended exceptions were left out, not refused.
        policy: The name of the policy among `files`, and `policy_digest` that of all of them.
        lock: The sha256 of the lock, which is an object; nothing if there was none.
        manifest: The sha256 of the manifest, which is an object.
        exceptions: Those that were in force.
        protected: The addresses that no list may block, a count by family.
        proof: What was proved before it was published.
        edges: The paths of the outputs that protect each edge.
    """

    schema: str
    blockc: str
    moment: datetime
    sample: bool
    folder: str
    allow_expired: bool
    policy: str
    policy_digest: str
    files: tuple[RecordedFile, ...]
    lock: str
    manifest: str
    registries: tuple[RecordedRegistry, ...]
    sources: tuple[RecordedSource, ...]
    lists: tuple[RecordedList, ...]
    exceptions: tuple[RecordedException, ...]
    protected: dict[str, str]
    proof: RecordedProof
    edges: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def objects(self) -> set[str]:
        """Return the sha256 of every object the record names."""
        found = {one.sha256 for one in self.files} | {one.addresses for one in self.lists}
        return found | {self.manifest, self.lock} - {""}


class Recording(Value):
    """A record, and the objects it names, by sha256."""

    record: Record
    objects: Mapping[str, bytes]

    @property
    def lock(self) -> bytes:
        """Return the bytes of the lock; nothing if there was none."""
        return self.objects.get(self.record.lock, b"")


class Generation(Value):
    """A generation of a published folder, and what it was made from.

    Attributes:
        inside: The folder that holds the generations, records and objects.
    """

    inside: Path
    name: str
    record: Record

    @property
    def files(self) -> Path | None:
        """Return the folder of its artifacts, None if they have gone."""
        folder = self.inside / self.name
        return folder if folder.is_dir() else None

    @property
    def holds_plans(self) -> bool:
        """Return whether it is of plans that revoke keys, and not of artifacts of a build."""
        return bool(json.loads(self.object(self.record.manifest))["schema"] == KEY_PLANS)

    def object(self, sha256: str) -> bytes:
        """Return the bytes with this sha256; see `object_of`."""
        return object_of(self.inside, sha256)


def keep_recording(inside: Path, generation: str, recording: Recording, advice: Advice) -> None:
    """Write the record of a generation and its objects, before anybody is shown the generation.

    Raises:
        OutputError: The disk refuses.
    """
    objects = {inside / OBJECTS / sha256: data for sha256, data in recording.objects.items()}
    files = {path: data for path, data in objects.items() if not _holds(path, data)}
    files[inside / RECORDS / f"{generation}.json"] = json_bytes(recording.record)
    if recording.lock:
        files[inside / LOCKS / f"{generation}.lock"] = recording.lock
    write_files(files, advice)


def _holds(path: Path, data: bytes) -> bool:
    try:
        return read_local(path, None) == data
    except OSError:
        return False


def read_generation(folder: Path, name: str) -> Generation:
    """Return a generation of a published folder with its record.

    Args:
        folder: What a build publishes.
        name: Of the generation: all of it, or how it begins, if only one begins so.

    Raises:
        UsageError: There is none of this name, or it has no record.
        OutputError: The record was damaged.
    """
    inside = folder.absolute() / INSIDE
    found = _named(inside, name)
    return Generation(inside, found, _record(inside, found))


def _record(inside: Path, name: str) -> Record:
    path = inside / RECORDS / f"{name}.json"
    try:
        return from_json(Record, read_local(path, None))
    except OSError as error:
        said = f"cannot read the record of generation {name}: {os_reason(error)}"
        raise UsageError(said, at=Location(str(path))) from None
    except ValueError as error:
        said = f"the record of generation {name} was damaged: {error}"
        raise OutputError(said, at=Location(str(path))) from None


def record_of(inside: Path, name: str) -> Record | None:
    """Return the record of a generation, None if there is none that can be read."""
    try:
        return _record(inside, name)
    except BlockcError:
        return None


def _named(inside: Path, name: str) -> str:
    known = recorded_names(inside)
    found = [one for one in known if one == name] or [one for one in known if one.startswith(name)]
    if len(found) == 1 and name:
        return found[0]
    if found and name:
        said = f"{len(found)} generations begin with {name!r}: {', '.join(found[:3])}"
        raise UsageError(said, hint="write more of the name")
    near = suggestion(name, known).removeprefix("; ")
    said = f"no generation {name!r} was recorded in {inside.parent}"
    raise UsageError(said, hint=near or "`blockc generations` shows them")


def recorded_names(inside: Path) -> list[str]:
    """Return the names of the generations that have a record, sorted."""
    names = (path.stem for path in (inside / RECORDS).glob("*.json"))
    return sorted(name for name in names if GENERATION.fullmatch(name))


def object_of(inside: Path, sha256: str) -> bytes:
    """Return the bytes with this sha256 that a record names.

    Raises:
        OutputError: They are missing or were changed.
    """
    path = inside / OBJECTS / sha256
    try:
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"{sha256!r} is not a sha256")
        data = read_local(path, None)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ValueError("it does not hold what its name says")
    except (OSError, ValueError) as error:
        said = os_reason(error) if isinstance(error, OSError) else str(error)
        raise OutputError(
            f"cannot read what a generation was made from: {said}", at=Location(str(path))
        ) from None
    return data
