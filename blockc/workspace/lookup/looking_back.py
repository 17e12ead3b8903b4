"""Questions about what was published: by the name of a generation, or by when it was shown."""

from datetime import datetime
from pathlib import Path

from blockc.compiler.watch import Watch, unwatched
from blockc.errors import UsageError
from blockc.publish.generations import history_of
from blockc.publish.past import Turn, shown_within
from blockc.publish.record import read_generation
from blockc.values import Value, replace
from blockc.workspace.lookup.explaining import asked_day
from blockc.workspace.project import Project, ProjectDay
from blockc.workspace.recorded import RecordedProject


class AskedGeneration(Value, eq=False):
    """A recorded generation that is asked about.

    Attributes:
        day: What the policy meant for it.
        files: Its files; None if they are not kept any more.
        name: Its name.
        turns: If a time was asked about, all that was shown in it, this generation as the last.
    """

    day: ProjectDay
    files: Path | None
    name: str
    turns: tuple[Turn, ...] = ()


def shown_day(
    project: Project,
    folder: Path,
    begin: datetime,
    end: datetime,
    observe: Watch = unwatched,
) -> AskedGeneration:
    """Return the last generation that a folder showed from one instant until before another.

    Args:
        project: Which store to use, and whether a socket may be opened for what it lacks.
        folder: What a build publishes.
        begin: The first instant.
        end: The one after the last.
        observe: See `Project.on`.

    Raises:
        UsageError: Nothing was shown then.
        OutputError: The history or what was recorded is missing or was changed.
        SourceUnfit: The bytes of a source are nowhere to be had.
    """
    past, _ = history_of(folder)
    turns = tuple(shown_within(past, begin, end))
    if not (turns and turns[-1].generation):
        first = next((f"{one.at:%Y-%m-%d %H:%M:%S} UTC" for one in past.events()), "never")
        raise UsageError(
            f"{folder} showed nothing then; the first time was {first}",
            hint="--as-of asks what the policy of today means on another day",
        )
    found = asked_generation(project, folder, turns[-1].generation, observe)
    return replace(found, turns=turns)


def asked_generation(
    project: Project, folder: Path, name: str, observe: Watch = unwatched
) -> AskedGeneration:
    """Return a recorded generation to ask about; see `asked_day` and `shown_day`."""
    generation = read_generation(folder, name)
    past = RecordedProject.of(generation, project)
    day = asked_day(past, past.options(), observe)
    return AskedGeneration(day, generation.files, generation.name)
