"""One measurement beside its peer, and how it is written."""

from dataclasses import dataclass
from pathlib import Path

from blockc.resources import sources_dir


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured: `rounds` times each, on `data` or the bundled sample."""

    rounds: int = 5
    data: Path | None = None
    small: bool = False

    @property
    def folder(self) -> Path:
        """Return the folder of the five registries' files."""
        return self.data or sources_dir() / "sample"

    def size(self, full: int) -> int:
        """Return how many things to make where a full run makes `full`."""
        return min(full, 2000) if self.small else full


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measurement.

    Units: seconds, and megabytes (2**20 bytes) of the largest resident size; 0 is not measured.
    `reach` is the promise in words; `peer_seconds` is None if the peer is absent.
    """

    what: str
    seconds: float
    reach: str
    peer: str = ""
    peer_seconds: float | None = None
    megabytes: float = 0
    differs: bool = False


_FORM = "{:<46} {:>9} {:>7}  {:<26} {:>9} {:>7}  {}\n"
HEADER = _FORM.format("what", "blockc", "MB", "peer", "peer", "ratio", "to reach")


def line(row: Row) -> str:
    """Return a row of the table; a ratio above 1 means that blockc is quicker."""
    peer_seconds, ratio = "", ""
    if row.peer_seconds is not None:
        peer_seconds = duration(row.peer_seconds)
        ratio = f"{row.peer_seconds / row.seconds:.2f}x"
    elif row.peer:
        peer_seconds = "absent"
    megabytes = f"{row.megabytes:.0f}" if row.megabytes else ""
    reach = f"{row.reach} RESULTS DIFFER" if row.differs else row.reach
    mine = duration(row.seconds)
    return _FORM.format(row.what, mine, megabytes, row.peer, peer_seconds, ratio, reach)


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"
