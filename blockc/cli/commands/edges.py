"""`blockc edges`: which edge of the company is protected by what."""

from contextlib import suppress
from datetime import UTC, date, datetime

import click

from blockc.cli.commands.generations import FolderCall, now, output_option
from blockc.cli.console import show_json
from blockc.cli.input_options import project
from blockc.cli.options import Settings, verb
from blockc.errors import OutputError, UsageError


class EdgesCall(FolderCall, kw_only=True):
    """Which day, and whether a gap is an answer."""

    as_of: str | None
    exit_code: bool

    def moment(self) -> datetime:
        """Return the moment that decides the stages, UTC.

        Raises:
            UsageError: The day is not a date.
        """
        if self.as_of is None:
            return now()
        try:
            day = date.fromisoformat(self.as_of)
        except ValueError:
            said = f"--as-of {self.as_of!r} is not a date"
            raise UsageError(said, hint="write it as YYYY-MM-DD") from None
        return datetime(day.year, day.month, day.day, tzinfo=UTC)


@click.command("edges")
@output_option
@click.option("--as-of", metavar="YYYY-MM-DD", help="The day that decides the stages.")
@click.option("--exit-code", is_flag=True, help="End with 1 where something is missing.")
@verb(EdgesCall, shows=("file", "json", "quiet"))
def command(settings: Settings, asked: EdgesCall) -> int:
    """Show which edge is protected by what, and where nothing protects.

    Reads [edge.NAME] of the policy, and the published folder, if there is one, for what is known
    to run: what `blockc refresh` reloaded, and what `blockc deployed` was told. Writes nothing.
    Prints a row for each output of an edge, with the stages of its lists, and then what is
    missing: edges without an output, edges that run something else than what is published, lists
    that reach no edge, and outputs that no edge uses.

    \b
    Exit codes: 0 done, 1 something is missing (with --exit-code), 2 the policy or
    the folder cannot be read.
    """
    from blockc.cli.views.edges import coverage_report, show_coverage
    from blockc.explain.edges import coverage
    from blockc.workspace.receipts import Receipts, read_receipts

    policy, moment = project(settings).policy(), asked.moment()
    receipts = Receipts("", {}, {}, {})
    place = asked.place(settings.file)
    if place.exists() or asked.output:
        with suppress(*(() if asked.output else (OutputError,))):  # nothing is published yet
            receipts = read_receipts(place)
    found = coverage(policy, moment, receipts.of(policy.edges), receipts.published)
    if settings.json:
        show_json(coverage_report(found))
    else:
        show_coverage(settings, found, moment.date())
    return 1 if asked.exit_code and not found.whole else 0
