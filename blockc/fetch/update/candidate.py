"""One version of a source from one url, through every check that decides whether it is accepted."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from blockc.errors import BlockcError, Mistakes, SourceUnfit
from blockc.fetch.definition import Source
from blockc.fetch.http.messages import FetchFailed, HttpResponse, one_line
from blockc.fetch.http.retrieve import Retriever
from blockc.fetch.snapshot import Snapshot
from blockc.fetch.store.blobs import sha256_of
from blockc.fetch.store.state import State, load_state, state_path
from blockc.fetch.update import continuity
from blockc.fetch.update.tools import Event, Tools, UpdateOptions, UpdateStep
from blockc.values import Value, replace


class PreviousState(Value):
    """What is known of one source.

    Attributes:
        state: What this machine remembers, if anything.
        locked: What the lock says builds use, if anything.
        good: The snapshot that stands if nothing comes: its bytes are in the store, and it may
            follow the locked one. It says what the definition of today reads in them.
        damage: Why something could not be read, or nothing.
        read: Whether the definition is the one that `good` and the lock were read with.
    """

    state: State | None
    locked: Snapshot | None
    good: Snapshot | None
    damage: str = ""
    read: bool = True

    @classmethod
    def of(cls, tools: Tools, source: Source, locked: Snapshot | None) -> "PreviousState":
        """Return what is known of `source`."""
        state, damage = None, ""
        try:
            state = load_state(state_path(tools.root, source))
        except Mistakes as error:
            damage = f"what was remembered is damaged and starts anew: {one_line(error)}"
        remembered = state.good if state else None
        if remembered and locked and next(continuity.objections(source, remembered, locked), ""):
            remembered = None
        held = (one for one in (remembered, locked) if one and tools.blobs.has(one.sha256))
        good = next(held, None)
        if state and state.reading == source.reading:
            return cls(state, locked, good, damage)
        try:
            again = _read_again(tools, source, good) if good else None
        except BlockcError as error:
            return cls(state, locked, None, _unreadable(error), read=False)
        if again and locked and locked.sha256 == again.sha256:
            locked = again
        return cls(state, locked, again, damage, read=False)

    @property
    def before(self) -> Snapshot | None:
        """Return what was built from until now, as far as known."""
        return self.locked or (self.state.good if self.state else None)

    @property
    def accepted(self) -> Mapping[str, Snapshot]:
        """Return every snapshot that was accepted, by digest; of two equal ones the locked."""
        remembered = self.state.good if self.state else None
        return MappingProxyType({one.sha256: one for one in (remembered, self.locked) if one})


def _read_again(tools: Tools, source: Source, good: Snapshot) -> Snapshot:
    """Return what the definition of today reads in the bytes of `good`.

    Raises:
        BlockcError: It cannot read them.
    """
    facts = tools.read(
        source, str(tools.blobs.path(good.sha256)), tools.blobs.get(good.sha256) or b""
    )
    few = continuity.too_few(source, facts)
    if few:
        raise SourceUnfit(few)
    return replace(good, facts=facts)


def _unreadable(error: BlockcError) -> str:
    return f"the last good snapshot cannot be read with the definition of today: {one_line(error)}"


class Candidate(Value):
    """A snapshot that passed every check.

    Attributes:
        data: Its bytes; empty if the server said that we have them.
        etag: With which its url sent it; empty if another url did. So is `last_modified`.
    """

    snapshot: Snapshot
    data: bytes = b""
    etag: str = ""
    last_modified: str = ""


class Refused(Exception):
    """A snapshot is sound and may not follow the one before it, unless the operator says so.

    Attributes:
        shrank: For no other reason than that it holds too much less.
    """

    def __init__(self, snapshot: Snapshot, data: bytes, reason: str, *, shrank: bool) -> None:
        super().__init__(reason)
        self.snapshot = snapshot
        self.data = data
        self.shrank = shrank


class Candidates(Value):
    """Gets candidates for `source`, given what is known of it."""

    tools: Tools
    source: Source
    options: UpdateOptions
    previous: PreviousState
    now: datetime

    def accepted(self) -> Candidate | None:
        """Return the snapshot refused before that the operator accepts now, if any.

        Raises:
            FetchFailed: It grew too old meanwhile.
        """
        state = self.previous.state
        kept = state.refused if state else None
        if not kept or not self.options.accepts(kept) or not self.tools.blobs.has(kept.sha256):
            return None
        self._require_young(kept)
        return Candidate(kept)

    def fetch(self, url: str) -> Candidate:
        """Return what `url` has.

        Raises:
            FetchFailed: Nothing usable came.
            SourceSyntaxError: What came does not follow its format.
            SourceUnfit: Its reader refuses it.
            Refused: It is sound and may not follow what came before it.
        """
        etag, last_modified = self._validators(url)
        response = Retriever(self.tools, self.source, self._is_known).fetch(
            url, etag, last_modified
        )
        self.tools.watch(Event(self.source.name, UpdateStep.CHECKING, url))
        good = self.previous.good
        if response.status == 304 and good:
            candidate = Candidate(good, b"", etag, last_modified)
        else:
            snapshot = self._read(url, response)
            own = snapshot.url == url
            candidate = Candidate(
                snapshot,
                response.data,
                response.etag if own else "",
                response.last_modified if own else "",
            )
        self._require_young(candidate.snapshot)
        self._require_following(url, candidate)
        return candidate

    def _validators(self, url: str) -> tuple[str, str]:
        """Return the ETag and Last-Modified to ask `url` with.

        Not once the data is halfway to being too old: a server that wrongly goes on saying that
        nothing changed must not freeze us.
        """
        state, good = self.previous.state, self.previous.good
        if self.options.force or not state or not good or good != state.good or good.url != url:
            return "", ""
        age = continuity.age_of(good, state.checked_at, self.now, self.source.registry)
        fresh = age is not None and age <= timedelta(hours=self.source.max_age_hours) / 2
        return (state.etag, state.last_modified) if fresh else ("", "")

    def _is_known(self, data: bytes) -> bool:
        return not self.options.force and sha256_of(data) in self.previous.accepted

    def _read(self, url: str, response: HttpResponse) -> Snapshot:
        """Return the snapshot in `response`; a reader looks at it unless it was accepted before."""
        sha256 = sha256_of(response.data)
        known = self.previous.accepted.get(sha256)
        if known and self.previous.read and not self.options.force:
            return known
        facts = self.tools.read(self.source, response.url, response.data)
        few = continuity.too_few(self.source, facts)
        if few:
            raise FetchFailed(few)
        return Snapshot(known.url if known else url, sha256, len(response.data), facts)

    def _require_young(self, snapshot: Snapshot) -> None:
        age = continuity.age_of(snapshot, self.now, self.now, self.source.registry)
        old = continuity.too_old(self.source, age) if age is not None else ""
        if old:
            raise FetchFailed(old)

    def _require_following(self, url: str, candidate: Candidate) -> None:
        """Raise unless the snapshot may follow what came before, or is accepted all the same."""
        snapshot = candidate.snapshot
        if self.options.accepts(snapshot):
            return
        known = snapshot.sha256 in self.previous.accepted
        ahead = "" if known else continuity.ahead(snapshot.facts, self.now)
        days = next(self._backwards(snapshot), "") or ahead
        if days and url != self.source.urls[0]:
            raise FetchFailed(days)  # a mirror is late, which is no news to decide about
        before = self.previous.before
        wrong = [days] if days else []
        if before:
            wrong += continuity.shrinking(self.source, snapshot.facts, before.facts)
        if wrong:
            raise Refused(snapshot, candidate.data, "; ".join(wrong), shrank=not days)

    def _backwards(self, snapshot: Snapshot) -> Iterator[str]:
        known = self.previous
        earlier = [one for one in (known.locked, known.good, known.before) if one]
        return filter(None, (continuity.going_back(snapshot.facts, one.facts) for one in earlier))
