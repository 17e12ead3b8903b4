"""What an update works with, and what it tells while it works."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path

from blockc.errors import UsageError
from blockc.fetch.clock import Clock, RetryPolicy
from blockc.fetch.definition import Source
from blockc.fetch.snapshot import SHORT_DIGITS, Facts, Snapshot
from blockc.fetch.store.blobs import Blobs
from blockc.registries.records import Records
from blockc.values import Value, field

Reader = Callable[[Source, str, bytes], Facts]
ChecksumReader = Callable[[str, bytes], str]
RegistryRecords = Callable[[str, Snapshot], Sequence[Records] | None]


class UpdateStep(StrEnum):
    """What is being done for a source."""

    WAITING = "waiting"
    ASKING = "asking"
    RECEIVING = "receiving"
    CHECKING = "checking"
    DONE = "done"


class Event(Value):
    """One step of the update of one source.

    Attributes:
        text: The url that is asked, or why there is a wait.
        done: Bytes received so far.
        total: Bytes promised, 0 where nobody says.
    """

    source: str
    step: UpdateStep
    text: str = ""
    done: int = 0
    total: int = 0


def _unwatched(_event: Event) -> None:
    """Nobody watches."""


class Tools(Value, kw_only=True):
    """What an update works with. Everything is called from several threads at once.

    Attributes:
        root: The folder of the store.
        read: Returns the facts of a source's file, given its name for messages and its bytes;
            raises BlockcError for a file that is not to be used.
        checksum: Returns the digest that a published checksum file says, in lower case; raises
            BlockcError for one that says none.
        folder: Where relative `file:` urls begin, the folder of the policy.
        watch: Told of every step.
        records: Returns what a registry's snapshot lists, one part for each family, None if its
            bytes are not at hand. Without it each registry is judged by itself.
    """

    root: Path
    read: Reader
    checksum: ChecksumReader
    folder: Path = field(default_factory=Path)
    clock: Clock = field(default_factory=Clock)
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    watch: Callable[[Event], None] = _unwatched
    records: RegistryRecords | None = None

    @property
    def blobs(self) -> Blobs:
        """Return the bytes in the store."""
        return Blobs(self.root)


class UpdateOptions(Value, kw_only=True):
    """How the operator wants to be served.

    Attributes:
        force: Fetch and read again what is known already.
        dry_run: Change nothing on the disk.
        offline: Open no socket.
        accept: Digests, or how they begin, of snapshots to accept whatever came before them.

    Raises:
        UsageError: If something to accept is not a digest.
    """

    force: bool = False
    dry_run: bool = False
    offline: bool = False
    accept: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for said in self.accept:
            if len(said) < SHORT_DIGITS or not set(said) <= set("0123456789abcdef"):
                raise UsageError(
                    f"--accept {said!r} is not a digest of a snapshot",
                    hint=f"copy the {SHORT_DIGITS} digits that the refusal shows",
                )

    def accepts(self, snapshot: Snapshot) -> bool:
        """Return whether the operator accepts this very snapshot."""
        return any(snapshot.sha256.startswith(said) for said in self.accept)
