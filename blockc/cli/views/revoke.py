"""Plans that revoke keys: tables for people, JSON for programs, and why a plan is refused."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from blockc.changes.guard import Approval
from blockc.cli.console import Cell, info, show, show_json, show_table
from blockc.cli.options import Settings
from blockc.cli.views.generations import pin_report, pinned_text
from blockc.errors import BlockcError, UnsafeChange, UnsafeChanges, counted, printable
from blockc.keys.key_guard import KeyRefusal
from blockc.keys.key_plan import KeyPlan
from blockc.keys.key_table import RESTORE
from blockc.policy.meaning.schedule import schedule_text
from blockc.publish.generations import Published
from blockc.publish.record import Generation, read_generation
from blockc.workspace.audit.planning import KeyDay
from blockc.workspace.audit.returning import Returnable
from blockc.workspace.audit.revoking import KeyComparison, KeysNotApproved

_MOST_ROWS = 40


def show_revoke(
    settings: Settings, day: KeyDay, published: Published | None, found: KeyComparison | None
) -> None:
    """Print the plans, then the first of their keys, and on stderr what became of it."""
    heads = ["plan", "target", "list", "stage", "decided", "in the plan", "known"]
    rows: list[list[Cell]] = [
        [
            one.revoke.path,
            one.target.name,
            one.revoke.list,
            schedule_text(one.schedule, day.moment.date()),
            len(one.keys),
            len(one.now),
            one.known,
        ]
        for one in day.plans
    ]
    show_table(settings, f"Plans at {day.moment:%Y-%m-%d %H:%M} UTC", heads, rows)
    keys = [_key_row(plan, key) for plan in day.plans for key in plan.keys]
    if keys:
        show("\n")
        cut = f", {_MOST_ROWS} of {len(keys):,}" if len(keys) > _MOST_ROWS else ""
        heads = ["key", "name at the gateway", "action", "from", "plan"]
        show_table(settings, f"Keys{cut}", heads, keys[:_MOST_ROWS])
    _tell(settings, published, found)


def _key_row(plan: KeyPlan, key: Any) -> list[Cell]:
    begins = "now" if key in plan.now else plan.begins or "-"
    return [key.key, " ".join(key.name), key.action, begins, plan.revoke.path]


def _tell(settings: Settings, published: Published | None, found: KeyComparison | None) -> None:
    if published is None:
        for one in found.refusals if found else ():
            info(settings, f"this would need approval: {refusal_words(one)}")
        info(settings, "nothing was published")
    elif published.pin:
        info(settings, f"published nothing: {pinned_text(published.pin)}")
    else:
        same = "" if found else ": unchanged"
        info(settings, f"published {published.folder}{same}")


def revoke_report(
    day: KeyDay,
    published: Published | None,
    found: KeyComparison | None,
    approval: Approval | None,
) -> dict[str, object]:
    """Return what was planned as `docs/json.md` describes it."""
    used = approval if approval and found and found.refusals and published else None
    return {
        "moment": day.moment.isoformat(),
        "plans": [_plan_report(one) for one in day.plans],
        "folder": str(published.folder) if published else None,
        "generation": published.generation if published else None,
        "made": _made(published),
        "unchanged": published is not None and found is None,
        "pinned": pin_report(published.pin) if published else None,
        "digest": found.digest if found else None,
        "refusals": [one.facts() for one in found.refusals] if found else [],
        "approved": {"by": used.by, "reason": used.reason} if used else None,
    }


def _made(published: Published | None) -> str | None:
    """Return when the plans that are shown were made."""
    if published is None:
        return None
    shown = published.pin.generation if published.pin else published.generation
    return read_generation(published.folder, shown).record.moment.isoformat()


def _plan_report(one: KeyPlan) -> dict[str, object]:
    now = {key.key for key in one.now}
    report = one.report()
    return {
        **{name: report[name] for name in ("path", "target", "list", "from", "due", "known")},
        "action": one.schedule.action,
        "decisions": dict(one.decisions),
        "keys": [{**key, "now": key["key"] in now} for key in report["keys"]],
        "sha256": report["files"][0]["sha256"],
    }


def revoke_errors(refused: KeysNotApproved, command: str) -> UnsafeChanges:
    """Return the errors of plans that are refused, the last one with the command that approves."""
    found = refused.comparison
    errors: list[BlockcError] = [UnsafeChange(refusal_words(one)) for one in found.refusals]
    said = f"nothing was published: change {found.digest} needs approval"
    if refused.approval:
        said += f", and --accept {refused.approval.digest} approves another one"
    hint = (
        "look through it with --dry-run; if it is right, run "
        f"`{command} --accept {found.digest} --by WHO --reason WHY`"
    )
    return UnsafeChanges([*errors, UnsafeChange(said, hint=hint)])


def refusal_words(one: KeyRefusal) -> str:
    """Return a refusal as a sentence."""
    share = f"{100 * one.keys / one.known:.1f} % of" if one.known else "of"
    limit = one.facts()["limit"]
    keys = counted(one.keys, "new key")
    return f"{one.path}: {keys}, {share} {one.known:,} known; {one.key} is {limit}"


def show_unrevoke(settings: Settings, found: Sequence[Returnable]) -> None:
    """Print the keys that may be given back, why, and what stands about each in its table."""
    heads = ["key", "name at the gateway", "revoked (UTC)", "why", "decided now", "plan"]
    rows: list[list[Cell]] = [
        [
            one.key,
            " ".join(one.name.values()),
            f"{one.at:%Y-%m-%d}",
            "; ".join(one.reasons),
            one.decision or "nothing",
            one.path,
        ]
        for one in found
    ]
    show_table(settings, "Revoked keys that may be given back", heads, rows)
    waiting = [one for one in found if one.decision != RESTORE]
    if waiting:
        files = ", ".join(sorted({printable(one.table) for one in waiting if one.table}))
        files = files or "the table of a plan"
        info(settings, f"to give one back write {RESTORE} as its proposal in {files}, and plan")


def unrevoke_report(found: Sequence[Returnable]) -> list[dict[str, object]]:
    """Return the same as `docs/json.md` describes it."""
    return [
        {
            "key": one.key,
            "name": dict(one.name),
            "revoked": one.at.isoformat(),
            "reasons": list(one.reasons),
            "decision": one.decision or None,
            "path": one.path,
            "table": one.table or None,
        }
        for one in found
    ]


def show_verified_plans(
    settings: Settings, folder: Path, generation: Generation, wrong: Sequence[BlockcError]
) -> None:
    """Print what is wrong with published plans, or that nothing is."""
    artifacts = json.loads(generation.object(generation.record.manifest))["artifacts"]
    if settings.json:
        show_json(
            {
                "folder": str(folder.absolute()),
                "generation": generation.name,
                "plans": [one["path"] for one in artifacts],
                "differences": [
                    {
                        "path": one.at.path if one.at else str(folder),
                        "line": (one.at.line if one.at else 0) or None,
                        "message": one.message,
                    }
                    for one in wrong
                ],
            }
        )
        return
    show("".join(f"{one}\n" for one in wrong))
    if not wrong:
        plans = counted(len(artifacts), "plan")
        info(settings, f"{folder}: the keys that were decided are in {plans}, and no others")
