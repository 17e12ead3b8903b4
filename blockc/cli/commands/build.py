"""`blockc build`: compile a policy, prove every artifact, publish all of them or none."""

import os
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockc.cli.console import already_done, info, show_json, step, warn
from blockc.cli.input_options import (
    DEFAULT_OUTPUT,
    PATH,
    InputCall,
    input_options,
    project,
    warn_if_open,
    warn_of_open_store,
)
from blockc.cli.options import Settings, default_settings, require_folder, verb
from blockc.cli.progress import Stages
from blockc.errors import BlockcError, Unproved, UsageError
from blockc.vocabulary import MANIFEST
from blockc.workspace.beside import beside

if TYPE_CHECKING:  # what compiles is imported when something has to be compiled
    from blockc.changes.guard import Approval
    from blockc.cli.views.build import BuildRun
    from blockc.compiler.compile import Build
    from blockc.compiler.preflight import Foreseen
    from blockc.publish.history import Pin
    from blockc.workspace.project import ProjectDay
    from blockc.workspace.unchanged import Unchanged

#: Looks at a build of a day before it is published; raises what keeps it from being.
Ready = Callable[["ProjectDay", "Build", Stages], None]


class BuildCall(InputCall, kw_only=True):
    """What to build from, for which day, and where to."""

    output: Path | None
    publish_as_of: bool
    dry_run: bool
    keep_failed: Path | None
    rebuild: bool
    depfile: Path | None
    depfile_target: str | None
    accept: str | None
    by: str | None
    reason: str | None

    def __post_init__(self) -> None:
        InputCall.__post_init__(self)
        require_folder("--depfile", self.depfile)
        if self.depfile_target and not self.depfile:
            raise UsageError("--depfile-target needs --depfile")
        self.approval()

    def approval(self) -> "Approval | None":
        """Return what was approved."""
        return approval_of(self.accept, self.by, self.reason)

    def require_place(self, policy: Path) -> None:
        """Raise UsageError if what holds on another day would replace what holds today."""
        if self.publish_as_of or not self.inputs().other_day:
            return
        from blockc.publish.past import shows_its_own_moment

        if self.output and not shows_its_own_moment(self.output):
            return
        named = f"--at {self.at} is not now" if self.at else f"--as-of {self.as_of} is not today"
        hint = "name another folder with -o, or publish it with --publish-as-of"
        raise UsageError(f"{named}, and {self.place(policy)} holds what is published", hint=hint)

    def place(self, policy: Path) -> Path:
        """Return the folder to publish."""
        return self.output or policy.parent / DEFAULT_OUTPUT


def approval_of(accept: str | None, by: str | None, reason: str | None) -> "Approval | None":
    """Return what was approved; the three options go together.

    Raises:
        UsageError: One of them is missing.
    """
    said = (accept, by, reason)
    if said == (None, None, None):
        return None
    if not all(one and one.strip() for one in said):
        raise UsageError(
            "--accept, --by and --reason go together: what is approved, by whom and why",
            hint="the refusal of the guard shows the digest to accept",
        )
    from blockc.changes.guard import Approval

    return Approval(accept or "", by or "", reason or "")


@click.command("build")
@input_options
@click.option(
    "-o",
    "--output",
    type=PATH,
    help="Folder to publish.  [default: dist beside the policy]",
)
@click.option(
    "--publish-as-of", is_flag=True, help="Publish what holds on another day than today, too."
)
@click.option("--dry-run", is_flag=True, help="Compile all and show the lists; publish nothing.")
@click.option(
    "--keep-failed",
    type=PATH,
    metavar="DIR",
    help="Write an artifact that fails its proof into this folder, to look at it.",
)
@click.option("--rebuild", is_flag=True, help="Compile all, also where no input changed.")
@click.option("--depfile", type=PATH, help="Write for make which files were read.")
@click.option(
    "--depfile-target",
    metavar="NAME",
    help="What depends on them.  [default: manifest.json in the output folder]",
)
@click.option("--accept", metavar="DIGEST", help="Publish this change although the guard refuses.")
@click.option("--by", metavar="WHO", help="Who accepts it.")
@click.option("--reason", metavar="WHY", help="Why.")
@verb(BuildCall, shows=("file", "store", "json", "quiet", "verbose"))
def command(settings: Settings, asked: BuildCall) -> None:
    """Compile the policy into artifacts, prove each one and publish all of them or none.

    Reads the policy file, the files it names, and the registries and feeds as blockc.lock has
    them (see `blockc update`), or the registries of --from or --sample. Writes the artifacts and
    manifest.json into the output folder, all at once: what it shows are links to the newest
    generation, in .generations inside it. Files that did not change keep their modification time.
    Prints what was made. A folder that `blockc rollback` pinned is left as it is: everything is
    compiled and proved, nothing is published, and stderr says so.

    What a build will be refused for on a coming day, when a stage begins or an exception ends
    within a year, is a warning, or refused today with [guard] preflight = "refuse".

    With --at, or --as-of another day than today, it needs a folder of its own, -o, or
    --publish-as-of.

    Before it is published what changes is compared with what is published, address by address. A
    change that is larger than [guard] allows needs approval: --accept with the digest that the
    refusal shows, --by and --reason. With [guard] native = "always" the real programs that are
    installed read each artifact that changed first, as with `blockc refresh`.

    If no input, no option and no decision of the day changed since the last build, the published
    files are compared with the manifest and nothing is compiled.

    \b
    Exit codes: 2 the policy cannot be compiled or the result not be written,
    3 a registry's data is missing, broken or too old, 4 the change needs
    approval, 5 a target's limit is exceeded or its program refuses a file, 70
    an artifact does not mean what the policy says.
    Nothing is published then; --keep-failed keeps what failed its proof.
    """
    if asked.dry_run:
        _dry_run(settings, asked)
        return
    report = publish_and_tell(settings, asked, wanted=settings.json)
    if settings.json:
        with already_done("the build was published"):
            show_json(report)


def _dry_run(settings: Settings, asked: BuildCall) -> None:
    from blockc.cli.views.build import tell_day
    from blockc.cli.views.dry_run import dry_run_report, show_dry_run

    stages = Stages(settings)
    day = project(settings).on(asked.inputs(), stages)
    tell_day(settings, day)
    foreseen: tuple[Foreseen, ...] = ()
    problem: BlockcError | None = None
    try:
        foreseen = day.compile(stages, within=None).foreseen
    except BlockcError as failed:
        problem = failed
    for one in foreseen:
        warn(str(one))
    if settings.json:
        show_json(dry_run_report(day.resolved, foreseen, sample=asked.sample))
    else:
        show_dry_run(settings, day.resolved, sample=asked.sample)
    if problem:
        raise problem


def publish_and_tell(
    settings: Settings, asked: BuildCall, *, wanted: bool, ready: Ready | None = None
) -> dict[str, object]:
    """Publish what the policy means, without compiling what is published already.

    Prints the tables for people, and returns what `docs/json.md` describes, for programs, if it is
    wanted: where nothing changed that takes longer than all the rest.
    """
    from blockc.workspace.unchanged import BuildCheck

    asked.require_place(settings.file)
    warn_of_open_store(settings)
    checking, place = Stages(settings), asked.place(settings.file)
    warn_if_open(place, "what is published there")
    with checking("check what is published", str(place)):
        begun = beside(
            lambda: BuildCheck.before(settings.store, settings.file, place, asked.inputs())
        )
        if asked.rebuild:  # what comes then is needed, whatever is found
            import_module("blockc.workspace.project")
        check = begun()
        kept = None if asked.rebuild else check.unchanged()
    if kept:
        return _tell_unchanged(settings, asked, kept, checking, wanted=wanted)
    run = run_build(settings, asked, Stages(settings), ready)
    from blockc.cli.views.build import build_report, day_warnings, show_build
    from blockc.cli.views.impact import harm_warnings
    from blockc.compiler.manifest_changes import changes_to_act_on

    odd = [*harm_warnings(run.build.harms), *map(str, run.build.foreseen)]
    for text in changes_to_act_on(run.published.manifest_before, run.build.files[MANIFEST]):
        warn(text)
    for text in odd:
        warn(text)
    report = build_report(run)
    said = {
        "oddities": [text for one in run.day.found for text in one.warnings],
        "warnings": [*day_warnings(run.day), *odd],
        "report": report,
    }
    if run.published.pin:
        _tell_pinned(run.published.pin)
    else:
        check.remember(run.day, run.build, run.published, said)
    if not settings.json:
        with already_done("the build was published"):
            show_build(settings, run)
    return report


def run_build(
    settings: Settings, asked: BuildCall, stages: Stages, ready: Ready | None = None
) -> "BuildRun":
    """Read, compile, prove and publish; warn of what is odd before anything can fail."""
    named = project(settings)
    imported = beside(_import_what_compiles)
    try:
        day = named.on(asked.inputs(), stages)
    finally:
        imported()
    from blockc.cli.views.build import BuildRun, tell_day
    from blockc.cli.views.guard import refusal_errors
    from blockc.workspace.comparing import NotApproved, publish_guarded

    tell_day(settings, day)
    try:
        build = day.compile(stages)
    except Unproved as failed:
        if asked.keep_failed:
            folder = asked.keep_failed
            from blockc.storage.atomic import write_files

            write_files({folder / path: data for path, data in failed.files.items()})
        raise
    if ready:
        ready(day, build, stages)
    elif day.resolved.policy.guard.native == "always":
        _ask_programs(settings, asked, day, build, stages)
    with stages("publish"):
        _write_depfile(settings, asked, day.files_read)
        try:
            place, approval = asked.place(settings.file), asked.approval()
            published, comparison = publish_guarded(day, build, place, approval)
        except NotApproved as refused:
            raise refusal_errors(refused, build_command(settings, asked)) from None
    return BuildRun(day, build, published, stages.seconds, comparison, approval)


def _import_what_compiles() -> None:
    """Import what a build needs once it is known what the policy means."""
    for name in ("compiler.compile", "cli.views.build", "workspace.comparing"):
        import_module(f"blockc.{name}")
    from blockc.targets.core.render import import_jinja

    import_jinja()


def _ask_programs(
    settings: Settings, asked: BuildCall, day: "ProjectDay", build: "Build", stages: Stages
) -> None:
    """Ask the real programs about what would change, and name what could not be tried."""
    from blockc.verify.native import NativeAnswer
    from blockc.workspace.trials import require_taken, try_changed

    place = asked.place(settings.file)
    trials = try_changed(build, place, stages)
    for one in trials:
        if one.outcome.answer is NativeAnswer.SKIPPED:
            info(settings, f"not tried before publishing: {one.path}: {one.outcome.reason}")
    require_taken(trials, day, build, place, datetime.now(UTC))


def build_command(settings: Settings, asked: BuildCall) -> list[str]:
    """Return the words that call this build again, without those that approve."""
    said = {
        "--file": settings.file if settings.file != default_settings().file else None,
        "--store": settings.store,
        "--from": asked.folder,
        "--as-of": asked.as_of,
        "--at": asked.at,
        "--output": asked.output,
    }
    flags = {
        "--offline": settings.offline,
        "--sample": asked.sample,
        "--locked": asked.locked,
        "--allow-expired": asked.allow_expired,
        "--publish-as-of": asked.publish_as_of,
    }
    words = [word for name, one in said.items() if one for word in (name, str(one))]
    return ["blockc", "build", *words, *(name for name, one in flags.items() if one)]


def _tell_unchanged(
    settings: Settings, asked: BuildCall, kept: "Unchanged", stages: Stages, *, wanted: bool
) -> dict[str, object]:
    """Say again what the last build warned of, and that it still holds."""
    _write_depfile(settings, asked, lambda: kept.reads)
    for text in kept.said["oddities"]:
        step(settings, text)
    for text in kept.said["warnings"]:
        warn(text)
    place = asked.place(settings.file).absolute()
    from blockc.publish.generations import Published, pin_of

    pin = pin_of(place)
    if pin:
        _tell_pinned(pin)
    if not settings.json:
        if asked.sample:
            info(settings, "SAMPLE DATA, for trying blockc and not for use")
        files = f"{len(kept.files):,} file{'s' * (len(kept.files) != 1)}"
        said = f"{files} checked, no input changed, nothing was compiled (see --rebuild)"
        info(settings, f"published {place}: unchanged; {said}")
    if not wanted:
        return {}
    from blockc.cli.views.build import unchanged_report

    published = Published(place, kept.generation, unchanged=kept.files, pin=pin)
    return unchanged_report(kept, published, asked.inputs().day, stages.seconds)


def _tell_pinned(pin: "Pin") -> None:
    from blockc.cli.views.generations import pinned_text

    warn(f"published nothing: {pinned_text(pin)}")


def _write_depfile(
    settings: Settings, asked: BuildCall, reads: Callable[[], Iterable[str]]
) -> None:
    if asked.depfile:
        target = asked.depfile_target or str(asked.place(settings.file) / MANIFEST)
        from blockc.storage.atomic import write_files

        write_files({asked.depfile: os.fsencode(depfile_text(target, reads()))})


_IN_TARGETS = re.compile(r"(\\*)([ #:*?\[\]%])")
_IN_SOURCES = re.compile(r"(\\*)([ #:*?\[\]|])")
_IMPOSSIBLE = re.compile(r"[\n\r\t\0=;]|\\$|\(.*\)$")  # a rule, a variable, an archive


def depfile_text(target: str, sources: Iterable[str]) -> str:
    """Return a rule that says `target` depends on `sources`.

    Each source is also a target of its own without a recipe, so that it may go away.

    Raises:
        UsageError: A name cannot be said in a make file.
    """
    names = sorted(set(sources))
    rule = [f"{_escaped(target, _IN_TARGETS)}:", *(_escaped(name, _IN_SOURCES) for name in names)]
    alone = (f"\n{_escaped(name, _IN_TARGETS)}:\n" for name in names)
    return " \\\n ".join(rule) + "\n" + "".join(alone)


def _escaped(name: str, special: re.Pattern[str]) -> str:
    if _IMPOSSIBLE.search(name):
        raise UsageError(
            f"make cannot read the file name {name!r}",
            hint="rename it, or build without --depfile",
        )
    local = f"./{name}" if name.startswith("~") else name
    return special.sub(r"\1\1\\\2", local.replace("$", "$$"))
