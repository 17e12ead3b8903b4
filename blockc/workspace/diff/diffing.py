"""Two states side by side: what is published and what would be, or two policies, locks or files."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from blockc.changes.change import (
    Cause,
    ListState,
    PolicyChange,
    PolicyState,
    Step,
    change,
    nobody_knows,
)
from blockc.changes.guard import Refusal
from blockc.changes.holdings import Holding, largest
from blockc.compiler.watch import Watch, unwatched
from blockc.errors import BlockcError, UsageError
from blockc.publish.place import PublishFolder
from blockc.publish.record import Generation, read_generation
from blockc.targets.core.target import Target
from blockc.targets.core.target_options import OptionContext, OptionValue
from blockc.values import Value, replace
from blockc.workspace.comparing import (
    causes,
    compare,
    countries_then,
    lists_of,
    state_of,
    state_of_generation,
)
from blockc.workspace.diff.operands import NOW, PUBLISHED, Operand, file_lists
from blockc.workspace.inputs import InputOptions
from blockc.workspace.project import Project, ProjectDay
from blockc.workspace.recorded import RecordedProject, recorded_lists

if TYPE_CHECKING:
    from blockc.addresses.family import Family
    from blockc.compiler.compile import Build


class DiffCall(Value, kw_only=True):
    """What is compared, and with which data.

    Attributes:
        project: The project, for what an operand does not say itself.
        folder: Its published folder.
        target: Whose grammar files are read by; empty for plain lists.
        only: The one list that is compared; empty for all.
    """

    old: Operand
    new: Operand
    project: Project
    options: InputOptions
    folder: Path
    target: str = ""
    only: str = ""


class StateDifference(Value, eq=False):
    """How two states differ, and who is hit.

    Attributes:
        refusals: What the guard refuses of it, and `digest` what approves it; only where what is
            published is compared with what would be.
    """

    old: str
    new: str
    found: PolicyChange
    largest: "dict[Family, tuple[Holding, ...]]"
    refusals: tuple[Refusal, ...] = ()
    digest: str = ""


class _Side(Value, eq=False):
    """One of the two states, and what it was made from."""

    state: PolicyState
    day: ProjectDay | None = None
    build: "Build | None" = None
    generation: Generation | None = None


def difference(call: DiffCall, observe: Watch = unwatched) -> StateDifference:
    """Return how the new side differs from the old one.

    Raises:
        UsageError: An operand cannot be read, or the two cannot be compared.
        BlockcError: What a build of either side would be refused for.
    """
    old, new = (_side(call, operand, observe) for operand in (call.old, call.new))
    old, new = _alike(call, old, new)
    found = change(old.state, _steps(call, old, new))
    made = StateDifference(
        call.old.label, call.new.label, found, largest(found, old.state, new.state)
    )
    if (call.old.kind, call.new.kind) != (PUBLISHED, NOW) or not (new.day and new.build):
        return made
    live = PublishFolder.of(call.folder).live()
    judged = compare(call.folder, live, new.day, new.build)
    return replace(made, refusals=judged.refusals, digest=judged.digest)


def _side(call: DiffCall, operand: Operand, observe: Watch) -> _Side:
    if operand.kind == "file":
        return _Side(PolicyState(file_lists(operand.path, call.target, partial(_options, call))))
    if operand.kind == PUBLISHED:
        live = PublishFolder.of(call.folder).live()
        return _recorded(call, live) if live else _Side(PolicyState({}))
    if operand.kind == "generation":
        return _recorded(call, operand.text)
    project, options = call.project, call.options
    if operand.kind == "policy":
        project = replace(project, file=operand.path)
        if not project.lock_path.exists():
            project = replace(project, other_lock=call.project.lock_path)
    elif operand.kind == "lock":
        project = replace(project, other_lock=operand.path)
        if not operand.path.is_file():
            raise UsageError(f"there is no lock {operand.text!r}")
        options = replace(options, sample=False, folder=None)
    elif operand.kind == "at":
        options = replace(options, as_of=None, at=operand.moment, allow_expired=True)
    day = project.on(options, observe)
    build = day.compile(observe)
    return _Side(state_of(day, build), day, build)


def _options(call: DiffCall, target: Target) -> Mapping[str, OptionValue]:
    """Return the options of the only output of a target that may be meant, else the defaults."""
    outputs = call.project.policy().outputs if call.project.file.exists() else ()
    ours = [
        one
        for one in outputs
        if one.target == target.name and (not call.only or call.only in one.lists)
    ]
    given = ours[0].options if len(ours) == 1 else {}
    word = "-".join(ours[0].lists) if len(ours) == 1 else call.only or "block"
    return target.settle(given, OptionContext(word.lower()))


def _recorded(call: DiffCall, name: str) -> _Side:
    generation = read_generation(call.folder, name)
    then = countries_then(generation, call.project)
    unknown = PolicyState({})
    state = state_of_generation(generation, replace(unknown, **then) if then else unknown)
    return _Side(state, generation=generation)


def _alike(call: DiffCall, old: _Side, new: _Side) -> tuple[_Side, _Side]:
    """Return both sides with the lists that are compared, and countries for who has none."""
    files = [call.old.kind == "file", call.new.kind == "file"]
    if call.only or (any(files) and not all(files)):
        names = [name for side in (old, new) for name in side.state.lists]
        name = next((one for one in names if one != "block"), "block")
        old = _one_list(call, old, name, is_file=files[0])
        new = _one_list(call, new, name, is_file=files[1])
    nowhere = nobody_knows()
    if old.state.countries == nowhere:
        old = _with_countries(old, new)
    elif new.state.countries == nowhere:
        new = _with_countries(new, old)
    return old, new


def _with_countries(side: _Side, other: _Side) -> _Side:
    known = other.state
    state = replace(side.state, countries=known.countries, records=known.records)
    return replace(side, state=state)


def _one_list(call: DiffCall, side: _Side, name: str, *, is_file: bool) -> _Side:
    """Return a side with one list, called as the one that is asked for."""
    lists = side.state.lists
    if is_file:
        return _only(side, call.only or name, lists.get("block") or next(iter(lists.values())))
    only = call.only or (next(iter(lists)) if len(lists) == 1 else "")
    if only not in lists:
        said = f"no list {call.only!r}" if call.only else "a file is one list: which one is meant"
        raise UsageError(said, hint=f"write --list with one of {', '.join(sorted(lists))}")
    return _only(side, only, lists[only])


def _only(side: _Side, name: str, one: ListState) -> _Side:
    return replace(side, state=replace(side.state, lists={name: one}, entries={}))


def _steps(call: DiffCall, old: _Side, new: _Side) -> Sequence[Step]:
    """Return the steps from the old side to the new one, as far as they can be told apart."""
    after = new.state
    if old.generation and new.day:
        return causes(old.generation, new.day, after)
    try:
        days = [_day_of(call, side) for side in (old, new)]
        if days[0] and days[1]:
            return [*_version_steps(old, days[0], after), *_between(days[0], days[1], after)]
    except BlockcError:
        pass  # what it was made from is gone
    return [Step(Cause.UNKNOWN, after)]


def _day_of(call: DiffCall, side: _Side) -> ProjectDay | None:
    """Return what a side was made from: of a generation as its record has it."""
    if side.generation is None:
        return side.day
    past = RecordedProject.of(side.generation, call.project)
    return past.on(past.options())


def _version_steps(old: _Side, again: ProjectDay, after: PolicyState) -> list[Step]:
    """Return the step that this version of blockc makes of a generation of another one."""
    lists = lists_of(again.resolved)
    if old.generation is None or recorded_lists(old.generation) == lists:
        return []
    return [Step(Cause.VERSION, replace(after, lists=lists))]


def _between(old: ProjectDay, new: ProjectDay, after: PolicyState) -> list[Step]:
    """Return the steps from one day of a project to another: data, policy, date."""
    then = replace(new.options, as_of=None, at=old.resolved.moment, allow_expired=True)
    steps: list[Step] = []

    def led(cause: Cause, day: ProjectDay) -> None:
        steps.append(Step(cause, replace(after, lists=lists_of(day.resolved))))

    if old.origins != new.origins:
        newer = replace(old.project, other_lock=new.project.lock_path)
        if isinstance(newer, RecordedProject):
            newer = replace(newer, own_sources=False)
        data = newer.on(then)
        if data.origins != new.origins:
            raise UsageError("what the newer side was made from is not what is there now")
        led(Cause.DATA, data)
    if old.reader.digest() != new.reader.digest():
        led(Cause.POLICY, new.project.on(then))
    if old.resolved.moment != new.resolved.moment:
        steps.append(Step(Cause.DATE, after))
    if not steps:
        return [Step(Cause.UNKNOWN, after)]
    return [*steps[:-1], Step(steps[-1].cause, after)]
