"""How the update of one source ended."""

from datetime import datetime, timedelta
from enum import StrEnum

from blockc.fetch.definition import Source
from blockc.fetch.snapshot import Amount, Snapshot
from blockc.values import Value


class UpdateResult(StrEnum):
    """Where the snapshot that is used from now on came from."""

    ORIGIN = "origin"  # new, from the first url
    MIRROR = "mirror"  # new, from another
    UNCHANGED = "unchanged"  # a server confirmed the one we have
    ACCEPTED = "accepted"  # refused before, accepted by the operator
    KEPT = "kept"  # nothing usable came, the last good one stands
    REFUSED = "refused"  # what came may not follow the last good one, which stands
    UNFIT = "unfit"  # and there is none that may be used


class SourceOutcome(Value, kw_only=True):
    """How the update of one source ended.

    Invariant: `snapshot` is None exactly if `came` is UNFIT.

    Attributes:
        snapshot: What to build from.
        before: What was built from until now, as far as known.
        checked_at: When a server last confirmed `snapshot`; None if never on this machine.
        age: How old its data is; None if nothing tells.
        problems: What went wrong on the way, a line each.
        warnings: What may soon be a problem, a line each.
        oddities: What is odd about data that is new, a line each.
        refused: What came and may be accepted with its digest.
    """

    source: Source
    came: UpdateResult
    snapshot: Snapshot | None
    before: Snapshot | None
    checked_at: datetime | None
    age: timedelta | None
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    oddities: tuple[str, ...] = ()
    refused: Snapshot | None = None

    def __post_init__(self) -> None:
        if (self.snapshot is None) != (self.came is UpdateResult.UNFIT):
            raise ValueError(f"{self.source.name} is {self.came} with {self.snapshot}")

    def change(self, family: str) -> Amount | None:
        """Return how many records and addresses of `family` came or went; None if not known."""
        if not (self.snapshot and self.before):
            return None
        new, old = (
            one.facts.holds.get(family, Amount(0, 0)) for one in (self.snapshot, self.before)
        )
        return Amount(new.records - old.records, new.addresses - old.addresses)
