"""What a generation was made from, written when it is published and read again as a project."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from blockc import __version__
from blockc.addresses.family import FAMILIES
from blockc.addresses.set_archive import set_from_bytes, set_to_bytes
from blockc.changes.change import ListState
from blockc.compiler.watch import Watch, unwatched
from blockc.errors import Location, OutputError, SourceUnfit
from blockc.fetch.folder import unpack
from blockc.fetch.store.blobs import Blobs, sha256_of
from blockc.fetch.store.maintenance import remember_lock
from blockc.policy.meaning.resolve import ResolvedList
from blockc.publish.generations import Judge, Making, Published, publish, unjudged
from blockc.publish.record import (
    INSIDE,
    LOCKS,
    OBJECTS,
    SCHEMA,
    Generation,
    Record,
    RecordedException,
    RecordedFile,
    RecordedList,
    RecordedProof,
    RecordedRegistry,
    RecordedSource,
    Recording,
    read_generation,
)
from blockc.storage.local import read_local
from blockc.vocabulary import MANIFEST
from blockc.workspace.file_reader import FileReader, RecordedReader
from blockc.workspace.inputs import InputOptions, sample_folder
from blockc.workspace.locked_data import LockedData
from blockc.workspace.project import Project, ProjectDay
from blockc.workspace.registries import RegistrySnapshot, remember, remembered, snapshot_of

if TYPE_CHECKING:  # who reads a record compiles nothing
    from blockc.compiler.compile import Build


def recording_of(day: ProjectDay, build: "Build") -> Recording:
    """Return what `build` was made from: a record, and the bytes that it names."""
    reader, objects = day.reader, dict[str, bytes]()

    def kept(data: bytes) -> str:
        sha256 = sha256_of(data)
        objects[sha256] = data
        return sha256

    named = sorted((reader.name_of(path), path) for path in reader.digests)
    lists = day.resolved.lists
    record = Record(
        schema=SCHEMA,
        blockc=__version__,
        moment=day.resolved.moment,
        sample=day.options.sample,
        folder=str(day.options.folder.absolute()) if day.options.folder else "",
        allow_expired=day.options.allow_expired,
        policy=reader.name_of(str(reader.policy)),
        policy_digest=reader.digest(),
        files=tuple(
            RecordedFile(name, kept(reader.contents[path]), path if os.path.isabs(path) else "")  # noqa: PTH117  a text
            for name, path in named
        ),
        lock=kept(reader.lock_bytes) if reader.lock_bytes else "",
        manifest=kept(build.files[MANIFEST]),
        registries=_registries_of(day) if day.options.data else (),
        sources=tuple(RecordedSource(one.name, one.date, one.digest) for one in day.origins),
        lists=tuple(
            RecordedList(
                one.name, one.schedule.action, kept(set_to_bytes(one.addresses)), _since(one)
            )
            for one in lists
        ),
        exceptions=tuple(exception for one in lists for exception in _exceptions(one)),
        protected={f.name: str(day.resolved.protected.count_of(f)) for f in FAMILIES},
        proof=_proof(build),
        edges={one.name: one.outputs for one in day.resolved.policy.edges},
    )
    return Recording(record, objects)


def _since(one: ResolvedList) -> str:
    stage = one.schedule.now
    return str(stage.start) if stage and one.definition.stages else ""


def _exceptions(one: ResolvedList) -> Iterator[RecordedException]:
    for counted in one.entries:
        entry = counted.entry
        if entry.exemption:
            said, until = entry.exemption, entry.exemption.until
            yield RecordedException(
                one.name,
                str(entry.located.selector),
                said.owner,
                said.reason,
                str(until) if until else "",
            )


def _proof(build: "Build") -> RecordedProof:
    entries = {f.name: sum(one.entries.get(f, 0) for one in build.artifacts) for f in FAMILIES}
    files = sum(len(one.files) for one in build.artifacts)
    return RecordedProof(len(build.artifacts), files, entries)


def publish_day(
    day: ProjectDay,
    build: "Build",
    folder: Path,
    judge: Judge = unjudged,
) -> Published:
    """Publish the files of a build with the record of what they were made from.

    Args:
        day: What was compiled.
        build: The result.
        folder: Where to.
        judge: See `Making`.

    Raises:
        OutputError: See `publish`.
    """
    making = Making(
        recording=recording_of(day, build),
        keep=day.resolved.policy.keep,
        history=day.history_file,
        judge=judge,
    )
    published = publish(folder, build.files, making)
    with suppress(OutputError):  # a store that cannot be written is no reason not to publish
        remember_lock(day.project.store.root, published.folder / INSIDE / LOCKS)
    return published


def _registries_of(day: ProjectDay) -> tuple[RecordedRegistry, ...]:
    return tuple(
        RecordedRegistry(
            one.origin.name,
            one.path.name if day.options.sample else str(one.path.absolute()),
            one.digest,
        )
        for one in day.found
    )


def recorded_lists(generation: Generation) -> Mapping[str, ListState]:
    """Return the lists of a generation by name; no policy and no source is read.

    Raises:
        OutputError: They are missing or were changed, or it is of plans that revoke keys.
    """
    if not generation.record.lists and generation.holds_plans:
        said = "this folder holds plans of `blockc revoke`, and not what a build published"
        at = Location(str(generation.inside.parent))
        raise OutputError(said, at=at, hint="name the folder of `blockc build`")
    found = {}
    for one in generation.record.lists:
        data = generation.object(one.addresses)
        try:
            found[one.name] = ListState(one.action, set_from_bytes(data))
        except ValueError as error:
            at = Location(str(generation.inside))
            said = f"the list {one.name} of generation {generation.name}: {error}"
            raise OutputError(said, at=at) from None
    return found


def recorded_day(
    folder: Path, name: str, project: Project | None = None, observe: Watch = unwatched
) -> ProjectDay:
    """Return what the policy of a recorded generation meant, read again from what was recorded.

    Compiled by the same version of blockc it gives the same bytes.

    Args:
        folder: What a build publishes.
        name: Of the generation, or how it begins.
        project: Which store to use, and whether a socket may be opened for what it lacks.
        observe: See `Project.on`.

    Raises:
        UsageError: There is no such generation.
        OutputError: What was recorded is missing or was changed.
        SourceUnfit: The bytes of a source are nowhere to be had.
    """
    past = RecordedProject.of(read_generation(folder, name), project or Project())
    return past.on(past.options(), observe)


class RecordedProject(Project, kw_only=True):
    """The project of a recorded generation: nothing but sources is read from elsewhere.

    Attributes:
        own_sources: They are those that the generation was made from, and not `other_lock`'s or
            those of a folder.
    """

    generation: Generation
    own_sources: bool = True

    @classmethod
    def of(cls, generation: Generation, project: Project) -> "RecordedProject":
        """Return the project of a generation, with the store of another project."""
        return cls(
            file=Path(generation.record.policy),
            store_root=project.store_root,
            offline=project.offline,
            generation=generation,
        )

    @property
    def lock_path(self) -> Path:
        """Return where the recorded lock is."""
        return self.other_lock or self.generation.inside / OBJECTS / self.generation.record.lock

    def options(self) -> InputOptions:
        """Return what the generation was read with."""
        record = self.generation.record
        return InputOptions(
            sample=record.sample,
            folder=Path(record.folder) if record.folder else None,
            at=record.moment,
            allow_expired=record.allow_expired,
        )

    def reader(self) -> FileReader:
        """Return a reader of the recorded files."""
        record = self.generation.record
        return RecordedReader(
            self.file,
            recorded={one.name: one.sha256 for one in record.files},
            names={one.read_as: one.name for one in record.files if one.read_as},
            object_of=self.generation.object,
            lock_digest=record.lock,
            lock_file=self.other_lock,
        )

    def registries(
        self, options: InputOptions, locked: LockedData | None = None
    ) -> tuple[RegistrySnapshot, ...]:
        """Return the registries' snapshots of the very bytes that were read then."""
        if not options.data or not self.own_sources:
            return super().registries(options, locked)
        return tuple(self._registry(one, options) for one in self.generation.record.registries)

    def _registry(self, one: RecordedRegistry, options: InputOptions) -> RegistrySnapshot:
        path = sample_folder() / one.path if options.sample else Path(one.path)
        kept = remembered(self.store, one.name, path, one.sha256)
        if kept:
            return kept
        from blockc.formats.delegated.reader import read_delegated

        raw = unpack(path, self.registry_bytes(one, path))
        raw_digest = sha256_of(raw.data)
        read = read_delegated(raw.name, raw.data, registry=one.name, today=options.day)
        remember(self.store, one.name, one.sha256, raw.name, raw_digest, read)
        return snapshot_of(one.name, path, one.sha256, raw_digest, read)

    def registry_bytes(self, one: RecordedRegistry, path: Path) -> bytes:
        """Return the bytes of a registry's file that was read from a folder, packed or not.

        Raises:
            SourceUnfit: Neither the file nor the store holds them now.
        """
        stored = Blobs(self.store.root).get(one.sha256)
        if stored is not None:
            return stored
        try:
            data = read_local(path)
        except OSError:
            data = b""
        if sha256_of(data) == one.sha256:
            return data
        raise SourceUnfit(
            f"the file of {one.name} with sha256 {one.sha256[:12]} is gone, from which "
            f"generation {self.generation.name} was made",
            at=Location(str(path)),
            hint="put it back where it was",
        )
