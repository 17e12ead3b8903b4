"""Options of the verbs that read a policy with its data: which data, and for which day."""

import shlex
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from blockc.cli.console import warn
from blockc.cli.options import Settings
from blockc.errors import UsageError
from blockc.values import Value
from blockc.workspace.inputs import InputOptions

if TYPE_CHECKING:
    from blockc.workspace.project import Project

DEFAULT_OUTPUT = "dist"
PATH = click.Path(path_type=Path)
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
_AT = click.option(
    "--at",
    metavar="INSTANT",
    help="The day or instant that decides, such as 2026-11-30T00:00:00+01:00.",
)
_OPTIONS = (
    click.option(
        "--sample", is_flag=True, help="Use the bundled sample of 2018-10-13, to try it out."
    ),
    click.option(
        "--from", "folder", type=PATH, help="Folder with the five registries' delegated files."
    ),
    click.option("--locked", is_flag=True, help="Use the files blockc.lock names and no others."),
    click.option("--as-of", metavar="YYYY-MM-DD", help="The UTC day that decides.  [default: now]"),
)
_EXPIRED = click.option(
    "--allow-expired", is_flag=True, help="Leave ended exceptions out, do not refuse."
)


def project(settings: Settings) -> "Project":
    """Return the project that the global options name."""
    from blockc.workspace.project import Project

    return Project(settings.file, settings.store, settings.offline)


def warn_of_open_store(settings: Settings) -> None:
    """Warn if others can write the store: whoever can decides what the next build blocks."""
    from blockc.fetch.store.parsed import Store

    warn_if_open(Store.of(settings.store).root, "what builds read from the store")


def warn_if_open(folder: Path, what: str) -> None:
    """Warn if any user can change what is in a folder, and so `what`."""
    from blockc.storage.local import open_to_others

    found = open_to_others(folder)
    if found:
        warn(
            f"every user of this machine can write {found}, and so {what}: "
            f"chmod o-w {shlex.quote(str(found))}"
        )


def input_options(function: Callable[..., Any], at: Decorator = _AT) -> Callable[..., Any]:
    """Give a verb the options that say what it reads, and for which day.

    Args:
        function: The verb.
        at: The option `--at`, if the verb says something else of it.
    """
    for option in reversed((*_OPTIONS, at, _EXPIRED)):
        function = option(function)
    return function


class InputCall(Value, kw_only=True):
    """What those options say."""

    sample: bool
    folder: Path | None
    locked: bool
    as_of: str | None
    at: str | None
    allow_expired: bool

    def __post_init__(self) -> None:
        if self.sample and self.folder:
            from blockc.workspace.inputs import ONE_SOURCE

            raise UsageError("--sample and --from exclude each other", hint=ONE_SOURCE)
        if self.locked and (self.sample or self.folder):
            raise UsageError(
                "--locked builds from blockc.lock and nothing else",
                hint="leave out --sample and --from",
            )

    def inputs(self) -> InputOptions:
        """Return what the workspace is to read.

        Raises:
            UsageError: The day is not a date, or the instant not a date-time with an offset.
        """
        try:
            day = date.fromisoformat(self.as_of) if self.as_of else None
        except ValueError:
            raise UsageError(
                f"--as-of {self.as_of!r} is not a date", hint="write it as YYYY-MM-DD"
            ) from None
        return InputOptions(
            sample=self.sample,
            folder=self.folder,
            as_of=day,
            at=self.instant(),
            allow_expired=self.allow_expired,
        )

    def instant(self) -> datetime | None:
        """Return the instant that decides, None if none is named.

        Raises:
            UsageError: It is neither a day nor a date-time with an offset.
        """
        return instant_of(self.at) if self.at else None


def instant_of(text: str) -> datetime:
    """Return the instant that `--at` names: the first one of a day.

    Raises:
        UsageError: It is neither a day nor a date-time with an offset.
    """
    from blockc.tomlio.when import When

    try:
        is_day = len(text) == len("2026-11-30")
        read = date.fromisoformat if is_day else datetime.fromisoformat
        return When(read(text)).begin
    except ValueError:
        raise UsageError(
            f"--at {text!r} is not an instant",
            hint="write a day, or a date-time with its offset such as 2026-11-30T00:00:00+01:00",
        ) from None
