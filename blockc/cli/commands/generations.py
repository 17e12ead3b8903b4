"""`blockc generations`: what was published and is kept."""

from datetime import datetime
from pathlib import Path

import click

from blockc.cli.console import info, show_json
from blockc.cli.input_options import DEFAULT_OUTPUT, PATH
from blockc.cli.options import Settings, verb
from blockc.values import Value


class FolderCall(Value, kw_only=True):
    """Which published folder."""

    output: Path | None

    def place(self, policy: Path) -> Path:
        """Return the folder, `dist` beside the policy if none is named."""
        return self.output or policy.parent / DEFAULT_OUTPUT


output_option = click.option(
    "-o", "--output", type=PATH, help="Published folder.  [default: dist beside the policy]"
)


@click.command("generations")
@output_option
@verb(FolderCall, shows=("file", "json", "quiet"))
def command(settings: Settings, asked: FolderCall) -> None:
    """List the generations that are kept: when, from what, and by whose approval.

    Reads the published folder and no policy. Writes nothing. Prints a table, oldest first:
    `blockc rollback NAME` shows one of them again. `[publish] keep` says how many are kept.

    Exit codes: 0 done, 2 the folder cannot be read.
    """
    from blockc.cli.views.generations import generation_report, pinned_text, show_generations
    from blockc.publish.generations import history_of
    from blockc.publish.past import kept_generations

    place = asked.place(settings.file)
    found, (past, _) = kept_generations(place), history_of(place)
    if settings.json:
        show_json([generation_report(one) for one in found])
    else:
        show_generations(settings, place, found)
    if past.pin:
        info(settings, pinned_text(past.pin))


def user_name() -> str:
    """Return who calls blockc: the name of the user at this machine."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def now() -> datetime:
    """Return the present."""
    from blockc.fetch.clock import Clock

    return Clock().now()
