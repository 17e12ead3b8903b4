"""The bytes that the lock names: from the store, else from a server that still has them."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial

from blockc.errors import Location, OutputError, SourceUnfit, UsageError, listed
from blockc.fetch.definition import Source
from blockc.fetch.folder import Raw
from blockc.fetch.http.messages import FetchFailed
from blockc.fetch.http.retrieve import Retriever
from blockc.fetch.lock import Lock
from blockc.fetch.snapshot import Snapshot
from blockc.fetch.store.blobs import sha256_of
from blockc.fetch.update.tools import Event, Tools, UpdateStep
from blockc.fetch.update.update import in_parallel
from blockc.values import Value


class LockedSource(Value):
    """One source as the lock has it: which snapshot, and its bytes, proved."""

    source: Source
    snapshot: Snapshot
    raw: Raw


def locked_sources(
    tools: Tools,
    lock: Lock,
    sources: Mapping[str, Source],
    names: Iterable[str],
    *,
    offline: bool = False,
) -> dict[str, LockedSource]:
    """Return name -> source, with exactly the bytes that `lock` names, sorted by name.

    What is missing in the store is fetched from the urls of the source and taken only if it has
    the digest of the lock; then it is stored.

    Args:
        sources: Every known source.
        names: Those that are needed.
        offline: Open no socket.

    Raises:
        UsageError: The lock does not name a source that is needed.
        SourceUnfit: The bytes of a source are nowhere to be had.
    """
    wanted = sorted(set(names))
    missing = [name for name in wanted if name not in lock.sources]
    if missing:
        raise UsageError(
            f"the lock does not name {listed(missing)}",
            hint=f"run `blockc update {' '.join(missing)}`",
        )
    jobs = [partial(_one, tools, sources[name], lock.sources[name], offline) for name in wanted]
    return dict(zip(wanted, in_parallel(jobs, tools.clock.stop), strict=True))


def _one(tools: Tools, source: Source, snapshot: Snapshot, offline: bool) -> LockedSource:  # noqa: FBT001  positional through the pool
    data = tools.blobs.get(snapshot.sha256)
    problems: list[str] = []
    if data is None and not offline:
        data = _fetched(tools, source, snapshot, problems)
    if data is None:
        why = f": {'; '.join(problems)}" if problems else ""
        raise SourceUnfit(
            f"the store does not hold {snapshot.short} of {source.name}, which the lock names{why}",
            at=Location(str(tools.root)),
            hint=f"run `blockc update {source.name}`, or copy the store from where it was fetched",
        )
    return LockedSource(source, snapshot, Raw(snapshot.url, data))


def _fetched(tools: Tools, source: Source, snapshot: Snapshot, problems: list[str]) -> bytes | None:
    """Return the bytes of `snapshot` from the first url that still has them, and store them."""
    arrivals = Retriever(tools, source, known=lambda _data: True)  # the lock proves them
    for url in dict.fromkeys([snapshot.url, *source.urls]):
        try:
            data = arrivals.fetch(url).data
        except FetchFailed as failure:
            problems.append(f"{url}: {failure.reason}")
            continue
        if sha256_of(data) == snapshot.sha256:
            tools.watch(Event(source.name, UpdateStep.DONE, url))
            with suppress(OutputError):  # a store that cannot be written is no reason not to build
                tools.blobs.put(data)
            return data
        problems.append(f"{url}: has another version now")
    return None
