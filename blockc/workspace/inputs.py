"""What a project is read with: which registry data, and which moment. Imports nothing slow."""

from datetime import UTC, date, datetime
from pathlib import Path

from blockc.errors import UsageError
from blockc.resources import sources_dir
from blockc.values import Value


def sample_folder() -> Path:
    """Return the folder of the bundled sample."""
    return sources_dir() / "sample"


#: What to do where two places are named that registries are to be read from.
ONE_SOURCE = "--sample tries blockc out, --from DIR reads your own files: give one of them"


class InputOptions(Value, kw_only=True):
    """Which registry data a policy is read with, and the day that decides.

    Attributes:
        sample: Use the bundled sample of 2018.
        folder: Use the five registries' files in this folder. Without it and `sample` the files
            that the lock names are used.
        as_of: The day that decides, UTC; None means now. Today, named or not, the data must be
            young enough.
        at: The instant that decides, with its offset, in place of a day.
        allow_expired: Leave exceptions out that have ended, and do not refuse the policy.
    """

    sample: bool = False
    folder: Path | None = None
    as_of: date | None = None
    at: datetime | None = None
    allow_expired: bool = False

    def __post_init__(self) -> None:
        if self.sample and self.folder:
            raise UsageError("--sample and --from exclude each other", hint=ONE_SOURCE)
        if self.as_of and self.at:
            hint = "--as-of names a day, --at an instant: give one of them"
            raise UsageError("--as-of and --at exclude each other", hint=hint)

    @property
    def data(self) -> Path | None:
        """Return the folder of the registries' files, or None for those that the lock names."""
        return sample_folder() if self.sample else self.folder

    @property
    def moment(self) -> datetime:
        """Return the moment that decides, UTC: of a day it is the first."""
        if self.at:
            return self.at.astimezone(UTC)
        if self.as_of:
            return datetime(self.as_of.year, self.as_of.month, self.as_of.day, tzinfo=UTC)
        return datetime.now(UTC)

    @property
    def day(self) -> date:
        """Return the day that decides, UTC."""
        return self.moment.date()

    @property
    def other_day(self) -> bool:
        """Return whether somebody looks back or ahead: at an instant, or another day."""
        return self.at is not None or self.as_of not in (None, datetime.now(UTC).date())

    @property
    def asks_age(self) -> bool:
        """Return whether the data must be young: who names a folder knows how old it is."""
        return not self.data and not self.other_day
