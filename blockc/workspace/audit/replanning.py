"""Plans of a recorded generation, made again from the decisions and names that were kept."""

import json

from blockc.keys.key_plan import SCHEMA, manifest_of, named_plan, planned
from blockc.keys.key_table import KeyRow, decided_keys
from blockc.policy.meaning.schedule import schedule_at
from blockc.publish.record import Generation
from blockc.vocabulary import MANIFEST
from blockc.workspace.audit.revoking import key_templates, rows_of
from blockc.workspace.project import Project
from blockc.workspace.recorded import RecordedProject


def holds_plans(generation: Generation) -> bool:
    """Return whether a generation holds plans that revoke keys, and not artifacts of a build."""
    manifest = json.loads(generation.object(generation.record.manifest))
    return bool(manifest["schema"] == SCHEMA)


def replanned(generation: Generation, project: Project) -> dict[str, bytes]:
    """Return the files of a generation, from its policy and decisions and the names it has.

    Names are those of the manifest, since the files that had them may hold secrets.

    Raises:
        BlockcError: As `plan_keys`.
    """
    past = RecordedProject.of(generation, project)
    reader = past.reader()
    policy = past.policy(reader)
    manifest = json.loads(generation.object(generation.record.manifest))
    reports = {one["path"]: one for one in manifest["artifacts"]}
    is_secret, templates, plans = policy.audit.key_is != "id", key_templates(), []
    for one in policy.revokes:
        report = reports[one.path]
        rows = rows_of(one, "keys", one.keys, reader, ("key", "proposal"))
        decided = decided_keys(rows, one.rule, is_secret=is_secret)
        names = {
            key["key"]: KeyRow({"key": key["key"], **key["name"]}, MANIFEST, 0)
            for key in report["keys"]
        }
        keys = named_plan(one, decided, names, None)
        listed = policy.list_of(one.list)
        schedule = schedule_at(listed.stages, generation.record.moment)
        plans.append(planned(one, listed, schedule, keys, report["known"], templates))
    files = {one.revoke.path: one.text for one in plans}
    return files | {MANIFEST: manifest_of(plans)}
