"""What was read before, kept by digest: a cache that is checked on reading and never in the way."""

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path

from blockc.errors import OutputError
from blockc.storage.atomic import write_whole
from blockc.storage.local import read_local
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
            sealed = read_local(path, None)
        except OSError:
            return None
        if _is_sealed(kind, key, sealed):
            return sealed[:-_SEAL_BYTES]
        with suppress(OSError):
            path.unlink()
        return None

    def is_sound(self, path: Path) -> bool:
        """Return whether the entry at `path` holds what was put there."""
        kind, _, key = path.relative_to(self.root).parts
        return _is_sealed(kind, key, read_local(path, None))

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


def _seal(kind: str, key: str, content: bytes | memoryview) -> bytes:
    """Return the digest of what an entry is and holds: it is worth nothing in another's place."""
    digest = hashlib.sha256(f"{kind}\0{key}\0".encode())
    digest.update(content)
    return digest.digest()


def _is_sealed(kind: str, key: str, sealed: bytes) -> bool:
    content, seal = memoryview(sealed)[:-_SEAL_BYTES], sealed[-_SEAL_BYTES:]
    return _seal(kind, key, content) == seal
