"""Revoked keys that may be given back: whose traffic or owner is no longer where it was."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from blockc.errors import UsageError, os_reason
from blockc.keys.key_table import PSEUDONYM, RESTORE, KeyRow, as_audited, read_key_rows
from blockc.policy.meaning.schedule import schedule_at
from blockc.policy.model import Policy, Revoke
from blockc.policy.syntax.selectors import (
    CountrySelector,
    DelegatedSelector,
    GroupSelector,
    ListSelector,
    RegistrySelector,
    StatusSelector,
    WorldSelector,
)
from blockc.publish.generations import history_of
from blockc.storage.local import read_local
from blockc.values import Value
from blockc.workspace.audit.owners import read_owners
from blockc.workspace.audit.planning import hashing_of, rows_of
from blockc.workspace.audit.revoking import Past, PlanPlace, RevokedKey, past_keys
from blockc.workspace.project import Project

_OF_ANY_COUNTRY = RegistrySelector | StatusSelector | DelegatedSelector | WorldSelector


class Returnable(Value, kw_only=True):
    """A revoked key that may be given back.

    Attributes:
        path: The plan that revoked it, at `at`.
        decision: What its table says now; nothing if the key is not in it.
        table: The table of decisions; nothing if the policy has no such plan any more.
    """

    key: str
    name: Mapping[str, str]
    at: datetime
    reasons: tuple[str, ...]
    decision: str
    path: str
    table: str


def returnable(
    project: Project, folder: Path, newer: Path | None, moment: datetime
) -> list[Returnable]:
    """Return the keys that plans revoked and that may be given back, in order of plan and key.

    Args:
        folder: Of the plans.
        newer: keys.csv of a newer audit, if there is one.
        moment: Decides whether the list of a plan blocks.

    Raises:
        UsageError, PolicyError, Mistakes: The policy or a table cannot be read.
        OutputError: Nothing was planned yet.
    """
    reader = project.reader()
    policy = project.policy(reader)
    revoked = past_keys(history_of(folder)[0]).revoked
    seen = _seen(newer)
    owners = _countries_of_owners(policy, project.file.parent)
    found = list[Returnable]()
    places = {PlanPlace.of_revoke(plan): plan for plan in policy.revokes}
    for place, plan in places.items():
        rows = rows_of(plan, "keys", plan.keys, reader, ("key", "proposal"))
        decisions = {as_audited(one.key): one.cells["proposal"] for one in rows}
        codes = _codes(policy, plan.list)
        blocks = schedule_at(policy.list_of(plan.list).stages, moment).action == "block"
        for _, past in sorted(revoked.get(place, {}).items()):
            decision, country = decisions.get(past.key, ""), owners.get(past.key, "")
            reasons = [*_reasons(plan, past, seen, country, codes, decision)]
            if not blocks:
                reasons.insert(0, f"list {plan.list} does not block")
            if reasons:
                found.append(
                    Returnable(
                        key=past.key,
                        name=past.name,
                        at=past.at,
                        reasons=tuple(reasons),
                        decision=decision,
                        path=plan.path,
                        table=plan.keys,
                    )
                )
    return [*found, *_without_plans(revoked, places)]


def _without_plans(revoked: Past, places: Collection[PlanPlace]) -> Iterator[Returnable]:
    """Yield the keys that plans revoked which the policy does not have any more.

    Those that another plan of the same gateway revoked too are among its keys.
    """
    for place in sorted(revoked.keys() - set(places), key=lambda one: one.path):
        same = [revoked.get(one, {}) for one in places if one.is_of_one_gateway(place)]
        for key, past in sorted(revoked[place].items()):
            if not any(key in keys for keys in same):
                yield Returnable(
                    key=past.key,
                    name=past.name,
                    at=past.at,
                    reasons=("the policy has no plan of it any more",),
                    decision="",
                    path=place.path,
                    table="",
                )


def _reasons(
    plan: Revoke,
    past: RevokedKey,
    seen: Mapping[str, KeyRow] | None,
    country: str,
    codes: frozenset[str] | None,
    decision: str,
) -> Iterator[str]:
    row = seen.get(past.key) if seen is not None else None
    if seen is not None and row is None:
        yield "no request from listed addresses"
    elif row is not None and row.cells["proposal"] not in plan.rule:
        said = row.cells
        yield f"{said['listed']} of {said['requests']} requests are listed: {said['proposal']}"
    if country and codes and country not in codes:
        yield f"its owner is in {country}"
    if decision not in (*plan.rule, ""):
        yield "it is to be restored" if decision == RESTORE else f"decided is {decision}"
    elif not decision:
        yield "it is no longer in the table"


def _seen(newer: Path | None) -> dict[str, KeyRow] | None:
    """Return key -> its row in a newer audit; a key that is not there has no listed traffic."""
    if newer is None:
        return None
    try:
        data = read_local(newer)
    except OSError as reason:
        said = f"cannot read {newer}: {os_reason(reason)}"
        raise UsageError(said, hint="`blockc audit LOG... -o DIR` writes DIR/keys.csv") from None
    rows = read_key_rows(str(newer), data, ("key", "proposal", "listed", "requests"))
    return {as_audited(one.key): one for one in rows}


def _countries_of_owners(policy: Policy, beside: Path) -> dict[str, str]:
    """Return key -> the country of its owner, for those whose file says it."""
    rules = policy.audit
    rows = read_owners(rules, beside, ("key",))
    if not rows or "country" not in rows[0].cells:
        return {}
    hashed = hashing_of(rules, rows, rows[0].path)
    keys = (one.key if PSEUDONYM.fullmatch(one.key) else hashed(one.key) for one in rows)
    return {key: one.cells["country"].upper() for key, one in zip(keys, rows, strict=True)}


def _codes(policy: Policy, name: str, above: frozenset[str] = frozenset()) -> frozenset[str] | None:
    """Return the countries that a list blocks by name, those of other lists in it too.

    None where it blocks space of any country, or everything but some: then nobody's country says
    that it is not listed.
    """
    found = set[str]()
    listed = policy.list_of(name)
    if not listed.block:
        return None
    for selector in (one.selector for one in listed.block):
        if isinstance(selector, _OF_ANY_COUNTRY):
            return None
        if isinstance(selector, CountrySelector):
            found.add(selector.code)
        elif isinstance(selector, GroupSelector):
            found.update(policy.groups[selector.name].countries)
        elif isinstance(selector, ListSelector) and selector.name not in above:
            inner = _codes(policy, selector.name, above | {name})
            if inner is None:
                return None
            found |= inner
    return frozenset(found)
