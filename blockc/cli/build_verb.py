"""`blockc build`: compile a policy, prove every artifact, publish all of them or none."""

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime
from operator import attrgetter
from pathlib import Path

import click

from blockc.addresses.world import World
from blockc.build.artifact import Inputs
from blockc.build.driver import MANIFEST, Data, compile_policy
from blockc.cli.build_report import (
    Run,
    build_report,
    changes,
    published_report,
    show_build,
    warn_of_conflicts,
)
from blockc.cli.catalogue import lock_path, own_definitions
from blockc.cli.depfile import depfile_text
from blockc.cli.feeds import LockedFeeds
from blockc.cli.forecast import forecast, show_forecast
from blockc.cli.harm_report import warn_of_harms
from blockc.cli.inputs import (
    FileReader,
    Snapshot,
    sample_folder,
    shipped_files,
    shipped_templates,
    snapshots,
)
from blockc.cli.output import say, show_json, warn
from blockc.cli.policy_input import own_templates, read_policy
from blockc.cli.readers import locked_snapshots, require_young
from blockc.cli.shared import Settings, verb
from blockc.cli.single_files import write_files
from blockc.cli.stages import Stages
from blockc.errors import UsageError
from blockc.files import publish, rollback
from blockc.policy.model import Guard
from blockc.policy.resolve import Resolved, resolve
from blockc.targets.draft import Origin
from blockc.targets.registry import ALL

DEFAULT_OUTPUT = "dist"
PATH = click.Path(path_type=Path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to build from, for which day, and where to."""

    sample: bool
    folder: Path | None
    locked: bool
    output: Path | None
    as_of: str | None
    allow_expired: bool
    dry_run: bool
    roll_back: bool
    depfile: Path | None
    depfile_target: str | None

    def __post_init__(self) -> None:
        if self.sample and self.folder:
            raise UsageError("--sample and --from exclude each other")
        if self.locked and self.data:
            raise UsageError(
                "--locked builds from blockc.lock and nothing else",
                hint="leave out --sample and --from",
            )
        if self.roll_back and (self.dry_run or self.depfile):
            raise UsageError("--rollback builds nothing, so it goes with no other option than -o")
        if self.depfile_target and not self.depfile:
            raise UsageError("--depfile-target needs --depfile")

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

    def place(self, policy: Path) -> Path:
        """Return the folder to publish."""
        return self.output or policy.parent / DEFAULT_OUTPUT


@dataclass(frozen=True, slots=True)
class Ground:
    """What a build stands on: the policy as it is on the day, and the data it was read with."""

    resolved: Resolved
    world: World
    found: tuple[Snapshot, ...]
    origins: tuple[Origin, ...]
    reader: FileReader


@click.command("build")
@click.option("--sample", is_flag=True, help="Use the bundled sample of 2018-10-13, to try it out.")
@click.option(
    "--from", "folder", type=PATH, help="Folder with the five registries' delegated files."
)
@click.option("--locked", is_flag=True, help="Use the files blockc.lock names and no others.")
@click.option(
    "-o",
    "--output",
    type=PATH,
    help="Folder to publish.  [default: dist beside the policy]",
)
@click.option("--as-of", metavar="YYYY-MM-DD", help="The day that decides.  [default: today, UTC]")
@click.option("--allow-expired", is_flag=True, help="Leave ended exceptions out, do not refuse.")
@click.option("--dry-run", is_flag=True, help="Show what each list is that day; publish nothing.")
@click.option("--rollback", "roll_back", is_flag=True, help="Publish the generation before again.")
@click.option("--depfile", type=PATH, help="Write for make which files were read.")
@click.option(
    "--depfile-target",
    metavar="NAME",
    help="What depends on them.  [default: manifest.json in the output folder]",
)
@verb(Wanted, shows=("file", "store", "json", "quiet", "verbose"))
def command(settings: Settings, asked: Wanted) -> None:
    """Compile the policy into artifacts, prove each one and publish all of them or none.

    Reads the policy file, the files it names, and the registries and feeds as blockc.lock has
    them (see `blockc update`), or the registries of --from or --sample. Writes the artifacts and
    manifest.json into the output folder, which is a symbolic link to the newest generation; files
    that did not change keep their modification time. Prints what was made.

    \b
    Exit codes: 2 the policy cannot be compiled or the result not be written,
    3 a registry's data is missing, broken or too old, 5 a target's limit is
    exceeded, 70 an artifact does not mean what the policy says.
    Nothing is published then.
    """
    if asked.roll_back:
        _roll_back(settings, asked)
    elif asked.dry_run:
        ground = _ground(settings, asked, Stages(settings))
        if settings.json:
            show_json(forecast(ground.resolved, sample=asked.sample))
        else:
            show_forecast(settings, ground.resolved, sample=asked.sample)
    else:
        run = run_build(settings, asked)
        warn_of_harms(run.build.harms)
        if settings.json:
            show_json(build_report(run))
        else:
            show_build(settings, run)


def run_build(settings: Settings, asked: Wanted) -> Run:
    """Read, compile, prove and publish."""
    stages = Stages(settings)
    ground = _ground(settings, asked, stages)
    inputs = _inputs(ground, sample=asked.sample)
    targets = {target.name: target for target in ALL}
    data = Data(ground.world, [part for one in ground.found for part in one.records])
    build = compile_policy(ground.resolved, data, targets, inputs, stages)
    with stages("publish"):
        if asked.depfile:
            write_files({asked.depfile: _depfile(settings, asked, ground)})
        published = publish(asked.place(settings.file), build.files)
    return Run(ground.resolved, ground.world, build, published, stages, asked.sample)


def _ground(settings: Settings, asked: Wanted, stages: Stages) -> Ground:
    """Read the policy and the data, and say what is odd about them."""
    reader = FileReader()
    with stages("read policy", str(settings.file)):
        policy = read_policy(settings.file, reader)
    with stages("read registries", str(asked.data or lock_path(settings.file))):
        found = _snapshots(settings, asked, policy.guard)
    feeds = LockedFeeds(settings)
    with stages("resolve"):
        world = World.of(records for one in found for records in one.records)
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
    return Ground(resolved, world, found, tuple(sorted(origins, key=attrgetter("name"))), reader)


def _snapshots(settings: Settings, asked: Wanted, guard: Guard) -> tuple[Snapshot, ...]:
    """Return the registries' snapshots, young enough unless a folder or a day was asked for.

    Who names a folder knows how old it is, and who names a day looks back or ahead.
    """
    if asked.data:
        return tuple(snapshots(settings, asked.data, asked.day))
    found = tuple(locked_snapshots(settings, asked.day))
    if not asked.as_of:
        require_young(found, guard.max_age_hours, asked.day)
    return found


def _inputs(ground: Ground, *, sample: bool) -> Inputs:
    templates = shipped_templates() | own_templates(ground.resolved.policy, ground.reader)
    return Inputs(
        policy=f"sha256:{ground.reader.digest()}",
        sources=ground.origins,
        templates=templates,
        sample=sample,
    )


def _depfile(settings: Settings, asked: Wanted, ground: Ground) -> bytes:
    """Return the dependency file; the lock stands for all that was read from the store."""
    target = asked.depfile_target or str(asked.place(settings.file) / MANIFEST)
    files = [*shipped_files(), *own_definitions(settings.file)]
    if asked.data:
        files += [one.path for one in ground.found]
    if not asked.data or len(ground.origins) > len(ground.found):
        files.append(lock_path(settings.file))
    return os.fsencode(depfile_text(target, [*ground.reader.digests, *map(str, files)]))


def _roll_back(settings: Settings, asked: Wanted) -> None:
    published = rollback(asked.place(settings.file))
    if settings.json:
        show_json(published_report(published))
    say(settings, f"{published.folder} went back to the generation before: {changes(published)}")
