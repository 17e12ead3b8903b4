"""`blockc build`: compile a policy, prove every artifact, publish all of them or none."""

import os
from pathlib import Path

import click

from blockc.cli.console import info, show_json
from blockc.cli.depfile import depfile_text
from blockc.cli.inputs import PATH, InputCall, input_options, project
from blockc.cli.options import Settings, verb
from blockc.cli.progress import Stages
from blockc.cli.views.build import (
    Run,
    build_report,
    changes,
    published_report,
    show_build,
    tell_day,
)
from blockc.cli.views.dry_run import dry_run_report, show_dry_run
from blockc.cli.views.impact import warn_of_harms
from blockc.compiler.compile import MANIFEST
from blockc.errors import Unproved, UsageError
from blockc.publish.generations import publish, rollback
from blockc.storage.atomic import write_files

DEFAULT_OUTPUT = "dist"


class BuildCall(InputCall, kw_only=True):
    """What to build from, for which day, and where to."""

    output: Path | None
    dry_run: bool
    roll_back: bool
    keep_failed: Path | None
    depfile: Path | None
    depfile_target: str | None

    def __post_init__(self) -> None:
        InputCall.__post_init__(self)
        if self.roll_back and (self.dry_run or self.depfile):
            raise UsageError("--rollback builds nothing, so it goes with no other option than -o")
        if self.depfile_target and not self.depfile:
            raise UsageError("--depfile-target needs --depfile")

    def place(self, policy: Path) -> Path:
        """Return the folder to publish."""
        return self.output or policy.parent / DEFAULT_OUTPUT


@click.command("build")
@input_options
@click.option(
    "-o",
    "--output",
    type=PATH,
    help="Folder to publish.  [default: dist beside the policy]",
)
@click.option("--dry-run", is_flag=True, help="Show what each list is that day; publish nothing.")
@click.option("--rollback", "roll_back", is_flag=True, help="Publish the generation before again.")
@click.option(
    "--keep-failed",
    type=PATH,
    metavar="DIR",
    help="Write an artifact that fails its proof into this folder, to look at it.",
)
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
    Nothing is published then; --keep-failed keeps what failed its proof.
    """
    if asked.roll_back:
        _roll_back(settings, asked)
    elif asked.dry_run:
        day = project(settings).on(asked.inputs(), Stages(settings))
        tell_day(settings, day)
        if settings.json:
            show_json(dry_run_report(day.resolved, sample=asked.sample))
        else:
            show_dry_run(settings, day.resolved, sample=asked.sample)
    else:
        run = run_build(settings, asked)
        warn_of_harms(run.build.harms)
        if settings.json:
            show_json(build_report(run))
        else:
            show_build(settings, run)


def run_build(settings: Settings, asked: BuildCall) -> Run:
    """Read, compile, prove and publish; warn of what is odd before anything can fail."""
    stages = Stages(settings)
    day = project(settings).on(asked.inputs(), stages)
    tell_day(settings, day)
    try:
        build = day.compile(stages)
    except Unproved as failed:
        if asked.keep_failed:
            folder = asked.keep_failed
            write_files({folder / path: text.encode() for path, text in failed.files.items()})
        raise
    with stages("publish"):
        if asked.depfile:
            target = asked.depfile_target or str(asked.place(settings.file) / MANIFEST)
            text = depfile_text(target, day.files_read())
            write_files({asked.depfile: os.fsencode(text)})
        published = publish(asked.place(settings.file), build.files)
    return Run(day, build, published, stages.seconds)


def _roll_back(settings: Settings, asked: BuildCall) -> None:
    published = rollback(asked.place(settings.file))
    if settings.json:
        show_json(published_report(published))
    info(settings, f"{published.folder} went back to the generation before: {changes(published)}")
