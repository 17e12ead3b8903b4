"""What a verb stands on that needs the policy's meaning: the policy, the data and the day."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from operator import attrgetter
from pathlib import Path
from typing import Any

import click

from blockc.cli.console import warn
from blockc.cli.options import Settings
from blockc.cli.stages import Stages
from blockc.cli.views.build import warn_of_conflicts
from blockc.errors import UsageError
from blockc.policy.meaning.resolve import Resolved, resolve
from blockc.policy.model import Guard
from blockc.registries.records import Records
from blockc.registries.registry_map import RegistryMap
from blockc.targets.core.document import Origin
from blockc.values import Value
from blockc.workspace.fetching import locked_snapshots, require_young
from blockc.workspace.locked_feeds import LockedFeeds
from blockc.workspace.policy_files import read_policy
from blockc.workspace.registries import FileReader, RegistrySnapshot, sample_folder, snapshots
from blockc.workspace.sources import lock_path

PATH = click.Path(path_type=Path)
_OPTIONS = (
    click.option(
        "--sample", is_flag=True, help="Use the bundled sample of 2018-10-13, to try it out."
    ),
    click.option(
        "--from", "folder", type=PATH, help="Folder with the five registries' delegated files."
    ),
    click.option("--locked", is_flag=True, help="Use the files blockc.lock names and no others."),
    click.option(
        "--as-of", metavar="YYYY-MM-DD", help="The day that decides.  [default: today, UTC]"
    ),
    click.option(
        "--allow-expired", is_flag=True, help="Leave ended exceptions out, do not refuse."
    ),
)


def basis_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the options that say what it reads, and for which day."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


class InputOptions(Value, kw_only=True):
    """What to read the policy with, and the day that decides."""

    sample: bool
    folder: Path | None
    locked: bool
    as_of: str | None
    allow_expired: bool

    def __post_init__(self) -> None:
        if self.sample and self.folder:
            raise UsageError("--sample and --from exclude each other")
        if self.locked and self.data:
            raise UsageError(
                "--locked builds from blockc.lock and nothing else",
                hint="leave out --sample and --from",
            )

    @property
    def data(self) -> Path | None:
        """Return the folder of the registries' files, or None for those that the lock names."""
        return sample_folder() if self.sample else self.folder

    @property
    def day(self) -> date:
        """Return the day that decides, UTC.

        Raises:
            UsageError: If what was given is not a date.
        """
        try:
            return date.fromisoformat(self.as_of) if self.as_of else datetime.now(UTC).date()
        except ValueError:
            raise UsageError(
                f"--as-of {self.as_of!r} is not a date", hint="write it as YYYY-MM-DD"
            ) from None


class ProjectDay(Value):
    """The policy as it is on the day, and the data it was read with."""

    resolved: Resolved
    world: RegistryMap
    found: tuple[RegistrySnapshot, ...]
    origins: tuple[Origin, ...]
    reader: FileReader

    @property
    def records(self) -> list[Records]:
        """Return what the registries list."""
        return [part for one in self.found for part in one.records]


def read_ground(settings: Settings, asked: InputOptions, stages: Stages) -> ProjectDay:
    """Read the policy and the data, and say what is odd about them."""
    reader = FileReader()
    with stages("read policy", str(settings.file)):
        policy = read_policy(settings.file, reader)
    with stages("read registries", str(asked.data or lock_path(settings.file))):
        found = _snapshots(settings, asked, policy.guard)
    feeds = LockedFeeds(settings)
    with stages("resolve"):
        world = RegistryMap.of(records for one in found for records in one.records)
        resolved = resolve(
            policy,
            world,
            read_file=reader,
            as_of=asked.day,
            feeds=feeds,
            allow_expired=asked.allow_expired,
        )
    for note in resolved.notes:
        warn(str(note))
    warn_of_conflicts(world, found)
    origins = (*(one.origin for one in found), *feeds.origins.values())
    return ProjectDay(
        resolved, world, found, tuple(sorted(origins, key=attrgetter("name"))), reader
    )


def _snapshots(
    settings: Settings, asked: InputOptions, guard: Guard
) -> tuple[RegistrySnapshot, ...]:
    """Return the registries' snapshots, young enough unless a folder or a day was asked for.

    Who names a folder knows how old it is, and who names a day looks back or ahead.
    """
    if asked.data:
        return tuple(snapshots(settings, asked.data, asked.day))
    found = tuple(locked_snapshots(settings, asked.day))
    if not asked.as_of:
        require_young(found, guard.max_age_hours, asked.day)
    return found
