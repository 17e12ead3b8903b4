"""What a run is doing, for those who ask for every step, and how long it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from blockc.cli.console import step
from blockc.cli.options import Settings


@dataclass(slots=True)
class Stages:
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
