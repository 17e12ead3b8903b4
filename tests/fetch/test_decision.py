"""The table of what follows from which attempts: every order of results of up to two of them."""

from collections.abc import Iterator

import pytest

from blockc.fetch.snapshot import Facts, Snapshot
from blockc.fetch.update.candidate import Candidate, Refused
from blockc.fetch.update.decision import Attempt, Decision, UpdateResult, decide

# What an attempt comes to: f failed, r refused, n new, b what was built from before, k known and
# accepted before, but not what was built from. The origin is asked first, then a mirror.
# -> what is used, the number of the attempt it is from, and that of the refusal that is kept.
TABLE = {
    "": ("kept", None, None),
    "f": ("kept", None, None),
    "r": ("refused", None, 0),
    "n": ("new", 0, None),
    "b": ("unchanged", 0, None),
    "k": ("new", 0, None),
    "ff": ("kept", None, None),
    "fr": ("refused", None, 1),
    "fn": ("mirror", 1, None),
    "fb": ("unchanged", 1, None),
    "fk": ("mirror", 1, None),
    "rf": ("refused", None, 0),
    "rr": ("refused", None, 0),
    "rn": ("mirror", 1, 0),
    "rb": ("refused", None, 0),
    "rk": ("refused", None, 0),
}


def snapshot(mark: str) -> Snapshot:
    return Snapshot("https://example.com/x", mark * 64, 1, Facts(1, {}))


def attempts(word: str) -> list[Attempt]:
    """Return the attempts that the letters of `word` stand for."""
    found = []
    for place, letter in enumerate(word):
        way = UpdateResult.MIRROR if place else UpdateResult.ORIGIN
        if letter == "f":
            found.append(Attempt(way, problem="failed"))
        elif letter == "r":
            refusal = Refused(snapshot(str(place)), b"", "shrinks", shrank=True)
            found.append(Attempt(way, refused=refusal, problem="refused"))
        else:
            found.append(Attempt(way, Candidate(snapshot(letter))))
    return found


def decided(made: list[Attempt], *, stands: bool = True) -> Decision:
    return decide(made, snapshot("b"), {"b" * 64, "k" * 64}, stands=stands)


def orders() -> Iterator[str]:
    """Yield every order of results that can be: nothing is tried after a candidate."""
    yield ""
    for first in "frnbk":
        yield first
        if first in "fr":
            yield from (first + second for second in "frnbk")


def test_the_table_is_complete() -> None:
    assert sorted(TABLE) == sorted(orders())


@pytest.mark.parametrize("stands", [True, False])
@pytest.mark.parametrize("word", TABLE)
def test_what_follows(word: str, *, stands: bool) -> None:
    came, used, refused = TABLE[word]
    made = attempts(word)
    found = decided(made, stands=stands)
    if used is None and not stands:
        came = "no data"
    assert found.result == came
    assert found.candidate is (None if used is None else made[used].candidate)
    assert found.refused is (None if refused is None else made[refused].refused)
    assert found.settled == any(one.candidate for one in made)


def test_what_the_operator_accepts_is_taken_and_says_so() -> None:
    made = [Attempt(UpdateResult.ACCEPTED, Candidate(snapshot("n")))]
    assert decided(made).result is UpdateResult.ACCEPTED
