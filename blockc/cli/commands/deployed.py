"""`blockc deployed`: note in the history what runs on an edge."""

import click

from blockc.cli.commands.generations import FolderCall, now, output_option, user_name
from blockc.cli.console import already_done, info, show_json
from blockc.cli.input_options import project
from blockc.cli.options import Settings, verb
from blockc.errors import UsageError, suggestion


class DeployedCall(FolderCall, kw_only=True):
    """What runs where, and who says so."""

    edge: str
    generation: str
    by: str | None


@click.command("deployed")
@click.argument("edge")
@click.option(
    "--generation", metavar="NAME", default="", help="What runs.  [default: the live one]"
)
@output_option
@click.option("--by", metavar="WHO", help="Who says so.  [default: your user name]")
@verb(DeployedCall, shows=("file", "json", "quiet"))
def command(settings: Settings, asked: DeployedCall) -> None:
    """Note that an edge runs a generation: a receipt, for what blockc cannot reload itself.

    Reads [edge.NAME] of the policy and the published folder. Writes an event into its history.
    Prints what was noted. NAME is as `blockc generations` shows it, or how it begins. `blockc
    edges` shows what runs where, and whether that is what is published.

    \b
    Exit codes: 0 done, 2 there is no such edge or generation, or the history
    cannot be written.
    """
    from blockc.publish.events import DEPLOYED
    from blockc.publish.generations import append_event
    from blockc.workspace.receipts import outputs_of

    edges = {one.name: one for one in project(settings).policy().edges}
    if asked.edge not in edges:
        near = suggestion(asked.edge, edges).removeprefix("; ")
        hint = near or "`blockc edges` shows the edges, which are the tables [edge.NAME]"
        raise UsageError(f"the policy has no edge {asked.edge!r}", hint=hint)
    place = asked.place(settings.file)
    name, digests = outputs_of(place, asked.generation)
    paths = edges[asked.edge].outputs
    if not paths:
        said = f"the edge {asked.edge!r} has no output"
        raise UsageError(said, hint=f"name them under outputs in [edge.{asked.edge}]")
    gone = [path for path in paths if path not in digests]
    if gone:
        said = f"generation {name} does not say what it has for {', '.join(gone)}"
        raise UsageError(said, hint="name a generation that was built with this output")
    facts = {
        "edge": asked.edge,
        "generation": name,
        "outputs": {path: digests[path] for path in paths},
        "by": asked.by or user_name(),
    }
    append_event(place, DEPLOYED, facts, now())
    if settings.json:
        with already_done("it was noted"):
            show_json(facts)
    info(settings, f"noted: {asked.edge} runs generation {name}")
