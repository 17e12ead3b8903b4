"""Reads what stands beside a policy, from the disk or from the record of a generation."""

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from blockc.fetch.lock import NAME, Lock, read_lock
from blockc.fetch.store.blobs import sha256_of
from blockc.storage.local import read_local
from blockc.values import Changing, field


def lock_path(policy: Path) -> Path:
    """Return where the lock of the policy at this path is: beside it."""
    return policy.parent / NAME


class FileReader(Changing):
    """Reads the files of the policy at `policy` and remembers what they were.

    Attributes:
        policy: The path of the policy.
        digests: Path -> sha256 of every file read so far.
        contents: Path -> the bytes of each.
        lock_bytes: The lock's, once it was read; they are not part of what the policy says.
        lock_file: The lock, if it is not the one beside the policy.
    """

    policy: Path
    digests: dict[str, str] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    lock_bytes: bytes = b""
    lock_file: Path | None = None

    def __call__(self, path: str) -> bytes:
        """Return the bytes of the file at `path`; OSError if there is none."""
        data = self.read(path)
        self.digests[path] = sha256_of(data)
        self.contents[path] = data
        return data

    def read(self, path: str) -> bytes:
        """Return the bytes of the file at `path` without remembering it."""
        return read_local(path)

    def listed(self, folder: str) -> list[Path]:
        """Return the TOML files of a folder beside the policy, sorted."""
        return sorted((self.policy.parent / folder).glob("*.toml"))

    def lock(self) -> Lock | None:
        """Return the lock of the policy, None if there is none.

        Raises:
            Mistakes: It is not what `blockc update` writes.
            UsageError: It cannot be read.
        """
        return read_lock(self.lock_file or lock_path(self.policy), self._read_lock)

    def _read_lock(self, path: Path) -> bytes:
        self.lock_bytes = read_local(path) if self.lock_file else self.read(str(path))
        return self.lock_bytes

    def name_of(self, path: str) -> str:
        """Return the name of a file: its path from the folder of the policy.

        So a policy says the same in every folder and whatever way it was called.
        """
        return Path(os.path.relpath(path, self.policy.parent)).as_posix()

    def files(self) -> dict[str, str]:
        """Return name -> sha256 of every file read so far, in order of name."""
        named = {self.name_of(path): path for path in self.digests}
        return {name: self.digests[named[name]] for name in sorted(named)}

    def digest(self) -> str:
        """Return one digest of the names and contents of every file read.

        Names count: who swaps the contents of two files may turn the meaning round. Each part has
        its length before it, so that no name runs into what follows.
        """
        found = hashlib.sha256()
        for name, content in self.files().items():
            for part in (os.fsencode(name), bytes.fromhex(content)):
                found.update(len(part).to_bytes(8, "big") + part)
        return found.hexdigest()


class RecordedReader(FileReader, kw_only=True):
    """Reads the files of a policy as a record has them, and none from the disk.

    Attributes:
        recorded: Name -> sha256 of every file.
        names: Path -> name of the files that the policy names by an absolute path.
        object_of: Returns the bytes with a sha256.
        lock_digest: The sha256 of the lock; nothing if there was none.
    """

    recorded: Mapping[str, str]
    names: Mapping[str, str]
    object_of: Callable[[str], bytes]
    lock_digest: str

    def read(self, path: str) -> bytes:
        """Return the bytes of a file; FileNotFoundError if the policy did not read it then."""
        wanted = self.recorded.get(self.name_of(path), "")
        if path == str(lock_path(self.policy)):
            wanted = self.lock_digest
        if not wanted:
            raise FileNotFoundError(2, "it is not in the record", path)
        return self.object_of(wanted)

    def listed(self, folder: str) -> list[Path]:
        """Return the recorded TOML files of a folder beside the policy, sorted."""
        found = (Path(name) for name in self.recorded)
        return sorted(one for one in found if str(one.parent) == folder and one.suffix == ".toml")

    def name_of(self, path: str) -> str:
        """Return the name that a file had when it was recorded."""
        return self.names.get(path, path)
