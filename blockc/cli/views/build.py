"""What a build made, as tables for people and as JSON for programs."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain, groupby
from typing import Any

from blockc.addresses import FAMILIES
from blockc.changes.guard import Approval
from blockc.cli.console import Cell, Figure, amount, info, show, show_table, step, warn
from blockc.cli.options import Settings
from blockc.cli.views.dry_run import foreseen_report
from blockc.cli.views.generations import pin_report
from blockc.cli.views.guard import guard_report
from blockc.cli.views.impact import show_harms, show_passes
from blockc.compiler.artifacts import Artifact
from blockc.compiler.compile import Build
from blockc.compiler.impact import impact_report
from blockc.compiler.manifest import step_report
from blockc.policy.meaning.resolve import ResolvedList
from blockc.policy.syntax.selectors import AddressRange
from blockc.publish.generations import Published
from blockc.registries.registry_map import Conflict
from blockc.values import Value
from blockc.vocabulary import MANIFEST
from blockc.workspace.comparing import Comparison
from blockc.workspace.project import ProjectDay
from blockc.workspace.unchanged import Unchanged

CONFLICTS_NAMED, MOST_CHANGES = 3, 20
Manifest = Mapping[str, Any]


class BuildRun(Value):
    """What one run of a build found, made and published, and the seconds each stage took.

    `comparison`: what changed by it; None if nothing did. `approval`: that of the change, if any.
    """

    day: ProjectDay
    build: Build
    published: Published
    seconds: Mapping[str, float]
    comparison: Comparison | None = None
    approval: Approval | None = None


def tell_day(settings: Settings, day: ProjectDay) -> None:
    """Say on stderr what is odd about the policy and the data of a day."""
    for text in (text for one in day.found for text in one.warnings):
        step(settings, text)
    for text in day_warnings(day):
        warn(text)


def day_warnings(day: ProjectDay) -> Iterator[str]:
    """Yield what is odd about the policy, and about data in which registries contradict."""
    yield from map(str, day.resolved.notes)
    conflicts = day.world.conflicts
    if not conflicts:
        return
    rows = "1 row loses" if len(conflicts) == 1 else f"{len(conflicts):,} rows lose"
    yield f"{rows} addresses to a row of another country: the registries contradict each other"
    paths = {one.origin.name: one.path for one in day.found}
    for one in conflicts[:CONFLICTS_NAMED]:
        (kept, winner, line), (dropped, loser, other) = one.kept, one.dropped
        both = str(AddressRange(one.family, one.first, one.last))
        said = f"{both} counts as {winner} by {paths[kept]}:{line}"
        yield f"{said}, not as {loser} by {paths[dropped]}:{other}"


def build_report(run: BuildRun) -> dict[str, object]:
    """Return the result of a build as `docs/json.md` describes it."""
    return {
        "sample": run.day.options.sample,
        "compiled": True,
        **published_report(run.published),
        "guard": guard_report(run.comparison, run.approval),
        "as_of": run.day.resolved.as_of.isoformat(),
        "notes": [str(note) for note in run.day.resolved.notes],
        "conflicts": [_conflict_report(one) for one in run.day.world.conflicts],
        "lists": [_list_report(one) for one in run.day.resolved.lists],
        "artifacts": [_artifact_report(one) for one in run.build.artifacts],
        "harms": [impact_report(harm) for harm in run.build.harms],
        "coming": [foreseen_report(one) for one in run.build.foreseen],
        "seconds": {stage: round(spent, 4) for stage, spent in run.seconds.items()},
    }


def unchanged_report(
    kept: Unchanged, published: Published, day: date, seconds: Mapping[str, float]
) -> dict[str, object]:
    """Return the report of a build that was left out: what the last one said, and today's facts."""
    today = {
        "compiled": False,
        **published_report(published),
        "guard": None,
        "as_of": day.isoformat(),
        "seconds": {stage: round(spent, 4) for stage, spent in seconds.items()},
    }
    return {**kept.said["report"], **today}


def published_report(published: Published) -> dict[str, object]:
    """Return what a folder shows as `docs/json.md` describes it."""
    return {
        "folder": str(published.folder),
        "generation": published.generation,
        "written": list(published.written),
        "unchanged": list(published.unchanged),
        "removed": list(published.removed),
        "pinned": pin_report(published.pin),
    }


def _conflict_report(one: Conflict) -> dict[str, object]:
    keys = ("registry", "country", "line")
    return {
        "family": one.family.name,
        "range": str(AddressRange(one.family, one.first, one.last)),
        "kept": dict(zip(keys, one.kept, strict=True)),
        "dropped": dict(zip(keys, one.dropped, strict=True)),
    }


def _list_report(one: ResolvedList) -> dict[str, object]:
    return {
        "name": one.name,
        "title": one.definition.title,
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
        "passes": [step_report(step) for step in artifact.steps],
    }


def show_build(settings: Settings, run: BuildRun) -> None:
    """Print what changed, what was made and what was given up, and on stderr where it is."""
    if not settings.quiet:
        if not run.published.pin:
            show_changes(settings, run)
        _show_tables(settings, run)
    if run.day.options.sample:
        info(settings, "SAMPLE DATA, for trying blockc and not for use")
    if not run.published.pin:
        info(settings, f"published {run.published.folder}: {changes(run.published)}")


def _show_tables(settings: Settings, run: BuildRun) -> None:
    show_lists(settings, run.day.resolved.lists)
    rows = [_output_row(list(group)) for _, group in groupby(run.build.artifacts, _output_of)]
    heads = ["artifact", "target", "files", *(f.name for f in FAMILIES), "bytes"]
    show("\n")
    title = "Artifacts, each read back and proved, with their entries by family"
    show_table(settings, title, heads, rows)
    show_harms(settings, run.build.harms)
    if not settings.verbose:
        return
    show_passes(settings, run.build.artifacts)
    show("\n")
    seconds = {**run.seconds, "all": sum(run.seconds.values())}
    times = [(stage, Figure(f"{spent:.2f} s")) for stage, spent in seconds.items()]
    show_table(settings, "Time", ["stage", "took"], times)


def show_changes(settings: Settings, run: BuildRun) -> None:
    """Print the lists and artifacts whose counts are not those of the build before."""
    after = json.loads(run.build.files[MANIFEST])
    try:
        before = json.loads(run.published.manifest_before)
        lists = list(_list_changes(before, after))
        artifacts = list(_artifact_changes(before, after))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return  # there was none, or somebody changed it
    if lists:
        heads = ["list", "family", "addresses before", "now"]
        show_table(settings, f"Changed lists{_cut(lists)}", heads, lists[:MOST_CHANGES])
        show("\n")
    if artifacts:
        heads = ["file", *(f"{f.name} {when}" for f in FAMILIES for when in ("before", "now"))]
        title = f"Changed files, with their entries{_cut(artifacts)}"
        show_table(settings, title, heads, artifacts[:MOST_CHANGES])
        show("\n")


def _list_changes(before: Manifest, after: Manifest) -> Iterator[list[Cell]]:
    nothing: Manifest = {"addresses": {}}
    for name in sorted(before["lists"].keys() | after["lists"].keys()):
        old = before["lists"].get(name, nothing)["addresses"]
        new = after["lists"].get(name, nothing)["addresses"]
        for family in FAMILIES:
            counts = [int(one.get(family.name, 0)) for one in (old, new)]
            if counts[0] != counts[1]:
                yield [name, family.name, *(amount(family, count) for count in counts)]


def _artifact_changes(before: Manifest, after: Manifest) -> Iterator[list[Cell]]:
    old, new = _artifacts_by_path(before), _artifacts_by_path(after)
    nothing: Manifest = {"files": [], "entries": {}}
    for path in sorted(old.keys() | new.keys()):
        was, now = old.get(path, nothing), new.get(path, nothing)
        if was["files"] != now["files"]:
            pairs = (
                (was["entries"].get(f.name, 0), now["entries"].get(f.name, 0)) for f in FAMILIES
            )
            yield [path, *chain.from_iterable(pairs)]


def _artifacts_by_path(manifest: Manifest) -> dict[str, Manifest]:
    return {one["files"][0]["path"]: one for one in manifest["artifacts"] if one["files"]}


def _cut(rows: Sequence[object]) -> str:
    return f", {MOST_CHANGES} of {len(rows)}" if len(rows) > MOST_CHANGES else ""


def show_lists(settings: Settings, lists: Iterable[ResolvedList]) -> None:
    """Print what each list is, a row per family."""
    rows = [row for one in lists for row in _list_rows(one)]
    heads = ["list", "action", "family", "addresses", "prefixes"]
    show_table(settings, "Lists", heads, rows)


def _list_rows(one: ResolvedList) -> list[list[Cell]]:
    return [
        [
            "" if number else one.name,
            "" if number else one.schedule.action,
            family.name,
            amount(family, one.addresses.count_of(family)),
            one.addresses.prefix_count(family),
        ]
        for number, family in enumerate(FAMILIES)
    ]


def changes(published: Published) -> str:
    """Return how many files differ from what the folder showed before."""
    written, removed = len(published.written), len(published.removed)
    if not written and not removed:
        return "unchanged"
    return f"{written:,} file{'s' * (written != 1)} written, {removed:,} removed"


def _output_of(artifact: Artifact) -> str:
    return artifact.order.output.path


def _output_row(artifacts: list[Artifact]) -> list[Cell]:
    """Return the row of one output: its one artifact, or one per country."""
    order = artifacts[0].order
    path = order.output.path if len(artifacts) > 1 else min(artifacts[0].files)
    entries = [sum(a.entries.get(family, 0) for a in artifacts) for family in FAMILIES]
    files = sum(len(a.files) for a in artifacts)
    return [path, order.target.name, files, *entries, sum(a.size for a in artifacts)]
