"""`blockc update`: fetch the sources, check them, store them, write the lock."""

from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from blockc.cli.console import already_done, info, show_json, warn
from blockc.cli.input_options import project, warn_of_open_store
from blockc.cli.options import Settings, verb
from blockc.cli.progress import watching
from blockc.values import Value

if TYPE_CHECKING:  # what fetches is imported when something is fetched, and not for --help
    from blockc.fetch.update.update import Update


class UpdateCall(Value, kw_only=True):
    """Which sources to update, and how."""

    sources: tuple[str, ...]
    force: bool
    dry_run: bool
    accept: tuple[str, ...]
    strict: bool


@click.command("update")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--force", is_flag=True, help="Fetch and read again what is known already.")
@click.option("--dry-run", is_flag=True, help="Fetch and check, but store and lock nothing.")
@click.option(
    "--accept",
    multiple=True,
    metavar="DIGEST",
    help="Accept the snapshot with this digest, though it goes back or shrinks. Repeatable.",
)
@click.option("--strict", is_flag=True, help="End with 3 where a source could not be fetched.")
@verb(UpdateCall, shows=("file", "store", "offline", "json", "quiet", "verbose"))
def command(settings: Settings, asked: UpdateCall) -> None:
    """Fetch sources, check them, store them, and write blockc.lock.

    Without SOURCE all sources the policy uses are updated, the five registries among them. Reads
    the policy, the definitions of the sources, and what the origin of each source sends or, where
    that fails, a mirror. Writes into the store, and blockc.lock beside the policy, which says
    exactly which files builds use: commit it. Prints what each source is now and how its
    addresses changed.

    A source that cannot be had, or that suddenly goes back or shrinks, keeps its last good
    snapshot while that is young enough. Space that another registry's file has taken over has not
    vanished; space that is in no file yet may be on its way for some days.

    \b
    Exit codes: 0 every source has data that may be used, 2 the call, a
    definition or the store is wrong, 3 a source has none and the lock is as it
    was, or with --strict a source could not be fetched, 4 new data was refused
    and a person must look at it.
    """
    done, report = update_and_tell(settings, asked)
    if settings.json:
        show_json(report)
    done.require_fit()
    done.require_current(strict=asked.strict and not settings.offline)


def update_and_tell(settings: Settings, asked: UpdateCall) -> "tuple[Update, dict[str, object]]":
    """Update the sources and the lock, and print the table for people.

    Returns what it came to, and what `docs/json.md` describes, for programs. Whether that is good
    enough is for the caller to say.
    """
    from blockc.cli.views.update import show_update, tell_outcomes, update_report
    from blockc.fetch.update.tools import UpdateOptions
    from blockc.fetch.update.update import commit, update
    from blockc.workspace.sources import chosen

    wish = UpdateOptions(
        force=asked.force, dry_run=asked.dry_run, offline=settings.offline, accept=asked.accept
    )
    here = project(settings)
    warn_of_open_store(settings)
    names = asked.sources or here.used_sources()
    sources = chosen(here.sources(), names)
    path = here.lock_path
    with watching(settings, [one.name for one in sources]) as watch:
        tools = here.tools(watch, remembering=not asked.dry_run)
        done = update(tools, sources, here.lock(), wish)
    tell_outcomes(settings, done)
    for digest in done.unused(asked.accept):
        warn(f"no snapshot {digest} came, and none was refused before")
    written = not asked.dry_run and not done.without_data
    if written:
        commit(tools.root, path, done, only=None if asked.sources else names)
    if not settings.json:
        with already_done(f"{path} was written") if written else nullcontext():
            show_update(settings, done)
        if written:
            info(settings, f"{path} names what builds use; commit it")
    return done, update_report(done, str(path), written=written)
