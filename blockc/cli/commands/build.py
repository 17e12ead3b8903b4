"""`blockc build`: compile a policy, prove every artifact, publish all of them or none."""

import os
from pathlib import Path

import click

from blockc.cli.console import info, show_json
from blockc.cli.depfile import depfile_text
from blockc.cli.options import Settings, verb
from blockc.cli.single_files import write_files
from blockc.cli.stages import Stages
from blockc.cli.views.build import Run, build_report, changes, published_report, show_build
from blockc.cli.views.forecast import forecast, show_forecast
from blockc.cli.views.impact import warn_of_harms
from blockc.compiler.artifacts import Inputs
from blockc.compiler.compile import MANIFEST, RegistryData, compile_policy
from blockc.errors import UsageError
from blockc.publish.generations import publish, rollback
from blockc.targets.registry import ALL
from blockc.workspace.policy_files import own_templates
from blockc.workspace.project import PATH, InputOptions, ProjectDay, basis_options, read_ground
from blockc.workspace.registries import shipped_files, shipped_templates
from blockc.workspace.sources import lock_path, own_definitions

DEFAULT_OUTPUT = "dist"


class BuildCall(InputOptions, kw_only=True):
    """What to build from, for which day, and where to."""

    output: Path | None
    dry_run: bool
    roll_back: bool
    depfile: Path | None
    depfile_target: str | None

    def __post_init__(self) -> None:
        InputOptions.__post_init__(self)
        if self.roll_back and (self.dry_run or self.depfile):
            raise UsageError("--rollback builds nothing, so it goes with no other option than -o")
        if self.depfile_target and not self.depfile:
            raise UsageError("--depfile-target needs --depfile")

    def place(self, policy: Path) -> Path:
        """Return the folder to publish."""
        return self.output or policy.parent / DEFAULT_OUTPUT


@click.command("build")
@basis_options
@click.option(
    "-o",
    "--output",
    type=PATH,
    help="Folder to publish.  [default: dist beside the policy]",
)
@click.option("--dry-run", is_flag=True, help="Show what each list is that day; publish nothing.")
@click.option("--rollback", "roll_back", is_flag=True, help="Publish the generation before again.")
@click.option("--depfile", type=PATH, help="Write for make which files were read.")
@click.option(
    "--depfile-target",
    metavar="NAME",
    help="What depends on them.  [default: manifest.json in the output folder]",
)
@verb(BuildCall, shows=("file", "store", "json", "quiet", "verbose"))
def command(settings: Settings, asked: BuildCall) -> None:
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
        ground = read_ground(settings, asked, Stages(settings))
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


def run_build(settings: Settings, asked: BuildCall) -> Run:
    """Read, compile, prove and publish."""
    stages = Stages(settings)
    ground = read_ground(settings, asked, stages)
    inputs = _inputs(ground, sample=asked.sample)
    targets = {target.name: target for target in ALL}
    data = RegistryData(ground.world, ground.records)
    build = compile_policy(ground.resolved, data, targets, inputs, stages)
    with stages("publish"):
        if asked.depfile:
            write_files({asked.depfile: _depfile(settings, asked, ground)})
        published = publish(asked.place(settings.file), build.files)
    return Run(ground.resolved, ground.world, build, published, stages, asked.sample)


def _inputs(ground: ProjectDay, *, sample: bool) -> Inputs:
    templates = shipped_templates() | own_templates(ground.resolved.policy, ground.reader)
    return Inputs(
        policy=f"sha256:{ground.reader.digest()}",
        sources=ground.origins,
        templates=templates,
        sample=sample,
    )


def _depfile(settings: Settings, asked: BuildCall, ground: ProjectDay) -> bytes:
    """Return the dependency file; the lock stands for all that was read from the store."""
    target = asked.depfile_target or str(asked.place(settings.file) / MANIFEST)
    files = [*shipped_files(), *own_definitions(settings.file)]
    if asked.data:
        files += [one.path for one in ground.found]
    if not asked.data or len(ground.origins) > len(ground.found):
        files.append(lock_path(settings.file))
    return os.fsencode(depfile_text(target, [*ground.reader.digests, *map(str, files)]))


def _roll_back(settings: Settings, asked: BuildCall) -> None:
    published = rollback(asked.place(settings.file))
    if settings.json:
        show_json(published_report(published))
    info(settings, f"{published.folder} went back to the generation before: {changes(published)}")
