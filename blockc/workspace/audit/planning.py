"""Plans that revoke keys, made from a policy, the table of decisions and the names of keys."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from blockc.audit.pseudonyms import SHORTEST_SECRET, pseudonym
from blockc.errors import BlockcError, Location, Mistakes, PolicyError, UsageError, os_reason
from blockc.keys.key_plan import DONE, KeyPlan, manifest_of, named_plan, planned, settled_target
from blockc.keys.key_table import (
    DECISIONS,
    PSEUDONYM,
    KeyRow,
    decided_keys,
    named_keys,
    read_key_rows,
)
from blockc.keys.key_target import PlannedKey
from blockc.policy.meaning.schedule import schedule_at
from blockc.policy.model import Audit, Policy, Revoke
from blockc.resources import templates_dir
from blockc.targets.syntax.tokens import Text
from blockc.values import Value, line_bytes, replace
from blockc.vocabulary import MANIFEST
from blockc.workspace.file_reader import FileReader
from blockc.workspace.project import Project


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
            rows = rows_of(one, "keys", one.keys, reader, ("key", "proposal"))
            keys, known = _decided(one, rows, policy.audit, reader, project.file.parent)
            listed = policy.list_of(one.list)
            schedule = schedule_at(listed.stages, moment)
            plan = planned(one, listed, schedule, keys, known, templates)
            counts = Counter(row.cells["proposal"] for row in rows)
            plans.append(replace(plan, decisions={name: counts[name] for name in DECISIONS}))
        except Mistakes as several:
            mistakes += several.errors
        except PolicyError as mistake:
            mistakes.append(mistake)
    mistakes += [*_shared_tables(plans), *_opposites(plans)]
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


def _opposites(plans: Sequence[KeyPlan]) -> Iterator[PolicyError]:
    """Yield errors about plans of one gateway that say the opposite of one key, due or not."""
    seen = dict[tuple[object, ...], tuple[KeyPlan, str]]()
    for plan in plans:
        place = plan.target.name, line_bytes(plan.options)
        for key in plan.keys if not plan.target.of_list else ():
            other, action = seen.setdefault((*place, key.name), (plan, key.action))
            if action != key.action:
                said = (
                    f"key {key.key} is to be {DONE[key.action]} here, "
                    f"and {DONE[action]} in {other.revoke.path}"
                )
                hint = "decide it alike in both tables; take out a restore that is done"
                yield PolicyError(said, at=plan.revoke.place.location(), hint=hint)
                break


def _decided(
    revoke: Revoke, rows: Sequence[KeyRow], rules: Audit, reader: FileReader, beside: Path
) -> tuple[tuple[PlannedKey, ...], int]:
    """Return the keys of a plan with their names, and how many keys are known."""
    is_secret = rules.key_is != "id"
    _require_names_without_secrets(revoke, is_secret=is_secret)
    decided = decided_keys(rows, revoke.rule, is_secret=is_secret)
    names = _names(revoke, rules, reader, beside)
    secret = os.environ.get(rules.secret_env, "").encode() if is_secret else b""
    pseudonym_of = key_pseudonym(secret) if secret else None
    keys = named_plan(revoke, decided, names, pseudonym_of)
    return keys, len({one.key for one in rows} | set(names or ()))


def _require_names_without_secrets(revoke: Revoke, *, is_secret: bool) -> None:
    """Raise PolicyError where a gateway would be told each key by the key itself, a secret."""
    target, options = settled_target(revoke)
    if is_secret and any(part.is_secret for part in target.parts_of(options)):
        said = f"{target.name} would name each key by itself, and keys are secret"
        hint = 'set what = "app", or say key_is = "id" in [audit]'
        raise PolicyError(said, at=revoke.place.location(), hint=hint)


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
    if len(secret) < SHORTEST_SECRET:
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
