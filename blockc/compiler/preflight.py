"""What a later build will be refused for, found today: the day itself is too late to hear of it.

A stage begins, an exception ends, and an artifact no longer fits. So every build also compiles
what its outputs will be on each of those days, with the data of today. Rules are what can fail,
so nothing is written, unless a template of the operator's own will write it.
"""

from collections.abc import Iterable, Iterator, Mapping

from blockc.addresses import AddrMap
from blockc.compiler.artifacts import ArtifactCompiler, Inputs
from blockc.compiler.limits import Limits
from blockc.compiler.orders import ArtifactGroup, artifact_groups
from blockc.errors import BlockcError, DoesNotFit, Mistakes, PolicyError
from blockc.policy.meaning.coming import resolve_later
from blockc.policy.meaning.resolve import Resolved
from blockc.policy.model import Output
from blockc.targets.core.target import Target
from blockc.tomlio.when import When
from blockc.values import Value


class Foreseen(Value):
    """Why a build of the same inputs will be refused from a day or an instant on.

    Attributes:
        when: The first day, UTC, or the instant.
        path: The output that cannot be made then, empty if it is the policy itself.
        problem: The first reason.
        more: How many other artifacts of the output cannot be made either.
    """

    when: When
    path: str
    problem: BlockcError
    more: int = 0

    def __str__(self) -> str:
        return str(self.as_error()).partition("\n")[0]  # a warning is one line, without a picture

    def as_error(self) -> BlockcError:
        """Return the problem with the day and the output before it."""
        problem = self.problem
        what = f"{self.path}: " if self.path else ""
        others = f", and {self.more} more" if self.more else ""
        said = f"from {self.when} on this build fails: {what}{problem.message}{others}"
        return type(problem)(said, at=problem.at, hint=problem.hint)


class Preflight(Value):
    """Compiles the outputs of a policy as they will be on later days.

    Attributes:
        today: What the policy means today.
        countries: The registered country of every address.
        limits: Makes the limits of each artifact; may have been used for today's.
    """

    today: Resolved
    countries: AddrMap
    targets: Mapping[str, Target]
    inputs: Inputs
    limits: Limits

    def foresee(self, changes: Iterable[When]) -> Iterator[Foreseen]:
        """Yield what fails from each of `changes` on, once, at the first of them.

        Only outputs are compiled whose addresses differ from those of every moment before.
        """
        before, told, seen = self.today, set[str](), dict[str, list[AddrMap]]()
        for when in changes:
            try:
                resolved = resolve_later(self.today, when.begin)
            except Mistakes as found:
                if "" not in told:
                    yield Foreseen(when, "", found.errors[0], len(found.errors) - 1)
                told.add("")
                continue
            compiler = ArtifactCompiler(self.inputs, self.limits)
            outputs = [
                one
                for one in resolved.policy.outputs
                if one.path not in told and _changed(one, resolved, before)
            ]
            fresh = [one for one in outputs if one.path not in seen]
            for group in artifact_groups(self.today, self.countries, self.targets, fresh):
                seen[group.path] = [_intent(group)]
            for group in artifact_groups(resolved, self.countries, self.targets, outputs):
                problems = [] if _is_known(group, seen) else list(_problems(compiler, group))
                if problems:
                    told.add(group.path)
                    yield Foreseen(when, group.path, problems[0], len(problems) - 1)
            before = resolved


def _changed(output: Output, resolved: Resolved, before: Resolved) -> bool:
    pairs = ((resolved.list_of(name), before.list_of(name)) for name in output.lists)
    return any(
        one.schedule.action != other.schedule.action or one.addresses is not other.addresses
        for one, other in pairs
    )


def _intent(group: ArtifactGroup) -> AddrMap:
    return group.specs[0].intent if group.pieces is None else group.pieces.together


def _is_known(group: ArtifactGroup, seen: dict[str, list[AddrMap]]) -> bool:
    """Return whether the same addresses were compiled for this output before; note them if not.

    The same entries with another word fit as well, but a template may not know the word.
    """
    intent, before = _intent(group), seen[group.path]
    own = bool(group.specs[0].output.template)
    if any(intent.parts == one.parts and (not own or intent.names == one.names) for one in before):
        return True
    before.append(intent)
    return False


def _problems(compiler: ArtifactCompiler, group: ArtifactGroup) -> Iterator[BlockcError]:
    if not group.specs[0].output.template and compiler.rules_together(group):
        return
    for spec in group.specs:
        try:
            if spec.output.template:
                compiler.make(spec)
            else:
                compiler.rules(spec)
        except (PolicyError, DoesNotFit) as problem:
            at = problem.at or spec.output.place.location()
            yield type(problem)(problem.message, at=at, hint=problem.hint)
        except BlockcError as problem:  # of the operator's own template
            yield problem
