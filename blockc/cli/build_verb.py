"""`blockc build`: compile a policy, prove every artifact, publish all of them or none."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path

import click

from blockc.addresses import FAMILIES
from blockc.addresses.world import World
from blockc.build.artifact import Artifact, Inputs
from blockc.build.driver import Build, compile_policy
from blockc.cli.inputs import (
    FileReader,
    sample_folder,
    shipped_groups,
    shipped_sources,
    snapshots,
    templates,
)
from blockc.cli.output import Cell, amount, say, show_json, show_table, warn
from blockc.cli.shared import Settings, verb
from blockc.errors import UsageError
from blockc.files import Published, publish
from blockc.policy.model import Known, Policy, TargetFacts
from blockc.policy.parse import parse_policy
from blockc.policy.resolve import Resolved, ResolvedList, countries_map, resolve
from blockc.targets.registry import ALL
from blockc.targets.target import Layout, Target

DEFAULT_OUTPUT = "dist"


@dataclass(slots=True)
class Stages:
    """How long each stage of a run took, in seconds, in the order they were first entered."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Add the time until the block ends to `stage`."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - begin


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a build found, made and published."""

    resolved: Resolved
    build: Build
    published: Published
    stages: Stages
    sample: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to build from, for which day, and where to."""

    sample: bool
    folder: Path | None
    output: Path | None
    as_of: str | None

    def __post_init__(self) -> None:
        if self.sample and self.folder:
            raise UsageError("--sample and --from exclude each other")
        if not self.sample and not self.folder:
            raise UsageError(
                "no data to build from",
                hint="name a folder of registry files with --from, or try --sample",
            )

    @property
    def data(self) -> Path:
        """Return the folder of the registries' files."""
        return self.folder or sample_folder()

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


@click.command("build")
@click.option("--sample", is_flag=True, help="Use the bundled sample of 2018-10-13, to try it out.")
@click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path),
    help="Folder with the five registries' delegated files.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Folder to publish.  [default: dist beside the policy]",
)
@click.option("--as-of", metavar="YYYY-MM-DD", help="The day that decides.  [default: today, UTC]")
@verb(Wanted, shows=("file", "store", "json", "quiet"))
def command(settings: Settings, asked: Wanted) -> None:
    """Compile the policy into artifacts, prove each one and publish all of them or none.

    Reads the policy file, the files it names and the registries' data. Writes the artifacts and
    manifest.json into the output folder, which is a symbolic link to the newest generation; files
    that did not change keep their modification time. Prints what was made.

    \b
    Exit codes: 2 the policy cannot be compiled, 3 a registry's data is missing
    or broken, 5 a target's limit is exceeded, 70 an artifact does not mean what
    the policy says. Nothing is published then.
    """
    run = run_build(settings, asked)
    if settings.json:
        show_json(_report(run))
    else:
        _show(settings, run)


def run_build(settings: Settings, asked: Wanted) -> Run:
    """Read, compile, prove and publish."""
    stages, reader = Stages(), FileReader()
    with stages("read policy"):
        policy, text = read_policy(settings.file, reader)
    with stages("read registries"):
        found = snapshots(settings, asked.data, asked.day)
    with stages("resolve"):
        world = World.of(records for one in found for records in one.records)
        resolved = resolve(policy, world, read_file=reader, as_of=asked.day)
        own = sorted({output.template for output in policy.outputs if output.template})
        inputs = Inputs(
            policy=f"sha256:{reader.digest({str(settings.file): text})}",
            sources=tuple(one.origin for one in found),
            templates=templates(own, reader),
            protected=resolved.protected,
            sample=asked.sample,
        )
    for note in resolved.notes:
        warn(str(note))
    lists = {one.name: one.addresses for one in resolved.lists}
    targets = {target.name: target for target in ALL}
    build = compile_policy(policy, lists, countries_map(world), targets, inputs, stages)
    with stages("publish"):
        published = publish(asked.output or settings.file.parent / DEFAULT_OUTPUT, build.files)
    return Run(resolved, build, published, stages, asked.sample)


def read_policy(path: Path, reader: FileReader) -> tuple[Policy, str]:
    """Return the policy at `path` and its text, checked against what blockc knows."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as reason:
        raise UsageError(
            f"cannot read {path}: {(reason.strerror or '').lower()}",
            hint="name the policy with -f",
        ) from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text") from None
    known = Known(
        targets={target.name: target_facts(target) for target in ALL},
        groups=shipped_groups(),
        sources={name: frozenset() for name in shipped_sources()},
    )
    return parse_policy(str(path), text, known=known, read_file=reader), text


def target_facts(target: Target) -> TargetFacts:
    """Return what a policy may ask of `target`."""
    return TargetFacts(
        options=frozenset(option.name for option in target.options),
        one_family=target.layout is Layout.APART,
    )


def _report(run: Run) -> dict[str, object]:
    """Return the result of a build as it is documented for programs."""
    return {
        "sample": run.sample,
        "folder": str(run.published.folder),
        "generation": run.published.generation,
        "written": list(run.published.written),
        "unchanged": list(run.published.unchanged),
        "removed": list(run.published.removed),
        "lists": [_list_report(one) for one in run.resolved.lists],
        "artifacts": [_artifact_report(one) for one in run.build.artifacts],
        "seconds": {stage: round(spent, 4) for stage, spent in run.stages.seconds.items()},
    }


def _list_report(one: ResolvedList) -> dict[str, object]:
    return {
        "name": one.name,
        "title": one.wanted.title,
        "action": one.schedule.action,
        "addresses": {f.name: str(one.addresses.count_of(f)) for f in FAMILIES},
        "prefixes": {f.name: one.addresses.prefix_count(f) for f in FAMILIES},
    }


def _artifact_report(artifact: Artifact) -> dict[str, object]:
    return {
        "target": artifact.order.target.name,
        "holds": artifact.order.name,
        "files": sorted(artifact.files),
        "entries": {family.name: count for family, count in artifact.entries.items()},
        "bytes": artifact.size,
    }


def _show(settings: Settings, run: Run) -> None:
    heads = ["list", "action"]
    heads += [f"{f.name} {what}" for f in FAMILIES for what in ("addresses", "prefixes")]
    show_table(settings, "Lists", heads, map(_list_row, run.resolved.lists))
    rows = [_output_row(list(group)) for _, group in groupby(run.build.artifacts, _output_of)]
    heads = ["artifact", "target", "files", "ipv4 entries", "ipv6 entries", "bytes"]
    show_table(settings, "Artifacts, each read back and proved", heads, rows)
    stages = [(stage, f"{spent:.2f} s") for stage, spent in run.stages.seconds.items()]
    total = sum(run.stages.seconds.values())
    show_table(settings, "Time", ["stage", "took"], [*stages, ("together", f"{total:.2f} s")])
    if run.sample:
        say(settings, "SAMPLE DATA: built from the bundled sample, for trying blockc, not for use")
    changed = len(run.published.written), len(run.published.removed)
    told = f"{changed[0]:,} files written, {changed[1]:,} removed" if any(changed) else "unchanged"
    say(settings, f"published {run.published.folder}: {told}")


def _list_row(one: ResolvedList) -> list[Cell]:
    cells: list[Cell] = [one.name, one.schedule.action]
    for family in FAMILIES:
        count = one.addresses.count_of(family)
        cells += [amount(family, count), one.addresses.prefix_count(family)]
    return cells


def _output_of(artifact: Artifact) -> str:
    return artifact.order.output.path


def _output_row(artifacts: list[Artifact]) -> list[Cell]:
    """Return the row of one output: its one artifact, or one a country."""
    order = artifacts[0].order
    path = order.output.path if len(artifacts) > 1 else min(artifacts[0].files)
    entries = [sum(a.entries.get(family, 0) for a in artifacts) for family in FAMILIES]
    files = sum(len(a.files) for a in artifacts)
    return [path, order.target.name, files, *entries, sum(a.size for a in artifacts)]
