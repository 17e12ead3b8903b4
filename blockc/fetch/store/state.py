"""What this machine remembers of a source between two updates."""

import hashlib
import json
from datetime import datetime
from pathlib import Path

from blockc.errors import DefinitionError, Mistakes
from blockc.fetch.definition import Source
from blockc.fetch.snapshot import Snapshot, SnapshotTable, snapshot_lines, snapshot_of
from blockc.fetch.store.blobs import STORE_ADVICE, STORE_READING
from blockc.storage.atomic import reporting, write_whole
from blockc.storage.local import read_local
from blockc.tomlio.tables import Findings, Place, Table, TomlDocument, from_table
from blockc.tomlio.writer import toml_lines
from blockc.values import Value

VERSION = 1
FOLDER = "state"


class StateTable(Table):
    """The keys of a state file."""

    version: int
    name: str
    checked_at: str = ""
    etag: str = ""
    last_modified: str = ""
    good: SnapshotTable | None = None
    refused: SnapshotTable | None = None
    reading: str = ""


class State(Value, kw_only=True):
    """What is known of one source.

    Attributes:
        checked_at: When a server last sent or confirmed `good`, UTC.
        good: The last snapshot that was accepted.
        etag: With which the url of `good` sent it; so is `last_modified`.
        refused: The last snapshot that was not accepted because of what came before it. It is
            kept so that the operator can accept this very one.
        reading: What `Source.reading` was when `good` was read, or nothing.
    """

    name: str
    checked_at: datetime | None
    good: Snapshot | None = None
    etag: str = ""
    last_modified: str = ""
    refused: Snapshot | None = None
    reading: str = ""

    @property
    def digests(self) -> set[str]:
        """Return the sha256 of every snapshot this state needs."""
        return {one.sha256 for one in (self.good, self.refused) if one}


def state_path(root: Path, source: Source) -> Path:
    """Return where the state of `source` is in the store at `root`.

    Two projects may each have a source of their own of one name: the first url tells them apart.
    """
    identity = json.dumps([source.name, source.format, source.registry, source.urls[0]])
    mark = hashlib.sha256(identity.encode()).hexdigest()[:8]
    return root / FOLDER / f"{source.name}-{mark}.toml"


def state_text(state: State) -> str:
    """Return the file that `parse_state` reads."""
    at = state.checked_at
    lines = toml_lines(
        {
            "version": VERSION,
            "name": state.name,
            "checked_at": at.isoformat(timespec="seconds") if at else None,
            "etag": state.etag or None,
            "last_modified": state.last_modified or None,
            "reading": state.reading or None,
        }
    )
    for key, snapshot in (("good", state.good), ("refused", state.refused)):
        if snapshot:
            lines += ["", f"[{key}]", *snapshot_lines(snapshot)]
    return "\n".join([*lines, ""])


def parse_state(path: str, text: str) -> State:
    """Return the state that `text` says.

    Raises:
        Mistakes: Every DefinitionError in it, each with its place.
    """
    document = TomlDocument(path, text)
    findings, place = Findings(), Place(document)
    table = from_table(StateTable, document.table(), place, findings)
    if table.version != VERSION:
        findings.add(place / "version", f"expected {VERSION}, found {table.version}")
    good, refused = (
        snapshot_of(one, place / key, findings) if one else None
        for key, one in (("good", table.good), ("refused", table.refused))
    )
    checked_at = _moment(table.checked_at, place / "checked_at", findings)
    findings.require_none()
    return State(
        name=table.name,
        checked_at=checked_at,
        good=good,
        etag=table.etag,
        last_modified=table.last_modified,
        reading=table.reading,
        refused=refused,
    )


def _moment(text: str, place: Place, findings: Findings) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        moment = datetime(1, 1, 1)  # noqa: DTZ001  refused below, as any without a zone
    if moment and moment.tzinfo is None:
        findings.add(place, "expected a time such as 2026-11-23T10:00:00+00:00")
    return moment


def load_state(path: Path) -> State | None:
    """Return the state at `path`, None if there is none yet.

    Raises:
        Mistakes: It is damaged.
        OutputError: It may not be read: what it says is still to be kept to.
    """
    try:
        return parse_state(str(path), read_local(path).decode())
    except FileNotFoundError:
        return None
    except PermissionError as refusal:
        with reporting(path, STORE_READING):
            raise refusal from None
    except (OSError, UnicodeDecodeError) as error:
        raise Mistakes([DefinitionError(f"{path} cannot be read: {error}")]) from None


def save_state(path: Path, state: State) -> None:
    """Write `state` to `path`, whole or not at all.

    Raises:
        OutputError: The disk refuses.
    """
    write_whole(path, state_text(state).encode(), STORE_ADVICE)
