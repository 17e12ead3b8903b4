"""Before a build is published, the real programs are asked about what it would change."""

from datetime import datetime
from pathlib import Path

from blockc.compiler.artifacts import Written
from blockc.compiler.compile import Build
from blockc.compiler.orders import ArtifactSpec
from blockc.compiler.watch import Watch, unwatched
from blockc.errors import DoesNotFit, DoNotFit
from blockc.publish.generations import append_event, digest_of, pin_of
from blockc.publish.history import REFUSED
from blockc.publish.place import PublishFolder
from blockc.storage.local import read_local
from blockc.values import Value
from blockc.verify.native import NativeAnswer, NativeOutcome, try_natively
from blockc.workspace.project import ProjectDay

_MOST_SAID = 400  # characters of what a program says


class Trial(Value, eq=False):
    """What came of asking the programs of a target about one artifact, or one part of it.

    `path`: the first of its files.
    """

    spec: ArtifactSpec
    path: str
    outcome: NativeOutcome

    @property
    def said(self) -> str:
        """Return what the programs say in one line, cut where that is long."""
        lines = (line.strip() for line in self.outcome.reason.splitlines())
        return "; ".join(line for line in lines if line)[:_MOST_SAID]

    def refusal(self) -> DoesNotFit:
        """Return the error that says what the programs have against it."""
        return DoesNotFit(
            f"{self.path}: the program that reads {self.spec.target.name} refuses it, so nothing"
            f" was published: {self.said}",
            at=self.spec.output.place.location(),
            hint='another target or option may help; [guard] native = "off" asks no program',
        )


def try_changed(build: Build, folder: Path, watch: Watch = unwatched) -> tuple[Trial, ...]:
    """Return what the real programs say about every artifact that publishing would change.

    An artifact whose bytes are those that are shown was accepted when it came, or nobody could be
    asked. Targets that no program on a server reads are left out, and nothing is asked
    for a folder that is pinned, which shows no build.

    Args:
        build: What would be published.
        folder: The published folder; it need not exist.
        watch: Is entered with the path of an artifact while its programs are asked.
    """
    place = PublishFolder.of(folder)
    live = place.live()
    if live and pin_of(folder):
        return ()
    shown, trials = place.inside / live if live else None, list[Trial]()
    for artifact in build.artifacts:
        spec = artifact.order
        for written in artifact.written if spec.dialect.native else ():
            if _changes(written, shown):
                path = written.files[0].path
                with watch("ask the program", path):
                    outcome = try_natively(spec.dialect, written.files, written.options)
                trials.append(Trial(spec, path, outcome))
    return tuple(trials)


def require_taken(
    trials: tuple[Trial, ...], day: ProjectDay, build: Build, folder: Path, now: datetime
) -> None:
    """Raise DoNotFit with every artifact that a program refused, if one did.

    The history of the folder says so too: the digest of what was not published, and what each
    program said.

    Raises:
        OutputError: The history cannot be read or written.
    """
    refused = [one for one in trials if one.outcome.answer is NativeAnswer.REFUSED]
    if not refused:
        return
    programs = [
        {"target": one.spec.target.name, "output": one.spec.output.path, "path": one.path}
        | {"said": one.said}
        for one in refused
    ]
    facts = {"digest": digest_of(build.files), "programs": programs}
    append_event(folder, REFUSED, facts, now, day.history_file)
    raise DoNotFit([one.refusal() for one in refused])


def _changes(written: Written, shown: Path | None) -> bool:
    """Return whether a file is other than in the generation that is shown."""
    return shown is None or any(_bytes(shown / one.path) != one.data for one in written.files)


def _bytes(path: Path) -> bytes | None:
    try:
        return read_local(path, None)
    except OSError:
        return None
