"""`blockc update` from a server on loopback: five new files until builds can use them, and none."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.clock import Run, blockc, processes_in_turns
from tests.bench.inputs import raw_files
from tests.bench.table import Row, Scale
from tests.support.faulty_server import FaultyServer, sends, unless_known

# The data may be of any age, and nobody wants to be told so.
DEFINITION = """\
title = "{registry}"
format = "delegated"
registry = "{registry}"
urls = ["{url}"]
checksum = {{ kind = "md5", suffix = ".md5" }}
licence = {{ text = "free" }}
refresh_hours = 1_000_000
max_age_hours = 1_000_000
[expect]
min_records = 1
max_bytes = 64_000_000
max_shrink_addresses = 0.02
max_shrink_records = 0.05
"""


def rows(scale: Scale) -> Iterator[Row]:
    """Yield an update of everything and an update of nothing."""
    with TemporaryDirectory() as name, FaultyServer().running() as server:
        folder = Path(name)
        size = _serve(server, scale.folder, folder)
        command = blockc(
            "update", "-q", "-f", str(folder / "blockc.toml"), "--store", str(folder / "store")
        )
        fresh = Run(float("inf"), 0)
        for _ in range(1 if scale.small else scale.rounds):
            shutil.rmtree(folder / "store", ignore_errors=True)
            (folder / "blockc.lock").unlink(missing_ok=True)
            once = processes_in_turns(1, {"update": command}, folder)["update"]
            fresh = Run(min(fresh.seconds, once.seconds), max(fresh.megabytes, once.megabytes))
        same = processes_in_turns(scale.rounds, {"update": command}, folder)["update"]
    yield _row(f"update of five new files, {size / 1e6:.0f} MB", fresh, "<= 1.5 s")
    yield _row("update of an unchanged world", same, "a round trip a source")


def _serve(server: FaultyServer, source: Path, folder: Path) -> int:
    """Plan the files in `source`, define them beside a policy in `folder`; return their bytes."""
    (folder / "sources").mkdir()
    files = raw_files(source)
    for registry, raw in files.items():
        url = server.plan(f"/{registry}", unless_known(raw.data, etag='"1"'))
        md5 = hashlib.md5(raw.data, usedforsecurity=False).hexdigest()
        server.plan(f"/{registry}.md5", sends(md5.encode()))
        text = DEFINITION.format(registry=registry, url=url)
        (folder / "sources" / f"{registry}.toml").write_text(text, encoding="utf-8")
    return sum(len(raw.data) for raw in files.values())


def _row(what: str, run: Run, reach: str) -> Row:
    return Row(what=what, seconds=run.seconds, megabytes=run.megabytes, reach=reach)
