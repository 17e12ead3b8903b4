"""`python -m tests.bench`: what blockc promises to reach, beside the peers, in one run."""

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.bench import (
    answers,
    audits,
    big,
    covers,
    feeds,
    fetching,
    merges,
    optima,
    parsing,
    policies,
    proofs,
    shapes,
    whole,
    zones,
)
from tests.bench.table import HEADER, Row, Scale, line

Rows = Callable[[Scale], Iterable[Row]]
ALL: dict[str, Rows] = {
    "parse": parsing.rows,
    "feed": feeds.rows,
    "cover": covers.rows,
    "ortc": optima.rows,
    "merge": merges.rows,
    "fetch": fetching.rows,
    "policy": policies.rows,
    "prove": proofs.rows,
    "build": whole.rows,
    "answer": answers.rows,
    "audit": audits.rows,
    "zones": zones.rows,
    "big": big.rows,
    "shapes": shapes.rows,
}


def main(arguments: list[str], say: Callable[[str], object] = sys.stdout.write) -> int:
    """Print a row a measurement; return 1 if one failed or differs from a peer's, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="NAME", help=f"some of {', '.join(ALL)}")
    parser.add_argument("--from", dest="data", type=Path, help="folder of the five real files")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured")
    parser.add_argument("--small", action="store_true", help="tiny inputs, to see that it runs")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.only) - ALL.keys():
        parser.error(f"no measurement {', '.join(sorted(unknown))}, expected {', '.join(ALL)}")
    scale = Scale(rounds=asked.rounds, data=asked.data, small=asked.small)
    say(HEADER)
    wrong = False
    for name in asked.only or ALL:
        try:
            for row in ALL[name](scale):
                say(line(row))
                wrong |= row.differs
        except RuntimeError as reason:  # a command failed; the other measurements still count
            say(f"{name}: {reason}\n")
            wrong = True
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
