"""A project: a policy with its lock, sources and groups beside it, and the store it works with.

Start here to use blockc without its command line:

    day = Project(Path("blockc.toml")).on(InputOptions(as_of=date(2026, 12, 1)))
    build = day.compile()
    publish(Path("dist"), build.files)

Nothing is printed. What is odd about the policy or the data is in the values that are returned, and
whoever wants to follow the work passes an observer.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from blockc.compiler.watch import Watch, unwatched
from blockc.fetch.definition import Source
from blockc.fetch.lock import Lock
from blockc.fetch.store.parsed import Store
from blockc.policy.meaning.coming import HORIZON_DAYS, coming_changes
from blockc.policy.meaning.resolve import Resolved, resolve, resolve_whatever
from blockc.policy.meaning.summary import day_after, same_until
from blockc.policy.model import Note, Policy
from blockc.policy.syntax.country_groups import CountryGroup
from blockc.registries.records import Records
from blockc.registries.registry_map import RegistryMap
from blockc.targets.core.provenance import Origin
from blockc.targets.registry import TARGETS
from blockc.tomlio.tables import Place, TomlDocument
from blockc.values import Value, replace
from blockc.vocabulary import RIRS
from blockc.workspace.file_reader import FileReader, lock_path
from blockc.workspace.inputs import InputOptions
from blockc.workspace.locked_data import LockedData, require_young
from blockc.workspace.policy_files import all_groups, own_templates, read_policy
from blockc.workspace.registries import (
    RegistrySnapshot,
    shipped_files,
    shipped_templates,
    snapshots,
)
from blockc.workspace.sources import all_sources, asks_registries, used_sources

if TYPE_CHECKING:  # most builds fetch nothing, and lookups compile nothing
    from blockc.compiler.compile import Build
    from blockc.fetch.update.tools import Event, Tools


class Project(Value):
    """A policy, and where what belongs to it is.

    Attributes:
        file: The policy. Its lock and the folders `sources` and `groups` stand beside it.
        store_root: The folder of the store; None means BLOCKC_STORE or the user's cache folder.
        offline: Open no socket.
        other_lock: The lock, if it is not the one beside the policy.
    """

    file: Path = Path("blockc.toml")
    store_root: Path | None = None
    offline: bool = False
    other_lock: Path | None = None

    @property
    def store(self) -> Store:
        """Return the store of what was fetched and parsed."""
        return Store.of(self.store_root)

    @property
    def lock_path(self) -> Path:
        """Return where the lock is."""
        return self.other_lock or lock_path(self.file)

    def reader(self) -> FileReader:
        """Return a reader of the policy and of what stands beside it."""
        return FileReader(self.file, lock_file=self.other_lock)

    def lock(self) -> Lock | None:
        """Return the lock, None if there is none yet.

        Raises:
            Mistakes: It is not what `blockc update` writes.
            UsageError: It cannot be read.
        """
        return self.reader().lock()

    def sources(self) -> Mapping[str, Source]:
        """Return every source of blockc and of the operator by name; see `all_sources`."""
        return all_sources(self.reader())

    def groups(self) -> Mapping[str, CountryGroup]:
        """Return every group of countries by name, those of blockc and the operator's own."""
        return all_groups(self.reader())

    def policy(self, reader: FileReader | None = None) -> Policy:
        """Return the policy; see `read_policy`."""
        return read_policy(self.file, reader or self.reader())

    def used_sources(self) -> tuple[str, ...]:
        """Return the sources that the policy uses; the registries if there is no policy yet."""
        return used_sources(self.policy()) if self.file.exists() else RIRS

    def tools(
        self, watch: "Callable[[Event], None] | None" = None, *, remembering: bool = True
    ) -> "Tools":
        """Return what fetching works with; see `fetch_tools`."""
        from blockc.workspace.fetching import fetch_tools

        watching = {"watch": watch} if watch else {}
        return fetch_tools(self.store, self.file.parent, **watching, remembering=remembering)

    def registries(
        self, options: InputOptions, locked: LockedData | None = None
    ) -> tuple[RegistrySnapshot, ...]:
        """Return the five registries' snapshots, of whatever age.

        Args:
            options: The data and the day.
            locked: The sources that the lock names, if somebody has begun to read them.

        Raises:
            UsageError: There is no lock, and the options name no data.
            SourceUnfit: A registry is missing or its file is not fit for use.
            SourceSyntaxError: A file does not follow its format.
        """
        if options.data:
            return snapshots(self.store, options.data, options.day)
        locked = locked or LockedData(self.reader(), self.store, self.offline)
        return locked.registries(options.day)

    def on(
        self,
        options: InputOptions,
        observe: Watch = unwatched,
        *,
        registries: bool = False,
        refusing: bool = True,
    ) -> "ProjectDay":
        """Return what the policy means on a day, with the data it was read with.

        Args:
            options: The data and the day.
            observe: Is entered with the name of a stage and what it works on, while it does.
            registries: Read the registries' data also where the policy asks for none of it.
            refusing: Refuse what must not be built: old data, a canary that comes out wrong, and
                an exception that has ended. To explain such a day it must not be refused.

        Raises:
            UsageError: The policy or the lock cannot be read.
            Mistakes: Everything that is wrong with the policy.
            SourceUnfit: A registry is missing, its file is not fit for use, or it is too old.
        """
        reader = self.reader()
        feeds = LockedData(reader, self.store, self.offline, parsed_suffices=not refusing)
        with observe("read policy", str(self.file)):
            policy = self.policy(reader)
        with observe("read registries", str(options.data or self.lock_path)):
            needed = registries or options.data or asks_registries(policy)
            found = self.registries(options, feeds) if needed else ()
            if refusing and found and options.asks_age:
                require_young(found, feeds.lock, policy.guard.max_age_hours, options.day)
        with observe("resolve", ""):
            world = RegistryMap.of(records for one in found for records in one.records)
            meaning = resolve if refusing else resolve_whatever
            resolved = meaning(
                policy,
                world,
                read_file=reader,
                as_of=options.moment,
                feeds=feeds,
                allow_expired=options.allow_expired or not refusing,
            )
            if refusing:
                resolved = replace(resolved, notes=(*resolved.notes, *_odd(resolved)))
        origins = [*(one.origin for one in found), *feeds.origins.values()]
        return ProjectDay(
            project=self,
            options=options,
            resolved=resolved,
            world=world,
            found=found,
            origins=tuple(sorted(origins, key=attrgetter("name"))),
            reader=reader,
        )


def _odd(resolved: Resolved) -> Iterator[Note]:
    """Yield what is odd about what a build would write."""
    from blockc.compiler.local_space import local_space_notes

    if not resolved.policy.outputs:
        said = "the policy has no [[output]], so a build writes nothing but the manifest"
        yield Note(Place(TomlDocument(resolved.policy.files[0], "")), said)
    yield from local_space_notes(resolved, TARGETS)


class ProjectDay(Value, kw_only=True):
    """What a policy means on a day, and the data it was read with.

    Attributes:
        resolved: The lists of the policy on that day; `resolved.notes` says what is odd.
        world: Who holds which address; `world.conflicts` says where registries contradict.
        found: The registries' snapshots, each with its warnings.
        origins: What headers and the manifest say about every source that was read.
        reader: Has read every file that the policy names.
    """

    project: Project
    options: InputOptions
    resolved: Resolved
    world: RegistryMap
    found: tuple[RegistrySnapshot, ...]
    origins: tuple[Origin, ...]
    reader: FileReader

    @property
    def records(self) -> list[Records]:
        """Return what the registries list."""
        return [part for one in self.found for part in one.records]

    @property
    def history_file(self) -> Path | None:
        """Return the file that the policy wants the history in, absolute; None: none of its own."""
        said = self.resolved.policy.history
        return (self.project.file.parent / said).absolute() if said else None

    def compile(self, observe: Watch = unwatched, within: int | None = HORIZON_DAYS) -> "Build":
        """Return the files of every output and the manifest, each artifact proved.

        Args:
            observe: See `Project.on`.
            within: How many days to look ahead for what a later build will be refused for; None:
                as far as the policy says anything.

        Raises:
            Mistakes, DoNotFit, Miscompiled: See `compile_policy`.
        """
        from blockc.compiler.artifacts import Inputs
        from blockc.compiler.compile import RegistryData, compile_policy

        templates = shipped_templates() | own_templates(self.resolved.policy, self.reader)
        inputs = Inputs(
            policy=f"sha256:{self.reader.digest()}",
            files=self.reader.files(),
            sources=self.origins,
            templates=templates,
            sample=self.options.sample,
        )
        data = RegistryData(self.world, self.records)
        coming = coming_changes(self.resolved.policy, self.resolved.moment, within)
        return compile_policy(self.resolved, data, TARGETS, inputs, observe, coming)

    def same_until(self) -> datetime | None:
        """Return when a build may be another or say something else; None: never.

        Young enough data is part of that, where its age is asked.
        """
        ends = [same_until(self.resolved)]
        if self.options.asks_age and self.found:
            oldest = min(date.fromisoformat(one.origin.date) for one in self.found)
            ends.append(day_after(oldest, self.resolved.policy.guard.max_age_hours // 24))
        return min((moment for moment in ends if moment), default=None)

    def files_read(self) -> list[str]:
        """Return the path of every file that decides what is built, for a dependency file.

        The lock stands for all that was read from the store.
        """
        files = shipped_files()
        if self.options.data:
            files += [one.path for one in self.found]
        if not self.options.data or len(self.origins) > len(self.found):
            files.append(self.project.lock_path)
        return [*self.reader.digests, *map(str, files)]
