"""`blockc verify`: is what is published what was made, and does it say what the policy says?"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockc.cli.input_options import PATH, project
from blockc.cli.options import Settings, verb
from blockc.cli.progress import Stages
from blockc.errors import Location, UsageError, os_reason
from blockc.values import Value

if TYPE_CHECKING:
    from blockc.targets.syntax.tokens import ArtifactFile


class VerifyCall(Value, kw_only=True):
    """Which folder to verify, and who is asked."""

    folder: Path | None
    native: bool
    dumps: tuple[Path, ...]
    target: str | None
    of_list: str
    edges: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.edges and (self.dumps or self.native):
            raise UsageError("--live asks edges, so it takes neither --dump nor --native")
        if bool(self.dumps) != bool(self.target) or (self.of_list and not self.dumps):
            raise UsageError("--dump and --target go together, and --list with them")
        if self.dumps and self.native:
            raise UsageError("--native asks about what is published, and --dump about what is live")


@click.command("verify")
@click.argument("folder", metavar="[DIR]", type=PATH, required=False)
@click.option("--native", is_flag=True, help="Ask every real program that is installed, too.")
@click.option(
    "--dump",
    "dumps",
    type=PATH,
    multiple=True,
    metavar="FILE",
    help="What a live system says it has, - for standard input; repeatable.",
)
@click.option("--target", metavar="NAME", help="With --dump: which target it is.")
@click.option("--list", "of_list", default="", metavar="NAME", help="With --dump: which list.")
@click.option(
    "--live",
    "edges",
    metavar="EDGE",
    multiple=True,
    help="Ask this edge what it has; repeatable.",
)
@verb(VerifyCall, shows=("file", "store", "offline", "json", "quiet", "verbose"))
def command(settings: Settings, asked: VerifyCall) -> int:
    """Read again what is published, and prove that it says what it was made to say.

    Reads the folder DIR, or dist beside the policy, and the record of what it was made from: the
    policy, the lock and the moment of that day, so it does not matter what has changed since. Of
    the sources it reads the bytes that the lock named. Writes nothing.

    Holds every file against its digest and the manifest against the record, reads every artifact
    from its text by the platform's grammar, and proves it over the whole address space, with a
    trie as the second opinion. With --native the real programs read their files, too. Prints a
    line for each output, and all that differs: file and line, list, what it says and should say,
    and the prefixes that are missing or too many.

    Plans of `blockc revoke` are made again from the decisions that were recorded, and compared key
    by key.

    With --dump the question is another: is what a live system has what was published? FILE is
    what it says: nft list table (also with -j), ipset save with iptables-save and ip6tables-save,
    show map of HAProxy, nginx -T, the admin API of Caddy, what clouds answer; of other targets the
    files that are in use. docs/targets names the commands.
    It is proved to say what the published artifact says, or the drift is printed.

    With --live the edge is asked itself: each command under live in [edge.NAME] is run, without a
    shell and no longer than live_seconds, and what it prints is read as a dump. Name commands that
    only read.

    \b
    Exit codes: 0 all is as it was made, 1 something differs, 2 nothing is
    published there or its record is missing, 3 the bytes of a source are gone
    or an edge cannot be asked.
    """
    from blockc.cli.views.verify import show_verification
    from blockc.workspace.audit.replanning import verify_plans
    from blockc.workspace.verifying import live_generation, verify_published

    folder = asked.folder or settings.file.parent / "dist"
    stages = Stages(settings)
    if asked.edges:
        from blockc.cli.views.verify import show_edges
        from blockc.workspace.asked_edges import verify_edges

        outputs = verify_edges(folder, project(settings), asked.edges, stages)
        show_edges(settings, outputs)
        differs = any(one.differences for one in outputs)
        return 1 if differs else 3 * any(one.failure for one in outputs)
    if asked.target:
        from blockc.cli.views.verify import show_drift
        from blockc.workspace.asked_edges import verify_dump

        of, shown = (asked.target, asked.of_list), [_shown(path) for path in asked.dumps]
        differences = verify_dump(folder, shown, project(settings), of, stages)
        show_drift(settings, asked.target, differences)
        return int(bool(differences))
    generation = live_generation(folder)
    if generation.holds_plans:
        from blockc.cli.views.revoke import show_verified_plans

        wrong = verify_plans(folder, generation, project(settings))
        show_verified_plans(settings, folder, generation, wrong)
        return int(bool(wrong))
    found = verify_published(folder, project(settings), native=asked.native, observe=stages)
    show_verification(settings, folder, found)
    return int(bool(found.differences))


def _shown(path: Path) -> "ArtifactFile":
    """Return what a live system says, from a file or from standard input."""
    from blockc.storage.local import read_local, read_stdin
    from blockc.targets.syntax.tokens import ArtifactFile

    piped = str(path) == "-"
    name = "standard input" if piped else str(path)
    try:
        return ArtifactFile(name, read_stdin() if piped else read_local(path))
    except OSError as reason:
        raise UsageError(f"cannot read it: {os_reason(reason)}", at=Location(name)) from None
