"""`blockc diff`: what changes, in addresses, countries, causes and entries."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockc.cli.console import show, show_json
from blockc.cli.input_options import PATH, InputCall, input_options, project
from blockc.cli.options import Settings, verb
from blockc.cli.progress import Stages
from blockc.errors import UsageError

if TYPE_CHECKING:
    from blockc.workspace.diff.operands import Operand


class DiffCommand(InputCall, kw_only=True):
    """What to compare, and how to show it."""

    old: str | None
    new: str | None
    output: Path | None
    only: str | None
    target: str | None
    prefixes: bool
    markdown: bool
    html: bool
    exit_code: bool

    def __post_init__(self) -> None:
        InputCall.__post_init__(self)
        if self.markdown and self.html:
            raise UsageError("--markdown and --html exclude each other")

    def operands(self, folder: Path) -> "tuple[Operand, Operand]":
        """Return both sides; what is left out is what is published, and what would be built."""
        from blockc.workspace.diff.operands import NOW, PUBLISHED, operand

        old, new = self.old or PUBLISHED, self.new or NOW
        return operand(old, folder), operand(new, folder)


@click.command("diff")
@click.argument("old", required=False)
@click.argument("new", required=False)
@input_options
@click.option(
    "-o", "--output", type=PATH, help="Published folder.  [default: dist beside the policy]"
)
@click.option("--list", "only", metavar="LIST", help="Compare this list alone.")
@click.option("--target", metavar="TARGET", help="Read files by the grammar of this target.")
@click.option("--prefixes", is_flag=True, help="With --json: every prefix too.")
@click.option("--markdown", is_flag=True, help="Markdown below 60,000 characters.")
@click.option("--html", is_flag=True, help="A page that needs nothing else.")
@click.option("--exit-code", is_flag=True, help="End with 1 if there is a difference.")
@verb(DiffCommand, shows=("file", "store", "offline", "json", "quiet"))
def command(settings: Settings, asked: DiffCommand) -> int:
    """Show what changes from OLD to NEW: addresses, countries, causes and entries.

    Without OLD and NEW: from what is published to what would be built now, and whether the guard
    would refuse it. With OLD alone: from there to what would be built now.

    \b
    OLD and NEW can be:
      published             what the published folder shows
      now                   what would be built now
      3f0c1a2b...           a generation, or how its name begins
      other.toml            a policy; with the lock beside it, else this one's
      other.lock            this policy with other data
      2026-12-01            this policy on a day, or at an instant with offset
      blocked.txt           a list of addresses; with --target, an artifact or
                            what a live system says it has
    Write KIND:NAME where a word could be two of them, with generation, policy,
    lock, at or file as KIND.

    Reads what OLD and NEW name. Writes nothing. Prints tables, or what --json, --markdown or --html
    asks for. Countries and delegations are those of the registries' data: where addresses were
    before, and where they are now.

    \b
    Exit codes: 1 with --exit-code there is a difference, 2 an operand or a
    policy is wrong, 3 a source's data is missing, and as `blockc build`.
    """
    from blockc.cli.views.diff import diff_html, diff_markdown, diff_report, show_diff
    from blockc.workspace.diff.diffing import DiffCall, difference

    folder = asked.output or settings.file.parent / "dist"
    old, new = asked.operands(folder)
    call = DiffCall(
        old=old,
        new=new,
        project=project(settings),
        options=asked.inputs(),
        folder=folder,
        target=asked.target or "",
        only=asked.only or "",
    )
    found = difference(call, Stages(settings))
    if settings.json:
        show_json(diff_report(found, prefixes=asked.prefixes))
    elif asked.markdown:
        show(diff_markdown(found))
    elif asked.html:
        show(diff_html(found))
    else:
        show_diff(settings, found)
    different = bool(found.found) or bool(found.found.entries)
    return int(asked.exit_code and different)
