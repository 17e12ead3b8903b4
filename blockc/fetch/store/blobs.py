"""The bytes that were fetched, each file named by its sha256: what a name says is what it holds."""

import errno
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from blockc.storage.atomic import FRESH, Advice, reporting, write_whole
from blockc.storage.local import read_local
from blockc.values import Value

FOLDER = "raw"
_OTHER_STORE = "change its permissions, or name another store with --store or BLOCKC_STORE"
STORE_ADVICE = Advice(
    steps={
        errno.ENOSPC: "free some space; what was stored before is untouched",
        errno.EDQUOT: "raise the quota or free some space; what was stored before is untouched",
        errno.EROFS: "name a store that can be written with --store or BLOCKC_STORE",
        errno.EACCES: _OTHER_STORE,
        errno.EPERM: _OTHER_STORE,
    },
    otherwise="what was stored before is untouched",
)
STORE_READING = Advice(
    verb="read this part of the store",
    steps={errno.EACCES: _OTHER_STORE, errno.EPERM: _OTHER_STORE},
    otherwise="`blockc store verify` shows what else is damaged",
)
_SHA256 = re.compile(r"[0-9a-f]{64}")


def sha256_of(data: bytes) -> str:
    """Return the sha256 of `data` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


class Blobs(Value):
    """Files under `root`, plain as they came and unpacked.

    `sha256sum` proves each by its name, and so does every reading. Two processes may share them.
    """

    root: Path

    def put(self, data: bytes) -> str:
        """Keep `data` and return its sha256.

        Raises:
            OutputError: The disk refuses.
        """
        sha256 = sha256_of(data)
        path = self.path(sha256)
        if self.has(sha256):
            with suppress(OSError):
                os.utime(path)  # young again, for whoever removes the old
        else:
            write_whole(path, data, STORE_ADVICE)
        return sha256

    def get(self, sha256: str) -> bytes | None:
        """Return what has this sha256, or None.

        A file that holds something else, cut short or changed by anybody, is not an answer.

        Raises:
            OutputError: It may not be read: nobody knows whether it is there.
        """
        path = self.path(sha256)
        try:
            data = read_local(path, None)
        except PermissionError as refusal:
            with reporting(path, STORE_READING):
                raise refusal from None
        except OSError:
            return None
        return data if sha256_of(data) == sha256 else None

    def has(self, sha256: str) -> bool:
        """Return whether what has this sha256 is here, undamaged."""
        return self.get(sha256) is not None

    def path(self, sha256: str) -> Path:
        """Return where what has this sha256 is kept."""
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"{sha256!r} is not a sha256")
        return self.root / FOLDER / sha256[:2] / sha256

    def names(self) -> Iterator[str]:
        """Return the sha256 of every file, whatever it holds now."""
        for path in sorted((self.root / FOLDER).glob("??/*")):
            if not path.name.startswith(FRESH) and _SHA256.fullmatch(path.name):
                yield path.name
