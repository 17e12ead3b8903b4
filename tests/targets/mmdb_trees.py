"""MaxMind DB files with trees of any shape, which no writer would make."""

from collections.abc import Mapping, Sequence

import numpy as np

from blockc.targets.data import mmdb_writer
from blockc.targets.data.mmdb_writer import Datum, Unsigned, encoded
from blockc.targets.syntax.mmdb_file import MARKER
from blockc.targets.syntax.tokens import ArtifactFile

SAID: Datum = {"blockc": "block"}
DEEP = [(at + 1, 129) for at in range(128)] + [(129, 129)]  # deeper than an address has bits


def made(
    nodes: Sequence[tuple[int, int]],
    records: bytes = encoded(SAID),
    size: int = 24,
    changes: Mapping[str, Datum] | None = None,
) -> ArtifactFile:
    """Return a file with these branches; from 1000 on they lead to bytes of the records."""
    count = len(nodes)
    branches = [[to - 1000 + count + 16 if to >= 1000 else to for to in node] for node in nodes]
    about: dict[str, Datum] = {
        "node_count": Unsigned(32, count),
        "record_size": Unsigned(16, size),
        "ip_version": Unsigned(16, 6),
        "binary_format_major_version": Unsigned(16, 2),
        "binary_format_minor_version": Unsigned(16, 0),
        "build_epoch": Unsigned(64, 1),
        **(changes or {}),
    }
    tree = mmdb_writer._packed(np.array(branches, np.int64), size)
    return ArtifactFile("x.mmdb", tree + bytes(16) + records + MARKER + encoded(about))
