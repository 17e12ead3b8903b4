"""The plan of one `[[revoke]]`: who was decided, what is due, the text, and its proof.

A key stands in the text from the day on which its list blocks; a key that is restored stands there
at once. The manifest has all keys that were decided, so that a plan is approved when it is made and
not in the night in which it is due.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from blockc import __version__
from blockc.errors import BlockcError, PolicyError
from blockc.keys.key_registry import KEY_TARGETS
from blockc.keys.key_table import (
    RESTORE,
    REVOKE,
    DecidedKey,
    KeyRow,
    require_no_mistakes,
)
from blockc.keys.key_target import KeyTarget, OptionValues, PlannedKey, key_context, prove_keys
from blockc.policy.meaning.schedule import Schedule
from blockc.policy.model import List, Revoke
from blockc.targets.core.render import fill
from blockc.targets.syntax.tokens import Text
from blockc.values import Value, json_bytes, replace
from blockc.vocabulary import KEY_PLANS

DONE = {REVOKE: "revoked", RESTORE: "restored"}
Names = Mapping[str, KeyRow]
Pseudonym = Callable[[str], str]


class KeyPlan(Value, kw_only=True, eq=False):
    """A plan for one gateway.

    Attributes:
        keys: Every key that was decided, in order of key.
        known: How many keys are known: those of the table and those that have a name.
        decisions: How many rows of the table say what; nothing of a plan that is made again.
        schedule: The stage of the list in force, and the next one.
        begins: From when the list blocks, as the policy has it; nothing: always.
        text: The file.
    """

    revoke: Revoke
    target: KeyTarget
    options: OptionValues
    keys: tuple[PlannedKey, ...]
    known: int
    schedule: Schedule
    begins: str
    text: bytes = b""
    decisions: Mapping[str, int] = {}

    @property
    def is_due(self) -> bool:
        """Return whether the list blocks, so that keys are revoked."""
        return self.schedule.action == "block"

    @property
    def now(self) -> tuple[PlannedKey, ...]:
        """Return the keys that stand in the text."""
        return tuple(one for one in self.keys if self.is_due or one.action == RESTORE)

    @property
    def distinct(self) -> tuple[PlannedKey, ...]:
        """Return the same, each name once: keys of one app are revoked together."""
        return tuple({one.name: one for one in self.now}.values())

    def report(self) -> dict[str, Any]:
        """Return what the manifest says of it; nothing in it changes from day to day by itself."""
        columns = [one.column for one in self.target.parts_of(self.options)]
        digest = hashlib.sha256(self.text).hexdigest()
        return {
            "path": self.revoke.path,
            "target": self.target.name,
            "list": self.revoke.list,
            "options": dict(self.options),
            "from": self.begins or None,
            "due": self.is_due,
            "known": self.known,
            "keys": [
                {
                    "key": one.key,
                    "action": one.action,
                    "name": dict(zip(columns, one.name, strict=True)),
                }
                for one in self.keys
            ],
            "files": [
                {"path": self.revoke.path, "sha256": digest, "bytes": len(self.text)},
            ],
        }


def manifest_of(plans: Sequence[KeyPlan]) -> bytes:
    """Return the manifest of a generation of plans."""
    artifacts = [one.report() for one in plans]
    return json_bytes({"schema": KEY_PLANS, "blockc": __version__, "artifacts": artifacts})


def settled_target(revoke: Revoke) -> tuple[KeyTarget, OptionValues]:
    """Return the target of a plan, and a value for each of its options.

    Raises:
        PolicyError, Mistakes: An option is missing or refused.
    """
    target = KEY_TARGETS[revoke.target]
    try:
        options = target.settle(revoke.options, revoke.list)
        wrong = target.conflict(options)
    except PolicyError as reason:
        at = revoke.place.location()
        raise PolicyError(reason.message, at=at, hint=reason.hint) from None
    if wrong:
        raise PolicyError(f"{target.name}: {wrong}", at=revoke.place.location())
    return target, options


def named_plan(
    revoke: Revoke,
    decided: Sequence[DecidedKey],
    names: Names | None,
    pseudonym_of: Pseudonym | None,
) -> tuple[PlannedKey, ...]:
    """Return what was decided with the names that the gateway has for it, in order of key.

    Args:
        names: Key -> the row that names it; None: a key is its own name.
        pseudonym_of: Returns the HMAC of a text, where keys are secret and the secret is known.

    Raises:
        Mistakes: All keys that cannot be named, or restored, or share a name with another one.
    """
    target, options = settled_target(revoke)
    found, mistakes = list[PlannedKey](), list[BlockcError]()
    for one in decided:
        try:
            found.append(_named(revoke, target, options, one, names, pseudonym_of))
        except PolicyError as reason:
            mistakes.append(reason)
    mistakes += _shared_names(found, decided, names, target, options)
    require_no_mistakes(mistakes)
    return tuple(sorted(found, key=lambda one: one.key))


def _named(
    revoke: Revoke,
    target: KeyTarget,
    options: OptionValues,
    one: DecidedKey,
    names: Names | None,
    pseudonym_of: Pseudonym | None,
) -> PlannedKey:
    if one.action == RESTORE and not target.restores(options):
        said = f"{target.name} cannot give a key back"
        raise one.row.error(said, "take the row out, and give its owner a new key")
    row = names.get(one.key, None) if names is not None else one.row
    if row is None:
        said = f"key {one.key} has no name for {target.name}"
        columns = ", ".join(("key", *(part.column for part in target.parts_of(options))))
        hint = f"add a row with {columns} to {revoke.names or 'the file of owners'}"
        raise one.row.error(said, hint)
    name = []
    for part in target.parts_of(options):
        text = row.cells[part.column if names is not None else "key"]
        if not part.fits(text):
            said = f"this row's {part.column if names is not None else 'key'} cannot name a key"
            raise row.error(f"{said} to {target.name}", f"expected {part.expects}")
        if pseudonym_of and pseudonym_of(text) == one.key:
            hint = "write the id by which the gateway knows the key"
            raise row.error("the key is named by itself, and it is a secret", hint)
        name.append(text)
    return PlannedKey(one.key, one.action, tuple(name))


def _shared_names(
    found: Sequence[PlannedKey],
    decided: Sequence[DecidedKey],
    names: Names | None,
    target: KeyTarget,
    options: OptionValues,
) -> Iterator[PolicyError]:
    """Yield errors about names by which more would be hit than what was decided."""
    rows = {one.key: one.row for one in decided}
    wanted = {one.name: one for one in found}
    for one in found:
        if wanted[one.name].action != one.action:
            said = "another key with the same name at the gateway has another decision"
            yield rows[one.key].error(said)
    for key, row in names.items() if names is not None else ():
        name = tuple(row.cells[part.column] for part in target.parts_of(options))
        if key not in rows and name in wanted:
            other = wanted[name]
            done = DONE[other.action]
            said = f"this row's key has the name of key {other.key}, which is to be {done}"
            hint = "decide both alike, or name the keys apart"
            yield row.error(said, hint)


def planned(
    revoke: Revoke,
    listed: List,
    schedule: Schedule,
    keys: tuple[PlannedKey, ...],
    known: int,
    templates: Mapping[str, Text],
) -> KeyPlan:
    """Return the plan of keys at a moment, its text written and proved.

    Args:
        schedule: Of the list at the moment.
        known: How many keys are known.
        templates: The text of each template in `templates/keys/`.

    Raises:
        Unproved: The text does not say what was decided.
    """
    target, options = settled_target(revoke)
    block = next((one for one in listed.stages if one.action == "block"), None)
    plan = KeyPlan(
        revoke=revoke,
        target=target,
        options=options,
        keys=keys,
        known=known,
        schedule=schedule,
        begins=str(block.start) if block else "",
    )
    values = key_context(target, revoke.list, options, plan.distinct)
    text = Text(revoke.path, fill(templates[target.template], values))
    prove_keys(target, text, revoke.list, options, plan.distinct)
    return replace(plan, text=text.text.encode())
