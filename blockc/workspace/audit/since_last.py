"""Watching a migration: only what came since the last run is read, and added to what is remembered.

The table is replaced as a whole, while a lock is held: it says at once what was counted and where
reading ended, so whoever is stopped has counted nothing, and two at once count nothing twice.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from blockc.audit.trend import (
    Gap,
    Hits,
    KnownLog,
    Memory,
    added,
    memory_bytes,
    memory_of,
)
from blockc.compiler.watch import Watch, unwatched
from blockc.errors import Location, UsageError, os_reason
from blockc.storage.atomic import write_whole
from blockc.storage.local import read_local
from blockc.storage.locks import LockWait, held
from blockc.values import Value
from blockc.workspace.audit.auditing import AuditCall, AuditReport, audit
from blockc.workspace.audit.known_logs import Resumption
from blockc.workspace.audit.log_feed import log_paths

_LOCK_SECONDS = 20.0


class SinceLast(Value):
    """What came since the last run, all that is remembered now, and where."""

    report: AuditReport
    memory: Memory
    path: Path


def memory_path(policy: Path) -> Path:
    """Return where the table of a policy is: beside it."""
    return policy.with_suffix(".audit.jsonl")


def audit_since_last(
    call: AuditCall, now: datetime, observe: Watch = unwatched, *, accept_gap: bool = False
) -> SinceLast:
    """Audit what came since the last call, and remember it.

    Args:
        call: What is asked; its logs are files.
        now: The present, UTC.
        accept_gap: Go on although a log is gone that was not read to its end.

    Raises:
        UsageError: As `audit`; or it cannot be known what was counted; or another run is at it.
        OutputError: The table cannot be written.
    """
    path = memory_path(call.project.file)
    wait = LockWait(seconds=_LOCK_SECONDS)
    with held(path.with_suffix(".lock"), "another audit has been adding to the table", wait):
        memory = _read_memory(path)
        resumption = Resumption(log_paths(call.logs), memory.logs)
        lost = resumption.lost()
        if lost and not accept_gap:
            raise _lost_error(path, lost)
        report = audit(call, observe, resumption.begins)
        _require_secret(memory, report.secret, path)
        found = _remembered(memory, report, resumption.known_now(report.logs, now), lost, now)
        write_whole(path, memory_bytes(found))
    return SinceLast(report, found, path)


def _read_memory(path: Path) -> Memory:
    try:
        return memory_of(read_local(path, None))
    except FileNotFoundError:
        return Memory()
    except (OSError, ValueError) as reason:
        said = os_reason(reason) if isinstance(reason, OSError) else str(reason)
        hint = "bring back a copy of it, or move it away to begin anew"
        at = Location(str(path))
        raise UsageError(f"cannot read the table: {said}", at=at, hint=hint) from None


def _lost_error(path: Path, lost: Sequence[KnownLog]) -> UsageError:
    names = ", ".join(sorted({one.path for one in lost})[:3])
    return UsageError(
        f"not read to the end, and in none of the files that are named: {names}",
        at=Location(str(path)),
        hint="name the files that it was moved to as well, such as 'access.log*'; if they are "
        "gone, say --accept-gap, which is remembered",
    )


def _require_secret(memory: Memory, secret: str, path: Path) -> None:
    if memory.secret and secret and memory.secret != secret:
        raise UsageError(
            "the secret of keys is not the one of before, so every key would count as a new one",
            at=Location(str(path)),
            hint="set the one of before, or move the table away to begin anew",
        )


def _remembered(
    memory: Memory,
    report: AuditReport,
    logs: tuple[KnownLog, ...],
    lost: Sequence[KnownLog],
    now: datetime,
) -> Memory:
    hits = [Hits(day=day, lists=lists, key=key, requests=n) for day, lists, key, n in report.hits]
    days, summed = added(memory, report.days, hits)
    return Memory(
        logs=logs,
        days=days,
        hits=summed,
        gaps=(*memory.gaps, *(Gap(at=now, path=one.path) for one in lost)),
        secret=memory.secret or report.secret,
    )
