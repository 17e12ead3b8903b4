"""What an audit costs: seconds of the processor for each gigabyte of logs, and what a day comes to.

`python -m tests.bench.audit_costs [--small]` measures whole processes at several sizes, parts the
start from the slope, and writes the tables of docs/audit.md anew. The second table is computed from
the first, so each measured number stands in one place.
"""

import argparse
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.bench.audits import SECRET, write_logs, write_policy
from tests.bench.clock import CHECKOUT, blockc, run

PAGE = CHECKOUT / "docs" / "audit.md"
SIZES = (300_000, 1_000_000, 3_000_000)  # lines
FORMS = ("text", "gzip", "Parquet")
ENGINES: Mapping[str, Sequence[str]] = {
    "embedded": (),
    "Spark": ("--engine", "spark", "--master", "local[2]"),
}
#: What other forms cost on Spark is what they cost here: its tasks run the same scan.
MEASURED = (*(("embedded", form) for form in FORMS), ("Spark", "text"))
GIGABYTES = {"1 TB": 1000, "100 TB": 100_000}  # of text
#: Of which engine it is told, and on how many cores.
DAYS = {"1 TB": ("embedded", (1, 8)), "100 TB": ("Spark", (64, 256, 1024))}
_USE = 0.8  # of cores that do the work of a cluster: the others wait for the last task
_PLACE = "<!-- table {} -->\n{}<!-- end -->"
_HEAD = "| engine | log | start, CPU s | slope, CPU s for 1 GB of text |\n|---|---|--:|--:|\n"
_DAY_HEAD = "| logs a day, as text | engine | log | CPU hours | cores | minutes |\n"
_DAY_HEAD += "|--:|---|---|--:|--:|--:|\n"


class Cost(NamedTuple):
    """What one engine takes for logs of one form: seconds at once, and for each gigabyte of text.

    A packed log counts as the text in it.
    """

    engine: str
    form: str
    start: float
    slope: float


def fitted(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return start and slope of the line through points that is nearest by least squares.

    >>> fitted([(0.0, 2.0), (1.0, 5.0), (2.0, 8.0)])
    (2.0, 3.0)
    """
    count = len(points)
    x, y = (sum(one[axis] for one in points) / count for axis in (0, 1))
    slope = sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)
    return y - slope * x, slope


def measured(sizes: Sequence[int], what: Sequence[tuple[str, str]]) -> Iterator[Cost]:
    """Yield what engines take for forms of the same logs, each of so many lines."""
    points: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for size in sizes:
        with TemporaryDirectory(prefix="blockc-bench-") as name:
            folder = Path(name)
            paths = dict(zip(FORMS, write_logs(folder, size), strict=True))
            write_policy(folder)
            gigabytes = paths["text"].stat().st_size / 1e9
            for engine, form in what:
                command = _audit(folder, paths[form], ENGINES[engine])
                seconds = min(run(command, folder / "said").processor for _ in range(2))
                points.setdefault((engine, form), []).append((gigabytes, seconds))
                sys.stderr.write(f"{engine}, {form}: {gigabytes:.3f} GB {seconds:.2f} s\n")
    for (engine, form), found in points.items():
        yield Cost(engine, form, *fitted(found))


def _audit(folder: Path, log: Path, engine: Sequence[str]) -> list[str]:
    store = ("--store", str(folder / "store"), "--sample", "--json")
    return blockc("audit", str(log), "-f", str(folder / "blockc.toml"), *store, *engine)


def cost_table(costs: Sequence[Cost]) -> str:
    """Return the table of what was measured."""
    rows = (f"| {c.engine} | {c.form} | {c.start:.1f} | {c.slope:.1f} |\n" for c in costs)
    return _HEAD + "".join(rows)


def read_costs(page: str) -> list[Cost]:
    """Return the costs that a page says."""
    (table,) = re.findall(_PLACE.format("costs", r"(.*?)"), page, re.DOTALL)
    rows = re.findall(r"^\| (.*?) \| (\w+) \| ([\d.]+) \| ([\d.]+) \|$", table, re.MULTILINE)
    return [Cost(engine, form, float(a), float(b)) for engine, form, a, b in rows]


def day_table(costs: Sequence[Cost]) -> str:
    """Return what a day of logs comes to: for one machine, and for a cluster."""
    rows = [
        _day_row(day, cost, cores)
        for day, (engine, many) in DAYS.items()
        for cost in costs
        if cost.engine == engine
        for cores in many
    ]
    return _DAY_HEAD + "".join(rows)


def _day_row(day: str, cost: Cost, cores: int) -> str:
    seconds = cost.start + cost.slope * GIGABYTES[day]
    minutes = ceil(seconds / cores / (1.0 if cores == 1 else _USE) / 60)
    hours = f"{seconds / 3600:,.1f}"
    return f"| {day} | {cost.engine} | {cost.form} | {hours} | {cores:,} | {minutes:,} |\n"


def renewed(page: str, costs: Sequence[Cost]) -> str:
    """Return a page with both tables made of these costs, as the page says them."""
    costs = [Cost(c.engine, c.form, round(c.start, 1), round(c.slope, 1)) for c in costs]
    for name, table in (("costs", cost_table(costs)), ("day", day_table(costs))):
        place = _PLACE.format(name, table)
        pattern = _PLACE.format(name, ".*?")
        page, count = re.subn(pattern, partial(_text, place), page, flags=re.DOTALL)
        if count != 1:
            raise ValueError(f"the page has {count} places for the table {name}")
    return page


def _text(text: str, _: "re.Match[str]") -> str:
    return text


def main(arguments: Sequence[str]) -> None:
    """Measure, and write the tables of the page anew."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.audit_costs", description=__doc__)
    parser.add_argument("--small", action="store_true", help="tiny logs, and only print the table")
    asked = parser.parse_args(arguments)
    os.environ["BLOCKC_AUDIT_SECRET"] = SECRET
    if asked.small:
        sys.stdout.write(cost_table(list(measured((2000, 20_000), MEASURED[: len(FORMS)]))))
        return
    costs = list(measured(SIZES, MEASURED))
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), costs), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
