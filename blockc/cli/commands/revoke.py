"""`blockc revoke`: the plans by which gateways refuse API keys."""

import shlex
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockc.cli.commands.build import approval_of
from blockc.cli.commands.generations import now
from blockc.cli.console import already_done, show_json, warn
from blockc.cli.input_options import PATH, instant_of, project
from blockc.cli.options import Settings, default_settings, verb
from blockc.errors import UsageError
from blockc.values import Value

if TYPE_CHECKING:
    from blockc.changes.guard import Approval
    from blockc.publish.generations import Published
    from blockc.workspace.audit.revoking import KeyComparison

DEFAULT_PLANS = "revocations"
plans_option = click.option(
    "-o",
    "--output",
    type=PATH,
    help="Folder of the plans.  [default: revocations beside the policy]",
)


class RevokeCall(Value, kw_only=True):
    """For which instant plans are made, and where they go."""

    output: Path | None
    at: str | None
    publish_as_of: bool
    dry_run: bool
    accept: str | None
    by: str | None
    reason: str | None

    def __post_init__(self) -> None:
        self.approval()

    def approval(self) -> "Approval | None":
        """Return what was approved."""
        return approval_of(self.accept, self.by, self.reason)

    def place(self, policy: Path) -> Path:
        """Return the folder of the plans.

        Raises:
            UsageError: What holds on another day would replace what holds today.
        """
        from blockc.publish.past import shows_its_own_moment

        place, waived = plans_folder(self.output, policy), self.publish_as_of or self.dry_run
        if self.at and not waived and (not self.output or shows_its_own_moment(place)):
            said = f"--at {self.at} is not now, and {place} is published"
            hint = "name another folder with -o, or publish it with --publish-as-of"
            raise UsageError(said, hint=hint)
        return place

    def moment(self) -> datetime:
        """Return the instant that decides."""
        return instant_of(self.at) if self.at else now()


def plans_folder(output: Path | None, policy: Path) -> Path:
    """Return the folder of the plans, `revocations` beside the policy if none is named."""
    return output or policy.parent / DEFAULT_PLANS


@click.command("revoke")
@plans_option
@click.option(
    "--at", metavar="INSTANT", help="The day or instant that decides, such as 2026-12-01."
)
@click.option("--publish-as-of", is_flag=True, help="With --at: publish it all the same.")
@click.option("--dry-run", is_flag=True, help="Show the plans; publish nothing.")
@click.option("--accept", metavar="DIGEST", help="Publish this change although the guard refuses.")
@click.option("--by", metavar="WHO", help="Who accepts it.")
@click.option("--reason", metavar="WHY", help="Why.")
@verb(RevokeCall, shows=("file", "json", "quiet"))
def command(settings: Settings, asked: RevokeCall) -> None:
    """Plan which API keys a gateway is to refuse, from what people decided.

    Each [[revoke]] of the policy names a gateway, a list, and the table of keys that an audit wrote
    and people went through: rows that say `revoke` are revoked from the day on which the list
    blocks, rows that say `restore` are given back, and no others. A plan is a file for the gateway:
    commands, or a list of calls. blockc calls no gateway and holds no credential. Every plan is
    read back and compared with the decisions, key by key, before it is published.

    A plan with more new keys than max_keys or max_share allow needs approval: --accept with the
    digest that the refusal shows, --by and --reason. Keys are new when they are decided, not when
    they are due.

    Reads the policy, the tables that [[revoke]] names, and BLOCKC_AUDIT_SECRET where names of keys
    are found by the keys themselves. Writes the plans and manifest.json into the output folder, all
    at once, and their history: `history`, `generations`, `rollback` and `evidence` take that
    folder. Prints the plans and their keys.

    \b
    Exit codes: 2 the policy or a table is wrong, a key has no name at the
    gateway, or the result cannot be written, 4 the change needs approval, 70 a
    plan does not say what was decided.
    Nothing is published then.
    """
    from blockc.cli.views.revoke import revoke_errors, revoke_report, show_revoke
    from blockc.publish.place import PublishFolder
    from blockc.workspace.audit.planning import plan_keys
    from blockc.workspace.audit.revoking import (
        KeysNotApproved,
        compare_keys,
        forgotten_keys,
        publish_keys,
    )

    place = asked.place(settings.file)
    day = plan_keys(project(settings), asked.moment())
    for text in forgotten_keys(day, place):
        warn(text)
    published: Published | None = None
    found: KeyComparison | None = None
    if asked.dry_run:
        found = compare_keys(place, PublishFolder.of(place).live(), day)
    else:
        try:
            published, found = publish_keys(day, place, now(), asked.approval())
        except KeysNotApproved as refused:
            raise revoke_errors(refused, again(settings, asked)) from None
    with already_done("the plans were published"):
        if settings.json:
            show_json(revoke_report(day, published, found, asked.approval()))
        else:
            show_revoke(settings, day, published, found)


def again(settings: Settings, asked: RevokeCall | None = None) -> str:
    """Return the command that plans again; what approves is put behind it."""
    said = {
        "--file": settings.file if settings.file != default_settings().file else None,
        "--output": asked.output if asked else None,
        "--at": asked.at if asked else None,
    }
    words = [word for name, one in said.items() if one for word in (name, str(one))]
    words += ["--publish-as-of"] * bool(asked and asked.publish_as_of)
    return shlex.join(["blockc", "revoke", *words])
