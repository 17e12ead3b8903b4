"""Questions about what is published: the library, `blockc lookup`, and the guard of a build."""

import shlex
from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from blockc.runtime.matcher import load
from blockc.workspace.comparing import compare
from blockc.workspace.inputs import InputOptions
from blockc.workspace.project import Project
from blockc.workspace.recorded import publish_day
from tests.bench.clock import blockc, in_turns, processes_in_turns
from tests.bench.table import Row, Scale

POLICY = """\
version = 1
[guard]
max_added = "100%"
[list.six]
block = [{}]
[[output]]
list = "six"
target = "matcher"
path = "six.blockc"
[[output]]
list = "six"
target = "nginx-geo"
path = "six.conf"
[[output]]
list = "six"
target = "nftables"
path = "six.nft"
"""
FIVE, SIX = '"CN", "RU", "IR", "KP", "CU"', '"CN", "RU", "IR", "KP", "CU", "SY"'
ASKED = 10_000


def rows(scale: Scale) -> Iterator[Row]:
    """Yield loading a list, asking it, asking by the command line, and judging a change."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        file, dist = place / "blockc.toml", place / "dist"
        project = Project(file, place / "store")
        options = InputOptions(folder=scale.folder, as_of=date(2026, 11, 23))
        file.write_text(POLICY.format(FIVE), encoding="utf-8")
        day = project.on(options)
        live = publish_day(day, day.compile(), dist).generation
        yield from _matcher(scale, dist / "six.blockc")
        words = ("-f", str(file), "--store", str(place / "store"), "--from", str(scale.folder))
        command = blockc("lookup", *words, "--as-of", "2026-11-23", "175.45.176.1")
        once = processes_in_turns(scale.rounds, {"lookup": command}, place)["lookup"]
        yield Row(
            what="lookup of one address, answers kept",
            seconds=once.seconds,
            megabytes=once.megabytes,
            reach="<= 0.25 s",
        )
        lines, random = place / "asked", Random(2)
        many = "".join(f"{_address(random)}\n" for _ in range(scale.size(100_000)))
        lines.write_text(many, encoding="ascii")
        said = shlex.join(blockc("lookup", *words, "--as-of", "2026-11-23", "-"))
        shell = ["/bin/sh", "-c", f"{said} <{shlex.quote(str(lines))}"]
        bulk = processes_in_turns(scale.rounds, {"many": shell}, place)["many"]
        yield Row(
            what="lookup of 100,000 addresses, snapshots kept",
            seconds=bulk.seconds,
            megabytes=bulk.megabytes,
            reach="<= 2 s",
        )
        file.write_text(POLICY.format(SIX), encoding="utf-8")
        newer = project.on(options)
        build = newer.compile()
        judged = in_turns(scale.rounds, {"guard": partial(compare, dist, live, newer, build)})
    yield Row(what="the guard of a build", seconds=judged["guard"], reach="<= 50 ms")


def _matcher(scale: Scale, path: Path) -> Iterator[Row]:
    """Yield loading a published list, and one lookup in it."""
    random = Random(1)
    asked = [_address(random) for _ in range(scale.size(ASKED))]
    matcher = load(path, every=None)

    def ask() -> None:
        for address in asked:
            matcher.lookup(address)

    best = in_turns(scale.rounds, {"load": partial(load, path, every=None), "ask": ask})
    yield Row(what="load of a list in a program", seconds=best["load"], reach="<= 50 ms")
    many = best["ask"] / len(asked) * 1_000
    yield Row(what="a thousand lookups in it", seconds=many, reach="<= 2 ms")


def _address(random: Random) -> str:
    return ".".join(str(random.randrange(256)) for _ in range(4))
