"""The driver: from what a policy means to everything a build writes."""

from collections.abc import Mapping, Sequence

from blockc.compiler.artifacts import Artifact, ArtifactCompiler, Inputs
from blockc.compiler.claims import shared_objects
from blockc.compiler.impact import PassImpact, impacts_of
from blockc.compiler.limits import Limits
from blockc.compiler.manifest import manifest_bytes
from blockc.compiler.orders import ArtifactGroup, ArtifactSpec, artifact_groups
from blockc.compiler.preflight import Foreseen, Preflight
from blockc.compiler.watch import Watch, unwatched
from blockc.errors import BlockcError, DoesNotFit, DoNotFit, Mistakes, PolicyError
from blockc.policy.checking.paths import folded
from blockc.policy.meaning.resolve import Resolved, countries_map
from blockc.registries.records import Records
from blockc.registries.registry_map import RegistryMap
from blockc.targets.core.target import Target
from blockc.tomlio.when import When
from blockc.values import Value
from blockc.vocabulary import MANIFEST


class RegistryData(Value):
    """What the registries say: the world, and the records it was painted from."""

    world: RegistryMap
    records: Sequence[Records]


class Build(Value):
    """All files of a build, proved, and what to report about them."""

    files: Mapping[str, bytes]
    artifacts: tuple[Artifact, ...]
    harms: tuple[PassImpact, ...]
    foreseen: tuple[Foreseen, ...] = ()


def compile_policy(
    resolved: Resolved,
    data: RegistryData,
    targets: Mapping[str, Target],
    inputs: Inputs,
    watch: Watch = unwatched,
    coming: Sequence[When] = (),
) -> Build:
    """Return the files of every output and the manifest, each artifact proved.

    Args:
        resolved: What each list of the policy selects, and what happens to its traffic.
        data: The data it was resolved with.
        targets: Every target by name.
        inputs: What the artifacts are made from.
        watch: Is entered with the name of a stage and the path of an output while they are worked
            on, for whoever measures.
        coming: When the policy will mean something else, in order: what a build will
            be refused for then is in the result.

    Raises:
        Mistakes: Outputs that cannot be made, all of them; with `[guard] preflight = "refuse"`
            those of coming days too.
        DoNotFit: Outputs that exceed a limit, likewise.
        Miscompiled: blockc is wrong; nothing may be published.
    """
    artifacts: list[Artifact] = []
    problems: list[BlockcError] = []
    countries = countries_map(data.world)
    limits = Limits(data.world, data.records, resolved.protected)
    compiler = ArtifactCompiler(inputs, limits)
    for group in artifact_groups(resolved, countries, targets):
        with watch("compile and prove", group.path):
            artifacts += _made(compiler, group, problems)
    _require_none(problems)
    files: dict[str, bytes] = {}
    taken = {MANIFEST: MANIFEST}
    for artifact in artifacts:
        for path, content in artifact.files.items():
            _take(path, artifact.order, taken)
            files[path] = content
    _require_none(shared_objects(artifacts))
    with watch("look ahead", ""):
        preflight = Preflight(resolved, countries, targets, inputs, limits)
        foreseen = tuple(preflight.foresee(coming)) if coming else ()
    if resolved.policy.guard.preflight == "refuse":
        _require_none([one.as_error() for one in foreseen])
    harms = impacts_of(artifacts, data.records)
    files[MANIFEST] = manifest_bytes(resolved, countries, artifacts, harms, inputs)
    return Build(files, tuple(artifacts), harms, foreseen)


def _made(
    compiler: ArtifactCompiler, group: ArtifactGroup, problems: list[BlockcError]
) -> list[Artifact]:
    """Return the artifacts of a group that can be made; the reasons why not go to `problems`."""
    try:
        together = compiler.make_together(group)
    except (PolicyError, DoesNotFit):
        together = None  # each piece tells what is wrong with it
    if together is not None:
        return together
    made = []
    for spec in group.specs:
        try:
            made.append(compiler.make(spec))
        except (PolicyError, DoesNotFit) as problem:
            problems.append(_placed(problem, spec))
    return made


def _placed(problem: BlockcError, order: ArtifactSpec) -> BlockcError:
    """Return the problem with the place of the output it is about."""
    at = problem.at or order.output.place.location()
    return type(problem)(f"{order.path}: {problem.message}", at=at, hint=problem.hint)


def _require_none(problems: Sequence[BlockcError]) -> None:
    """Raise all of `problems`; limits matter only once everything can be expressed."""
    wrong = [problem for problem in problems if isinstance(problem, PolicyError)]
    if wrong:
        raise Mistakes(wrong)
    if problems:
        raise DoNotFit(problems)


def _take(path: str, order: ArtifactSpec, taken: dict[str, str]) -> None:
    """Note in `taken` the file at `path` and its folders, with the file that made each.

    Raises:
        PolicyError: A file is there, or a folder, where this one has to be.
    """
    key = folded(path)
    folders = [key[:at] for at, mark in enumerate(key) if mark == "/"]
    above = (taken.get(one, "") for one in folders)
    other = taken.get(key) or next((one for one in above if folded(one) in folders), "")
    if other:
        said = f"two outputs write {path!r}"
        if other != path:
            said = f"one output writes {path!r} and one {other!r}, which cannot both be there"
        hint = "give each output of the policy its own path"
        raise PolicyError(said, at=order.output.place.location(), hint=hint)
    taken |= {one: path for one in folders if one not in taken}
    taken[key] = path
