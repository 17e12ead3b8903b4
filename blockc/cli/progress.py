"""What a run is doing, on stderr: each stage of a build, and the steps of fetching each source.

Fetching draws a bar for each source on a terminal, and writes one line for each step into a log.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from blockc.cli.console import info, step
from blockc.cli.options import Settings
from blockc.errors import printable
from blockc.values import Changing, field

if TYPE_CHECKING:
    from blockc.fetch.update.tools import Event

Watch = Callable[["Event"], None]


class Stages(Changing):
    """How long each stage of a run took, in seconds, in the order they were first entered."""

    settings: Settings
    seconds: dict[str, float] = field(default_factory=dict)
    _told: tuple[str, str] = ("", "")

    @contextmanager
    def __call__(self, stage: str, what: str = "") -> Iterator[None]:
        """Say that `stage` works on `what`, and add the time until the block ends to the stage."""
        if (stage, what) != self._told:
            step(self.settings, f"{stage} {what}".rstrip())
            self._told = (stage, what)
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - begin


@contextmanager
def watching(settings: Settings, names: Sequence[str]) -> Iterator[Watch]:
    """Show the steps of the sources with these `names` while the block runs."""
    terminal = sys.stderr is not None and sys.stderr.isatty()
    if terminal and not settings.quiet and not settings.verbose and not settings.json:
        with bars(sys.stderr, names, color=settings.color) as watch:
            yield watch
    else:
        yield lines(settings)


def lines(settings: Settings) -> Watch:
    """Return what writes a line when a source is done or has to wait; each step if asked."""
    from blockc.fetch.update.tools import UpdateStep

    def watch(event: "Event") -> None:
        text = f"{event.source}: {event.step} {event.text}".rstrip()
        if event.step is UpdateStep.DONE:
            info(settings, f"{event.source}: {event.text}")
        elif event.step is UpdateStep.WAITING:
            info(settings, text)
        elif event.step is not UpdateStep.RECEIVING:
            step(settings, text)

    return watch


@contextmanager
def bars(file: TextIO, names: Sequence[str], *, color: bool) -> Iterator[Watch]:
    """Draw a bar for each of `names` on the terminal `file` while the block runs."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    from blockc.fetch.update.tools import UpdateStep

    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[size]}", markup=False),
        TextColumn("{task.fields[what]}", markup=False),
        console=Console(file=file, no_color=not color, highlight=False, force_terminal=True),
        transient=True,
    )
    width = max(map(len, names), default=0)
    tasks = {
        name: progress.add_task(name.ljust(width), total=None, size=_size(0), what="")
        for name in names
    }

    def watch(event: "Event") -> None:
        task = tasks[event.source]
        if event.step is UpdateStep.RECEIVING:
            size, total = _size(event.done), event.total or None
            progress.update(
                task, completed=event.done, total=total, size=size, what=str(event.step)
            )
        elif event.step is UpdateStep.DONE:
            progress.update(task, completed=1, total=1, what=event.text)
        else:
            progress.update(task, what=printable(f"{event.step} {event.text}"))

    with progress:
        yield watch


def _size(count: int) -> str:
    """Return how much came so far, as wide whatever it is."""
    return f"{count / 1e6:6.1f} MB"
