"""The update of many sources at once, and the lock that says what builds use from then on."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, TypeVar

from blockc.errors import SourceUnfit, UnsafeChange, listed
from blockc.fetch.definition import Source
from blockc.fetch.lock import Lock, read_lock, write_lock
from blockc.fetch.snapshot import Snapshot
from blockc.fetch.store.blobs import STORE_ADVICE
from blockc.fetch.store.maintenance import mark_of, remember_lock, sweep_killed
from blockc.fetch.update.decision import SourceOutcome, UpdateResult
from blockc.fetch.update.source_update import take_back, update_source
from blockc.fetch.update.tools import Tools, UpdateOptions
from blockc.fetch.update.transfers import judged_together
from blockc.storage.atomic import sweep_unfinished
from blockc.storage.locks import LockWait, held
from blockc.values import Value, replace

if TYPE_CHECKING:
    from concurrent.futures import Future

COMMIT_SECONDS = 60.0  # a lock is a small file; nobody writes one for that long


class Update(Value):
    """How an update ended, source by source in the order they were asked for."""

    outcomes: tuple[SourceOutcome, ...]
    offline: bool = False

    @property
    def without_data(self) -> tuple[SourceOutcome, ...]:
        """Return the outcomes with nothing to build from."""
        return tuple(one for one in self.outcomes if one.result is UpdateResult.NO_DATA)

    @property
    def refused(self) -> tuple[SourceOutcome, ...]:
        """Return the outcomes whose new snapshot was refused: a person must look at it."""
        return tuple(one for one in self.outcomes if one.result is UpdateResult.REFUSED)

    @property
    def kept(self) -> tuple[SourceOutcome, ...]:
        """Return the outcomes for which nothing usable came."""
        return tuple(one for one in self.outcomes if one.result is UpdateResult.KEPT)

    def require_current(self, *, strict: bool) -> None:
        """Raise unless nothing is left for a person to do.

        Args:
            strict: Whether what could not be fetched is an error and not only a warning.

        Raises:
            UnsafeChange: A snapshot was refused.
            SourceUnfit: `strict`, and a source could not be fetched.
        """
        if self.refused:
            names = listed([one.source.name for one in self.refused])
            raise UnsafeChange(
                f"the new data of {names} was refused; builds go on with the data before it",
                hint=_accepting(self.refused),
            )
        if strict and self.kept:
            names = listed([one.source.name for one in self.kept])
            said = f"nothing usable could be fetched for {names}"
            raise SourceUnfit(said, hint=self._advice(self.kept))

    def unused(self, accepted: Iterable[str]) -> list[str]:
        """Return the digests, or beginnings of them, that no snapshot in use now has."""
        used = [one.snapshot.sha256 for one in self.outcomes if one.snapshot]
        return [said for said in accepted if not any(one.startswith(said) for one in used)]

    def require_fit(self) -> None:
        """Raise SourceUnfit if a source has nothing to build from."""
        names = [one.source.name for one in self.without_data]
        if names:
            have = "have" if names[1:] else "has"
            raise SourceUnfit(
                f"{listed(names)} {have} no data that may be used; nothing was changed",
                hint=f"the lines above say why; {self._advice(self.without_data)}",
            )

    def _advice(self, outcomes: Sequence[SourceOutcome]) -> str:
        """Return what to do about sources for which nothing usable could be fetched."""
        refused = [one for one in outcomes if one.refused]
        others = [one for one in outcomes if not one.refused]
        if refused and not others:
            return _accepting(refused)
        if refused:
            return f"{_accepting(refused)}; for the others {self._advice(others)}"
        broken = [one.source.name for one in outcomes if one.broken]
        again = "try again later, or name the file with a source"
        if self.offline:
            again = "run it again without --offline"
        if not broken:
            return again
        wrong = f"correct the definition of {listed(broken)}, or tell the publisher"
        return wrong if len(broken) == len(outcomes) else f"{wrong}; for the others {again}"


def _accepting(outcomes: Sequence[SourceOutcome]) -> str:
    """Return what to do about sources whose new data was refused: trying again does not help."""
    accept = " ".join(f"--accept {one.refused.short}" for one in outcomes if one.refused)
    asked = " ".join(one.source.name for one in outcomes)
    return f"if the lines above are right about the source, run `blockc update {asked} {accept}`"


def update(
    tools: Tools, sources: Sequence[Source], lock: Lock | None, options: UpdateOptions
) -> Update:
    """Update every one of `sources`, several at a time.

    What comes is stored as it comes. What builds use is changed by `commit`, and only then.

    Raises:
        OutputError: The store cannot be written.
        UsageError: Another process has been updating a source all the time.
    """
    locked = lock.sources if lock else {}
    jobs = [partial(update_source, tools, one, locked.get(one.name), options) for one in sources]
    outcomes = in_parallel(jobs, tools.clock.stop)
    if not tools.records:
        return Update(tuple(outcomes), options.offline)

    def accept(source: Source, snapshot: Snapshot) -> SourceOutcome:
        wish = replace(options, accept=(*options.accept, snapshot.sha256))
        return update_source(tools, source, locked.get(source.name), wish)

    def refuse(outcome: SourceOutcome, reason: str) -> SourceOutcome:
        return take_back(tools, outcome, reason, options)

    judged = judged_together(outcomes, locked, tools.records, accept, refuse)
    return Update(judged, options.offline)


def commit(root: Path, path: Path, done: Update, only: Iterable[str] | None = None) -> Lock:
    """Write into the lock at `path` what `done` found, and return it.

    Args:
        root: The folder of the store.
        only: The sources the lock may name; any if None.

    Raises:
        SourceUnfit: A source has nothing to build from. The lock stays as it was.
        OutputError: The lock cannot be written.
        UsageError: Another process is writing it all the time.
        Mistakes: The lock that is there is none.
    """
    done.require_fit()
    fresh = {one.source.name: one.snapshot for one in done.outcomes if one.snapshot}
    with _alone(root, path):
        sweep_unfinished(path.parent, path.name)
        sweep_killed(root)
        lock = (read_lock(path) or Lock()).with_sources(fresh)
        lock = lock if only is None else lock.only(only)
        write_lock(path, lock)
        remember_lock(root, path)
    return lock


def _alone(root: Path, path: Path) -> AbstractContextManager[None]:
    """Hold the lock at `path` alone; what guards it is in the store, not in the project."""
    return held(
        root / "locks" / f"lock-{mark_of(path)}.lock",
        f"another update has been writing {path}",
        LockWait(seconds=COMMIT_SECONDS),
        STORE_ADVICE,
    )


T = TypeVar("T")
MOST_AT_ONCE = 6


def in_parallel(jobs: Sequence[Callable[[], T]], stop: Event) -> list[T]:
    """Return what `jobs` return, in their order.

    If one fails, `stop` is set, those that run come to their end, and that failure is raised. An
    interrupt is raised at once: the threads are daemons, so a server that says nothing cannot keep
    the process alive, and whatever they write is written whole or not at all.
    """
    from concurrent.futures import FIRST_EXCEPTION, Future, wait

    waiting: SimpleQueue[tuple[Future[T], Callable[[], T]]] = SimpleQueue()
    promises: list[Future[T]] = []
    for job in jobs:
        promises.append(Future())
        waiting.put((promises[-1], job))
    for _ in range(min(MOST_AT_ONCE, len(jobs))):
        Thread(target=_work, args=(waiting,), daemon=True).start()
    try:
        done = wait(promises, return_when=FIRST_EXCEPTION).done
        failed = [one for one in promises if one in done and one.exception()]
        if failed:
            stop.set()
            wait(promises)
            failed[0].result()  # those that failed later did so because they were stopped
    except BaseException:
        stop.set()
        raise
    return [promise.result() for promise in promises]


def _work(waiting: "SimpleQueue[tuple[Future[T], Callable[[], T]]]") -> None:
    """Do jobs until none is left."""
    while True:
        try:
            promise, job = waiting.get_nowait()
        except Empty:
            return
        try:
            promise.set_result(job())
        except BaseException as failure:  # noqa: BLE001  raised again where it is waited for
            promise.set_exception(failure)
