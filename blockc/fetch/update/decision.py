"""What follows from the attempts to get a source, decided from their results alone."""

from collections.abc import Container, Sequence

from blockc.fetch.snapshot import Snapshot
from blockc.fetch.update.candidate import Candidate, Refused
from blockc.fetch.update.outcome import UpdateResult
from blockc.values import Value


class Attempt(Value):
    """What one way to a snapshot came to: a candidate, a refusal, or neither.

    Attributes:
        way: ORIGIN, MIRROR, or ACCEPTED for what the operator accepts from the store.
        problem: What went wrong, for people; nothing if there is a candidate.
    """

    way: UpdateResult
    candidate: Candidate | None = None
    refused: Refused | None = None
    problem: str = ""


class Decision(Value):
    """What is used from now on.

    Invariant: without `candidate` the last good snapshot stands, or nothing does.

    Attributes:
        refused: The first snapshot that was refused on the way, to be kept for the operator.
        settled: No further attempt can change it.
    """

    came: UpdateResult
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
        came = UpdateResult.UNCHANGED if same else one.way
        return Decision(came, one.candidate, refused, settled=True)
    return Decision(_without(refused, stands=stands), None, refused)


def _without(refused: Refused | None, *, stands: bool) -> UpdateResult:
    if not stands:
        return UpdateResult.UNFIT
    return UpdateResult.REFUSED if refused else UpdateResult.KEPT
