"""Files of all countries from the registries' files, beside cidre-cli on the same bytes."""

import shutil
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.clock import Run, blockc, processes_in_turns, python
from tests.bench.inputs import raw_files
from tests.bench.table import Row, Scale

POLICY = """\
version = 1

[guard]
widest_prefix = { ipv4 = 0, ipv6 = 0 }

[list.all]
block = ["delegated"]

[[output]]
list     = "all"
target   = "plain"
path     = "{family}/{country}.cidr"
split_by = "country"
header   = "none"
"""


def rows(scale: Scale) -> Iterator[Row]:
    """Yield a build with nothing kept and one with parsed snapshots kept, each beside cidre-cli.

    Whole processes; only IPv4 is compared, because cidre-cli takes the prefix length of an IPv6
    record for a number of addresses.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        best = _times(folder, 1 if scale.small else scale.rounds, scale.folder)
        ours, theirs = _files(folder / "dist"), _files(folder / "theirs")
        shared = ours.keys() & theirs.keys() - {"ZZ"}  # codes of no country are another question
        differs = any(ours[code] != theirs[code] for code in shared) or not (shared or not theirs)
    for what, reach in (("nothing", ">= 10x"), ("snapshots", ">= 20x")):
        yield Row(
            what=f"all countries' zone files, {what} kept",
            seconds=best[what].seconds,
            megabytes=best[what].megabytes,
            peer="cidre-cli",
            peer_seconds=best["cidre"].seconds if "cidre" in best else None,
            reach=reach,
            differs=differs,
        )


def _times(folder: Path, rounds: int, data: Path) -> dict[str, Run]:
    """Return the best of each contender in turns, its files left in `folder`."""
    raw, store, output = folder / "raw", folder / "store", folder / "dist"
    raw.mkdir()
    for registry, file in raw_files(data).items():
        (raw / f"delegated-{registry}-extended-latest").write_bytes(file.data)
    policy = folder / "blockc.toml"
    policy.write_text(POLICY, encoding="ascii")
    build = blockc("build", "-q", "-f", str(policy), "--from", str(raw), "--rebuild")
    build += ["--store", str(store), "-o", str(output)]
    commands = {"nothing": build, "snapshots": build}
    if find_spec("cidre"):
        peer = str(Path(__file__).with_name("cidre_files.py"))
        commands["cidre"] = [python(), peer, str(raw), str(folder / "theirs")]
    best = dict.fromkeys(commands, Run(float("inf"), 0))
    for _ in range(rounds):
        shutil.rmtree(store, ignore_errors=True)
        shutil.rmtree(output.resolve(), ignore_errors=True)
        for what, command in commands.items():
            once = processes_in_turns(1, {what: command}, folder)[what]
            seconds = min(best[what].seconds, once.seconds)
            best[what] = Run(seconds, max(best[what].megabytes, once.megabytes))
    return best


def _files(folder: Path) -> Mapping[str, list[str]]:
    """Return the IPv4 prefixes of each country."""
    return {
        path.stem.upper(): path.read_text(encoding="ascii").split()
        for path in (folder / "ipv4").glob("??.cidr")
    }
