"""A list of a million prefixes, text to text, as a whole process, beside the pipe tools."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from blockc.addresses.family import V4
from blockc.addresses.fast_format import address_lines
from tests.bench.clock import blockc, processes_in_turns, python
from tests.bench.inputs import some_list
from tests.bench.table import Row, Scale

FEW = 50_000  # aggregate6 takes a minute for a million


def rows(scale: Scale) -> Iterator[Row]:
    """Yield the merge beside iprange at full size and beside aggregate6 at a smaller one."""
    with TemporaryDirectory() as folder:
        many = some_list(Path(folder, "many.txt"), scale.size(1_000_000))
        few = some_list(Path(folder, "few.txt"), scale.size(FEW))
        yield _beside("iprange", many, scale, ">= 1.1x")
        yield _beside("aggregate6", few, scale, ">= 1x")
        for count, reach in ((100_000, "<= 3 s"), (1_000_000, "<= 60 s, <= 1500 MB")):
            yield _fitted(Path(folder), scale.size(count), reach)


def _fitted(folder: Path, count: int, reach: str) -> Row:
    """Return the fit of scattered hosts, outside all protected space, into 1,000 prefixes."""
    hosts = np.random.default_rng(1).integers(11 << 24, 100 << 24, count, dtype=np.uint64)
    path = folder / "hosts.txt"
    path.write_bytes(address_lines(V4, hosts, ["\n"], np.zeros(count, dtype=np.intp)))
    limits = "--max-entries", "1000", "--when-over", "collateral"
    best = processes_in_turns(1, {"fit": blockc("aggregate", *limits, str(path))}, folder)["fit"]
    return Row(
        what=f"fit {count:,} hosts into 1,000 prefixes",
        seconds=best.seconds,
        megabytes=best.megabytes,
        reach=reach,
    )


def _beside(name: str, path: Path, scale: Scale, reach: str) -> Row:
    commands = {"blockc": blockc("aggregate", str(path))}
    script = shutil.which(name, path=str(Path(sys.executable).parent))
    if peer := [python(), script] if script else list(filter(None, [shutil.which(name)])):
        commands[name] = [*peer, str(path)]
    best = processes_in_turns(scale.rounds, commands, path.parent)
    outputs = [prefixes(path.with_name(command)) for command in commands]
    count = len(path.read_bytes().splitlines())
    return Row(
        what=f"merge {count:,} prefixes, text to text",
        seconds=best["blockc"].seconds,
        megabytes=best["blockc"].megabytes,
        peer=name,
        peer_seconds=best[name].seconds if peer else None,
        reach=reach,
        differs=any(output != outputs[0] for output in outputs),
    )


def prefixes(path: Path) -> set[str]:
    """Return the prefixes a tool printed; iprange writes single addresses without a length."""
    lines = path.read_text(encoding="ascii").split()
    return {text if "/" in text else f"{text}/32" for text in lines}
