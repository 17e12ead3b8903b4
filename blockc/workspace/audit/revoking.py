"""Plans that revoke keys: judged, published with their history, and looked back at.

Plans are published into a folder of their own, as generations with a history: a table of keys that
cannot be read must not keep addresses from being published, and the other way round.
"""

import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from blockc import __version__
from blockc.changes.guard import Approval, change_digest
from blockc.errors import (
    BlockcError,
    Location,
    Mistakes,
    OutputError,
    PolicyError,
    UnsafeChange,
    counted,
)
from blockc.fetch.store.blobs import sha256_of
from blockc.keys.key_guard import KeyRefusal, judge_keys
from blockc.keys.key_plan import KeyPlan, settled_target
from blockc.keys.key_registry import KEY_TARGETS
from blockc.keys.key_table import RESTORE, REVOKE
from blockc.policy.model import Revoke
from blockc.publish.generations import Making, Published, append_event, digest_of, publish
from blockc.publish.history import APPROVED, REFUSED, Facts, History, read_history
from blockc.publish.past import told
from blockc.publish.place import PublishFolder
from blockc.publish.record import SCHEMA as RECORD
from blockc.publish.record import Record, RecordedFile, RecordedProof, Recording
from blockc.values import Value, line_bytes
from blockc.vocabulary import KEY_PLANS, MANIFEST
from blockc.workspace.audit.planning import KeyDay

KEYS_REVOKED, KEYS_RESTORED = "keys-revoked", "keys-restored"


class KeyComparison(Value, eq=False):
    """What publishing plans would change.

    Attributes:
        live: The generation that is shown; empty if none is.
        digest: What `--accept` must say to publish exactly this.
        events: What the history will say: keys revoked and restored for the first time.
    """

    live: str
    digest: str
    refusals: tuple[KeyRefusal, ...]
    events: tuple[tuple[str, Facts], ...]


class KeysNotApproved(UnsafeChange):
    """The guard refuses plans, and nobody approved them."""

    def __init__(self, comparison: KeyComparison, approval: Approval | None) -> None:
        super().__init__(f"the guard refuses change {comparison.digest}")
        self.comparison, self.approval = comparison, approval


class RevokedKey(Value):
    """A key that a plan of the past revokes, since when, and how the gateway calls it."""

    key: str
    name: Mapping[str, str]
    at: datetime

    @property
    def at_gateway(self) -> tuple[str, ...]:
        """Return the key and its name, which are one thing to be given back."""
        return (self.key, *self.name.values())


class PlanPlace(Value):
    """Which plan it is: its file, and the gateway that it is for. Another gateway knows nothing."""

    path: str
    target: str
    gateway: str

    @classmethod
    def of(cls, path: str, target: str, gateway: Mapping[str, object]) -> Self:
        """Return that of a plan; `gateway` are the options that say which one it is."""
        return cls(path, target, line_bytes(gateway).decode())

    @classmethod
    def of_revoke(cls, revoke: Revoke) -> Self:
        """Return that of a plan that the policy has."""
        target, options = settled_target(revoke)
        return cls.of(revoke.path, target.name, target.gateway(options))

    def is_of_one_gateway(self, other: "PlanPlace") -> bool:
        """Return whether two plans, maybe of two paths, are for one gateway.

        Of targets whose plans say the list of each key, each path is a place of its own.
        """
        known = KEY_TARGETS.get(self.target)
        same = (self.target, self.gateway) == (other.target, other.gateway)
        return self == other or (same and known is not None and not known.of_list)


Past = dict[PlanPlace, dict[tuple[str, ...], RevokedKey]]


class PastKeys(Value):
    """What plans did so far, by plan, key and name: what is revoked, and what was given back.

    A key that got another name at the gateway is another one: the old name is still revoked.
    """

    revoked: Past
    restored: Past


def past_keys(past: History) -> PastKeys:
    """Return what the plans of a folder did so far; what was rolled back may have been done."""
    found = PastKeys({}, {})
    for event, facts in told(past):
        if event.event not in (KEYS_REVOKED, KEYS_RESTORED):
            continue
        gone, back = (found.revoked, found.restored)
        into, out = (gone, back) if event.event == KEYS_REVOKED else (back, gone)
        place = PlanPlace.of(facts["path"], facts["target"], facts.get("gateway", {}))
        for one in facts["keys"]:
            key = RevokedKey(one["key"], one["name"], event.at)
            into.setdefault(place, {})[key.at_gateway] = key
            for other, keys in out.items():
                if other.is_of_one_gateway(place):
                    keys.pop(key.at_gateway, None)
    return found


def forgotten_keys(day: KeyDay, folder: Path) -> Iterator[str]:
    """Yield what to warn of: keys that plans revoked, and about which nobody decides any more."""
    shown = PublishFolder.of(folder)
    past = past_keys(read_history(shown.inside, shown.live()))
    plans = {PlanPlace.of_revoke(one.revoke): one for one in day.plans}
    for place, keys in past.revoked.items():
        if place in plans:
            decided = {(one.key, *one.name) for one in plans[place].keys}
            why = "nobody decides any more, by the names they had, about"
        else:
            decided = _of_gateway(plans, place)
            why = "the policy has no such plan for this gateway any more, which revoked"
        left = len(keys.keys() - decided)
        if left:
            said = f"{counted(left, 'key')}; what was revoked stays so; `blockc unrevoke` lists it"
            yield f"{place.path}: {why} {said}"


def _of_gateway(plans: Mapping[PlanPlace, KeyPlan], place: PlanPlace) -> set[tuple[str, ...]]:
    """Return the keys that the plans decide of one gateway."""
    same = (plan for one, plan in plans.items() if one.is_of_one_gateway(place))
    return {(key.key, *key.name) for plan in same for key in plan.keys}


def compare_keys(folder: Path, live: str, day: KeyDay) -> KeyComparison:
    """Return what publishing the plans of a day would change, judged by their limits.

    Raises:
        Mistakes: A key is to be given back that no plan revoked.
        OutputError: The folder cannot be read, or shows what a build published.
    """
    place = PublishFolder.of(folder)
    past = past_keys(read_history(place.inside, live))
    before: Mapping[str, Any] = {}
    if live:
        before = json.loads((place.inside / live / MANIFEST).read_bytes())
        if before["schema"] != KEY_PLANS:
            said, hint = "this folder holds what `blockc build` published", "name another with -o"
            raise OutputError(said, at=Location(str(folder)), hint=hint)
    events, mistakes = list[tuple[str, Facts]](), list[BlockcError]()
    for plan in day.plans:
        mistakes += _never_revoked(plan, past)
        events += _events(plan, past)
    if mistakes:
        raise Mistakes(mistakes)
    digest = change_digest(live, digest_of(day.files))
    return KeyComparison(live, digest, tuple(judge_keys(day.plans, before)), tuple(events))


def _never_revoked(plan: KeyPlan, past: PastKeys) -> Iterator[PolicyError]:
    path, place = plan.revoke.path, PlanPlace.of_revoke(plan.revoke)
    known = past.revoked.get(place, {}).keys() | past.restored.get(place, {}).keys()
    for one in plan.keys:
        if one.action == RESTORE and (one.key, *one.name) not in known:
            name = " ".join(one.name)
            said = f"key {one.key} is to be restored as {name}, and no plan of {path} revoked that"
            hint = "who disabled it otherwise must decide that; write keep into its row"
            yield PolicyError(said, at=Location(plan.revoke.keys), hint=hint)


def _events(plan: KeyPlan, past: PastKeys) -> Iterator[tuple[str, Facts]]:
    """Yield what a plan revokes and restores that no plan did before it."""
    columns = [one.column for one in plan.target.parts_of(plan.options)]
    path, place = plan.revoke.path, PlanPlace.of_revoke(plan.revoke)
    gateway = plan.target.gateway(plan.options)
    report = {"list": plan.revoke.list, "target": plan.target.name, "gateway": gateway}
    for action, kind, done in (
        (REVOKE, KEYS_REVOKED, past.revoked), (RESTORE, KEYS_RESTORED, past.restored),
    ):  # fmt: skip
        known = done.get(place, {})
        fresh = [
            {"key": one.key, "name": dict(zip(columns, one.name, strict=True))}
            for one in plan.now
            if one.action == action and (one.key, *one.name) not in known
        ]
        if fresh:
            yield kind, {"path": path, **report, "keys": fresh}


def publish_keys(
    day: KeyDay, folder: Path, now: datetime, approval: Approval | None = None
) -> tuple[Published, KeyComparison | None]:
    """Publish plans if their limits let them pass or somebody approved them, with their record.

    Returns:
        What is shown now, and what changed by that; None if nothing did.

    Raises:
        KeysNotApproved: It needs approval. Nothing was published.
        Mistakes, OutputError: See `compare_keys` and `publish`.
    """
    found: list[KeyComparison] = []

    def judged(live: str) -> list[tuple[str, Facts]]:
        comparison = compare_keys(folder, live, day)
        found.append(comparison)
        if not comparison.refusals:
            return [*comparison.events]
        if not (approval and approval.is_for(comparison.digest)):
            raise KeysNotApproved(comparison, approval)
        said = {"by": approval.by, "reason": approval.reason}
        return [(APPROVED, {**refused_facts(comparison), **said}), *comparison.events]

    making = Making(recording=_recording(day), now=now, keep=day.policy.keep, judge=judged)
    try:
        published = publish(folder, day.files, making)
    except KeysNotApproved as refused:
        append_event(folder, REFUSED, refused_facts(refused.comparison), now)
        raise
    return published, next(iter(found), None)


def refused_facts(comparison: KeyComparison) -> Facts:
    """Return what the history says of plans that were refused, or approved."""
    return {
        "digest": comparison.digest,
        "before": comparison.live,
        "refusals": [one.facts() for one in comparison.refusals],
    }


def _recording(day: KeyDay) -> Recording:
    """Return what plans were made from. Names stand in the manifest, and owners nowhere."""
    reader, objects = day.reader, dict[str, bytes]()

    def kept(data: bytes) -> str:
        objects[sha256_of(data)] = data
        return sha256_of(data)

    record = Record(
        schema=RECORD,
        blockc=__version__,
        moment=day.moment.astimezone(UTC),
        sample=False,
        folder="",
        allow_expired=False,
        policy=reader.name_of(str(reader.policy)),
        policy_digest=reader.digest(),
        files=tuple(
            RecordedFile(
                reader.name_of(path),
                kept(reader.contents[path]),
                path if os.path.isabs(path) else "",  # noqa: PTH117  a text
            )
            for path in sorted(reader.digests, key=reader.name_of)
        ),
        lock="",
        manifest=kept(day.files[MANIFEST]),
        registries=(),
        sources=(),
        lists=(),
        exceptions=(),
        protected={},
        proof=RecordedProof(len(day.plans), len(day.plans), {}),
    )
    return Recording(record, objects)
