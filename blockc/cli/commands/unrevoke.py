"""`blockc unrevoke`: revoked API keys that may be given back."""

from datetime import datetime
from pathlib import Path

import click

from blockc.cli.commands.generations import now
from blockc.cli.commands.revoke import plans_folder, plans_option
from blockc.cli.console import show_json
from blockc.cli.input_options import PATH, instant_of, project
from blockc.cli.options import Settings, verb
from blockc.values import Value


class UnrevokeCall(Value, kw_only=True):
    """Which plans are looked back at, and by which newer audit."""

    output: Path | None
    keys: Path | None
    at: str | None

    def moment(self) -> datetime:
        """Return the instant that decides."""
        return instant_of(self.at) if self.at else now()


@click.command("unrevoke")
@plans_option
@click.option("--keys", type=PATH, metavar="FILE", help="keys.csv of a newer audit.")
@click.option(
    "--at", metavar="INSTANT", help="The day or instant that decides whether a list blocks."
)
@verb(UnrevokeCall, shows=("file", "json", "quiet"))
def command(settings: Settings, asked: UnrevokeCall) -> None:
    """List keys that a plan revoked and that may be given back, and why.

    \b
    A key is listed where
      the audit of --keys saw no request from listed addresses with it,
      or proposes something milder for it than what it was revoked for,
      or its owner is in a country that the list does not block (column
      `country` of the owners' file),
      or people took the decision back,
      or the list does not block any more.

    Nothing is given back by that. Who decides it writes `restore` as the proposal of the key in its
    table; `blockc revoke` then plans it, for keys that a plan had revoked and no others.

    Reads the policy, the tables that [[revoke]] names, FILE, the owners, and the history of the
    plans. Writes nothing. Prints a table.

    Exit codes: 0 done, 2 the policy, a table or the history is wrong.
    """
    from blockc.cli.views.revoke import show_unrevoke, unrevoke_report
    from blockc.workspace.audit.returning import returnable

    place = plans_folder(asked.output, settings.file)
    found = returnable(project(settings), place, asked.keys, asked.moment())
    if settings.json:
        show_json(unrevoke_report(found))
    else:
        show_unrevoke(settings, found)
