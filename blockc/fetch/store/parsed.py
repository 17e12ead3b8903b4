"""What was read before, kept by digest: a cache that is checked on reading and never in the way."""

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path

from blockc.errors import OutputError
from blockc.storage.atomic import write_whole
from blockc.storage.local import open_local
from blockc.values import Value

_SEAL_BYTES = hashlib.sha256().digest_size
_WORD = re.compile(r"[a-z0-9][a-z0-9-]*")


class Store(Value):
    """Entries under `root`, by kind and key; what an entry says depends on its key alone.

    An entry ends with the sha256 of its kind, its key and what it holds. One that does not match,
    cut short by a full disk, changed, or copied over another, is removed and was never there. That
    is no proof against somebody who can write the store and seals anew. Two processes may share a
    store.
    """

    root: Path

    @classmethod
    def of(cls, root: Path | None = None) -> "Store":
        """Return the store at `root`, else at `BLOCKC_STORE`, else in the user's cache folder."""
        named = os.environ.get("BLOCKC_STORE")
        return cls(root or (Path(named) if named else _user_cache()))

    def get(self, kind: str, key: str) -> bytes | None:
        """Return what was put under `kind` and `key`, or None."""
        path = self._path(kind, key)
        try:
            content, seal = _read(path)
        except OSError:
            return None
        if _seal(kind, key, content) == seal:
            return content
        with suppress(OSError):
            path.unlink()
        return None

    def is_sound(self, path: Path) -> bool:
        """Return whether the entry at `path` holds what was put there."""
        kind, _, key = path.relative_to(self.root).parts
        content, seal = _read(path)
        return _seal(kind, key, content) == seal

    def put(self, kind: str, key: str, content: bytes) -> bool:
        """Keep `content` under `kind` and `key`; return False where the disk does not let us."""
        try:
            sealed = content + _seal(kind, key, content)
            write_whole(self._path(kind, key), sealed, lasting=False)
        except OutputError:
            return False
        return True

    def _path(self, kind: str, key: str) -> Path:
        if not (_WORD.fullmatch(kind) and _WORD.fullmatch(key)):
            raise ValueError(f"{kind!r} and {key!r} cannot name an entry of the store")
        return self.root / kind / key[:2] / key


def _user_cache() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("blockc")


def _seal(kind: str, key: str, content: bytes) -> bytes:
    """Return the digest of what an entry is and holds: it is worth nothing in another's place."""
    digest = hashlib.sha256(f"{kind}\0{key}\0".encode())
    digest.update(content)
    return digest.digest()


def _read(path: Path) -> tuple[bytes, bytes]:
    """Return what an entry holds and its seal, read apart: to cut them apart copies many bytes.

    Raises:
        OSError: It cannot be read.
    """
    with open_local(path) as file:
        size = os.fstat(file.fileno()).st_size
        return file.read(max(0, size - _SEAL_BYTES)), file.read()
