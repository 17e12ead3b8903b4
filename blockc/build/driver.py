"""The driver: from a policy and a world to everything a build writes."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from blockc.addresses import AddrMap, AddrSet
from blockc.build.artifact import Artifact, Inputs, Workshop
from blockc.build.manifest import manifest_bytes
from blockc.build.plan import Order, orders
from blockc.errors import BlockcError, Mistakes, PolicyError
from blockc.policy.model import Policy
from blockc.targets.target import Target

MANIFEST = "manifest.json"
Watch = Callable[[str], AbstractContextManager[object]]


def _unwatched(stage: str) -> AbstractContextManager[object]:
    return nullcontext(stage)


@dataclass(frozen=True, slots=True)
class Build:
    """All files of a build, proved, and what to report about them."""

    files: Mapping[str, bytes]
    artifacts: tuple[Artifact, ...]


def compile_policy(
    policy: Policy,
    lists: Mapping[str, AddrSet],
    countries: AddrMap,
    targets: Mapping[str, Target],
    inputs: Inputs,
    watch: Watch = _unwatched,
) -> Build:
    """Return the files of every output and the manifest, each artifact proved.

    Args:
        lists: What each list of the policy blocks.
        countries: The registered country of every address.
        targets: Every target by name.
        inputs: What the artifacts are made from.
        watch: Is entered with the name of a stage while that stage runs, for whoever measures.

    Raises:
        Mistakes: Outputs that cannot be made, all of them.
        Miscompiled: blockc is wrong; nothing may be published.
    """
    artifacts: list[Artifact] = []
    problems: list[BlockcError] = []
    workshop = Workshop(inputs)
    with watch("compile and prove"):
        for order in orders(policy, lists, countries, targets):
            try:
                artifacts.append(workshop.make(order))
            except PolicyError as problem:
                problems.append(_placed(problem, order))
    if problems:
        raise problems[0] if len(problems) == 1 else Mistakes(problems)
    files: dict[str, bytes] = {}
    for artifact in artifacts:
        for path, data in artifact.files.items():
            _require_new(path, files)
            files[path] = data
    files[MANIFEST] = manifest_bytes(policy, lists, countries, artifacts, inputs)
    return Build(files, tuple(artifacts))


def _placed(problem: PolicyError, order: Order) -> PolicyError:
    """Return the problem with the place of the output it is about."""
    at = problem.at or order.output.place.location()
    return PolicyError(f"{order.path}: {problem.message}", at=at, hint=problem.hint)


def _require_new(path: str, files: Mapping[str, bytes]) -> None:
    if path in files or path == MANIFEST:
        raise PolicyError(
            f"two outputs write {path!r}", hint="give each output of the policy its own path"
        )
