"""`blockc rollback`: show an earlier generation again, and keep to it."""

import click

from blockc.cli.commands.generations import FolderCall, now, output_option, user_name
from blockc.cli.console import already_done, info, show_json, warn
from blockc.cli.options import Settings, verb
from blockc.errors import UsageError


class RollbackCall(FolderCall, kw_only=True):
    """What to go back to, who asks for it and why."""

    name: str | None
    by: str | None
    reason: str
    let_go: bool

    def __post_init__(self) -> None:
        if self.let_go and self.name:
            raise UsageError("--release goes back to nothing, so it takes no NAME")


@click.command("rollback")
@click.argument("name", required=False)
@output_option
@click.option("--by", metavar="WHO", help="Who asks for it.  [default: your user name]")
@click.option("--reason", metavar="WHY", default="", help="Why, for the history.")
@click.option("--release", "let_go", is_flag=True, help="Let builds publish again.")
@verb(RollbackCall, shows=("file", "json", "quiet"))
def command(settings: Settings, asked: RollbackCall) -> None:
    """Show an earlier generation again, and publish no other until --release.

    Without NAME it is the one before, and the next time the one before that. NAME is as
    `blockc generations` shows it, or how it begins; the one that is shown now is only pinned.

    A pinned folder is not changed by builds: they compile and prove as always, publish nothing
    and say so. After --release the next build publishes again. Both stand in the history.

    Reads the published folder and no policy. Writes what it shows, and the history. Prints what
    changed, on stderr. Files that differ from what was shown until now get the present
    modification time; reload what reads them.

    \b
    Exit codes: 0 done, 2 there is no such generation, its files were changed, or
    nothing is pinned. What was shown is still shown then.
    """
    from blockc.cli.views.build import changes, published_report
    from blockc.cli.views.generations import pinned_text
    from blockc.compiler.manifest_changes import changes_to_act_on
    from blockc.publish.generations import release, rollback

    by, place = asked.by or user_name(), asked.place(settings.file)
    if asked.let_go:
        ended = release(place, by, now=now())
        if settings.json:
            show_json({"folder": str(place.absolute()), "released": ended.generation})
        info(settings, f"{place.absolute()} is no longer pinned: the next build publishes again")
        return
    published = rollback(place, by, asked.name or "", reason=asked.reason, now=now())
    for text in changes_to_act_on(published.manifest_before, published.manifest):
        warn(text)
    if settings.json:
        with already_done(f"generation {published.generation} was published"):
            show_json(published_report(published))
    info(
        settings,
        f"{published.folder} shows generation {published.generation}: {changes(published)}",
    )
    if published.pin:
        info(settings, pinned_text(published.pin))
