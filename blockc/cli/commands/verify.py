"""`blockc verify`: is what is published what was made, and does it say what the policy says?"""

from pathlib import Path

import click

from blockc.cli.input_options import PATH, project
from blockc.cli.options import Settings, verb
from blockc.cli.progress import Stages
from blockc.values import Value


class VerifyCall(Value, kw_only=True):
    """Which folder to verify, and who is asked."""

    folder: Path | None
    native: bool


@click.command("verify")
@click.argument("folder", metavar="[DIR]", type=PATH, required=False)
@click.option("--native", is_flag=True, help="Ask every real program that is installed, too.")
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

    \b
    Exit codes: 0 all is as it was made, 1 something differs, 2 nothing is
    published there or its record is missing, 3 the bytes of a source are gone.
    """
    from blockc.cli.views.verify import show_verification
    from blockc.workspace.verifying import verify_published

    folder = asked.folder or settings.file.parent / "dist"
    stages = Stages(settings)
    found = verify_published(folder, project(settings), native=asked.native, observe=stages)
    show_verification(settings, folder, found)
    return int(bool(found.differences))
