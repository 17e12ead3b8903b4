"""How the update of a source ends: what follows from the attempts to get it, and the outcome."""

from collections.abc import Container, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from blockc.fetch.definition import Source
from blockc.fetch.snapshot import Amount, Snapshot
from blockc.fetch.update.candidate import Candidate, Refused
from blockc.values import Value


class UpdateResult(StrEnum):
    """How the update of a source ended, in a word."""

    ORIGIN = "new"  # new, from the first url
    MIRROR = "mirror"  # new, from another
    UNCHANGED = "unchanged"  # a server confirmed the one we have
    ACCEPTED = "accepted"  # refused before, accepted by the operator
    KEPT = "kept"  # nothing usable came, the last good one stands
    REFUSED = "refused"  # what came may not follow the last good one, which stands
    NO_DATA = "no data"  # and there is none that may be used


class SourceOutcome(Value, kw_only=True):
    """How the update of one source ended.

    Invariant: `snapshot` is None exactly if `result` is NO_DATA.

    Attributes:
        snapshot: What to build from.
        before: What was built from until now, as far as known.
        checked_at: When a server last confirmed `snapshot`; None if never on this machine.
        age: How old its data is; None if nothing tells.
        problems: What went wrong on the way, a line each.
        warnings: What may soon be a problem, a line each.
        oddities: What is odd about data that is new, a line each.
        refused: What came and may be accepted with its digest.
        broken: What came is not what its definition says, from every url that sent something.
        shrank: It was refused for nothing else than that it holds too much less.
    """

    source: Source
    result: UpdateResult
    snapshot: Snapshot | None
    before: Snapshot | None
    checked_at: datetime | None
    age: timedelta | None
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    oddities: tuple[str, ...] = ()
    refused: Snapshot | None = None
    broken: bool = False
    shrank: bool = False

    def __post_init__(self) -> None:
        if (self.snapshot is None) != (self.result is UpdateResult.NO_DATA):
            raise ValueError(f"{self.source.name} is {self.result} with {self.snapshot}")

    def change(self, family: str) -> Amount | None:
        """Return how many records and addresses of `family` came or went; None if not known."""
        if not (self.snapshot and self.before):
            return None
        new, old = (
            one.facts.holds.get(family, Amount(0, 0)) for one in (self.snapshot, self.before)
        )
        return Amount(new.records - old.records, new.addresses - old.addresses)


class Attempt(Value):
    """What one way to a snapshot came to: a candidate, a refusal, or neither.

    Attributes:
        way: ORIGIN, MIRROR, or ACCEPTED for what the operator accepts from the store.
        problem: What went wrong, for people; nothing if there is a candidate.
        broken: What came is not what its definition says; trying again later does not help.
    """

    way: UpdateResult
    candidate: Candidate | None = None
    refused: Refused | None = None
    problem: str = ""
    broken: bool = False


class Decision(Value):
    """What is used from now on.

    Invariant: without `candidate` the last good snapshot stands, or nothing does.

    Attributes:
        refused: The first snapshot that was refused on the way, to be kept for the operator.
        settled: No further attempt can change it.
    """

    result: UpdateResult
    candidate: Candidate | None = None
    refused: Refused | None = None
    settled: bool = False


def decide(
    attempts: Sequence[Attempt], before: Snapshot | None, accepted: Container[str], *, stands: bool
) -> Decision:
    """Return what follows from `attempts`, made in this order.

    The first candidate is taken. Only where another url was refused before and the candidate is
    one that was accepted long ago, it is a mirror that is late, and no news.

    Args:
        before: What was built from until now.
        accepted: The digests that were accepted before this update.
        stands: Whether the last good snapshot may still be used.
    """
    refused = next((one.refused for one in attempts if one.refused), None)
    for one in attempts:
        if not one.candidate:
            continue
        sha256 = one.candidate.snapshot.sha256
        if refused and sha256 in accepted:
            return Decision(_without(refused, stands=stands), None, refused, settled=True)
        same = before is not None and before.sha256 == sha256
        result = UpdateResult.UNCHANGED if same else one.way
        return Decision(result, one.candidate, refused, settled=True)
    return Decision(_without(refused, stands=stands), None, refused)


def _without(refused: Refused | None, *, stands: bool) -> UpdateResult:
    if not stands:
        return UpdateResult.NO_DATA
    return UpdateResult.REFUSED if refused else UpdateResult.KEPT
