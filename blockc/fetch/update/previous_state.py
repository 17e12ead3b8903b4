"""What is known of a source before an update: what builds use, and what this machine holds."""

from collections.abc import Mapping
from types import MappingProxyType

from blockc.errors import BlockcError
from blockc.fetch.definition import Source
from blockc.fetch.http.failure import one_line
from blockc.fetch.snapshot import Snapshot
from blockc.fetch.store.state import State, load_state, state_path
from blockc.fetch.update import continuity
from blockc.fetch.update.tools import Tools
from blockc.values import Value


class PreviousState(Value):
    """What is known of one source.

    Attributes:
        state: What this machine remembers, if anything.
        locked: What the lock says builds use, if anything.
        good: The snapshot that stands if nothing comes: its bytes are in the store, and it may
            follow the locked one.
        damage: Why the state could not be read, or nothing.
    """

    state: State | None
    locked: Snapshot | None
    good: Snapshot | None
    damage: str = ""

    @classmethod
    def of(cls, tools: Tools, source: Source, locked: Snapshot | None) -> "PreviousState":
        """Return what is known of `source`."""
        state, damage = None, ""
        try:
            state = load_state(state_path(tools.root, source))
        except BlockcError as error:
            damage = f"what was remembered is damaged and starts anew: {one_line(error)}"
        remembered = state.good if state else None
        if remembered and locked and next(continuity.objections(source, remembered, locked), ""):
            remembered = None
        held = (one for one in (remembered, locked) if one and tools.blobs.has(one.sha256))
        return cls(state, locked, next(held, None), damage)

    @property
    def before(self) -> Snapshot | None:
        """Return what was built from until now, as far as known."""
        return self.locked or (self.state.good if self.state else None)

    @property
    def accepted(self) -> Mapping[str, Snapshot]:
        """Return every snapshot that was accepted, by digest; of two equal ones the locked."""
        remembered = self.state.good if self.state else None
        return MappingProxyType({one.sha256: one for one in (remembered, self.locked) if one})
