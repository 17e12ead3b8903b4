"""What would be published beside what is, and the guard between the two.

The lists of what is published are in its record, so they are read in milliseconds. Where countries
are asked, or causes, what the older state was made from is read again; if that cannot be had, the
countries of today and `unknown` stand in.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from blockc import __version__
from blockc.addresses.addrmap import AddrMap
from blockc.addresses.family import FAMILIES, Family
from blockc.changes.change import (
    Cause,
    Entries,
    ListState,
    PolicyChange,
    PolicyState,
    Step,
    change,
    nobody_knows,
)
from blockc.changes.guard import (
    Approval,
    Loss,
    Refusal,
    change_digest,
    first_build,
    judge,
    judge_losses,
)
from blockc.errors import BlockcError, UnsafeChange
from blockc.policy.meaning.coming import coming_changes
from blockc.policy.meaning.resolve import Resolved, countries_map
from blockc.publish.generations import Published, append_event, digest_of
from blockc.publish.history import APPROVED, REFUSED, Facts
from blockc.publish.record import Generation, read_generation
from blockc.registries.countries import NO_COUNTRY
from blockc.registries.registry_map import RegistryMap
from blockc.values import Value, replace
from blockc.vocabulary import MANIFEST
from blockc.workspace.project import Project, ProjectDay
from blockc.workspace.recorded import RecordedProject, publish_day, recorded_lists

if TYPE_CHECKING:
    from pathlib import Path

    from blockc.compiler.compile import Build
    from blockc.workspace.inputs import InputOptions


class Comparison(Value, eq=False):
    """What would be published, compared with what is.

    Attributes:
        live: The generation that is shown; empty if nothing was published.
        before: Its state; None if there is nothing that counts: no generation, one of an earlier
            blockc that has no record, or one made from the sample, which nobody uses.
        digest: What `--accept` must say to publish exactly this.
    """

    live: str
    before: PolicyState | None
    after: PolicyState
    found: PolicyChange | None
    refusals: tuple[Refusal, ...]
    digest: str


class NotApproved(UnsafeChange):
    """The guard refuses a change, and nobody approved this one."""

    def __init__(self, comparison: Comparison, approval: Approval | None) -> None:
        super().__init__(f"the guard refuses change {comparison.digest}")
        self.comparison, self.approval = comparison, approval


def state_of(day: ProjectDay, build: "Build | None" = None) -> PolicyState:
    """Return what the policy of a day says, and how many entries its artifacts have."""
    return PolicyState(
        lists_of(day.resolved),
        countries_of(day.world),
        day.records,
        {min(one.files): one.entries for one in build.artifacts} if build else {},
    )


def countries_of(world: RegistryMap) -> AddrMap:
    """Return the registered country of every address; no names where no registry was asked."""
    found = countries_map(world)
    return nobody_knows(found.families) if found.names == (NO_COUNTRY,) else found


def lists_of(resolved: Resolved) -> dict[str, ListState]:
    """Return the lists of a policy at one moment."""
    return {one.name: ListState(one.schedule.action, one.addresses) for one in resolved.lists}


def state_of_generation(generation: Generation, like: PolicyState) -> PolicyState:
    """Return what a generation says, with the countries and records of another state."""
    manifest = json.loads(_manifest_of(generation))
    lists = recorded_lists(generation)
    return PolicyState(lists, like.countries, like.records, entries_of(manifest))


def _manifest_of(generation: Generation) -> bytes:
    return generation.object(generation.record.manifest)


def entries_of(manifest: Mapping[str, Any]) -> dict[str, Entries]:
    """Return how many entries every artifact of a manifest has, by its first path."""
    named = {family.name: family for family in FAMILIES}
    return {
        one["files"][0]["path"]: {named[name]: count for name, count in one["entries"].items()}
        for one in manifest["artifacts"]
        if one["files"]
    }


def losses_of(manifest: Mapping[str, Any]) -> dict[str, Loss]:
    """Return what every output of a manifest gives up for its limits; an exact one is left out.

    Of what is blocked beside the lists only what is delegated counts: nobody is harmed elsewhere.
    """
    named = {family.name: family for family in FAMILIES}
    lists, of_file = dict[str, tuple[str, ...]](), dict[str, str]()
    for one in manifest["artifacts"]:
        output = one.get("output") or one["files"][0]["path"]
        lists[output] = tuple(one["holds"].partition("/")[0].split("+"))
        of_file |= {file["path"]: output for file in one["files"]}
    found: dict[str, Loss] = {}
    for harm in manifest["harms"]:
        for output in {of_file[path] for path in harm["files"]}:
            known = found.get(output, Loss(lists[output], {}, {}))
            added = _summed(known.added, named, harm["added"], "delegated")
            removed = _summed(known.removed, named, harm["lost"], "addresses")
            found[output] = Loss(known.lists, added, removed)
    return found


def _summed(
    known: Entries, named: Mapping[str, Family], hits: Iterable[Mapping[str, Any]], key: str
) -> Entries:
    counts = dict(known)
    for hit in hits:
        family = named[hit["family"]]
        counts[family] = counts.get(family, 0) + int(hit[key])
    return counts


def compare(folder: "Path", live: str, day: ProjectDay, build: "Build") -> Comparison:
    """Return what publishing `build` would change, judged by the guard of its policy.

    Args:
        folder: The published folder.
        live: The generation it shows.

    Raises:
        OutputError: What was recorded of that generation is missing or was changed.
    """
    guard, after = day.resolved.policy.guard, state_of(day, build)
    digest = change_digest(live, digest_of(build.files))
    generation = _recorded(folder, live)
    if generation is None or generation.record.sample:
        refusals = () if day.options.sample else first_build(guard)
        return Comparison(live, None, after, None, refusals, digest)
    before = state_of_generation(generation, after)
    found = change(before, _quick_steps(generation, day, after))
    if any(one.removed or one.moved for one in found.lists) and _other_registries(generation, day):
        before = replace(before, **countries_then(generation, day.project))
        found = change(before, _quick_steps(generation, day, after))
    then, now = (
        losses_of(json.loads(one)) for one in (_manifest_of(generation), build.files[MANIFEST])
    )
    back = day.resolved.moment < generation.record.moment
    refusals = judge(found, before, after, guard, back=back)
    refusals += judge_losses(then, now, found, (before, after), guard, back=back)
    if refusals:
        found = change(before, causes(generation, day, after))
    return Comparison(live, before, after, found, refusals, digest)


def publish_guarded(
    day: ProjectDay, build: "Build", folder: "Path", approval: Approval | None = None
) -> tuple[Published, Comparison | None]:
    """Publish a build if the guard lets it pass or somebody approved it, with its record.

    Returns:
        What is shown now, and what changed by that; None if nothing did.

    Raises:
        NotApproved: It needs approval. Nothing was published.
        OutputError: See `publish`.
    """
    found: list[Comparison] = []

    def judged(live: str) -> list[tuple[str, Facts]]:
        comparison = compare(folder, live, day, build)
        found.append(comparison)
        if not comparison.refusals:
            return []
        if not (approval and approval.is_for(comparison.digest)):
            raise NotApproved(comparison, approval)
        said = {"by": approval.by, "reason": approval.reason}
        return [(APPROVED, {**facts_of(comparison), **said})]

    try:
        published = publish_day(day, build, folder, judge=judged)
    except NotApproved as refused:
        facts, now = facts_of(refused.comparison), datetime.now(UTC)
        append_event(folder, REFUSED, facts, now, day.history_file)
        raise
    return published, next(iter(found), None)


def facts_of(comparison: Comparison) -> Facts:
    """Return what the history says of a change that was refused, or approved."""
    return {
        "digest": comparison.digest,
        "before": comparison.live,
        "refusals": [refusal_facts(one) for one in comparison.refusals],
    }


def refusal_facts(one: Refusal) -> Facts:
    """Return a refusal as the history and reports have it; a limit is as the policy says it."""
    number = isinstance(one.limit, int)
    return {
        "rule": one.rule,
        "kind": one.kind,
        "list": one.list or None,
        "country": one.country or None,
        "family": one.family.name if one.family else None,
        "addresses": str(one.addresses),
        "whole": str(one.whole),
        "limit": one.limit if number else f"{float(one.limit * 100):g}%",
        "key": one.key,
        "output": one.output or None,
    }


def _recorded(folder: "Path", live: str) -> Generation | None:
    """Return the record of the generation that is shown, None if it has none."""
    from blockc.publish.place import PublishFolder

    known = live and PublishFolder.of(folder).is_recorded(live)
    return read_generation(folder, live) if known else None


def _other_registries(generation: Generation, day: ProjectDay) -> bool:
    then = {one.name: one.digest for one in generation.record.sources}
    return any(then.get(one.origin.name) != one.origin.digest for one in day.found)


def countries_then(generation: Generation, project: Project) -> dict[str, Any]:
    """Return the map of countries and the records that a generation was made with, if possible."""
    with suppress(BlockcError):
        past = RecordedProject.of(generation, project)
        day = past.on(past.options(), registries=bool(generation.record.sources))
        return {"countries": countries_of(day.world), "records": day.records}
    return {}


def _quick_steps(generation: Generation, day: ProjectDay, after: PolicyState) -> list[Step]:
    """Return the steps to `after` that the guard tells apart: what a date does, and the rest."""
    then = _at_moment_of(generation, day)
    if then is None:
        return [Step(Cause.UNKNOWN, after)]
    return [Step(Cause.UNKNOWN, replace(after, lists=lists_of(then))), Step(Cause.DATE, after)]


def _at_moment_of(generation: Generation, day: ProjectDay) -> Resolved | None:
    """Return what the policy of today meant at the moment of a generation; None: the same."""
    then, now = sorted((generation.record.moment, day.resolved.moment))
    if not any(one.begin <= now for one in coming_changes(day.resolved.policy, then, None)):
        return None
    options = _at(day.options, generation)
    return day.project.on(options).resolved


def _at(options: "InputOptions", generation: Generation) -> "InputOptions":
    return replace(options, as_of=None, at=generation.record.moment, allow_expired=True)


def causes(generation: Generation, day: ProjectDay, after: PolicyState) -> list[Step]:
    """Return the steps from a generation to `after`: version, data, policy and date.

    Where the older state cannot be made again, `unknown` and the date.
    """
    steps = _quick_steps(generation, day, after)
    try:
        past = RecordedProject.of(generation, day.project)
        again = past.on(past.options())
        newer = replace(past, other_lock=day.project.lock_path, own_sources=False)
        data = newer.on(_at(day.options, generation))
    except BlockcError:
        return _named(steps, generation, day)
    between = [
        Step(Cause.VERSION, replace(after, lists=lists_of(again.resolved))),
        Step(Cause.DATA, replace(after, lists=lists_of(data.resolved))),
        Step(Cause.POLICY, steps[0].state),
    ]
    return [*between, *steps[1:]]


def _named(steps: list[Step], generation: Generation, day: ProjectDay) -> list[Step]:
    """Return steps whose first cause is named if only one thing can have been it."""
    record = generation.record
    policy = record.policy_digest == day.reader.digest()
    then = {one.name: one.digest for one in record.sources}
    data = then == {one.name: one.digest for one in day.origins}
    if record.blockc != __version__ or policy == data:
        return steps
    cause = Cause.DATA if policy else Cause.POLICY
    return [Step(cause, steps[0].state), *steps[1:]]
