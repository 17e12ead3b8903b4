"""The update of one source: url by url until one will do, else what we have stands."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

from blockc.errors import SourceSyntaxError, SourceUnfit
from blockc.fetch.definition import Source
from blockc.fetch.http.messages import FetchFailed, one_line
from blockc.fetch.snapshot import Snapshot
from blockc.fetch.store.blobs import STORE_ADVICE
from blockc.fetch.store.state import State, load_state, save_state, state_path
from blockc.fetch.update import continuity
from blockc.fetch.update.candidate import Candidate, Candidates, PreviousState, Refused
from blockc.fetch.update.decision import Attempt, Decision, SourceOutcome, UpdateResult, decide
from blockc.fetch.update.tools import Event, Tools, UpdateOptions, UpdateStep
from blockc.storage.locks import LockWait, held
from blockc.values import Value, replace


def update_source(
    tools: Tools, source: Source, locked: Snapshot | None, options: UpdateOptions
) -> SourceOutcome:
    """Return how the update of `source` ended; what came is in the store, unless it is a dry run.

    Args:
        locked: What the lock says builds use until now.

    Raises:
        OutputError: The store cannot be written.
        UsageError: Another process has been updating this source all the time.
    """
    writes = not options.dry_run and (not options.offline or bool(options.accept))
    with _alone(tools, source) if writes else nullcontext():
        previous = PreviousState.of(tools, source, locked)
        ending = _Course(Candidates(tools, source, options, previous, tools.clock.now())).run()
        if writes:
            for data in ending.blobs:
                tools.blobs.put(data)
            if ending.state:
                save_state(state_path(tools.root, source), ending.state)
    said = "smaller; compared with the other registries" if ending.outcome.shrank else ""
    tools.watch(Event(source.name, UpdateStep.DONE, said or ending.outcome.result))
    return ending.outcome


def take_back(
    tools: Tools, outcome: SourceOutcome, reason: str, options: UpdateOptions
) -> SourceOutcome:
    """Return an outcome in which what came is refused after all, and what stood before stands.

    Its bytes stay in the store, so that the operator can accept them.

    Raises:
        OutputError: The store cannot be written.
    """
    source, refused, good = outcome.source, outcome.snapshot, outcome.before
    if refused is None or good is None:
        raise ValueError(f"{source.name}: nothing came, or nothing stood before it")
    age = continuity.age_of(good, None, tools.clock.now(), source.registry)
    stands = tools.blobs.has(good.sha256) and age is not None
    old = (
        continuity.too_old(source, age) if stands and age is not None else "it is not in the store"
    )
    if not options.dry_run:
        with _alone(tools, source):
            path = state_path(tools.root, source)
            state = load_state(path) or State(name=source.name, checked_at=None)
            save_state(path, replace(state, good=good, etag="", last_modified="", refused=refused))
    command = f"blockc update {source.name} --accept {refused.short}"
    said = f"{refused.url}: {reason}; if that is right, run `{command}`"
    unusable = (f"the last good snapshot cannot be used any longer: {old}",) if old else ()
    return replace(
        outcome,
        result=UpdateResult.NO_DATA if old else UpdateResult.REFUSED,
        snapshot=None if old else good,
        age=age,
        problems=(*outcome.problems, said, *unusable),
        oddities=(),
        refused=refused,
    )


def _alone(tools: Tools, source: Source) -> AbstractContextManager[None]:
    """Hold the source alone."""

    def told(holder: str) -> None:
        by = f": {holder}" if holder else ""
        tools.watch(Event(source.name, UpdateStep.WAITING, f"another update is at it{by}"))

    wait = LockWait(
        seconds=tools.retries.total_seconds * len(source.urls),
        told=told,
        sleep=tools.clock.sleep,
        monotonic=tools.clock.monotonic,
    )
    return held(
        tools.root / "locks" / f"{state_path(tools.root, source).stem}.lock",
        f"another update of {source.name} has been running",
        wait,
        STORE_ADVICE,
    )


class _Ending(Value):
    """How it ended, what to remember if that changed, and the bytes to keep."""

    outcome: SourceOutcome
    state: State | None = None
    blobs: tuple[bytes, ...] = ()


class _Course(Value):
    """One update of one source: attempts until one decides, and what follows from it."""

    candidates: Candidates

    @property
    def source(self) -> Source:
        """Return the source that is updated."""
        return self.candidates.source

    @property
    def previous(self) -> PreviousState:
        """Return what was known before."""
        return self.candidates.previous

    @property
    def now(self) -> datetime:
        """Return the moment of the update."""
        return self.candidates.now

    def run(self) -> _Ending:
        """Return how it ends."""
        state, before = self.previous.state, self.previous.before
        checked_at = state.checked_at if state else None
        good, unusable = self.standing(checked_at)
        attempts: list[Attempt] = []
        decision = decide(attempts, before, self.previous.accepted, stands=good is not None)
        for attempt in self.attempts():
            attempts.append(attempt)
            decision = decide(attempts, before, self.previous.accepted, stands=good is not None)
            if decision.settled:
                break
        damage = [self.previous.damage] if self.previous.damage else []
        problems = damage + [one.problem for one in attempts if one.problem]
        if decision.candidate:
            return self.won(decision.candidate, decision, problems)
        ending = self.stood(good, checked_at, decision, problems + unusable)
        broken = any(one.broken for one in attempts)
        return replace(ending, outcome=replace(ending.outcome, broken=broken))

    def attempts(self) -> Iterator[Attempt]:
        """Yield what each way to a snapshot comes to, none tried before it is asked for."""
        try:
            candidate = self.candidates.accepted()
            if candidate:
                yield Attempt(UpdateResult.ACCEPTED, candidate)
        except FetchFailed as failure:
            said = f"what was accepted cannot be used: {failure.reason}"
            yield Attempt(UpdateResult.ACCEPTED, problem=said)
        for place, url in enumerate(() if self.candidates.options.offline else self.source.urls):
            yield self.try_url(url, UpdateResult.MIRROR if place else UpdateResult.ORIGIN)

    def try_url(self, url: str, way: UpdateResult) -> Attempt:
        """Return what `url` comes to."""
        try:
            return Attempt(way, self.candidates.fetch(url))
        except FetchFailed as failure:
            return Attempt(way, problem=f"{url}: {failure.reason}", broken=failure.broken)
        except (SourceSyntaxError, SourceUnfit) as error:
            return Attempt(way, problem=one_line(error), broken=True)
        except Refused as refusal:
            command = f"blockc update {self.source.name} --accept {refusal.snapshot.short}"
            said = f"{url}: {refusal}; if that is right, run `{command}`"
            return Attempt(way, refused=refusal, problem=said)

    def won(self, candidate: Candidate, decision: Decision, problems: list[str]) -> _Ending:
        """Return the end with something to use from now on."""
        refused = decision.refused
        state = State(
            name=self.source.name,
            checked_at=self.now,
            good=candidate.snapshot,
            etag=candidate.etag,
            last_modified=candidate.last_modified,
            refused=refused.snapshot if refused else None,
            reading=self.source.reading,
        )
        outcome = self.outcome(decision.result, candidate.snapshot, self.now, problems)
        arrived = (candidate.data, refused.data if refused else b"")
        return _Ending(outcome, state, tuple(filter(None, arrived)))

    def stood(
        self,
        good: Snapshot | None,
        checked_at: datetime | None,
        decision: Decision,
        problems: list[str],
    ) -> _Ending:
        """Return the end with nothing new: the last good one stands, if it may."""
        outcome, refused = (
            self.outcome(decision.result, good, checked_at, problems),
            decision.refused,
        )
        if not refused:
            return _Ending(outcome)
        base = self.previous.state or State(name=self.source.name, checked_at=None)
        return _Ending(
            replace(outcome, refused=refused.snapshot, shrank=refused.shrank),
            replace(base, refused=refused.snapshot),
            tuple(filter(None, [refused.data])),
        )

    def standing(self, checked_at: datetime | None) -> tuple[Snapshot | None, list[str]]:
        """Return the last good snapshot if it may still be used, else why not."""
        good = self.previous.good
        if good is None:
            unread = self.previous.damage and not self.previous.read
            closed = ", and --offline fetches none" if self.candidates.options.offline else ""
            said = f"there is no last good snapshot on this machine{closed}"
            return None, [] if unread else [said]
        age = continuity.age_of(good, checked_at, self.now, self.source.registry)
        old = "nothing tells how old it is" if age is None else continuity.too_old(self.source, age)
        if old:
            return None, [f"the last good snapshot cannot be used any longer: {old}"]
        return good, []

    def outcome(
        self,
        result: UpdateResult,
        snapshot: Snapshot | None,
        checked_at: datetime | None,
        problems: list[str],
    ) -> SourceOutcome:
        """Return the outcome, with what is odd about the snapshot."""
        age = (
            continuity.age_of(snapshot, checked_at, self.now, self.source.registry)
            if snapshot
            else None
        )
        late = continuity.late(self.source, age) if age is not None else ""
        odd = late or (continuity.ahead(snapshot.facts, self.now) if snapshot else "")
        return SourceOutcome(
            source=self.source,
            result=result,
            snapshot=snapshot,
            before=self.previous.before,
            checked_at=checked_at,
            age=age,
            problems=tuple(problems),
            warnings=(odd,) if odd else (),
            oddities=snapshot.facts.warnings if snapshot else (),
        )
