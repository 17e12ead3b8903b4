"""Plans that revoke keys: made from a policy and its tables, judged, published and looked back at.

Plans are published into a folder of their own, as generations with a history: a table of keys that
cannot be read must not keep addresses from being published, and the other way round.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from blockc import __version__
from blockc.audit.pseudonyms import pseudonym
from blockc.changes.guard import Approval, change_digest
from blockc.errors import (
    BlockcError,
    Location,
    Mistakes,
    PolicyError,
    UnsafeChange,
    UsageError,
    os_reason,
)
from blockc.fetch.store.blobs import sha256_of
from blockc.keys.key_guard import KeyRefusal, judge_keys
from blockc.keys.key_plan import KeyPlan, manifest_of, named_plan, planned, settled_target
from blockc.keys.key_table import (
    PSEUDONYM,
    RESTORE,
    REVOKE,
    KeyRow,
    decided_keys,
    named_keys,
    read_key_rows,
)
from blockc.policy.meaning.schedule import schedule_at
from blockc.policy.model import Audit, Policy, Revoke
from blockc.publish.generations import Making, Published, append_event, digest_of, publish
from blockc.publish.history import APPROVED, REFUSED, Facts, History, read_history
from blockc.publish.past import told
from blockc.publish.place import PublishFolder
from blockc.publish.record import SCHEMA as RECORD
from blockc.publish.record import Record, RecordedFile, RecordedProof, Recording
from blockc.resources import templates_dir
from blockc.targets.syntax.tokens import Text
from blockc.values import Value
from blockc.vocabulary import MANIFEST
from blockc.workspace.file_reader import FileReader
from blockc.workspace.project import Project

KEYS_REVOKED, KEYS_RESTORED = "keys-revoked", "keys-restored"
_SHORTEST_SECRET = 16


class KeyDay(Value, kw_only=True, eq=False):
    """The plans of a policy at a moment, and what they were made from."""

    policy: Policy
    reader: FileReader
    moment: datetime
    plans: tuple[KeyPlan, ...]

    @property
    def files(self) -> dict[str, bytes]:
        """Return path -> bytes of every plan and of the manifest."""
        files = {one.revoke.path: one.text for one in self.plans}
        return files | {MANIFEST: manifest_of(self.plans)}


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


Past = dict[str, dict[tuple[str, ...], RevokedKey]]


class PastKeys(Value):
    """What plans did so far, by path, key and name: what is revoked, and what was given back.

    A key that got another name at the gateway is another one: the old name is still revoked.
    """

    revoked: Past
    restored: Past


def key_templates() -> dict[str, Text]:
    """Return the templates of keys by file name."""
    found = sorted((templates_dir() / "keys").glob("*.j2"))
    return {path.name: Text(path.name, path.read_text(encoding="utf-8")) for path in found}


def plan_keys(project: Project, moment: datetime) -> KeyDay:
    """Return the plans of a policy at a moment, each written and proved.

    Raises:
        UsageError: The policy cannot be read, or has no [[revoke]].
        Mistakes: Everything that is wrong with the policy, or with its tables of keys.
        Unproved: A plan does not say what was decided.
    """
    reader = project.reader()
    policy = project.policy(reader)
    if not policy.revokes:
        hint = "docs/revoke.md shows how one is written"
        raise UsageError(f"{project.file} has no [[revoke]]", hint=hint)
    plans, mistakes, templates = list[KeyPlan](), list[BlockcError](), key_templates()
    for one in policy.revokes:
        try:
            keys, known = _decided(one, policy.audit, reader, project.file.parent)
            listed = policy.list_of(one.list)
            schedule = schedule_at(listed.stages, moment)
            plans.append(planned(one, listed, schedule, keys, known, templates))
        except Mistakes as several:
            mistakes += several.errors
        except PolicyError as mistake:
            mistakes.append(mistake)
    mistakes += _shared_tables(plans)
    if mistakes:
        raise Mistakes(mistakes)
    return KeyDay(policy=policy, reader=reader, moment=moment, plans=tuple(plans))


def _shared_tables(plans: Sequence[KeyPlan]) -> Iterator[PolicyError]:
    """Yield errors about plans of which each would empty what another one fills."""
    seen = dict[tuple[object, ...], KeyPlan]()
    for one in plans:
        if "table" in one.options:
            place = one.revoke.list, one.options["table"]
            other = seen.setdefault(place, one)
            if other is not one:
                said = f"{other.revoke.path} fills the same table with keys of this list"
                yield PolicyError(said, at=one.revoke.place.location(), hint="set table")


def _decided(
    revoke: Revoke, rules: Audit, reader: FileReader, beside: Path
) -> tuple[tuple[Any, ...], int]:
    """Return the keys of a plan with their names, and how many keys are known."""
    is_secret = rules.key_is != "id"
    rows = rows_of(revoke, "keys", revoke.keys, reader, ("key", "proposal"))
    decided = decided_keys(rows, revoke.rule, is_secret=is_secret)
    names = _names(revoke, rules, reader, beside)
    secret = os.environ.get(rules.secret_env, "").encode() if is_secret else b""
    pseudonym_of = key_pseudonym(secret) if secret else None
    keys = named_plan(revoke, decided, names, pseudonym_of)
    return keys, len({one.key for one in rows} | set(names or ()))


def key_pseudonym(secret: bytes) -> Callable[[str], str]:
    """Return the function from a key to its HMAC."""
    return lambda text: pseudonym(text.encode(), secret)


def rows_of(
    revoke: Revoke, key: str, path: str, reader: FileReader, columns: Sequence[str]
) -> list[KeyRow]:
    """Return the rows of a table of keys. Only decisions are remembered: names may be secrets.

    Args:
        key: `keys` or `names`, the key of the policy that says the path.
        columns: Those that it must have.

    Raises:
        PolicyError: It cannot be read, or is not such a table.
    """
    try:
        data = reader(path) if key == "keys" else reader.read(path)
    except OSError as reason:
        said, at = f"cannot read {path}: {os_reason(reason)}", (revoke.place / key).location()
        hint = "`blockc audit LOG... -o DIR` writes DIR/keys.csv: look through it and copy it here"
        raise PolicyError(said, at=at, hint=hint if key == "keys" else "") from None
    return read_key_rows(path, data, columns)


def _names(
    revoke: Revoke, rules: Audit, reader: FileReader, beside: Path
) -> dict[str, KeyRow] | None:
    """Return key -> the row that names it to the gateway; None where a key is its own name."""
    target, options = settled_target(revoke)
    columns = [part.column for part in target.parts_of(options)]
    path = revoke.names or (str(beside / rules.owners) if rules.owners else "")
    rows = rows_of(revoke, "names", path, reader, ("key",)) if path else []
    lacking = sorted(set(columns) - rows[0].cells.keys()) if rows else columns
    if not lacking:
        is_secret = rules.key_is != "id"
        hashing = hashing_of(rules, rows, path)
        return _unique(named_keys(rows, columns, hashing, is_secret=is_secret))
    if revoke.names or rules.key_is != "id" or len(columns) > 1:
        words = ", ".join(("key", *columns))
        said = f"nothing says what {target.name} calls each key"
        if path:
            said += f": {path} has no column {', '.join(lacking)}"
        hint = f"name a CSV file with the columns {words} in names"
        raise PolicyError(said, at=revoke.place.location(), hint=hint)
    return None


def hashing_of(rules: Audit, rows: Sequence[KeyRow], path: str) -> Callable[[str], str]:
    """Return the function from a key to its HMAC, which rows need where they hold secret keys.

    Raises:
        UsageError: They do, and the secret of the HMAC is not in the environment, or short.
    """
    if rules.key_is == "id" or all(PSEUDONYM.fullmatch(one.key) for one in rows):
        return str
    secret = os.environ.get(rules.secret_env, "")
    if len(secret) < _SHORTEST_SECRET:
        said = f"holds keys themselves, and {rules.secret_env} is not set or short"
        hint = "set it to what it was for the audit, or write the HMACs of the audit in their place"
        raise UsageError(said, at=Location(path), hint=hint)
    return key_pseudonym(secret.encode())


def _unique(named: Iterator[tuple[str, KeyRow]]) -> dict[str, KeyRow]:
    found = dict[str, KeyRow]()
    for key, row in named:
        if key in found:
            raise row.error(f"this key is also in line {found[key].line}", "leave one of them")
        found[key] = row
    return found


def past_keys(past: History) -> PastKeys:
    """Return what the plans of a folder did so far; what was rolled back may have been done."""
    found = PastKeys({}, {})
    for event, facts in told(past):
        if event.event not in (KEYS_REVOKED, KEYS_RESTORED):
            continue
        gone, back = (found.revoked, found.restored)
        into, out = (gone, back) if event.event == KEYS_REVOKED else (back, gone)
        for one in facts["keys"]:
            key = RevokedKey(one["key"], one["name"], event.at)
            into.setdefault(facts["path"], {})[key.at_gateway] = key
            out.get(facts["path"], {}).pop(key.at_gateway, None)
    return found


def forgotten_keys(day: KeyDay, folder: Path) -> Iterator[str]:
    """Yield what to warn of: keys that plans revoked, and about which nobody decides any more."""
    place = PublishFolder.of(folder)
    past = past_keys(read_history(place.inside, place.live()))
    for plan in day.plans:
        decided = {(one.key, *one.name) for one in plan.keys}
        left = past.revoked.get(plan.revoke.path, {}).keys() - decided
        if left:
            yield (
                f"{plan.revoke.path}: nothing is decided any more about {len(left)} of the keys "
                "that earlier plans revoked, and they stay so; `blockc unrevoke` lists them"
            )


def compare_keys(folder: Path, live: str, day: KeyDay) -> KeyComparison:
    """Return what publishing the plans of a day would change, judged by their limits.

    Raises:
        Mistakes: A key is to be given back that no plan revoked.
        OutputError: The folder cannot be read.
    """
    place = PublishFolder.of(folder)
    past = past_keys(read_history(place.inside, live))
    before: Mapping[str, Any] = {}
    if live:
        before = json.loads((place.inside / live / MANIFEST).read_bytes())
    events, mistakes = list[tuple[str, Facts]](), list[BlockcError]()
    for plan in day.plans:
        mistakes += _never_revoked(plan, past)
        events += _events(plan, past)
    if mistakes:
        raise Mistakes(mistakes)
    digest = change_digest(live, digest_of(day.files))
    return KeyComparison(live, digest, tuple(judge_keys(day.plans, before)), tuple(events))


def _never_revoked(plan: KeyPlan, past: PastKeys) -> Iterator[PolicyError]:
    path = plan.revoke.path
    known = past.revoked.get(path, {}).keys() | past.restored.get(path, {}).keys()
    for one in plan.keys:
        if one.action == RESTORE and (one.key, *one.name) not in known:
            name = " ".join(one.name)
            said = f"key {one.key} is to be restored as {name}, and no plan of {path} revoked that"
            hint = "who disabled it otherwise must decide that; write keep into its row"
            yield PolicyError(said, at=Location(plan.revoke.keys), hint=hint)


def _events(plan: KeyPlan, past: PastKeys) -> Iterator[tuple[str, Facts]]:
    """Yield what a plan revokes and restores that no plan did before it."""
    columns = [one.column for one in plan.target.parts_of(plan.options)]
    path, report = plan.revoke.path, {"list": plan.revoke.list, "target": plan.target.name}
    for action, kind, done in (
        (REVOKE, KEYS_REVOKED, past.revoked), (RESTORE, KEYS_RESTORED, past.restored),
    ):  # fmt: skip
        known = done.get(path, {})
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
