"""What is published, read again and held against the record of what it was made from."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from blockc.addresses import Family
from blockc.compiler.artifacts import Artifact, Written
from blockc.compiler.watch import Watch, unwatched
from blockc.errors import BlockcError, Location, UsageError
from blockc.publish.generations import files_below
from blockc.publish.place import PublishFolder, tops
from blockc.publish.record import Generation, read_generation
from blockc.storage.local import read_local
from blockc.targets.core.target import Target
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import Value
from blockc.verify.drift import Drift, drift
from blockc.verify.native import NativeAnswer, NativeOutcome, try_natively
from blockc.verify.proof import Known, Proof, prove
from blockc.vocabulary import MANIFEST
from blockc.workspace.project import Project, ProjectDay
from blockc.workspace.recorded import recorded_day, recorded_lists


class Difference(Value, eq=False):
    """Something published that is not as it was made.

    `stage`: what found it: `links`, `record`, `manifest`, `digest`, `proof` or `program`.
    `holds`: of an artifact, what it holds. `drift`: which addresses get the wrong verdict.
    """

    stage: str
    at: Location
    message: str
    holds: str = ""
    drift: Drift | None = None


class CheckedArtifact(Value, eq=False):
    """One artifact that was read again: what was compared, None where it is not as it was made.

    `native`: what the real program said, None where it was not asked.
    """

    artifact: Artifact
    proofs: tuple[Proof | None, ...]
    native: tuple[NativeOutcome, ...] = ()

    @property
    def entries(self) -> dict[Family, int]:
        """Return how many entries were read, by family."""
        found: dict[Family, int] = {}
        for proof in self.proofs:
            for family, count in proof.entries.items() if proof else ():
                found[family] = found.get(family, 0) + count
        return found


class Verification(Value, eq=False):
    """What came of verifying a published folder.

    `same_bytes`: this version of blockc would write the very bytes that are recorded.
    """

    generation: Generation
    day: ProjectDay
    artifacts: tuple[CheckedArtifact, ...]
    differences: tuple[Difference, ...]
    same_bytes: bool


def live_generation(folder: Path) -> Generation:
    """Return the generation that a folder shows, with its record.

    Raises:
        UsageError: Nothing is published there, or it was not recorded.
        OutputError: The record was damaged.
    """
    name = PublishFolder.of(folder).live()
    if not name:
        raise UsageError(
            "nothing is published here", at=Location(str(folder)), hint="name the folder, or build"
        )
    return read_generation(folder, name)


def verify_published(
    folder: Path, project: Project, *, native: bool = False, observe: Watch = unwatched
) -> Verification:
    """Return how what a folder shows compares with what it was made from.

    The policy, the lock and the moment are those that were recorded, so what has changed since
    does not matter. Every artifact is compiled again, and what is published is read from its text,
    by the platform's grammar, and proved against that over the whole space.

    Args:
        project: Which store to use, and whether a socket may be opened for what it lacks.
        native: Ask every real program that is installed, too.
        observe: See `Project.on`.

    Raises:
        UsageError: Nothing is published there, or it was not recorded.
        OutputError: The record was damaged.
        SourceUnfit: The bytes of a source are nowhere to be had.
    """
    generation = live_generation(folder)
    checking = _Checking(folder, generation)
    with observe("check digests", str(folder)):
        differences = [*checking.links(), *checking.digests()]
    day = recorded_day(folder, generation.name, project, observe)
    build = day.compile(observe)
    differences += checking.lists(day)
    artifacts, known = list[CheckedArtifact](), dict[bytes, int]()
    for artifact in build.artifacts:
        with observe("read and prove", artifact.order.path):
            checked, wrong = checking.artifact(artifact, known, native=native)
        artifacts.append(checked)
        differences += wrong
    same = hashlib.sha256(build.files[MANIFEST]).hexdigest() == generation.record.manifest
    return Verification(generation, day, tuple(artifacts), tuple(differences), same)


class _Checking:
    """One published folder while it is looked at."""

    def __init__(self, folder: Path, generation: Generation) -> None:
        self._place = PublishFolder.of(folder)
        self._folder = folder
        self._generation = generation
        self._root = generation.inside / generation.name
        self._manifest = generation.object(generation.record.manifest)
        self._digests = {MANIFEST: generation.record.manifest}
        for one in json.loads(self._manifest)["artifacts"]:
            self._digests |= {file["path"]: file["sha256"] for file in one["files"]}

    def at(self, path: str) -> Location:
        return Location(str(self._folder / path))

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a published file, None if it is not there."""
        try:
            return read_local(self._root / path, None)
        except OSError:
            return None

    def links(self) -> Iterator[Difference]:
        """Yield the names at the top that do not lead to what is published."""
        for name in sorted(tops(self._digests)):
            if not self._place.shows([name]):
                said = "is not the link to what is published, so readers see something else"
                yield Difference("links", self.at(name), said)

    def digests(self) -> Iterator[Difference]:
        """Yield the files that are gone, that are another, or that nobody made."""
        for path, digest in self._digests.items():
            data = self.read(path)
            if data is None:
                yield Difference("digest", self.at(path), "is missing")
            elif hashlib.sha256(data).hexdigest() != digest:
                stage = "manifest" if path == MANIFEST else "digest"
                said = _changed_keys(self._manifest, data) if path == MANIFEST else ""
                message = f"was changed after it was published{said}"
                yield Difference(stage, self.at(path), message)
        for path, _ in sorted(files_below(str(self._root))):
            if path not in self._digests:
                yield Difference("digest", self.at(path), "is not in the manifest")

    def lists(self, day: ProjectDay) -> Iterator[Difference]:
        """Yield the lists of the record that the policy and the sources do not give again."""
        recorded = recorded_lists(self._generation)
        resolved = {one.name: one for one in day.resolved.lists}
        for name in sorted(recorded.keys() | resolved.keys()):
            old, new = recorded.get(name), resolved.get(name)
            same = old and new and old.addresses == new.addresses
            if not same or (old and new and old.action != new.schedule.action):
                said = f"list {name!r} of the record is not what its policy and sources give"
                yield Difference("record", Location(str(self._generation.inside)), said, name)

    def artifact(
        self, artifact: Artifact, known: Known, *, native: bool
    ) -> tuple[CheckedArtifact, list[Difference]]:
        """Return what came of reading one artifact, and what is wrong with it."""
        target, holds = artifact.order.dialect, artifact.order.name
        proofs, outcomes, wrong = list[Proof | None](), list[NativeOutcome](), list[Difference]()
        for written in artifact.written:
            found = [self.read(file.path) for file in written.files]
            if None in found:
                proofs.append(None)  # it is known to be missing
                continue
            files = tuple(
                ArtifactFile(file.path, data or b"", file.families)
                for file, data in zip(written.files, found, strict=True)
            )
            try:
                proofs.append(prove(target, files, written.said, holds, written.orders, known))
            except BlockcError as failed:
                proofs.append(None)
                at = self._located(failed.at, files[0].path)
                away = _drift(target, files, written)
                wrong.append(Difference("proof", at, failed.message, holds, away))
            if native:
                outcomes.append(try_natively(target, files, written.options))
                if outcomes[-1].answer is NativeAnswer.REFUSED:
                    at, said = self.at(files[0].path), f"refused: {outcomes[-1].reason}"
                    wrong.append(Difference("program", at, said, holds))
        return CheckedArtifact(artifact, tuple(proofs), tuple(outcomes)), wrong

    def _located(self, at: Location | None, path: str) -> Location:
        if at is None:
            return self.at(path)
        return Location(str(self._folder / at.path), at.line, at.column, at.text, at.width)


def _drift(target: Target, files: tuple[ArtifactFile, ...], written: Written) -> Drift | None:
    """Return which addresses get the wrong verdict, None if that cannot be read."""
    try:
        return drift(target, target.reader(files), written.said)
    except (BlockcError, ValueError):
        return None


def _changed_keys(recorded: bytes, found: bytes) -> str:
    """Return which keys of a manifest say something else than was recorded."""
    try:
        old, new = json.loads(recorded), json.loads(found)
    except (ValueError, RecursionError):
        return ": it is not JSON any more"
    if not isinstance(new, dict):
        return ": it is not an object any more"
    keys = sorted(key for key in old.keys() | new.keys() if _differ(key, old, new))
    return f": {', '.join(keys)}" if keys else ": its spelling alone"


def _differ(key: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return key not in old or key not in new or bool(old[key] != new[key])
