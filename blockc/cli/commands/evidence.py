"""`blockc evidence`: all that was published in a time, in one file that others can check."""

from pathlib import Path

import click

from blockc.cli.console import already_done, info, show, show_json, warn
from blockc.cli.input_options import PATH, project
from blockc.cli.options import Settings, verb
from blockc.errors import UsageError, counted, printable
from blockc.values import Value


class EvidenceCall(Value, kw_only=True):
    """What to write or to check."""

    what: str
    archive: Path | None
    published: Path | None
    first: str | None
    last: str | None
    output: Path | None
    rebuild: bool

    def __post_init__(self) -> None:
        writing = self.what == "write"
        if writing and (self.archive or self.rebuild):
            raise UsageError("FILE and --rebuild belong to `blockc evidence verify FILE`")
        if writing and not self.output:
            raise UsageError("name the file to write with -o")
        if not writing and (self.first or self.last or self.output or self.published):
            raise UsageError("verify takes a FILE, and --rebuild")
        if not writing and not self.archive:
            raise UsageError("name the FILE to check")


@click.command("evidence")
@click.argument("what", type=click.Choice(["write", "verify"]), default="write")
@click.argument("archive", type=PATH, required=False, metavar="[FILE]")
@click.option("--from", "first", metavar="YYYY-MM-DD", help="The first UTC day.")
@click.option("--to", "last", metavar="YYYY-MM-DD", help="The last UTC day.")
@click.option("-o", "--output", type=PATH, metavar="FILE", help="Archive to write, such as x.zip.")
@click.option(
    "--published",
    type=PATH,
    metavar="DIR",
    help="Published folder.  [default: dist beside the policy]",
)
@click.option("--rebuild", is_flag=True, help="verify: compile each generation again.")
@verb(EvidenceCall, shows=("file", "store", "json", "quiet"))
def command(settings: Settings, asked: EvidenceCall) -> int:
    """Write all that was published from a day to a day into one archive, or check one.

    \b
    write   history, records, policies, locks, the sources' bytes and artifacts of
            every generation that was shown in that time; index.html explains it
    verify  check every digest, the chain of the history and that nothing is left
            out; with --rebuild compile again what this version of blockc made

    Reads the published folder and the store, and to check nothing but the archive: it needs no
    network and trusts nothing in it. Writes the archive. Prints what is in it and what is wrong.

    \b
    Exit codes: 0 done, 1 something in the archive is wrong, 2 there is nothing to
    write, or FILE is not such an archive.
    """
    return _write(settings, asked) if asked.what == "write" else _verify(settings, asked)


def _write(settings: Settings, asked: EvidenceCall) -> int:
    from blockc.workspace.evidence import write_evidence
    from blockc.workspace.evidence_check import span_of

    try:
        span = span_of(asked.first or "", asked.last or "")
    except ValueError as error:
        raise UsageError(f"{error}", hint="write days as YYYY-MM-DD") from None
    folder = asked.published or settings.file.parent / "dist"
    output = asked.output or Path()
    done = write_evidence(folder, span, output, project(settings))
    for text in done.missing:
        warn(f"not in the archive: {text}")
    if settings.json:
        with already_done(f"{output} was written"):
            show_json({"archive": str(output.absolute()), **done.index})
    count, head = len(done.index["generations"]), done.index["head"]
    info(settings, f"{output}: {counted(count, 'generation')}; the history ends with {head}")
    return 0


def _verify(settings: Settings, asked: EvidenceCall) -> int:
    from blockc.workspace.evidence_check import check_evidence

    path = asked.archive or Path()
    done = check_evidence(path, rebuild=asked.rebuild)
    for text in done.notes:
        warn(text)
    if settings.json:
        show_json(
            {
                "archive": str(path.absolute()),
                "head": done.head,
                "events": done.events,
                "generations": list(done.generations),
                "rebuilt": list(done.rebuilt),
                "problems": list(done.problems),
                "notes": list(done.notes),
            }
        )
    else:
        show("".join(f"{printable(text)}\n" for text in done.problems))
    if not done.problems:
        again = f", {len(done.rebuilt)} compiled again with the same bytes" if asked.rebuild else ""
        many = f"{counted(len(done.generations), 'generation')}, {counted(done.events, 'event')}"
        info(
            settings, f"{path}: {many}, nothing is wrong{again}; the history ends with {done.head}"
        )
    return 1 if done.problems else 0
