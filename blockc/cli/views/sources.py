"""The sources as `blockc list` shows them: their terms, how old their data is, who uses them."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from blockc.cli.console import warn
from blockc.cli.views.listing import Column, Row, columns
from blockc.cli.views.update import age_text
from blockc.errors import BlockcError
from blockc.fetch.definition import Source
from blockc.fetch.snapshot import Snapshot
from blockc.fetch.store.maintenance import remembered
from blockc.fetch.store.state import State
from blockc.fetch.update.continuity import age_of
from blockc.formats.format_table import tags_of
from blockc.policy.model import LocatedSelector, Policy
from blockc.vocabulary import RIRS
from blockc.workspace.project import Project
from blockc.workspace.sources import asks_registries, sources_of

COLUMNS = (
    *columns("name"),
    Column("date", "data of"),
    Column("age_hours", "age", lambda hours: age_text(_hours(hours))),
    Column("used_by", "used by"),
    *columns("filters", "licence"),
)


def source_rows(project: Project) -> list[Row]:
    """Return every source, blockc's and the operator's own, in order of name.

    Raises:
        Mistakes: A definition or the lock is wrong.
        UsageError: One of them cannot be read.
    """
    lock = project.lock()
    locked = lock.sources if lock else {}
    states = {one.name: one for one in remembered(project.store.root)}
    users = _users(project)
    return [
        _row(source, locked.get(name), states.get(name), users.get(name, ()))
        for name, source in sorted(project.sources().items())
    ]


def _row(
    source: Source, snapshot: Snapshot | None, state: State | None, users: Iterable[str]
) -> Row:
    day = snapshot.facts.date if snapshot else None
    age = _age(snapshot, state)
    return {
        "name": source.name,
        "title": source.title,
        "format": source.format,
        "date": day.isoformat() if day else None,
        "age_hours": None if age is None else age // timedelta(hours=1),
        "max_age_hours": source.max_age_hours,
        "used_by": list(users),
        "filters": sorted(tags_of(source.format, source.options)),
        "licence": source.licence.text,
        "licence_url": source.licence.url,
    }


def _age(snapshot: Snapshot | None, state: State | None) -> timedelta | None:
    """Return how old the data is that builds use, if they use any."""
    if snapshot is None:
        return None
    checked_at = state.checked_at if state and state.good == snapshot else None
    return age_of(snapshot, checked_at, datetime.now(UTC))


def _hours(hours: int | None) -> timedelta | None:
    return None if hours is None else timedelta(hours=hours)


def _users(project: Project) -> Mapping[str, Iterable[str]]:
    """Return which lists of the policy use each source; the registries stand under all."""
    if not project.file.exists():
        return {}
    try:
        policy = project.policy()
    except BlockcError as mistake:
        said = str(mistake).partition("\n")[0]
        hint = "`blockc build --dry-run` shows all mistakes"
        warn(f"the policy cannot be read, so what it uses is not shown: {said}; {hint}")
        return {}
    asked = RIRS if asks_registries(policy) else ()
    users: dict[str, dict[str, None]] = {name: {"every list": None} for name in asked}
    for user, located in _written(policy):
        for name in sources_of(located.selector):
            users.setdefault(name, {})[user] = None
    return users


def _written(policy: Policy) -> Iterator[tuple[str, LocatedSelector]]:
    """Return every selector of a policy, and the list it is in."""
    yield from (("[protect]", one) for one in policy.protect.never_block)
    for one in policy.lists:
        for located in one.selectors:
            yield one.name, located
