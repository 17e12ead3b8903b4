"""Whether a published folder still holds, byte for byte, what its manifest says. Writes nothing."""

import hashlib
import json
import os
from pathlib import Path

from blockc.vocabulary import MANIFEST


def shown_files(folder: Path, generation: str, manifest: str) -> tuple[str, ...] | None:
    """Return the files that `folder` shows, sorted, if they are exactly those of a generation.

    Args:
        folder: What a build published.
        generation: The name of the generation it must show.
        manifest: The sha256 of its manifest, which has the digest of every other file.

    Returns:
        None if the folder shows another generation, a byte differs, a file is missing, or a file
        stands there that the manifest does not name.
    """
    try:
        place = folder.absolute()
        if str(place.readlink()) != f".{place.name}.generations/{generation}":
            return None
        root = place.parent / place.readlink()
        text = (root / MANIFEST).read_bytes()
        if hashlib.sha256(text).hexdigest() != manifest:
            return None
        digests = {MANIFEST: manifest}
        for artifact in json.loads(text)["artifacts"]:
            digests |= {file["path"]: file["sha256"] for file in artifact["files"]}
        if _files_below(root) != digests.keys():
            return None
        for path, digest in digests.items():
            if hashlib.sha256((root / path).read_bytes()).hexdigest() != digest:
                return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return tuple(sorted(digests))


def _files_below(root: Path) -> set[str]:
    """Return the path of everything below `root` that is not a folder, links too."""
    found: set[str] = set()
    for folder, folders, names in os.walk(root):
        links = [name for name in folders if os.path.islink(f"{folder}/{name}")]  # noqa: PTH114
        found |= {os.path.relpath(f"{folder}/{name}", root) for name in names + links}
    return found
