"""Plans of a recorded generation, made again from the decisions and names that were kept."""

import json
from collections.abc import Iterator
from pathlib import Path

from blockc.errors import BlockcError, Location, OutputError
from blockc.keys.key_plan import KeyPlan, manifest_of, named_plan, planned
from blockc.keys.key_table import KeyRow, decided_keys
from blockc.keys.key_target import prove_keys
from blockc.policy.meaning.schedule import schedule_at
from blockc.publish.generations import files_below
from blockc.publish.record import Generation
from blockc.storage.local import read_local
from blockc.targets.syntax.tokens import Text
from blockc.vocabulary import MANIFEST
from blockc.workspace.audit.planning import key_templates, rows_of
from blockc.workspace.project import Project
from blockc.workspace.recorded import RecordedProject


def replanned(generation: Generation, project: Project) -> dict[str, bytes]:
    """Return the files of a generation, from its policy and decisions and the names it has.

    Raises:
        BlockcError: As `plan_keys`.
    """
    plans = _plans_of(generation, project)
    return {one.revoke.path: one.text for one in plans} | {MANIFEST: manifest_of(plans)}


def verify_plans(folder: Path, generation: Generation, project: Project) -> list[BlockcError]:
    """Return all that is wrong with the plans that a folder shows, each with its place.

    Raises:
        BlockcError: As `plan_keys`.
    """
    root, plans = generation.inside / generation.name, _plans_of(generation, project)
    made = {one.revoke.path: one for one in plans}
    there = {path for path, _ in files_below(str(root))}
    found: list[BlockcError] = []
    for path in sorted(there ^ {*made, MANIFEST}):
        said = "is missing" if path not in there else "was not made"
        found.append(OutputError(said, at=Location(str(folder / path))))
    for path in sorted(there & made.keys()):
        found += _unlike(folder / path, read_local(root / path, None), made[path])
    if MANIFEST in there and read_local(root / MANIFEST, None) != manifest_of(plans):
        found.append(OutputError("is not as it was made", at=Location(str(folder / MANIFEST))))
    return found


def _unlike(path: Path, data: bytes, plan: KeyPlan) -> Iterator[BlockcError]:
    """Yield what a published plan says that was not decided; or that its bytes are others."""
    if data == plan.text:
        return
    try:
        text = Text(str(path), data.decode())
        prove_keys(plan.target, text, plan.revoke.list, plan.options, plan.distinct)
    except (BlockcError, UnicodeDecodeError) as reason:
        yield (
            reason
            if isinstance(reason, BlockcError)
            else OutputError("is not UTF-8 text", at=Location(str(path)))
        )
        return
    yield OutputError("says what was decided, in other bytes", at=Location(str(path)))


def _plans_of(generation: Generation, project: Project) -> list[KeyPlan]:
    """Return the plans of a generation, made again.

    Names are those of the manifest, since the files that had them may hold secrets.
    """
    past = RecordedProject.of(generation, project)
    reader = past.reader()
    policy = past.policy(reader)
    manifest = json.loads(generation.object(generation.record.manifest))
    reports = {one["path"]: one for one in manifest["artifacts"]}
    is_secret, templates = policy.audit.key_is != "id", key_templates()
    plans = list[KeyPlan]()
    for one in policy.revokes:
        report = reports[one.path]
        rows = rows_of(one, "keys", one.keys, reader, ("key", "proposal"))
        decided = decided_keys(rows, one.rule, is_secret=is_secret)
        names = {
            key["key"]: KeyRow(
                ("key", *key["name"]), (key["key"], *key["name"].values()), MANIFEST, 0
            )
            for key in report["keys"]
        }
        keys = named_plan(one, decided, names, None)
        listed = policy.list_of(one.list)
        schedule = schedule_at(listed.stages, generation.record.moment)
        plans.append(planned(one, listed, schedule, keys, report["known"], templates))
    return plans
