"""A list of a million prefixes, text to text, as a whole process, beside the pipe tools."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.clock import blockc, processes_in_turns
from tests.bench.inputs import some_list
from tests.bench.table import Row, Scale

FEW = 50_000  # aggregate6 takes a minute for a million


def rows(scale: Scale) -> Iterator[Row]:
    """Yield the merge beside iprange at full size and beside aggregate6 at a smaller one."""
    with TemporaryDirectory() as folder:
        many = some_list(Path(folder, "many.txt"), scale.size(1_000_000))
        few = some_list(Path(folder, "few.txt"), scale.size(FEW))
        yield _beside("iprange", many, scale)
        yield _beside("aggregate6", few, scale)


def _beside(name: str, path: Path, scale: Scale) -> Row:
    commands = {"blockc": blockc("aggregate", str(path))}
    here = Path(sys.executable).parent
    peer = shutil.which(name) or shutil.which(name, path=str(here))
    if peer:
        commands[name] = [peer, str(path)]
    best = processes_in_turns(scale.rounds, commands, path.parent)
    outputs = [prefixes(path.with_name(command)) for command in commands]
    count = len(path.read_bytes().splitlines())
    return Row(
        what=f"merge {count:,} prefixes, text to text",
        seconds=best["blockc"].seconds,
        megabytes=best["blockc"].megabytes,
        peer=name,
        peer_seconds=best[name].seconds if peer else None,
        reach=">= 1x",
        differs=any(output != outputs[0] for output in outputs),
    )


def prefixes(path: Path) -> set[str]:
    """Return the prefixes a tool printed; iprange writes single addresses without a length."""
    lines = path.read_text(encoding="ascii").split()
    return {text if "/" in text else f"{text}/32" for text in lines}
