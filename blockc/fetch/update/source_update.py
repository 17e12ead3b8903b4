"""The update of one source: url by url until one will do, else what we have stands."""

from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

from blockc.errors import SourceSyntaxError, SourceUnfit
from blockc.fetch.definition import Source
from blockc.fetch.http.failure import FetchFailed, one_line
from blockc.fetch.snapshot import Snapshot
from blockc.fetch.store.blobs import STORE_ADVICE
from blockc.fetch.store.state import State, save_state, state_path
from blockc.fetch.update import continuity
from blockc.fetch.update.candidate import Candidate, Candidates, Refused
from blockc.fetch.update.outcome import SourceOutcome, UpdateResult
from blockc.fetch.update.previous_state import PreviousState
from blockc.fetch.update.tools import Event, Tools, UpdateOptions, UpdateStep
from blockc.storage.locks import Patience, held
from blockc.values import Value, field, replace


def update_source(
    tools: Tools, source: Source, locked: Snapshot | None, wish: UpdateOptions
) -> SourceOutcome:
    """Return how the update of `source` ended; what came is in the store, unless it is a dry run.

    Args:
        locked: What the lock says builds use until now.

    Raises:
        OutputError: The store cannot be written.
        UsageError: Another process has been updating this source all the time.
    """
    writes = not wish.dry_run and (not wish.offline or bool(wish.accept))
    with _alone(tools, source) if writes else nullcontext():
        memory = PreviousState.of(tools, source, locked)
        candidates = Candidates(tools, source, wish, memory, tools.clock.now())
        ending = _Course(candidates, [memory.damage] if memory.damage else []).run()
        if writes:
            for data in ending.blobs:
                tools.blobs.put(data)
            if ending.state:
                save_state(state_path(tools.root, source), ending.state)
    tools.watch(Event(source.name, UpdateStep.DONE, ending.outcome.came))
    return ending.outcome


def _alone(tools: Tools, source: Source) -> AbstractContextManager[None]:
    """Hold the source alone."""

    def told(holder: str) -> None:
        by = f": {holder}" if holder else ""
        tools.watch(Event(source.name, UpdateStep.WAITING, f"another update is at it{by}"))

    patience = Patience(
        seconds=tools.patience.total_seconds * len(source.urls),
        told=told,
        sleep=tools.clock.sleep,
        monotonic=tools.clock.monotonic,
    )
    return held(
        tools.root / "locks" / f"{state_path(tools.root, source).stem}.lock",
        f"another update of {source.name} has been running",
        patience,
        STORE_ADVICE,
    )


class _Ending(Value):
    """How it ended, what to remember if that changed, and the bytes to keep."""

    outcome: SourceOutcome
    state: State | None = None
    blobs: tuple[bytes, ...] = ()


class _Course(Value):
    """One update of one source; `problems` grows on the way."""

    candidates: Candidates
    problems: list[str] = field(default_factory=list)

    @property
    def source(self) -> Source:
        """Return the source that is updated."""
        return self.candidates.source

    @property
    def memory(self) -> PreviousState:
        """Return what was known before."""
        return self.candidates.memory

    @property
    def now(self) -> datetime:
        """Return the moment of the update."""
        return self.candidates.now

    def run(self) -> _Ending:
        """Return how it ends."""
        refused: Refused | None = None
        try:
            candidate = self.candidates.accepted()
            if candidate:
                return self.won(candidate, UpdateResult.ACCEPTED, None)
        except FetchFailed as failure:
            self.problems.append(f"what was accepted cannot be used: {failure.reason}")
        for place, url in enumerate(() if self.candidates.wish.offline else self.source.urls):
            try:
                candidate = self.candidates.fetch(url)
            except FetchFailed as failure:
                self.problems.append(f"{url}: {failure.reason}")
            except (SourceSyntaxError, SourceUnfit) as error:
                self.problems.append(one_line(error))
            except Refused as refusal:
                self.problems.append(f"{url}: {self.command_for(refusal)}")
                refused = refused or refusal
            else:
                if refused and candidate.snapshot.sha256 in self.memory.accepted:
                    break  # a mirror that is late has what we have: no news
                return self.won(
                    candidate, UpdateResult.MIRROR if place else UpdateResult.ORIGIN, refused
                )
        return self.stood(refused)

    def command_for(self, refusal: Refused) -> str:
        """Return why a snapshot is refused, and the command that accepts it."""
        command = f"blockc update {self.source.name} --accept {refusal.snapshot.short}"
        return f"{refusal}; if that is right, run `{command}`"

    def won(self, candidate: Candidate, came: UpdateResult, refused: Refused | None) -> _Ending:
        """Return the end with something to use from now on."""
        snapshot, before = candidate.snapshot, self.memory.before
        same = before is not None and before.sha256 == snapshot.sha256
        state = State(
            name=self.source.name,
            checked_at=self.now,
            good=snapshot,
            etag=candidate.etag,
            last_modified=candidate.last_modified,
            refused=refused.snapshot if refused else None,
        )
        outcome = self.outcome(UpdateResult.UNCHANGED if same else came, snapshot, self.now)
        arrived = (candidate.data, refused.data if refused else b"")
        return _Ending(outcome, state, tuple(filter(None, arrived)))

    def stood(self, refused: Refused | None) -> _Ending:
        """Return the end with nothing new: the last good one stands, if it may."""
        state = self.memory.state
        checked_at = state.checked_at if state else None
        snapshot = self.standing(checked_at)
        came = UpdateResult.KEPT
        if snapshot is None:
            came = UpdateResult.UNFIT
        elif refused:
            came = UpdateResult.REFUSED
        outcome = self.outcome(came, snapshot, checked_at)
        if not refused:
            return _Ending(outcome)
        base = state or State(name=self.source.name, checked_at=None)
        return _Ending(
            replace(outcome, refused=refused.snapshot),
            replace(base, refused=refused.snapshot),
            tuple(filter(None, [refused.data])),
        )

    def standing(self, checked_at: datetime | None) -> Snapshot | None:
        """Return the last good snapshot if it may still be used."""
        good = self.memory.good
        if good is None:
            self.problems.append("there is no last good snapshot on this machine")
            return None
        age = continuity.age_of(good, checked_at, self.now)
        old = "nothing tells how old it is" if age is None else continuity.too_old(self.source, age)
        if old:
            self.problems.append(f"the last good snapshot cannot be used any longer: {old}")
        return None if old else good

    def outcome(
        self, came: UpdateResult, snapshot: Snapshot | None, checked_at: datetime | None
    ) -> SourceOutcome:
        """Return the outcome, with what is odd about the snapshot."""
        age = continuity.age_of(snapshot, checked_at, self.now) if snapshot else None
        late = continuity.late(self.source, age) if age is not None else ""
        return SourceOutcome(
            source=self.source,
            came=came,
            snapshot=snapshot,
            before=self.memory.before,
            checked_at=checked_at,
            age=age,
            problems=tuple(self.problems),
            warnings=(late,) if late else (),
            oddities=snapshot.facts.warnings if snapshot else (),
        )
