"""Whether a build would make what is published already, so that nothing need be compiled.

The store remembers the last build of a policy into a folder: the digest of every file that could
have decided a byte, of the code, and the days on which the policy means the same. A build is left
out only if all of that is as it was and every published byte is what the manifest says; whatever
cannot be read or compared means that it is built. This module is what an unchanged build waits
for, so it imports nothing that compiles.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blockc.errors import BlockcError
from blockc.fetch.store.parsed import Store
from blockc.resources import sources_dir, templates_dir
from blockc.storage.local import local_digest
from blockc.values import Value, line_bytes
from blockc.vocabulary import MANIFEST
from blockc.workspace.beside import beside
from blockc.workspace.inputs import InputOptions

if TYPE_CHECKING:
    from blockc.compiler.compile import Build
    from blockc.publish.generations import Published
    from blockc.workspace.project import ProjectDay

# Raise it when an older record must not be believed any more.
_KIND = "built-2"
_LOCK = "blockc.lock"  # as `fetch.lock.NAME`, which would import what reads it
_BESIDE = ("sources", "groups")  # folders of the operator's own definitions


class Unchanged(Value):
    """A build that need not be done.

    Attributes:
        generation: What the folder shows, and goes on showing.
        files: Every file of it, sorted.
        reads: The files that the build had read, for a dependency file.
        said: What the caller of `remember` wanted to say again.
    """

    generation: str
    files: tuple[str, ...]
    reads: tuple[str, ...]
    said: Mapping[str, Any]


class BuildCheck(Value):
    """One build that is asked for, and what stood around its policy before it began.

    Attributes:
        around: Path -> sha256 of the lock, of the operator's definitions and of the registries'
            files in a folder, and of all code; None if one of them cannot be read.
    """

    store: Store
    policy: Path
    output: Path
    options: InputOptions
    around: Mapping[str, str] | None

    @classmethod
    def before(
        cls, store_root: Path | None, policy: Path, output: Path, options: InputOptions
    ) -> "BuildCheck":
        """Return the check of a build of `policy` into `output`; call it before reading."""
        around = _around(policy, options.data)
        return cls(Store.of(store_root), policy, output, options, around)

    def unchanged(self) -> Unchanged | None:
        """Return what is published if building again would make just that, else None."""
        kept = self.store.get(_KIND, self.key) if self.around else None
        if not kept:
            return None
        record = json.loads(kept)
        if not self.still(record):
            return None
        from blockc.publish.generations import shown_files

        files = shown_files(self.output, record["generation"], record["manifest"])
        if files is None:
            return None
        return Unchanged(record["generation"], files, tuple(record["reads"]), record["said"])

    def remember(
        self, day: "ProjectDay", build: "Build", published: "Published", said: Mapping[str, Any]
    ) -> bool:
        """Keep what a build was made from; return False if that is not certain or not possible.

        What changed while it was built may have been read before or after the change.
        """
        made_from = self.made_from(day, day.same_until())
        if made_from is None:
            return False
        record = {
            **made_from,
            "generation": published.generation,
            "manifest": hashlib.sha256(build.files[MANIFEST]).hexdigest(),
            "reads": day.files_read(),
            "said": said,
        }
        return self.store.put(_KIND, self.key, line_bytes(record))

    def still(self, record: Mapping[str, Any]) -> bool:
        """Return whether what a record was made from is what it would be made from now."""
        same = record["around"] == self.around and _digests(record["policy"]) == record["policy"]
        return same and _within(self.options.moment, record["moments"])

    def made_from(self, day: "ProjectDay", end: datetime | None) -> dict[str, Any] | None:
        """Return what decides what is made of a day; None if it changed while it was read.

        Args:
            end: When something else would be made of it; None: never.
        """
        around, now = self.around, _around(self.policy, None)
        if around is None or now is None or around != now | _seen(self.options, day):
            return None
        return {
            "around": around,
            "policy": day.reader.digests,
            "moments": [day.resolved.moment.isoformat(), end.isoformat() if end else ""],
        }

    @property
    def key(self) -> str:
        """Return what tells this build from others: where it is called, and its options.

        Also where the store is: what was kept names files of it.
        """
        options = self.options
        said = [os.getcwd(), str(self.policy), str(self.output), str(options.data)]  # noqa: PTH109
        said += [
            str(self.store.root),
            str((options.sample, options.other_day, options.allow_expired)),
        ]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _within(moment: datetime, moments: Sequence[str]) -> bool:
    """Return whether a moment is one of those from the first to before the second, if there is."""
    first, end = moments
    begun = moment >= datetime.fromisoformat(first)
    return begun and (not end or moment < datetime.fromisoformat(end))


def _around(policy: Path, data: Path | None) -> dict[str, str] | None:
    """Return path -> digest of everything but the policy's own files, None if one is unreadable."""
    try:
        os.getcwd()  # noqa: PTH109  # a folder that was removed is the place of nothing
        paths = [path for name in _BESIDE for path in (policy.parent / name).glob("*.toml")]
        lock = policy.parent / _LOCK
        if lock.exists():
            paths.append(lock)
        if data:
            from blockc.fetch.folder import registry_files

            paths += registry_files(data).values()
        found = _digests(map(str, paths))
        return None if found is None else {"code": _code_digest(), **found}
    except (OSError, BlockcError):
        return None


def _seen(options: InputOptions, day: "ProjectDay") -> dict[str, str]:
    """Return path -> digest of the registries' files as they were read from a folder."""
    return {str(one.path): one.digest for one in day.found} if options.data else {}


def _digests(paths: Iterable[str]) -> dict[str, str] | None:
    """Return path -> sha256 of each file, None if one cannot be read.

    The files of registries have 22 MB: two threads take from what is left.
    """
    every, found = [*paths], dict[str, str]()
    left = iter(every)

    def digest() -> None:
        found.update((path, local_digest(path)) for path in left)

    try:
        others = beside(digest)
        try:
            digest()
        finally:
            others()
    except OSError:
        return None
    return {path: found[path] for path in every}


def _code_files(folder: str) -> Iterator[tuple[str, int, int, int]]:
    """Yield each file of code below a folder, and what tells whether it was written since."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _code_files(entry.path)
            elif entry.name.endswith((".py", ".j2", ".toml")):
                state = entry.stat()
                yield entry.path, state.st_ino, state.st_size, state.st_mtime_ns


@cache
def _files_digest(files: tuple[tuple[str, int, int, int], ...]) -> str:
    """Return a digest of names and contents; files that no one wrote are read once a process.

    Of code what tells whether it was written suffices: Python, which runs what it compiled of it
    before, goes by no more.
    """
    digest = hashlib.sha256(sys.version.encode())
    for path, *written in files:
        digest.update(f"{path}\0".encode())
        digest.update(repr(written).encode() if path.endswith(".py") else Path(path).read_bytes())
    return digest.hexdigest()


def _code_digest() -> str:
    """Return a digest of blockc's code and data, of Python, and of what is installed beside it.

    The version alone does not tell two states of a checkout apart.
    """
    roots = (Path(__file__).parents[1], templates_dir(), sources_dir())
    files = (file for root in roots for file in _code_files(str(root)))
    digest = hashlib.sha256(_files_digest(tuple(sorted(files))).encode())
    for place in sys.path:
        if os.path.isdir(place):  # noqa: PTH112
            installed = (name for name in os.listdir(place) if name.endswith(".dist-info"))  # noqa: PTH208
            digest.update("\0".join(sorted(installed)).encode())
    return digest.hexdigest()
