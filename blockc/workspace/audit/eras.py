"""What lists do, and from when on: a new era of an audit begins when one of them does to block."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from blockc.changes.change import ListState
from blockc.policy.model import List, Stage


def eras_of(definitions: Mapping[str, List]) -> list[datetime]:
    """Return the instants at which a list begins to block, in order."""
    begins = {block_begin(one.stages) for one in definitions.values()}
    return sorted(begin for begin in begins if begin)


def block_begin(stages: Sequence[Stage]) -> datetime | None:
    """Return when a list begins to block, UTC: at the first moment of all if it has no stages."""
    if not stages:
        return datetime.min.replace(tzinfo=UTC)
    return next((one.start.begin for one in stages if one.action == "block"), None)


def stages_of(
    lists: Mapping[str, ListState], definitions: Mapping[str, List]
) -> Iterator[tuple[str, str, str]]:
    """Yield a list, what it does, and from when on, which is empty for a list without stages."""
    for name, one in lists.items():
        written = definitions[name].stages if name in definitions else ()
        yield from ((name, stage.action, str(stage.start)) for stage in written)
        if not written:
            yield name, one.action, ""
