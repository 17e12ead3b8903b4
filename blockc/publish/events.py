"""What the history says of a publication: what was made, from what, and what began or ended."""

import hashlib
from collections.abc import Iterator, Mapping

from blockc.publish.history import Facts
from blockc.publish.record import Record, RecordedException, Recording
from blockc.values import json_bytes

STAGE_BEGUN = "stage-begun"
RELOADED, RELOAD_FAILED, DEPLOYED = "reloaded", "reload-failed", "deployed"
EXCEPTION_BEGUN, EXCEPTION_ENDED = "exception-begun", "exception-ended"


def published_facts(files: Mapping[str, bytes], recording: Recording | None) -> Facts:
    """Return what the event of a publication says of its files and of what they were made from."""
    digests = {path: hashlib.sha256(files[path]).hexdigest() for path in sorted(files)}
    if recording is None:
        return {"artifacts": digests}
    made = recording.record
    return {
        "artifacts": digests,
        "record": hashlib.sha256(json_bytes(made)).hexdigest(),
        "blockc": made.blockc,
        "as_of": made.moment,
        "sample": made.sample,
        "policy": made.policy_digest,
        "lock": made.lock,
        "manifest": made.manifest,
        "sources": made.sources,
        "lists": {one.name: {"action": one.action, "since": one.since} for one in made.lists},
        "exceptions": made.exceptions,
        "protected": made.protected,
        "edges": made.edges,
        "proof": made.proof,
    }


def changed_with(before: Record | None, after: Record | None) -> Iterator[tuple[str, Facts]]:
    """Yield the events of stages and exceptions that a change of what is live begins or ends.

    Without a record of what is live afterwards nobody knows; without one before, all begins.
    """
    if after is None:
        return
    old = {one.name: (one.action, one.since) for one in before.lists} if before else {}
    for one in after.lists:
        if old.get(one.name) != (one.action, one.since):
            action = old[one.name][0] if one.name in old else None
            said = {"list": one.name, "action": one.action, "since": one.since}
            yield STAGE_BEGUN, said | {"action_before": action}
    held = before.exceptions if before else ()
    yield from ((EXCEPTION_ENDED, _facts(one)) for one in held if one not in after.exceptions)
    yield from ((EXCEPTION_BEGUN, _facts(one)) for one in after.exceptions if one not in held)


def _facts(one: RecordedException) -> Facts:
    return {
        "list": one.list,
        "select": one.select,
        "owner": one.owner,
        "reason": one.reason,
        "until": one.until,
    }
