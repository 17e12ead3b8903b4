"""Files for the time of a run: what arrives in pieces, and what programs that we start say."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


def write_chunks(path: Path, chunks: Iterable[bytes]) -> int:
    """Write chunks one after the other into a file, and return how many bytes they are.

    Raises:
        OSError: It cannot be written.
    """
    with path.open("wb") as file:
        return sum(file.write(chunk) for chunk in chunks)


@contextmanager
def child_stderr_in(path: Path) -> Iterator[None]:
    """Let programs that are started in the block say what they say on stderr into a file.

    They do so until they end. Standard error of this process is as it was after the block.

    Raises:
        OSError: The file cannot be written.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.dup2(file, 2)
        finally:
            os.close(file)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
