"""What live systems say they have, held against what is published: dumps and asked edges."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from blockc.compiler.artifacts import Artifact
from blockc.compiler.compile import Build
from blockc.compiler.watch import Watch, unwatched
from blockc.errors import BlockcError, Location, UsageError, counted, suggestion
from blockc.policy.model import Edge
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import Value
from blockc.verify.drift import drift, live_reading
from blockc.verify.said import differences
from blockc.workspace.hooks import CommandFailed, read_command
from blockc.workspace.project import Project
from blockc.workspace.recorded import recorded_day
from blockc.workspace.verifying import Difference, live_generation


class AskedOutput(Value, eq=False):
    """An output of an edge, and what the edge says it has of it.

    Attributes:
        commands: What was run to ask.
        differences: From what is published; none if it was not asked.
        failure: Why it could not be asked, or was not; nothing if it was.
    """

    edge: str
    path: str
    commands: tuple[str, ...]
    differences: tuple[Difference, ...] = ()
    failure: str = ""


def verify_dump(
    folder: Path,
    shown: Sequence[ArtifactFile],
    project: Project,
    of: tuple[str, str],
    observe: Watch = unwatched,
) -> list[Difference]:
    """Return how what a live system has of an artifact differs from what a folder shows.

    Args:
        shown: What the system says it has; see `LiveForm`. Of a target without one, its files.
        of: The target, and the list or nothing where there is one artifact for the target.

    Raises:
        UsageError: No artifact is meant, or several are; or see `verify_published`.
    """
    return list(_compared(_one_artifact(_published(folder, project, observe), *of), shown))


def verify_edges(
    folder: Path, project: Project, names: Sequence[str], observe: Watch = unwatched
) -> list[AskedOutput]:
    """Return how what edges say they have differs from what a folder shows, by output.

    Each command of `live` is run without a shell and has a time limit; what it prints is read.

    Raises:
        UsageError: The policy has no such edge; or see `verify_published`.
    """
    edges = {one.name: one for one in project.policy().edges}
    for name in names:
        if name not in edges:
            near = suggestion(name, edges).removeprefix("; ")
            hint = near or "`blockc edges` shows the edges, which are the tables [edge.NAME]"
            raise UsageError(f"the policy has no edge {name!r}", hint=hint)
    build = _published(folder, project, observe)
    return [
        _asked(edges[name], path, build, project.file.parent, observe)
        for name in names
        for path in edges[name].outputs
    ]


def _published(folder: Path, project: Project, observe: Watch) -> Build:
    generation = live_generation(folder)
    return recorded_day(folder, generation.name, project, observe).compile(observe)


def _asked(edge: Edge, path: str, build: Build, place: Path, observe: Watch) -> AskedOutput:
    commands = edge.live.get(path, ())
    said = tuple(map(shlex.join, commands))
    if not commands:
        hint = f"[edge.{edge.name}.live] names no command for it"
        return AskedOutput(edge.name, path, said, failure=hint)
    artifacts = [one for one in build.artifacts if one.order.output.path == path]
    if not artifacts:
        return AskedOutput(edge.name, path, said, failure="nothing is published for it")
    try:
        with observe("ask", edge.name):
            shown = [
                ArtifactFile(name, read_command(words, edge.live_seconds, place))
                for name, words in zip(said, commands, strict=True)
            ]
        found = [wrong for one in artifacts for wrong in _compared(one, shown)]
    except (CommandFailed, UsageError) as failed:
        return AskedOutput(edge.name, path, said, failure=str(failed))
    return AskedOutput(edge.name, path, said, tuple(found))


def _compared(artifact: Artifact, shown: Sequence[ArtifactFile]) -> Iterator[Difference]:
    """Yield how what is shown differs from an artifact."""
    target, holds = artifact.order.dialect, artifact.order.name
    for written, files in zip(artifact.written, _files_of(artifact, shown), strict=True):
        at = Location(files[0].path)
        try:
            reading, orders = live_reading(target, files, written.orders, written.options)
            away = drift(target, reading, written.said)
        except (BlockcError, ValueError) as failed:
            where = failed.at if isinstance(failed, BlockcError) else None
            yield Difference("dump", where or at, str(failed.args[0]), holds)
            continue
        for wrong in differences(at.path, reading.found, orders):
            yield Difference("dump", wrong.at or at, wrong.message, holds)
        if away:
            said = "what is in force is not what was published"
            yield Difference("dump", at, said, holds, away)


def _files_of(artifact: Artifact, shown: Sequence[ArtifactFile]) -> list[Sequence[ArtifactFile]]:
    """Return what is shown of each part of an artifact: all of it where a live system shows that.

    Raises:
        UsageError: There are not as many files as the artifact has.
    """
    if artifact.order.dialect.live:
        return [shown for _ in artifact.written]
    wanted = [file for written in artifact.written for file in written.files]
    if len(wanted) != len(shown):
        names = ", ".join(file.path for file in wanted)
        raise UsageError(
            f"{len(shown)} given with --dump, the artifact has {counted(len(wanted), 'file')}",
            hint=f"name what is in use of {names}, in this order",
        )
    pairs = zip(wanted, shown, strict=True)
    files = iter([ArtifactFile(one.path, one.data, own.families) for own, one in pairs])
    return [[next(files) for _ in written.files] for written in artifact.written]


def _one_artifact(build: Build, target: str, name: str) -> Artifact:
    """Return the artifact of a target that holds a list, or the only one of the target."""
    ours = [one for one in build.artifacts if one.order.target.name == target]
    named = [one for one in ours if name in (one.order.name, *one.order.output.lists)]
    found = named if name else ours
    if len(found) == 1:
        return found[0]
    holds = sorted({one.order.name for one in ours})
    if not ours:
        raise UsageError(f"no output has the target {target!r}")
    said = f"{len(found) or 'no'} artifact{'s' * (len(found) != 1)} of {target} "
    said += f"hold{'s' * (len(found) == 1)} {name!r}" if name else "may be meant"
    raise UsageError(said, hint=f"name one with --list: {', '.join(holds)}")
