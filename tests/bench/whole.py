"""Whole commands: the example build, cold and with parsed snapshots kept, and start-up."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.clock import CHECKOUT, Run, blockc, processes_in_turns, python
from tests.bench.table import Row, Scale

EXAMPLE = CHECKOUT / "examples" / "edge" / "blockc.toml"

COMPILING = (
    "blockc.cli.commands.build",
    "blockc.cli.views.build",
    "blockc.publish.generations",
    "blockc.workspace.project",
)

#: What a shell says when somebody types `blockc b` and the key that completes it.
_TYPED = (
    "_BLOCKC_COMPLETE=bash_complete", "COMP_WORDS=blockc b", "COMP_CWORD=1",
)  # fmt: skip


def rows(scale: Scale) -> Iterator[Row]:
    """Yield the builds and the start-up of the command."""
    rounds = 1 if scale.small else scale.rounds
    with TemporaryDirectory() as folder:
        store, output = Path(folder, "store"), Path(folder, "dist")
        data = ["--sample"] if scale.data is None else ["--from", str(scale.data)]
        command = blockc(
            "build", "-q", "-f", str(EXAMPLE), "--store", str(store), "-o", str(output), *data
        )
        cold = Run(float("inf"), 0)
        for _ in range(rounds):
            shutil.rmtree(store, ignore_errors=True)
            shutil.rmtree(output.resolve(), ignore_errors=True)
            once = processes_in_turns(1, {"build": command}, Path(folder))["build"]
            cold = Run(min(cold.seconds, once.seconds), max(cold.megabytes, once.megabytes))
        commands = {
            "build": [*command, "--rebuild"],
            "unchanged": command,
            "imports": [python(), "-c", f"import {', '.join(COMPILING)}"],
            "help": blockc("--help"),
            "completion": ["/usr/bin/env", *_TYPED, *blockc()],
            "python": _nothing(),
        }
        best = processes_in_turns(rounds, commands, Path(folder))
    yield _row("build of examples/edge, nothing kept", cold, "<= 1.5 s, <= 300 MB")
    yield _row("build of examples/edge, snapshots kept", best["build"], "<= 0.7 s, <= 300 MB")
    yield _row("the same, no input changed", best["unchanged"], "<= 0.35 s")
    yield _row("import of what a build needs", best["imports"], "<= 0.2 s")
    for what, run in (("--help", best["help"]), ("b, completed", best["completion"])):
        yield Row(
            what=f"blockc {what}",
            seconds=run.seconds,
            megabytes=run.megabytes,
            peer="python that does nothing",
            peer_seconds=best["python"].seconds,
            reach="<= 0.1 s",
        )


def _nothing() -> list[str]:
    return [python(), "-c", "pass"]


def _row(what: str, run: Run, reach: str) -> Row:
    return Row(what=what, seconds=run.seconds, megabytes=run.megabytes, reach=reach)
