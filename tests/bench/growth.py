"""How time and memory grow from ten thousand prefixes to ten million, as a drawing.

`python -m tests.bench.growth [FILE] [--most N]` writes it, `docs/growth.svg` if no file is named:
whole processes from text to text, `blockc aggregate` of both families and iprange of one beside it.
"""

import argparse
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from blockc.addresses import columns
from blockc.addresses.family import FAMILIES, V4, Family
from blockc.addresses.lines import prefix_lines
from blockc.addresses.prefixes import Prefixes
from blockc.report.chart import Axis, ChartLine, Panel, chart
from tests.bench.big import some_ranges
from tests.bench.clock import CHECKOUT, Run, blockc, processes_in_turns

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
ROUNDS = 3
TITLE = "Merging prefixes, text to text, as a whole process"
Growth = dict[str, list[tuple[int, Run]]]


def some_prefixes(family: Family, count: int) -> bytes:
    """Return prefixes of 1 to 256 addresses at random places, a line each."""
    start, last = some_ranges(family.name, count)
    lengths = columns.common_length(family, start, last)
    return prefix_lines(Prefixes(family, start, lengths))


def measured(sizes: Sequence[int]) -> Growth:
    """Return what each program took for each number of prefixes."""
    found: Growth = {}
    for size in sizes:
        for family in FAMILIES:
            for name, run in _runs(family, size):
                found.setdefault(name, []).append((size, run))
    return found


def _runs(family: Family, size: int) -> Iterator[tuple[str, Run]]:
    peer = shutil.which("iprange") if family == V4 else None
    with TemporaryDirectory() as folder:
        path = Path(folder, "list")
        path.write_bytes(some_prefixes(family, size))
        commands = {f"blockc, {family.name}": blockc("aggregate", str(path))}
        if peer:
            commands[f"iprange, {family.name}"] = [peer, str(path)]
        yield from processes_in_turns(ROUNDS, commands, Path(folder)).items()


def drawing(found: Growth) -> str:
    """Return time and memory against the number of prefixes."""
    panels = [
        Panel(TITLE, Axis("prefixes"), axis, list(_lines(found, unit)))
        for unit, axis in (("seconds", Axis("time", " s")), ("megabytes", Axis("memory", " MB")))
    ]
    told = [
        f"{size:,} prefixes with {name}: {run.seconds:.2f} s, {run.megabytes:.0f} MB"
        for name, runs in sorted(found.items())
        for size, run in runs
    ]
    return chart(TITLE, "; ".join(told), panels)


def _lines(found: Growth, unit: str) -> Iterator[ChartLine]:
    for name, runs in sorted(found.items()):
        places = [(float(size), float(getattr(run, unit))) for size, run in runs]
        yield ChartLine(name, places, places)


def main(arguments: list[str]) -> None:
    """Measure, and write the drawing."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.growth", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=CHECKOUT / "docs" / "growth.svg")
    parser.add_argument("--most", type=int, default=SIZES[-1], help="no more prefixes than these")
    asked = parser.parse_args(arguments)
    found = measured([size for size in SIZES if size <= asked.most])
    asked.file.write_text(drawing(found), encoding="utf-8")
    for name, runs in sorted(found.items()):
        for size, run in runs:
            sys.stdout.write(
                f"{name:<16} {size:>12,} {run.seconds:8.2f} s {run.megabytes:7.0f} MB\n"
            )


if __name__ == "__main__":
    main(sys.argv[1:])
